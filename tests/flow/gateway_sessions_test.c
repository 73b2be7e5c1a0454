// needs: tests/flow/gateway_fixture.c
/* Sessions that auth has ended: the gateway hears of it, asks for what it has missed, and
 * serves nobody before it knows. auth is played here. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/event.h"
#include "tests/flow/gateway_fixture.h"
#include "tests/lib/redis_server.h"

#define HOST       "Host: api.example.com\r\n"
#define FACTS_MAX  8
#define TOKEN_LIFE 900

static struct redis_server redis;

/* auth, as far as the bus sees it: its outbox, and how it answers. */
static struct {
	struct str fact[FACTS_MAX]; /* session ids; fact[0] has seq 1 */
	int facts;
	unsigned asked;
	bool deaf;         /* questions are not answered */
	uint64_t delay_ms; /* before one is */
	struct timer delay;
	struct uuid asker;
	int64_t after;
} bus;

static void publish(const struct message_kind *kind, int64_t seq, const void *msg)
{
	struct buf data = { 0 };
	struct envelope e = { .id = uuid_v7(),
		.source = STR("auth"),
		.type = str_of(kind->type),
		.subject = STR("x"),
		.seq = seq,
		.time_us = clock_wall_us() };

	message_encode(kind, msg, &data);
	e.data = buf_str(&data);
	event_publish(&fx.web.app, &e, NULL, NULL);
	buf_fini(&data);
}

static void publish_fact(int seq)
{
	publish(&MSG_SESSIONS_REVOKED, seq,
		&(struct msg_sessions_revoked){ .user_id = uuid_v7(),
			.session_ids = bus.fact[seq - 1],
			.forget_after_s = clock_wall_s() + TOKEN_LIFE });
}

static void replay(struct timer *timer)
{
	(void)timer;
	publish(&MSG_AUTH_HEAD, 0,
		&(struct msg_outbox_head){
			.seq = bus.facts, .after = bus.after, .asker = bus.asker });
	for (int seq = (int)bus.after + 1; seq <= bus.facts; seq++)
		publish_fact(seq);
}

static void on_question(void *ctx, struct str channel, struct str message)
{
	const struct msg_replay *question;
	struct event ev;

	(void)ctx;
	(void)channel;
	CHECK_INT(event_decode(&fx.arena, message, &ev), ERR_OK);
	question = ev.data;
	/* No token that lives longer was ended unseen; later: all that is new, however old.
	 */
	CHECK(question->since_s == 0 || question->since_s >= TOKEN_LIFE);
	bus.asked++;
	if (bus.deaf)
		return;
	bus.asker = question->asker;
	bus.after = question->since_s ? 0 : question->after;
	timer_start(&bus.delay, bus.delay_ms, 0);
}

/* Ended in auth's record; the doorbell is another thing. */
static void end_session(const struct identity *who)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(&who->session_id, id);
	bus.fact[bus.facts++] = arena_dup(&fx.arena, str_of(id));
}

static void start(void)
{
	const char *settings[2] = { NULL, NULL };
	struct app *app = &fx.web.app;

	memset(&bus, 0, sizeof bus);
	redis_server_start(&redis, NULL);
	settings[0] = fixture_format("REDIS_URL=%s", redis.url);
	fixture_start(settings);
	timer_open(&app->loop, &bus.delay, replay);
	app->set.env = "dev";
	app->redis = redis_open(&app->loop, redis.url, "test");
	app->pubsub = pubsub_open(&app->loop, redis.url, "test");
	pubsub_subscribe(app->pubsub, "castor:dev:auth.outbox.replay", on_question, NULL);
	TURN_UNTIL(&app->loop, redis_is_up(app->redis) && pubsub_is_up(app->pubsub));
	TURN_UNTIL(&app->loop, bus.asked);
}

static void on_closed(void *ctx)
{
	++*(int *)ctx;
}

static void stop(void)
{
	struct app *app = &fx.web.app;
	int closed = 0;

	timer_close(&bus.delay, NULL);
	redis_close(&app->redis, on_closed, &closed);
	pubsub_close(&app->pubsub, on_closed, &closed);
	TURN_UNTIL(&app->loop, closed == 2);
	fixture_stop();
	redis_server_stop(&redis);
}

