#include <arpa/inet.h>

#include "http/head.h"
#include "http/octet.h"

static const struct refusal bad_line = { 400, "The request line is malformed" };
static const struct refusal bad_method = { 400, "The method is malformed" };
static const struct refusal never_method = { 405, "This method is not served" };
static const struct refusal other_method = { 501, "This method is not known here" };
static const struct refusal other_version = { 505,
	"Only HTTP/1.1 and HTTP/1.0 are served" };
static const struct refusal bad_target = { 400, "The request target is malformed" };
static const struct refusal bad_host = { 400,
	"Host must be a host name or address, and port" };
static const struct refusal one_host = { 400, "There must be exactly one Host" };
static const struct refusal given_twice = { 400, "A header field was given twice" };
static const struct refusal bad_expect = { 417,
	"No expectation but 100-continue is met here" };

#define HOST_MAX   255
#define METHOD_MAX 24

/* ---- method and version ---- */

static const struct refusal *read_method(struct str s, enum http_method *out)
{
	if (s.len == 0 || s.len > METHOD_MAX)
		return &bad_method;
	for (size_t i = 0; i < s.len; i++) {
		if ((s.ptr[i] < 'A' || s.ptr[i] > 'Z') && s.ptr[i] != '-')
			return &bad_method;
	}
	for (int m = 0; m < HTTP_M_COUNT; m++) {
		*out = (enum http_method)m;
		if (str_eq(s, str_of(http_method_name(*out))))
			return NULL;
	}
	*out = HTTP_M_OTHER;
	if (str_eq(s, STR("TRACE")) || str_eq(s, STR("CONNECT")))
		return &never_method;
	return &other_method;
}

static const struct refusal *read_version(struct str s, unsigned *minor)
{
	if (s.len != 8 || memcmp(s.ptr, "HTTP/", 5) != 0 || s.ptr[6] != '.' ||
		s.ptr[5] < '0' || s.ptr[5] > '9' || s.ptr[7] < '0' || s.ptr[7] > '9')
		return &bad_line;
	if (s.ptr[5] != '1' || s.ptr[7] > '1')
		return &other_version;
	*minor = s.ptr[7] - (unsigned)'0';
	return NULL;
}

/* ---- host ---- */

static bool is_ipv6(struct str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.len >= sizeof text)
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_port(struct str s)
{
	uint64_t port;

	return s.len <= 5 && str_u64(s, &port) && port <= 65535;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		/* Letters, digits, and '_', which container networks use. */
		if (!octet_is(s.ptr[i], OCTET_UNRESERVED) || s.ptr[i] == '~')
			return false;
	}
	return s.len > 0;
}

/* host[:port], where host is a name, an IPv4 address or [an IPv6 address]. */
static bool is_authority(struct str s)
{
	size_t end;

	if (s.len == 0 || s.len > HOST_MAX)
		return false;
	if (s.ptr[0] == '[') {
		end = str_find(s, ']');
		if (end == s.len || !is_ipv6(str_span(s.ptr + 1, end - 1)))
			return false;
		end++;
	} else {
		end = str_find(s, ':');
		if (!is_name(str_span(s.ptr, end)))
			return false;
	}
	return end == s.len || (s.ptr[end] == ':' && is_port(str_from(s, end + 1)));
}

/* ---- target ---- */

/* "http://authority" at the start of an absolute-form target; what follows is the rest. */
static bool cut_authority(struct str *target, struct str *authority)
{
	size_t scheme = str_find(*target, ':');
	struct str name = str_span(target->ptr, scheme), s;
	size_t n = 0;

	if (!str_eq_nocase(name, STR("http")) && !str_eq_nocase(name, STR("https")))
		return false;
	s = str_from(*target, scheme);
	if (!str_starts(s, STR("://")))
		return false;
	s = str_from(s, 3);
	while (n < s.len && s.ptr[n] != '/' && s.ptr[n] != '?')
		n++;
	*authority = str_span(s.ptr, n);
	*target = str_from(s, n);
	return is_authority(*authority);
}

static bool is_query(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!octet_is(s.ptr[i], OCTET_QUERY) && s.ptr[i] != '%')
			return false;
	}
	return true;
}

/* Splits the target into path and query; *authority is set for the absolute form. */
static const struct refusal *read_target(struct http_request *r, struct str *authority)
{
	struct str rest = r->target;
	size_t mark;

	if (rest.len == 1 && rest.ptr[0] == '*') {
		r->path = rest;
		return r->method == HTTP_M_OPTIONS ? NULL : &bad_target;
	}
	if (rest.len && rest.ptr[0] != '/' && !cut_authority(&rest, authority))
		return &bad_target;
	mark = str_find(rest, '?');
	r->path = mark ? str_span(rest.ptr, mark) : STR("/");
	r->query = str_from(rest, mark + 1);
	return is_query(r->query) ? NULL : &bad_target;
}

/* ---- the whole ---- */

static const struct refusal *read_line(
	struct str line, struct head *h, struct http_request *r)
{
	size_t first = str_find(line, ' '), second;
	struct str rest = str_from(line, first + 1);
	const struct refusal *no;

	second = str_find(rest, ' ');
	if (first == line.len || second == 0 || second == rest.len)
		return &bad_line;
	no = read_version(str_from(rest, second + 1), &h->minor);
	if (no)
		return no;
	r->target = str_span(rest.ptr, second);
	r->http10 = h->minor == 0;
	return read_method(str_span(line.ptr, first), &r->method);
}

static const struct refusal *check_host(
	const struct head *h, struct http_request *r, struct str authority)
{
	unsigned times = h->times[HEAD_HOST];

	if (times > 1 || (times == 0 && !r->http10))
		return &one_host;
	if (times && !is_authority(h->known[HEAD_HOST]))
		return &bad_host;
	r->host = authority.len ? authority : h->known[HEAD_HOST];
	return NULL;
}

static const struct refusal *check_single(const struct head *h)
{
	static const enum head_known single[] = { HEAD_AUTHORIZATION, HEAD_CONTENT_TYPE,
		HEAD_IDEMPOTENCY_KEY, HEAD_STRIPE_SIGNATURE };

	for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
		if (h->times[single[i]] > 1)
			return &given_twice;
	}
	return NULL;
}

/* HTTP/1.0 knows no expectations: there the field is as good as absent. */
static const struct refusal *check_expect(struct head *h)
{
	if (h->times[HEAD_EXPECT] == 0 || h->minor == 0)
		return NULL;
	if (h->times[HEAD_EXPECT] > 1 ||
		!str_eq_nocase(h->known[HEAD_EXPECT], STR("100-continue")))
		return &bad_expect;
	h->expects_continue = true;
	return NULL;
}

const struct refusal *head_request(struct str bytes, struct http_header *fields,
	struct head *h, struct http_request *r)
{
	struct str lines, line = head_first_line(bytes, &lines), authority = STR_NONE;
	const struct refusal *no;
	size_t count = 0;

	*h = (struct head){ 0 };
	no = read_line(line, h, r);
	if (!no)
		no = read_target(r, &authority);
	if (!no)
		no = head_fields(lines, fields, h, &count);
	r->headers = fields;
	r->header_count = count;
	if (!no)
		no = head_framing(h);
	if (!no)
		no = check_host(h, r, authority);
	if (!no)
		no = check_single(h);
	if (!no)
		no = check_expect(h);
	/* An upgrade is not followed, and the connection not trusted after the offer. */
	r->keep_alive = !h->close && h->times[HEAD_UPGRADE] == 0 &&
			(h->keep_alive || !r->http10);
	return no;
}
