#include "gemini.h"

#include "http/reply.h"
#include "http/server.h"
#include "request.h"

/* About four bytes of English to a token. */
int64_t tokens_of(struct str text)
{
	return (int64_t)(text.len + 3) / 4;
}

outcome_t count_tokens(struct task *t, struct str model)
{
	struct gemini *g = t->app->self;
	struct json_writer *w;
	struct request r;
	const char *wrong;

	g->stats.counts++;
	if (!model_find(model))
		return google_error(t, 404, "Model not found.");
	wrong = request_read_count(&t->arena, http_req(t)->body, &r);
	if (wrong)
		return google_error(t, 400, wrong);
	w = reply_body(t);
	json_object(w, NULL);
	json_put_i64(w, "totalTokens", r.tokens);
	json_array(w, "promptTokensDetails");
	json_object(w, NULL);
	json_put_z(w, "modality", "TEXT");
	json_put_i64(w, "tokenCount", r.tokens);
	json_end(w);
	json_end(w);
	json_end(w);
	return reply_json(t, 200);
}
