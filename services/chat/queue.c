#include "queue.h"

#include "data/jobq.h"
#include "messages.h"

void queue_add(struct jobq *q, const struct owed *o)
{
	struct msg_reply_job job = { o->room_id, o->reply_id, o->traceparent };
	struct buf body = { 0 };

	message_encode(&MSG_REPLY_JOB, &job, &body);
	jobq_add(q, &(struct job){ .id = o->reply_id,
			    .user_id = o->user_id,
			    .is_pro = o->is_pro,
			    .created_ms = o->created_us / 1000,
			    .due_ms = o->not_before_us / 1000,
			    .body = buf_str(&body) });
	buf_fini(&body);
}
