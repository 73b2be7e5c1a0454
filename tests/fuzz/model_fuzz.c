// needs: services/ai-worker/model.c
/* What the model sends: any bytes give text that the record can hold, and an end that has a
 * name. */
#include <assert.h>

#include "base/utf8.h"
#include "services/ai-worker/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_span((const char *)data, size);
	struct model_said said = { .retry_ms = -1 };
	struct buf text = { 0 };
	const char *why;
	enum err e = model_read(&said, bytes, &text);

	assert(utf8_valid(buf_str(&text)));
	assert(text.len == 0 || !memchr(text.ptr, 0, text.len));
	assert(said.prompt_tokens >= 0 || e == ERR_OK);
	answer_end_name(model_judge(&said, e, 200, text.len > 0, &why));
	model_read_error(&said, 429, bytes);
	assert(model_judge(&said, ERR_OK, 429, false, &why) == END_RETRY || said.per_day);
	assert(said.retry_ms >= -1);
	buf_fini(&text);
	return 0;
}
