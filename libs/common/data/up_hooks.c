#include "data/up_hooks.h"

#include <stdlib.h>

struct up_hook {
	struct list link;
	void (*fn)(void *ctx); /* NULL: forgotten */
	void *ctx;
	bool told;
};

static void tell_up(struct up_hooks *h)
{
	LIST_EACH (&h->all, link) {
		struct up_hook *hook = container_of(link, struct up_hook, link);

		if (hook->told || !h->up)
			continue;
		hook->told = true;
		if (hook->fn)
			hook->fn(hook->ctx);
	}
}

static void tell_up_later(struct loop_hook *later)
{
	tell_up(container_of(later, struct up_hooks, later));
}

void up_hooks_init(struct up_hooks *h, struct loop *loop)
{
	*h = (struct up_hooks){ .loop = loop, .later.run = tell_up_later };
	list_init(&h->all);
}

void up_hooks_add(struct up_hooks *h, void (*fn)(void *ctx), void *ctx)
{
	struct up_hook *hook = calloc(1, sizeof *hook);

	if (!hook)
		abort();
	hook->fn = fn;
	hook->ctx = ctx;
	list_push(&h->all, &hook->link);
	if (h->up)
		loop_defer(h->loop, &h->later);
}

void up_hooks_up(struct up_hooks *h)
{
	h->up = true;
	tell_up(h);
}

void up_hooks_down(struct up_hooks *h)
{
	h->up = false;
	LIST_EACH (&h->all, link)
		container_of(link, struct up_hook, link)->told = false;
}

void up_hooks_hold(struct up_hooks *h)
{
	h->up = false;
}

/* They stay in the list, which may be walked at this moment. */
void up_hooks_forget(struct up_hooks *h, void *ctx)
{
	LIST_EACH (&h->all, link) {
		struct up_hook *hook = container_of(link, struct up_hook, link);

		if (hook->ctx == ctx)
			hook->fn = NULL;
	}
}

void up_hooks_fini(struct up_hooks *h)
{
	struct list *link;

	loop_hook_cancel(&h->later);
	while ((link = list_pop(&h->all)))
		free(container_of(link, struct up_hook, link));
}
