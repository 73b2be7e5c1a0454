#include "http/breaker.h"

bool breaker_lets(const struct breaker *b, uint64_t now_ms)
{
	return b->state == BREAKER_CLOSED ||
	       (b->state == BREAKER_OPEN && now_ms >= b->retry_ms);
}

bool breaker_asked(struct breaker *b)
{
	if (b->state != BREAKER_OPEN)
		return false;
	b->state = BREAKER_TRIED;
	return true;
}

/* Between half a window and a whole one is remembered. */
static void turn(struct breaker *b, uint64_t now_ms)
{
	uint64_t age_ms = now_ms - b->half_ms;

	if (age_ms < BREAKER_WINDOW_MS / 2)
		return;
	b->before = age_ms < BREAKER_WINDOW_MS ? b->now : (struct breaker_half){ 0 };
	b->now = (struct breaker_half){ 0 };
	b->half_ms = now_ms;
}

static bool half_failed(const struct breaker *b)
{
	unsigned calls = b->now.calls + b->before.calls;

	return calls >= BREAKER_SAMPLE && 2 * (b->now.failed + b->before.failed) >= calls;
}

bool breaker_tell(struct breaker *b, bool good, uint64_t now_ms)
{
	if (b->state == BREAKER_OPEN) /* a call from before it opened */
		return false;
	if (b->state == BREAKER_TRIED && good) {
		*b = (struct breaker){ .half_ms = now_ms };
		return false;
	}
	turn(b, now_ms);
	b->now.calls++;
	b->in_a_row = good ? 0 : b->in_a_row + 1;
	if (good)
		return false;
	b->now.failed++;
	return b->state == BREAKER_TRIED || b->in_a_row >= BREAKER_IN_A_ROW ||
	       half_failed(b);
}

void breaker_open(struct breaker *b, uint64_t now_ms)
{
	uint64_t wait_ms = b->wait_ms ? b->wait_ms * 2 : BREAKER_WAIT_MS;

	*b = (struct breaker){ .state = BREAKER_OPEN, .half_ms = now_ms };
	b->wait_ms = wait_ms < BREAKER_WAIT_MAX ? wait_ms : BREAKER_WAIT_MAX;
	b->retry_ms = now_ms + b->wait_ms;
}

void breaker_untold(struct breaker *b)
{
	if (b->state == BREAKER_TRIED)
		b->state = BREAKER_OPEN;
}
