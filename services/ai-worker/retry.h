/*
 * retry - what follows from a call's end for others and for the next attempt.
 */
#ifndef WORKER_RETRY_H
#define WORKER_RETRY_H

#include "answer.h"

/* What all workers are to know of the model. */
void retry_tell_queue(struct answer *a, enum model_news news);
/* Is this attempt one of WORKER_ATTEMPTS? An outage or a limit burns none. */
bool retry_counts(const struct answer *a, enum err transport, enum model_news news);
/* Until the next attempt, once a->burnt is set. */
int64_t retry_backoff_ms(const struct answer *a);

#endif
