#include "shelf.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"

#define ID_LETTERS 16

void object_id(char out[OBJECT_ID_SIZE], const char *prefix)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789";
	int len = snprintf(out, OBJECT_ID_SIZE - ID_LETTERS, "%s", prefix);

	for (int i = 0; i < ID_LETTERS; i++)
		out[len++] = letters[random_below(sizeof letters - 1)];
	out[len] = '\0';
}

void shelf_init(struct shelf *sh, const char *prefix)
{
	sh->prefix = prefix;
	map_init(&sh->by_id);
	list_init(&sh->newest);
}

void shelf_fini(struct shelf *sh)
{
	map_fini(&sh->by_id);
	list_init(&sh->newest);
}

void shelf_add(struct shelf *sh, struct object *o, bool livemode)
{
	object_id(o->id, sh->prefix);
	o->created = clock_wall_s();
	o->livemode = livemode;
	o->node.key = str_of(o->id);
	map_insert(&sh->by_id, &o->node);
	list_push_front(&sh->newest, &o->link);
}

void *shelf_find(const struct shelf *sh, struct str id)
{
	struct map_node *node = map_find(&sh->by_id, id);

	return node ? container_of(node, struct object, node) : NULL;
}
