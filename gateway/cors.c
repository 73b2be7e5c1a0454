/*
 * Cross-origin requests of browsers: origins are named one by one in CORS_ORIGINS,
 * credentials are tokens that scripts send themselves, never cookies (http-conventions 6).
 */
#include <stdio.h>

#include "gateway.h"

#define EXPOSED                                                                            \
	"ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, "         \
	"Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "       \
	"X-Request-Id"
#define MAX_AGE_S "600"

static bool consists_of(struct str s, const char *others)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) &&
			(!c || !strchr(others, c)))
			return false;
	}
	return s.len > 0;
}

/* Where the host ends and the port begins. */
static size_t host_len(struct str s)
{
	size_t close = str_find(s, ']');

	return s.len && s.ptr[0] == '[' ? close + (close < s.len) : str_find(s, ':');
}

/* Browsers leave the usual one out. */
static bool is_port(struct str s, struct str scheme)
{
	uint64_t usual = str_eq(scheme, STR("https"))  ? 443
			 : str_eq(scheme, STR("http")) ? 80
						       : 0;
	uint64_t port;

	return str_u64(s, &port) && port > 0 && port <= 65535 && port != usual &&
	       s.ptr[0] != '0';
}

static bool is_host(struct str s)
{
	if (s.len > 2 && s.ptr[0] == '[')
		return s.ptr[s.len - 1] == ']' &&
		       consists_of(str_span(s.ptr + 1, s.len - 2), ":.");
	return consists_of(s, "-._");
}

/* As browsers send it (RFC 6454 6.2): whatever differs would never be met. */
static bool is_origin(struct str s)
{
	struct str scheme = str_span(s.ptr, str_find(s, ':')),
		   rest = str_from(s, scheme.len);
	size_t end;

	if (!consists_of(scheme, "+-.") || !str_starts(rest, STR("://")))
		return false;
	rest = str_from(rest, 3);
	end = host_len(rest);
	if (!is_host(str_span(rest.ptr, end)))
		return false;
	rest = str_from(rest, end);
	return rest.len == 0 || (rest.ptr[0] == ':' && is_port(str_from(rest, 1), scheme));
}

const char *cors_origins_problem(const char *list)
{
	struct str rest = str_of(list), one;

	while (list && str_cut(&rest, ',', &one)) {
		if (!is_origin(str_trim(one)))
			return "must be origins as browsers send them: "
			       "https://app.example.com,... (lower case, no path, no "
			       "usual port)";
	}
	return NULL;
}

static bool is_listed(const char *list, struct str origin)
{
	struct str rest = str_of(list), one;

	while (rest.len && str_cut(&rest, ',', &one)) {
		if (str_eq(str_trim(one), origin))
			return true;
	}
	return false;
}

bool cors_apply(struct task *t)
{
	const struct gateway *g = gateway_of(t);
	const struct http_request *r = http_req(t);
	struct str origin;

	if (!g->cors_origins)
		return false;
	reply_header(t, STR("Vary"), STR("Origin"));
	origin = http_header(r, STR("Origin"));
	if (!origin.len || !is_listed(g->cors_origins, origin))
		return false;
	reply_header(t, STR("Access-Control-Allow-Origin"), origin);
	if (r->method == HTTP_M_OPTIONS &&
		http_header(r, STR("Access-Control-Request-Method")).len)
		return true;
	reply_header(t, STR("Access-Control-Expose-Headers"), STR(EXPOSED));
	return false;
}

outcome_t cors_preflight(struct task *t, const char *methods)
{
	reply_header(t, STR("Access-Control-Allow-Methods"), str_of(methods));
	reply_header(t, STR("Access-Control-Allow-Headers"), str_of(forward_cors_fields));
	reply_header(t, STR("Access-Control-Max-Age"), STR(MAX_AGE_S));
	return reply_empty(t, 204);
}
