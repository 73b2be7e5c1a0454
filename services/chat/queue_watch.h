/*
 * queue_watch - replies that somebody reads and nobody has begun: asks the queue every two
 * seconds where they stand, and tells their feeds.
 */
#ifndef CHAT_QUEUE_WATCH_H
#define CHAT_QUEUE_WATCH_H

#include "chat.h"

struct queue_watch;
struct queue_watch *queue_watch_open(struct chat *c);
void queue_watch_close(struct queue_watch **w);

#endif
