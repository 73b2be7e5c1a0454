/*
 * reply_log - the text of a reply on its way to readers: a Redis stream per reply
 * (castor:<env>:reply:{<id>}), entries `t`, `f`, `o`, `d`, in order:
 *
 *   t=delta f=<fence> o=<bytes before> d=<text>   pieces of the answer; whole UTF-8
 * characters t=done  f=<fence> o=<bytes> d=<state>  the record has the end
 *
 * A higher fence is a new attempt: what an earlier one wrote is void, and so is what it may
 * still write.
 *
 * and beside each a doorbell on the channel of the same name. The stream expires; the
 * record stays. Everything is fire and forget: a reader that misses something reads the
 * record.
 */
#ifndef WORKER_REPLY_LOG_H
#define WORKER_REPLY_LOG_H

#include "answer.h"

/* What is in a->text beyond a->flushed. */
void reply_log_text(struct answer *a);
void reply_log_done(struct answer *a);

#endif
