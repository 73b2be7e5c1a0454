/*
 * gateway_fixture - the gateway as a process, and around it, on the test's loop: three
 * services that say exactly what they are told to, and clients that do.
 *
 * Use:   fixture_start (with further settings); fixture_answer for what the services say;
 *        ask for one request and its status, or client_say and client_answer
 *        (tests/lib/web.h) on a client of fixture_client; fixture_stop.
 */
#ifndef TESTS_FLOW_GATEWAY_FIXTURE_H
#define TESTS_FLOW_GATEWAY_FIXTURE_H

#include "tests/lib/peer.h"
#include "tests/lib/process.h"
#include "tests/lib/web.h"

#define SECRET "a-secret-of-the-gateway-test-0123456789"

struct fixture {
	struct web web; /* for its loop: clients turn it while they wait */
	struct process gateway;
	struct peer *auth, *chat, *billing;
	struct client client; /* of the last ask */
	char request[70000];  /* the last one that a service got */
	size_t request_len;
	struct peer_conn *conn; /* and where it came */
	struct arena arena;
};

extern struct fixture fx;

/* settings: "NAME=value", NULL-terminated; may be NULL. */
void fixture_start(const char *const *settings);
/* The same without waiting for the gateway: process_ready. */
void fixture_begin(const char *const *settings);
/* One more, with the same settings, and one that goes before them (may be NULL); clients
 * talk to the one that fx.gateway is. It is to be waited for: process_ready. */
void fixture_gateway(struct process *p, const char *setting);
/* Checks that the gateway ended well. */
void fixture_stop(void);

/* What every service answers from now on; NULL: nothing. */
void fixture_answer(const char *text);
/* In place of it: what runs for every request. */
void fixture_handler(void (*on_request)(struct peer_conn *c));

void fixture_client(struct client *c);
/* One request on a connection of its own; its status. The answer is in fx.client. */
int ask(struct str request);
#define ASK(literal) ask(STR(literal))

/* "Authorization: Bearer <a good token>\r\n", for a user and session of its own. */
const char *fixture_bearer(const struct identity *who);
const char *fixture_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What the last request to a service holds; the value of one of its fields. */
bool sent_has(const char *text);
struct str sent_field(const char *name);
unsigned sent_count(void); /* requests that reached a service */

#endif
