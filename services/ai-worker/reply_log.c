#include "reply_log.h"

#include <stdio.h>

#include "base/utf8.h"
#include "data/bus.h"
#include "data/redis.h"
#include "messages.h"

#define KEEP_S "900"

struct log_key {
	char text[160];
};

static struct str key_of(const struct answer *a, struct log_key *k)
{
	char id[UUID_TEXT_SIZE];
	int n;

	uuid_format(&a->reply_id, id);
	n = snprintf(k->text, sizeof k->text, "castor:%s:reply:{%s}",
		a->worker->app->set.env, id);
	return str_span(k->text, (size_t)n);
}

static void add(struct answer *a, struct str key, struct str type, struct str data)
{
	char fence[24], offset[STR_U64_SIZE];
	struct redis_cmd cmd;

	snprintf(fence, sizeof fence, "%lld", (long long)a->fence);
	cmd = REDIS_CMD(STR("XADD"), key, STR("*"), STR("t"), type, STR("f"), str_of(fence),
		STR("o"), str_of_u64(a->flushed, offset), STR("d"), data);
	redis_send(a->worker->app->redis, &cmd, NULL, NULL);
}

static void ring(struct answer *a, struct str key, struct str what)
{
	struct redis_cmd expire = REDIS_CMD(STR("EXPIRE"), key, STR(KEEP_S));
	struct redis_cmd publish = REDIS_CMD(STR("PUBLISH"), key, what);

	redis_send(a->worker->app->redis, &expire, NULL, NULL);
	redis_send(a->worker->app->redis, &publish, NULL, NULL);
}

static bool add_text(struct answer *a, struct str key)
{
	struct str rest = str_from(buf_str(&a->text), a->flushed);
	size_t whole = utf8_whole(rest);

	if (whole == 0)
		return false;
	add(a, key, STR("delta"), str_span(rest.ptr, whole));
	a->flushed += whole;
	return true;
}

void reply_log_text(struct answer *a)
{
	struct log_key k;
	struct str key = key_of(a, &k);

	if (add_text(a, key))
		ring(a, key, STR("delta"));
}

void reply_log_done(struct answer *a)
{
	struct msg_reply_done done = { a->room_id, a->reply_id,
		str_of(answer_end_name(a->end)) };
	struct log_key k;
	struct str key = key_of(a, &k);
	char id[UUID_TEXT_SIZE];

	add_text(a, key);
	add(a, key, STR("done"), done.state);
	ring(a, key, STR("done"));
	uuid_format(&a->reply_id, id);
	bus_ring(a->worker->app, &MSG_REPLY_DONE, str_of(id), &done);
}
