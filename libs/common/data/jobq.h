/*
 * jobq - the queue of replies that are owed, in Redis: fair between users, ahead for Pro,
 * and paced by what the models behind it can take.
 *
 * Redis is only where the order is kept. The record of what is owed is elsewhere
 * (chat.jobs): whoever keeps it adds what is owed again and again, and what the queue knows
 * already stays where it is. So whatever Redis forgets comes back, and nothing is in it
 * twice. A job may be taken twice all the same: whoever takes one claims it at the record
 * first.
 *
 * The order: each user has a line of his own, oldest first; users of a tier take turns, so
 * that a hundred jobs of one do not delay another's one. Of five jobs taken while both
 * tiers wait, four are Pro's. Nobody has more in hand at once than his tier's cap.
 *
 * The models' limits are kept here as well, where all workers see them: a job is handed
 * out together with the model that is to be called, when that has a slot. A model that does
 * not answer (a breaker: five failures in a row of all workers together, then 1 s to 30 s
 * of silence and one probe) or wants no calls is passed over, and while none can be called
 * jobs wait.
 *
 * A job in hand is kept by saying so; one that is not kept for a while goes back to its
 * line. Two calls of Lua do all of it (jobq/add.lua, jobq/turn.lua; jobq/common.lua tells
 * the keys), each at the end of a turn of the loop for everything that came up in it.
 * Redis 6.2 or newer.
 */
#ifndef DATA_JOBQ_H
#define DATA_JOBQ_H

#include "data/redis.h"

/* ---- for whoever keeps the record ---- */

struct jobq;
/* `key`: "castor:<env>:{gemini}:jobs"; borrowed, as redis is. */
struct jobq *jobq_open(struct loop *loop, struct redis *redis, const char *key);
void jobq_close(struct jobq **q);

struct job {
	struct uuid id; /* of the reply */
	struct uuid user_id;
	bool is_pro;
	int64_t created_ms; /* unix; a user's own are taken in this order */
	int64_t due_ms;     /* unix; not before; 0: now */
	struct str body;    /* for the worker: JSON, see messages.h */
};
/* Fire and forget, with others at the end of the turn; what is lost must be added again. */
void jobq_add(struct jobq *q, const struct job *j);
/* It has ended without a worker. Fire and forget: a worker finds that out, too. */
void jobq_remove(struct jobq *q, const struct uuid *id);
/* How many jobs that were added were not known. */
uint64_t jobq_added(const struct jobq *q);

/* Where a job stands. */
struct job_place {
	int64_t place;    /* 1: the next; 0: it does not wait (any more); -1: waits for a
			     moment */
	int64_t start_ms; /* about how long until its turn comes; -1: nobody can say */
};
#define JOBQ_WHERE_MAX 60
/* out: n of them (at most JOBQ_WHERE_MAX), in the task's arena or longer. */
outcome_t jobq_where(struct task *t, struct jobq *q, const struct uuid *ids, int n,
	struct job_place *out, step_fn *next) MUST_USE;

struct jobq_depth {
	int64_t waiting_pro, waiting_basic, later, taken;
};
outcome_t jobq_look(
	struct task *t, struct jobq *q, struct jobq_depth *out, step_fn *next) MUST_USE;

/* ---- for workers ---- */

#define JOBQ_MODELS_MAX 8
/* One model that jobs may be given to; the strings are borrowed. */
struct jobq_model {
	const char *name;
	int64_t rpm, tpm,
		rpd; /* requests and tokens per minute, requests per day; 0: no limit */
	/* As the last turn found it. */
	bool blocked;         /* by the breaker, or because it wants no calls */
	uint64_t answered_ms; /* clock_mono_ms of the last answer to any worker; 0: none
				 known */
};

struct taken_job {
	struct uuid id;
	struct str body; /* borrowed until the callback returns */
	unsigned model;  /* its number */
	int64_t tokens;  /* reckoned with for the call; see jobq_tokens */
};

struct jobq_taker;
struct jobq_taker_options {
	struct loop *loop;
	const char *url;
	struct redis *redis; /* for all but the wait for the bell; must outlive the taker */
	const char *key;     /* as in jobq_open */
	const char *client_name;
	struct jobq_model *models; /* in order of preference: a later one only while those
				      before cannot be called */
	unsigned model_count;
	int64_t pro_cap,
		basic_cap; /* jobs of one user in hand at once, of all workers together */
	uint64_t keep_ms;  /* how long a job that is not kept stays taken */
	/* How many more jobs may come now. 0: none, wait for jobq_more. */
	unsigned (*room)(void *ctx);
	void (*take)(void *ctx, const struct taken_job *j);
	void *ctx;
};
struct jobq_taker *jobq_taker_open(const struct jobq_taker_options *o);
/* There is room again. */
void jobq_more(struct jobq_taker *q);
/* Take no further jobs. */
void jobq_pause(struct jobq_taker *q);
bool jobq_is_up(const struct jobq_taker *q);
/* What was said is sent; takes that are under way come back to nobody and run out. */
void jobq_taker_close(struct jobq_taker **q, void (*cb)(void *ctx), void *ctx);

/* What there is to say; sent with others at the end of the turn. */
void jobq_keep(struct jobq_taker *q, const struct uuid *id);
void jobq_done(
	struct jobq_taker *q, const struct uuid *id); /* ended, or gone from the record */
void jobq_again(struct jobq_taker *q, const struct uuid *id, int64_t delay_ms);
void jobq_model_answered(struct jobq_taker *q, unsigned model);
void jobq_model_down(struct jobq_taker *q, unsigned model);
void jobq_model_rests(
	struct jobq_taker *q, unsigned model, int64_t ms); /* 0: it did not say how long */
/* It was not called for a job after all (tokens: reckoned with): somebody else may. */
void jobq_model_unused(struct jobq_taker *q, unsigned model, int64_t tokens);
/* It was called, and the call broken off before it answered: another is to find out. */
void jobq_model_unheard(struct jobq_taker *q, unsigned model);
void jobq_tokens(struct jobq_taker *q, unsigned model,
	int64_t beyond); /* used beyond what was reckoned with */

#endif
