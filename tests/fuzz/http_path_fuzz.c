/* Paths and queries: a path that was normalised is safe to compare, and normalising it
 * again changes nothing. */
#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "http/http.h"

static bool holds(struct str s, const char *what)
{
	return memmem(s.ptr, s.len, what, strlen(what)) != NULL;
}

static void check_path(struct str raw)
{
	char *once = malloc(raw.len + 1), *twice = malloc(raw.len + 1);
	size_t n, m;

	if (http_path_normalise(raw, once, &n)) {
		struct str path = str_span(once, n);

		assert(n > 0 && n <= raw.len && once[0] == '/');
		assert(!holds(path, "//") && !holds(path, "/../") && !holds(path, "/./"));
		assert(!str_ends(path, STR("/..")) && !str_ends(path, STR("/.")));
		assert(!holds(path, "\\") && !holds(path, "%2F") && !holds(path, "%5C"));
		assert(!memchr(path.ptr, '\0', path.len));
		assert(http_path_normalise(path, twice, &m));
		assert(str_eq(path, str_span(twice, m)));
	}
	free(once);
	free(twice);
}

static void check_query(struct str query)
{
	struct http_request r = { .query = query };
	struct arena a;
	struct str value = STR_NONE;

	arena_init(&a);
	if (str_starts(query, STR("a=1&")) && http_query_is_plain(&r, &a))
		assert(http_query(&r, &a, STR("a"), &value) && str_eq(value, STR("1")));
	if (http_query(&r, &a, STR("a"), &value) && value.ptr)
		assert(utf8_valid(value) && !memchr(value.ptr, '\0', value.len));
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_span((const char *)data, size);

	check_path(bytes);
	check_query(bytes);
	return 0;
}
