// covers: libs/common/data/redis_url.c
/* REDIS_URL: what is taken for good has a place to go to, in strings that end where they
 * seem to. */
#include <assert.h>

#include "data/redis.h"
#include "data/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str url = str_span((const char *)bytes, size);
	struct redis_url u;
	struct arena a;

	arena_init(&a);
	if (!redis_url_parse(&a, url, &u)) {
		assert(!u.path != !u.host);
		assert(u.path ? u.path[0] == '/' && strlen(u.path) <= 107 && !u.tls
			      : u.host[0] && u.port > 0 && u.port <= 65535);
		assert(!u.user.len || u.password.ptr);
		assert(!u.password.len || strlen(u.password.ptr) == u.password.len);
		assert(!redis_url_problem(arena_cstr(&a, url)));
		assert(redis_url_is_safe(arena_cstr(&a, url)) || (!u.tls && u.host));
	}
	arena_fini(&a);
	return 0;
}
