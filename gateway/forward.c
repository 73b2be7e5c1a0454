/*
 * What goes on from here, in both directions. A request is written anew from what was
 * checked: of the client's own fields only those in the table below are passed on, so that
 * none can be taken for one that the gateway vouches for, however it is spelled.
 */
#include <assert.h>

#include "base/clock.h"
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
		STR("tracestate"), STR("X-Request-Deadline-Ms") };

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

/*
 * The trace goes on under a span of our own. Its flags are the client's if the trace is; of
 * a trace begun here: not sampled, random id.
 */
static void put_trace(struct head_writer *w, const struct task *t)
{
	const struct http_request *r = http_req(t);
	struct str given = http_header(r, STR("traceparent"));
	struct str id = str_of(t->log.trace_id);
	bool goes_on = given.len >= 55 && str_eq(str_span(given.ptr + 3, 32), id);

	PUT(w, "traceparent: 00-");
	put(w, id);
	PUT(w, "-");
	put(w, str_of(t->log.span_id));
	PUT(w, "-");
	put(w, goes_on ? str_span(given.ptr + 53, 2) : STR("02"));
	PUT(w, "\r\n");
	for (size_t i = 0; goes_on && i < r->header_count; i++) {
		if (is_named(r->headers[i].name, STR("tracestate")))
			put_line(w, &r->headers[i]);
	}
}

/* *attempt: where the client of libs/common/http counts. */
static void put_ids(struct head_writer *w, const struct task *t, char **attempt)
{
	uint64_t now_ms = clock_mono_ms();

	PUT(w, "X-Request-Id: ");
	put(w, str_of(t->log.request_id));
	PUT(w, "\r\nX-Request-Deadline-Ms: ");
	put_u64(w, t->deadline_ms > now_ms ? t->deadline_ms - now_ms : 0);
	PUT(w, "\r\nX-Request-Attempt: ");
	*attempt = w->at;
	PUT(w, "1\r\n");
	put_trace(w, t);
}

static bool put_passed_on(struct head_writer *w, const struct http_request *r,
	const struct public_route *route)
{
	for (size_t i = 0; i < r->header_count; i++) {
		const struct http_header *h = &r->headers[i];

		if (is_passed_on(h->name, route))
			put_line(w, h);
		else if (is_named(h->name, STR("Connection")) &&
			 !connection_is_sound(h->value))
			return false;
	}
	return true;
}

static bool wants_length(const struct http_request *r)
{
	return r->body.len || r->method == HTTP_M_POST || r->method == HTTP_M_PUT ||
	       r->method == HTTP_M_PATCH;
}

bool forward_head(struct task *t, struct visit *v, struct str *out)
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
	if (!put_passed_on(&w, r, v->route))
		return false;
	put_forwarded(&w, r, v);
	put_ids(&w, t, &v->call.attempt);
	if (wants_length(r)) {
		PUT(&w, "Content-Length: ");
		put_u64(&w, r->body.len);
		PUT(&w, "\r\n");
	}
	PUT(&w, "\r\n");
	*out = str_span(from, (size_t)(w.at - from));
	return true;
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
