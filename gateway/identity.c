/*
 * Who asks: the request's token, checked once here (the verdict is remembered by the
 * verifier) and once more by the service. Sessions that auth ended are refused from the
 * moment their doorbell rings; at start, those that ended within a token's life are asked
 * for.
 */
#include "data/bus.h"
#include "gateway.h"
#include "secure/token.h"

#define TOKEN_LIFE_MAX_S 3600 /* the most that auth takes as ACCESS_TOKEN_S */

bool identify(struct task *t)
{
	struct identity *who = arena_new(&t->arena, struct identity);
	struct str token;

	if (!token_of_header(http_header(http_req(t), STR("Authorization")), &token) ||
		verifier_check(t->app->verifier, token, who) != ERR_OK)
		return false;
	t->caller = who;
	return true;
}

static outcome_t sessions_revoked(struct task *t, const struct event *ev)
{
	const struct msg_sessions_revoked *m = ev->data;
	struct str rest = m->session_ids, one;
	struct uuid id;

	while (str_cut(&rest, ',', &one)) {
		if (uuid_parse(str_trim(one), &id))
			verifier_revoke(t->app->verifier, &id, m->forget_after_s);
	}
	return inbox_applied(t);
}

void identity_open(struct gateway *g)
{
	static const struct inbox_handler handlers[] = {
		{ &MSG_SESSIONS_REVOKED, sessions_revoked },
		{ 0 },
	};

	g->auth_inbox = inbox_open(&(struct inbox_options){ .app = g->app,
		.source = "auth",
		.replay = &MSG_AUTH_REPLAY,
		.handlers = handlers,
		.lookback_s = TOKEN_LIFE_MAX_S });
}

void identity_close(struct gateway *g)
{
	inbox_close(&g->auth_inbox);
}
