#include "http/reply.h"
#include "limits.h"

/* Item of RateLimit: the policy's name, what remains, seconds until there is more. */
static struct str item(
	struct task *t, const struct limits *l, const struct limit_verdict *v)
{
	const char *policy = l->policy[v->caller.class][v->caller.by];
	char *from = arena_bytes(&t->arena, 128), *at = from, digits[STR_U64_SIZE];
	struct str parts[4] = { str_span(policy, str_find(str_of(policy), ';')) };

	parts[1] = STR(";r=");
	parts[2] = str_of_u64((uint64_t)v->remaining, digits);
	parts[3] = STR(";t=");
	for (int i = 0; i < 4; i++) {
		memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	parts[0] = str_of_u64((uint64_t)v->wait_s, digits);
	memcpy(at, parts[0].ptr, parts[0].len);
	return str_span(from, (size_t)(at - from) + parts[0].len);
}

static void put_number(struct task *t, struct str name, int64_t n)
{
	char digits[STR_U64_SIZE];

	reply_header(t, name, str_of_u64((uint64_t)n, digits));
}

/* What clients knew before there was a draft; they can be told of one limit alone. */
static void tell_older(struct task *t, const struct limit_verdict *v)
{
	put_number(t, STR("X-RateLimit-Limit"), v->quota);
	put_number(t, STR("X-RateLimit-Remaining"), v->remaining);
	put_number(t, STR("X-RateLimit-Reset"), v->wait_s);
}

void limits_tell(
	struct task *t, const struct limits *l, const struct limit_verdict *v, size_t n)
{
	const struct limit_verdict *least = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!v[i].counted || v[i].ask || v[i].closed)
			continue;
		reply_header(t, STR("RateLimit-Policy"),
			str_of(l->policy[v[i].caller.class][v[i].caller.by]));
		reply_header(t, STR("RateLimit"), item(t, l, &v[i]));
		if (!least || v[i].remaining < least->remaining)
			least = &v[i];
	}
	if (l->x_fields && least)
		tell_older(t, least);
}

outcome_t limits_refuse(
	struct task *t, const struct limits *l, const struct limit_verdict *v)
{
	struct str policy = str_of(l->policy[v->caller.class][v->caller.by]);
	struct json_writer *w = reply_body(t);

	if (v->closed)
		return reply_problem(
			t, &PROBLEM_UNAVAILABLE, "This cannot be done safely now");
	put_number(t, STR("Retry-After"), v->wait_s);
	json_object(w, NULL);
	json_put_z(w, "type",
		"https://iana.org/assignments/http-problem-types#quota-exceeded");
	json_put_z(w, "title",
		"Request cannot be satisfied as assigned quota has been exceeded");
	json_put_i64(w, "status", 429);
	json_put_z(w, "code", "rate_limited");
	json_put_str(w, "detail",
		arena_fmt(&t->arena, "Too many requests; try again in %lld s",
			(long long)v->wait_s));
	json_put_z(w, "request_id", t->log.request_id);
	json_array(w, "violated-policies");
	json_put_str(w, NULL, str_span(policy.ptr + 1, str_find(policy, ';') - 2));
	json_end(w);
	json_end(w);
	return reply_bytes(t, 429, STR("application/problem+json"), buf_str(w->out));
}
