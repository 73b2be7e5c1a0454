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

static outcome_t serve_ok(struct task *t)
{
	return reply_bytes(t, 200, STR("text/plain"), STR("ok"));
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

/* ---- a server by TLS and one client, through the handshake ---- */

struct secured {
	struct web w;
	struct client c;
	struct certificate pair;
	struct tls_context *context;
	SSL_CTX *ctx;
	SSL *ssl;
};

static void secured_open(struct secured *s)
{
	struct buf problems = { 0 };

	certificate_make(&s->pair, "DNS:a.test");
	s->context = tls_context_new(s->pair.certificate, s->pair.key, &problems);
	CHECK(s->context != NULL);
	buf_fini(&problems);
	log_least = LOG_ERROR + 1;
	signal(SIGPIPE, SIG_IGN);
	s->w.o.tls = s->context;
	web_open(&s->w);
	client_open(&s->c, &s->w);
	s->ctx = SSL_CTX_new(TLS_client_method());
	s->ssl = SSL_new(s->ctx);
	fcntl(s->c.fd, F_SETFL, O_NONBLOCK);
	SSL_set_fd(s->ssl, s->c.fd);
	SSL_set_connect_state(s->ssl);
}

static void secured_close(struct secured *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	client_close(&s->c);
	web_close(&s->w);
	tls_context_free(&s->context);
	certificate_remove(&s->pair);
}

/* Until the server's end of the connection is gone. */
#define CHECK_LET_GO(s)                                                                    \
	TURN_UNTIL(&(s)->w.app.loop, http_server_connections((s)->w.server) == 0)

TEST(a_handshake_that_trickles_is_not_waited_for)
{
	/* The head of a record of 512 bytes, which then come one by one. */
	static const char begin[] = { 22, 3, 1, 2, 0 };
	struct secured s = { .w.o = { .serve = serve_ok, .handshake_ms = 60 } };

	secured_open(&s);
	client_say(&s.c, str_span(begin, sizeof begin));
	TURN_UNTIL(&s.w.app.loop,
		(SAY(&s.c, "\1"), usleep(1000), http_server_connections(s.w.server) == 0));
	secured_close(&s);
}

TEST(a_handshake_that_stops_half_way_is_not_waited_for)
{
	struct secured s = { .w.o = { .serve = serve_ok, .handshake_ms = 60 } };

	secured_open(&s);
	SSL_do_handshake(s.ssl); /* and says nothing to the answer */
	CHECK_LET_GO(&s);
	secured_close(&s);
}

TEST(a_client_that_says_nothing_after_the_handshake_is_let_go)
{
	struct secured s = { .w.o = { .serve = serve_ok,
				     .handshake_ms = 60000,
				     .idle_ms = 40,
				     .linger_ms = 40 } };

	secured_open(&s);
	CHECK(shakes(s.ssl, &s.w));
	CHECK_LET_GO(&s); /* without a word of the client's, to close_notify neither */
	secured_close(&s);
}

TEST(a_client_that_says_everything_but_goodbye_is_let_go)
{
	static const char ask[] =
		"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
	struct secured s = { .w.o = { .serve = serve_ok, .linger_ms = 60 } };

	secured_open(&s);
	CHECK(shakes(s.ssl, &s.w));
	CHECK_INT(SSL_write(s.ssl, ask, sizeof ask - 1), sizeof ask - 1);
	TURN_UNTIL(&s.w.app.loop, (SSL_write(s.ssl, "x", 1), usleep(1000),
					  http_server_connections(s.w.server) == 0));
	secured_close(&s);
}

TEST(plain_text_is_no_handshake)
{
	struct secured s = { .w.o = { .serve = serve_ok } };

	secured_open(&s);
	SAY(&s.c, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
	client_sees_end(&s.c);
	CHECK(!s.c.got.len || !memmem(s.c.got.ptr, s.c.got.len, "HTTP", 4));
	CHECK_LET_GO(&s);
	secured_close(&s);
}

/* Each costs us as much as a hundred times its bytes do otherwise, and nobody needs many.
 */
TEST(a_client_that_changes_its_keys_again_and_again_is_left)
{
	static const char ask[] = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
	struct secured s = { .w.o.serve = serve_never };
	uv_os_fd_t fd;

	secured_open(&s);
	keep_little(s.c.fd, SO_RCVBUF);
	CHECK(shakes(s.ssl, &s.w));
	CHECK_INT(SSL_write(s.ssl, ask, sizeof ask - 1), sizeof ask - 1);
	turn_for_ms(&s.w.app.loop, 20);
	fd = only_conn(&s.w)->sock.fd;
	keep_little(fd, SO_SNDBUF);
	send_updates(s.ssl, &s.w, TLS_KEY_UPDATES_MAX);
	turn_for_ms(&s.w.app.loop, 20);
	CHECK_INT(http_server_connections(s.w.server), 1);
	send_updates(s.ssl, &s.w, UPDATES);
	CHECK_LET_GO(&s);
	secured_close(&s);
}
