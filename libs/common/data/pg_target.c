#include "data/pg_target.h"

#include <assert.h>
#include <stdlib.h>

#include "data/here.h"
#include "data/pg.h"

#define LOGIN_MS  3000 /* from the first address to the end of the log-in */
#define WORDS_MAX 64   /* libpq knows some 45 connection parameters */

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
	if (count > PG_HOSTS_MAX ||
		(list_length(ports) > 1 && list_length(ports) != count) ||
		(*addrs && *names && list_length(names) != count))
		return false;
	for (t->count = 0; t->count < count; t->count++) {
		t->hosts[t->count] = (struct pg_host){
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

/* Every host is a folder with a socket, or this machine by its address. */
static bool stays_here(const struct pg_target *t)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct pg_host *h = &t->hosts[i];

		if (*h->addr ? !host_is_here(str_of(h->addr))
			     : *h->name && *h->name != '/' && *h->name != '@' &&
					!host_is_here(str_of(h->name)))
			return false;
	}
	return true;
}

bool pg_url_is_safe(const char *url)
{
	struct pg_target *t = pg_target_new(url, "");
	bool safe = !strcmp(option(t, "sslmode", "PGSSLMODE"), "verify-full") ||
		    stays_here(t);

	pg_target_free(&t);
	return safe;
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

PGconn *pg_target_connect(
	const struct pg_target *t, const char *hosts, const char *addrs, const char *ports)
{
	struct words w = { .n = 0 };
	PGconn *pq;

	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		say(&w, defaults[i][0], defaults[i][1]);
	say(&w, "application_name", t->app_name);
	for (PQconninfoOption *o = t->options; o->keyword; o++) {
		if (o->val)
			say(&w, o->keyword, o->val);
	}
	say(&w, "client_encoding", "UTF8");
	say(&w, "host", hosts);
	say(&w, "hostaddr", addrs);
	say(&w, "port", ports);
	pq = PQconnectStartParams(w.keyword, w.value, 0);
	if (!pq)
		abort();
	return pq;
}
