// needs: services/ai-worker/model.c
#include "services/ai-worker/model.h"

#include "tests/lib/test.h"

static struct model_said read_all(const char *const *chunks, struct buf *text)
{
	struct model_said said = { .retry_ms = -1 };

	for (; *chunks; chunks++)
		CHECK_INT(model_read(&said, str_of(*chunks), text), ERR_OK);
	return said;
}

#define CHUNK(text, finish)                                                                \
	"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" text                      \
	"\"}],\"role\":\"model\"}" finish                                                  \
	"}],\"modelVersion\":\"m-2\",\"usageMetadata\":{\"promptTokenCount\":3,"           \
	"\"candidatesTokenCount\":5,\"thoughtsTokenCount\":7}}"
#define FINISH(reason) ",\"finishReason\":\"" reason "\""

static void check_end(const char *const *chunks, enum err transport, enum answer_end want)
{
	struct buf text = { 0 };
	struct model_said said = read_all(chunks, &text);
	const char *why;

	CHECK_INT(model_judge(&said, transport, 200, text.len > 0, &why), want);
	CHECK((why != NULL) == (want == END_FAILED || want == END_INCOMPLETE));
	buf_fini(&text);
}

TEST(pieces_add_up_and_counts_do_not)
{
	const char *const chunks[] = { CHUNK("Hel", ""), CHUNK("lo", FINISH("STOP")),
		NULL };
	struct buf text = { 0 };
	struct model_said said = read_all(chunks, &text);

	CHECK_STR(buf_str(&text), STR("Hello"));
	CHECK_INT(said.prompt_tokens, 3);
	CHECK_INT(said.output_tokens, 12); /* thoughts are billed, too */
	CHECK_STR(str_of(said.version), STR("m-2"));
	buf_fini(&text);
}

TEST(thoughts_are_not_the_answer)
{
	const char *const chunks[] = {
		"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":"
		"true},"
		"{\"text\":\"yes\"}]}}]}",
		NULL
	};
	struct buf text = { 0 };

	read_all(chunks, &text);
	CHECK_STR(buf_str(&text), STR("yes"));
	buf_fini(&text);
}

TEST(ends_are_honest)
{
	check_end((const char *const[]){ CHUNK("a", FINISH("STOP")), NULL }, ERR_OK,
		END_COMPLETE);
	check_end((const char *const[]){ CHUNK("a", FINISH("MAX_TOKENS")), NULL }, ERR_OK,
		END_TRUNCATED);
	check_end((const char *const[]){ CHUNK("a", FINISH("SAFETY")), NULL }, ERR_OK,
		END_BLOCKED);
	check_end(
		(const char *const[]){
			"{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}", NULL },
		ERR_OK, END_BLOCKED);
	/* The end of the stream is not success. */
	check_end((const char *const[]){ CHUNK("a", ""), NULL }, ERR_OK, END_INCOMPLETE);
	check_end(
		(const char *const[]){ CHUNK("a", ""), NULL }, ERR_UNSURE, END_INCOMPLETE);
	check_end((const char *const[]){ CHUNK("a", FINISH("STOP")), NULL }, ERR_UNSURE,
		END_INCOMPLETE);
	check_end((const char *const[]){ NULL }, ERR_OK, END_RETRY);
	check_end((const char *const[]){ NULL }, ERR_UNAVAILABLE, END_RETRY);
	/* An early finishReason with text after it; the last one holds. */
	check_end((const char *const[]){ CHUNK("a", FINISH("STOP")), CHUNK("b", ""), NULL },
		ERR_OK, END_COMPLETE);
	check_end((const char *const[]){ CHUNK("", FINISH("STOP")), NULL }, ERR_OK,
		END_FAILED);
	check_end((const char *const[]){ CHUNK("a", FINISH("SOMETHING_NEW")), NULL },
		ERR_OK, END_FAILED);
	check_end((const char *const[]){ CHUNK("a", ""),
			  "{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}", NULL },
		ERR_OK, END_INCOMPLETE);
}

static enum answer_end end_of_error(int status, const char *body, struct model_said *said)
{
	const char *why;

	*said = (struct model_said){ .retry_ms = -1 };
	model_read_error(said, status, str_of(body));
	return model_judge(said, ERR_OK, status, false, &why);
}

