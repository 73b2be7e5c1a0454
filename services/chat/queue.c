#include "queue.h"

#include "data/jobq.h"
#include "messages.h"

void queue_add(struct chat *c, bool is_pro, const struct uuid *room_id,
	const struct uuid *reply_id, struct str traceparent)
{
	struct msg_reply_job job = { *room_id, *reply_id, traceparent };
	struct buf body = { 0 };

	message_encode(&MSG_REPLY_JOB, &job, &body);
	jobq_add(c->app->redis, is_pro ? c->stream_pro : c->stream_basic, buf_str(&body));
	buf_fini(&body);
}
