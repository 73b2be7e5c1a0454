#include "data/jobq_scripts.h"

/* Each script begins with common.lua. (Its text is taken in by the assembler.) */
#define SCRIPT(what)                                                                       \
	__asm__(".pushsection .rodata\n"                                                   \
		"jobq_" #what                                                              \
		"_lua:\n"                                                                  \
		".incbin \"libs/common/data/jobq/common.lua\"\n"                           \
		".incbin \"libs/common/data/jobq/" #what                                   \
		".lua\"\n"                                                                 \
		".byte 0\n"                                                                \
		".popsection\n");                                                          \
	extern const char jobq_##what##_lua[];                                             \
	struct redis_script jobq_##what##_script = { .name = "jobq-" #what,                \
		.lua = jobq_##what##_lua }

SCRIPT(add);
SCRIPT(turn);
SCRIPT(where);
SCRIPT(look);

void jobq_lines_end(struct jobq_lines *l)
{
	buf_add(&l->ends, &l->text.len, sizeof l->text.len);
}

static size_t end_of(const struct jobq_lines *l, size_t i)
{
	size_t end;

	memcpy(&end, l->ends.ptr + i * sizeof end, sizeof end);
	return end;
}

bool jobq_lines_left(const struct jobq_lines *l)
{
	return l->sent < l->ends.len / sizeof(size_t);
}

void jobq_lines_take(struct jobq_lines *l, struct redis_cmd *cmd)
{
	for (; jobq_lines_left(l) && cmd->n < REDIS_ARGS_MAX; l->sent++) {
		size_t begin = l->sent ? end_of(l, l->sent - 1) : 0;

		cmd->arg[cmd->n++] = str_span(
			l->text.ptr + begin, end_of(l, l->sent) - begin);
	}
}

void jobq_lines_clear(struct jobq_lines *l)
{
	buf_shrink(&l->text, 64u << 10);
	buf_shrink(&l->ends, 8u << 10);
	l->sent = 0;
}

void jobq_lines_fini(struct jobq_lines *l)
{
	buf_fini(&l->text);
	buf_fini(&l->ends);
}

void jobq_put_id(struct buf *out, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	uuid_format(id, text);
	buf_add(out, text, UUID_TEXT_SIZE - 1);
}
