#include "dead.h"

#include <stdio.h>

#include "base/clock.h"
#include "data/pg.h"
#include "json/write.h"

#define LIMIT_MAX 100000
#define ALL_LIMIT 1000 /* replies put back in one statement */

static const struct pg_stmt list_stmt = { "dead_list",
	"select * from chat.dead_list($1::int4, $2::uuid)" };
static const struct pg_stmt requeue_stmt = { "dead_requeue",
	"select * from chat.dead_requeue($1::uuid, $2::int4)", .write = true };

enum what { LIST, SHOW, REQUEUE };

struct command {
	struct app *app;
	struct loop loop;
	struct pg *pg;
	struct pg_call call;
	struct pg_params params;
	enum what what;
	bool json, all;
	struct uuid reply_id;
	int64_t limit;
	int64_t done; /* replies put back so far */
	int exit_code;
};

/* ---- what is printed ---- */

struct letter {
	char reply_id[UUID_TEXT_SIZE], room_id[UUID_TEXT_SIZE], user_id[UUID_TEXT_SIZE];
	char at[CLOCK_RFC3339_SIZE], requeued_at[CLOCK_RFC3339_SIZE]; /* "": not */
	struct str tier, reason, last_error, message;
	int64_t attempts;
};

static void read_uuid(const struct pg_rows *rows, int i, int col, char *out)
{
	struct uuid id = pg_uuid(rows, i, col);

	uuid_format(&id, out);
}

static void read_letter(const struct pg_rows *rows, int i, struct letter *l)
{
	*l = (struct letter){ .tier = pg_text(rows, i, 3),
		.reason = pg_text(rows, i, 4),
		.last_error = pg_text(rows, i, 5),
		.attempts = pg_i64(rows, i, 6),
		.message = pg_text(rows, i, 9) };
	read_uuid(rows, i, 0, l->reply_id);
	read_uuid(rows, i, 1, l->room_id);
	read_uuid(rows, i, 2, l->user_id);
	clock_rfc3339(pg_time(rows, i, 7), l->at);
	if (!pg_null(rows, i, 8))
		clock_rfc3339(pg_time(rows, i, 8), l->requeued_at);
}

static void put_json(struct json_writer *w, const struct letter *l, bool with_message)
{
	json_object(w, NULL);
	json_put_z(w, "reply_id", l->reply_id);
	json_put_z(w, "chatroom_id", l->room_id);
	json_put_z(w, "user_id", l->user_id);
	json_put_str(w, "tier", l->tier);
	json_put_z(w, "at", l->at);
	json_put_i64(w, "attempts", l->attempts);
	json_put_str(w, "reason", l->reason);
	json_put_str(w, "last_error", l->last_error);
	json_put_z(w, "requeued_at", l->requeued_at[0] ? l->requeued_at : NULL);
	if (with_message)
		json_put_str(w, "message", l->message);
	json_end(w);
}

static void print_json(const struct command *c, const struct pg_rows *rows)
{
	struct buf out = { 0 };
	struct json_writer w = json_writer(&out);
	struct letter l;

	if (c->what == LIST)
		json_array(&w, NULL);
	for (int i = 0; i < pg_count(rows); i++) {
		read_letter(rows, i, &l);
		put_json(&w, &l, c->what == SHOW);
	}
	if (c->what == LIST)
		json_end(&w);
	printf("%.*s\n", STR_ARG(buf_str(&out)));
	buf_fini(&out);
}

/* To the second: 2026-11-22T22:11:02Z */
static const char *short_time(char *at)
{
	if (at[0])
		memcpy(at + 19, "Z", 2);
	return at[0] ? at : "-";
}

static void print_table(const struct pg_rows *rows)
{
	struct letter l;

	printf("%-36s  %-20s  %-5s  %8s  %-20s  %-24s  %s\n", "REPLY", "FAILED", "TIER",
		"ATTEMPTS", "REQUEUED", "LAST ERROR", "REASON");
	for (int i = 0; i < pg_count(rows); i++) {
		read_letter(rows, i, &l);
		printf("%-36s  %-20s  %-5.*s  %8lld  %-20s  %-24.*s  %.*s\n", l.reply_id,
			short_time(l.at), STR_ARG(l.tier), (long long)l.attempts,
			short_time(l.requeued_at),
			STR_ARG(l.last_error.len ? l.last_error : STR("-")),
			STR_ARG(l.reason));
	}
}

static void print_one(const struct pg_rows *rows)
{
	struct letter l;

	read_letter(rows, 0, &l);
	printf("reply       %s\nroom        %s\nuser        %s\ntier        %.*s\n",
		l.reply_id, l.room_id, l.user_id, STR_ARG(l.tier));
	printf("failed      %s\nattempts    %lld\nreason      %.*s\nlast error  %.*s\n",
		short_time(l.at), (long long)l.attempts, STR_ARG(l.reason),
		STR_ARG(l.last_error.len ? l.last_error : STR("-")));
	printf("requeued    %s\n\n%.*s\n", short_time(l.requeued_at), STR_ARG(l.message));
}

/* ---- what is asked ---- */

