#include "auth.h"

outcome_t reply_tokens(struct task *t, const struct session_tokens *s)
{
	const struct auth *auth = auth_of(t);
	struct str access = token_sign(
		auth->signer, &t->arena, &s->who, auth->access_token_s);
	struct json_writer *w = reply_body(t);

	json_object(w, NULL);
	json_put_str(w, "access_token", access);
	json_put_z(w, "token_type", "bearer");
	json_put_i64(w, "expires_in", auth->access_token_s);
	json_put_str(w, "refresh_token", s->refresh_token);
	json_end(w);
	return reply_json(t, 200);
}
