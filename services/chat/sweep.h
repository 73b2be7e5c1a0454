/*
 * sweep - keeps the queue true to the record: goes through what is owed in Postgres and in
 * nobody's hands, again and again, and adds it. What the queue knows already stays where it
 * is; what it lost - a crash between the commit and the queue, a Redis that was emptied, a
 * lease that ran out - is in it again. Every copy of chat runs one.
 */
#ifndef CHAT_SWEEP_H
#define CHAT_SWEEP_H

#include "chat.h"

struct sweep;

struct sweep *sweep_open(struct chat *c);
void sweep_close(struct sweep **s);

#endif
