/* POST /auth/refresh: use the refresh token up, reply with its successor and a new access
 * token. One that was used before has been in two hands: its whole session ends. */
#include "http/params.h"
#include "sessions_store.h"

static const struct problem INVALID_REFRESH = { 401, "invalid_refresh_token",
	"The refresh token is not valid", NULL };

static step_fn rotated;

outcome_t refresh_post(struct task *t)
{
	struct rotation *r = task_new(t, struct rotation);
	struct str text;

	t->arena.secret = true;
	if (!params_read(t, P_STR("refresh_token", &text, 1, 256)))
		return reply_invalid(t);
	if (!refresh_token_parse(text, &t->arena, &r->used))
		return reply_problem(t, &INVALID_REFRESH, "Sign in again.");
	return sessions_rotate(t, r, rotated);
}

static outcome_t rotated(struct task *t, enum err e)
{
	const struct auth *auth = auth_of(t);
	struct rotation *r = t->state;
	char session[UUID_TEXT_SIZE];

	if (e == ERR_CONFLICT) {
		uuid_format(&r->who.session_id, session);
		(*auth->count.reuse)++;
		log_warn("refresh-reused", L_Z("session", session));
		outbox_kick(auth->outbox);
	}
	if (e == ERR_NOT_FOUND || e == ERR_CONFLICT)
		return reply_problem(t, &INVALID_REFRESH, "Sign in again.");
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	(*auth->count.refreshed)++;
	return reply_tokens(t, &(struct session_tokens){
				       r->who, refresh_token_text(&r->next, &t->arena) });
}
