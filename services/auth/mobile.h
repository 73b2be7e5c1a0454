/*
 * mobile - a mobile number as people write it, as E.164 ("+918989898989"). Pure.
 *
 * Spaces, dashes, dots and parentheses are ignored. "+..." and "00..." name their country;
 * any other number belongs to the default region. A trunk prefix (the 0 of "089...", also
 * in
 * "+49 (0)89...") is dropped where the country uses one. The country code must exist and
 * the length be possible there; everything else is refused.
 */
#ifndef AUTH_MOBILE_H
#define AUTH_MOBILE_H

#include "base/str.h"

#define MOBILE_SIZE 17 /* '+', at most 15 digits, the zero */

/* A country's numbering, as far as it matters here. */
struct mobile_region {
	char iso[3];      /* "IN" */
	const char *code; /* calling code: "91" */
	unsigned char min,
		max;       /* digits after the calling code, without the trunk prefix */
	const char *trunk; /* dialled before national numbers: "0"; "": none */
};
/* Ends with an empty iso. Regions that share a calling code stand after its main one. */
extern const struct mobile_region mobile_regions[];

/* NULL if there is no such region. */
const struct mobile_region *mobile_region_find(struct str iso);

/* NULL and the number in out, or what is wrong with it: a sentence's end ("has too few
 * digits"). */
const char *mobile_parse(
	struct str text, const struct mobile_region *home, char out[MOBILE_SIZE]);

#endif
