/*
 * list - intrusive, circular, doubly linked. The head is a struct list of its own.
 *
 * Use:  embed a struct list in what is listed; reach the whole by container_of.
 *       A link that is in no list points to itself, so list_del twice is harmless.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define container_of(ptr, type, member)                                                    \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* At the tail: a list that is pushed to and popped from is first in, first out. */
static inline void list_push(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void list_push_front(struct list *head, struct list *link)
{
	list_push(head->next, link);
}

static inline void list_del(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* The first link, taken out; NULL when empty. */
static inline struct list *list_pop(struct list *head)
{
	struct list *first = head->next;

	if (first == head)
		return NULL;
	list_del(first);
	return first;
}

/* Moves all of `from` to the tail of `to`; `from` is empty afterwards. */
static inline void list_move_all(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* The body may delete `it` from the list. */
#define LIST_EACH(head, it)                                                                \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head);          \
		it = it##_next, it##_next = it->next)

/* The same from the tail. */
#define LIST_EACH_BACK(head, it)                                                           \
	for (struct list *it = (head)->prev, *it##_next = it->prev; it != (head);          \
		it = it##_next, it##_next = it->prev)

#endif
