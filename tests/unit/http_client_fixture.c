#include "tests/unit/http_client_fixture.h"

#include <stdio.h>

struct loop client_loop;

/* ---- calls ---- */

static void on_head(struct http_call *c, const struct http_response *r)
{
	struct asked *a = container_of(c, struct asked, call);

	a->heads++;
	a->status = r->status;
	a->length = r->length;
	a->response = r;
	if (a->cancel_in_head) {
		http_call_cancel(c);
		a->done = true;
	}
}

static void on_body(struct http_call *c, struct str bytes)
{
	struct asked *a = container_of(c, struct asked, call);

	a->pieces++;
	buf_add_str(&a->body, bytes);
	if (a->pause_in_body)
		http_call_pause(c);
	if (a->cancel_in_body) {
		http_call_cancel(c);
		a->done = true;
	}
}

static void on_done(struct http_call *c, enum err e)
{
	struct asked *a = container_of(c, struct asked, call);

	a->dones++;
	a->e = e;
	a->done = true;
	if (a->then)
		http_call_send(a->upstream, a->then);
	for (size_t i = 0; a->heads && i < a->response->header_count; i++) {
		const struct http_header *h = &a->response->headers[i];

		if (str_eq_nocase(h->name, STR("Content-Type")))
			snprintf(a->type, sizeof a->type, "%.*s", STR_ARG(h->value));
	}
}

const struct http_call_events asked_events = { on_head, on_body, on_done };

void ask(struct http_upstream *u, struct asked *a, const char *head)
{
	a->upstream = u;
	a->call.events = &asked_events;
	a->call.head = str_of(head);
	http_call_send(u, &a->call);
}

static void count_closed(void *ctx)
{
	*(bool *)ctx = true;
}

void close_upstream(struct http_upstream **u)
{
	bool closed = false;

	http_upstream_close(u, count_closed, &closed);
	CHECK(test_until(&client_loop, &closed));
}

/* ---- what the peer says ---- */

const char *answer;
const char *second_answer;
bool then_hang_up, slowly, reset_second;
struct peer_conn *last_conn;
unsigned requests_of_last;

void say_answer(struct peer_conn *c)
{
	const char *text = second_answer && c->peer->requests > 1 ? second_answer : answer;

	last_conn = c;
	requests_of_last = c->requests;
	if (reset_second && c->requests > 1) {
		peer_reset(c);
		return;
	}
	if (!text)
		return;
	if (slowly) {
		peer_say_slowly(c, str_of(text), then_hang_up);
		return;
	}
	peer_say(c, str_of(text));
	if (then_hang_up)
		peer_hang_up(c);
}

struct peer *start(const char *text)
{
	loop_init(&client_loop);
	answer = text;
	second_answer = NULL;
	then_hang_up = slowly = reset_second = false;
	return peer_open(&client_loop, 0, say_answer);
}

void stop(struct peer **p, struct http_upstream **u)
{
	if (*u)
		close_upstream(u);
	if (*p)
		peer_close(p);
	loop_fini(&client_loop);
}

void asked_fini(struct asked *a)
{
	buf_fini(&a->body);
}

enum err ask_once(struct http_upstream *u)
{
	struct asked a = { 0 };

	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	asked_fini(&a);
	return a.e;
}
