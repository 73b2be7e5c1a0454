#include "base/utf8.h"

/* Length of the sequence at `at`, of which `left` bytes are there; 0 if it is none. */
static size_t sequence(const unsigned char *at, size_t left)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (len > left)
		return 0;
	if (at[0] == 0xe0)
		lo = 0xa0; /* overlong below */
	else if (at[0] == 0xed)
		hi = 0x9f; /* surrogates above */
	else if (at[0] == 0xf0)
		lo = 0x90;
	else if (at[0] == 0xf4)
		hi = 0x8f;
	if (at[1] < lo || at[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

bool utf8_valid(struct str s)
{
	const unsigned char *at = (const unsigned char *)s.ptr;
	size_t left = s.len, len;
	uint64_t word;

	while (left) {
		/* Eight ASCII bytes at once: most text is. */
		if (left >= 8) {
			memcpy(&word, at, 8);
			if (!(word & 0x8080808080808080u)) {
				at += 8;
				left -= 8;
				continue;
			}
		}
		len = sequence(at, left);
		if (!len)
			return false;
		at += len;
		left -= len;
	}
	return true;
}

size_t utf8_count(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (s.ptr[i] & 0xc0) != 0x80;
	return n;
}

size_t utf8_whole(struct str s)
{
	const unsigned char *b = (const unsigned char *)s.ptr;

	for (size_t back = 1; back <= 3 && back <= s.len; back++) {
		unsigned char c = b[s.len - back];

		if ((c & 0xc0) == 0x80)
			continue;
		if (c >= 0xc0 && (c < 0xe0 ? 2u : c < 0xf0 ? 3u : 4u) > back)
			return s.len - back;
		break;
	}
	return s.len;
}