TEST(errors_by_class)
{
	static const struct {
		int status;
		enum answer_end end;
	} table[] = { { 400, END_FAILED }, { 401, END_FAILED }, { 403, END_FAILED },
		{ 404, END_FAILED }, { 408, END_RETRY }, { 409, END_FAILED },
		{ 429, END_RETRY }, { 500, END_RETRY }, { 502, END_RETRY },
		{ 503, END_RETRY }, { 504, END_RETRY } };
	struct model_said said;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		CHECK_INT(end_of_error(table[i].status, "", &said), table[i].end);
		CHECK_INT(end_of_error(table[i].status, "<html>", &said), table[i].end);
	}
}

TEST(too_many_requests_by_minute_and_by_day)
{
	static const char body[] =
		"{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"details\":["
		"{\"@type\":\"type.googleapis.com/"
		"google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":"
		"\"%s\",\"quotaValue\":\"20\"}]},"
		"{\"@type\":\"type.googleapis.com/"
		"google.rpc.RetryInfo\",\"retryDelay\":\"23.5s\"}]}}";
	struct model_said said;
	struct buf b = { 0 };

	buf_addf(&b, body, "GenerateRequestsPerMinutePerProject");
	CHECK_INT(end_of_error(429, buf_cstr(&b), &said), END_RETRY);
	CHECK_INT(said.retry_ms, 23500);
	CHECK_INT(model_news_of(&said, ERR_OK, 429), NEWS_RESTS);
	buf_clear(&b);
	buf_addf(&b, body, "GenerateRequestsPerDayPerProjectPerModel-FreeTier");
	CHECK_INT(end_of_error(429, buf_cstr(&b), &said), END_RETRY);
	CHECK_INT(model_news_of(&said, ERR_OK, 429), NEWS_DAY_USED);
	buf_fini(&b);
}

TEST(what_an_end_says_about_the_model)
{
	static const struct {
		int status;
		enum err transport;
		enum model_news news;
	} table[] = { { 400, ERR_OK, NEWS_ANSWERED }, { 401, ERR_OK, NEWS_NONE },
		{ 403, ERR_OK, NEWS_NONE }, { 404, ERR_OK, NEWS_UNKNOWN },
		{ 408, ERR_OK, NEWS_DOWN }, { 429, ERR_OK, NEWS_RESTS },
		{ 500, ERR_OK, NEWS_DOWN }, { 503, ERR_OK, NEWS_DOWN },
		{ 0, ERR_UNAVAILABLE, NEWS_DOWN }, { 0, ERR_TIMEOUT, NEWS_DOWN },
		{ 200, ERR_UNSURE, NEWS_DOWN }, { 200, ERR_INVALID, NEWS_ANSWERED },
		{ 200, ERR_CANCELED, NEWS_NONE } };
	struct model_said said;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		said = (struct model_said){ .retry_ms = -1 };
		CHECK_INT(model_news_of(&said, table[i].transport, table[i].status),
			table[i].news);
	}
	said = (struct model_said){ .finish_reason = "STOP" };
	CHECK_INT(model_news_of(&said, ERR_OK, 200), NEWS_ANSWERED);
	said = (struct model_said){ .failed = true,
		.code = 503 }; /* in the middle of a stream */
	CHECK_INT(model_news_of(&said, ERR_OK, 200), NEWS_DOWN);
}

TEST(odd_retry_delays_are_no_delay)
{
	static const char *const odd[] = { "", "s", "23", "-1s", "1.xs", "99999999999s",
		"1e3s" };
	struct model_said said;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct buf b = { 0 };

		buf_addf(&b,
			"{\"error\":{\"details\":[{\"@type\":\"x/google.rpc.RetryInfo\","
			"\"retryDelay\":\"%s\"}]}}",
			odd[i]);
		end_of_error(503, buf_cstr(&b), &said);
		CHECK_INT(said.retry_ms, -1);
		buf_fini(&b);
	}
}

TEST(what_is_not_json_is_refused)
{
	struct model_said said = { 0 };
	struct buf text = { 0 };

	CHECK_INT(model_read(&said, STR("<html>"), &text), ERR_INVALID);
	CHECK_INT(model_read(&said, STR("[1]"), &text), ERR_INVALID);
	CHECK_INT(model_read(&said, STR(""), &text), ERR_INVALID);
	CHECK_INT(model_read(&said, STR("{\"candidates\":7,\"usageMetadata\":[]}"), &text),
		ERR_OK);
	CHECK_INT(text.len, 0);
}
