#include "chat.h"
#include "data/bus.h"
#include "data/jobq.h"
#include "feed.h"
#include "messages.h"
#include "messages_store.h"
#include "queue_watch.h"
#include "room_bell.h"
#include "stream.h"
#include "sweep.h"

extern const struct migration chat_migrations[];

static const struct route routes[] = {
	{ HTTP_M_POST, "/chatroom", room_create, .body_max = 64 << 10 },
	{ HTTP_M_GET, "/chatroom", room_list },
	{ HTTP_M_GET, "/chatroom/{id}", room_show },
	{ HTTP_M_PATCH, "/chatroom/{id}", room_change, .body_max = 64 << 10 },
	{ HTTP_M_POST, "/chatroom/{id}/message", message_send, .body_max = 256 << 10 },
	{ HTTP_M_GET, "/chatroom/{id}/events", room_events, ROUTE_TICKET },
	{ HTTP_M_GET, "/chatroom/{id}/message/{reply_id}/events", reply_events,
		ROUTE_TICKET },
	{ HTTP_M_POST, "/chatroom/{id}/message/{reply_id}/stop", reply_stop },
	{ HTTP_M_POST, "/events/ticket", ticket_create, .body_max = 4 << 10 },
	{ HTTP_M_POST, "/chatroom/{id}/message/{message_id}/edit", message_edit,
		.body_max = 256 << 10 },
	{ HTTP_M_POST, "/chatroom/{id}/message/{reply_id}/regenerate", message_regenerate },
	{ HTTP_M_GET, "/usage", usage_show },
	{ 0 },
};

#define AT(member) offsetof(struct chat, member)
static const struct setting settings[] = {
	{ "BASIC_DAILY_MESSAGES", SETTING_INT, AT(basic_daily_messages), "5",
		"messages a Basic user may send per day (UTC)", 0, 1000000000 },
	{ "PRO_DAILY_MESSAGES", SETTING_INT, AT(pro_daily_messages), "1000",
		"messages a Pro user may send per day (UTC)", 0, 1000000000 },
	{ "BASIC_DAILY_TOKENS", SETTING_INT, AT(basic_daily_tokens), "-1",
		"tokens a Basic user may use per day; 0: no limit; -1: 20,000 for each message",
		-1, 1000000000000 },
	{ "PRO_DAILY_TOKENS", SETTING_INT, AT(pro_daily_tokens), "-1",
		"the same for a Pro user", -1, 1000000000000 },
	{ "REPLY_RESERVE_TOKENS", SETTING_INT, AT(reply_reserve_tokens), "1000",
		"held back for a reply until its cost is known, beside its message's own",
		0, 1000000 },
	{ "MESSAGE_MAX_BYTES", SETTING_INT, AT(message_max_bytes), "65536",
		"longest message text, in bytes of UTF-8", 1, 131072 },
	{ "ROOMS_MAX", SETTING_INT, AT(rooms_max), "10000", "rooms a user may have", 1,
		1000000 },
	{ "STREAMS_PER_USER", SETTING_INT, AT(streams_per_user), "32",
		"streams a user may have open at a time, in one process", 1, 100000 },
	{ 0 },
};

#define TOKENS_PER_MESSAGE 20000

int64_t chat_daily_tokens(const struct chat *c, bool is_pro)
{
	int64_t tokens = is_pro ? c->pro_daily_tokens : c->basic_daily_tokens;
	int64_t messages = is_pro ? c->pro_daily_messages : c->basic_daily_messages;

	return tokens < 0 ? messages * TOKENS_PER_MESSAGE : tokens;
}

static enum err chat_start(struct app *app)
{
	struct chat *c = app->self;

	c->app = app;
	c->queue = jobq_open(&app->loop, app->redis, app_key(app, QUEUE_GEMINI));
	c->accepted = metrics_counter(app->metrics, "chat_messages_accepted_total",
		"Messages stored, each owed a reply", NULL);
	c->refused_quota = metrics_counter(app->metrics, "chat_messages_refused_total",
		"Messages refused because the day's quota was used up", NULL);
	c->replayed = metrics_counter(app->metrics, "chat_messages_replayed_total",
		"Requests answered from an earlier one with the same Idempotency-Key",
		NULL);
	messages_store_open(c);
	c->sweep = sweep_open(c);
	c->feeds = feeds_open(c);
	c->queue_watch = queue_watch_open(c);
	c->bells = bells_open(c);
	c->streams = streams_open(c);
	c->tiers = tiers_open(app);
	return ERR_OK;
}

static void chat_session_ended(struct app *app, const struct uuid *session_id)
{
	const struct chat *c = app->self;

	streams_end_session(c->streams, session_id);
}

static bool chat_drain(struct app *app)
{
	struct chat *c = app->self;

	streams_hand_over(c->streams);
	return true;
}

static void chat_stop(struct app *app)
{
	struct chat *c = app->self;

	inbox_close(&c->tiers);
	streams_close(&c->streams);
	bells_close(&c->bells);
	queue_watch_close(&c->queue_watch);
	feeds_close(&c->feeds);
	sweep_close(&c->sweep);
	jobq_close(&c->queue);
	messages_store_close(c);
	app_stopped(app);
}

int main(int argc, char **argv)
{
	return app_main(argc, argv,
		&(struct app_spec){ .name = "chat",
			.self_size = sizeof(struct chat),
			.uses = USES_PG | USES_REDIS | USES_PUBSUB | USES_TOKENS |
				USES_HTTP,
			.settings = settings,
			.routes = routes,
			.migrations = chat_migrations,
			.start = chat_start,
			.session_ended = chat_session_ended,
			.drain = chat_drain,
			.stop = chat_stop });
}
