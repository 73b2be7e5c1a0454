#include "http/octet.h"

#define N OCTET_NAME
#define V OCTET_VALUE
#define P OCTET_PATH
#define Q OCTET_QUERY
#define U OCTET_UNRESERVED

const uint8_t octet_table[256] = {
	['\t'] = V,
	[' '] = V,
	['!'] = N | V | P | Q,
	['"'] = V,
	['#'] = N | V,
	['$'] = N | V | P | Q,
	['%'] = N | V,
	['&'] = N | V | P | Q,
	['\''] = N | V | P | Q,
	['('] = V | P | Q,
	[')'] = V | P | Q,
	['*'] = N | V | P | Q,
	['+'] = N | V | P | Q,
	[','] = V | P | Q,
	['-'] = N | V | P | Q | U,
	['.'] = N | V | P | Q | U,
	['/'] = V | P | Q,
	['0' ... '9'] = N | V | P | Q | U,
	[':'] = V | P | Q,
	[';'] = V | P | Q,
	['<'] = V,
	['='] = V | P | Q,
	['>'] = V,
	['?'] = V | Q,
	['@'] = V | P | Q,
	['A' ... 'Z'] = N | V | P | Q | U,
	['['] = V | Q,
	['\\'] = V,
	[']'] = V | Q,
	['^'] = N | V | Q,
	['_'] = V | P | Q | U,
	['`'] = N | V | Q,
	['a' ... 'z'] = N | V | P | Q | U,
	['{'] = V | Q,
	['|'] = N | V | Q,
	['}'] = V | Q,
	['~'] = N | V | P | Q | U,
	[0x80 ... 0xff] = V,
};

int octet_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int octet_percent(struct str s)
{
	int hi, lo;

	if (s.len < 3 || s.ptr[0] != '%')
		return -1;
	hi = octet_hex(s.ptr[1]);
	lo = octet_hex(s.ptr[2]);
	return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
}
