#include "http/endpoint.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/id.h"
#include "base/log.h"

#define EJECT_AFTER      5
#define PROBE_FIRST_MS   250
#define PROBE_MAX_MS     1000
#define RESOLVE_EVERY_MS 5000
#define RETRY_LOOKUP_MS  1000

/* ---- URLs ---- */

struct parts {
	struct str host, port; /* of TCP */
	struct str path;       /* of a unix socket; else ptr NULL */
};

static bool port_is_good(struct str s)
{
	uint64_t port;

	return s.len <= 5 && str_u64(s, &port) && port > 0 && port <= 65535;
}

static const char *read_url(struct str url, struct parts *out)
{
	size_t end;

	*out = (struct parts){ .port = STR("80") };
	if (!str_starts(url, STR("http://")))
		return "must be http://host:port or http://unix:/path";
	url = str_from(url, 7);
	if (str_starts(url, STR("unix:"))) {
		out->path = str_from(url, 5);
		if (out->path.len == 0 ||
			out->path.len >= sizeof((struct sockaddr_un *)NULL)->sun_path)
			return "the path of the unix socket is empty or too long";
		return NULL;
	}
	if (url.len && url.ptr[url.len - 1] == '/')
		url.len--;
	if (url.len && url.ptr[0] == '[') {
		end = str_find(url, ']');
		if (end == url.len)
			return "has no good host name";
		out->host = str_span(url.ptr + 1, end - 1);
		url = str_from(url, end + 1);
	} else {
		end = str_find(url, ':');
		out->host = str_span(url.ptr, end);
		url = str_from(url, end);
	}
	if (url.len)
		out->port = str_from(url, 1);
	if (out->host.len == 0 || out->host.len > 255 ||
		str_find(out->host, '/') < out->host.len)
		return "has no good host name";
	if ((url.len && url.ptr[0] != ':') || !port_is_good(out->port))
		return "has a bad port";
	return NULL;
}

const char *endpoints_problem(const char *urls)
{
	struct str rest = str_of(urls), one;
	struct parts parts;
	const char *why;
	int count = 0;

	while (str_cut(&rest, ',', &one)) {
		why = read_url(str_trim(one), &parts);
		if (why)
			return why;
		if (++count > ORIGINS_MAX)
			return "names more than 8 URLs";
	}
	return NULL;
}

/* ---- the set of addresses ---- */

static struct endpoint *find(
	struct endpoints *set, int origin, const void *address, size_t len)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (set->all[i]->origin == origin &&
			memcmp(&set->all[i]->address, address, len) == 0)
			return set->all[i];
	}
	return NULL;
}

static void add(struct endpoints *set, int origin, const void *address, size_t len)
{
	struct endpoint *e = find(set, origin, address, len);

	if (e) {
		e->listed = true;
		return;
	}
	if (set->count == ENDPOINTS_MAX) {
		if (!set->is_full)
			log_warn("upstream-addresses-many", L_INT("used", ENDPOINTS_MAX));
		set->is_full = true;
		return;
	}
	e = calloc(1, sizeof *e);
	if (!e)
		abort();
	memcpy(&e->address, address, len);
	e->origin = origin;
	e->listed = true;
	list_init(&e->idle);
	set->all[set->count++] = e;
	e->probing = true;
	set->probe(set, e);
}

static void drop(struct endpoints *set, unsigned i)
{
	free(set->all[i]);
	set->all[i] = set->all[--set->count];
}

void endpoint_left(struct endpoints *set, struct endpoint *e)
{
	if (e->listed || e->connections)
		return;
	for (unsigned i = 0; i < set->count; i++) {
		if (set->all[i] == e) {
			drop(set, i);
			return;
		}
	}
}

/* ---- names ---- */

