#include "request.h"

#include "gemini.h"

/* clang-format off */
static const char *const of_request[] = { "contents", "systemInstruction", "generationConfig",
	"safetySettings", "tools", "toolConfig", "cachedContent", "serviceTier", "model", "labels", NULL };
static const char *const of_config[] = { "maxOutputTokens", "stopSequences", "responseMimeType",
	"responseSchema", "responseJsonSchema", "thinkingConfig", "temperature", "topP", "topK", "seed",
	"candidateCount", "presencePenalty", "frequencyPenalty", "responseLogprobs", "logprobs",
	"responseModalities", "mediaResolution", "speechConfig", NULL };
static const char *const of_count[] = { "contents", "generateContentRequest", NULL };
/* clang-format on */

/* "maxOutputTokens" is also "max_output_tokens". */
static bool same_name(struct str given, const char *camel)
{
	size_t i = 0;

	for (; *camel; camel++, i++) {
		bool upper = *camel >= 'A' && *camel <= 'Z';

		if (upper && i + 1 < given.len && given.ptr[i] == '_' &&
			given.ptr[i + 1] == *camel + ('a' - 'A'))
			i++;
		else if (i >= given.len || given.ptr[i] != *camel)
			return false;
	}
	return i == given.len;
}

static const struct json *member(const struct json *object, const char *camel)
{
	const struct json *m = object && object->kind == JSON_OBJECT ? object->first : NULL;

	while (m && !same_name(m->key, camel))
		m = m->next;
	return m;
}

static const char *unknown_name(
	struct arena *a, const struct json *object, const char *const *known)
{
	const struct json *m = object && object->kind == JSON_OBJECT ? object->first : NULL;

	for (; m; m = m->next) {
		const char *const *k = known;

		while (*k && !same_name(m->key, *k))
			k++;
		if (!*k)
			return arena_fmt(a,
				"Invalid JSON payload received. Unknown name "
				"\"%.*s\": Cannot find field.",
				STR_ARG(m->key))
				.ptr;
	}
	return NULL;
}

/* Text of one turn's parts: the last text part is what was asked. */
static const char *read_parts(
	const struct json *turn, struct request *out, struct str *last)
{
	const struct json *parts = member(turn, "parts");

	if (!parts || parts->kind != JSON_ARRAY || !parts->count)
		return "* GenerateContentRequest.contents: contents.parts must not be "
		       "empty.";
	for (const struct json *p = parts->first; p; p = p->next) {
		const struct json *text = member(p, "text");

		if (p->kind != JSON_OBJECT || (text && text->kind != JSON_STRING))
			return "Invalid value at 'contents.parts'";
		if (text) {
			*last = text->text;
			out->tokens += tokens_of(text->text);
		}
	}
	return NULL;
}

static const char *read_turn(const struct json *turn, struct request *out)
{
	struct str role = json_text(member(turn, "role")), last = STR_NONE;
	const char *wrong = read_parts(turn, out, &last);

	if (wrong)
		return wrong;
	if (role.ptr && !str_eq(role, STR("user")) && !str_eq(role, STR("model")))
		return "Please use a valid role: user, model.";
	if (!str_eq(role, STR("model"))) {
		out->turns++;
		out->prompt = last;
	}
	return NULL;
}

static const char *read_contents(const struct json *contents, struct request *out)
{
	const char *wrong;

	if (!contents || contents->kind != JSON_ARRAY || !contents->count)
		return "* GenerateContentRequest.contents: contents is not specified";
	for (const struct json *turn = contents->first; turn; turn = turn->next) {
		wrong = read_turn(turn, out);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *read_request(struct arena *a, const struct json *j, struct request *out)
{
	const struct json *config = member(j, "generationConfig");
	const struct json *limit = member(config, "maxOutputTokens");
	const struct json *system = member(j, "systemInstruction");
	struct str ignored;
	const char *wrong;

	if (!j || j->kind != JSON_OBJECT)
		return "Invalid JSON payload received. Expected an object.";
	if ((wrong = unknown_name(a, j, of_request)) ||
		(wrong = unknown_name(a, config, of_config)))
		return wrong;
	if (limit && (!json_i64(limit, &out->max_output) || out->max_output <= 0))
		return "max_output_tokens must be positive.";
	if (system && (wrong = read_parts(system, out, &ignored)))
		return wrong;
	return read_contents(member(j, "contents"), out);
}

static const char *parse(struct arena *a, struct str body, const struct json **j)
{
	const char *why;

	if (json_parse(a, body, NULL, j, &why) == ERR_OK)
		return NULL;
	return arena_fmt(a, "Invalid JSON payload received. %s", why).ptr;
}

const char *request_read(struct arena *a, struct str body, struct request *out)
{
	const struct json *j;
	const char *wrong = parse(a, body, &j);

	*out = (struct request){ .prompt = STR_NONE };
	return wrong ? wrong : read_request(a, j, out);
}

const char *request_read_count(struct arena *a, struct str body, struct request *out)
{
	const struct json *j, *whole;
	const char *wrong = parse(a, body, &j);

	*out = (struct request){ .prompt = STR_NONE };
	if (wrong || (wrong = unknown_name(a, j, of_count)))
		return wrong;
	whole = member(j, "generateContentRequest");
	return whole ? read_request(a, whole, out)
		     : read_contents(member(j, "contents"), out);
}
