#include <arpa/inet.h>

#include "data/pg.h"

#define TEXT_OID 25

static bool take_i32(struct str *rest, int32_t *out)
{
	uint32_t n;

	if (rest->len < 4)
		return false;
	memcpy(&n, rest->ptr, 4);
	*out = (int32_t)ntohl(n);
	*rest = str_from(*rest, 4);
	return true;
}

/* The binary form (array_send): dimensions, flags, element type, size, lower bound,
 * elements. */
int pg_text_array(const struct pg_rows *rows, int row, int col, struct str *out, int max)
{
	struct str rest = pg_text(rows, row, col);
	int32_t dims, flags, type, size, bound, len;
	int n = 0;

	if (!take_i32(&rest, &dims) || !take_i32(&rest, &flags) ||
		!take_i32(&rest, &type) || dims != 1 || type != TEXT_OID ||
		!take_i32(&rest, &size) || !take_i32(&rest, &bound))
		return 0;
	while (n < size && n < max && take_i32(&rest, &len)) {
		if (len > 0 && (size_t)len > rest.len)
			return 0;
		out[n++] = len < 0 ? STR_NONE
				   : (struct str){ len ? rest.ptr : "", (size_t)len };
		rest = str_from(rest, len > 0 ? (size_t)len : 0);
	}
	return n;
}
