/*
 * master - one small process that holds the listening sockets and watches the workers,
 * which serve; nothing waits for it, and no connection is lost by what it does.
 *
 * The settings are read here, and the workers are forked with them: a worker that dies is
 * replaced by an equal one, at once, then with growing delay. All workers accept from the
 * same sockets, so what one leaves in the queue another takes.
 *
 *   SIGHUP    settings, with the files they name, are read again; if they are good, new
 *             workers start, and when all are ready the old ones retire; else the log says
 *             what is wrong and nothing changes
 *   SIGUSR2   the same with the program: it is executed anew in this process, which keeps
 *             its pid, its sockets and its children. First it is tried as `<process>
 * check`, which is told what would be handed over: one that does not start, finds its
 *             settings wrong or does not understand is not executed
 *   SIGTERM, SIGINT   all workers drain and end; a second time: at once
 *
 * A worker tells once a second that it turns; one that is silent for GATEWAY_WORKER_HANG_MS
 * is ended (SIGABRT, then SIGKILL) and replaced.
 *
 * A change whose workers are not all ready within 30 s is given up. Workers end when the
 * master is killed. What they count is in a metrics_area: any of them tells the sum.
 */
#ifndef APP_MASTER_H
#define APP_MASTER_H

#include "app/app.h"

#define WORKERS_MAX 64

/* What a worker tells by its pipe (struct seat). */
#define SAYS_READY 'r'
#define SAYS_TURNS '.'

/* Takes *app, whose settings are not read yet. The exit code, in the master as well as in
 * each worker. */
int master_run(struct app **app, char **argv);

/* `<process> check`, after the settings of *app were found good: could it take over from
 * the master that asks? True also if none asks. */
bool master_check(struct app *app);

#endif
