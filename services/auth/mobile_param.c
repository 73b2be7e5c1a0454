#include "auth.h"

bool read_mobile(struct task *t, struct str text, struct str *mobile)
{
	char e164[MOBILE_SIZE];
	const char *problem = mobile_parse(text, auth_of(t)->home, e164);

	if (problem) {
		reply_invalid_add(t, STR("/mobile"), "%s", problem);
		return false;
	}
	*mobile = arena_dup(&t->arena, str_of(e164));
	return true;
}
