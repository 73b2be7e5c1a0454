#include "http/budget.h"

/* Between half a window and a whole one is remembered. */
static void turn(struct budget *b, uint64_t now_ms)
{
	uint64_t age_ms = now_ms - b->half_ms;

	if (age_ms < BUDGET_WINDOW_MS / 2)
		return;
	b->before = age_ms < BUDGET_WINDOW_MS ? b->now : (struct budget_half){ 0 };
	b->now = (struct budget_half){ 0 };
	b->half_ms = now_ms;
}

void budget_note(struct budget *b, uint64_t now_ms)
{
	turn(b, now_ms);
	b->now.calls++;
}

bool budget_take(struct budget *b, uint64_t now_ms)
{
	unsigned most;

	turn(b, now_ms);
	most = (b->now.calls + b->before.calls) / 10;
	if (b->now.repeats + b->before.repeats >=
		(most > BUDGET_LEAST ? most : BUDGET_LEAST))
		return false;
	b->now.repeats++;
	return true;
}
