/* The table of main.c as `gateway routes` prints it: for operators, and for the test that
 * holds it against openapi.yaml and the services' own tables (tests/e2e/routes). */
#include "gateway.h"

#include <stdio.h>

static const char *service_name(enum service service)
{
	static const char *const names[] = {
		[SERVICE_HERE] = "here",
		[SERVICE_AUTH] = "auth",
		[SERVICE_CHAT] = "chat",
		[SERVICE_BILLING] = "billing",
	};

	return names[service];
}

static const char *repeat_name(enum repeat repeat)
{
	static const char *const names[] = {
		[REPEAT_NEVER] = "never",
		[REPEAT_KEYED] = "keyed",
		[REPEAT_ALWAYS] = "always",
	};

	return names[repeat];
}

int routes_print(const struct public_route *table)
{
	struct buf out = { 0 };

	buf_addf(&out, "%-7s %-46s %-8s %-7s %-8s %-7s %-7s %8s %8s\n", "method", "path",
		"service", "who", "limit", "repeat", "prefers", "wait_ms", "body");
	for (const struct public_route *r = table; r->pattern; r++) {
		buf_addf(&out, "%-7s %-46s %-8s %-7s %-8s %-7s %-7s",
			http_method_name(r->method), r->pattern, service_name(r->service),
			route_auth_name(r->who), limits_class_name(r->limit),
			repeat_name(r->repeat), r->waits ? "wait" : "-");
		route_print_number(&out, 8, r->timeout_ms);
		route_print_number(&out, 8, r->body_max);
		buf_addf(&out, "\n");
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	return 0;
}