static void take_addresses(struct origin *o, int index, const struct addrinfo *found)
{
	struct endpoints *set = o->set;

	for (unsigned i = 0; i < set->count; i++) {
		if (set->all[i]->origin == index)
			set->all[i]->listed = false;
	}
	for (; found; found = found->ai_next) {
		if (found->ai_family == AF_INET || found->ai_family == AF_INET6)
			add(set, index, found->ai_addr, found->ai_addrlen);
	}
	for (unsigned i = set->count; i-- > 0;) {
		if (!set->all[i]->listed && set->all[i]->connections == 0)
			drop(set, i);
	}
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct origin *o = container_of(req, struct origin, lookup);
	struct endpoints *set = o->set;

	o->resolving = false;
	if (!set->closing) {
		o->resolved = true;
		o->resolve_at_ms = uv_now(&set->loop->uv) +
				   (status == 0 ? RESOLVE_EVERY_MS : RETRY_LOOKUP_MS);
		if (status == 0)
			take_addresses(o, (int)(o - set->origins), found);
		else
			log_warn("upstream-lookup-failed", L_Z("host", o->host),
				L_Z("reason", uv_strerror(status)));
	}
	uv_freeaddrinfo(found);
	set->changed(set);
}

static void look_up(struct origin *o)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	int rc = uv_getaddrinfo(
		&o->set->loop->uv, &o->lookup, on_lookup, o->host, o->port, &hints);

	o->resolving = rc == 0;
	if (rc)
		o->resolve_at_ms = uv_now(&o->set->loop->uv) + RETRY_LOOKUP_MS;
}

/* An address given as such needs no lookup. */
static bool add_literal(struct origin *o, int index)
{
	struct sockaddr_storage address = { 0 };
	int port = (int)strtol(o->port, NULL, 10);

	if (uv_ip4_addr(o->host, port, (struct sockaddr_in *)&address) == 0) {
		add(o->set, index, &address, sizeof(struct sockaddr_in));
		return true;
	}
	if (uv_ip6_addr(o->host, port, (struct sockaddr_in6 *)&address) == 0) {
		add(o->set, index, &address, sizeof(struct sockaddr_in6));
		return true;
	}
	return false;
}

static void add_origin(struct endpoints *set, struct str url)
{
	struct origin *o = &set->origins[set->origin_count++];
	int index = (int)(o - set->origins);
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct parts parts;
	const char *why = read_url(url, &parts);

	assert(!why);
	(void)why;
	o->set = set;
	o->url = url;
	if (parts.path.ptr) {
		memcpy(local.sun_path, parts.path.ptr, parts.path.len);
		add(set, index, &local, sizeof local);
		return;
	}
	snprintf(o->host, sizeof o->host, "%.*s", STR_ARG(parts.host));
	snprintf(o->port, sizeof o->port, "%.*s", STR_ARG(parts.port));
	o->is_name = !add_literal(o, index);
	if (o->is_name)
		look_up(o);
}

void endpoints_open(struct endpoints *set, struct loop *loop, const char *urls)
{
	struct str rest, one;

	set->loop = loop;
	set->text = strdup(urls);
	if (!set->text)
		abort();
	random_bytes(&set->random, sizeof set->random);
	set->random |= 1;
	rest = str_of(set->text);
	while (str_cut(&rest, ',', &one))
		add_origin(set, str_trim(one));
}

void endpoints_close(struct endpoints *set)
{
	set->closing = true;
	for (int i = 0; i < set->origin_count; i++) {
		if (set->origins[i].resolving)
			uv_cancel((uv_req_t *)&set->origins[i].lookup);
	}
}

void endpoints_fini(struct endpoints *set)
{
	while (set->count)
		drop(set, set->count - 1);
	free(set->text);
	set->text = NULL;
}

bool endpoints_are_resolving(const struct endpoints *set)
{
	for (int i = 0; i < set->origin_count; i++) {
		if (set->origins[i].resolving)
			return true;
	}
	return false;
}

bool endpoints_are_unknown(const struct endpoints *set)
{
	for (int i = 0; i < set->origin_count; i++) {
		if (set->origins[i].resolving && !set->origins[i].resolved)
			return true;
	}
	return false;
}

/* ---- choice ---- */

bool endpoint_is_usable(const struct endpoints *set, const struct endpoint *e)
{
	return e->listed && !e->ejected &&
	       breaker_lets(&e->breaker, uv_now(&set->loop->uv));
}

