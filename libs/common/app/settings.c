#include "app/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX (64u << 10)

static void problem(struct buf *problems, const char *name, const char *what)
{
	buf_addf(problems, "%s: %s\n", name, what);
}

/* The content of the file that NAME_FILE names, without its last newline; NULL after a
 * problem. */
static const char *read_file(
	const char *name, const char *path, struct arena *a, struct buf *problems)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct str content;
	struct buf b = { 0 };
	ssize_t n = 0;

	while (fd >= 0 && b.len <= FILE_MAX &&
		(n = read(fd, buf_reserve(&b, 4096), 4096)) > 0)
		b.len += (size_t)n;
	if (fd < 0 || n < 0 || b.len > FILE_MAX) {
		buf_addf(problems, "%s_FILE: cannot read \"%s\": %s\n", name, path,
			b.len > FILE_MAX ? "larger than 64 KiB" : strerror(errno));
		content = STR_NONE;
	} else {
		content = buf_str(&b);
		while (content.len && (content.ptr[content.len - 1] == '\n' ||
					      content.ptr[content.len - 1] == '\r'))
			content.len--;
		content = str_of(arena_cstr(a, content));
	}
	if (fd >= 0)
		close(fd);
	buf_wipe(&b);
	return content.ptr;
}

static const char *lookup(const struct setting *s, struct arena *a, struct buf *problems)
{
	const char *value = getenv(s->name), *path;
	char file_name[128];

	snprintf(file_name, sizeof file_name, "%s_FILE", s->name);
	path = getenv(file_name);
	if (path && *path && value && *value) {
		problem(problems, s->name, "given twice, as value and as _FILE");
		return NULL;
	}
	if (path && *path)
		return read_file(s->name, path, a, problems);
	if (value && *value)
		return arena_cstr(a, str_of(value));
	if (!s->dflt)
		problem(problems, s->name, "must be set");
	return s->dflt && *s->dflt ? s->dflt : NULL;
}

static bool choice_has(const char *choices, struct str value)
{
	struct str rest = str_of(choices), one;

	while (str_cut(&rest, '|', &one)) {
		if (str_eq(one, value))
			return true;
	}
	return false;
}

static bool parse_bool(struct str v, bool *out)
{
	*out = choice_has("1|true|yes|on", v);
	return *out || choice_has("0|false|no|off", v);
}

static bool url_ok(struct str v)
{
	for (size_t i = 0; i + 3 <= v.len; i++) {
		if (str_starts(str_from(v, i), STR("://")))
			return i > 0;
	}
	return false;
}

static bool addr_ok(struct str v)
{
	struct str rest = v, part;
	uint64_t port = 0;

	if (str_starts(v, STR("unix:")))
		return v.len > 5;
	while (str_cut(&rest, ':', &part))
		;
	return part.len < v.len && str_u64(part, &port) && port <= 65535;
}

static void read_int(
	const struct setting *s, struct str v, int64_t *out, struct buf *problems)
{
	int64_t max = s->min == 0 && s->max == 0 ? INT64_MAX : s->max;

	if (!str_i64(v, out))
		problem(problems, s->name, "must be a whole number");
	else if (*out < s->min || *out > max)
		buf_addf(problems, "%s: must be within %lld..%lld\n", s->name,
			(long long)s->min, (long long)max);
}

static void read_one(
	const struct setting *s, void *into, struct arena *a, struct buf *problems)
{
	const char *value = lookup(s, a, problems);
	char *place = (char *)into + s->offset;
	struct str v = str_of(value);

	if (!value)
		return;
	switch (s->kind) {
	case SETTING_INT:
		read_int(s, v, (int64_t *)(void *)place, problems);
		return;
	case SETTING_BOOL:
		if (!parse_bool(v, (bool *)place))
			problem(problems, s->name, "must be true or false");
		return;
	case SETTING_CHOICE:
		if (!choice_has(s->choices, v))
			buf_addf(problems, "%s: must be one of %s\n", s->name, s->choices);
		break;
	case SETTING_URL:
		if (!url_ok(v))
			problem(problems, s->name, "must be a URL (scheme://...)");
		break;
	case SETTING_ADDR:
		if (!addr_ok(v))
			problem(problems, s->name, "must be host:port or unix:/path");
		break;
	case SETTING_STR:
	case SETTING_SECRET:
		break;
	}
	memcpy(place, &value, sizeof value);
}

void settings_read(
	const struct setting *table, void *into, struct arena *a, struct buf *problems)
{
	for (const struct setting *s = table; s && s->name; s++)
		read_one(s, into, a, problems);
}

void settings_print(const struct setting *table, struct buf *out)
{
	for (const struct setting *s = table; s && s->name; s++) {
		const char *dflt = !s->dflt ? "(required)" : *s->dflt ? s->dflt : "(none)";

		buf_addf(out, "%-28s %-24s %s", s->name, dflt, s->help ? s->help : "");
		if (s->kind == SETTING_INT && s->max)
			buf_addf(out, " (%lld to %lld)", (long long)s->min,
				(long long)s->max);
		buf_add_char(out, '\n');
	}
}
