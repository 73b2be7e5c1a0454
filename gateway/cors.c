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

static bool is_origin(struct str s)
{
	size_t scheme = str_find(s, ':');
	struct str rest = str_from(s, scheme);

	if (!str_starts(rest, STR("://")) || rest.len == 3)
		return false;
	rest = str_from(rest, 3);
	return str_find(rest, '/') == rest.len && str_find(rest, '*') == rest.len;
}

const char *cors_origins_problem(const char *list)
{
	struct str rest = str_of(list), one;

	while (list && str_cut(&rest, ',', &one)) {
		if (!is_origin(str_trim(one)))
			return "must be exact origins: https://app.example.com,...";
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
