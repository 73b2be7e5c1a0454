#include "http/outbound_loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A socket that curl wants watched, or wanted: a kept one is watched until it is closed. */
struct curl_watch {
	uv_poll_t poll;
	struct outbound_loop *owner;
	curl_socket_t fd;
	bool kept;   /* opened by us for a connection; others are curl's internal ones */
	int wanted;  /* what curl waits for; 0: nothing, the connection is idle */
	int watched; /* what libuv watches */
};

static void free_if_closed(struct outbound_loop *c)
{
	if (!c->closing || c->watch_count || !c->timer_closed)
		return;
	free(c->watches);
	c->watches = NULL;
	c->closed(c);
}

/* ---- entering curl ---- */

static void tell_ended(struct outbound_loop *c)
{
	CURLMsg *news;
	int more;

	while ((news = curl_multi_info_read(c->multi, &more))) {
		if (news->msg == CURLMSG_DONE)
			c->ended(c, news->easy_handle, news->data.result);
	}
	c->left(c);
}

static void enter(struct outbound_loop *c, curl_socket_t fd, int what)
{
	int running;

	c->inside = true;
	curl_multi_socket_action(c->multi, fd, what, &running);
	c->inside = false;
	tell_ended(c);
}

static void on_now(struct loop_hook *hook)
{
	enter(container_of(hook, struct outbound_loop, now), CURL_SOCKET_TIMEOUT, 0);
}

static void on_time(struct timer *timer)
{
	enter(container_of(timer, struct outbound_loop, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long wait_ms, void *ctx)
{
	struct outbound_loop *c = ctx;

	(void)multi;
	if (c->closing)
		return 0;
	timer_stop(&c->timer);
	loop_hook_cancel(&c->now);
	if (wait_ms == 0)
		loop_defer(c->loop, &c->now);
	else if (wait_ms > 0)
		timer_start(&c->timer, (uint64_t)wait_ms, 0);
	return 0;
}

/* ---- sockets ---- */

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct curl_watch *w = container_of(poll, struct curl_watch, poll);
	int what = 0;

	if (!w->wanted) { /* idle: curl looks at it when it is about to be used */
		uv_poll_stop(&w->poll);
		w->watched = 0;
		return;
	}
	if (status < 0)
		what = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	enter(w->owner, w->fd, what);
}

static void watch(struct curl_watch *w, int events)
{
	w->wanted = events;
	if (events == w->watched)
		return;
	uv_poll_start(&w->poll, events, on_event);
	w->watched = events;
}

static struct curl_watch *watch_new(struct outbound_loop *c, curl_socket_t fd, bool kept)
{
	struct curl_watch *w = calloc(1, sizeof *w);
	size_t room = c->watch_room ? c->watch_room : 64;

	while (room <= (size_t)fd)
		room *= 2;
	if (room > c->watch_room) {
		c->watches = realloc(c->watches, room * sizeof *c->watches);
		if (!c->watches)
			abort();
		memset(c->watches + c->watch_room, 0,
			(room - c->watch_room) * sizeof *c->watches);
		c->watch_room = room;
	}
	if (!w)
		abort();
	w->owner = c;
	w->fd = fd;
	w->kept = kept;
	uv_poll_init_socket(&c->loop->uv, &w->poll, fd);
	c->watches[fd] = w;
	c->watch_count++;
	return w;
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct curl_watch *w = container_of((uv_poll_t *)handle, struct curl_watch, poll);
	struct outbound_loop *c = w->owner;

	free(w);
	c->watch_count--;
	free_if_closed(c);
}

static void watch_close(struct curl_watch *w)
{
	w->owner->watches[w->fd] = NULL;
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static struct curl_watch *watch_of(struct outbound_loop *c, curl_socket_t fd)
{
	return (size_t)fd < c->watch_room ? c->watches[fd] : NULL;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *mine)
{
	struct outbound_loop *c = ctx;
	struct curl_watch *w = watch_of(c, fd);

	(void)easy;
	(void)mine;
	if (what == CURL_POLL_REMOVE) {
		if (w && w->kept)
			w->wanted = 0;
		else if (w)
			watch_close(w);
		return 0;
	}
	if (!w)
		w = watch_new(c, fd, false);
	watch(w, (what & CURL_POLL_IN ? UV_READABLE : 0) |
			 (what & CURL_POLL_OUT ? UV_WRITABLE : 0));
	return 0;
}

static curl_socket_t on_socket_open(
	void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		address->protocol);

	(void)purpose;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	watch_new(ctx, fd, true);
	return fd;
}

static int on_socket_close(void *ctx, curl_socket_t fd)
{
	struct curl_watch *w = watch_of(ctx, fd);

	if (w)
		watch_close(w);
	return close(fd);
}

/* ---- the whole ---- */

void outbound_loop_open(
	struct outbound_loop *c, struct loop *loop, unsigned connections_max)
{
	static bool ready;

	if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	ready = true;
	c->loop = loop;
	c->now.run = on_now;
	timer_open(loop, &c->timer, on_time);
	c->multi = curl_multi_init();
	if (!c->multi)
		abort();
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
}

void outbound_loop_prepare(struct outbound_loop *c, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_socket_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, c);
}

void outbound_loop_add(struct outbound_loop *c, CURL *easy)
{
	assert(!c->inside);
	if (curl_multi_add_handle(c->multi, easy) != CURLM_OK)
		abort(); /* out of memory, or added twice */
}

void outbound_loop_remove(struct outbound_loop *c, CURL *easy)
{
	assert(!c->inside);
	curl_multi_remove_handle(c->multi, easy);
}

static void on_timer_closed(struct timer *timer)
{
	struct outbound_loop *c = container_of(timer, struct outbound_loop, timer);

	c->timer_closed = true;
	free_if_closed(c);
}

void outbound_loop_close(struct outbound_loop *c)
{
	c->closing = true;
	loop_hook_cancel(&c->now);
	curl_multi_cleanup(c->multi);
	timer_close(&c->timer, on_timer_closed);
}
