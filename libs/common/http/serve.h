/*
 * serve - what stands between the HTTP server and a service's handlers.
 *
 * routes_admit finds the row of app->spec->routes (404, 405), checks the access token
 * (401), sets t->caller, the body limit and the deadline. routes_serve runs the handler.
 * Each request counts in http_server_request_duration_seconds by route, method and class of
 * status.
 *
 * Use: both, as `admit` and `serve` of struct http_server_options.
 */
#ifndef HTTP_SERVE_H
#define HTTP_SERVE_H

#include "app/task.h"

bool routes_admit(struct task *t, size_t *body_max);
outcome_t routes_serve(struct task *t);

#endif
