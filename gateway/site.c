/* The two pages of the gateway's own. */
#include "gateway.h"

/* openapi.yaml as it was when this was built. */
__asm__(".pushsection .rodata\n"
	"openapi_begin:\n"
	".incbin \"gateway/openapi.yaml\"\n"
	"openapi_end:\n"
	".popsection\n");
extern const char openapi_begin[], openapi_end[];

static const char index_text[] =
	"{\"name\":\"Castor\",\"description\":\"A chat backend: sign in by a code, open "
	"rooms, "
	"send messages, an AI answers\",\"documentation\":\"/openapi.yaml\"}\n";

outcome_t index_get(struct task *t)
{
	return reply_bytes(
		t, 200, STR("application/json; charset=utf-8"), str_of(index_text));
}

outcome_t openapi_get(struct task *t)
{
	size_t len = (size_t)(openapi_end - openapi_begin);

	reply_header(t, STR("Cache-Control"), STR("public, max-age=300"));
	return reply_bytes(t, 200, STR("application/yaml; charset=utf-8"),
		str_span(openapi_begin, len));
}
