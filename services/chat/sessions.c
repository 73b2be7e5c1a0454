/*
 * Sessions that auth ended, by auth.sessions.revoked: their tokens and tickets are refused
 * from then on, and their streams end. At start, those that ended within a token's life are
 * asked for.
 */
#include "chat.h"
#include "data/bus.h"
#include "secure/token.h"
#include "stream.h"

#define TOKEN_LIFE_MAX_S 3600 /* the most that auth takes as ACCESS_TOKEN_S */

static outcome_t sessions_revoked(struct task *t, const struct event *ev)
{
	const struct msg_sessions_revoked *m = ev->data;
	struct str rest = m->session_ids, one;
	struct uuid id;

	while (str_cut(&rest, ',', &one)) {
		if (!uuid_parse(str_trim(one), &id))
			continue;
		verifier_revoke(t->app->verifier, &id, m->forget_after_s);
		streams_end_session(chat_of(t)->streams, &id);
	}
	return inbox_applied(t);
}

struct inbox *sessions_open(struct app *app)
{
	static const struct inbox_handler handlers[] = {
		{ &MSG_SESSIONS_REVOKED, sessions_revoked },
		{ 0 },
	};

	return inbox_open(&(struct inbox_options){ .app = app,
		.source = "auth",
		.replay = &MSG_AUTH_REPLAY,
		.handlers = handlers,
		.lookback_s = TOKEN_LIFE_MAX_S });
}
