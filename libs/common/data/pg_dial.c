#include "data/pg_dial.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/buf.h"

#define ADDRESSES_MAX 32
#define LOOKUP_MS     5000 /* for all names together */

/* ---- an attempt ---- */

struct address {
	const struct pg_host *host;
	char numeric[INET6_ADDRSTRLEN + 20]; /* with a scope; "" for a path */
};

/* A look-up cannot be taken back once a thread works at it: it outlives an impatient
 * dial. */
struct lookup {
	uv_getaddrinfo_t uv;
	struct pg_dial *dial; /* NULL: nobody waits any more */
};

struct pg_dial {
	struct loop *loop;
	struct pg_target *target;
	pg_dialled_fn *done; /* NULL: said already, or canceled */
	void *ctx;
	struct timer timer;
	struct lookup *lookup;
	unsigned host; /* the one being looked up */
	struct address addresses[ADDRESSES_MAX];
	unsigned count, first;
	PGconn *pq;
	struct pg_watch *watch;
	char why[240];
};

static void look_up_rest(struct pg_dial *d);
static void on_socket(void *ctx, int events);

static void on_timer_closed(struct timer *timer)
{
	free(container_of(timer, struct pg_dial, timer));
}

static void take_apart(struct pg_dial *d)
{
	d->done = NULL;
	if (d->lookup) {
		d->lookup->dial = NULL;
		uv_cancel((uv_req_t *)&d->lookup->uv);
		d->lookup = NULL;
	}
	pg_watch_close(&d->watch);
	if (d->pq)
		PQfinish(d->pq);
	d->pq = NULL;
	timer_close(&d->timer, on_timer_closed);
}

void pg_dial_cancel(struct pg_dial **dial)
{
	struct pg_dial *d = *dial;

	*dial = NULL;
	if (d)
		take_apart(d);
}

static void end(struct pg_dial *d, PGconn *pq)
{
	pg_dialled_fn *done = d->done;
	void *ctx = d->ctx;
	char why[sizeof d->why];

	memcpy(why, d->why, sizeof why);
	take_apart(d);
	done(ctx, pq, why);
}

/* The several lines libpq may have about several hosts, in one. */
static void note_why(struct pg_dial *d, const char *text)
{
	snprintf(d->why, sizeof d->why, "%s", text);
	for (char *c = d->why; *c; c++) {
		if ((unsigned char)*c < ' ')
			*c = ' ';
	}
}

static void fail(struct pg_dial *d, const char *why)
{
	note_why(d, why);
	end(d, NULL);
}

static void on_timer(struct timer *timer)
{
	struct pg_dial *d = container_of(timer, struct pg_dial, timer);

	if (d->why[0]) {
		end(d, NULL);
		return;
	}
	if (!d->pq) {
		fail(d, "looking up the host took too long");
		return;
	}
	/* Connections that dial side by side move the list on by one, not by one each. */
	if (d->target->first == d->first)
		d->target->first++;
	fail(d, "the server did not answer in time");
}

/* From the loop, although it is known now: why was noted. */
static void fail_soon(struct pg_dial *d)
{
	timer_start(&d->timer, 0, 0);
}

/* ---- log-in ---- */

static void go_on(struct pg_dial *d, PostgresPollingStatusType now)
{
	PGconn *pq = d->pq;

	switch (now) {
	case PGRES_POLLING_READING:
		d->watch = pg_watch_open(d->loop, PQsocket(pq), on_socket, d);
		pg_watch_for(d->watch, UV_READABLE);
		return;
	case PGRES_POLLING_WRITING:
		d->watch = pg_watch_open(d->loop, PQsocket(pq), on_socket, d);
		pg_watch_for(d->watch, UV_WRITABLE);
		return;
	case PGRES_POLLING_OK:
		d->pq = NULL;
		end(d, pq);
		return;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		fail(d, PQerrorMessage(pq));
		return;
	}
}

static void on_socket(void *ctx, int events)
{
	struct pg_dial *d = ctx;

	(void)events;
	pg_watch_close(&d->watch);
	go_on(d, PQconnectPoll(d->pq));
}

