#include "http/head.h"

#include "http/octet.h"

static const struct refusal not_http = { 400, "This is not an HTTP request" };
static const struct refusal bad_line_end = { 400, "A line must end in CR LF" };
static const struct refusal folded = { 400, "A header field must stand on one line" };
static const struct refusal many_blanks = { 400,
	"Too many blank lines before the request" };
static const struct refusal long_target = { 414, "The request line is too long" };
static const struct refusal long_fields = { 431, "The header fields are too large" };
static const struct refusal many_fields = { 431, "There are too many header fields" };
static const struct refusal bad_name = { 400, "A header field has a malformed name" };
static const struct refusal bad_value = { 400, "A header field has a forbidden character" };
static const struct refusal bad_length = { 400, "Content-Length is malformed" };
static const struct refusal many_lengths = { 400, "There is more than one Content-Length" };
static const struct refusal two_framings = { 400,
	"Content-Length and Transfer-Encoding exclude each other" };
static const struct refusal bad_coding = { 400, "Transfer-Encoding is malformed" };
static const struct refusal old_coding = { 400, "HTTP/1.0 has no Transfer-Encoding" };
static const struct refusal other_coding = { 501,
	"No transfer coding but chunked is known here" };

/* ---- line ends and sizes ---- */

enum line { LINE_WHOLE, LINE_MORE, LINE_LONG, LINE_BAD };

/* The first line of `rest`: at most `max` bytes, then CR LF, and neither of them before. */
static enum line take_line(struct str rest, size_t max, size_t *len)
{
	size_t look = rest.len < max + 1 ? rest.len : max + 1;
	const char *lf = memchr(rest.ptr, '\n', look);
	size_t before = lf ? (size_t)(lf - rest.ptr) : look;
	const char *cr = memchr(rest.ptr, '\r', before);

	if (cr) {
		*len = (size_t)(cr - rest.ptr);
		if (*len + 1 == rest.len)
			return LINE_MORE;
		return cr[1] == '\n' ? LINE_WHOLE : LINE_BAD;
	}
	if (lf)
		return LINE_BAD;
	return rest.len > max ? LINE_LONG : LINE_MORE;
}

static const struct head_limits greatest = { HEAD_LINE_MAX, HEAD_MAX, HEAD_FIELDS_MAX };

static const struct head_limits *limits(const struct head_scan *s)
{
	return s->limits ? s->limits : &greatest;
}

static size_t line_max(const struct head_scan *s)
{
	const struct head_limits *l = limits(s);
	size_t used = s->at - s->start;
	size_t left = used < l->head ? l->head - used : 0;

	return left < l->line ? left : l->line;
}

/* What can be said of a line from its first byte alone. */
static const struct refusal *check_first_byte(const struct head_scan *s, char c)
{
	if (s->at == s->start) {
		if (c == '\r')
			return s->blanks == HEAD_BLANKS_MAX ? &many_blanks : NULL;
		if (c == '\n')
			return &bad_line_end;
		return c >= 'A' && c <= 'Z' ? NULL : &not_http;
	}
	if (c == ' ' || c == '\t')
		return &folded;
	return c != '\r' && s->fields == limits(s)->fields ? &many_fields : NULL;
}

/* A whole line of len bytes was found at s->at. True if it ends the head. */
static bool pass_line(struct head_scan *s, size_t len)
{
	bool first = s->at == s->start;

	s->at += len + 2;
	if (len == 0 && !first) {
		s->end = s->at;
		return true;
	}
	if (len == 0) {
		s->blanks++;
		s->start = s->at;
	} else if (!first) {
		s->fields++;
	}
	return false;
}

const struct refusal *head_scan(struct head_scan *s, struct str bytes, bool *whole)
{
	const struct refusal *no;
	size_t len = 0;

	*whole = false;
	while (s->at < bytes.len && !*whole) {
		struct str rest = str_from(bytes, s->at);

		no = check_first_byte(s, rest.ptr[0]);
		if (no)
			return no;
		switch (take_line(rest, line_max(s), &len)) {
		case LINE_WHOLE:
			*whole = pass_line(s, len);
			break;
		case LINE_MORE:
			return NULL;
		case LINE_LONG:
			return s->at == s->start ? &long_target : &long_fields;
		case LINE_BAD:
			return &bad_line_end;
		}
	}
	return NULL;
}

/* ---- fields ---- */

