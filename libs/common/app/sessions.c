#include "app/sessions.h"

#include "app/app.h"
#include "base/clock.h"
#include "data/bus.h"
#include "data/redis.h"
#include "secure/token.h"

#define TOKEN_LIFE_MAX_S 3600 /* the most that auth takes as ACCESS_TOKEN_S */
#define PATIENCE_MS      1000

static outcome_t revoked(struct task *t, const struct event *ev)
{
	const struct msg_sessions_revoked *m = ev->data;
	struct str rest = m->session_ids, one;
	struct uuid id;

	while (str_cut(&rest, ',', &one)) {
		if (!uuid_parse(str_trim(one), &id))
			continue;
		verifier_revoke(t->app->verifier, &id, m->forget_after_s);
		if (t->app->spec->session_ended)
			t->app->spec->session_ended(t->app, &id);
	}
	return inbox_applied(t);
}

void sessions_open(struct app *app)
{
	static const struct inbox_handler handlers[] = {
		{ &MSG_SESSIONS_REVOKED, revoked },
		{ 0 },
	};

	app->sessions.until_ms = clock_mono_ms() + PATIENCE_MS;
	app->sessions.inbox = inbox_open(&(struct inbox_options){ .app = app,
		.source = "auth",
		.replay = &MSG_AUTH_REPLAY,
		.handlers = handlers,
		.lookback_s = TOKEN_LIFE_MAX_S });
}

bool sessions_are_known(struct app *app)
{
	struct sessions *s = &app->sessions;

	if (!s->inbox || s->known)
		return true;
	s->known = inbox_is_current(s->inbox);
	return s->known || pubsub_is_lost(app->pubsub) || clock_mono_ms() >= s->until_ms;
}

void sessions_close(struct app *app)
{
	inbox_close(&app->sessions.inbox);
}
