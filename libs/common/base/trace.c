#include "base/trace.h"

#include "base/id.h"

#define KEY_MAX   256
#define VALUE_MAX 256

static bool is_zero(const uint8_t *bytes, size_t n)
{
	while (n > 0 && bytes[n - 1] == 0)
		n--;
	return n == 0;
}

bool traceparent_read(struct str s, struct log_context *ctx)
{
	uint8_t version, trace[16], parent[8], flags;

	if (s.len < 55 || s.ptr[2] != '-' || s.ptr[35] != '-' || s.ptr[52] != '-')
		return false;
	if (!hex_parse(str_span(s.ptr, 2), &version, 1) || version == 0xff)
		return false;
	if (s.len > 55 && (version == 0 || s.ptr[55] != '-'))
		return false;
	if (!hex_parse(str_span(s.ptr + 3, 32), trace, sizeof trace) ||
		!hex_parse(str_span(s.ptr + 36, 16), parent, sizeof parent) ||
		!hex_parse(str_span(s.ptr + 53, 2), &flags, 1) ||
		is_zero(trace, sizeof trace) || is_zero(parent, sizeof parent))
		return false;
	hex_format(trace, sizeof trace, ctx->trace_id);
	ctx->trace_flags = flags &
			   (TRACE_SAMPLED | TRACE_RANDOM); /* others mean nothing yet */
	return true;
}

bool traceparent_continue(struct str traceparent, struct log_context *ctx)
{
	uint8_t span[8];

	if (!str_starts(traceparent, STR("00-")) || !traceparent_read(traceparent, ctx))
		return false;
	random_bytes(span, sizeof span);
	hex_format(span, sizeof span, ctx->span_id);
	return true;
}

bool traceparent_format(const struct log_context *ctx, char out[TRACEPARENT_SIZE])
{
	out[0] = '\0';
	if (!ctx || !ctx->trace_id[0] || !ctx->span_id[0])
		return false;
	memcpy(out, "00-", 3);
	memcpy(out + 3, ctx->trace_id, 32);
	out[35] = '-';
	memcpy(out + 36, ctx->span_id, 16);
	out[52] = '-';
	hex_format(&ctx->trace_flags, 1, out + 53);
	return true;
}

/* ---- tracestate ---- */

static bool is_key(struct str s)
{
	if (s.len == 0 || s.len > KEY_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool begins = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!begins && (i == 0 || !c || !strchr("_-*/@", c)))
			return false;
	}
	return true;
}

/* Spaces may stand within, not at the end: that was trimmed. */
static bool is_value(struct str s)
{
	if (s.len == 0 || s.len > VALUE_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < ' ' || s.ptr[i] > '~' || s.ptr[i] == '=')
			return false;
	}
	return true;
}

bool tracestate_read(struct str value, unsigned *members, size_t *size)
{
	struct str one;

	*size += value.len;
	while (str_cut(&value, ',', &one)) {
		size_t eq;

		one = str_trim(one);
		if (one.len == 0)
			continue;
		eq = str_find(one, '=');
		if (!is_key(str_span(one.ptr, eq)) || !is_value(str_from(one, eq + 1)))
			return false;
		++*members;
	}
	return true;
}
