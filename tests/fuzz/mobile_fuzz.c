// covers: services/auth/mobile.c
// needs: services/auth/mobile.c
// needs: services/auth/mobile_regions.c
/* Mobile numbers: what comes out is E.164, and stays what it is when it goes in again. */
#include <assert.h>

#include "../../services/auth/mobile.h"

static void check_e164(const char *number)
{
	struct str s = str_of(number);

	assert(s.len >= 5 && s.len <= 16 && s.ptr[0] == '+' && s.ptr[1] != '0');
	for (size_t i = 1; i < s.len; i++)
		assert(s.ptr[i] >= '0' && s.ptr[i] <= '9');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char once[MOBILE_SIZE], twice[MOBILE_SIZE];

	if (size == 0)
		return 0;
	const struct mobile_region *home = mobile_regions;
	struct str text = str_span((const char *)data + 1, size - 1);

	for (unsigned skip = data[0]; skip && home[1].iso[0]; skip--)
		home++;
	assert(mobile_region_find(str_of(home->iso)) == home);
	if (mobile_parse(text, home, once))
		return 0;
	check_e164(once);
	assert(!mobile_parse(str_of(once), mobile_regions, twice));
	assert(!strcmp(once, twice));
	return 0;
}
