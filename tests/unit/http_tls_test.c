/* A server by TLS, and a client that means harm. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

#include "http/conn.h"
#include "http/tls.h"
#include "tests/lib/certificate.h"
#include "tests/lib/test.h"
#include "tests/lib/web.h"

#define UPDATES 2000

static outcome_t left(struct task *t, enum err e)
{
	(void)e;
	return reply_error(t, ERR_CANCELED);
}

static void on_left(struct task *t, void *ctx)
{
	(void)ctx;
	task_wake_soon(t, ERR_CANCELED);
}

/* Until the client leaves. */
static outcome_t serve_never(struct task *t)
{
	task_on_cancel(t, on_left, NULL);
	return task_wait(t, left);
}

static bool shakes(SSL *ssl, struct web *w)
{
	for (int i = 0; i < 100; i++) {
		if (SSL_do_handshake(ssl) == 1)
			return true;
		for (int n = 0; n < 10; n++)
			turn_once(&w->app.loop);
	}
	return false;
}

static struct conn *only_conn(const struct web *w)
{
	return container_of(w->server->conns.next, struct conn, link);
}

/* What the kernel keeps should be little. */
static void keep_little(int fd, int which)
{
	const int least = 2048;

	setsockopt(fd, SOL_SOCKET, which, &least, sizeof least);
}

/* Keys are asked to be changed, and the answers not read. */
static void send_updates(SSL *ssl, struct web *w, int n)
{
	for (int i = 0; i < n; i++) {
		SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
		if (!shakes(ssl, w))
			return;
		if (i % 100 == 0)
			turn_once(&w->app.loop);
	}
}

/* Each costs us as much as a hundred times its bytes do otherwise, and nobody needs many.
 */
TEST(a_client_that_changes_its_keys_again_and_again_is_left)
{
	static const char ask[] = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
	struct certificate pair;
	struct buf problems = { 0 };
	struct tls_context *context;
	struct web w = { .o = { .serve = serve_never } };
	struct client c;
	uv_os_fd_t fd;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);

	signal(SIGPIPE, SIG_IGN);
	certificate_make(&pair, "DNS:a.test");
	context = tls_context_new(pair.certificate, pair.key, &problems);
	CHECK(context != NULL);
	w.o.tls = context;
	web_open(&w);
	client_open(&c, &w);
	keep_little(c.fd, SO_RCVBUF);
	fcntl(c.fd, F_SETFL, O_NONBLOCK);
	SSL_set_fd(ssl, c.fd);
	SSL_set_connect_state(ssl);
	CHECK(shakes(ssl, &w));
	CHECK_INT(SSL_write(ssl, ask, sizeof ask - 1), sizeof ask - 1);
	turn_for_ms(&w.app.loop, 20);
	fd = only_conn(&w)->sock.fd;
	keep_little(fd, SO_SNDBUF);
	send_updates(ssl, &w, TLS_KEY_UPDATES_MAX);
	turn_for_ms(&w.app.loop, 20);
	CHECK_INT(http_server_connections(w.server), 1);
	send_updates(ssl, &w, UPDATES);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	client_close(&c);
	web_close(&w);
	tls_context_free(&context);
	certificate_remove(&pair);
	buf_fini(&problems);
}
