#include "answer.h"

#include "base/map.h"
#include "base/utf8.h"

/* How much of the prompt is said back. */
#define QUOTE_MAX 160

/* One, two, three and four bytes to a character: cuts go through all of them. */
static const char *const sentences[] = {
	"There are several ways to look at this.",
	"In short: it depends on what you want to do with it.",
	"A café in Zürich would tell it the other way round.",
	"हर सवाल का एक जवाब होता है।",
	"Take it step by step, and check each step. 🙂",
	"The simplest thing that works is a good start.",
	"これはシミュレーターの返事です。",
	"Let me know if you would like more detail.",
};
#define SENTENCES (sizeof sentences / sizeof *sentences)

static const char *sentence(uint64_t hash, uint64_t i)
{
	return sentences[(hash % SENTENCES + i * 3) % SENTENCES];
}

static struct str opening(struct arena *a, struct str prompt, unsigned turns)
{
	struct str quote = prompt;
	const char *dots = "";

	if (quote.len > QUOTE_MAX) {
		quote.len = utf8_whole(str_span(quote.ptr, QUOTE_MAX));
		dots = "...";
	}
	return arena_fmt(a, "You wrote: \"%.*s%s\". That is turn %u of our talk.",
		STR_ARG(quote), dots, turns);
}

struct str answer_text(struct arena *a, struct str prompt, unsigned turns, size_t bytes)
{
	static const uint64_t seed[2] = { 1, 2 };
	uint64_t hash = siphash(seed, prompt);
	struct str text = opening(a, prompt, turns);
	struct str s;
	char *out;
	size_t len;

	if (bytes == 0)
		return arena_fmt(a, "%.*s %s %s", STR_ARG(text), sentence(hash, 0),
			sentence(hash, 1));
	out = arena_bytes(a, bytes);
	len = text.len < bytes ? text.len : bytes;
	memcpy(out, text.ptr, len);
	for (uint64_t i = 0; len < bytes; i++) {
		out[len++] = ' ';
		s = str_of(sentence(hash, i));
		if (s.len > bytes - len)
			s.len = bytes - len;
		memcpy(out + len, s.ptr, s.len);
		len += s.len;
	}
	return str_span(out, utf8_whole(str_span(out, len)));
}

/* Where the i-th of n pieces begins. */
static size_t cut_at(struct str text, unsigned i, unsigned n)
{
	if (i >= n)
		return text.len;
	return utf8_whole(str_span(text.ptr, text.len / n * i));
}

struct str answer_piece(struct str text, unsigned i, unsigned n)
{
	size_t from = cut_at(text, i, n);

	return str_span(text.ptr + from, cut_at(text, i + 1, n) - from);
}
