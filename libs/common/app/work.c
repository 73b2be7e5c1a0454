#include "app/work.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS_MAX 16

struct work {
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_t threads[THREADS_MAX];
	unsigned thread_count;
	struct list waiting, finished;
	unsigned waiting_count, waiting_max;
	unsigned in_hand; /* submitted, done not yet called; loop thread only */
	bool stopping;
	uv_async_t finished_some;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static void *work_thread(void *arg)
{
	struct work *w = arg;
	struct list *link;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct work_item *item;

		while (!(link = list_pop(&w->waiting)) && !w->stopping)
			pthread_cond_wait(&w->more, &w->lock);
		if (!link)
			break;
		w->waiting_count--;
		pthread_mutex_unlock(&w->lock);
		item = container_of(link, struct work_item, link);
		item->run(item);
		pthread_mutex_lock(&w->lock);
		list_push(&w->finished, link);
		uv_async_send(&w->finished_some);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void on_handle_closed(uv_handle_t *h)
{
	struct work *w = h->data;
	void (*closed)(void *ctx) = w->closed;
	void *ctx = w->closed_ctx;

	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
	free(w);
	if (closed)
		closed(ctx);
}

static void end_threads(struct work *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->thread_count; i++)
		pthread_join(w->threads[i], NULL);
	uv_close((uv_handle_t *)&w->finished_some, on_handle_closed);
}

static void on_finished(uv_async_t *h)
{
	struct work *w = h->data;
	struct list done, *link;

	list_init(&done);
	pthread_mutex_lock(&w->lock);
	list_move_all(&done, &w->finished);
	pthread_mutex_unlock(&w->lock);
	while ((link = list_pop(&done))) {
		struct work_item *item = container_of(link, struct work_item, link);

		w->in_hand--;
		item->done(item);
	}
	if (w->closed && w->in_hand == 0 && !w->stopping)
		end_threads(w);
}

struct work *work_open(struct loop *loop, unsigned threads, unsigned queue_max)
{
	struct work *w = calloc(1, sizeof *w);

	if (!w)
		abort();
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	list_init(&w->waiting);
	list_init(&w->finished);
	w->waiting_max = queue_max;
	uv_async_init(&loop->uv, &w->finished_some, on_finished);
	w->finished_some.data = w;
	w->thread_count = threads < THREADS_MAX ? threads : THREADS_MAX;
	for (unsigned i = 0; i < w->thread_count; i++) {
		if (pthread_create(&w->threads[i], NULL, work_thread, w) != 0)
			abort();
	}
	return w;
}

enum err work_submit(struct work *w, struct work_item *item)
{
	enum err e = ERR_BUSY;

	pthread_mutex_lock(&w->lock);
	if (w->waiting_count < w->waiting_max) {
		list_push(&w->waiting, &item->link);
		w->waiting_count++;
		w->in_hand++;
		pthread_cond_signal(&w->more);
		e = ERR_OK;
	}
	pthread_mutex_unlock(&w->lock);
	return e;
}

static void nobody_waits(void *ctx)
{
	(void)ctx;
}

void work_close(struct work **wp, void (*cb)(void *ctx), void *ctx)
{
	struct work *w = *wp;

	*wp = NULL;
	w->closed = cb ? cb : nobody_waits;
	w->closed_ctx = ctx;
	if (w->in_hand == 0)
		end_threads(w);
}
