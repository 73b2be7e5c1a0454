/* HTTPS to the world: to nobody but the host that is meant, as its authority says, and by
 * no old version. */
#include "http/outbound.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/lib/certificate.h"
#include "tests/lib/peer.h"
#include "tests/lib/test.h"

static struct loop tls_loop;
static struct certificate pair;
static bool is_trusted;

/* In front of libcurl's own: the test's authority stands in for the system's. */
CURL *curl_easy_init(void)
{
	CURL *(*real)(void) = NULL;
	void *symbol = dlsym(RTLD_NEXT, "curl_easy_init");
	CURL *easy;

	memcpy(&real, &symbol, sizeof real);
	easy = real();
	if (is_trusted)
		curl_easy_setopt(easy, CURLOPT_CAINFO, pair.certificate);
	return easy;
}

/* ---- a server for one connection ---- */

struct tls_server {
	int listener;
	SSL_CTX *ctx;
	pthread_t thread;
	bool was_asked;
};

static void *serve(void *arg)
{
	static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	struct tls_server *s = arg;
	int fd = accept(s->listener, NULL, NULL);
	SSL *ssl = SSL_new(s->ctx);
	char request[4096];

	SSL_set_fd(ssl, fd);
	s->was_asked = SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0;
	if (s->was_asked)
		SSL_write(ssl, hello, sizeof hello - 1);
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static unsigned server_start(struct tls_server *s, int version)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	signal(SIGPIPE, SIG_IGN);
	*s = (struct tls_server){ .listener = socket(
					  AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		.ctx = SSL_CTX_new(TLS_server_method()) };
	CHECK_INT(bind(s->listener, (struct sockaddr *)&at, len), 0);
	CHECK_INT(listen(s->listener, 4), 0);
	getsockname(s->listener, (struct sockaddr *)&at, &len);
	SSL_CTX_set_security_level(s->ctx, 0);
	SSL_CTX_set_min_proto_version(s->ctx, version);
	SSL_CTX_set_max_proto_version(s->ctx, version);
	CHECK_INT(SSL_CTX_use_certificate_file(s->ctx, pair.certificate, SSL_FILETYPE_PEM),
		1);
	CHECK_INT(SSL_CTX_use_PrivateKey_file(s->ctx, pair.key, SSL_FILETYPE_PEM), 1);
	pthread_create(&s->thread, NULL, serve, s);
	return ntohs(at.sin_port);
}

static void server_stop(struct tls_server *s)
{
	pthread_join(s->thread, NULL);
	SSL_CTX_free(s->ctx);
	close(s->listener);
}

/* ---- one call ---- */

struct asked {
	struct outbound_call call;
	bool done;
	enum err e;
};

static void on_done(struct outbound_call *c, enum err e)
{
	struct asked *a = container_of(c, struct asked, call);

	a->done = true;
	a->e = e;
}

static void set_flag(void *ctx)
{
	*(bool *)ctx = true;
}

static enum err ask(unsigned port)
{
	struct asked a = { .call = { .method = "GET", .on_done = on_done } };
	struct outbound *out;
	char url[64];
	bool closed = false;

	loop_init(&tls_loop);
	out = outbound_open(&tls_loop, 1);
	snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
	a.call.url = url;
	outbound_send(out, &a.call);
	CHECK(test_until(&tls_loop, &a.done));
	buf_fini(&a.call.answer);
	outbound_close(&out, set_flag, &closed);
	CHECK(test_until(&tls_loop, &closed));
	loop_fini(&tls_loop);
	return a.e;
}

/* What comes of a call to a server with such a certificate. */
static enum err call(const char *names, long good_for_s, bool trusted, int version)
{
	struct tls_server s;
	enum err e;

	certificate_make_until(&pair, names, good_for_s);
	is_trusted = trusted;
	e = ask(server_start(&s, version));
	server_stop(&s);
	CHECK(s.was_asked == (e == ERR_OK)); /* nothing is said to a stranger */
	certificate_remove(&pair);
	return e;
}

TEST(the_host_that_is_meant_is_called)
{
	CHECK_INT(call("IP:127.0.0.1", 3600, true, TLS1_3_VERSION), ERR_OK);
	CHECK_INT(call("IP:127.0.0.1", 3600, true, TLS1_2_VERSION), ERR_OK);
}

TEST(a_certificate_of_another_host_is_refused)
{
	CHECK_INT(call("DNS:other.test", 3600, true, TLS1_2_VERSION), ERR_UNAVAILABLE);
	CHECK_INT(call("IP:127.0.0.2", 3600, true, TLS1_2_VERSION), ERR_UNAVAILABLE);
}

TEST(a_certificate_that_nobody_vouches_for_or_no_more_is_refused)
{
	CHECK_INT(call("IP:127.0.0.1", 3600, false, TLS1_2_VERSION), ERR_UNAVAILABLE);
	CHECK_INT(call("IP:127.0.0.1", -60, true, TLS1_2_VERSION), ERR_UNAVAILABLE);
}

TEST(old_versions_are_refused)
{
	CHECK_INT(call("IP:127.0.0.1", 3600, true, TLS1_1_VERSION), ERR_UNAVAILABLE);
	CHECK_INT(call("IP:127.0.0.1", 3600, true, TLS1_VERSION), ERR_UNAVAILABLE);
}
