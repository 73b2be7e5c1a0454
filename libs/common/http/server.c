#include "http/server.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/conn.h"
#include "http/crowd.h"
#include "http/listen.h"
#include "http/peers.h"

#define TICK_MAX_MS 250
#define AHEAD_MAX   4 /* connections, of other processes */

/* ---- options ---- */

static void default_to(unsigned *option, unsigned value)
{
	if (*option == 0)
		*option = value;
}

static void default_size(size_t *option, size_t value)
{
	if (*option == 0)
		*option = value;
}

static void fill_in(struct http_server_options *o)
{
	default_size(&o->body_max, 256u << 10);
	default_size(&o->memory_max, 64u << 20);
	default_size(&o->waiting_max, 256u << 10);
	default_size(&o->head.line, HEAD_LINE_MAX);
	default_size(&o->head.head, HEAD_MAX);
	default_to(&o->head.fields, HEAD_FIELDS_MAX);
	default_to(&o->connections_max, 10000);
	default_to(&o->requests_max, 10000);
	default_to(&o->idle_ms, 60000);
	default_to(&o->head_ms, 10000);
	default_to(&o->handshake_ms, 10000);
	default_to(&o->body_ms, 60000);
	default_to(&o->pace_ms, 5000);
	default_to(&o->pace_bytes, 1024);
	default_to(&o->write_ms, 30000);
	default_to(&o->linger_ms, 1000);
}

/* Fine enough for the shortest of them. */
static unsigned tick_ms(const struct http_server_options *o)
{
	const unsigned waits[] = { o->idle_ms, o->handshake_ms, o->head_ms, o->body_ms,
		o->pace_ms, o->write_ms, o->linger_ms };
	unsigned least = 4 * TICK_MAX_MS;

	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		if (waits[i] < least)
			least = waits[i];
	}
	return least < 8 ? 2 : least / 4;
}

/* ---- the tick: runs while there are connections ---- */

static void on_tick(struct timer *tick)
{
	struct http_server *s = container_of(tick, struct http_server, tick);
	uint64_t now_ms = server_now_ms(s);

	LIST_EACH (&s->conns, link)
		conn_check_time(container_of(link, struct conn, link), now_ms);
	if (s->conn_count == 0)
		timer_stop(&s->tick);
}

static void watch_time(struct http_server *s)
{
	if (!timer_is_running(&s->tick))
		timer_start(&s->tick, tick_ms(&s->o), tick_ms(&s->o));
}

/* Who has more than the others takes one at a time; who has many more waits for them. */
static enum acceptor_next on_connection(struct acceptor *a, int fd)
{
	struct http_server *s = container_of(a, struct http_server, acceptor);
	int ahead;

	conn_adopt(s, fd);
	watch_time(s);
	ahead = s->o.crowd ? crowd_ahead(s->o.crowd, s->o.seat) : 0;
	if (ahead <= 0)
		return ACCEPT_MORE;
	return ahead < AHEAD_MAX ? ACCEPT_LATER : ACCEPT_AFTER_REST;
}

/* ---- opening ---- */

static void on_acceptor_closed(struct acceptor *a)
{
	struct http_server *s = container_of(a, struct http_server, acceptor);

	s->handles--;
	if (s->closing)
		loop_defer(s->loop, &s->hook);
}

/* Inherited by what is accepted. A client that is no longer there answers nothing, not even
 * that it takes what was sent: the kernel knows, we do not. */
static void limit_silence(const struct http_server *s, int fd)
{
	if (!s->is_unix)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &s->o.write_ms,
			sizeof s->o.write_ms);
}

/* Takes a socket that listens already, or opens one. */
static int start_listening(struct http_server *s)
{
	int fd = s->o.fd, rc;

	s->is_unix = listen_is_unix(s->o.listen);
	s->owns_address = fd <= 0;
	if (s->owns_address)
		fd = listen_open(s->o.listen, false);
	if (fd < 0)
		return fd;
	limit_silence(s, fd);
	s->acceptor.on_connection = on_connection;
	s->acceptor.on_closed = on_acceptor_closed;
	s->acceptor.fd_max = (int)s->o.descriptors_max;
	rc = acceptor_open(&s->acceptor, s->loop, fd);
	s->listening = rc == 0;
	s->handles += s->listening;
	return rc;
}

static void prepare_tls(struct http_server *s)
{
	if (!s->o.tls)
		return;
	s->plain_buffer = malloc(READ_BUFFER_SIZE);
	if (!s->plain_buffer)
		abort();
	if (!s->o.hsts_s)
		return;
	snprintf(s->hsts_line, sizeof s->hsts_line,
		"\r\nStrict-Transport-Security: max-age=%u", s->o.hsts_s);
	s->hsts = str_of(s->hsts_line);
}

