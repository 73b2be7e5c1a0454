/* pg_run, as use cases see it: from tasks. */
#include "app/app.h"
#include "tests/lib/pg_asks.h"

/* What a task asks for, and how its wait ended. */
struct errand {
	const struct pg_stmt *stmt;
	struct str text;
	uint64_t patience_ms; /* 0: none */
	enum err read_gives;
	struct task *task;
	int ended;
	enum err e;
	struct str answer; /* in the arena: looked at by the step only */
};

static struct app app;

static const struct pg_stmt shout = { "shout", "select upper($1::text)" };
static const struct pg_stmt slow_read = { "slow_read",
	"select $1::text from pg_sleep(case when $1::text = '' then 0 else 0.3 end)" };
static const struct pg_stmt slow_write = { "slow_write",
	"insert into notes select length($1::text) from pg_sleep(0.2) returning $1::text",
	.write = true };

static void begin_app(void)
{
	pg_asks_begin();
	loop_fini(&loop);
	memset(&app, 0, sizeof app);
	loop_init(&app.loop);
	app.pg = pg_open(&(struct pg_options){ .loop = &app.loop,
		.url = pg_server_url(server, "postgres"),
		.connections = 1,
		.app_name = "run_test" });
	TURN_UNTIL(&app.loop, pg_is_up(app.pg));
}

static void note_closed(void *ctx)
{
	*(bool *)ctx = true;
}

static void end_app(void)
{
	bool closed = app.pg == NULL;

	if (app.pg)
		pg_close(&app.pg, note_closed, &closed);
	TURN_UNTIL(&app.loop, closed && app.tasks == 0);
	loop_fini(&app.loop);
}

static outcome_t answered(struct task *t, enum err e)
{
	struct errand *n = t->state;

	n->ended++;
	n->e = e;
	if (e == ERR_OK && n->stmt == &shout)
		CHECK_STR(n->answer, STR("HELLO"));
	n->task = NULL;
	return task_end(t);
}

static enum err read_text(struct task *t, const struct pg_rows *rows, void *into)
{
	struct errand *n = t->state;

	CHECK_INT(pg_count(rows), 1);
	*(struct str *)into = arena_dup(&t->arena, pg_text(rows, 0, 0));
	return n->read_gives;
}

static outcome_t ask_it(struct task *t, enum err e)
{
	struct errand *n = t->state;
	struct pg_params p = { 0 };
	char borrowed[16] = { 0 };
	outcome_t waiting;

	CHECK_INT(e, ERR_OK);
	n->task = t;
	t->deadline_ms = n->patience_ms ? clock_mono_ms() + n->patience_ms : 0;
	memcpy(borrowed, n->text.ptr, n->text.len);
	pg_add_text(&p, str_span(borrowed, n->text.len));
	waiting = pg_run(t, n->stmt, &p, read_text, &n->answer, answered);
	memset(borrowed, 'x', sizeof borrowed); /* the parameters were copied */
	return waiting;
}

TEST(a_step_gets_what_was_read)
{
	struct errand n = { .stmt = &shout, .text = STR("hello") };

	begin_app();
	task_start(&app, ask_it, &n);
	TURN_UNTIL(&app.loop, n.ended);
	CHECK_INT(n.e, ERR_OK);
	end_app();
}

TEST(a_step_gets_what_the_reader_says)
{
	struct errand n = {
		.stmt = &shout, .text = STR("hello"), .read_gives = ERR_NOT_FOUND
	};

	begin_app();
	task_start(&app, ask_it, &n);
	TURN_UNTIL(&app.loop, n.ended);
	CHECK_INT(n.e, ERR_NOT_FOUND);
	end_app();
}

TEST(a_deadline_ends_the_wait)
{
	struct errand read = { .stmt = &slow_read, .text = STR("x"), .patience_ms = 50 };
	struct errand write = { .stmt = &slow_write, .text = STR("x"), .patience_ms = 50 };

	begin_app();
	task_start(&app, ask_it, &read);
	task_start(&app, ask_it, &write);
	TURN_UNTIL(&app.loop, read.ended && write.ended);
	CHECK_INT(read.e, ERR_TIMEOUT);
	CHECK_INT(write.e, ERR_UNSURE);
	end_app();
}

TEST(who_leaves_ends_a_read_but_no_write)
{
	struct errand read = { .stmt = &slow_read, .text = STR("x") };
	struct errand write = { .stmt = &slow_write, .text = STR("x") };

	begin_app();
	task_start(&app, ask_it, &write);
	task_start(&app, ask_it, &read);
	TURN_UNTIL(&app.loop, read.task && write.task);
	task_cancel(read.task);
	task_cancel(write.task);
	CHECK_INT(read.ended, 0); /* from the loop, not from within */
	TURN_UNTIL(&app.loop, read.ended);
	CHECK_INT(read.e, ERR_CANCELED);
	CHECK_INT(write.ended, 0);
	TURN_UNTIL(&app.loop, write.ended);
	CHECK_INT(write.e, ERR_OK);
	end_app();
}

TEST(a_pool_that_was_closed_cancels)
{
	struct errand n = { .stmt = &shout, .text = STR("hello") };
	bool closed = false;

	begin_app();
	pg_close(&app.pg, note_closed, &closed);
	task_start(&app, ask_it, &n);
	TURN_UNTIL(&app.loop, n.ended && closed);
	CHECK_INT(n.e, ERR_CANCELED);
	end_app();
}

TEST(metrics_count_how_calls_end)
{
	struct metrics *m = metrics_new();
	struct ask good = { 0 }, bad = { 0 };
	struct buf page = { 0 };
	static const struct pg_stmt divide = { "divide", "select 1 / $1::int8" };

	pg_asks_begin();
	pg = pg_open(&(struct pg_options){ .loop = &loop,
		.url = pg_server_url(server, "postgres"),
		.connections = 1,
		.app_name = "metrics",
		.metrics = m });
	ask_number(&good, &divide, 1);
	ask_number(&bad, &divide, 0);
	TURN_UNTIL(&loop, good.ended && bad.ended);
	metrics_render(m, &page);
	CHECK(strstr(buf_cstr(&page), "pg_calls_total{outcome=\"ok\"} 1\n"));
	CHECK(strstr(buf_cstr(&page), "pg_calls_total{outcome=\"invalid\"} 1\n"));
	CHECK(strstr(buf_cstr(&page), "pg_call_duration_seconds_count 2\n"));
	CHECK(strstr(buf_cstr(&page), "pg_connections_up 1\n"));
	buf_fini(&page);
	pg_asks_end();
	metrics_free(&m);
}
