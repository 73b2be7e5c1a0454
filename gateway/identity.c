/*
 * Who asks: the request's token, checked once here (the verdict is remembered by the
 * verifier, which hears of ended sessions: app/sessions.h) and once more by the service.
 */
#include "gateway.h"
#include "secure/token.h"

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
