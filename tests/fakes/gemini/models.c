#include "gemini.h"

#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"

/* As of November 2026: what there is, and retired names that are routed to another model.
 */
/* clang-format off */
static const struct gemini_model models[] = {
	{ "gemini-3.8-flash",         NULL, "Gemini 3.8 Flash", 1048576, 65536 },
	{ "gemini-3.6-flash",         NULL, "Gemini 3.6 Flash", 1048576, 65536 },
	{ "gemini-3.5-flash-lite",    NULL, "Gemini 3.5 Flash-Lite", 1048576, 65536 },
	{ "gemini-3.1-pro-preview",   NULL, "Gemini 3.1 Pro Preview", 1048576, 65536 },
	{ "gemini-3.1-flash-lite",    NULL, "Gemini 3.1 Flash-Lite", 1048576, 65536 },
	{ "gemini-2.5-pro",           NULL, "Gemini 2.5 Pro", 1048576, 65536 },
	{ "gemini-2.5-flash",         NULL, "Gemini 2.5 Flash", 1048576, 65536 },
	{ "gemini-3.7-flash",         "gemini-3.8-flash", NULL, 0, 0 },
	{ "gemini-3.5-flash",         "gemini-3.6-flash", NULL, 0, 0 },
	{ "gemini-flash-latest",      "gemini-3.8-flash", NULL, 0, 0 },
	{ "gemini-flash-lite-latest", "gemini-3.5-flash-lite", NULL, 0, 0 },
	{ "gemini-pro-latest",        "gemini-3.1-pro-preview", NULL, 0, 0 },
};
/* clang-format on */
#define MODELS ((int64_t)(sizeof models / sizeof *models))

const struct gemini_model *model_find(struct str name)
{
	for (int64_t i = 0; i < MODELS; i++) {
		if (str_eq(name, str_of(models[i].name)))
			return &models[i];
	}
	return NULL;
}

static void model_write(struct json_writer *w, struct task *t, const struct gemini_model *m)
{
	const struct gemini *g = t->app->self;

	json_object(w, NULL);
	json_put_str(w, "name", arena_fmt(&t->arena, "models/%s", m->name));
	json_put_z(w, "version", "001");
	json_put_z(w, "displayName", m->display_name);
	json_put_i64(
		w, "inputTokenLimit", g->input_tokens ? g->input_tokens : m->input_limit);
	json_put_i64(w, "outputTokenLimit", m->output_limit);
	json_array(w, "supportedGenerationMethods");
	json_put_z(w, NULL, "generateContent");
	json_put_z(w, NULL, "countTokens");
	json_end(w);
	json_end(w);
}

outcome_t model_get(struct task *t)
{
	const struct gemini_model *m = model_find(http_req(t)->param[0]);
	outcome_t refused;

	if (!key_ok(t, &refused))
		return refused;
	if (!m || m->serves_as)
		return google_error(t, 404, "Model not found.");
	model_write(reply_body(t), t, m);
	return reply_json(t, 200);
}

/* GET /v1beta/models?pageSize=&pageToken=; the token is the number of models seen. */
outcome_t models_get(struct task *t)
{
	int64_t size, from;
	struct json_writer *w;
	outcome_t refused;

	if (!key_ok(t, &refused))
		return refused;
	if (!params_query_int(t, "pageSize", 50, 1, 1000, &size) ||
		!params_query_int(t, "pageToken", 0, 0, MODELS, &from))
		return google_error(t, 400, "* ListModelsRequest: invalid paging");
	w = reply_body(t);
	json_object(w, NULL);
	json_array(w, "models");
	for (; size > 0 && from < MODELS && !models[from].serves_as; size--, from++)
		model_write(w, t, &models[from]);
	json_end(w);
	if (from < MODELS && !models[from].serves_as)
		json_put_str(
			w, "nextPageToken", arena_fmt(&t->arena, "%lld", (long long)from));
	json_end(w);
	return reply_json(t, 200);
}
