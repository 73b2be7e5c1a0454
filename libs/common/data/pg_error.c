#include "data/pg.h"

/* The first entry whose text the SQLSTATE begins with. Classes of our own functions:
 * CAxxx. */
static const struct {
	const char *prefix;
	enum err e;
} states[] = {
	{ "23505", ERR_CONFLICT },    /* unique_violation */
	{ "23503", ERR_NOT_FOUND },   /* foreign_key_violation */
	{ "23514", ERR_INVALID },     /* check_violation */
	{ "22", ERR_INVALID },        /* data exception: what a value may not be */
	{ "40001", ERR_BUSY },        /* serialization_failure */
	{ "40P01", ERR_BUSY },        /* deadlock_detected */
	{ "55P03", ERR_BUSY },        /* lock_not_available, lock_timeout */
	{ "57014", ERR_TIMEOUT },     /* query_canceled, statement_timeout */
	{ "53", ERR_UNAVAILABLE },    /* out of disk, memory, connections */
	{ "57P0", ERR_UNAVAILABLE },  /* shutting down, crashed, starting up */
	{ "08", ERR_UNAVAILABLE },    /* connection exception */
	{ "25006", ERR_UNAVAILABLE }, /* read_only_sql_transaction: not the primary */
	{ "42501", ERR_DENIED },      /* insufficient_privilege */
	{ "CA404", ERR_NOT_FOUND },
	{ "CA409", ERR_CONFLICT },
	{ "CA429", ERR_BUSY },
};

enum err pg_err_of_sqlstate(const char *state)
{
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (str_starts(str_of(state), str_of(states[i].prefix)))
			return states[i].e;
	}
	return ERR_INTERNAL;
}
