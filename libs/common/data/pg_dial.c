#include "data/pg_dial.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "data/pg.h"

#define HOSTS_MAX     16
#define ADDRESSES_MAX 32
#define LOOKUP_MS     5000 /* for all names together */
#define LOGIN_MS      3000 /* from the first address to the end of the log-in */
#define WORDS_MAX     64   /* libpq knows some 45 connection parameters */

/* ---- where the URL leads ---- */

struct host {
	char *name; /* host name, address, path of a socket's folder, or "" */
	char *addr; /* hostaddr, or "" */
	char *port; /* or "" */
};

struct pg_target {
	PQconninfoOption *options;
	char *app_name;
	struct host hosts[HOSTS_MAX];
	unsigned count;
	unsigned first;    /* of the addresses: where the next attempt begins */
	unsigned login_ms; /* connect_timeout, if the URL has it */
};

/* What holds where the URL says nothing else. GSSAPI would wait for its servers. */
static const char *const defaults[][2] = {
	{ "gssencmode", "disable" },
	{ "keepalives_idle", "30" },
	{ "keepalives_interval", "10" },
	{ "keepalives_count", "3" },
	{ "tcp_user_timeout", "10000" },
};

static const char *option(const struct pg_target *t, const char *keyword, const char *env)
{
	const char *value = NULL;

	for (PQconninfoOption *o = t->options; o && o->keyword; o++) {
		if (!strcmp(o->keyword, keyword))
			value = o->val;
	}
	if (!value && env)
		value = getenv(env);
	return value ? value : "";
}

static char *copy(struct str s)
{
	char *z = strndup(s.len ? s.ptr : "", s.len);

	if (!z)
		abort();
	return z;
}

/* The n-th of a comma-separated list; a list of one holds for all. */
static struct str nth(const char *list, unsigned n)
{
	struct str rest = str_of(list), one = STR_NONE;
	unsigned i = 0;

	while (str_cut(&rest, ',', &one)) {
		if (i++ == n)
			return one;
	}
	return i == 1 ? one : STR_NONE;
}

static unsigned list_length(const char *list)
{
	unsigned n = *list ? 1 : 0;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

static bool read_hosts(struct pg_target *t)
{
	const char *names = option(t, "host", "PGHOST");
	const char *addrs = option(t, "hostaddr", NULL);
	const char *ports = option(t, "port", "PGPORT");
	unsigned count = list_length(*addrs ? addrs : names);

	if (count == 0)
		count = 1; /* libpq's own default: a socket in the usual place */
	if (count > HOSTS_MAX || (list_length(ports) > 1 && list_length(ports) != count) ||
		(*addrs && *names && list_length(names) != count))
		return false;
	for (t->count = 0; t->count < count; t->count++) {
		t->hosts[t->count] = (struct host){
			.name = copy(*names ? nth(names, t->count) : STR_NONE),
			.addr = copy(*addrs ? nth(addrs, t->count) : STR_NONE),
			.port = copy(nth(ports, t->count)),
		};
	}
	return true;
}

static void read_login_ms(struct pg_target *t)
{
	uint64_t s = 0;

	t->login_ms = LOGIN_MS;
	if (str_u64(str_of(option(t, "connect_timeout", NULL)), &s) && s >= 1 && s <= 60)
		t->login_ms = (unsigned)s * 1000;
}

struct pg_target *pg_target_new(const char *url, const char *app_name)
{
	struct pg_target *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	t->options = PQconninfoParse(url, NULL);
	t->app_name = copy(str_of(app_name));
	if (!t->options || !read_hosts(t))
		t->count = 0;
	read_login_ms(t);
	return t;
}

void pg_target_free(struct pg_target **target)
{
	struct pg_target *t = *target;

	*target = NULL;
	if (!t)
		return;
	for (unsigned i = 0; i < t->count; i++) {
		free(t->hosts[i].name);
		free(t->hosts[i].addr);
		free(t->hosts[i].port);
	}
	PQconninfoFree(t->options);
	free(t->app_name);
	free(t);
}

/* Says nothing of the URL's own text: a password may be in it. */
const char *pg_url_problem(const char *url)
{
	struct pg_target *t = pg_target_new(url, "");
	const char *why = NULL;

	if (!t->options)
		why = "not of the form postgres://user:password@host:port/database";
	else if (t->count == 0)
		why = "its hosts, addresses and ports do not go together";
	pg_target_free(&t);
	return why;
}

/* ---- an attempt ---- */

struct address {
	const struct host *host;
	char numeric[INET6_ADDRSTRLEN + 20]; /* with a scope; "" for a path */
};

/* A look-up cannot be taken back once a thread works at it: it outlives an impatient dial.
 */
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

struct words {
	const char *keyword[WORDS_MAX + 1], *value[WORDS_MAX + 1];
	unsigned n;
};

/* The last one said of a keyword holds. */
static void say(struct words *w, const char *keyword, const char *value)
{
	assert(w->n < WORDS_MAX);
	w->keyword[w->n] = keyword;
	w->value[w->n++] = value;
}

static void say_target(struct words *w, const struct pg_target *t)
{
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		say(w, defaults[i][0], defaults[i][1]);
	say(w, "application_name", t->app_name);
	for (PQconninfoOption *o = t->options; o->keyword; o++) {
		if (o->val)
			say(w, o->keyword, o->val);
	}
	say(w, "client_encoding", "UTF8");
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
	struct words w = { .n = 0 };
	struct buf names = { 0 }, addrs = { 0 }, ports = { 0 };

	for (unsigned i = 0; i < d->count; i++) {
		const struct address *a = &d->addresses[(d->first + i) % d->count];

		add_item(&names, a->host->name);
		add_item(&addrs, a->numeric);
		add_item(&ports, a->host->port);
	}
	say_target(&w, d->target);
	say(&w, "host", buf_cstr(&names));
	say(&w, "hostaddr", buf_cstr(&addrs));
	say(&w, "port", buf_cstr(&ports));
	d->pq = PQconnectStartParams(w.keyword, w.value, 0);
	if (!d->pq)
		abort();
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

static void add_address(struct pg_dial *d, const struct host *host, const char *numeric)
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
		const struct host *h = &t->hosts[d->host];

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
