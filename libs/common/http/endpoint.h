/*
 * endpoint - the addresses of one upstream: found by name, chosen for a call, left alone
 * for a while when they cannot be reached.
 *
 * Names are resolved off the loop, at start and every few seconds; all addresses are used.
 * Of two addresses drawn at random the one with less in hand gets the call. One that
 * could not be reached is probed until it can; after EJECT_AFTER connects in a row that
 * did not work it is not chosen meanwhile. One that answers badly has its breaker opened,
 * as long as half of the addresses (or the only one) at most are out of use.
 *
 * Use:   endpoints_open with a checked list of URLs; endpoints_choose per call; tell what
 *        came of connecting by endpoint_reached and endpoint_failed, of a call by
 *        endpoint_asked and endpoint_answered; endpoints_tick regularly.
 * Owns:  the endpoints; one that DNS no longer names goes when its last connection has.
 * Loop thread only.
 */
#ifndef HTTP_ENDPOINT_H
#define HTTP_ENDPOINT_H

#include <sys/socket.h>
#include <sys/un.h>

#include "app/loop.h"
#include "base/str.h"
#include "http/breaker.h"

#define ENDPOINTS_MAX 64
#define ORIGINS_MAX   8

struct endpoint {
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
		struct sockaddr_un local;
	} address;
	int origin;           /* which URL it comes from */
	bool listed;          /* still named by that URL */
	bool up;              /* the last connect worked */
	bool ejected;         /* not chosen until it is up again */
	bool probing;         /* a connection is being made only to see whether it works */
	unsigned failures;    /* connects in a row that did not work */
	uint64_t probe_at_ms; /* 0: no probe is due */
	struct breaker breaker;
	unsigned connections; /* open or being opened */
	unsigned busy;        /* of these, with a call */
	struct list idle;     /* of these, ready; the one used last is first */
};

/* One URL of the list. */
struct origin {
	struct endpoints *set;
	struct str url; /* borrowed from endpoints.text */
	char host[256];
	char port[6];
	bool is_name; /* to be resolved, again and again */
	bool resolving, resolved;
	uint64_t resolve_at_ms;
	uv_getaddrinfo_t lookup;
};

struct endpoints {
	struct loop *loop;
	char *text;
	struct origin origins[ORIGINS_MAX];
	int origin_count;
	struct endpoint *all[ENDPOINTS_MAX];
	unsigned count;
	uint64_t random;
	bool is_full; /* the log was told */
	bool closing;
	/* A new address is there, or a lookup came back; and: an address wants a probe. */
	void (*changed)(struct endpoints *set);
	void (*probe)(struct endpoints *set, struct endpoint *e);
};

/* NULL if the list of URLs is good, else what is wrong with it. */
const char *endpoints_problem(const char *urls);
void endpoints_open(struct endpoints *set, struct loop *loop, const char *urls);
/* No more probes; lookups under way still come back by `changed`. */
void endpoints_close(struct endpoints *set);
/* After the last connection is gone, and with no lookup under way. */
void endpoints_fini(struct endpoints *set);
bool endpoints_are_resolving(const struct endpoints *set);
/* Some URL has never been resolved yet: it is too early to say that there is no address. */
bool endpoints_are_unknown(const struct endpoints *set);

/* Where a call should go, other than `avoid` (may be NULL); NULL: nowhere now. */
struct endpoint *endpoints_choose(struct endpoints *set, const struct endpoint *avoid);
/* May it be asked now? */
bool endpoint_is_usable(const struct endpoints *set, const struct endpoint *e);
/* A call goes to it; true if this call decides whether it is used again. */
bool endpoint_asked(struct endpoint *e);
void endpoint_answered(struct endpoints *set, struct endpoint *e, bool well);
/* The call that should have decided was given up. */
void endpoint_unanswered(struct endpoint *e);
void endpoint_reached(struct endpoints *set, struct endpoint *e);
void endpoint_failed(struct endpoints *set, struct endpoint *e);
/* It could not even be tried, for want of something here. */
void endpoint_untried(struct endpoints *set, struct endpoint *e);
/* The other side closed an idle connection: it may be there no more. */
void endpoint_doubted(struct endpoints *set, struct endpoint *e);
/* A connection to it is gone: e may be, too, afterwards. */
void endpoint_left(struct endpoints *set, struct endpoint *e);
void endpoints_tick(struct endpoints *set, uint64_t now_ms);

#endif
