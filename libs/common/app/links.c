#include "app/links.h"

#include "app/app.h"
#include "data/pg.h"
#include "data/redis.h"

static const char plain[] =
	"(or set PLAIN_LINKS, where the network encrypts by itself, or is one machine's)";

void links_check(const struct app *app, struct buf *problems)
{
	const struct app_settings *set = &app->set;

	if (!set->production || set->plain_links)
		return;
	if (set->redis_url && !redis_url_is_safe(set->redis_url))
		buf_addf(problems,
			"REDIS_URL: must be rediss:// in production, or of this machine "
			"%s\n",
			plain);
	if (set->database_url && !pg_url_is_safe(set->database_url))
		buf_addf(problems,
			"DATABASE_URL: must have sslmode=verify-full in production, or be "
			"of this machine %s\n",
			plain);
}

void links_check_outside(
	const struct app *app, const char *name, const char *url, struct buf *problems)
{
	if (app->set.production && url && !str_starts(str_of(url), STR("https://")))
		buf_addf(problems, "%s: must be https in production\n", name);
}
