/*
 * shelf - objects of one kind, found by id and listed newest first.
 *
 * Objects embed a struct object as their first member and live in the simulator's arena.
 */
#ifndef FAKES_STRIPE_SHELF_H
#define FAKES_STRIPE_SHELF_H

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"

#define OBJECT_ID_SIZE 40

struct object {
	struct map_node node;
	struct list link; /* newer ones before it */
	char id[OBJECT_ID_SIZE];
	int64_t created; /* unix seconds */
	bool livemode;
};

struct shelf {
	const char *prefix; /* of ids: "cus_" */
	struct map by_id;
	struct list newest;
};

void shelf_init(struct shelf *sh, const char *prefix);
void shelf_fini(struct shelf *sh);
/* Gives the object an id and its time, and puts it in front. */
void shelf_add(struct shelf *sh, struct object *o, bool livemode);
/* NULL when there is none. */
void *shelf_find(const struct shelf *sh, struct str id);
/* prefix and random letters. */
void object_id(char out[OBJECT_ID_SIZE], const char *prefix);

#endif
