#include <stdlib.h>

#include "data/pg_dial.h"

struct pg_watch {
	uv_poll_t poll;
	int events; /* what is waited for now */
	pg_ready_fn *ready;
	void *ctx;
};

struct pg_watch *pg_watch_open(struct loop *loop, int fd, pg_ready_fn *ready, void *ctx)
{
	struct pg_watch *w = calloc(1, sizeof *w);

	if (!w || uv_poll_init(&loop->uv, &w->poll, fd) != 0)
		abort();
	w->ready = ready;
	w->ctx = ctx;
	return w;
}

/* A socket in error is both readable and writable: libpq finds out which error it is. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct pg_watch *w = container_of(poll, struct pg_watch, poll);

	if (status < 0)
		w->events = 0; /* libuv has stopped it */
	w->ready(w->ctx, status < 0 ? UV_READABLE | UV_WRITABLE : events);
}

void pg_watch_for(struct pg_watch *w, int events)
{
	if (w->events == events)
		return;
	w->events = events;
	uv_poll_start(&w->poll, events, on_poll);
}

static void on_closed(uv_handle_t *h)
{
	free(container_of((uv_poll_t *)h, struct pg_watch, poll));
}

void pg_watch_close(struct pg_watch **watch)
{
	struct pg_watch *w = *watch;

	*watch = NULL;
	if (w)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}
