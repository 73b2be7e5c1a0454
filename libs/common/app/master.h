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
 *             its pid, its sockets and its children. A program that finds its settings
 *             wrong (`<process> check`) is not executed
 *   SIGTERM, SIGINT   all workers drain and end; a second time: at once
 *
 * A change whose workers are not all ready within 30 s is given up. Workers end when the
 * master is killed. What they count is in a metrics_area: any of them tells the sum.
 */
#ifndef APP_MASTER_H
#define APP_MASTER_H

#include "app/app.h"

#define WORKERS_MAX 64

/* Takes *app, whose settings are not read yet. The exit code, in the master as well as in
 * each worker. */
int master_run(struct app **app, char **argv);

#endif
