/*
 * settings - what an operator may set, as one table per process, read once at start.
 *
 * Each setting NAME comes from the environment, or from the file named by NAME_FILE
 * (trailing newline trimmed), so that secrets need not be in the environment. All problems
 * are found before any is reported. `<process> settings` prints the table.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "base/arena.h"
#include "base/buf.h"

enum setting_kind {
	SETTING_STR,    /* const char *; empty counts as not set */
	SETTING_SECRET, /* const char *; never printed */
	SETTING_URL,    /* const char *; scheme://...; printed without its password */
	SETTING_ADDR,   /* const char *; host:port, [v6]:port or unix:/path */
	SETTING_INT,    /* int64_t within min..max */
	SETTING_BOOL,   /* bool; 1/0, true/false, yes/no, on/off */
	SETTING_CHOICE, /* const char *; one of `choices`, separated by '|' */
};

struct setting {
	const char *name;
	enum setting_kind kind;
	size_t offset;    /* of the member in the struct that is filled */
	const char *dflt; /* NULL: required; "": may be absent (strings are then NULL, ints
			     0) */
	const char *help; /* one line */
	int64_t min, max; /* SETTING_INT; both 0: any non-negative */
	const char *choices; /* SETTING_CHOICE */
};

/* Ends with an entry whose name is NULL. Adds one line per problem to *problems. */
void settings_read(
	const struct setting *table, void *into, struct arena *a, struct buf *problems);
/* Human-readable table of names, defaults, meanings, and of the numbers that may be. */
void settings_print(const struct setting *table, struct buf *out);

#endif
