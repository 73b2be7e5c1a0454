/*
 * sweep - keeps the Gemini queue true to the record: what is owed in Postgres and not in
 * the stream is put there again. Every copy of chat runs one; rows are taken with `skip
 * locked`, so that copies share the work.
 *
 * Put back: replies whose worker let its lease run out, retries whose time has come, and,
 * when the stream lost entries (it is empty, or Redis was away), everything nobody holds.
 */
#ifndef CHAT_SWEEP_H
#define CHAT_SWEEP_H

#include "chat.h"

struct sweep;

struct sweep *sweep_open(struct chat *c);
void sweep_close(struct sweep **s);

#endif