static void on_hook(struct loop_hook *hook);

enum err http_server_open(
	struct loop *loop, const struct http_server_options *o, struct http_server **out)
{
	struct http_server *s = calloc(1, sizeof *s);
	int rc;

	if (!s || !intake_self_test())
		abort();
	s->o = *o;
	fill_in(&s->o);
	s->loop = loop;
	s->hook.run = on_hook;
	list_init(&s->conns);
	list_init(&s->dirty);
	list_init(&s->spare_exchanges);
	s->read_buffer = malloc(READ_BUFFER_SIZE);
	if (!s->read_buffer)
		abort();
	prepare_tls(s);
	if (o->per_address_max || o->per_address_rate)
		s->peers = peers_new(o->crowd ? crowd_peers(o->crowd) : NULL, o->seat,
			o->per_address_max, o->per_address_rate);
	timer_open(loop, &s->tick, on_tick);
	s->handles++;
	rc = start_listening(s);
	if (rc == 0) {
		*out = s;
		return ERR_OK;
	}
	log_error("listen-failed", L_Z("address", o->listen), L_Z("why", uv_err_name(rc)));
	http_server_close(&s, NULL, NULL);
	return ERR_UNAVAILABLE;
}

/* ---- asking ---- */

unsigned http_server_port(const struct http_server *s)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	if (s->is_unix || !s->listening ||
		getsockname(s->acceptor.fd, (struct sockaddr *)&at, &len) != 0)
		return 0;
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

unsigned http_server_in_hand(const struct http_server *s)
{
	unsigned busy = 0;

	LIST_EACH (&s->conns, link) {
		const struct conn *c = container_of(link, struct conn, link);

		if (c->state != CONN_CLOSING && (c->x || conn_waiting(c)))
			busy++;
	}
	return busy;
}

unsigned http_server_connections(const struct http_server *s)
{
	return s->conn_count;
}

size_t http_server_held(const struct http_server *s)
{
	return s->held;
}

size_t http_server_unsent(const struct http_server *s)
{
	return s->unsent;
}

unsigned http_server_requests(const struct http_server *s)
{
	return s->exchange_count;
}

uint64_t http_server_refused(const struct http_server *s)
{
	return s->refused;
}

/* ---- closing ---- */

static void free_server(struct http_server *s)
{
	while (s->spare_count)
		exchange_free_spare(s);
	while (s->spare_out_count)
		buf_fini(&s->spare_out[--s->spare_out_count]);
	peers_free(&s->peers);
	free(s->route_times);
	free(s->read_buffer);
	free(s->plain_buffer);
	if (s->closed)
		s->closed(s->closed_ctx);
	free(s);
}

/* The end of a turn: answers are written; the last thing to go takes the server along. */
static void on_hook(struct loop_hook *hook)
{
	struct http_server *s = container_of(hook, struct http_server, hook);

	conn_flush_all(s);
	if (s->closing && s->handles == 0 && s->conn_count == 0 && s->exchange_count == 0)
		free_server(s);
}

static void on_tick_closed(struct timer *tick)
{
	struct http_server *s = container_of(tick, struct http_server, tick);

	s->handles--;
	loop_defer(s->loop, &s->hook);
}

static void stop_listening(struct http_server *s)
{
	if (!s->listening)
		return;
	s->listening = false;
	if (s->owns_address)
		listen_forget(s->o.listen);
	acceptor_close(&s->acceptor);
}

void http_server_yield(struct http_server *s)
{
	if (s->listening)
		listen_yield(s->acceptor.fd);
}

void http_server_keep_no_more(struct http_server *s)
{
	s->draining = true;
}

void http_server_drain(struct http_server *s, bool is_last, unsigned idle_ms)
{
	http_server_keep_no_more(s);
	s->drain_ms = server_now_ms(s);
	s->drain_idle_ms = idle_ms;
	/* If nobody else has the socket open, closing it would turn away who waits. */
	if (is_last && s->listening)
		acceptor_empty(&s->acceptor);
	stop_listening(s);
}

void http_server_close(struct http_server **server, void (*cb)(void *ctx), void *ctx)
{
	struct http_server *s = *server;

	*server = NULL;
	s->closing = true;
	s->closed = cb;
	s->closed_ctx = ctx;
	stop_listening(s);
	timer_close(&s->tick, on_tick_closed);
	LIST_EACH (&s->conns, link)
		conn_close(container_of(link, struct conn, link));
}
