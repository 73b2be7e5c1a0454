/* What a request must pass before its body is read, in this order; then who serves it. */
#include "gateway.h"

#include <stdio.h>

#include "base/clock.h"

static const struct problem not_allowed = { 405, "method_not_allowed",
	"Method not allowed" };
static const struct problem malformed = { 400, "malformed_request", "Malformed request" };
static const struct problem misdirected = { 421, "misdirected_request",
	"This host is not served here" };

/* What was replied is not the concern of an admit function. */
static bool replied(outcome_t said)
{
	(void)said;
	return false;
}

/* ---- who and what ---- */

static bool host_is_served(const struct gateway *g, struct str host)
{
	struct str rest = str_of(g->allowed_hosts), one, name = host;

	if (!rest.len)
		return true;
	while (name.len && name.ptr[name.len - 1] >= '0' && name.ptr[name.len - 1] <= '9')
		name.len--;
	/* "host:8000" is meant by "host", too. */
	name.len = name.len && name.ptr[name.len - 1] == ':' ? name.len - 1 : host.len;
	while (str_cut(&rest, ',', &one)) {
		one = str_trim(one);
		if (str_eq_nocase(one, host) || str_eq_nocase(one, name))
			return true;
	}
	return false;
}

static const struct public_route *find_route(struct task *t)
{
	struct gateway *g = gateway_of(t);
	struct http_request *r = http_req(t);
	const struct route *row = route_find(g->index, r->method, r->path, r->param);

	return row ? &g->routes[row - g->index] : NULL;
}

/* Neither the path nor the method is served, or the method asks what is. */
static outcome_t reply_unrouted(struct task *t, bool preflight)
{
	struct gateway *g = gateway_of(t);
	const struct http_request *r = http_req(t);
	char allowed[80];

	route_allowed(g->index, r->path, allowed, sizeof allowed);
	if (!allowed[0])
		return reply_problem(t, &PROBLEM_NOT_FOUND, NULL);
	if (preflight)
		return cors_preflight(t, allowed);
	reply_header(t, STR("Allow"), str_of(allowed));
	if (r->method == HTTP_M_OPTIONS)
		return reply_empty(t, 204);
	return reply_problem(t, &not_allowed, NULL);
}

/* ---- limits ---- */

/* An IPv6 client usually has a whole /64 to itself. */
static struct str address_key(struct str address, uint8_t bytes[16])
{
	if (!address_parse(address, bytes))
		return address;
	return str_span((const char *)bytes, str_find(address, ':') < address.len ? 8 : 16);
}

static bool within_limit(struct task *t, struct visit *v, enum limit_by by, uint64_t now_us)
{
	struct gateway *g = gateway_of(t);
	uint8_t bytes[16];
	struct limit_caller caller;

	if (v->route->limit == LIMIT_NONE || !g->limits.per_minute[v->route->limit][by])
		return true;
	caller = limit_caller(v->route->limit, by,
		by == LIMIT_BY_ADDRESS ? address_key(v->client, bytes)
				       : uuid_bytes(&t->caller->user_id));
	g->limits.shared = limits_are_shared(&g->limits, now_us);
	v->limit[by] = limits_take(&g->limits, &caller, now_us);
	return v->limit[by].allowed;
}

/* Once, when all that will be known of them is. */
static void tell_limits(struct task *t)
{
	struct visit *v = t->state;

	if (!v->told)
		limits_tell(t, &gateway_of(t)->limits, v->limit, LIMIT_KINDS);
	v->told = true;
}

static bool must_ask(const struct visit *v)
{
	return v->limit[LIMIT_BY_ADDRESS].ask || v->limit[LIMIT_BY_USER].ask;
}

static outcome_t refuse_limit(struct task *t, enum limit_by by)
{
	struct gateway *g = gateway_of(t);
	const struct visit *v = t->state;

	++*g->limits.refused;
	log_info("rate-limited", L_Z("class", limits_class_name(v->route->limit)),
		L_Z("by", by == LIMIT_BY_USER ? "user" : "address"));
	tell_limits(t);
	return limits_refuse(t, &g->limits, &v->limit[by]);
}

/* ---- the two that the server calls ---- */

static bool asks_token(const struct public_route *route)
{
	return route->who == ROUTE_USER || route->who == ROUTE_TICKET;
}

/* The service redeems it, and says who the caller is. */
static bool has_ticket(const struct http_request *r, const struct public_route *route)
{
	return route->who == ROUTE_TICKET && http_brings_ticket(r);
}

bool gateway_admit(struct task *t, size_t *body_max)
{
	struct gateway *g = gateway_of(t);
	const struct http_request *r = http_req(t);
	struct visit *v = task_new(t, struct visit);
	uint64_t now_us = clock_mono_us();
	bool preflight;

	v->task = t;
	v->from_proxy = networks_hold(&g->trusted_proxies, r->peer);
	v->client = address_of_client(&g->trusted_proxies, r, &t->arena);
	http_on_done(t, access_log_done);
	if (!host_is_served(g, r->host))
		return replied(reply_problem(t, &misdirected, NULL));
	if (!forward_is_sound(r))
		return replied(reply_problem(
			t, &malformed, "Connection names a field that is needed"));
	preflight = cors_apply(t);
	v->route = find_route(t);
	if (!v->route)
		return replied(reply_unrouted(t, preflight));
	if (r->query.len && !http_query_is_plain(r, &t->arena))
		return replied(reply_problem(t, &malformed,
			"The query gives a parameter twice, or too many, or a name badly"));
	if (!within_limit(t, v, LIMIT_BY_ADDRESS, now_us))
		return replied(refuse_limit(t, LIMIT_BY_ADDRESS));
	if (!proxy_has_room(g, v->route)) {
		tell_limits(t);
		return replied(proxy_refuse(t));
	}
	if (asks_token(v->route) && !has_ticket(r, v->route)) {
		if (!identify(t)) {
			tell_limits(t);
			return replied(reply_problem(t, &PROBLEM_UNAUTHORIZED, NULL));
		}
		if (!within_limit(t, v, LIMIT_BY_USER, now_us))
			return replied(refuse_limit(t, LIMIT_BY_USER));
	}
	if (!must_ask(v))
		tell_limits(t);
	t->deadline_ms = now_us / 1000 + proxy_wait_ms(g, v->route);
	*body_max = v->route->body_max ? v->route->body_max : ROUTE_BODY_MAX;
	return true;
}

/* ---- the steps: what Redis must say is asked, then the request is served ---- */

static step_fn asked;

static outcome_t serve(struct task *t)
{
	const struct visit *v = t->state;

	tell_limits(t);
	return v->route->here ? v->route->here(t) : proxy(t);
}

outcome_t gateway_serve(struct task *t)
{
	struct gateway *g = gateway_of(t);
	struct visit *v = t->state;

	for (int by = 0; by < LIMIT_KINDS; by++) {
		if (v->limit[by].ask) {
			v->asking = (enum limit_by)by;
			return limits_ask(t, &g->limits, &v->limit[by], asked);
		}
	}
	return serve(t);
}

static outcome_t asked(struct task *t, enum err e)
{
	struct gateway *g = gateway_of(t);
	struct visit *v = t->state;

	limits_decide(&g->limits, &v->limit[v->asking], e);
	if (t->canceled)
		return reply_error(t, ERR_CANCELED);
	if (!v->limit[v->asking].allowed)
		return refuse_limit(t, v->asking);
	return gateway_serve(t);
}