static struct identity someone(void)
{
	return (struct identity){
		.user_id = uuid_v7(), .session_id = uuid_v7(), .auth_time_s = clock_wall_s()
	};
}

static int get(const char *bearer)
{
	return ask(
		str_of(fixture_format("GET /user/me HTTP/1.1\r\n" HOST "%s\r\n", bearer)));
}

/* fixture_format's texts do not last. */
static const char *bearer_of(const struct identity *who)
{
	return arena_fmt(&fx.arena, "%s", fixture_bearer(who)).ptr;
}

TEST(a_session_that_was_ended_is_refused)
{
	struct identity who = someone();
	const char *bearer;

	start();
	bearer = bearer_of(&who);
	CHECK_INT(get(bearer), 200);
	end_session(&who);
	publish_fact(1);
	TURN_UNTIL(&fx.web.app.loop, get(bearer) == 401);
	CHECK_INT(get(bearer_of(&who)), 401); /* also a token never seen before */
	CHECK_INT(get(fixture_bearer(NULL)), 200);
	stop();
}

TEST(a_gap_in_the_numbers_is_asked_for)
{
	struct identity first = someone(), second = someone();
	const char *missed;
	unsigned before;

	start();
	TURN_UNTIL(&fx.web.app.loop, !timer_is_running(&bus.delay));
	missed = bearer_of(&first);
	CHECK_INT(get(missed), 200);
	end_session(&first); /* nobody rings */
	end_session(&second);
	before = bus.asked;
	publish_fact(2);
	TURN_UNTIL(&fx.web.app.loop, bus.asked > before);
	TURN_UNTIL(&fx.web.app.loop, get(missed) == 401);
	CHECK_INT(get(bearer_of(&second)), 401);
	stop();
}

TEST(what_was_missed_while_redis_was_away_is_asked_for)
{
	struct identity who = someone();
	const char *bearer;

	start();
	bearer = bearer_of(&who);
	CHECK_INT(get(bearer), 200);
	redis_server_kill(&redis);
	TURN_UNTIL(&fx.web.app.loop, !redis_is_up(fx.web.app.redis));
	CHECK_INT(get(bearer), 200); /* nothing is known, so the token holds */
	end_session(&who);           /* the doorbell rings unheard */
	redis_server_restart(&redis);
	TURN_UNTIL(&fx.web.app.loop, get(bearer) == 401);
	stop();
}

/* ---- workers that begin ---- */

static bool reloaded(void)
{
	struct str log = process_log(&fx.gateway, &fx.arena);

	return memmem(log.ptr, log.len, "\"generation\":2", 14) != NULL;
}

TEST(a_new_worker_serves_nobody_before_it_knows)
{
	struct identity who = someone();
	const char *bearer;
	unsigned before;

	start();
	bearer = bearer_of(&who);
	end_session(&who);
	publish_fact(1);
	TURN_UNTIL(&fx.web.app.loop, get(bearer) == 401);

	before = bus.asked;
	bus.delay_ms = 300; /* the network is slow today */
	kill(fx.gateway.pid, SIGHUP);
	TURN_UNTIL(&fx.web.app.loop, bus.asked > before);
	for (int i = 0; i < 200 && timer_is_running(&bus.delay); i++)
		CHECK_INT(get(bearer), 401);
	TURN_UNTIL(&fx.web.app.loop, reloaded());
	for (int i = 0; i < 20; i++)
		CHECK_INT(get(bearer), 401);
	CHECK_INT(get(fixture_bearer(NULL)), 200);
	stop();
}

TEST(a_worker_that_nobody_tells_serves_all_the_same)
{
	unsigned before;

	start();
	before = bus.asked;
	bus.deaf = true;
	kill(fx.gateway.pid, SIGHUP);
	TURN_UNTIL(&fx.web.app.loop, bus.asked > before);
	TURN_UNTIL(&fx.web.app.loop, reloaded());
	CHECK_INT(get(fixture_bearer(NULL)), 200);
	stop();
}
