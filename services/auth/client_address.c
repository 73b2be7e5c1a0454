#include "client_address.h"

#include <arpa/inet.h>

#include "http/server.h"

static bool is_address(struct str s)
{
	char text[INET6_ADDRSTRLEN], bytes[16];

	if (s.len == 0 || s.len >= sizeof text)
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 ||
	       inet_pton(AF_INET6, text, bytes) == 1;
}

/* The last entry is the one that the nearest proxy wrote; those before it anybody may have.
 */
struct str client_address(const struct task *t)
{
	const struct http_request *r = http_req(t);
	struct str rest = http_header(r, STR("X-Forwarded-For")), last = STR_NONE;

	while (str_cut(&rest, ',', &last))
		;
	last = str_trim(last);
	return is_address(last) ? last : r->peer;
}
