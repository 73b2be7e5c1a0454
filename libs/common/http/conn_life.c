/* A connection's birth, its patience, and its death. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/conn.h"
#include "http/crowd.h"
#include "http/tls.h"

static const struct refusal slow_head = { 408, "The head took too long to come" };
static const struct refusal slow_body = { 408, "The body took too long to come" };

/* ---- time ---- */

static bool body_is_slow(const struct conn *c, uint64_t ms)
{
	const struct http_server_options *o = &c->server->o;

	if (ms >= o->body_ms)
		return true;
	return ms >= o->pace_ms && c->x->intake.taken < ms * o->pace_bytes / 1000;
}

/* In every write_ms so much must be taken, or all there is: a byte now and then buys no
 * time. */
static bool write_is_slow(struct conn *c, uint64_t now_ms)
{
	const struct http_server_options *o = &c->server->o;
	uint64_t ms = now_ms - c->moved_ms;
	size_t left = c->sending.len - c->sent;

	if (!left || ms < o->write_ms)
		return false;
	if (c->moved_left - left < ms * o->pace_bytes / 1000)
		return true;
	c->moved_left = left;
	c->moved_ms = now_ms;
	return false;
}

static void check_head_time(struct conn *c, uint64_t ms, uint64_t now_ms)
{
	struct http_server *s = c->server;

	if (c->began) {
		if (ms >= s->o.head_ms)
			conn_refuse(c, &slow_head);
		return;
	}
	if (conn_waiting(c))
		return; /* write_is_slow watches */
	if (ms >= s->o.idle_ms || (s->drain_idle_ms && ms >= s->drain_idle_ms &&
					  now_ms - s->drain_ms >= s->drain_idle_ms)) {
		conn_set_state(c, CONN_LINGER);
		conn_dirty(c);
	}
}

void conn_check_time(struct conn *c, uint64_t now_ms)
{
	uint64_t ms = now_ms - c->since_ms;

	if (write_is_slow(c, now_ms)) {
		conn_close(c);
		return;
	}
	switch (c->state) {
	case CONN_HANDSHAKE:
		if (ms >= c->server->o.handshake_ms)
			conn_close(c);
		break;
	case CONN_HEAD:
		check_head_time(c, ms, now_ms);
		break;
	case CONN_BODY:
		if (body_is_slow(c, ms))
			conn_refuse(c, &slow_body);
		break;
	case CONN_LINGER:
		if (c->shut && ms >= c->server->o.linger_ms)
			conn_close(c);
		break;
	case CONN_SERVING: /* the handler's deadline watches */
		if (c->server->drain_idle_ms && c->server->o.hands_streams_over &&
			stream_end_early(c->x))
			conn_hand_over(c);
		break;
	case CONN_CLOSING:
		break;
	}
}

/* ---- birth and death ---- */

/* Those that the limit is for. */
static unsigned all_connections(const struct http_server *s)
{
	return s->o.crowd ? crowd_total(s->o.crowd) : s->conn_count;
}

static void count(struct http_server *s, int connections)
{
	s->conn_count += (unsigned)connections;
	if (s->o.crowd)
		crowd_add(s->o.crowd, s->o.seat, connections);
}

static void on_closed(struct sock *sock)
{
	struct conn *c = container_of(sock, struct conn, sock);
	struct http_server *s = c->server;

	conn_write_fini(c);
	tls_free(&c->tls);
	s->held -= c->pending.len;
	buf_fini(&c->pending);
	list_del(&c->link);
	count(s, -1);
	if (s->closing)
		loop_defer(s->loop, &s->hook);
	free(c);
}

void conn_close(struct conn *c)
{
	struct http_exchange *x = c->x;
	bool serving = c->state == CONN_SERVING;

	if (c->state == CONN_CLOSING)
		return;
	c->state = CONN_CLOSING;
	list_del(&c->dirty);
	if (c->counted)
		peers_leave(c->server->peers, c->where);
	c->server->unsent -= c->unsent;
	c->unsent = 0;
	sock_close(&c->sock);
	if (!x)
		return;
	conn_let_go(c);
	c->x = NULL;
	x->conn = NULL;
	if (serving)
		task_cancel(&x->task); /* its end releases the exchange */
	else
		exchange_release(x);
}

static void read_peer(struct conn *c)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;

	if (c->server->is_unix) {
		snprintf(c->peer, sizeof c->peer, "unix");
		return;
	}
	if (getpeername(c->sock.fd, (struct sockaddr *)&from, &len) != 0)
		return;
	if (from.ss_family == AF_INET6)
		uv_ip6_name((struct sockaddr_in6 *)&from, c->peer, sizeof c->peer);
	else
		uv_ip4_name((struct sockaddr_in *)&from, c->peer, sizeof c->peer);
}

/* An IPv6 client usually has a whole /64 to itself. */
static const char *peer_key(const struct conn *c, char key[PEER_SIZE])
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, c->peer, &a) != 1 || IN6_IS_ADDR_V4MAPPED(&a))
		return c->peer;
	memset(a.s6_addr + 8, 0, 8);
	return inet_ntop(AF_INET6, &a, key, PEER_SIZE);
}

static bool is_too_many(struct conn *c)
{
	struct http_server *s = c->server;
	char key[PEER_SIZE];

	if (all_connections(s) > s->o.connections_max)
		return true;
	if (!s->peers || (s->o.is_proxy && s->o.is_proxy(s->o.app, str_of(c->peer))))
		return false;
	c->counted = peers_enter(s->peers, peer_key(c, key), server_now_ms(s), &c->where);
	return !c->counted;
}

static struct conn *conn_new(struct http_server *s)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c)
		abort();
	c->server = s;
	list_init(&c->dirty);
	list_push(&s->conns, &c->link);
	count(s, 1);
	conn_set_state(c, CONN_HEAD);
	conn_await_head(c);
	if (s->o.tls) {
		conn_set_state(c, CONN_HANDSHAKE);
		c->tls = tls_new(s->o.tls);
	}
	return c;
}

void conn_adopt(struct http_server *s, int fd)
{
	static const struct sock_events events = { conn_on_readable, conn_on_writable, NULL,
		on_closed };
	struct conn *c = conn_new(s);
	int yes = 1;

	sock_open(&c->sock, s->loop, fd, &events);
	read_peer(c);
	if (is_too_many(c)) {
		log_info("connection-refused", L_Z("peer", c->peer));
		conn_close(c);
		return;
	}
	if (!s->is_unix)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	conn_settle_reading(c);
}
