#include "http/tls.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "secure/secret.h"

#define TICKET_LIFE_S 43200

static const char ciphers_1_2[] =
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char ciphers_1_3[] =
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char groups[] = "X25519:P-256:P-384";

/* ---- tickets ---- */

static bool set_ticket_key(const struct ticket_key *k, const uint8_t *iv, EVP_CIPHER_CTX *c,
	EVP_MAC_CTX *m, int seal)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
					(void *)(uintptr_t)k->mac, sizeof k->mac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end() };

	return EVP_MAC_CTX_set_params(m, params) &&
	       EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, k->cipher, iv, seal);
}

/* By 1.3 a client shows a ticket once, lest it be followed (RFC 8446 C.4). */
static bool wants_another(SSL *ssl, int age)
{
	return age > 0 || SSL_version(ssl) == TLS1_3_VERSION;
}

/* 0: the ticket is not ours; 1: it is; 2: it is, and a new one should be given. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *c,
	EVP_MAC_CTX *m, int seal)
{
	struct tls_context *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const struct ticket_key *keys;
	int count;

	if (!t->ring)
		return 0;
	tickets_turn(t->ring, clock_wall_s());
	keys = tickets_keys(t->ring, SSL_version(ssl) == TLS1_3_VERSION, &count);
	if (seal) {
		memcpy(name, keys[0].name, sizeof keys[0].name);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
			return -1;
		return set_ticket_key(&keys[0], iv, c, m, seal) ? 1 : -1;
	}
	for (int i = 0; i < count; i++) {
		if (memcmp(name, keys[i].name, sizeof keys[i].name) == 0)
			return set_ticket_key(&keys[i], iv, c, m, seal)
				       ? 1 + wants_another(ssl, i)
				       : -1;
	}
	return 0;
}

void tls_context_share(struct tls_context *t, struct ticket_ring *ring)
{
	t->ring = ring;
}

/* ---- names and protocols ---- */

static int on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_context *t = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (unsigned i = 0; name && i < t->count; i++) {
		if (X509_check_host(
			    SSL_CTX_get0_certificate(t->ctx[i]), name, 0, 0, NULL) == 1) {
			SSL_set_SSL_CTX(ssl, t->ctx[i]);
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- one certificate ---- */

static bool set_rules(struct tls_context *t, SSL_CTX *ctx)
{
	SSL_CTX_set_app_data(ctx, t);
	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, TICKET_LIFE_S);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, t);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) &&
	       SSL_CTX_set_cipher_list(ctx, ciphers_1_2) &&
	       SSL_CTX_set_ciphersuites(ctx, ciphers_1_3) &&
	       SSL_CTX_set1_groups_list(ctx, groups);
}

static const char *why_not(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return why ? why : "cannot be read";
}

static const char *load(SSL_CTX *ctx, const char *certificate, const char *key)
{
	struct stat st;

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		return why_not();
	if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(ctx))) < 0)
		return "has expired";
	if (stat(key, &st) == 0 && (st.st_mode & 07))
		return "its key can be read by everyone";
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return why_not();
	return SSL_CTX_check_private_key(ctx) == 1 ? NULL : why_not();
}

static bool add(
	struct tls_context *t, struct str certificate, struct str key, struct buf *problems)
{
	char certificate_path[4096], key_path[4096];
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	const char *why;

	if (!ctx || !set_rules(t, ctx))
		abort();
	t->ctx[t->count++] = ctx;
	snprintf(certificate_path, sizeof certificate_path, "%.*s", STR_ARG(certificate));
	snprintf(key_path, sizeof key_path, "%.*s", STR_ARG(key));
	why = load(ctx, certificate_path, key_path);
	if (why)
		buf_addf(problems, "GATEWAY_TLS_CERT: \"%s\" with \"%s\": %s\n",
			certificate_path, key_path, why);
	return !why;
}

struct tls_context *tls_context_new(
	const char *certificates, const char *keys, struct buf *problems)
{
	struct tls_context *t = calloc(1, sizeof *t);
	struct str more_certificates = str_of(certificates), more_keys = str_of(keys),
		   certificate, key;
	bool ok = true;

	if (!t)
		abort();
	while (str_cut(&more_certificates, ',', &certificate) && t->count < TLS_NAMES_MAX) {
		if (!str_cut(&more_keys, ',', &key)) {
			buf_addf(problems, "GATEWAY_TLS_KEY: fewer than certificates\n");
			ok = false;
			break;
		}
		ok = add(t, str_trim(certificate), str_trim(key), problems) && ok;
	}
	if (!ok)
		tls_context_free(&t);
	return t;
}

void tls_context_free(struct tls_context **tp)
{
	struct tls_context *t = *tp;

	if (!t)
		return;
	*tp = NULL;
	while (t->count)
		SSL_CTX_free(t->ctx[--t->count]);
	free(t);
}
