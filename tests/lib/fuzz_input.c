#include "tests/lib/fuzz_input.h"

#define MARK  0xfe
#define TIMES 64
#define LONG  4096
#define MOST  (64u << 10) /* of one input: what is longer meets no further limit */

void fuzz_input(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.len && out->len < MOST; i++) {
		size_t n;

		if ((unsigned char)bytes.ptr[i] != MARK || i + 1 == bytes.len) {
			buf_add_char(out, bytes.ptr[i]);
			continue;
		}
		n = TIMES * (size_t)(unsigned char)bytes.ptr[++i];
		memset(buf_reserve(out, n + 1), 'a', n);
		out->len += n;
	}
}

size_t fuzz_piece(struct str rest, uint32_t *seed)
{
	size_t most, n;

	*seed = *seed * 1103515245 + 12345;
	most = *seed >> 30 ? 8 : 1024;
	if (rest.len > LONG)
		most = LONG;
	n = 1 + (*seed >> 16) % most;
	return n < rest.len ? n : rest.len;
}
