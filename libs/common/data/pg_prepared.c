#include "data/pg_prepared.h"

#include <stdio.h>
#include <stdlib.h>

/* A process has some tens of statements: looking through them beats hashing. */
struct pg_prepared *pg_prepared_find(struct pg_prepared_set *s, const struct pg_stmt *stmt)
{
	struct pg_prepared *p = s->all;

	for (; p < s->all + s->count; p++) {
		if (p->stmt == stmt)
			return p;
	}
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->all = realloc(s->all, s->cap * sizeof *p);
		if (!s->all)
			abort();
	}
	p = &s->all[s->count++];
	*p = (struct pg_prepared){ .stmt = stmt };
	return p;
}

const char *pg_prepared_name(const struct pg_prepared *p)
{
	return p->name ? p->name : p->stmt->name;
}

void pg_prepared_renew(struct pg_prepared *p)
{
	free(p->name);
	if (asprintf(&p->name, "%.50s.%u", p->stmt->name, ++p->renewals) < 0)
		abort();
	p->ready = false;
}

void pg_prepared_clear(struct pg_prepared_set *s)
{
	for (unsigned i = 0; i < s->count; i++)
		free(s->all[i].name);
	free(s->all);
	*s = (struct pg_prepared_set){ 0 };
}
