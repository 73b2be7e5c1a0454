/*
 * What goes on from here, in both directions. A request is written anew from what was
 * checked: of the client's own fields only those in the table below are passed on, so that
 * none can be taken for one that the gateway vouches for, however it is spelled.
 */
#include <assert.h>

#include "base/trace.h"
#include "gateway.h"

/* What services read. Who may send it: everyone, or only on routes of these kinds. */
#define KIND(auth) (1u << ROUTE_##auth)
static const struct {
	struct str name;
	unsigned kinds; /* 0: all */
} passed_on[] = {
	{ STR("Accept") },
	{ STR("Accept-Language") },
	{ STR("Authorization"), KIND(USER) | KIND(TICKET) },
	{ STR("Content-Encoding") },
	{ STR("Content-Type") },
	{ STR("Idempotency-Key") },
	{ STR("If-Match") },
	{ STR("If-None-Match") },
	{ STR("Last-Event-ID") },
	{ STR("Prefer") },
	{ STR("Stripe-Signature"), KIND(HOOK) },
	{ STR("User-Agent") },
};
#define PASSED_ON (sizeof passed_on / sizeof *passed_on)

const char forward_cors_fields[] =
	"Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, "
	"If-None-Match, Last-Event-ID, Prefer, traceparent, tracestate";

static const char *const service_hosts[] = { "gateway", "auth", "chat", "billing" };

static bool is_named(struct str name, struct str want)
{
	return name.len == want.len && str_eq_nocase(name, want);
}

static bool is_passed_on(struct str name, const struct public_route *route)
{
	for (size_t i = 0; i < PASSED_ON; i++) {
		if (name.len == passed_on[i].name.len &&
			str_eq_nocase(name, passed_on[i].name))
			return !route || !passed_on[i].kinds ||
			       (passed_on[i].kinds >> route->who & 1);
	}
	return false;
}

/* ---- fields that a client must not have removed on the way (RFC 9110 7.6.1) ---- */

static bool starts_nocase(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq_nocase(str_span(s.ptr, prefix.len), prefix);
}

static bool may_be_dropped(struct str name)
{
	static const struct str kept[] = { STR("Host"), STR("Content-Length"),
		STR("Forwarded"), STR("X-Real-IP"), STR("X-Request-Id"), STR("traceparent"),
		STR("tracestate"), STR("X-Request-Deadline-Ms"), STR("X-Request-Attempt") };

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		if (is_named(name, kept[i]))
			return false;
	}
	return !starts_nocase(name, STR("X-Forwarded-")) &&
	       !starts_nocase(name, STR("X-User-")) &&
	       !starts_nocase(name, STR("X-Internal-")) && !is_passed_on(name, NULL);
}

static bool connection_is_sound(struct str value)
{
	struct str name;

	while (str_cut(&value, ',', &name)) {
		if (!may_be_dropped(str_trim(name)))
			return false;
	}
	return true;
}

bool forward_is_sound(const struct http_request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		if (is_named(r->headers[i].name, STR("Connection")) &&
			!connection_is_sound(r->headers[i].value))
			return false;
	}
	return true;
}

/* ---- the head ---- */

/* Room is made for all of it beforehand. */
struct head_writer {
	char *at, *end;
};

static void put(struct head_writer *w, struct str s)
{
	assert((size_t)(w->end - w->at) >= s.len);
	if (s.len)
		memcpy(w->at, s.ptr, s.len);
	w->at += s.len;
}
#define PUT(w, literal) put((w), STR(literal))

static void put_u64(struct head_writer *w, uint64_t n)
{
	char room[STR_U64_SIZE];

	put(w, str_of_u64(n, room));
}

static void put_line(struct head_writer *w, const struct http_header *h)
{
	put(w, h->name);
	PUT(w, ": ");
	put(w, h->value);
	PUT(w, "\r\n");
}

/* All that the head may need, the fixed parts by a wide margin. */
static size_t room_for(const struct http_request *r, const struct visit *v)
{
	size_t room = 768 + r->path.len + r->query.len + r->host.len + v->client.len;

	for (size_t i = 0; i < r->header_count; i++)
		room += r->headers[i].name.len + r->headers[i].value.len + 4;
	return room;
}

static bool is_https(const struct http_request *r, const struct visit *v)
{
	if (v->from_proxy && http_header(r, STR("X-Forwarded-Proto")).ptr)
		return str_eq_nocase(
			http_header(r, STR("X-Forwarded-Proto")), STR("https"));
	return r->secure;
}

static void put_forwarded(
	struct head_writer *w, const struct http_request *r, const struct visit *v)
{
	PUT(w, "X-Forwarded-For: ");
	put(w, v->client);
	if (r->host.len) {
		PUT(w, "\r\nX-Forwarded-Host: ");
		put(w, r->host);
	}
	if (is_https(r, v))
		PUT(w, "\r\nX-Forwarded-Proto: https\r\n");
	else
		PUT(w, "\r\nX-Forwarded-Proto: http\r\n");
}

