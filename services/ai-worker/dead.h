/*
 * dead - the command line of dead letters: replies that failed and are kept for an
 * operator.
 *
 *   ai-worker dead list [--limit N] [--json]
 *   ai-worker dead show <reply_id> [--json]
 *   ai-worker dead requeue <reply_id>|--all
 *
 * A reply that is put back is owed again, with all its attempts, at the cost of its user's
 * day today; chat's sweep brings it to a worker. Reads DATABASE_URL, as the worker does.
 */
#ifndef WORKER_DEAD_H
#define WORKER_DEAD_H

#include "app/app.h"

/* Exit code: 0, 1 (nothing found, or no database), 2 (misused); -1: not "dead". */
int dead_command(struct app *app, int argc, char **argv);

#endif
