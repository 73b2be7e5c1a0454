/*
 * jobq_hand - the jobs a consumer has in hand: known by stream and entry id, kept from
 * others by a heartbeat, let go of by acks that leave together at the end of the turn.
 */
#ifndef DATA_JOBQ_HAND_H
#define DATA_JOBQ_HAND_H

#include "base/buf.h"
#include "base/map.h"
#include "data/jobq.h"

struct jobq_hand {
	struct loop *loop;
	struct redis *redis;
	const char *streams[JOBQ_STREAMS_MAX];
	unsigned count; /* of streams */
	const char *group, *consumer;
	uint64_t idle_ms;
	struct map held; /* struct held_job.node */
	struct list
		acked[JOBQ_STREAMS_MAX]; /* struct held_job.link; leave at the turn's end */
	struct loop_hook leave;
};

struct held_job {
	struct map_node node;
	struct list link; /* of those that wait to be taken, or to be acked */
	unsigned stream;  /* its number */
	struct str id, body;
	char bytes[]; /* of node.key (the stream's number, the id), then of body */
};

/* The rest of *h is set by the caller before. */
void jobq_hand_init(struct jobq_hand *h);
void jobq_hand_fini(struct jobq_hand *h);

/* Entries of an answer, [[id, [field, value, ...]], ...]: new jobs are added to the list
 * `ready`; what is no job is acked. */
void jobq_hand_arrive(struct jobq_hand *h, unsigned stream,
	const struct redis_value *entries, struct list *ready);
/* NULL if it is in hand already, or the id is no id. */
struct held_job *jobq_hand_add(
	struct jobq_hand *h, unsigned stream, struct str id, struct str body);
struct held_job *jobq_hand_find(const struct jobq_hand *h, unsigned stream, struct str id);
/* XACK and XDEL at the end of the turn, also of an entry that is not in hand. */
void jobq_hand_ack(struct jobq_hand *h, unsigned stream, struct str id);
/* XADD again, then ack. */
void jobq_hand_give_back(struct jobq_hand *h, struct held_job *job);
/* Acks that wait for the end of the turn, now. */
void jobq_hand_flush(struct jobq_hand *h);
/* Says that the consumer lives and still works at what it holds. */
void jobq_hand_heartbeat(struct jobq_hand *h);

#endif
