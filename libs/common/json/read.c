#include "json/read.h"

#include <assert.h>
#include <yajl/yajl_parse.h>

#include "base/list.h"
#include "base/utf8.h"

#define DEPTH_MAX 64 /* what a caller may ask for */
#define TEXT_MAX                                                                           \
	(1u << 30) /* yajl's buffers double by size arithmetic that wraps past this */

/* An object or array whose end has not come. */
struct open {
	struct json *node;
	struct json *last; /* its latest child */
};

struct builder {
	struct arena *arena;
	struct json_limits limits;
	const char *why; /* why a callback said no */
	struct json *root;
	struct str key; /* of the member whose value comes next */
	unsigned values;
	unsigned depth; /* open[depth - 1] is the innermost */
	struct open open[DEPTH_MAX];
};

/* ---- what yajl would let through, found in the text itself ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of "\uXXXX" at p; -1 if none stands there. */
static int code_unit(const char *p, const char *end)
{
	int unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_value(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* Looks at the escape at *p and moves behind it. Malformed ones are left for yajl to
 * refuse. */
static const char *escape_problem(const char **p, const char *end)
{
	int unit = code_unit(*p, end);

	if (unit < 0) {
		*p += end - *p < 2 ? 1 : 2;
		return NULL;
	}
	*p += 6;
	if (unit == 0)
		return "contains \\u0000";
	if (unit < 0xd800 || unit > 0xdfff)
		return NULL;
	int low = code_unit(*p, end);

	if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return "contains half of a surrogate pair";
	*p += 6;
	return NULL;
}

/* Outside strings yajl takes form feed and vertical tab for white space; inside, no raw
 * control character is allowed anyway. */
static bool has_stray_control(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return true;
	}
	return false;
}

static const char *text_problem(struct str text)
{
	if (text.len == 0)
		return "is empty";
	if (text.len > TEXT_MAX)
		return "is too long";
	if (str_starts(text, STR("\xef\xbb\xbf")))
		return "begins with a byte order mark";
	if (!utf8_valid(text))
		return "is not valid UTF-8";
	if (has_stray_control(text))
		return "contains a control character";

	const char *end = text.ptr + text.len;
	const char *p = memchr(text.ptr, '\\', text.len);

	while (p) {
		const char *problem = escape_problem(&p, end);

		if (problem)
			return problem;
		p = memchr(p, '\\', (size_t)(end - p));
	}
	return NULL;
}

/* ---- the builder: yajl's events into the tree ---- */

static bool refuse(struct builder *b, const char *why)
{
	b->why = why;
	return false;
}

/* A new value, hung where it belongs; NULL after refusing. */
static struct json *add(struct builder *b, enum json_kind kind)
{
	if (++b->values > b->limits.values) {
		refuse(b, "has too many values");
		return NULL;
	}
	struct json *node = arena_new(b->arena, struct json);

	node->kind = kind;
	if (b->depth == 0) {
		b->root = node;
		return node;
	}
	struct open *in = &b->open[b->depth - 1];

	if (in->node->kind == JSON_OBJECT)
		node->key = b->key;
	if (in->last)
		in->last->next = node;
	else
		in->node->first = node;
	in->last = node;
	in->node->count++;
	return node;
}

static int on_null(void *ctx)
{
	return add(ctx, JSON_NULL) != NULL;
}

static int on_boolean(void *ctx, int truth)
{
	struct json *node = add(ctx, JSON_BOOL);

	if (node)
		node->truth = truth != 0;
	return node != NULL;
}

static int add_text(struct builder *b, enum json_kind kind, struct str text)
{
	struct json *node = add(b, kind);

	if (node)
		node->text = arena_dup(b->arena, text);
	return node != NULL;
}

static int on_number(void *ctx, const char *digits, size_t len)
{
	return add_text(ctx, JSON_NUMBER, str_span(digits, len));
}

static int on_string(void *ctx, const unsigned char *bytes, size_t len)
{
	return add_text(ctx, JSON_STRING, str_span((const char *)bytes, len));
}

static int on_key(void *ctx, const unsigned char *bytes, size_t len)
{
	struct builder *b = ctx;
	const struct json *object = b->open[b->depth - 1].node;
	struct str key = str_span((const char *)bytes, len);

	if (object->count == b->limits.keys)
		return refuse(b, "has an object with too many members");
	for (const struct json *m = object->first; m; m = m->next)
		if (str_eq(m->key, key))
			return refuse(b, "has the same member twice in one object");
	b->key = arena_dup(b->arena, key);
	return true;
}

static int open_node(struct builder *b, enum json_kind kind)
{
	if (b->depth == b->limits.depth)
		return refuse(b, "is nested too deeply");
	struct json *node = add(b, kind);

	if (!node)
		return false;
	b->open[b->depth++] = (struct open){ node, NULL };
	return true;
}

static int on_object(void *ctx)
{
	return open_node(ctx, JSON_OBJECT);
}

static int on_array(void *ctx)
{
	return open_node(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
	struct builder *b = ctx;

	b->depth--;
	return true;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

/* ---- yajl's own memory comes from the arena too: no failure, and wiped with it ---- */

struct chunk {
	size_t size;
	_Alignas(max_align_t) char bytes[];
};

static void *yajl_take(void *ctx, size_t size)
{
	struct chunk *c = arena_alloc(ctx, sizeof *c + size);

	c->size = size;
	return c->bytes;
}

static void *yajl_grow(void *ctx, void *old, size_t size)
{
	char *bytes = yajl_take(ctx, size);

	if (old) {
		size_t had = container_of(old, struct chunk, bytes)->size;

		memcpy(bytes, old, had < size ? had : size);
	}
	return bytes;
}

static void yajl_leave(void *ctx, void *bytes)
{
	(void)ctx;
	(void)bytes;
}

static const char *build(struct builder *b, struct str text)
{
	yajl_alloc_funcs memory = { yajl_take, yajl_grow, yajl_leave, b->arena };
	yajl_handle y = yajl_alloc(&callbacks, &memory, b);
	yajl_status status = yajl_parse(y, (const unsigned char *)text.ptr, text.len);
	size_t at = yajl_get_bytes_consumed(y);

	if (status == yajl_status_ok)
		status = yajl_complete_parse(y);
	yajl_free(y);
	if (b->why)
		return b->why;
	if (status != yajl_status_ok)
		return arena_fmt(b->arena, "goes wrong near byte %zu", at).ptr;
	return b->root ? NULL : "holds no value";
}

static unsigned or_default(unsigned n, unsigned dflt)
{
	return n ? n : dflt;
}

enum err json_parse(struct arena *a, struct str text, const struct json_limits *limits,
	const struct json **out, const char **why)
{
	static const struct json_limits none;
	const struct json_limits *l = limits ? limits : &none;
	struct builder b = {
		.arena = a,
		.limits = {
			.depth = or_default(l->depth, 32),
			.keys = or_default(l->keys, 256),
			.values = or_default(l->values, 100000),
		},
	};
	const char *problem = text_problem(text);

	assert(b.limits.depth <= DEPTH_MAX);
	if (!problem)
		problem = build(&b, text);
	if (problem) {
		*why = problem;
		return ERR_INVALID;
	}
	*out = b.root;
	return ERR_OK;
}

/* ---- finding things in the tree ---- */

static const struct json *member(const struct json *object, struct str key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m; m = m->next)
		if (str_eq(m->key, key))
			return m;
	return NULL;
}

static const struct json *element(const struct json *array, struct str index)
{
	uint64_t n;

	if (!str_u64(index, &n) || n >= array->count)
		return NULL;
	const struct json *e = array->first;

	while (n--)
		e = e->next;
	return e;
}

const struct json *json_get(const struct json *object, const char *key)
{
	return member(object, str_of(key));
}

const struct json *json_at(const struct json *j, const char *path)
{
	struct str rest = str_of(path), name;

	while (j && str_cut(&rest, '.', &name))
		j = j->kind == JSON_ARRAY ? element(j, name) : member(j, name);
	return j;
}

struct str json_text(const struct json *j)
{
	return j && j->kind == JSON_STRING ? j->text : STR_NONE;
}

bool json_i64(const struct json *j, int64_t *out)
{
	return j && j->kind == JSON_NUMBER && str_i64(j->text, out);
}

bool json_is_true(const struct json *j)
{
	return j && j->kind == JSON_BOOL && j->truth;
}

bool json_uuid(const struct json *j, struct uuid *out)
{
	return j && j->kind == JSON_STRING && uuid_parse(j->text, out);
}
