#include "http/route.h"

#include <stdio.h>

/* The next segment of a path or pattern: "/a/b" gives "a" and leaves "/b". */
static bool cut_segment(struct str *rest, struct str *segment)
{
	if (rest->len == 0 || rest->ptr[0] != '/')
		return false;
	*rest = str_from(*rest, 1);
	*segment = str_span(rest->ptr, str_find(*rest, '/'));
	*rest = str_from(*rest, segment->len);
	return true;
}

static bool matches(
	const char *pattern, struct str path, struct str params[HTTP_PATH_PARAMS])
{
	struct str want_rest = str_of(pattern), want, have;
	int n = 0;

	while (cut_segment(&want_rest, &want)) {
		if (!cut_segment(&path, &have))
			return false;
		if (want.len && want.ptr[0] == '{') {
			if (have.len == 0 || n == HTTP_PATH_PARAMS)
				return false;
			params[n++] = have;
		} else if (!str_eq(want, have)) {
			return false;
		}
	}
	return path.len == 0;
}

/* "/chatroom/" is "/chatroom"; "/" is itself. */
static struct str without_slash(struct str path)
{
	if (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	return path;
}

static bool serves(const struct route *r, enum http_method m)
{
	return r->method == m || (m == HTTP_M_HEAD && r->method == HTTP_M_GET);
}

const struct route *route_find(const struct route *table, enum http_method m,
	struct str path, struct str params[HTTP_PATH_PARAMS])
{
	path = without_slash(path);
	for (const struct route *r = table; r && r->pattern; r++) {
		if (serves(r, m) && matches(r->pattern, path, params))
			return r;
	}
	return NULL;
}

void route_allowed(const struct route *table, struct str path, char *out, size_t size)
{
	struct str ignored[HTTP_PATH_PARAMS];
	size_t len = 0;

	out[0] = '\0';
	for (int m = 0; m < HTTP_M_COUNT && len < size; m++) {
		if (!route_find(table, (enum http_method)m, path, ignored))
			continue;
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "",
			http_method_name((enum http_method)m));
	}
}

/* ---- for people, and for the test that holds tables against each other ---- */

const char *route_auth_name(enum route_auth auth)
{
	static const char *const names[] = {
		[ROUTE_USER] = "user",
		[ROUTE_TICKET] = "ticket",
		[ROUTE_PUBLIC] = "public",
		[ROUTE_HOOK] = "hook",
	};

	return names[auth];
}

void route_print_number(struct buf *out, int width, size_t number)
{
	if (number)
		buf_addf(out, " %*zu", width, number);
	else
		buf_addf(out, " %*s", width, "-");
}

void route_print(const struct route *table, struct buf *out)
{
	buf_addf(out, "%-7s %-46s %-8s %8s %11s\n", "method", "path", "who", "body",
		"deadline_ms");
	for (const struct route *r = table; r && r->pattern; r++) {
		buf_addf(out, "%-7s %-46s %-8s", http_method_name(r->method), r->pattern,
			route_auth_name(r->auth));
		route_print_number(out, 8, r->body_max);
		route_print_number(
			out, 11, r->deadline_ms ? r->deadline_ms : ROUTE_DEADLINE_MS);
		buf_addf(out, "\n");
	}
}
