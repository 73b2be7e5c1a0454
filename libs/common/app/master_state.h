/*
 * master_state - the inside of master.c: shared with worker.c (processes that come and go),
 * watch.c (what they tell), program.c (another program takes over) and handover.c (what it
 * is told by the old one).
 */
#ifndef APP_MASTER_STATE_H
#define APP_MASTER_STATE_H

#include <sys/types.h>

#include "app/master.h"
#include "secure/tickets.h"

struct worker {
	struct list link;
	pid_t pid;
	int pipe; /* it tells by a byte that it is ready, and then that it turns */
	unsigned generation;
	unsigned slot; /* of the metrics; 0: it counts elsewhere (an older program's) */
	bool ready;
	bool retiring;
	bool watched; /* it is known to tell; an older program's may not */
	bool hangs;   /* it was told to end for that */
	uint64_t born_ms;
	uint64_t silent_ms; /* as the master has counted it: see watch.c */
};

struct master {
	struct app *app;  /* settings and sockets of the generation that serves */
	struct app *next; /* of the one that is coming */
	char **argv;
	struct list workers;
	unsigned generation; /* that serves; 0: none does yet */
	bool coming;         /* generation + 1 is being started */
	uint64_t coming_until_ms;
	uint64_t again_at_ms; /* the next worker may be started then */
	unsigned delay_ms;    /* before the one after it */
	bool want_reload, want_program;
	bool stopping, failed;
	uint64_t kill_at_ms; /* who has not ended by then is killed */
	int signals;         /* signalfd */
	uint64_t watched_ms; /* when they were last listened to */
	struct metrics_area *area;
	struct crowd *crowd; /* seats are slots of the metrics */
	struct metrics *metrics;
	bool slots[256]; /* in use */
	struct ticket_ring tickets;
	int tickets_fd; /* while they are handed over; 0: not */
	int64_t *serving_gauge, *retiring_gauge;
	uint64_t *deaths, *hangs, *changes, *failures, *log_dropped;
};

/* ---- worker.c ---- */

/* False if no more can be started. Does not return in the worker. */
bool worker_start(struct master *m, struct app *app, unsigned generation);
void worker_adopt(struct master *m, const struct worker *told);
/* Its process is gone. */
void worker_gone(struct master *m, struct worker *w);
struct worker *worker_find(struct master *m, pid_t pid);
unsigned worker_count(const struct master *m, unsigned generation);
bool workers_are_ready(const struct master *m, unsigned generation);
/* To all of that generation, or (0) to all. */
void workers_signal(struct master *m, unsigned generation, int signum);
/* All but those of the generation that serves. */
void workers_retire(struct master *m);

/* ---- watch.c ---- */

/* Hears what they tell; who has told nothing for too long is ended. */
void workers_listen(struct master *m);

/* ---- handover.c ---- */

/* What a new program should know, for the process `heir`, whose it then is. */
void handover_tell(struct master *m, pid_t heir);
/* It is not needed after all. */
void handover_take_back(struct master *m);
/* This process was told something. */
bool handover_is_mine(void);
/* What the old program left: sockets into m->app, and workers. Before sockets are opened.
 * False if it left what is not understood here. */
bool handover_take(struct master *m);

/* ---- program.c ---- */

/* Becomes the new program; returns only if that cannot be. */
void program_execute(struct master *m);

#endif
