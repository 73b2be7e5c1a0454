#include <stdio.h>

#include "base/buf.h"
#include "data/redis.h"
#include "data/redis_conn.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/turns.h"

static struct loop loop;
static struct redis_server server;
static struct redis *sender;

/* A subscriber: the messages it heard, each followed by a space. */
struct ear {
	struct buf heard;
	int count, ups;
	char channel[32];
};

static void hear(void *ctx, struct str channel, struct str message)
{
	struct ear *e = ctx;

	buf_add_str(&e->heard, message);
	buf_add_char(&e->heard, ' ');
	e->count++;
	snprintf(e->channel, sizeof e->channel, "%.*s", STR_ARG(channel));
}

static void on_up(void *ctx)
{
	((struct ear *)ctx)->ups++;
}

static void say(const char *channel, const char *message)
{
	redis_send(sender, &REDIS_CMD(STR("PUBLISH"), str_of(channel), str_of(message)),
		NULL, NULL);
}

static void begin(void)
{
	redis_patience_ms = 3000;
	loop_init(&loop);
	redis_server_start(&server, NULL);
	sender = redis_open(&loop, server.url, "sender");
	TURN_UNTIL(&loop, redis_is_up(sender));
}

static void end(struct pubsub *p)
{
	if (p)
		pubsub_close(&p, NULL, NULL);
	redis_close(&sender, NULL, NULL);
	loop_run(&loop);
	loop_fini(&loop);
	redis_server_stop(&server);
}

static struct pubsub *open_ear(struct ear *e, const char *channel)
{
	struct pubsub *p = pubsub_open(&loop, server.url, "ear");

	*e = (struct ear){ 0 };
	pubsub_subscribe(p, channel, hear, e);
	pubsub_on_up(p, on_up, e);
	TURN_UNTIL(&loop, e->ups == 1);
	return p;
}

TEST(messages_come_in_order_and_whole)
{
	struct ear e;
	struct pubsub *p;

	begin();
	p = open_ear(&e, "news");
	CHECK(pubsub_is_up(p));
	for (int i = 0; i < 3; i++)
		say("news", "a\r\nb");
	say("other", "x");
	say("news", "");
	TURN_UNTIL(&loop, e.count == 4);
	CHECK_STR(buf_str(&e.heard), STR("a\r\nb a\r\nb a\r\nb  "));
	CHECK_STR(str_of(e.channel), STR("news"));
	buf_fini(&e.heard);
	end(p);
}

TEST(patterns_and_several_ears)
{
	struct ear all, one, same;
	struct pubsub *p;

	begin();
	p = open_ear(&all, "a.*");
	one = same = (struct ear){ 0 };
	pubsub_subscribe(p, "a.b", hear, &one);
	pubsub_subscribe(p, "a.b", hear, &same);
	pubsub_on_up(p, on_up, &one); /* late: told when its subscription is in force */
	CHECK(!pubsub_is_up(p));
	TURN_UNTIL(&loop, one.ups == 1);
	CHECK_INT(all.ups, 1);
	say("a.b", "1");
	say("a.c", "2");
	say("b.c", "3");
	say("a.b", "4");
	TURN_UNTIL(&loop, all.count == 3 && one.count == 2 && same.count == 2);
	CHECK_STR(buf_str(&all.heard), STR("1 2 4 "));
	CHECK_STR(buf_str(&one.heard), STR("1 4 "));
	CHECK_STR(buf_str(&same.heard), STR("1 4 "));
	pubsub_forget(p, &one);
	say("a.b", "5");
	TURN_UNTIL(&loop, same.count == 3);
	CHECK_INT(one.count, 2);
	buf_fini(&all.heard);
	buf_fini(&one.heard);
	buf_fini(&same.heard);
	end(p);
}

TEST(subscriptions_survive_the_link_and_the_server)
{
	struct ear e;
	struct pubsub *p;

	begin();
	p = open_ear(&e, "news");
	for (int i = 2; i <= 4; i++) {
		redis_server_do(&server, "CLIENT KILL TYPE pubsub");
		TURN_UNTIL(&loop, e.ups == i);
		say("news", "x");
		TURN_UNTIL(&loop, e.count == i - 1);
	}
	redis_server_kill(&server);
	TURN_UNTIL(&loop, !pubsub_is_up(p));
	redis_server_restart(&server);
	TURN_UNTIL(&loop, e.ups == 5 && redis_is_up(sender));
	say("news", "y");
	TURN_UNTIL(&loop, e.count == 4);
	CHECK_STR(buf_str(&e.heard), STR("x x x y "));
	buf_fini(&e.heard);
	end(p);
}

TEST(a_frozen_server_is_noticed)
{
	struct ear e;
	struct pubsub *p;

	begin();
	redis_patience_ms = 300;
	p = open_ear(&e, "news");
	redis_server_freeze(&server);
	TURN_UNTIL(&loop, !pubsub_is_up(p));
	redis_server_thaw(&server);
	TURN_UNTIL(&loop, e.ups == 2 && redis_is_up(sender));
	say("news", "x");
	TURN_UNTIL(&loop, e.count == 1);
	buf_fini(&e.heard);
	end(p);
}

/* Nothing said and nothing asked for: the link is up all the same, and stays so. */
TEST(silence_is_no_reason_to_hang_up)
{
	struct ear e;
	struct pubsub *p, *idle;

	begin();
	redis_patience_ms = 300;
	idle = pubsub_open(&loop, server.url, "idle");
	p = open_ear(&e, "news");
	turn_for_ms(&loop, 1200);
	CHECK_INT(e.ups, 1);
	CHECK(pubsub_is_up(p) && pubsub_is_up(idle));
	pubsub_close(&idle, NULL, NULL);
	end(p);
}

static struct pubsub *victim;

static void close_victim(void *ctx, struct str channel, struct str message)
{
	hear(ctx, channel, message);
	if (victim)
		pubsub_close(&victim, NULL, NULL);
}

TEST(closing_within_a_message)
{
	struct ear e = { 0 };

	begin();
	victim = pubsub_open(&loop, server.url, "victim");
	pubsub_subscribe(victim, "news", close_victim, &e);
	pubsub_on_up(victim, on_up, &e);
	TURN_UNTIL(&loop, e.ups == 1);
	for (int i = 0; i < 100; i++)
		say("news", "x");
	TURN_UNTIL(&loop, !victim);
	turn_for_ms(&loop, 20);
	CHECK_INT(e.count, 1);
	buf_fini(&e.heard);
	end(NULL);
}

static void subscribe_more(void *ctx, struct str channel, struct str message)
{
	struct ear *e = ctx;

	(void)channel;
	(void)message;
	if (e->ups++ == 0)
		pubsub_subscribe(victim, "more", hear, e);
}

TEST(subscribing_within_a_message)
{
	struct ear e = { 0 };

	begin();
	victim = pubsub_open(&loop, server.url, "ear");
	pubsub_subscribe(victim, "news", subscribe_more, &e);
	TURN_UNTIL(&loop, pubsub_is_up(victim));
	say("news", "x");
	TURN_UNTIL(&loop, e.ups == 1);
	TURN_UNTIL(&loop, pubsub_is_up(victim));
	say("more", "y");
	TURN_UNTIL(&loop, e.count == 1);
	buf_fini(&e.heard);
	end(victim);
}
