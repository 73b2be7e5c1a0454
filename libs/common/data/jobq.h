/*
 * jobq - a job queue on a Redis stream with a consumer group: at least once, in order of
 * adding.
 *
 * Redis may lose any of it: whoever adds jobs keeps the record of what is owed elsewhere
 * and adds again. A job may come twice: whoever takes one claims it at the record first.
 *
 * The consumer has a connection of its own with one blocking XREADGROUP over all its
 * streams, asks only for as many as there is room for, and takes over entries that another
 * consumer left pending for longer than idle_ms (XAUTOCLAIM). Jobs in hand are kept from
 * that by a heartbeat (XCLAIM) every idle_ms / 3. Acks and upkeep go by the process's
 * common connection, so that they do not wait behind the blocking read. Redis 6.2 or newer.
 *
 * Owns:  a copy of each job from take until jobq_ack or jobq_give_back: one of them must
 * come.
 */
#ifndef DATA_JOBQ_H
#define DATA_JOBQ_H

#include "data/redis.h"

#define JOBQ_STREAMS_MAX 8
struct job {
	const char *stream;  /* which of the consumer's streams */
	struct str entry_id; /* "1700000000000-0" */
	struct str body;     /* the entry's field "j": JSON, see messages.h */
};

/* Adds a job; fire and forget: what is lost is added again by the sweep. */
void jobq_add(struct redis *r, const char *stream, struct str body);

struct jobq;
struct jobq_options {
	struct loop *loop;
	const char *url;
	struct redis *redis; /* for all but the blocking read; must outlive the jobq */
	const char *const *streams; /* in order of preference; NULL-terminated; at most 8 */
	const char *group;          /* made (from 0) when missing, also after a FLUSHALL */
	const char *consumer;       /* unique per process: host-pid-boot */
	uint64_t idle_ms;           /* takeover age */
	/* How many more jobs may come now; asked before each read and take. 0: none, wait
	 * for jobq_more. */
	unsigned (*room)(void *ctx);
	/* A job; everything in it is borrowed until the callback returns. */
	void (*take)(void *ctx, const struct job *j);
	void *ctx;
};
struct jobq *jobq_open(const struct jobq_options *o);
/* There is room again. */
void jobq_more(struct jobq *q);
/* Done with it: XACK and XDEL, fire and forget, with others at the end of the turn. */
void jobq_ack(struct jobq *q, const char *stream, struct str entry_id);
/* Not done, and somebody else may do it now: added again at the end of the stream, then
 * acked. */
void jobq_give_back(struct jobq *q, const char *stream, struct str entry_id);
/* Take no further jobs. What was read already and not taken is given back. */
void jobq_pause(struct jobq *q);
bool jobq_is_up(const struct jobq *q);
/* Waits until acks are out; leaves the group's consumer list if nothing is pending. */
void jobq_close(struct jobq **q, void (*cb)(void *ctx), void *ctx);

#endif
