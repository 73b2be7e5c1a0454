// covers: libs/common/http/params.c
/* JSON bodies into a handler's own places: what was read is what the tree says and within
 * its bounds, and a refusal names something. The first byte says which Content-Type the
 * body has; as a query, and as an id in a path, the bytes are read as well. */
#include <assert.h>

#include "base/utf8.h"
#include "http/exchange.h"
#include "http/params.h"

static const char *const types[] = { "application/json", "application/json; charset=utf-8",
	"Application/JSON;charset=\"UTF-8\";", "application/json; charset=latin1",
	"text/plain", "" };

static const char *const known[] = { "name", "note", "count", "flag", "id", "extra" };

struct wanted {
	struct str name, note;
	int64_t count;
	bool flag;
	struct uuid id;
	const struct json *extra;
};

/* ---- what was read ---- */

static bool is_within(struct str s, size_t min, size_t max)
{
	return utf8_valid(s) && utf8_count(s) >= min && utf8_count(s) <= max;
}

static bool is_known(struct str key)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (str_eq(key, str_of(known[i])))
			return true;
	}
	return false;
}

static void check_read(struct arena *a, struct str body, const struct wanted *w)
{
	const struct json *tree, *flag;
	const char *why;
	struct uuid id;

	assert(json_parse(a, body, NULL, &tree, &why) == ERR_OK);
	for (const struct json *j = tree->first; j; j = j->next)
		assert(is_known(j->key));
	assert(is_within(w->name, 1, 5));
	assert(str_eq(w->name, json_text(json_get(tree, "name"))));
	assert(is_within(w->note, 0, 10));
	assert(w->count >= -9 && w->count <= 9);
	flag = json_get(tree, "flag");
	assert(w->flag == (flag && flag->kind == JSON_BOOL && flag->truth));
	if (json_uuid(json_get(tree, "id"), &id))
		assert(memcmp(&id, &w->id, sizeof id) == 0);
	assert(!w->extra || w->extra->kind == JSON_OBJECT);
}

static bool read_all(struct task *t, struct wanted *w)
{
	return params_read(t, P_STR("name", &w->name, 1, 5),
		P_OPT_STR("note", &w->note, 0, 10), P_OPT_INT("count", &w->count, -9, 9),
		P_OPT_BOOL("flag", &w->flag), P_OPT_UUID("id", &w->id),
		((struct param){ "extra", PARAM_OBJECT, true, &w->extra, 0, 0 }));
}

/* ---- a task with nothing but this request ---- */

static void begin(struct http_exchange *x, struct http_header *type, struct str bytes)
{
	*x = (struct http_exchange){ 0 };
	task_init(&x->task, NULL, NULL);
	x->task.http = x;
	x->req.headers = type;
	x->req.header_count = type->value.len ? 1 : 0;
	x->req.body = x->req.query = bytes;
}

static void check_body(struct http_header *type, struct str bytes)
{
	struct http_exchange x;
	struct wanted w = { .note = STR("untouched") };

	begin(&x, type, bytes);
	if (read_all(&x.task, &w)) {
		assert(!reply_invalid_any(&x.task) && !x.bad_media);
		check_read(&x.task.arena, bytes, &w);
	} else {
		assert(reply_invalid_any(&x.task) || x.bad_media);
	}
	task_fini(&x.task);
}

static void check_query(struct http_header *type, struct str bytes)
{
	struct http_exchange x;
	int64_t n = 0;

	begin(&x, type, bytes);
	if (params_query_int(&x.task, "n", 5, -1, 99, &n))
		assert(n >= -1 && n <= 99 && !reply_invalid_any(&x.task));
	else
		assert(reply_invalid_any(&x.task));
	task_fini(&x.task);
}

static void check_path(struct http_header *type, struct str bytes)
{
	struct http_exchange x;
	struct uuid id, again;
	char text[UUID_TEXT_SIZE];

	begin(&x, type, bytes);
	x.req.param[0] = bytes;
	if (params_path_uuid(&x.task, 0, &id)) {
		uuid_format(&id, text);
		assert(uuid_parse(str_of(text), &again) && uuid_eq(&id, &again));
		assert(str_eq_nocase(str_of(text), bytes));
	}
	task_fini(&x.task);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_header type = { .name = STR("Content-Type") };
	struct str bytes = str_span((const char *)data + 1, size - 1);

	if (size < 2)
		return 0;
	type.value = str_of(types[data[0] % (sizeof types / sizeof *types)]);
	check_body(&type, bytes);
	check_query(&type, bytes);
	check_path(&type, bytes);
	return 0;
}
