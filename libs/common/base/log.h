/*
 * log - one JSON object per line on standard error, never blocking the caller.
 *
 * Use:   log_open in main; log_info("stream-open", L_STR("room", id)) anywhere; log_close.
 *        The event name lasts: dashboards and tests look for it.
 * Owns:  a bounded ring and the thread that writes it out. When the reader is too slow,
 *        lines are dropped and counted ("log-dropped"), requests never wait.
 * Never logged: codes, passwords, tokens, keys, message text, whole phone numbers.
 *
 * {"ts":"...Z","level":"info","service":"chat","event":"...","request_id":"...","trace_id":"...",
 * fields}
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *key;
	enum { LOG_FIELD_NONE, LOG_FIELD_STR, LOG_FIELD_INT } kind;
	struct str s;
	int64_t i;
};

/* Whose work the following lines belong to; set around every step of a task. */
struct log_context {
	char request_id[129]; /* zero-terminated; empty: left out */
	char trace_id[33];    /* 32 lower-case hex digits; empty: left out */
	char span_id[17];     /* 16 lower-case hex digits */
	uint8_t trace_flags;  /* base/trace.h */
};

void log_open(const char *service, enum log_level least);
/* The same without a thread, for a process that forks: every line is written at once, or
 * lost when it cannot be. */
void log_open_direct(const char *service, enum log_level least);
/* After everything written so far is out, or the reader has taken nothing for 2 s. */
void log_close(void);
bool log_level_parse(struct str name, enum log_level *out);
void log_context_set(const struct log_context *ctx); /* NULL: none. Borrowed. */
const struct log_context *log_context_get(void);
uint64_t log_dropped(void);

extern enum log_level log_least;
void log_write(
	enum log_level level, const char *event, size_t n, const struct log_field *fields);

/* A line already in JSON, without its newline: for the gateway's access log. */
void log_raw(struct str line);

#define L_STR(k, v)                                                                        \
	{                                                                                  \
		(k), LOG_FIELD_STR, (v), 0                                                 \
	}
#define L_Z(k, v)                                                                          \
	{                                                                                  \
		(k), LOG_FIELD_STR, str_of(v), 0                                           \
	}
#define L_INT(k, v)                                                                        \
	{                                                                                  \
		(k), LOG_FIELD_INT, STR_NONE, (int64_t)(v)                                 \
	}
#define L_ERR(e)                                                                           \
	{                                                                                  \
		"err", LOG_FIELD_STR, str_of(err_name(e)), 0                               \
	}

/* The first, empty element keeps the array legal when there are no fields. */
#define LOG_AT(level, event, ...)                                                          \
	do {                                                                               \
		if ((level) >= log_least) {                                                \
			const struct log_field log_fields_[] = {                           \
				{ NULL, LOG_FIELD_NONE, STR_NONE, 0 }, __VA_ARGS__         \
			};                                                                 \
			log_write((level), (event),                                        \
				sizeof log_fields_ / sizeof *log_fields_ - 1,              \
				log_fields_ + 1);                                          \
		}                                                                          \
	} while (0)
#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  LOG_AT(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  LOG_AT(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG_AT(LOG_ERROR, event, __VA_ARGS__)

#endif
