// needs: services/billing/stripe_form.c
// needs: tests/fakes/stripe/form.c
/*
 * Form-encoded text: what is read can be written again, and then reads as the same pairs.
 * Pairs have keys of one shape and values that are UTF-8 without NUL.
 */
#include <assert.h>

#include "../../services/billing/stripe_form.h"
#include "../fakes/stripe/form.h"

#include "base/utf8.h"

static void check_pair(const struct form_pair *p)
{
	assert(p->key.len > 0 && p->key.ptr[0] != '[');
	assert(utf8_valid(p->key) && utf8_valid(p->value));
	assert(!memchr(p->key.ptr, 0, p->key.len));
	assert(!p->value.len || !memchr(p->value.ptr, 0, p->value.len));
}

/* Keys are written as they are but for what would read otherwise. */
static void write_key(struct buf *out, struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];

		if (c == '[' || c == ']')
			buf_add_char(out, c);
		else
			form_encode(out, str_span(&c, 1));
	}
}

static void write_all(struct buf *out, const struct form *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (i)
			buf_add_char(out, '&');
		write_key(out, f->pairs[i].key);
		buf_add_char(out, '=');
		form_encode(out, f->pairs[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_span((const char *)data, size);
	struct form f, again;
	struct buf out = { 0 };
	struct arena a;

	arena_init(&a);
	if (!form_read(&a, text, &f)) {
		write_all(&out, &f);
		assert(!form_read(&a, buf_str(&out), &again));
		assert(again.count == f.count);
		for (size_t i = 0; i < f.count; i++) {
			check_pair(&f.pairs[i]);
			assert(str_eq(f.pairs[i].key, again.pairs[i].key));
			assert(str_eq(f.pairs[i].value, again.pairs[i].value));
			assert(form_find(&f, f.pairs[i].key));
		}
		for (size_t i = 0; i < f.count; i++) /* lists: only the first is found */
			assert(f.pairs[i].used || str_ends(f.pairs[i].key, STR("[]")));
	}
	buf_fini(&out);
	arena_fini(&a);
	return 0;
}
