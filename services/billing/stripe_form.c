#include "stripe_form.h"

/* RFC 3986 unreserved: everything else is encoded. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void form_encode(struct buf *b, struct str value)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		const char code[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_plain((char)c))
			buf_add_char(b, (char)c);
		else
			buf_add(b, code, sizeof code);
	}
}

void form_put(struct buf *b, const char *key, struct str value)
{
	if (b->len)
		buf_add_char(b, '&');
	buf_add_str(b, str_of(key));
	buf_add_char(b, '=');
	form_encode(b, value);
}
