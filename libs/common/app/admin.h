/*
 * admin - the second listener: /livez, /readyz, /metrics; and the `health` command that
 * asks it.
 */
#ifndef APP_ADMIN_H
#define APP_ADMIN_H

#include "app/app.h"

/* NULL if the process could work now, else what it lacks ("database"). */
const char *app_lacks(const struct app *app);
outcome_t admin_serve(struct task *t);
/* Blocking; returns an exit code. */
int admin_ask_ready(const char *admin_listen);

#endif
