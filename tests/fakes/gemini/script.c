#include "script.h"

/* Numbers past this are not meant: an hour, a megabyte. */
#define NUMBER_MAX (4 << 20)

#define AT(member) offsetof(struct script, member)

static const struct word {
	const char *name;
	enum { WORD_FLAG, WORD_NUMBER, WORD_NAME } kind;
	size_t offset;
} words[] = {
	{ "delay", WORD_NUMBER, AT(delay_ms) },
	{ "chunks", WORD_NUMBER, AT(chunks) },
	{ "chunk_delay", WORD_NUMBER, AT(chunk_delay_ms) },
	{ "bytes", WORD_NUMBER, AT(bytes) },
	{ "echo", WORD_FLAG, AT(echo) },
	{ "think", WORD_FLAG, AT(think) },
	{ "status", WORD_NUMBER, AT(status) },
	{ "retry", WORD_NUMBER, AT(retry_s) },
	{ "perday", WORD_FLAG, AT(per_day) },
	{ "fail_times", WORD_NUMBER, AT(fail_times) },
	{ "cut_after", WORD_NUMBER, AT(cut_after) },
	{ "error_after", WORD_NUMBER, AT(error_after) },
	{ "hang_after", WORD_NUMBER, AT(hang_after) },
	{ "hang", WORD_FLAG, AT(hang) },
	{ "garbage", WORD_FLAG, AT(garbage) },
	{ "empty", WORD_FLAG, AT(empty) },
	{ "no_finish", WORD_FLAG, AT(no_finish) },
	{ "block", WORD_NAME, AT(block) },
	{ "finish", WORD_NAME, AT(finish) },
};

/* A reason such as MAX_TOKENS: it goes into JSON as it is. */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((s.ptr[i] < 'A' || s.ptr[i] > 'Z') && s.ptr[i] != '_')
			return false;
	}
	return s.len > 0 && s.len <= 64;
}

static bool apply(struct script *s, const struct word *w, bool has_value, struct str value)
{
	char *place = (char *)s + w->offset;
	uint64_t n;

	switch (w->kind) {
	case WORD_FLAG:
		if (!has_value)
			*(bool *)(void *)place = true;
		return !has_value;
	case WORD_NUMBER:
		if (!str_u64(value, &n) || n > NUMBER_MAX)
			return false;
		*(int64_t *)(void *)place = (int64_t)n;
		return true;
	case WORD_NAME:
		if (!is_name(value))
			return false;
		*(struct str *)(void *)place = value;
		return true;
	}
	return false;
}

/* One word of a directive: `delay=500` or `hang`. */
static bool read_word(struct script *s, struct str text)
{
	size_t eq = str_find(text, '=');
	struct str name = str_span(text.ptr, eq), value = str_from(text, eq + 1);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (str_eq(name, str_of(words[i].name)))
			return apply(s, &words[i], eq < text.len, value);
	}
	return false;
}

/* The first [[...]] of *rest into *inside, what stands before it into *before. */
static bool next_directive(struct str *rest, struct str *before, struct str *inside)
{
	const char *end = rest->ptr + rest->len, *open, *close;

	if (rest->len < 4)
		return false;
	open = memmem(rest->ptr, rest->len, "[[", 2);
	if (!open)
		return false;
	close = memmem(open + 2, (size_t)(end - open) - 2, "]]", 2);
	if (!close)
		return false;
	*before = str_span(rest->ptr, (size_t)(open - rest->ptr));
	*inside = str_span(open + 2, (size_t)(close - open) - 2);
	*rest = str_span(close + 2, (size_t)(end - close) - 2);
	return true;
}

void script_read(struct script *s, struct str text)
{
	struct str before, inside, word;

	while (next_directive(&text, &before, &inside)) {
		while (str_cut(&inside, ' ', &word))
			(void)read_word(s, word);
	}
}

void script_forgive(struct script *s)
{
	struct script plain = SCRIPT_PLAIN;

	plain.delay_ms = s->delay_ms;
	plain.chunks = s->chunks;
	plain.chunk_delay_ms = s->chunk_delay_ms;
	plain.bytes = s->bytes;
	plain.echo = s->echo;
	plain.think = s->think;
	*s = plain;
}

/* True if every word is one of ours: only then it is taken out of the text. */
static bool is_ours(struct str inside)
{
	struct script unused = SCRIPT_PLAIN;
	struct str word;

	while (str_cut(&inside, ' ', &word)) {
		if (!read_word(&unused, word))
			return false;
	}
	return true;
}

struct str script_strip(struct arena *a, struct str text)
{
	char *out = arena_bytes(a, text.len);
	struct str before, inside, rest = text;
	size_t len = 0;

	while (next_directive(&rest, &before, &inside)) {
		struct str keep = is_ours(inside)
					  ? before
					  : str_span(before.ptr,
						    (size_t)(rest.ptr - before.ptr));

		if (keep.len)
			memcpy(out + len, keep.ptr, keep.len);
		len += keep.len;
	}
	if (rest.len)
		memcpy(out + len, rest.ptr, rest.len);
	return str_trim(str_span(out, len + rest.len));
}