static void ask(struct command *c);

static void closed(void *ctx)
{
	(void)ctx; /* the loop ends by itself */
}

static void end(struct command *c, int exit_code)
{
	c->exit_code = exit_code;
	pg_close(&c->pg, closed, c);
}

static void listed(struct command *c, const struct pg_rows *rows)
{
	if (c->what == SHOW && pg_count(rows) == 0) {
		fprintf(stderr, "ai-worker dead: there is no such dead letter\n");
		end(c, 1);
		return;
	}
	if (c->json)
		print_json(c, rows);
	else if (c->what == SHOW)
		print_one(rows);
	else
		print_table(rows);
	end(c, 0);
}

static void requeued(struct command *c, const struct pg_rows *rows)
{
	char id[UUID_TEXT_SIZE];

	for (int i = 0; i < pg_count(rows); i++) {
		read_uuid(rows, i, 0, id);
		printf("%s\n", id);
	}
	c->done += pg_count(rows);
	if (c->all && pg_count(rows) > 0) {
		ask(c);
		return;
	}
	if (c->done == 0)
		fprintf(stderr, "ai-worker dead: nothing to put back\n");
	end(c, c->done == 0 && !c->all);
}

static void on_answer(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	struct command *c = container_of(call, struct command, call);

	if (e != ERR_OK) {
		fprintf(stderr, "ai-worker dead: the database says: %s\n", err_name(e));
		end(c, 1);
	} else if (c->what == REQUEUE) {
		requeued(c, rows);
	} else {
		listed(c, rows);
	}
}

static void ask(struct command *c)
{
	const struct uuid *id = uuid_is_nil(&c->reply_id) ? NULL : &c->reply_id;

	c->params = (struct pg_params){ 0 };
	if (c->what == REQUEUE) {
		pg_add_uuid(&c->params, id);
		pg_add_i32(&c->params, ALL_LIMIT);
	} else {
		pg_add_i32(&c->params, (int32_t)c->limit);
		pg_add_uuid(&c->params, id);
	}
	c->call = (struct pg_call){ .stmt = c->what == REQUEUE ? &requeue_stmt : &list_stmt,
		.params = &c->params,
		.done = on_answer };
	pg_send(c->pg, &c->call);
}

/* ---- the words of the command line ---- */

static bool read_word(struct command *c, const char *word, const char *value, int *used)
{
	*used = 1;
	if (!strcmp(word, "--json") && c->what != REQUEUE) {
		c->json = true;
	} else if (!strcmp(word, "--all") && c->what == REQUEUE) {
		c->all = true;
	} else if (!strcmp(word, "--limit") && c->what == LIST && value) {
		*used = 2;
		return str_i64(str_of(value), &c->limit) && c->limit >= 1 &&
		       c->limit <= LIMIT_MAX;
	} else {
		return c->what != LIST && uuid_is_nil(&c->reply_id) &&
		       uuid_parse(str_of(word), &c->reply_id);
	}
	return true;
}

static bool read_words(struct command *c, int argc, char **argv)
{
	static const char *const names[] = { "list", "show", "requeue" };
	bool known = false, named;
	int used;

	for (enum what i = LIST; i <= REQUEUE && argc > 1; i++) {
		if (!strcmp(argv[1], names[i])) {
			c->what = i;
			known = true;
		}
	}
	for (int i = 2; known && i < argc; i += used)
		known = read_word(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used);
	named = !uuid_is_nil(&c->reply_id);
	if (c->what == SHOW)
		return known && named;
	return known && (c->what == LIST || named != c->all);
}

static const char *database_url(struct app *app)
{
	static const struct setting settings[] = {
		{ "DATABASE_URL", SETTING_URL, 0, NULL, "" }, { 0 }
	};
	struct buf problems = { 0 };
	const char *url = NULL, *why;

	settings_read(settings, &url, &app->arena, &problems);
	why = url ? pg_url_problem(url) : "must be set";
	buf_fini(&problems);
	if (!why)
		return url;
	fprintf(stderr, "ai-worker dead: DATABASE_URL %s\n", why);
	return NULL;
}

static int run(struct command *c, const char *url)
{
	log_open("ai-worker", LOG_ERROR);
	loop_init(&c->loop);
	c->pg = pg_open(&(struct pg_options){ .loop = &c->loop,
		.url = url,
		.connections = 1,
		.app_name = "castor:ai-worker-dead" });
	ask(c);
	loop_run(&c->loop);
	loop_fini(&c->loop);
	fflush(stdout);
	return c->exit_code;
}

int dead_command(struct app *app, int argc, char **argv)
{
	struct command c = { .app = app, .limit = 50 };
	const char *url;

	if (strcmp(argv[0], "dead") != 0)
		return -1;
	if (!read_words(&c, argc, argv)) {
		fprintf(stderr,
			"usage: ai-worker dead list [--limit N] [--json]\n"
			"       ai-worker dead show <reply_id> [--json]\n"
			"       ai-worker dead requeue <reply_id>|--all\n");
		return 2;
	}
	url = database_url(app);
	return url ? run(&c, url) : 2;
}
