#include "data/bus.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/migrate.h"
#include "data/pg.h"
#include "data/redis.h"
#include "tests/lib/pg_server.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

/* One process: an app with a loop of its own, driven by turn(). */
struct side {
	struct app app;
	struct app_spec spec;
	struct outbox *outbox;
	struct inbox *inbox;
	struct buf applied; /* versions, each followed by a space */
	int count, fail;    /* fail: how many times the handler is to fail yet */
	bool open;
};

static struct redis_server redis;
static struct pg_server *pg;
static struct side sides[4];

static void turn(void)
{
	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
		if (sides[i].open)
			loop_turn(&sides[i].app.loop, false);
	}
	usleep(100);
}

#define UNTIL(cond)                                                                        \
	do {                                                                               \
		uint64_t until_ = clock_mono_ms() + 20000;                                 \
		while (!(cond) && clock_mono_ms() < until_)                                \
			turn();                                                            \
		if (!(cond))                                                               \
			test_fail(__FILE__, __LINE__, "never came: %s", #cond);            \
	} while (0)

static void turn_for_ms(uint64_t ms)
{
	uint64_t until = clock_mono_ms() + ms;

	while (clock_mono_ms() < until)
		turn();
}

/* ---- a process, opened and closed ---- */

static void side_open(struct side *s, const char *name, bool with_pg)
{
	char role[32];

	memset(s, 0, sizeof *s);
	s->spec.name = name;
	s->app.spec = &s->spec;
	s->app.self = s;
	s->app.set.env = "test";
	s->open = true;
	loop_init(&s->app.loop);
	snprintf(role, sizeof role, "castor_%s", name);
	if (with_pg)
		s->app.pg = pg_open(&(struct pg_options){ .loop = &s->app.loop,
			.url = pg_server_url(pg, role),
			.connections = 1,
			.app_name = name });
	s->app.redis = redis_open(&s->app.loop, redis.url, name);
	s->app.pubsub = pubsub_open(&s->app.loop, redis.url, name);
}

static void is_closed(void *ctx)
{
	++*(int *)ctx;
}

static void side_close(struct side *s)
{
	int closed = 0, opened = s->app.pg ? 3 : 2;

	inbox_close(&s->inbox);
	outbox_close(&s->outbox);
	pubsub_close(&s->app.pubsub, is_closed, &closed);
	redis_close(&s->app.redis, is_closed, &closed);
	if (s->app.pg)
		pg_close(&s->app.pg, is_closed, &closed);
	UNTIL(closed == opened);
	loop_run(&s->app.loop);
	loop_fini(&s->app.loop);
	buf_fini(&s->applied);
	s->open = false;
}

static void sender_open(struct side *s)
{
	side_open(s, "billing", true);
	s->outbox = outbox_open(&s->app, &MSG_BILLING_REPLAY);
}

/* ---- the receiver's handler: each fact leaves a row that counts how often it was applied
 * ---- */

static const struct pg_stmt note_effect = { .name = "note_effect",
	.sql = "insert into effects as e (version, tier) values ($1, $2)"
	       " on conflict (version) do update set times = e.times + 1",
	.write = true };

static outcome_t noted(struct task *t, enum err e)
{
	struct side *s = t->app->self;

	if (e != ERR_OK)
		return inbox_failed(t, e);
	s->count++;
	buf_addf(&s->applied, "%lld ", (long long)*(int64_t *)t->state);
	return inbox_applied(t);
}

static outcome_t apply_tier(struct task *t, const struct event *ev)
{
	const struct msg_tier_changed *m = ev->data;
	struct side *s = t->app->self;
	struct pg_params p = { 0 };

	CHECK_STR(ev->subject, STR("somebody"));
	CHECK(!uuid_is_nil(&ev->id) && ev->time_us > 0 && ev->seq > 0);
	if (s->fail > 0) {
		s->fail--;
		return inbox_failed(t, ERR_INTERNAL);
	}
	*task_new(t, int64_t) = m->version;
	if (!t->app->pg)
		return task_continue(t, ERR_OK, noted);
	pg_add_i64(&p, m->version);
	pg_add_text(&p, m->tier);
	return pg_run(t, &note_effect, &p, NULL, NULL, noted);
}

static const struct inbox_handler handlers[] = {
	{ &MSG_TIER_CHANGED, apply_tier },
	{ 0 },
};

static void receiver_open(struct side *s)
{
	side_open(s, "chat", true);
	s->inbox = inbox_open(&(struct inbox_options){ .app = &s->app,
		.source = "billing",
		.replay = &MSG_BILLING_REPLAY,
		.handlers = handlers,
		.durable = true });
}

/* No database, no place: what was said in the last ten minutes matters. */
static void gateway_open(struct side *s)
{
	side_open(s, "gateway", false);
	s->inbox = inbox_open(&(struct inbox_options){ .app = &s->app,
		.source = "billing",
		.replay = &MSG_BILLING_REPLAY,
		.handlers = handlers,
		.lookback_s = 600 });
}

/* ---- facts ---- */

static void begin(void)
{
	static const struct migration none[] = { { 0 } };
	static bool started;

	if (!started) {
		pg = pg_server_start();
		redis_server_start(&redis, NULL);
		started = true;
	} else {
		redis_server_restart(&redis);
		pg_server_exec(pg, "drop schema billing cascade; drop schema chat cascade");
	}
	CHECK_INT(
		migrate_run(pg_server_url(pg, "postgres"), "billing", none, NULL), ERR_OK);
	CHECK_INT(migrate_run(pg_server_url(pg, "postgres"), "chat", none, NULL), ERR_OK);
	pg_server_exec(pg,
		"create table chat.effects (version bigint primary key, tier text,"
		" times int not null default 1);"
		" grant all on chat.effects to castor_chat");
}

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	char sql[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sql, sizeof sql, fmt, ap);
	va_end(ap);
	pg_server_exec(pg, sql);
}

