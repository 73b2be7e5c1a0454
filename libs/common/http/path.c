#include "http/http.h"
#include "http/octet.h"

/* The encoded bytes that no path may hold: they mean something else after decoding. */
static bool may_be_encoded(int byte)
{
	return byte >= 0x20 && byte != 0x7f && byte != '/' && byte != '\\';
}

/*
 * One byte of the path, decoded if it need not have been encoded; what stays encoded is
 * written with upper-case digits. Returns how much of `raw` was read; 0: refused.
 */
static size_t take_byte(struct str raw, char *out, size_t *len)
{
	static const char digits[] = "0123456789ABCDEF";
	int byte;

	if (octet_is(raw.ptr[0], OCTET_PATH)) {
		out[(*len)++] = raw.ptr[0];
		return 1;
	}
	byte = octet_percent(raw);
	if (byte < 0 || !may_be_encoded(byte))
		return 0;
	if (octet_is((char)byte, OCTET_UNRESERVED)) {
		out[(*len)++] = (char)byte;
		return 3;
	}
	out[(*len)++] = '%';
	out[(*len)++] = digits[byte >> 4];
	out[(*len)++] = digits[byte & 15];
	return 3;
}

/* out[0..len) ends in a whole segment: takes "/." and "/.." away (RFC 3986 5.2.4). */
static size_t drop_dots(const char *out, size_t len)
{
	if (len >= 2 && memcmp(out + len - 2, "/.", 2) == 0)
		return len - 2;
	if (len < 3 || memcmp(out + len - 3, "/..", 3) != 0)
		return len;
	len -= 3;
	while (len > 0 && out[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

bool http_path_normalise(struct str raw, char *out, size_t *len)
{
	size_t n = 0, used;

	if (raw.len == 0 || raw.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < raw.len; i += used) {
		if (raw.ptr[i] == '/') {
			if (i + 1 < raw.len && raw.ptr[i + 1] == '/')
				return false;
			n = drop_dots(out, n);
		}
		used = take_byte(str_from(raw, i), out, &n);
		if (used == 0)
			return false;
	}
	used = drop_dots(out, n);
	if (used < n || n == 0) /* "/a/." is the folder "/a/" */
		out[used++] = '/';
	*len = used;
	return true;
}
