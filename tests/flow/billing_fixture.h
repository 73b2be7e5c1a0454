/*
 * billing_fixture - billing as others see it: two copies of the binary, on a Postgres and a
 * Redis of the test's own, with the Stripe simulator beside them.
 *
 * Use:  fixture_start at the beginning of every test (the first one starts everything),
 *       fixture_stop in the last. Each test has its own users.
 */
#ifndef TESTS_FLOW_BILLING_FIXTURE_H
#define TESTS_FLOW_BILLING_FIXTURE_H

#include "tests/lib/pg_server.h"
#include "tests/lib/process.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/talk.h"
#include "tests/lib/test.h"

#define WEBHOOK_SECRET  "whsec_of_this_test_alone"
#define PREVIOUS_SECRET "whsec_of_the_year_before"
#define STRIPE_KEY      "sk_test_of_this_test_alone"
#define TOKEN_SECRET    "a secret of these tests alone"

extern struct process billing, second, stripe;
extern struct redis_server redis;
extern struct pg_server *postgres;

/* Also: webhooks on, Stripe well, nothing waiting. */
void fixture_start(void);
void fixture_stop(void);
/* The second copy, stopped and started, up to the end of its first round of chores. */
void second_restart(void);

/* ---- users ---- */
struct user {
	struct uuid id;
	char text[UUID_TEXT_SIZE];
	char token[1024];
};
struct user user_new(void);
struct answer get(struct arena *a, const struct user *u, const char *path);
struct answer post(struct arena *a, const struct user *u, const char *path);
/* Opens a checkout and pays it. */
void user_pays(const struct user *u);
/* The checkout_url's session id; "" if there was none. */
const char *user_checkout(struct arena *a, const struct user *u);

/* Waits, up to 20 s. */
bool user_becomes(const struct user *u, const char *tier);
bool events_are_done(void);
/* Of the account; -1 without one. */
long long tier_version(const struct user *u);
/* The user's subscription at Stripe, as billing knows it; "" if none. */
const char *subscription_of(struct arena *a, const struct user *u);

/* ---- the simulator ---- */
void stripe_control(const char *json);
long long stripe_count(const char *name);
void stripe_force(const char *subscription, const char *json);
struct answer stripe_call(struct arena *a, const char *method, const char *path);
/* Delivers an event now; what billing answered. */
int stripe_resend(const char *event);
/* Waits, up to 20 s, until every event has reached billing. */
bool stripe_has_delivered(void);
/* Ids of the events about a subscription, oldest first. */
int stripe_events_of(struct arena *a, const char *subscription, const char **ids, int max);

/* ---- webhooks of our own making ---- */
struct answer webhook(struct arena *a, const char *body);
struct answer webhook_signed(
	struct arena *a, const char *body, const char *secret, int64_t t_s);

/* Waits, up to 20 s, until the query says true or 1. */
bool sql_becomes_true(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
long long sql_int(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sql_exec(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