/* Facts with versions from..to, each of a transaction of its own. */
static void add(int from, int to)
{
	say("do $$ begin for i in %d..%d loop"
	    " perform billing.outbox_add('billing.tier.changed', 'somebody',"
	    " jsonb_build_object('user_id', gen_random_uuid(), 'tier', 'Pro', 'version', "
	    "i));"
	    " commit; end loop; end $$",
		from, to);
}

static long long effects(void)
{
	return pg_server_int(pg, "select count(*) from chat.effects");
}

static long long repeated(void)
{
	return pg_server_int(pg, "select count(*) from chat.effects where times > 1");
}

static long long place(void)
{
	return pg_server_int(pg, "select max(seq) from chat.inbox_cursor");
}

static void expect_versions(const struct side *s, int from, int to)
{
	struct buf want = { 0 };

	for (int i = from; i <= to; i++)
		buf_addf(&want, "%d ", i);
	CHECK_STR(buf_str(&s->applied), buf_str(&want));
	buf_fini(&want);
}

/* ---- tests ---- */

TEST(facts_take_effect_once_and_in_order)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	sender_open(a);
	receiver_open(b);
	UNTIL(inbox_is_current(b->inbox)); /* nothing was ever said: that counts */
	add(1, 20);
	outbox_kick(a->outbox);
	UNTIL(b->count == 20);
	say("begin; select billing.outbox_add('billing.tier.changed', 's', '{}'); "
	    "rollback");
	add(21, 450); /* more than two pages */
	outbox_kick(a->outbox);
	UNTIL(b->count == 450);
	expect_versions(b, 1, 450);
	UNTIL(place() == 450);
	CHECK_INT(effects(), 450);
	CHECK_INT(repeated(), 0);
	CHECK(inbox_is_current(b->inbox));
	UNTIL(pg_server_int(pg, "select published from billing.outbox_head") == 450);
	side_close(a);
	side_close(b);
}

TEST(facts_wait_for_a_receiver_that_is_away)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	sender_open(a);
	receiver_open(b);
	add(1, 5);
	outbox_kick(a->outbox);
	UNTIL(b->count == 5);
	side_close(b);
	add(6, 10);
	outbox_kick(a->outbox);
	UNTIL(pg_server_int(pg, "select published from billing.outbox_head") == 10);
	receiver_open(b);
	UNTIL(b->count == 5);
	expect_versions(b, 6, 10);
	CHECK_INT(repeated(), 0);
	side_close(a);
	side_close(b);
}

TEST(facts_survive_the_loss_of_redis)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	sender_open(a);
	receiver_open(b);
	add(1, 3);
	UNTIL(b->count == 3); /* also without a kick */
	redis_server_kill(&redis);
	add(4, 6);
	outbox_kick(a->outbox);
	turn_for_ms(20);
	CHECK_INT(b->count, 3);
	CHECK(!inbox_is_current(b->inbox));
	redis_server_restart(&redis);
	UNTIL(b->count == 6);
	UNTIL(inbox_is_current(b->inbox));
	expect_versions(b, 1, 6);
	side_close(a);
	side_close(b);
}

TEST(facts_survive_lost_subscriptions)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	sender_open(a);
	receiver_open(b);
	UNTIL(inbox_is_current(b->inbox));
	for (int i = 0; i < 5; i++) {
		add(i * 10 + 1, i * 10 + 5);
		outbox_kick(a->outbox);
		redis_server_do(&redis, "CLIENT KILL TYPE pubsub");
		add(i * 10 + 6, i * 10 + 10);
		outbox_kick(a->outbox);
		UNTIL(b->count == (i + 1) * 10);
	}
	expect_versions(b, 1, 50);
	CHECK_INT(repeated(), 0);
	side_close(a);
	side_close(b);
}

/* The mark is moved by hand: these facts are never published by themselves. */
static void add_silently(int from, int to)
{
	add(from, to);
	say("update billing.outbox_head set published = seq");
}

TEST(a_gap_is_filled)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	receiver_open(b);
	sender_open(a);
	UNTIL(inbox_is_current(b->inbox));
	side_close(a);
	add_silently(1, 3);
	add(4, 4);
	sender_open(a);
	UNTIL(b->count == 4);
	expect_versions(b, 1, 4);
	side_close(a);
	side_close(b);
}

