/*
 * pg - a few Postgres connections in libpq pipeline mode, shared by the whole process.
 *
 * Each call is one prepared statement with its own Sync: one that fails fails alone. Calls
 * go to the least loaded connection and leave together at the end of the turn; a connection
 * that dies is replaced with back-off. Statements are prepared on first use per connection.
 * Parameters and results are binary. Text in SQL is constant: values are parameters.
 *
 * Use:   pg_open once; pg_run from any step; pg_send without a task; pg_close at drain.
 * Owns:  its connections. Borrows each call until its done has run, or pg_forget.
 * Fails: ERR_BUSY when 10,000 calls wait already; ERR_UNAVAILABLE at once while no server
 *        answers (in the first second after pg_open calls wait for the first connection);
 *        ERR_TIMEOUT; ERR_UNSURE when the link or the patience ends after a write was
 *        sent; what the statement was refused with (pg_err_of_sqlstate).
 *
 * DATABASE_URL may name several hosts, tried in order, with target_session_attrs as libpq
 * has it. A pooler between must keep prepared statements itself (PgBouncer does from 1.21
 * on) or hand out whole sessions. Names are resolved off the loop. Loop thread only.
 */
#ifndef DATA_PG_H
#define DATA_PG_H

#include "app/metrics.h"
#include "app/task.h"
#include "base/buf.h"

struct pg;
struct pg_rows;
struct pg_flight;
struct pg_packed;

/* A constant of the program: connections know it by its address. */
struct pg_stmt {
	const char *name; /* unique in the process; at most 63 bytes */
	const char *sql;
	bool write; /* may change something: a lost link means ERR_UNSURE */
};

/* Up to 32 parameters, in order: $1, $2, ... Text, bytes and arrays are borrowed until
 * sent. */
#define PG_PARAMS_MAX 32
struct pg_params {
	int n;
	const char *value[PG_PARAMS_MAX];
	int len[PG_PARAMS_MAX];
	/* Numbers and uuids live here, so the struct must not be copied. */
	char fixed[PG_PARAMS_MAX][16];
};

void pg_add_text(struct pg_params *p, struct str s); /* ptr NULL: SQL NULL */
void pg_add_bytes(struct pg_params *p, struct str s);
void pg_add_uuid(struct pg_params *p, const struct uuid *u); /* NULL: SQL NULL */
void pg_add_i32(struct pg_params *p, int32_t n);
void pg_add_i64(struct pg_params *p, int64_t n);
void pg_add_bool(struct pg_params *p, bool b);
void pg_add_time(struct pg_params *p, int64_t wall_us); /* timestamptz */
void pg_add_null(struct pg_params *p);

/* A one-dimensional array in binary form; the buf is borrowed by the params until
 * sent. */
enum pg_elem {
	PG_ELEM_UUID,
	PG_ELEM_TEXT,
	PG_ELEM_I32,
	PG_ELEM_I64,
	PG_ELEM_BOOL,
	PG_ELEM_TIME,
	PG_ELEM_BYTES
};
struct pg_array {
	struct buf out;
	int count;
};
/* Starts over; keeps the memory of a former use. */
void pg_array_begin(struct pg_array *a, enum pg_elem elem);
void pg_array_uuid(struct pg_array *a, const struct uuid *u);
/* Also for bytes. ptr NULL: a NULL element. */
void pg_array_text(struct pg_array *a, struct str s);
void pg_array_i32(struct pg_array *a, int32_t n);
void pg_array_i64(struct pg_array *a, int64_t n);
void pg_array_bool(struct pg_array *a, bool b);
void pg_array_time(struct pg_array *a, int64_t wall_us);
void pg_array_null(struct pg_array *a);
void pg_add_array(struct pg_params *p, struct pg_array *a);
void pg_array_fini(struct pg_array *a);

/* Results, good until the callback that was given them returns. Column types must
 * match the accessor (int2/int4/int8 all read by pg_i64); SQL NULL gives 0, nil, "",
 * false. */
int pg_count(const struct pg_rows *rows);
bool pg_null(const struct pg_rows *rows, int row, int col);
/* text, bytea; borrowed */
struct str pg_text(const struct pg_rows *rows, int row, int col);
struct uuid pg_uuid(const struct pg_rows *rows, int row, int col);
int64_t pg_i64(const struct pg_rows *rows, int row, int col);
bool pg_bool(const struct pg_rows *rows, int row, int col);
int64_t pg_time(const struct pg_rows *rows, int row, int col); /* timestamptz, wall us */
/* A text[]: borrowed elements into out (NULL elements have ptr NULL); how many there
 * are, at most max; NULL and empty arrays give 0. */
int pg_text_array(const struct pg_rows *rows, int row, int col, struct str *out, int max);

/* ---- from a task ---- */

/* Reads the rows into the use case's typed place. May return ERR_NOT_FOUND and the
 * like, which the next step is then given. */
typedef enum err pg_read_fn(struct task *t, const struct pg_rows *rows, void *into);

/* Runs the statement; `next` is given its error, or what `read` (may be NULL)
 * returned. Params are copied out before pg_run returns. A task's deadline holds. */
outcome_t pg_run(struct task *t, const struct pg_stmt *stmt, const struct pg_params *params,
	pg_read_fn *read, void *into, step_fn *next) MUST_USE;

/* ---- without a task: the operation is a struct ---- */

struct pg_call {
	const struct pg_stmt *stmt;
	const struct pg_params *params; /* borrowed until sent: keep until done */
	uint64_t deadline_ms;           /* clock_mono_ms; 0: never */
	const struct log_context *log;  /* whose work it is, for log lines; may be NULL */
	/* rows is NULL unless e is ERR_OK. Called once, from the loop. The call may be
	 * freed in it. */
	void (*done)(struct pg_call *c, enum err e, const struct pg_rows *rows);
	/* private */
	struct list link;
	struct pg_flight *flight;       /* where it is on a connection; NULL: not sent */
	const struct pg_packed *packed; /* pg_run's copy, in place of params */
	enum err e;                     /* how it ends, known and not told yet */
	bool again;                     /* was sent a second time, with a fresh plan */
};
void pg_send(struct pg *pg, struct pg_call *c);
/* done will not be called any more; a statement that was sent runs on unseen. */
void pg_forget(struct pg *pg, struct pg_call *c);

struct pg_options {
	struct loop *loop;
	const char *url;
	unsigned connections; /* 0: 4 */
	const char *app_name; /* application_name, as seen in pg_stat_activity */
	/* statement_timeout; 0: 10 s. A lock is waited for half as long. */
	unsigned statement_ms;
	struct metrics *metrics; /* NULL: none are kept */
};
/* NULL if pg_open can work with it, else why not. */
const char *pg_url_problem(const char *url);
/* Of a good one: nobody can listen or pretend. sslmode=verify-full, or it stays here. */
bool pg_url_is_safe(const char *url);
struct pg *pg_open(const struct pg_options *o);
bool pg_is_up(const struct pg *pg); /* at least one connection is ready */
unsigned pg_in_flight(const struct pg *pg);
/* Calls not yet answered end with ERR_CANCELED (ERR_UNSURE for writes sent); then
 * cb(ctx). */
void pg_close(struct pg **pg, void (*cb)(void *ctx), void *ctx);

/* An SQLSTATE as an err; "23505" is ERR_CONFLICT, ... Exposed for tests. */
enum err pg_err_of_sqlstate(const char *state);

#endif
