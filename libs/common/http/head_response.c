#include "http/head.h"
#include "http/octet.h"

static const struct refusal bad_line = { 502, "The status line is malformed" };
static const struct refusal two_types = { 502, "There is more than one Content-Type" };

/* "HTTP/1.1 200 OK"; the reason may be empty, and so may the space before it be missing. */
static bool read_line(struct str s, unsigned *minor, int *status)
{
	int code = 0;

	if (s.len < 12 || memcmp(s.ptr, "HTTP/1.", 7) != 0 || s.ptr[8] != ' ')
		return false;
	if (s.ptr[7] != '0' && s.ptr[7] != '1')
		return false;
	for (size_t i = 9; i < 12; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		code = code * 10 + (s.ptr[i] - '0');
	}
	if (code < 100 || code > 599 || (s.len > 12 && s.ptr[12] != ' '))
		return false;
	*minor = s.ptr[7] - (unsigned)'0';
	*status = code;
	s = str_from(s, 12);
	return octet_span(s, OCTET_VALUE) == s.len;
}

const struct refusal *head_response(struct str bytes, struct http_header *fields,
	struct head *h, int *status, size_t *count)
{
	struct str lines, line = head_first_line(bytes, &lines);
	const struct refusal *no;

	*h = (struct head){ 0 };
	*count = 0;
	if (!read_line(line, &h->minor, status))
		return &bad_line;
	no = head_fields(lines, fields, h, count);
	if (!no && h->times[HEAD_CONTENT_TYPE] > 1)
		no = &two_types;
	return no ? no : head_framing(h);
}
