#include "base/str.h"

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.ptr[i] != b.ptr[i] && fold(a.ptr[i]) != fold(b.ptr[i]))
			return false;
	}
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_span(s.ptr, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	       str_eq(str_span(s.ptr + s.len - suffix.len, suffix.len), suffix);
}

size_t str_find(struct str s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

bool str_cut(struct str *rest, char sep, struct str *head)
{
	size_t at;

	if (!rest->ptr)
		return false;
	at = str_find(*rest, sep);
	*head = str_span(rest->ptr, at);
	if (at < rest->len) {
		rest->ptr += at + 1;
		rest->len -= at + 1;
		return true;
	}
	*rest = STR_NONE; /* the last part: nothing is left, not even an empty one */
	return true;
}

struct str str_trim(struct str s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool str_u64(struct str s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 20)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(s.ptr[i] - '0'), &n))
			return false;
	}
	*out = n;
	return true;
}

bool str_i64(struct str s, int64_t *out)
{
	bool minus = s.len && s.ptr[0] == '-';
	uint64_t n;

	if (!str_u64(minus ? str_span(s.ptr + 1, s.len - 1) : s, &n))
		return false;
	if (n > (uint64_t)INT64_MAX + (minus ? 1 : 0))
		return false;
	*out = minus ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

struct str str_of_u64(uint64_t n, char room[STR_U64_SIZE])
{
	char *at = room + STR_U64_SIZE;

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return str_span(at, (size_t)(room + STR_U64_SIZE - at));
}
