#include "api.h"

#include "stripe.h"

struct page {
	int64_t limit;
	const struct object *after, *before; /* of the cursors; NULL: none */
};

static bool read_cursor(
	struct api *a, const char *key, struct shelf *sh, const struct object **out)
{
	struct str id = api_str(a, key);

	if (!id.ptr)
		return true;
	*out = shelf_find(sh, id);
	if (!*out)
		api_missing(a, "object", key, id);
	return *out != NULL;
}

/* The page's objects in the order they are given, at most limit + 1 of them. */
static size_t collect(struct api *a, const struct page *p, struct shelf *sh,
	bool (*match)(struct api *a, const struct object *o, const void *ctx),
	const void *ctx, struct object **out)
{
	const struct list *from = p->after ? &p->after->link : &sh->newest;
	const struct list *it = p->before ? p->before->link.prev : from->next;
	size_t n = 0;

	while (it != &sh->newest && n <= (size_t)p->limit) {
		struct object *o = container_of(it, struct object, link);

		if (!match || match(a, o, ctx))
			out[n++] = o;
		it = p->before ? it->prev : it->next;
	}
	return n;
}

void api_list(struct api *a, const char *url, struct shelf *sh,
	bool (*match)(struct api *a, const struct object *o, const void *ctx),
	void (*write)(struct api *a, struct object *o), const void *ctx)
{
	struct page p = { .limit = 10 };
	struct object *found[101];
	size_t n, count;

	api_int(a, "limit", 1, 100, &p.limit);
	if (!read_cursor(a, "starting_after", sh, &p.after) ||
		!read_cursor(a, "ending_before", sh, &p.before) || !api_ready(a))
		return;
	n = collect(a, &p, sh, match, ctx, found);
	count = n > (size_t)p.limit ? (size_t)p.limit : n;
	json_object(&a->w, NULL);
	json_put_z(&a->w, "object", "list");
	json_array(&a->w, "data");
	for (size_t i = 0; i < count; i++)
		write(a, found[p.before ? count - 1 - i : i]);
	json_end(&a->w);
	json_put_bool(&a->w, "has_more", n > count);
	json_put_z(&a->w, "url", url);
	json_end(&a->w);
}