TEST(a_lost_last_fact_is_missed_when_the_head_is_told)
{
	struct side *a = &sides[0], *b = &sides[1];
	struct msg_outbox_head head = { .seq = 2 };

	begin();
	receiver_open(b);
	sender_open(a);
	UNTIL(inbox_is_current(b->inbox));
	add_silently(1, 2);
	bus_ring(&a->app, &MSG_BILLING_HEAD, STR("billing"), &head);
	UNTIL(b->count == 2);
	side_close(a);
	side_close(b);
}

TEST(two_relays_and_two_receivers)
{
	struct side *a = &sides[0], *a2 = &sides[1], *b = &sides[2], *b2 = &sides[3];

	begin();
	sender_open(a);
	sender_open(a2);
	receiver_open(b);
	receiver_open(b2);
	/* They share a place: one that comes later begins where the other has got to. */
	UNTIL(inbox_is_current(b->inbox) && inbox_is_current(b2->inbox));
	for (int i = 0; i < 10; i++) {
		add(i * 30 + 1, i * 30 + 30);
		outbox_kick(a->outbox);
		outbox_kick(a2->outbox);
	}
	UNTIL(b->count == 300 && b2->count == 300);
	turn_for_ms(20);
	expect_versions(b, 1, 300);
	expect_versions(b2, 1, 300);
	CHECK_INT(pg_server_int(pg, "select count(*) from chat.effects where times = 2"),
		300);
	UNTIL(place() == 300);
	side_close(a);
	side_close(a2);
	side_close(b);
	side_close(b2);
}

TEST(a_handler_that_fails_is_tried_again_before_the_next)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	sender_open(a);
	receiver_open(b);
	b->fail = 2;
	add(1, 3);
	outbox_kick(a->outbox);
	UNTIL(b->count == 3);
	expect_versions(b, 1, 3);
	CHECK_INT(b->fail, 0);
	side_close(a);
	side_close(b);
}

TEST(what_nobody_understands_holds_nobody_up)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	sender_open(a);
	receiver_open(b);
	say("select billing.outbox_add('billing.later.version', 'x', '{\"a\": [1]}')");
	say("select billing.outbox_add('billing.tier.changed', 'x', '{\"tier\": 7}')");
	add(3, 3);
	say("select billing.outbox_add('billing.later.version', 'x', '1')");
	redis_server_do(&redis, "PUBLISH castor:test:billing.tier.changed nonsense");
	UNTIL(b->count == 1 && inbox_is_current(b->inbox));
	expect_versions(b, 3, 3);
	say("do $$ begin for i in 1..250 loop"
	    " perform billing.outbox_add('billing.later.version', 'x', '{}'); end loop; "
	    "end $$");
	UNTIL(place() >= 200); /* saved now and then, so that nobody reads them for ever */
	side_close(a);
	side_close(b);
}

TEST(a_gateway_looks_back_only_so_far)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	add(1, 10);
	say("update billing.outbox set made_at = made_at - interval '1 hour' where seq <= "
	    "6");
	say("update billing.outbox_head set published = seq");
	gateway_open(b);
	turn_for_ms(20);
	CHECK(!inbox_is_current(b->inbox));
	sender_open(a);
	UNTIL(inbox_is_current(b->inbox));
	expect_versions(b, 7, 10);
	redis_server_do(&redis, "CLIENT KILL TYPE pubsub");
	add(11, 12);
	outbox_kick(a->outbox);
	UNTIL(b->count == 6);
	expect_versions(b, 7, 12);
	side_close(a);
	side_close(b);
}

TEST(facts_that_were_purged_are_not_waited_for)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	add(1, 10);
	say("delete from billing.outbox where seq <= 7");
	sender_open(a);
	receiver_open(b);
	UNTIL(inbox_is_current(b->inbox));
	expect_versions(b, 8, 10);
	side_close(a);
	side_close(b);
}

TEST(the_database_may_come_later)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	add(1, 2);
	pg_server_down(pg);
	sender_open(a);
	receiver_open(b);
	turn_for_ms(50);
	pg_server_up(pg);
	UNTIL(b->count == 2);
	pg_server_restart(pg);
	add(3, 4);
	UNTIL(place() == 4);
	CHECK_INT(effects(),
		4); /* one may have been applied twice: its place was not saved */
	side_close(a);
	side_close(b);
}

TEST(closing_in_the_middle)
{
	struct side *a = &sides[0], *b = &sides[1];

	begin();
	for (int i = 0; i < 10; i++) {
		add(i * 10 + 1, i * 10 + 10);
		sender_open(a);
		receiver_open(b);
		turn_for_ms((uint64_t)i * 3);
		side_close(a);
		side_close(b);
	}
	sender_open(a);
	receiver_open(b);
	UNTIL(effects() == 100);
	side_close(a);
	side_close(b);
	redis_server_stop(&redis);
	pg_server_stop(&pg);
}
