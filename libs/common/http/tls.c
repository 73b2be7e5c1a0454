#include "http/tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the ends of OpenSSL's pipe ---- */

static int take(BIO *bio, char *into, int room)
{
	struct tls *t = BIO_get_data(bio);
	size_t n = t->in.len < (size_t)room ? t->in.len : (size_t)room;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(into, t->in.ptr, n);
	t->in = str_from(t->in, n);
	return (int)n;
}

static int put(BIO *bio, const char *bytes, int len)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	buf_add(&t->out, bytes, (size_t)len);
	return len;
}

static long control(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

/* Made once, for as long as the process lives. */
static BIO_METHOD *method(void)
{
	static BIO_METHOD *m;

	if (m)
		return m;
	m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers");
	if (!m || !BIO_meth_set_read(m, take) || !BIO_meth_set_write(m, put) ||
		!BIO_meth_set_ctrl(m, control))
		abort();
	return m;
}

/* The rest of what came is not looked at. */
static void on_message(int writes, int version, int type, const void *bytes, size_t len,
	SSL *ssl, void *arg)
{
	struct tls *t = arg;

	(void)version;
	(void)ssl;
	if (writes || type != SSL3_RT_HANDSHAKE || len == 0 ||
		*(const uint8_t *)bytes != SSL3_MT_KEY_UPDATE ||
		++t->key_updates <= TLS_KEY_UPDATES_MAX)
		return;
	t->overdone = true;
	t->in = STR_NONE;
}

/* ---- one connection ---- */

struct tls *tls_new(struct tls_context *context)
{
	struct tls *t = calloc(1, sizeof *t);
	BIO *bio = BIO_new(method());

	if (!t || !bio)
		abort();
	t->ssl = SSL_new(context->ctx[0]);
	if (!t->ssl)
		abort();
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_accept_state(t->ssl);
	SSL_set_msg_callback(t->ssl, on_message);
	SSL_set_msg_callback_arg(t->ssl, t);
	return t;
}

void tls_free(struct tls **tp)
{
	struct tls *t = *tp;

	if (!t)
		return;
	*tp = NULL;
	SSL_free(t->ssl);
	buf_fini(&t->out);
	free(t);
}

void tls_give(struct tls *t, struct str bytes)
{
	t->in = bytes;
}

int tls_read(struct tls *t, char *into, size_t room)
{
	int n;

	ERR_clear_error();
	n = SSL_read(t->ssl, into, (int)room);
	if (t->overdone)
		return TLS_BROKEN;
	if (n > 0)
		return n;
	switch (SSL_get_error(t->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_END;
	default:
		return TLS_BROKEN;
	}
}

bool tls_is_established(const struct tls *t)
{
	return SSL_is_init_finished(t->ssl);
}

bool tls_write(struct tls *t, struct str plain)
{
	size_t written;

	ERR_clear_error();
	return SSL_write_ex(t->ssl, plain.ptr, plain.len, &written) == 1;
}

void tls_end(struct tls *t)
{
	if (t->ended)
		return;
	t->ended = true;
	ERR_clear_error();
	if (tls_is_established(t))
		SSL_shutdown(t->ssl);
}

bool tls_covers(const struct tls *t, struct str host)
{
	const char *asked = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
	struct str name = host;

	if (!asked)
		return true;
	while (name.len && name.ptr[name.len - 1] >= '0' && name.ptr[name.len - 1] <= '9')
		name.len--;
	name.len = name.len && name.ptr[name.len - 1] == ':' ? name.len - 1 : host.len;
	return str_eq_nocase(name, str_of(asked)) ||
	       (name.len && X509_check_host(SSL_get_certificate(t->ssl), name.ptr, name.len,
				    0, NULL) == 1);
}
