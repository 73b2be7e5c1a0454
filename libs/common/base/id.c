#include "base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"

/* One system call fills the pool for some hundred ids. */
static _Thread_local struct {
	unsigned char bytes[1024];
	size_t left;
} pool;

static void fill(void *out, size_t len)
{
	unsigned char *at = out;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

void random_forked(void)
{
	explicit_bzero(&pool, sizeof pool);
}

void random_bytes(void *out, size_t len)
{
	unsigned char *from;

	if (len > sizeof pool.bytes / 4) {
		fill(out, len);
		return;
	}
	if (pool.left < len) {
		fill(pool.bytes, sizeof pool.bytes);
		pool.left = sizeof pool.bytes;
	}
	from = pool.bytes + sizeof pool.bytes - pool.left;
	memcpy(out, from, len);
	explicit_bzero(from, len); /* what was handed out is not kept */
	pool.left -= len;
}

uint64_t random_below(uint64_t bound)
{
	uint64_t n, limit = UINT64_MAX - UINT64_MAX % bound;

	do
		random_bytes(&n, sizeof n);
	while (n >= limit);
	return n % bound;
}

/*
 * RFC 9562 5.7 with method 1 of 6.2: 48 bits of milliseconds, then 12 bits that count ids
 * within one millisecond; when they run over, the millisecond is borrowed from the future.
 */
struct uuid uuid_v7(void)
{
	static _Thread_local uint64_t last_ms;
	static _Thread_local unsigned count;
	uint64_t ms = (uint64_t)clock_wall_us() / 1000;
	struct uuid u;

	random_bytes(u.b + 8, 8);
	if (ms > last_ms) {
		last_ms = ms;
		count = u.b[15] & 0xff; /* starts low, so that there is room to count */
	} else if (++count > 0xfff) {
		last_ms++;
		count = 0;
	}
	for (int i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(last_ms >> (40 - 8 * i));
	u.b[6] = (uint8_t)(0x70 | count >> 8);
	u.b[7] = (uint8_t)count;
	u.b[8] = (uint8_t)(0x80 | (u.b[8] & 0x3f));
	return u;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_parse(struct str text, struct uuid *out)
{
	struct uuid u;
	int n = 0;

	if (text.len != UUID_TEXT_SIZE - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int hi, lo;

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text.ptr[i] != '-')
				return false;
			continue;
		}
		hi = nibble(text.ptr[i]);
		lo = nibble(text.ptr[++i]);
		if (hi < 0 || lo < 0)
			return false;
		u.b[n++] = (uint8_t)(hi << 4 | lo);
	}
	*out = u;
	return true;
}

void hex_format(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 15];
	}
	*out = '\0';
}

void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE])
{
	static const unsigned char part[] = { 4, 2, 2, 2, 6 };
	const uint8_t *b = u->b;

	for (size_t i = 0; i < sizeof part; i++) {
		if (i)
			*out++ = '-';
		hex_format(b, part[i], out);
		out += 2 * part[i];
		b += part[i];
	}
}

bool hex_parse(struct str text, void *out, size_t len)
{
	unsigned char *b = out;

	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F')
			return false;
	}
	for (size_t i = 0; i < len; i++) {
		int hi = nibble(text.ptr[2 * i]), lo = nibble(text.ptr[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		b[i] = (unsigned char)(hi << 4 | lo);
	}
	return true;
}
