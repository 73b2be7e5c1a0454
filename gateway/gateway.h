/*
 * gateway - the one public process: every request is routed, checked, limited, rebuilt
 * and passed to the service that owns it.
 *
 *   head:  admit.c, with address.c, cors.c, the routes of main.c, limits.c, identity.c
 *   body:  proxy.c, with the head that forward.c wrote; or site.c
 *   end:   access_log.c
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "address.h"
#include "app/app.h"
#include "http/client.h"
#include "http/reply.h"
#include "http/server.h"
#include "limits.h"
#include "load.h"

enum service { SERVICE_HERE, SERVICE_AUTH, SERVICE_CHAT, SERVICE_BILLING, SERVICE_COUNT };

/* May a request be sent to a service twice, when the first sending was not answered? */
enum repeat {
	REPEAT_NEVER,
	REPEAT_KEYED, /* if it carries an Idempotency-Key */
	REPEAT_ALWAYS,
};

/* One row of the table in main.c. */
struct public_route {
	enum http_method method;
	const char *pattern;
	enum service service;
	enum route_auth who; /* may call */
	enum limit_class limit;
	enum repeat repeat;
	unsigned timeout_ms; /* to the first byte of the answer; 0: UPSTREAM_TIMEOUT_MS */
	size_t body_max;     /* bytes; 0: ROUTE_BODY_MAX */
	handler_fn *here;    /* of SERVICE_HERE */
	bool waits;          /* for a reply, if the client prefers that */
};

#define ROUTES_MAX 64

struct histogram;

struct gateway {
	struct app *app;
	const struct public_route *routes;  /* ends with a NULL pattern */
	struct route index[ROUTES_MAX + 1]; /* the same rows, for route_find */
	struct http_upstream *upstream[SERVICE_COUNT];
	struct limits limits;
	struct load load[ROUTES_MAX];       /* by row */
	uint64_t caller_seed[2];            /* of their callers */
	unsigned unanswered[SERVICE_COUNT]; /* requests that are with a service */
	struct list waiting;                /* those whose clients asked it to wait */
	uint64_t *overloaded;               /* counter */
	struct networks trusted_proxies;
	struct histogram *times[ROUTES_MAX + 1][6]; /* by row and class of status */
	uint64_t *upstream_errors[SERVICE_COUNT];
	struct buf line;  /* access_log.c's */
	unsigned closing; /* upstreams */

	/* settings */
	int64_t port;
	const char *urls[SERVICE_COUNT];
	int64_t upstream_connections, upstream_target_ms;
	int64_t upstream_connect_ms, upstream_timeout_ms, upstream_total_ms;
	const char *allowed_hosts, *cors_origins, *trusted;
	bool access_log;
};

/* A request on its way through: t->state. */
struct visit {
	const struct public_route *route; /* NULL: none was found */
	struct str client; /* address of the client, proxies that are trusted taken off */
	bool from_proxy;   /* the peer is a trusted proxy */

	struct limit_verdict limit[LIMIT_KINDS];
	enum limit_by asking; /* which of them waits for Redis */
	bool told;            /* the answer to come says what they are */

	/* proxy.c */
	struct load *load;   /* its time is noted there; NULL: not, or no longer */
	unsigned caller;     /* there */
	bool held;           /* it counts among those in hand */
	uint64_t wait_us;    /* how long the service was asked to wait; 0: not */
	struct list waiting; /* in gateway.waiting, while it is held */
	struct task *task;
	struct http_call call;
	struct http_response answer;
	char *body; /* of a short answer, gathered */
	size_t body_len;
	bool streaming; /* the answer is passed on as it comes */
	bool listening; /* the task waits for more of it */
	bool ended;
	enum err outcome;
	uint64_t asked_us;    /* when the service was asked; 0: it was not */
	uint64_t answered_us; /* when the head of its answer came; 0: it did not */
};

static inline struct gateway *gateway_of(const struct task *t)
{
	return t->app->self;
}

/* admit.c */
bool gateway_admit(struct task *t, size_t *body_max);
outcome_t gateway_serve(struct task *t);

/* forward.c: false if Connection names a field that is needed on the way (400). */
bool forward_is_sound(const struct http_request *r);
/* The head of the request to the service. */
struct str forward_head(struct task *t, struct visit *v);
/* The same answer with only the fields that may be passed on; good for as long as r is. */
struct http_response forward_answer(struct task *t, const struct http_response *r);
/* "Authorization, Content-Type, ...": what browsers may send. */
extern const char forward_cors_fields[];

/* proxy.c */
/* How long a service may take to the first byte of its answer. */
uint64_t proxy_wait_ms(const struct gateway *g, const struct public_route *route);
bool proxy_has_room(struct gateway *g, const struct public_route *route);
outcome_t proxy_refuse(struct task *t); /* 503: it has not */
outcome_t proxy(struct task *t);

/* cors.c: fields of the answer to come; true for a preflight of a listed origin. */
bool cors_apply(struct task *t);
outcome_t cors_preflight(struct task *t, const char *methods);
/* NULL, or what is wrong with the list. */
const char *cors_origins_problem(const char *list);

/* identity.c: the caller, by the request's token; false without a good one. */
bool identify(struct task *t);

/* access_log.c */
void access_log_done(struct task *t, const struct http_done *d);

/* routes.c: `gateway routes`; the exit code */
int routes_print(const struct public_route *table);

/* site.c */
handler_fn index_get, openapi_get;

#endif
