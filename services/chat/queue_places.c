#include "queue_places.h"

#include "base/clock.h"
#include "data/jobq.h"

struct asking {
	void *state; /* the caller's own, which `next` wants to find */
	step_fn *next;
	struct message **of;
	struct uuid *ids;
	struct job_place *places;
	int n;
};
static step_fn places_came;

bool places_wanted(const struct message *messages, int count)
{
	for (int i = 0; i < count; i++) {
		if (str_eq(messages[i].state, STR("queued")))
			return true;
	}
	return false;
}

outcome_t places_read(struct task *t, struct message *messages, int count, step_fn *next)
{
	struct asking *a = NULL;

	for (int i = 0; i < count; i++) {
		if (!str_eq(messages[i].state, STR("queued")))
			continue;
		if (!a) {
			a = arena_new(&t->arena, struct asking);
			*a = (struct asking){ .state = t->state, .next = next };
			a->of = arena_alloc(&t->arena, JOBQ_WHERE_MAX * sizeof *a->of);
			a->ids = arena_alloc(&t->arena, JOBQ_WHERE_MAX * sizeof *a->ids);
			a->places = arena_alloc(
				&t->arena, JOBQ_WHERE_MAX * sizeof *a->places);
		}
		if (a->n == JOBQ_WHERE_MAX)
			break;
		a->of[a->n] = &messages[i];
		a->ids[a->n++] = messages[i].id;
	}
	if (!a)
		return task_continue(t, ERR_OK, next);
	t->state = a;
	return jobq_where(t, chat_of(t)->queue, a->ids, a->n, a->places, places_came);
}

static outcome_t places_came(struct task *t, enum err e)
{
	struct asking *a = t->state;
	int64_t now_us = clock_wall_us();

	for (int i = 0; e == ERR_OK && i < a->n; i++) {
		if (a->places[i].place > 0)
			a->of[i]->place = a->places[i].place;
		if (a->places[i].place != 0 && a->places[i].start_ms >= 0)
			a->of[i]->start_at_us = now_us + a->places[i].start_ms * 1000;
	}
	t->state = a->state;
	return a->next(t, ERR_OK);
}
