/*
 * jobq_scripts - the queue's Lua, and the lines that are gathered for it during a turn.
 */
#ifndef DATA_JOBQ_SCRIPTS_H
#define DATA_JOBQ_SCRIPTS_H

#include "base/buf.h"
#include "data/redis.h"

extern struct redis_script jobq_add_script, jobq_turn_script, jobq_where_script,
	jobq_look_script;

/* Arguments of one script call after another, in order. Zero-initialise. */
struct jobq_lines {
	struct buf text;
	struct buf ends; /* size_t each: where in text it ends */
	size_t sent;     /* how many were given to commands already */
};
/* What was written to l->text since the last call is one line. */
void jobq_lines_end(struct jobq_lines *l);
bool jobq_lines_left(const struct jobq_lines *l);
/* Fills cmd up with the next ones; they are good until jobq_lines_clear. */
void jobq_lines_take(struct jobq_lines *l, struct redis_cmd *cmd);
void jobq_lines_clear(struct jobq_lines *l);
void jobq_lines_fini(struct jobq_lines *l);

void jobq_put_id(struct buf *out, const struct uuid *id);

#endif
