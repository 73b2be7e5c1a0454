#include "data/event.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/trace.h"

void event_encode(const struct envelope *e, struct buf *out)
{
	struct json_writer w = json_writer(out);
	char source[80];

	snprintf(source, sizeof source, "/castor/%.*s", STR_ARG(e->source));
	json_object(&w, NULL);
	json_put_z(&w, "specversion", "1.0");
	json_put_uuid(&w, "id", &e->id);
	json_put_z(&w, "source", source);
	json_put_str(&w, "type", e->type);
	json_put_time(&w, "time", e->time_us);
	json_put_str(&w, "subject", e->subject);
	if (e->seq)
		json_put_i64(&w, "seq", e->seq);
	if (e->traceparent.len)
		json_put_str(&w, "traceparent", e->traceparent);
	json_put_raw(&w, "data", e->data);
	json_end(&w);
}

/* "n" decimal digits of *at; -1 if they are not all there. */
static int digits(struct str *at, size_t n)
{
	uint64_t value;

	if (at->len < n || !str_u64(str_span(at->ptr, n), &value))
		return -1;
	*at = str_span(at->ptr + n, at->len - n);
	return (int)value;
}

static bool skip(struct str *at, char c)
{
	if (at->len == 0 || at->ptr[0] != c)
		return false;
	*at = str_span(at->ptr + 1, at->len - 1);
	return true;
}

/* RFC 3339 in UTC, as json_put_time writes it. */
static bool parse_time(struct str s, int64_t *us)
{
	struct tm tm = { 0 };
	int64_t scale = 1000000, fraction = 0;
	int year = digits(&s, 4), month, day;

	if (year < 1970 || !skip(&s, '-') || (month = digits(&s, 2)) < 1 || month > 12 ||
		!skip(&s, '-') || (day = digits(&s, 2)) < 1 || day > 31 || !skip(&s, 'T'))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	if ((tm.tm_hour = digits(&s, 2)) < 0 || tm.tm_hour > 23 || !skip(&s, ':') ||
		(tm.tm_min = digits(&s, 2)) < 0 || tm.tm_min > 59 || !skip(&s, ':') ||
		(tm.tm_sec = digits(&s, 2)) < 0 || tm.tm_sec > 60)
		return false;
	if (skip(&s, '.')) {
		int digit = digits(&s, 1);

		if (digit < 0)
			return false;
		for (; digit >= 0; digit = digits(&s, 1)) {
			scale /= 10;
			fraction += digit * scale;
		}
	}
	*us = (int64_t)timegm(&tm) * 1000000 + fraction;
	return skip(&s, 'Z') && s.len == 0;
}

static const void *decode_data(
	struct arena *a, const struct message_kind *kind, const struct json *data)
{
	void *msg;

	if (!kind)
		return NULL;
	msg = arena_alloc(a, kind->size);
	return message_decode(kind, data, msg) == ERR_OK ? msg : NULL;
}

enum err event_decode(struct arena *a, struct str text, struct event *out)
{
	struct event ev = { 0 };
	const struct json *j, *seq, *time;
	const char *why;
	struct str type;

	if (json_parse(a, text, NULL, &j, &why) != ERR_OK)
		return ERR_INVALID;
	type = json_text(json_get(j, "type"));
	if (!str_eq(json_text(json_get(j, "specversion")), STR("1.0")) || type.len == 0 ||
		json_text(json_get(j, "source")).len == 0 ||
		!json_uuid(json_get(j, "id"), &ev.id))
		return ERR_INVALID;
	seq = json_get(j, "seq");
	if (seq && (!json_i64(seq, &ev.seq) || ev.seq < 0))
		return ERR_INVALID;
	time = json_get(j, "time");
	if (time && !parse_time(json_text(time), &ev.time_us))
		return ERR_INVALID;
	ev.subject = json_text(json_get(j, "subject"));
	ev.traceparent = json_text(json_get(j, "traceparent"));
	ev.kind = message_kind_find(type);
	ev.data = decode_data(a, ev.kind, json_get(j, "data"));
	*out = ev;
	return ERR_OK;
}

/* ---- sending ---- */

void event_channel(struct app *app, struct str type, struct buf *out)
{
	buf_clear(out);
	buf_addf(out, "castor:%s:%.*s", app->set.env, STR_ARG(type));
}

void event_publish(
	struct app *app, const struct envelope *e, redis_done_fn *done, void *ctx)
{
	struct buf channel = { 0 }, text = { 0 };

	event_channel(app, e->type, &channel);
	event_encode(e, &text);
	redis_send(app->redis,
		&REDIS_CMD(STR("PUBLISH"), buf_str(&channel), buf_str(&text)), done, ctx);
	buf_fini(&channel);
	buf_fini(&text);
}

void bus_ring(struct app *app, const struct message_kind *kind, struct str subject,
	const void *msg)
{
	struct buf data = { 0 };
	char trace[TRACEPARENT_SIZE];

	if (!app->redis)
		return; /* stopping */
	traceparent_format(log_context_get(), trace);
	message_encode(kind, msg, &data);
	event_publish(app,
		&(struct envelope){ .id = uuid_v7(),
			.source = str_of(app->spec->name),
			.type = str_of(kind->type),
			.subject = subject,
			.time_us = clock_wall_us(),
			.traceparent = str_of(trace),
			.data = buf_str(&data) },
		NULL, NULL);
	buf_fini(&data);
}

/* ---- doorbells heard ---- */

struct ear {
	const struct message_kind *kind;
	void (*fn)(void *ctx, const struct event *ev);
	void *ctx;
};

static void on_ring(void *ctx, struct str channel, struct str message)
{
	struct ear *ear = ctx;
	struct event ev;
	struct arena a;

	(void)channel;
	arena_init(&a);
	if (event_decode(&a, message, &ev) == ERR_OK && ev.kind == ear->kind && ev.data)
		ear->fn(ear->ctx, &ev);
	arena_fini(&a);
}

void bus_listen(struct app *app, const struct message_kind *kind,
	void (*fn)(void *ctx, const struct event *ev), void *ctx)
{
	struct ear *ear = arena_new(&app->arena, struct ear);
	struct buf channel = { 0 };

	*ear = (struct ear){ kind, fn, ctx };
	event_channel(app, str_of(kind->type), &channel);
	pubsub_subscribe(app->pubsub, buf_cstr(&channel), on_ring, ear);
	buf_fini(&channel);
}
