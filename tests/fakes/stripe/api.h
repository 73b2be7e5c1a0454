/*
 * api - what every call of /v1 passes: the key, the version, form parameters, idempotency,
 *and Stripe's error shape.
 *
 * A call reads all its parameters first, asks api_ready, and only then changes anything:
 *
 *	struct str email = api_str(a, "email");
 *
 *	if (!api_ready(a))
 *		return;
 *	customer_write(&a->w, NULL, ...);
 *
 * Errors that a reader finds are kept; the first one is the answer. A parameter that nobody
 * read is unknown.
 */
#ifndef FAKES_STRIPE_API_H
#define FAKES_STRIPE_API_H

#include "app/task.h"
#include "form.h"
#include "shelf.h"
#include "json/write.h"

struct stripe;
struct pair;

struct api {
	struct task *t;
	struct stripe *s;
	struct form form;     /* of the body of a POST, of the query otherwise */
	struct json_writer w; /* the answer's body */
	int status;
	struct str key; /* Idempotency-Key; empty: none */
	char request_id[OBJECT_ID_SIZE];
	bool failed; /* the body is an error */
};

typedef void api_fn(struct api *a);

outcome_t api_call(struct task *t, api_fn *fn) MUST_USE;

/* Readers; optional values that are absent give a str with ptr NULL, and leave *out alone.
 */
struct str api_str(struct api *a, const char *key);
struct str api_required(struct api *a, const char *key);
bool api_bool(struct api *a, const char *key, bool *out);
bool api_int(struct api *a, const char *key, int64_t min, int64_t max, int64_t *out);
/* key[name]=value pairs over the given ones, in the simulator's arena; "" removes one. */
struct pair *api_metadata(struct api *a, const char *key, struct pair *old);
/* All read, nothing unknown, nothing wrong. */
bool api_ready(struct api *a);

void api_fail(struct api *a, int status, const char *code, const char *param,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same with a type of its own; the text must be valid UTF-8. */
void api_fail_as(struct api *a, int status, const char *type, const char *code,
	const char *param, struct str message);
/* "No such customer: 'cus_x'" */
void api_missing(struct api *a, const char *kind, const char *param, struct str id);
/* Into the simulator's arena; ptr NULL stays so. */
struct str api_keep(struct api *a, struct str s);

/*
 * GET of a list: limit, starting_after, ending_before. `match` (may be NULL) says which
 * objects belong to it.
 */
void api_list(struct api *a, const char *url, struct shelf *sh,
	bool (*match)(struct api *a, const struct object *o, const void *ctx),
	void (*write)(struct api *a, struct object *o), const void *ctx);

#endif
