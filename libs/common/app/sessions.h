/*
 * sessions - those that auth has ended, heard by every process that checks tokens.
 *
 * What auth.sessions.revoked tells goes to app->verifier, which refuses their tokens from
 * then on, and to the process's own session_ended. Behind the doorbell stands auth's
 * outbox: at start, those that ended within a token's life are asked for; after a reconnect
 * or a gap in the numbers, what was missed.
 *
 * Use:   by run.c, in processes with USES_TOKENS and USES_PUBSUB.
 * Owns:  its inbox.
 */
#ifndef APP_SESSIONS_H
#define APP_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct inbox;

struct sessions {
	struct inbox *inbox; /* NULL: not open */
	bool known;          /* all that had ended was heard once */
	uint64_t until_ms;   /* how long that is waited for */
};

void sessions_open(struct app *app);
/* What had ended before this process began is known; or will not be soon: Redis is away, or
 * nobody has answered for a second. */
bool sessions_are_known(struct app *app);
/* Before pubsub is closed. */
void sessions_close(struct app *app);

#endif
