#include "base/utf8.h"
#include "http/http.h"
#include "http/octet.h"

/* One name or value of a query. Text without NUL only: that is all a parameter can mean. */
static bool decode(struct str s, struct arena *a, struct str *out)
{
	char *p = arena_bytes(a, s.len + 1);
	size_t n = 0;
	int byte;

	for (size_t i = 0; i < s.len; i++) {
		if (octet_is(s.ptr[i], OCTET_QUERY)) {
			p[n++] = s.ptr[i] == '+' ? ' ' : s.ptr[i];
			continue;
		}
		byte = octet_percent(str_from(s, i));
		if (byte <= 0)
			return false;
		p[n++] = (char)byte;
		i += 2;
	}
	*out = str_span(p, n);
	return utf8_valid(*out);
}

/* Is `part` the parameter that is looked for? False in *good when it cannot be read. */
static bool is_named(struct str part, struct arena *a, struct str name, bool *good)
{
	struct str decoded;

	if (str_find(part, '%') == part.len && str_find(part, '+') == part.len)
		return str_eq(part, name);
	if (!decode(part, a, &decoded)) {
		*good = false;
		return false;
	}
	return str_eq(decoded, name);
}

bool http_query(
	const struct http_request *r, struct arena *a, struct str name, struct str *out)
{
	struct str rest = r->query, pair, found = STR_NONE, part;
	bool good = true;
	size_t eq;

	while (str_cut(&rest, '&', &pair)) {
		eq = str_find(pair, '=');
		part = str_span(pair.ptr, eq);
		if (!is_named(part, a, name, &good))
			continue;
		if (found.ptr)
			return false;
		found = eq < pair.len ? str_span(pair.ptr + eq + 1, pair.len - eq - 1)
				      : str_span(pair.ptr + eq, 0);
	}
	if (!good || (found.ptr && !decode(found, a, &found)))
		return false;
	*out = found;
	return true;
}

#define QUERY_PARAMS_MAX 32

bool http_query_is_plain(const struct http_request *r, struct arena *a)
{
	struct str rest = r->query, pair, names[QUERY_PARAMS_MAX];
	size_t n = 0;

	while (str_cut(&rest, '&', &pair)) {
		struct str name = str_span(pair.ptr, str_find(pair, '='));

		if (pair.len == 0)
			continue;
		if (n == QUERY_PARAMS_MAX || !decode(name, a, &name))
			return false;
		for (size_t i = 0; i < n; i++) {
			if (str_eq(names[i], name))
				return false;
		}
		names[n++] = name;
	}
	return true;
}

bool http_brings_ticket(const struct http_request *r)
{
	struct str rest = r->query, pair;

	if (r->method != HTTP_M_GET || http_header(r, STR("Authorization")).ptr)
		return false;
	while (str_cut(&rest, '&', &pair)) {
		if (str_starts(pair, STR("ticket=")))
			return true;
	}
	return false;
}
