#include "stripe_signature.h"

#include "base/buf.h"
#include "base/id.h"
#include "secure/secret.h"

#define MAC_SIZE 32
#define HEX_SIZE (2 * MAC_SIZE)

/* What a header says; the digests are its v1 parts that have the right shape. */
struct parts {
	struct str t;
	int64_t t_s;
	struct str digest[STRIPE_SIGNATURE_PARTS];
	size_t digests;
};

/* Digits only, and few enough that it is a time. */
static bool read_time(struct parts *p, struct str value)
{
	uint64_t s;

	if (p->t.ptr || value.len > 12 || !str_u64(value, &s))
		return false;
	p->t = value;
	p->t_s = (int64_t)s;
	return true;
}

static bool read_parts(struct str header, struct parts *p)
{
	struct str rest = header, part;
	size_t n = 0;

	if (header.len > STRIPE_SIGNATURE_MAX)
		return false;
	while (str_cut(&rest, ',', &part)) {
		if (++n > STRIPE_SIGNATURE_PARTS)
			return false;
		if (str_starts(part, STR("t=")) && !read_time(p, str_from(part, 2)))
			return false;
		if (str_starts(part, STR("v1=")) && part.len == 3 + HEX_SIZE)
			p->digest[p->digests++] = str_from(part, 3);
	}
	return p->t.ptr && p->digests > 0;
}

static bool matches(const struct parts *p, struct str signed_text, const char *secret)
{
	uint8_t mac[MAC_SIZE];
	char hex[HEX_SIZE + 1];
	bool found = false;

	hmac_sha256(str_of(secret), signed_text, mac);
	hex_format(mac, sizeof mac, hex);
	for (size_t i = 0; i < p->digests; i++)
		found |= secret_eq(p->digest[i], str_span(hex, HEX_SIZE));
	return found;
}

enum stripe_signature stripe_signature_check(
	struct str header, struct str body, const char *const *secrets, int64_t now_s)
{
	struct parts p = { .digests = 0 };
	struct buf signed_text = { 0 };
	bool good = false;

	if (!read_parts(header, &p))
		return SIGNATURE_MALFORMED;
	if (p.t_s < now_s - STRIPE_TOLERANCE_S || p.t_s > now_s + STRIPE_TOLERANCE_S)
		return SIGNATURE_OLD;
	buf_add_str(&signed_text, p.t);
	buf_add_char(&signed_text, '.');
	buf_add_str(&signed_text, body);
	for (; *secrets; secrets++) {
		if (**secrets)
			good |= matches(&p, buf_str(&signed_text), *secrets);
	}
	buf_fini(&signed_text);
	return good ? SIGNATURE_GOOD : SIGNATURE_WRONG;
}

const char *stripe_signature_name(enum stripe_signature s)
{
	switch (s) {
	case SIGNATURE_GOOD:
		return "good";
	case SIGNATURE_MALFORMED:
		return "malformed";
	case SIGNATURE_OLD:
		return "old";
	case SIGNATURE_WRONG:
		return "wrong";
	}
	return "unknown";
}
