/*
 * serve - what stands between the HTTP server and a service's handlers: finds the row of
 * app->spec->routes, checks the access token (401), the body limit (413) and the method (405, 501), sets
 * t->caller and the deadline, counts, and runs the handler.
 */
#ifndef HTTP_SERVE_H
#define HTTP_SERVE_H

#include "app/task.h"

outcome_t routes_serve(struct task *t);
bool routes_admit(struct task *t, size_t *body_max);

#endif
