#include "refresh_token.h"

#include "base/id.h"
#include "secure/secret.h"

static struct str secret_of(const struct refresh_token *r)
{
	return str_span((const char *)r->secret, sizeof r->secret);
}

void refresh_token_new(struct refresh_token *r)
{
	random_bytes(r->secret, sizeof r->secret);
	sha256(secret_of(r), r->digest);
}

struct str refresh_token_text(const struct refresh_token *r, struct arena *a)
{
	return base64url_encode(a, secret_of(r));
}

bool refresh_token_parse(struct str text, struct arena *a, struct refresh_token *out)
{
	struct str bytes;

	if (!base64url_decode(a, text, &bytes) || bytes.len != REFRESH_SIZE)
		return false;
	memcpy(out->secret, bytes.ptr, REFRESH_SIZE);
	sha256(secret_of(out), out->digest);
	return true;
}

/* A one-time pad: the token is used once, and its successor alone is ever sealed under it.
 */
void refresh_token_seal(const struct refresh_token *under, const uint8_t in[REFRESH_SIZE],
	uint8_t out[REFRESH_SIZE])
{
	uint8_t pad[32];

	hmac_sha256(secret_of(under), STR("successor"), pad);
	for (size_t i = 0; i < REFRESH_SIZE; i++)
		out[i] = in[i] ^ pad[i];
	explicit_bzero(pad, sizeof pad);
}