/* Did the trace come from the client? A malformed one's state goes with it. */
static bool trace_goes_on(const struct task *t)
{
	struct str given = http_header(http_req(t), STR("traceparent"));

	return given.len >= 55 &&
	       str_eq(str_span(given.ptr + 3, 32), str_of(t->log.trace_id));
}

static bool is_tracestate(const struct http_header *h)
{
	return is_named(h->name, STR("tracestate"));
}

/* Whole, or not at all. */
static bool state_is_sound(const struct http_request *r)
{
	unsigned members = 0;
	size_t size = 0;

	for (size_t i = 0; i < r->header_count; i++) {
		if (is_tracestate(&r->headers[i]) &&
			!tracestate_read(r->headers[i].value, &members, &size))
			return false;
	}
	return members <= TRACESTATE_MEMBERS_MAX && size <= TRACESTATE_SIZE_MAX;
}

static void put_trace(struct head_writer *w, const struct task *t)
{
	const struct http_request *r = http_req(t);
	char parent[TRACEPARENT_SIZE];
	bool with_state;

	traceparent_format(&t->log, parent);
	PUT(w, "traceparent: ");
	put(w, str_of(parent));
	PUT(w, "\r\n");
	with_state = trace_goes_on(t) && state_is_sound(r);
	for (size_t i = 0; with_state && i < r->header_count; i++) {
		if (is_tracestate(&r->headers[i]))
			put_line(w, &r->headers[i]);
	}
}

/* The attempt is where the client of libs/common/http counts. */
static void put_ids(struct head_writer *w, const struct task *t, struct visit *v)
{
	PUT(w, "X-Request-Id: ");
	put(w, str_of(t->log.request_id));
	PUT(w, "\r\nX-Request-Deadline-Ms: ");
	put_u64(w, t->deadline_ms - v->asked_us / 1000);
	PUT(w, "\r\nX-Request-Attempt: ");
	v->call.attempt = w->at;
	PUT(w, "1\r\n");
	put_trace(w, t);
}

static void put_passed_on(struct head_writer *w, const struct http_request *r,
	const struct public_route *route)
{
	for (size_t i = 0; i < r->header_count; i++) {
		if (is_passed_on(r->headers[i].name, route))
			put_line(w, &r->headers[i]);
	}
}

static bool wants_length(const struct http_request *r)
{
	return r->body.len || r->method == HTTP_M_POST || r->method == HTTP_M_PUT ||
	       r->method == HTTP_M_PATCH;
}

struct str forward_head(struct task *t, struct visit *v)
{
	const struct http_request *r = http_req(t);
	size_t room = room_for(r, v);
	char *from = arena_bytes(&t->arena, room);
	struct head_writer w = { from, from + room };

	/* The answer to HEAD is that to GET; reply.h leaves its body out. */
	put(&w, str_of(http_method_name(
			r->method == HTTP_M_HEAD ? HTTP_M_GET : r->method)));
	PUT(&w, " ");
	put(&w, r->path);
	if (r->query.len) {
		PUT(&w, "?");
		put(&w, r->query);
	}
	PUT(&w, " HTTP/1.1\r\nHost: ");
	put(&w, str_of(service_hosts[v->route->service]));
	PUT(&w, "\r\n");
	put_passed_on(&w, r, v->route);
	put_forwarded(&w, r, v);
	put_ids(&w, t, v);
	if (wants_length(r)) {
		PUT(&w, "Content-Length: ");
		put_u64(&w, r->body.len);
		PUT(&w, "\r\n");
	}
	PUT(&w, "\r\n");
	return str_span(from, (size_t)(w.at - from));
}

/* ---- answers ---- */

/* Does some Connection field of the answer name it? */
static bool is_hop_by_hop(const struct http_response *r, struct str name)
{
	struct str list, one;

	for (size_t i = 0; i < r->header_count; i++) {
		if (!is_named(r->headers[i].name, STR("Connection")))
			continue;
		list = r->headers[i].value;
		while (str_cut(&list, ',', &one)) {
			if (is_named(str_trim(one), name))
				return true;
		}
	}
	return false;
}

/* Says something about the inside, or is meant for this connection only. reply.h takes out
 * what every proxy must. */
static bool stays_here(const struct http_response *r, const struct http_header *h)
{
	return is_named(h->name, STR("Server")) ||
	       ((h->name.ptr[0] | 0x20) == 'x' &&
		       starts_nocase(h->name, STR("X-Internal-"))) ||
	       is_hop_by_hop(r, h->name);
}

struct http_response forward_answer(struct task *t, const struct http_response *r)
{
	struct http_response out = *r;
	struct http_header *kept;
	size_t n = 0;

	while (n < r->header_count && !stays_here(r, &r->headers[n]))
		n++;
	if (n == r->header_count) /* the usual case */
		return out;
	kept = arena_alloc(&t->arena, r->header_count * sizeof *kept);
	out.headers = kept;
	out.header_count = 0;
	for (size_t i = 0; i < r->header_count; i++) {
		if (!stays_here(r, &r->headers[i]))
			kept[out.header_count++] = r->headers[i];
	}
	return out;
}
