/*
 * answer - one reply being made, from the queue's entry to its end in the record.
 *
 *   CLAIM ──claimed──▶ CALL ──ended──▶ STORE ──stored──▶ DONE
 *     │ gone, held,     │ may help           │ refused: the lease was lost
 *     │ early           ▼ to try again       ▼
 *     └────────────▶ DONE ◀──── RELEASE ◀────┘
 *
 * CLAIM, STORE and RELEASE talk to Postgres; while it is away they wait (state kept, in
 * worker's `waiting`) and are tried again. CALL talks to the model. DONE tells the queue.
 */
#ifndef WORKER_ANSWER_H
#define WORKER_ANSWER_H

#include "data/jobq.h"
#include "data/pg_batch.h"
#include "http/outbound.h"
#include "http/sse.h"
#include "model.h"
#include "prompt.h"
#include "worker.h"

enum answer_state { ANSWER_CLAIM, ANSWER_CALL, ANSWER_STORE, ANSWER_RELEASE, ANSWER_DONE };

struct answer {
	enum answer_state state;
	struct worker *worker;
	struct list link;       /* in worker->answers */
	struct list wait_link;  /* in worker->waiting, until retry_at_ms */
	struct list flush_link; /* in worker->flushing */
	uint64_t retry_at_ms;

	/* whose it is */
	struct uuid room_id, reply_id;
	unsigned model;   /* to be called: number in worker->models */
	int64_t reckoned; /* tokens that its limit was charged for the call */

	/* the lease */
	int64_t fence, attempts;
	bool maybe_stored; /* a STORE was sent whose fate is unknown */
	struct pg_batch_item item, beat_item;
	bool at_store; /* item is under way */
	bool beating;  /* beat_item is */

	/* the call */
	struct outbound_call call;
	struct buf body; /* of the request */
	struct sse_reader sse;
	struct buf error_body; /* of an answer that is not 200 */
	struct model_said said;
	struct buf text; /* the whole answer so far */
	size_t flushed;  /* how much of it readers were given */
	uint64_t called_at_us;
	bool heard;              /* the model has begun to answer */
	bool stop;               /* somebody wants no more of it */
	struct prompt_told told; /* what the model was told */

	/* what it cost: the provider's counts, or our own where it gave none */
	struct {
		int64_t prompt_tokens, output_tokens;
		bool is_estimated;
	} usage;
	bool is_counted;     /* usage is final */
	char last_error[64]; /* the provider's word, for operators; "": none */

	/* how it ends */
	enum answer_end end;
	int refusals;     /* of a STORE by the record itself */
	const char *why;  /* for the user; NULL: none */
	int64_t delay_ms; /* RELEASE: until the next try */
	bool burnt;       /* RELEASE: the attempt counts */
	enum {
		LEAVES_DONE,
		LEAVES_AGAIN,
		LEAVES_TO_OTHERS
	} leaves; /* DONE: what the queue is told */
};

/* A job came: claims it. */
void answer_take(struct worker *w, const struct taken_job *j);
/* Postgres may be back: tries the present state's statement again. */
void answer_retry_store(struct answer *a);
/* The heartbeat came back; ERR_NOT_FOUND: the lease is not ours any more. */
void answer_beaten(struct answer *a, enum err e, bool stop);
/* Somebody wants no more of it: what was written stays. */
void answer_stop(struct answer *a);
/* The process is leaving: breaks the call off and gives the reply back, unburnt. */
void answer_hand_back(struct answer *a);
/* The process ends now: the lease will run out, and the sweep brings the reply to another.
 */
void answer_abandon(struct answer *a);

/* Used by answers_store.c when a statement has come back. */
struct claim {
	enum { CLAIM_OURS, CLAIM_GONE, CLAIM_LATER } outcome;
	int64_t created_at_us;
	bool stop;                /* ours, and somebody wants no more of it */
	const struct turn *turns; /* newest first; borrowed until answer_claimed returns */
	int turn_count;
	struct str system_prompt; /* the room's; empty: none */
};
void answer_claimed(struct answer *a, enum err e, const struct claim *c);
void answer_stored(
	struct answer *a, enum err e); /* ERR_NOT_FOUND: the fence was not the newest */
void answer_released(struct answer *a, enum err e);

#endif
