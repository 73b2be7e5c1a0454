/*
 * stripe_client - calls to Stripe's API, as waits of a task.
 *
 * Use:   fill a struct stripe_call (in the task's arena), stripe_call(t, client, call,
 * next); the next step finds the answer in it. Owns:  the outgoing connections. Borrows the
 * call until the next step runs. Fails: ERR_NOT_FOUND (404), ERR_INVALID (400, 402),
 * ERR_DENIED (our key is refused), ERR_CONFLICT (409: the same call is being worked on),
 * ERR_BUSY (429), ERR_UNAVAILABLE (no connection, 5xx), ERR_TIMEOUT, ERR_UNSURE (cut off),
 * ERR_INTERNAL (an answer that makes no sense).
 *
 * Posts carry an idempotency key, so each of them may be repeated after any of these.
 */
#ifndef BILLING_STRIPE_CLIENT_H
#define BILLING_STRIPE_CLIENT_H

#include "app/app.h"
#include "http/outbound.h"
#include "json/read.h"

struct stripe_client {
	struct outbound *outbound;
	const char *base_url;      /* without a slash at its end */
	const char *authorization; /* "Authorization: Bearer sk_..." */
	const char *version;       /* "Stripe-Version: ..." */
	uint64_t *calls, *failures;
};

struct stripe_call {
	struct str path; /* "/v1/subscriptions/sub_1", with its query */
	struct buf form; /* of a POST; given up when the answer has come */
	const char *key; /* Idempotency-Key of a POST; NULL: a GET */
	/* results */
	const struct json *answer;                      /* NULL if there was none */
	int status;                                     /* 0: no answer */
	struct str error_type, error_code, error_param; /* of a refusal */
	int64_t retry_after_s;                          /* -1: not said */
	/* private */
	struct outbound_call out;
	struct stripe_client *client;
	struct task *task;
};

/* Strings are borrowed as long as the client lives. */
void stripe_client_open(struct stripe_client *c, struct app *app, const char *base_url,
	const char *secret_key, const char *api_version);
void stripe_client_close(struct stripe_client *c, void (*cb)(void *ctx), void *ctx);

outcome_t stripe_call(struct task *t, struct stripe_client *client, struct stripe_call *c,
	step_fn *next) MUST_USE;

#endif
