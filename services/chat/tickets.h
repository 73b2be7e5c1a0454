/*
 * tickets - one-use leave to open one stream, for clients that cannot send a token with it
 * (EventSource): POST /events/ticket {"path"} gives one, `?ticket=` redeems it.
 *
 * A ticket is 32 random bytes, good for TICKET_S seconds, for one GET of one path as the
 * user who asked for it. Redis holds only its SHA-256, with what it is good for; redeeming
 * takes it out. It is none any more when its session has ended.
 */
#ifndef CHAT_TICKETS_H
#define CHAT_TICKETS_H

#include "chat.h"

#define TICKET_S 30

/* The caller of a route that takes tickets. `next` gets ERR_OK and t->caller is set;
 * ERR_DENIED: no good ticket for this path; what Redis fails with. */
outcome_t ticket_redeem(struct task *t, step_fn *next) MUST_USE;

/* The one spelling of a stream's path, in the arena; false: it is no stream's. */
bool ticket_path(struct arena *a, struct str path, struct str *out);

#endif
