#include "otp.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/id.h"
#include "secure/secret.h"

void otp_init(struct otp *otp, const char *secret_key, const char *prefix,
	const struct otp_limits *limits)
{
	secret_derive(str_of(secret_key), "otp", otp->key);
	otp->prefix = prefix;
	otp->limits = *limits;
}

void otp_new_code(char code[OTP_DIGITS + 1])
{
	snprintf(code, OTP_DIGITS + 1, "%06u", (unsigned)random_below(1000000));
}

bool otp_is_code(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len == OTP_DIGITS;
}

static void keyed(const struct otp *otp, struct str text, uint8_t out[32])
{
	hmac_sha256(str_span((const char *)otp->key, sizeof otp->key), text, out);
}

/* Parts of fixed size first, a zero between the others: no two inputs give the same text.
 */
void otp_digest(const struct otp *otp, struct str salt, struct str mobile, struct str code,
	uint8_t out[32])
{
	struct arena a;

	arena_init(&a);
	a.secret = true;
	size_t size = 5 + salt.len + mobile.len + 1 + code.len;
	char *text = arena_bytes(&a, size), *to = text;

	memcpy(to, "code", 5);
	to += 5;
	memcpy(to, salt.ptr, salt.len);
	to += salt.len;
	memcpy(to, mobile.ptr, mobile.len);
	to += mobile.len;
	*to++ = '\0';
	memcpy(to, code.ptr, code.len);
	keyed(otp, str_span(text, size), out);
	arena_fini(&a);
}

bool otp_matches(const struct otp *otp, struct str salt, struct str digest,
	struct str mobile, struct str code)
{
	uint8_t want[32];

	otp_digest(otp, salt, mobile, code, want);
	return secret_eq(digest, str_span((const char *)want, sizeof want));
}

/* Half of a digest names a number well enough, and nobody without the key finds it again.
 */
static struct str name_of(
	const struct otp *otp, struct arena *a, const char *kind, struct str what)
{
	char hex[33];
	uint8_t digest[32];
	struct str text = arena_fmt(a, "%s:%.*s", kind, STR_ARG(what));

	keyed(otp, text, digest);
	hex_format(digest, 16, hex);
	return arena_dup(a, str_of(hex));
}

struct str otp_number_key(
	const struct otp *otp, struct arena *a, struct str mobile, const char *what)
{
	struct str name = name_of(otp, a, "number", mobile);

	return arena_fmt(a, "%s{%.*s}:%s", otp->prefix, STR_ARG(name), what);
}

struct str otp_address_key(const struct otp *otp, struct arena *a, struct str address)
{
	static const char v4_in_v6[12] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";
	const char *text = arena_cstr(a, address);
	struct str network = address;
	char bytes[16];

	if (inet_pton(AF_INET6, text, bytes) == 1)
		network = memcmp(bytes, v4_in_v6, 12) == 0 ? str_span(bytes + 12, 4)
							   : str_span(bytes, 8);
	else if (inet_pton(AF_INET, text, bytes) == 1)
		network = str_span(bytes, 4);
	char hex[17];

	/* What is no address (a Unix socket's name) counts as one. */
	if (network.ptr == address.ptr)
		network = STR("-");
	hex_format(network.ptr, network.len, hex);
	struct str name = name_of(otp, a, "address", str_of(hex));

	return arena_fmt(a, "%saddress:%.*s", otp->prefix, STR_ARG(name));
}
