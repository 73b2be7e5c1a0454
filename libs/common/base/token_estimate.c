#include "base/token_estimate.h"

#define WHOLE 4 /* quarters of a token */

static bool is_joined(unsigned char c)
{
	return c == ' ' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Of the character that this byte begins. */
static int64_t quarters_of(unsigned char c)
{
	if (c < 0x80)
		return is_joined(c) ? 1 : 2;
	if (c < 0xc0)
		return 0; /* inside one */
	return c < 0xe0 ? 2 : WHOLE;
}

int64_t token_estimate(struct str text)
{
	int64_t quarters = 0;

	for (size_t i = 0; i < text.len; i++)
		quarters += quarters_of((unsigned char)text.ptr[i]);
	return (quarters + WHOLE - 1) / WHOLE;
}
