#include "data/redis_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void note(char *why, const char *what, int number)
{
	snprintf(why, REDIS_WHY_SIZE, "%s: %s", what, strerror(number));
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct redis_link *l = container_of(poll, struct redis_link, poll);

	/* An error is found again, with its name, by whoever reads. */
	l->ready(l, status < 0 ? UV_READABLE | UV_WRITABLE : events);
}

static void await(struct redis_link *l, int events)
{
	if (l->events != events)
		uv_poll_start(&l->poll, events, on_poll);
	l->events = events;
}

void redis_link_await(struct redis_link *l, bool bytes_left)
{
	bool write = l->ssl ? l->write_first : bytes_left;

	await(l, write ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static int dial(const struct sockaddr *to, socklen_t len, char *why)
{
	const int on = 1;
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		note(why, "socket", errno);
		return -1;
	}
	if (to->sa_family != AF_UNIX) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
	if (connect(fd, to, len) == 0 || errno == EINPROGRESS)
		return fd;
	note(why, "connect", errno);
	close(fd);
	return -1;
}

struct redis_link *redis_link_dial(struct loop *loop, const struct sockaddr *to,
	socklen_t len, void (*ready)(struct redis_link *l, int events), void *owner,
	char *why)
{
	int fd = dial(to, len, why);
	struct redis_link *l;

	if (fd < 0)
		return NULL;
	l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->fd = fd;
	l->ready = ready;
	l->owner = owner;
	uv_poll_init(&loop->uv, &l->poll, fd);
	await(l, UV_WRITABLE);
	return l;
}

bool redis_link_is_up(struct redis_link *l)
{
	int failed = 0;
	socklen_t size = sizeof failed;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0)
		failed = errno;
	if (failed)
		note(l->why, "connect", failed);
	return failed == 0;
}

void redis_link_secure(struct redis_link *l, SSL_CTX *tls, const char *host)
{
	struct in6_addr ignored;
	bool is_address = inet_pton(AF_INET, host, &ignored) == 1 ||
			  inet_pton(AF_INET6, host, &ignored) == 1;
	X509_VERIFY_PARAM *expect;

	l->ssl = SSL_new(tls);
	if (!l->ssl)
		abort();
	expect = SSL_get0_param(l->ssl);
	if (is_address) {
		X509_VERIFY_PARAM_set1_ip_asc(expect, host);
	} else {
		X509_VERIFY_PARAM_set1_host(expect, host, 0);
		SSL_set_tlsext_host_name(l->ssl, host);
	}
	SSL_set_fd(l->ssl, l->fd);
	SSL_set_connect_state(l->ssl);
}

static void note_tls(struct redis_link *l, int ssl_error)
{
	long refused = SSL_get_verify_result(l->ssl);
	unsigned long code = ERR_peek_error();

	if (refused != X509_V_OK)
		snprintf(l->why, sizeof l->why, "certificate: %s",
			X509_verify_cert_error_string(refused));
	else if (ssl_error == SSL_ERROR_ZERO_RETURN || code == 0)
		snprintf(l->why, sizeof l->why, "closed by the server");
	else
		snprintf(l->why, sizeof l->why, "tls: %s", ERR_reason_error_string(code));
}

/* What SSL_read or SSL_write returned, as a count. */
static ssize_t tls_count(struct redis_link *l, int n)
{
	int e;

	if (n > 0)
		return n;
	e = SSL_get_error(l->ssl, n);
	if (e == SSL_ERROR_WANT_READ)
		return 0;
	if (e == SSL_ERROR_WANT_WRITE) {
		l->write_first = true;
		return 0;
	}
	note_tls(l, e);
	return -1;
}

static int int_size(size_t n)
{
	return n < 1 << 30 ? (int)n : 1 << 30;
}

ssize_t redis_link_read(struct redis_link *l, char *into, size_t size)
{
	ssize_t n;

	if (l->ssl) {
		l->write_first = false;
		ERR_clear_error();
		return tls_count(l, SSL_read(l->ssl, into, int_size(size)));
	}
	n = recv(l->fd, into, size, 0);
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		note(l->why, "read", errno);
	else
		snprintf(l->why, sizeof l->why, "closed by the server");
	return -1;
}

ssize_t redis_link_write(struct redis_link *l, struct str bytes)
{
	ssize_t n;

	if (l->ssl) {
		l->write_first = false;
		ERR_clear_error();
		return tls_count(l, SSL_write(l->ssl, bytes.ptr, int_size(bytes.len)));
	}
	n = send(l->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	note(l->why, "write", errno);
	return -1;
}

static void on_closed(uv_handle_t *h)
{
	free(container_of((uv_poll_t *)h, struct redis_link, poll));
}

void redis_link_free(struct redis_link **link)
{
	struct redis_link *l = *link;

	*link = NULL;
	if (!l)
		return;
	uv_close((uv_handle_t *)&l->poll, on_closed);
	SSL_free(l->ssl);
	close(l->fd);
}

SSL_CTX *redis_tls_new(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (!tls)
		abort();
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_verify_paths(tls);
	SSL_CTX_set_mode(
		tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return tls;
}
