#include "mobile.h"

#include <stdio.h>

#define DIGITS_MAX 20 /* read before it is known what they are */

const struct mobile_region *mobile_region_find(struct str iso)
{
	for (const struct mobile_region *r = mobile_regions; r->iso[0]; r++)
		if (str_eq(iso, str_of(r->iso)))
			return r;
	return NULL;
}

/* Calling codes are prefix-free: at most one fits. */
static const struct mobile_region *region_of(struct str digits)
{
	for (const struct mobile_region *r = mobile_regions; r->iso[0]; r++)
		if (str_starts(digits, str_of(r->code)))
			return r;
	return NULL;
}

static bool is_separator(char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')';
}

/* The digits alone; a '+' may stand first. */
static const char *read_digits(
	struct str text, char digits[DIGITS_MAX], size_t *len, bool *plus)
{
	*plus = false;
	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '+' && *len == 0 && !*plus)
			*plus = true;
		else if (c >= '0' && c <= '9' && *len == DIGITS_MAX)
			return "has too many digits";
		else if (c >= '0' && c <= '9')
			digits[(*len)++] = c;
		else if (!is_separator(c))
			return "may hold digits, spaces, - . ( ) and a leading + only";
	}
	return *len ? NULL : "has no digits";
}

/* "0" is dropped whenever it stands there: no number behind it begins with one. A longer or
 * other prefix might be part of the number, so only when it is too long otherwise. */
static struct str without_trunk(struct str national, const struct mobile_region *r)
{
	struct str trunk = str_of(r->trunk);

	if (trunk.len && str_starts(national, trunk) &&
		(str_eq(trunk, STR("0")) || national.len > r->max))
		return str_from(national, trunk.len);
	return national;
}

const char *mobile_parse(
	struct str text, const struct mobile_region *home, char out[MOBILE_SIZE])
{
	const struct mobile_region *r = home;
	char digits[DIGITS_MAX];
	struct str national = { digits, 0 };
	bool international;
	const char *problem = read_digits(text, digits, &national.len, &international);

	if (problem)
		return problem;
	if (!international && str_starts(national, STR("00"))) {
		international = true;
		national = str_from(national, 2);
	}
	if (international) {
		r = region_of(national);
		if (!r)
			return "begins with no country's calling code";
		national = str_from(national, strlen(r->code));
	}
	national = without_trunk(national, r);
	if (national.len < r->min)
		return "has too few digits";
	if (national.len > r->max)
		return "has too many digits";
	if (!strcmp(r->trunk, "0") && national.ptr[0] == '0')
		return "is not a number of its country";
	snprintf(out, MOBILE_SIZE, "+%s%.*s", r->code, STR_ARG(national));
	return NULL;
}
