#include "models.h"

/* It becomes part of a URL and of a key. */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			!(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return s.len > 0 && s.len <= 100;
}

static struct jobq_model *find(struct jobq_model *all, unsigned n, struct str name)
{
	for (unsigned i = 0; i < n; i++) {
		if (str_eq(str_of(all[i].name), name))
			return &all[i];
	}
	return NULL;
}

static const char *add(
	struct arena *a, struct str name, struct jobq_model *out, unsigned *count)
{
	if (!is_name(name))
		return "GEMINI_MODEL, GEMINI_FALLBACK_MODELS: a model's name has letters, digits, "
		       "'.', '_' and '-'";
	if (find(out, *count, name))
		return "GEMINI_FALLBACK_MODELS: a model is named twice";
	if (*count == JOBQ_MODELS_MAX)
		return "GEMINI_FALLBACK_MODELS: too many models";
	out[(*count)++] = (struct jobq_model){ .name = arena_cstr(a, name) };
	return NULL;
}

static bool read_limit(struct str word, struct jobq_model *m)
{
	struct str value = word, name;
	uint64_t n;

	if (!str_cut(&value, '=', &name) || !str_u64(value, &n) || n > 1000000000000u)
		return false;
	if (str_eq(name, STR("rpm")))
		m->rpm = (int64_t)n;
	else if (str_eq(name, STR("tpm")))
		m->tpm = (int64_t)n;
	else if (str_eq(name, STR("rpd")))
		m->rpd = (int64_t)n;
	else
		return false;
	return true;
}

static const char *read_limits(struct str text, struct jobq_model *all, unsigned n)
{
	struct str of_one, word;

	while (str_cut(&text, ';', &of_one)) {
		struct jobq_model *m = NULL;

		of_one = str_trim(of_one);
		if (of_one.len == 0)
			continue;
		while (str_cut(&of_one, ' ', &word)) {
			if (word.len == 0)
				continue;
			if (!m && !(m = find(all, n, word)))
				return "GEMINI_LIMITS: speaks of a model that is not used";
			if (!str_eq(word, str_of(m->name)) && !read_limit(word, m))
				return "GEMINI_LIMITS: is not like \"model rpm=10 tpm=1000 "
				       "rpd=100; ...\"";
		}
	}
	return NULL;
}

const char *models_read(struct arena *a, const char *first, const char *others,
	const char *limits, struct jobq_model *out, unsigned *count)
{
	struct str rest = others ? str_of(others) : STR_NONE, name;
	const char *why;

	*count = 0;
	why = add(a, str_trim(str_of(first)), out, count);
	while (!why && str_cut(&rest, ',', &name)) {
		if (str_trim(name).len)
			why = add(a, str_trim(name), out, count);
	}
	if (!why && limits)
		why = read_limits(str_of(limits), out, *count);
	return why;
}