static void add_item(struct buf *list, const char *item)
{
	if (list->cap) /* not the first, which may be empty */
		buf_add_char(list, ',');
	buf_add_str(list, str_of(item));
	buf_cstr(list);
}

static void no_notices(void *ctx, const PGresult *res)
{
	(void)ctx;
	(void)res;
}

static void log_in(struct pg_dial *d)
{
	struct buf names = { 0 }, addrs = { 0 }, ports = { 0 };

	for (unsigned i = 0; i < d->count; i++) {
		const struct address *a = &d->addresses[(d->first + i) % d->count];

		add_item(&names, a->host->name);
		add_item(&addrs, a->numeric);
		add_item(&ports, a->host->port);
	}
	d->pq = pg_target_connect(
		d->target, buf_cstr(&names), buf_cstr(&addrs), buf_cstr(&ports));
	buf_fini(&names);
	buf_fini(&addrs);
	buf_fini(&ports);

	PQsetNoticeReceiver(d->pq, no_notices, NULL);
	if (PQstatus(d->pq) == CONNECTION_BAD) {
		note_why(d, PQerrorMessage(d->pq));
		fail_soon(d);
		return;
	}
	timer_start(&d->timer, d->target->login_ms, 0);
	go_on(d, PGRES_POLLING_WRITING);
}

/* ---- names ---- */

static void add_address(struct pg_dial *d, const struct pg_host *host, const char *numeric)
{
	struct address *a = &d->addresses[d->count];

	if (d->count == ADDRESSES_MAX)
		return;
	a->host = host;
	snprintf(a->numeric, sizeof a->numeric, "%s", numeric);
	d->count++;
}

static void on_looked_up(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct lookup *l = container_of(req, struct lookup, uv);
	struct pg_dial *d = l->dial;
	char numeric[INET6_ADDRSTRLEN + 20];

	free(l);
	for (struct addrinfo *a = d ? list : NULL; a; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, numeric, sizeof numeric, NULL, 0,
			    NI_NUMERICHOST) == 0)
			add_address(d, &d->target->hosts[d->host], numeric);
	}
	uv_freeaddrinfo(list);
	if (!d)
		return;
	d->lookup = NULL;
	if (status != 0)
		note_why(d, uv_strerror(status));
	d->host++;
	look_up_rest(d);
}

static bool is_numeric(const char *name)
{
	char bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 ||
	       inet_pton(AF_INET6, name, bytes) == 1;
}

static void look_up(struct pg_dial *d, const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	int rc;

	d->lookup = calloc(1, sizeof *d->lookup);
	if (!d->lookup)
		abort();
	d->lookup->dial = d;
	rc = uv_getaddrinfo(&d->loop->uv, &d->lookup->uv, on_looked_up, name, NULL, &hints);
	if (rc == 0)
		return;
	free(d->lookup);
	d->lookup = NULL;
	note_why(d, uv_strerror(rc));
	fail_soon(d);
}

/* Names that cannot be looked up are left out, as long as another host remains. */
static void look_up_rest(struct pg_dial *d)
{
	struct pg_target *t = d->target;

	for (; d->host < t->count; d->host++) {
		const struct pg_host *h = &t->hosts[d->host];

		if (*h->addr || !*h->name || *h->name == '/' || *h->name == '@') {
			add_address(d, h, h->addr);
		} else if (is_numeric(h->name)) {
			add_address(d, h, h->name);
		} else {
			look_up(d, h->name);
			return;
		}
	}
	if (d->count == 0) {
		if (!d->why[0])
			note_why(d, "the URL leads nowhere");
		fail_soon(d);
		return;
	}
	d->why[0] = '\0';
	d->first = t->first;
	log_in(d);
}

struct pg_dial *pg_dial_start(
	struct loop *loop, struct pg_target *target, pg_dialled_fn *done, void *ctx)
{
	struct pg_dial *d = calloc(1, sizeof *d);

	if (!d)
		abort();
	d->loop = loop;
	d->target = target;
	d->done = done;
	d->ctx = ctx;
	timer_open(loop, &d->timer, on_timer);
	timer_start(&d->timer, LOOKUP_MS, 0);
	look_up_rest(d);
	return d;
}
