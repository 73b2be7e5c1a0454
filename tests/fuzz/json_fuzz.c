// covers: libs/common/json/read.c
/* JSON: what was read and written again is read as the same tree, and written as the same
 * bytes. */
#include <assert.h>

#include "base/utf8.h"
#include "json/read.h"
#include "json/write.h"

static void write_value(
	struct json_writer *w, const char *key, const struct json *j, struct arena *a)
{
	switch (j->kind) {
	case JSON_NULL:
		json_put_null(w, key);
		return;
	case JSON_BOOL:
		json_put_bool(w, key, j->truth);
		return;
	case JSON_NUMBER:
		json_put_raw(w, key, j->text);
		return;
	case JSON_STRING:
		assert(utf8_valid(j->text) &&
			(!j->text.len || !memchr(j->text.ptr, 0, j->text.len)));
		json_put_str(w, key, j->text);
		return;
	case JSON_ARRAY:
		json_array(w, key);
		break;
	case JSON_OBJECT:
		json_object(w, key);
		break;
	}
	size_t n = 0;

	for (const struct json *c = j->first; c; c = c->next, n++)
		write_value(w, j->kind == JSON_OBJECT ? arena_cstr(a, c->key) : NULL, c, a);
	assert(n == j->count);
	json_end(w);
}

static bool same(const struct json *x, const struct json *y)
{
	if (x->kind != y->kind || x->truth != y->truth || x->count != y->count ||
		!str_eq(x->text, y->text) || !str_eq(x->key, y->key))
		return false;
	for (x = x->first, y = y->first; x && y; x = x->next, y = y->next)
		if (!same(x, y))
			return false;
	return !x && !y;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_span((const char *)data, size);
	struct buf once = { 0 }, twice = { 0 };
	const struct json *first, *second;
	const char *why = NULL;
	struct arena a;

	arena_init(&a);
	if (json_parse(&a, text, NULL, &first, &why) == ERR_OK) {
		struct json_writer w = json_writer(&once);

		write_value(&w, NULL, first, &a);
		assert(json_parse(&a, buf_str(&once), NULL, &second, &why) == ERR_OK);
		assert(same(first, second));
		w = json_writer(&twice);
		write_value(&w, NULL, second, &a);
		assert(str_eq(buf_str(&once), buf_str(&twice)));
	} else {
		assert(why && *why);
	}
	buf_fini(&once);
	buf_fini(&twice);
	arena_fini(&a);
	return 0;
}
