/* What is over leaves the tables bit by bit: sessions, refresh tokens, audit rows. Every
 * copy of the service does its share; rows that another one is at are passed over. */
#include "sessions_store.h"

#define EVERY_MS (10 * 60 * 1000)

struct sweeping {
	int64_t removed;
};

static step_fn swept;

static outcome_t sweep(struct task *t, enum err e)
{
	struct sweeping *s = task_new(t, struct sweeping);

	(void)e;
	return sessions_sweep(t, &s->removed, swept);
}

/* As long as there was a full measure of something there may be more of it. */
static outcome_t swept(struct task *t, enum err e)
{
	struct sweeping *s = t->state;

	if (e != ERR_OK)
		log_warn("sweep-failed", L_ERR(e));
	else if (s->removed)
		log_info("swept", L_INT("rows", s->removed));
	if (e == ERR_OK && s->removed >= SWEEP_ROWS && !t->app->draining)
		return sweep(t, ERR_OK);
	auth_of(t)->sweeping = false;
	return task_end(t);
}

static void on_tick(struct timer *timer)
{
	struct auth *auth = container_of(timer, struct auth, sweep);

	if (auth->sweeping || auth->app->draining)
		return;
	auth->sweeping = true;
	task_start(auth->app, sweep, NULL);
}

void sweep_open(struct app *app)
{
	struct auth *auth = app->self;

	timer_open(&app->loop, &auth->sweep, on_tick);
	timer_start(&auth->sweep, EVERY_MS, EVERY_MS);
}
