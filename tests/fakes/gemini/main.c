#include "gemini.h"

#include "base/err.h"
#include "http/reply.h"
#include "http/server.h"

#define AT(member) offsetof(struct gemini, member)

/* A whole context window of text, and slow streams that last minutes. */
#define CALL  .auth = ROUTE_PUBLIC, .body_max = 4 << 20, .deadline_ms = 900000
#define PLAIN .auth = ROUTE_PUBLIC, .body_max = 64 << 10

/* clang-format off */
static const struct route routes[] = {
	{ HTTP_M_POST, "/v1beta/models/{call}", model_post, CALL },
	{ HTTP_M_POST, "/v1/models/{call}",     model_post, CALL },
	{ HTTP_M_GET,  "/v1beta/models",              models_get, PLAIN },
	{ HTTP_M_GET,  "/v1/models",                  models_get, PLAIN },
	{ HTTP_M_GET,  "/v1beta/models/{model}",      model_get,  PLAIN },
	{ HTTP_M_GET,  "/v1/models/{model}",          model_get,  PLAIN },
	{ HTTP_M_GET,  "/__stats",                    stats_get,  PLAIN },
	{ HTTP_M_POST, "/__reset",                    reset_post, PLAIN },
	{ 0 },
};

static const struct setting settings[] = {
	{ "FAKE_DELAY_MS", SETTING_INT, AT(delay_ms), "0", "wait before the first byte", 0, 600000 },
	{ "FAKE_CHUNKS", SETTING_INT, AT(chunks), "4", "pieces of a streamed answer", 1, 10000 },
	{ "FAKE_CHUNK_DELAY_MS", SETTING_INT, AT(chunk_delay_ms), "0", "wait between pieces", 0, 600000 },
	{ "FAKE_REPLY_BYTES", SETTING_INT, AT(reply_bytes), "0", "length of an answer; 0: a few sentences", 0, 1 << 20 },
	{ "FAKE_INPUT_TOKENS", SETTING_INT, AT(input_tokens), "0", "inputTokenLimit of every model, as told; 0: its own", 0, 1 << 20 },
	{ 0 },
};
/* clang-format on */

outcome_t model_post(struct task *t)
{
	struct str rest = http_req(t)->param[0], model;
	outcome_t refused;

	if (!key_ok(t, &refused))
		return refused;
	str_cut(&rest, ':', &model);
	if (str_eq(rest, STR("generateContent")))
		return generate(t, model, false);
	if (str_eq(rest, STR("streamGenerateContent")))
		return generate(t, model, true);
	if (str_eq(rest, STR("countTokens")))
		return count_tokens(t, model);
	return google_error(t, 404, "Requested entity was not found.");
}

static enum err gemini_start(struct app *app)
{
	struct gemini *g = app->self;

	map_init(&g->failed);
	return ERR_OK;
}

static void gemini_stop(struct app *app)
{
	struct gemini *g = app->self;

	stats_fini(g);
	buf_fini(&g->scratch);
	app_stopped(app);
}

int main(int argc, char **argv)
{
	return app_main(argc, argv,
		&(struct app_spec){ .name = "fake-gemini",
			.listen = "127.0.0.1:12110",
			.self_size = sizeof(struct gemini),
			.uses = USES_HTTP,
			.settings = settings,
			.routes = routes,
			.start = gemini_start,
			.stop = gemini_stop });
}