static const struct {
	struct str name;
	enum head_known known;
} known_names[] = {
	{ STR("Host"), HEAD_HOST },
	{ STR("Expect"), HEAD_EXPECT },
	{ STR("Upgrade"), HEAD_UPGRADE },
	{ STR("Connection"), HEAD_CONNECTION },
	{ STR("traceparent"), HEAD_TRACEPARENT },
	{ STR("Content-Type"), HEAD_CONTENT_TYPE },
	{ STR("X-Request-Id"), HEAD_REQUEST_ID },
	{ STR("Authorization"), HEAD_AUTHORIZATION },
	{ STR("Content-Length"), HEAD_CONTENT_LENGTH },
	{ STR("Idempotency-Key"), HEAD_IDEMPOTENCY_KEY },
	{ STR("Stripe-Signature"), HEAD_STRIPE_SIGNATURE },
	{ STR("Transfer-Encoding"), HEAD_TRANSFER_ENCODING },
	{ STR("X-Request-Deadline-Ms"), HEAD_DEADLINE },
};

static void note_connection(struct head *h, struct str value)
{
	struct str word;

	while (str_cut(&value, ',', &word)) {
		word = str_trim(word);
		if (str_eq_nocase(word, STR("close")))
			h->close = true;
		else if (str_eq_nocase(word, STR("keep-alive")))
			h->keep_alive = true;
	}
}

static void note_known(struct head *h, const struct http_header *f)
{
	for (size_t i = 0; i < HEAD_KNOWN_COUNT; i++) {
		enum head_known k = known_names[i].known;
		struct str name = known_names[i].name;

		if (f->name.len != name.len || !str_eq_nocase(f->name, name))
			continue;
		if (h->times[k]++ == 0)
			h->known[k] = f->value;
		if (k == HEAD_CONNECTION)
			note_connection(h, f->value);
		return;
	}
}

struct str head_first_line(struct str bytes, struct str *rest)
{
	size_t len = str_find(bytes, '\r');

	*rest = str_from(bytes, len + 2);
	return str_span(bytes.ptr, len);
}

const struct refusal *head_fields(
	struct str lines, struct http_header *fields, struct head *h, size_t *count)
{
	struct str line, value;
	size_t n;

	for (*count = 0; (line = head_first_line(lines, &lines)).len > 0;
		++*count, ++fields) {
		n = octet_span(line, OCTET_NAME);
		if (n == 0 || n == line.len || line.ptr[n] != ':')
			return &bad_name;
		value = str_span(line.ptr + n + 1, line.len - n - 1);
		if (octet_span(value, OCTET_VALUE) != value.len)
			return &bad_value;
		fields->name = str_span(line.ptr, n);
		fields->value = str_trim(value);
		note_known(h, fields);
	}
	return NULL;
}

/* ---- framing ---- */

static const struct refusal *check_length(struct head *h)
{
	struct str value = h->known[HEAD_CONTENT_LENGTH];

	if (h->times[HEAD_CONTENT_LENGTH] > 1)
		return &many_lengths;
	if (!str_u64(value, &h->length))
		return &bad_length;
	/* 20 digits are one too many, but for a number that is too large in any case. */
	if (value.len > 19 && value.ptr[0] == '0')
		return &bad_length;
	h->has_length = true;
	return NULL;
}

/* Codings we could not undo are 501; what nobody could read in one way only is 400. */
static const struct refusal *check_codings(struct str list)
{
	bool chunked_before = false;
	struct str coding;

	while (str_cut(&list, ',', &coding)) {
		coding = str_trim(coding);
		if (coding.len == 0 || octet_span(coding, OCTET_NAME) != coding.len ||
			chunked_before)
			return &bad_coding;
		chunked_before = str_eq_nocase(coding, STR("chunked"));
	}
	return &other_coding;
}

static const struct refusal *check_coding(struct head *h)
{
	struct str value = h->known[HEAD_TRANSFER_ENCODING];

	if (h->times[HEAD_CONTENT_LENGTH])
		return &two_framings;
	if (h->minor == 0)
		return &old_coding;
	if (h->times[HEAD_TRANSFER_ENCODING] > 1)
		return &bad_coding;
	if (!str_eq_nocase(value, STR("chunked")))
		return value.len ? check_codings(value) : &bad_coding;
	h->chunked = true;
	return NULL;
}

const struct refusal *head_framing(struct head *h)
{
	if (h->times[HEAD_TRANSFER_ENCODING])
		return check_coding(h);
	return h->times[HEAD_CONTENT_LENGTH] ? check_length(h) : NULL;
}
