// needs: tests/unit/http_client_fixture.c
/* A name whose addresses change: all are used, those that vanish are let go gently. */
#include "http/upstream.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/http_client_fixture.h"

#define ADDRESSES_MAX 4

/* ---- what the name means: the test's to say, in place of libc's look-up ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned ports[ADDRESSES_MAX], port_count, lookups;

/* One piece of memory, as freeaddrinfo expects. */
static struct addrinfo *address_of(unsigned port)
{
	struct addrinfo *one = calloc(1, sizeof *one + sizeof(struct sockaddr_in));
	struct sockaddr_in *at = (struct sockaddr_in *)(one + 1);

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	one->ai_family = AF_INET;
	one->ai_socktype = SOCK_STREAM;
	one->ai_addrlen = sizeof *at;
	one->ai_addr = (struct sockaddr *)at;
	return one;
}

int getaddrinfo(const char *restrict node, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	(void)service;
	(void)hints;
	if (strcmp(node, "changing.test") != 0)
		return EAI_NONAME;
	pthread_mutex_lock(&lock);
	lookups++;
	*found = NULL;
	for (unsigned i = 0; i < port_count; i++) {
		struct addrinfo *one = address_of(ports[i]);

		one->ai_next = *found;
		*found = one;
	}
	pthread_mutex_unlock(&lock);
	return *found ? 0 : EAI_AGAIN;
}

/* From the next look-up on, which is now. */
static void means(struct http_upstream *u, const struct peer *a, const struct peer *b)
{
	pthread_mutex_lock(&lock);
	port_count = 0;
	if (a)
		ports[port_count++] = peer_port(a);
	if (b)
		ports[port_count++] = peer_port(b);
	pthread_mutex_unlock(&lock);
	if (u)
		u->endpoints.origins[0].resolve_at_ms = 0;
}

static unsigned looked_up(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = lookups;
	pthread_mutex_unlock(&lock);
	return n;
}

/* ---- tests ---- */

static bool no_idle_left(void *ctx)
{
	return ((struct peer *)ctx)->open <= 1;
}

static bool none_left(void *ctx)
{
	return ((struct peer *)ctx)->open == 0;
}

static bool both_listed(void *ctx)
{
	const struct http_upstream *u = ctx;

	return u->endpoints.count == 2 && u->endpoints.all[1]->up;
}

static void ask_times(struct http_upstream *u, int n)
{
	while (n--)
		CHECK_INT(ask_once(u), ERR_OK);
}

TEST(a_name_is_looked_up_again_and_new_addresses_are_used)
{
	struct peer *p = start(HELLO), *q = peer_open(&client_loop, 0, say_answer);
	struct http_upstream *u;

	means(NULL, p, NULL);
	u = http_upstream_open(&client_loop, "http://changing.test:80", 16);
	ask_times(u, 10);
	CHECK_INT(p->requests, 10);
	means(u, p, q);
	CHECK(test_until_fn(&client_loop, both_listed, u));
	ask_times(u, 40);
	CHECK(q->requests >= 5);
	peer_close(&q);
	stop(&p, &u);
}

TEST(an_address_that_vanishes_ends_what_it_has_in_hand)
{
	struct asked in_hand = { 0 };
	struct peer *p = start(NULL), *q = peer_open(&client_loop, 0, say_answer);
	struct http_upstream *u;
	struct peer_conn *conn;

	means(NULL, p, NULL);
	u = http_upstream_open(&client_loop, "http://changing.test:80", 16);
	ask(u, &in_hand, GET);
	while (p->requests == 0)
		loop_turn(&client_loop, true);
	conn = last_conn;
	answer = HELLO;
	ask_times(u, 5); /* something is idle there, too */
	means(u, q, NULL);
	CHECK(test_until_fn(&client_loop, no_idle_left, p));
	ask_times(u, 20);
	CHECK_INT(p->requests, 6);
	CHECK_INT(q->requests, 20);
	CHECK(!in_hand.done);
	peer_say(conn, STR(HELLO));
	CHECK(test_until(&client_loop, &in_hand.done));
	CHECK_INT(in_hand.e, ERR_OK);
	CHECK(test_until_fn(&client_loop, none_left, p));
	CHECK_INT(u->endpoints.count, 1);
	asked_fini(&in_hand);
	peer_close(&q);
	stop(&p, &u);
}

static bool asked_again(void *ctx)
{
	return looked_up() > *(const unsigned *)ctx;
}

TEST(while_a_name_cannot_be_looked_up_its_addresses_stay)
{
	struct peer *p = start(HELLO);
	struct http_upstream *u;
	unsigned before;

	means(NULL, p, NULL);
	u = http_upstream_open(&client_loop, "http://changing.test:80", 16);
	ask_times(u, 1);
	before = looked_up();
	means(u, NULL, NULL);
	CHECK(test_until_fn(&client_loop, asked_again, &before));
	test_turn(&client_loop, 20);
	ask_times(u, 10);
	stop(&p, &u);
}

TEST(a_name_is_looked_up_every_few_seconds)
{
	struct peer *p = start(HELLO);
	struct http_upstream *u;
	const struct origin *o;

	means(NULL, p, NULL);
	u = http_upstream_open(&client_loop, "http://changing.test:80", 16);
	o = &u->endpoints.origins[0];
	ask_times(u, 1);
	CHECK(o->resolve_at_ms > uv_now(&client_loop.uv) &&
		o->resolve_at_ms <= uv_now(&client_loop.uv) + 10000);
	stop(&p, &u);
}
