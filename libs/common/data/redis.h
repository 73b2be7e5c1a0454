/*
 * redis - one Redis connection for commands, pipelined, reconnecting by itself.
 *
 * What is asked in one turn leaves in one write. While there is no connection every command
 * ends at once with ERR_UNAVAILABLE: nothing piles up. A command that was sent when the
 * link broke ends with ERR_UNSURE.
 *
 * REDIS_URL: redis://[[user]:password@]host[:6379][/db], rediss:// (TLS; the certificate
 * must be good for the host by the system's authorities or SSL_CERT_FILE),
 * unix:///path[?db=n]. Host names are resolved off the loop. Loop thread only.
 */
#ifndef DATA_REDIS_H
#define DATA_REDIS_H

#include "app/task.h"
#include "base/map.h"

struct redis;
struct pubsub;

/* An answer; good until the callback returns. */
struct redis_value {
	enum {
		REDIS_NIL,
		REDIS_INT,
		REDIS_STR,
		REDIS_STATUS,
		REDIS_ERROR,
		REDIS_ARRAY
	} kind;
	int64_t i;
	struct str s;    /* REDIS_STR, REDIS_STATUS, REDIS_ERROR */
	size_t count;    /* REDIS_ARRAY */
	const void *raw; /* private */
};
struct redis_value redis_at(const struct redis_value *array, size_t i);

/* Command words, by length: no formatting, ever. */
#define REDIS_ARGS_MAX 64
struct redis_cmd {
	int n;
	struct str arg[REDIS_ARGS_MAX];
};
#define REDIS_CMD(...)                                                                     \
	((struct redis_cmd){                                                               \
		(int)(sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str)),         \
		{ __VA_ARGS__ } })

/* A Lua script; EVALSHA, and EVAL when the server does not know it. */
struct redis_script {
	const char *name;
	const char *lua;
	char sha1[41]; /* filled on first use */
};

/* An error answer of the server gives ERR_INTERNAL (ERR_UNAVAILABLE for LOADING, READONLY,
 * OOM, MASTERDOWN, CLUSTERDOWN, NOAUTH and the like). `read` (may be NULL) is called for
 * the others; what it returns is given to `next`. */
typedef enum err redis_read_fn(struct task *t, const struct redis_value *v, void *into);
outcome_t redis_run(struct task *t, const struct redis_cmd *cmd, redis_read_fn *read,
	void *into, step_fn *next) MUST_USE;
outcome_t redis_eval(struct task *t, struct redis_script *script, int keys,
	const struct redis_cmd *keys_and_args, redis_read_fn *read, void *into,
	step_fn *next) MUST_USE;

/* Without a task. done may be NULL: nobody cares. Called once, from the loop, never in
 * here; v is NULL if no answer came. */
typedef void redis_done_fn(void *ctx, enum err e, const struct redis_value *v);
void redis_send(
	struct redis *r, const struct redis_cmd *cmd, redis_done_fn *done, void *ctx);
void redis_send_eval(struct redis *r, struct redis_script *script, int keys,
	const struct redis_cmd *keys_and_args, redis_done_fn *done, void *ctx);

struct redis *redis_open(struct loop *loop, const char *url, const char *client_name);
bool redis_is_up(const struct redis *r);
/* Called at every (re)connect; for re-reading what may have been missed. */
void redis_on_up(struct redis *r, void (*fn)(void *ctx), void *ctx);
void redis_forget(
	struct redis *r, void *ctx); /* functions of this ctx are not called any more */
void redis_close(struct redis **r, void (*cb)(void *ctx), void *ctx);
/* NULL if the URL is good, else what is wrong with it. */
const char *redis_url_problem(const char *url);
/* Of a good one: nobody can listen or pretend. TLS, or it stays on this machine. */
bool redis_url_is_safe(const char *url);

/*
 * pubsub - a second connection, for subscriptions. Subscriptions survive reconnects.
 * Messages sent meanwhile are lost: `on_up` (also at the first connect, after the
 * subscriptions are in force) is where a subscriber reads the log behind its door. A
 * channel that ends in '*' is a pattern.
 */
typedef void pubsub_fn(void *ctx, struct str channel, struct str message);
struct pubsub *pubsub_open(struct loop *loop, const char *url, const char *client_name);
void pubsub_subscribe(struct pubsub *p, const char *channel, pubsub_fn *fn, void *ctx);
void pubsub_on_up(struct pubsub *p, void (*fn)(void *ctx), void *ctx);
void pubsub_forget(struct pubsub *p, void *ctx); /* subscriptions and on_up of this ctx */

/* One channel that comes and goes (a reply being read), embedded in whoever watches. At
 * most one watch per channel in a process; the channel's bytes are borrowed until
 * pubsub_unwatch. `rung` with an empty message: the watch is in force from now on (again);
 * what was said before stands in the log. */
struct pubsub_watch {
	struct map_node node; /* key: the channel */
	void (*rung)(struct pubsub_watch *w, struct str message);
};
void pubsub_watch(struct pubsub *p, struct pubsub_watch *w);
void pubsub_unwatch(struct pubsub *p, struct pubsub_watch *w);

bool pubsub_is_up(const struct pubsub *p);
/* It was up and is not, or was tried in vain. */
bool pubsub_is_lost(const struct pubsub *p);
void pubsub_close(struct pubsub **p, void (*cb)(void *ctx), void *ctx);

#endif
