#include "form.h"

#include "base/utf8.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_visible(char c)
{
	return c > ' ' && c < 0x7f;
}

/* Percent and plus decoded once; NULL if good. */
static const char *decode(struct arena *a, struct str text, struct str *out)
{
	char *at = arena_bytes(a, text.len), *start = at;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return "bad percent-encoding";
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		} else if (!is_visible(c)) {
			return "a byte that must be percent-encoded";
		}
		if (c == '\0')
			return "a NUL byte";
		*at++ = c;
	}
	*out = str_span(start, (size_t)(at - start));
	return utf8_valid(*out) ? NULL : "text that is not UTF-8";
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* name, then any number of [segment]; an empty segment only at the end. */
static bool key_is_sound(struct str key)
{
	size_t i = 0, close;
	unsigned depth = 0;

	while (i < key.len && is_name_char(key.ptr[i]))
		i++;
	if (i == 0)
		return false;
	while (i < key.len) {
		if (key.ptr[i] != '[' || ++depth > FORM_DEPTH_MAX)
			return false;
		close = i + 1;
		while (close < key.len && key.ptr[close] != ']' && key.ptr[close] != '[')
			close++;
		if (close == key.len || key.ptr[close] != ']')
			return false;
		if (close == i + 1 && close + 1 != key.len)
			return false;
		i = close + 1;
	}
	return true;
}

static bool is_inside(struct str key, struct str container)
{
	return key.len > container.len && str_starts(key, container) &&
	       key.ptr[container.len] == '[';
}

static const char *clash(const struct form *f, struct str key)
{
	for (size_t i = 0; i < f->count; i++) {
		struct str other = f->pairs[i].key;

		if (str_eq(key, other) && !str_ends(key, STR("[]")))
			return "a key given twice";
		if (is_inside(key, other) || is_inside(other, key))
			return "a key that is both a value and a container";
	}
	return NULL;
}

static const char *read_pair(struct arena *a, struct str text, struct form *out)
{
	struct form_pair *p = &out->pairs[out->count];
	size_t eq = str_find(text, '=');
	const char *wrong;

	if (eq == text.len)
		return "a pair without =";
	wrong = decode(a, str_span(text.ptr, eq), &p->key);
	if (!wrong)
		wrong = decode(
			a, str_span(text.ptr + eq + 1, text.len - eq - 1), &p->value);
	if (wrong)
		return wrong;
	if (!key_is_sound(p->key))
		return "a malformed key";
	wrong = clash(out, p->key);
	if (!wrong)
		out->count++;
	return wrong;
}

static size_t count_pairs(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '&';
	return n;
}

const char *form_read(struct arena *a, struct str text, struct form *out)
{
	const char *wrong = NULL;
	struct str one;

	*out = (struct form){ 0 };
	if (text.len == 0)
		return NULL;
	if (count_pairs(text) > FORM_PAIRS_MAX)
		return "too many pairs";
	out->pairs = arena_alloc(a, count_pairs(text) * sizeof *out->pairs);
	while (!wrong && str_cut(&text, '&', &one))
		wrong = read_pair(a, one, out);
	return wrong;
}

struct form_pair *form_find(struct form *f, struct str key)
{
	for (size_t i = 0; i < f->count; i++) {
		if (str_eq(f->pairs[i].key, key)) {
			f->pairs[i].used = true;
			return &f->pairs[i];
		}
	}
	return NULL;
}

struct form_pair *form_next(
	struct form *f, struct str prefix, size_t *at, struct str *segment)
{
	for (size_t i = *at; i < f->count; i++) {
		struct form_pair *p = &f->pairs[i];
		struct str rest;

		if (!is_inside(p->key, prefix))
			continue;
		rest = str_from(p->key, prefix.len + 1);
		if (str_find(rest, ']') + 1 != rest.len)
			continue;
		*segment = str_span(rest.ptr, rest.len - 1);
		*at = i + 1;
		p->used = true;
		return p;
	}
	return NULL;
}

const struct form_pair *form_unused(const struct form *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!f->pairs[i].used)
			return &f->pairs[i];
	}
	return NULL;
}
