/* Bus events and queue entries: what is understood, encoded again, is understood as the
 * same. */
#include <assert.h>

#include "base/trace.h"
#include "data/event.h"

static void encode_again(const struct event *ev, struct buf *out)
{
	struct buf data = { 0 };

	message_encode(ev->kind, ev->data, &data);
	event_encode(&(struct envelope){ .id = ev->id,
			     .source = str_of(ev->kind->owner),
			     .type = str_of(ev->kind->type),
			     .subject = ev->subject,
			     .seq = ev->seq,
			     .time_us = ev->time_us,
			     .traceparent = ev->traceparent,
			     .data = buf_str(&data) },
		out);
	buf_fini(&data);
}

static void check_event(struct arena *a, struct str text)
{
	struct buf once = { 0 }, twice = { 0 };
	struct event ev, again;

	if (event_decode(a, text, &ev) != ERR_OK)
		return;
	assert(ev.seq >= 0 && (ev.kind || !ev.data));
	if (!ev.data)
		return;
	encode_again(&ev, &once);
	assert(event_decode(a, buf_str(&once), &again) == ERR_OK);
	assert(again.kind == ev.kind && again.data && uuid_eq(&again.id, &ev.id));
	assert(again.seq == ev.seq && again.time_us == ev.time_us);
	encode_again(&again, &twice);
	assert(str_eq(buf_str(&once), buf_str(&twice)));
	buf_fini(&once);
	buf_fini(&twice);
}

static void check_job(struct arena *a, struct str text)
{
	struct log_context log = { 0 };
	struct msg_reply_job job;
	const struct json *data;
	const char *why;

	if (json_parse(a, text, NULL, &data, &why) != ERR_OK ||
		message_decode(&MSG_REPLY_JOB, data, &job) != ERR_OK)
		return;
	assert(traceparent_continue(job.traceparent, &log) == (log.trace_id[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = str_span((const char *)bytes, size);
	struct arena a;

	arena_init(&a);
	check_event(&a, text);
	check_job(&a, text);
	arena_fini(&a);
	return 0;
}
