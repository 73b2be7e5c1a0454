// covers: services/billing/stripe_signature.c
// needs: services/billing/stripe_signature.c
/*
 * The Stripe-Signature header. Input: the header, a newline, the body. Nothing that was not
 * signed is ever good, and more parts behind a good signature change nothing but to spoil
 * it.
 */
#include <assert.h>

#include "../../services/billing/stripe_signature.h"

#include "base/buf.h"
#include "base/id.h"
#include "secure/secret.h"

#define NOW 1700000000

static const char *const secrets[] = { "whsec_fuzz", "", NULL };

/* A header that signs the body, with `more` after it. */
static void sign(struct buf *out, struct str body, struct str more)
{
	struct buf text = { 0 };
	uint8_t mac[32];
	char hex[65];

	buf_addf(&text, "%d.", NOW);
	buf_add_str(&text, body);
	hmac_sha256(STR("whsec_fuzz"), buf_str(&text), mac);
	hex_format(mac, sizeof mac, hex);
	buf_addf(out, "t=%d,v1=%s,", NOW, hex);
	buf_add_str(out, more);
	buf_fini(&text);
}

/* More parts may take a good header away (a second time, too many), never change its
 * meaning. */
static void check_more(struct str body, struct str more)
{
	struct buf header = { 0 };
	enum stripe_signature s;

	sign(&header, body, more);
	s = stripe_signature_check(buf_str(&header), body, secrets, NOW);
	assert(s == SIGNATURE_GOOD || s == SIGNATURE_MALFORMED);
	s = stripe_signature_check(buf_str(&header), body, secrets, NOW + 301);
	assert(s == SIGNATURE_OLD || s == SIGNATURE_MALFORMED);
	buf_fini(&header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = str_span((const char *)data, size);
	size_t line = str_find(input, '\n');
	struct str header = str_span(input.ptr, line), body = str_from(input, line + 1);
	enum stripe_signature s = stripe_signature_check(header, body, secrets, NOW);

	/* A MAC under this secret does not turn up by chance. */
	assert(s != SIGNATURE_GOOD);
	assert(*stripe_signature_name(s));
	check_more(body, header);
	return 0;
}