/* xorshift64: which address is nothing to keep secret. */
static uint64_t draw(struct endpoints *set)
{
	uint64_t x = set->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return set->random = x;
}

struct endpoint *endpoints_choose(struct endpoints *set, const struct endpoint *avoid)
{
	struct endpoint *usable[ENDPOINTS_MAX];
	uint64_t first, second;
	unsigned n = 0;

	for (unsigned i = 0; i < set->count; i++) {
		if (set->all[i] != avoid && endpoint_is_usable(set, set->all[i]))
			usable[n++] = set->all[i];
	}
	if (n < 2)
		return n ? usable[0] : NULL;
	first = draw(set) % n;
	second = (first + 1 + draw(set) % (n - 1)) % n;
	return usable[first]->busy <= usable[second]->busy ? usable[first] : usable[second];
}

/* ---- what calls brought ---- */

bool endpoint_asked(struct endpoint *e)
{
	return breaker_asked(&e->breaker);
}

void endpoint_unanswered(struct endpoint *e)
{
	breaker_untold(&e->breaker);
}

/* One more may be taken out of use: those that are left can carry the load, or it is the
 * only one. */
static bool may_open(const struct endpoints *set, const struct endpoint *e)
{
	unsigned listed = 0, out = 1;

	for (unsigned i = 0; i < set->count; i++) {
		const struct endpoint *other = set->all[i];

		listed += other->listed;
		out += other != e && other->listed &&
		       (other->ejected || other->breaker.state != BREAKER_CLOSED);
	}
	return listed < 2 || 2 * out <= listed;
}

void endpoint_answered(struct endpoints *set, struct endpoint *e, bool well)
{
	uint64_t now_ms = uv_now(&set->loop->uv);
	enum breaker_state was = e->breaker.state;
	bool wants = breaker_tell(&e->breaker, well, now_ms);

	if (was == BREAKER_TRIED && well)
		log_info("upstream-closed", L_STR("url", set->origins[e->origin].url));
	if (!wants || (was == BREAKER_CLOSED && !may_open(set, e)))
		return;
	breaker_open(&e->breaker, now_ms);
	log_warn("upstream-opened", L_STR("url", set->origins[e->origin].url),
		L_INT("wait_ms", e->breaker.wait_ms));
}

/* ---- reaching them ---- */

void endpoint_reached(struct endpoints *set, struct endpoint *e)
{
	if (e->ejected)
		log_info("upstream-back", L_STR("url", set->origins[e->origin].url));
	e->up = true;
	e->ejected = e->probing = false;
	e->failures = 0;
	e->probe_at_ms = 0;
}

void endpoint_failed(struct endpoints *set, struct endpoint *e)
{
	uint64_t wait_ms = PROBE_FIRST_MS;

	for (unsigned i = 0; i < e->failures && wait_ms < PROBE_MAX_MS; i++)
		wait_ms *= 2;
	e->up = e->probing = false;
	e->probe_at_ms = uv_now(&set->loop->uv) + wait_ms;
	if (++e->failures != EJECT_AFTER)
		return;
	e->ejected = true;
	log_warn("upstream-ejected", L_STR("url", set->origins[e->origin].url));
}

void endpoint_untried(struct endpoints *set, struct endpoint *e)
{
	e->probing = false;
	if (!e->up)
		e->probe_at_ms = uv_now(&set->loop->uv) + PROBE_FIRST_MS;
}

void endpoint_doubted(struct endpoints *set, struct endpoint *e)
{
	if (!e->probe_at_ms)
		e->probe_at_ms = uv_now(&set->loop->uv);
}

void endpoints_tick(struct endpoints *set, uint64_t now_ms)
{
	for (int i = 0; i < set->origin_count; i++) {
		struct origin *o = &set->origins[i];

		if (o->is_name && !o->resolving && now_ms >= o->resolve_at_ms)
			look_up(o);
	}
	for (unsigned i = 0; i < set->count; i++) {
		struct endpoint *e = set->all[i];

		if (e->listed && e->probe_at_ms && now_ms >= e->probe_at_ms &&
			!e->probing) {
			e->probing = true;
			set->probe(set, e);
		}
	}
}
