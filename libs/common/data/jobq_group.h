/*
 * jobq_group - a consumer among others: it takes over what others abandoned, sweeps up
 * after those that were killed, and leaves no trace itself.
 */
#ifndef DATA_JOBQ_GROUP_H
#define DATA_JOBQ_GROUP_H

#include "data/jobq_hand.h"

#define JOBQ_CURSOR_SIZE 48

struct jobq_takeover {
	const struct jobq_hand *hand;
	/* What was found in a stream, good until it returns; NULL: the search failed. */
	void (*found)(void *ctx, unsigned stream, const struct redis_value *entries);
	void *ctx;
	struct jobq_search {
		struct jobq_takeover *takeover;
		unsigned stream;
		bool asking;
		char cursor[JOBQ_CURSOR_SIZE]; /* how far it got */
	} search[JOBQ_STREAMS_MAX];
};

void jobq_takeover_init(struct jobq_takeover *t, const struct jobq_hand *hand,
	void (*found)(void *ctx, unsigned stream, const struct redis_value *entries),
	void *ctx);
/* Claims up to `count` entries of each stream that were left alone for hand->idle_ms. */
void jobq_takeover_search(struct jobq_takeover *t, unsigned count);
/* An answer is still to come: the takeover must stay. */
bool jobq_takeover_is_asking(const struct jobq_takeover *t);

/* Takes consumers off the list that hold nothing and were not heard of for an hour. */
void jobq_group_tidy(const struct jobq_hand *h);
/* Takes this one off, where it holds nothing; done once for each stream. */
void jobq_group_leave(const struct jobq_hand *h, redis_done_fn *done, void *ctx);

#endif
