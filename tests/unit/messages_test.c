#include "messages.h"

#include <stdlib.h>

#include "base/trace.h"
#include "tests/lib/test.h"

/* Room for the largest message, aligned for any field. */
union any {
	char bytes[256];
	int64_t aligned;
};

/* Every field gets a value that no other has. */
static void fill(const struct message_kind *kind, union any *msg)
{
	int64_t n = 7;

	memset(msg, 0, sizeof *msg);
	for (const struct message_field *f = kind->fields; f->name; f++, n++) {
		void *at = msg->bytes + f->offset;

		switch (f->kind) {
		case FIELD_UUID:
			*(struct uuid *)at = uuid_v7();
			break;
		case FIELD_STR:
			*(struct str *)at = str_of(f->name);
			break;
		case FIELD_I64:
			*(int64_t *)at = n * 1000000000000;
			break;
		}
	}
}

static bool same_field(
	const struct message_field *f, const union any *a, const union any *b)
{
	const void *x = a->bytes + f->offset, *y = b->bytes + f->offset;

	switch (f->kind) {
	case FIELD_UUID:
		return uuid_eq(x, y);
	case FIELD_STR:
		return str_eq(*(const struct str *)x, *(const struct str *)y);
	case FIELD_I64:
		return *(const int64_t *)x == *(const int64_t *)y;
	}
	return false;
}

static enum err parse_and_decode(
	struct arena *a, const struct message_kind *kind, struct str text, union any *out)
{
	const struct json *data;
	const char *why;

	if (json_parse(a, text, NULL, &data, &why) != ERR_OK) {
		test_fail(__FILE__, __LINE__, "%s: %.*s", why, STR_ARG(text));
		return ERR_INTERNAL;
	}
	return message_decode(kind, data, out->bytes);
}

TEST(every_kind_makes_the_round_trip)
{
	for (const struct message_kind *const *k = messages_all; *k; k++) {
		union any sent, got;
		struct buf text = { 0 };
		struct arena a;

		CHECK((*k)->size <= sizeof sent);
		arena_init(&a);
		fill(*k, &sent);
		message_encode(*k, &sent, &text);
		CHECK_INT(parse_and_decode(&a, *k, buf_str(&text), &got), ERR_OK);
		for (const struct message_field *f = (*k)->fields; f->name; f++) {
			if (!same_field(f, &sent, &got))
				test_fail(__FILE__, __LINE__, "%s.%s", (*k)->type, f->name);
		}
		CHECK(message_kind_find(str_of((*k)->type)) == *k);
		buf_fini(&text);
		arena_fini(&a);
	}
	CHECK(!message_kind_find(STR("auth.user")));
}

/* The message as JSON, but for one field: left out, or given as `instead`. */
static void write_but(const struct message_kind *kind, const struct message_field *but,
	const char *instead, struct buf *out)
{
	struct json_writer w = json_writer(out);
	struct uuid id = uuid_v7();

	json_object(&w, NULL);
	for (const struct message_field *f = kind->fields; f->name; f++) {
		if (f == but && instead)
			json_put_raw(&w, f->name, str_of(instead));
		else if (f != but && f->kind == FIELD_UUID)
			json_put_uuid(&w, f->name, &id);
		else if (f != but && f->kind == FIELD_STR)
			json_put_z(&w, f->name, "x");
		else if (f != but)
			json_put_i64(&w, f->name, 1);
	}
	json_put_z(&w, "member of a later version", "is ignored");
	json_end(&w);
}

static enum err decode_but(const struct message_kind *kind, const struct message_field *but,
	const char *instead)
{
	struct buf text = { 0 };
	struct arena a;
	union any got;
	enum err e;

	arena_init(&a);
	write_but(kind, but, instead, &text);
	e = parse_and_decode(&a, kind, buf_str(&text), &got);
	arena_fini(&a);
	buf_fini(&text);
	return e;
}

TEST(missing_fields_and_wrong_types_are_refused)
{
	static const char *const wrong[][4] = {
		[FIELD_UUID] = { "1", "null", "\"0193\"", "[]" },
		[FIELD_STR] = { "1", "null", "{}", "true" },
		[FIELD_I64] = { "\"1\"", "null", "1.5", "99999999999999999999" },
	};

	for (const struct message_kind *const *k = messages_all; *k; k++) {
		CHECK_INT(decode_but(*k, NULL, NULL), ERR_OK);
		for (const struct message_field *f = (*k)->fields; f->name; f++) {
			CHECK_INT(decode_but(*k, f, NULL),
				f->optional ? ERR_OK : ERR_INVALID);
			for (int i = 0; i < 4; i++) {
				if (decode_but(*k, f, wrong[f->kind][i]) != ERR_INVALID)
					test_fail(__FILE__, __LINE__, "%s.%s: %s",
						(*k)->type, f->name, wrong[f->kind][i]);
			}
		}
	}
}

TEST(what_is_no_object_is_refused)
{
	struct arena a;
	union any got;

	arena_init(&a);
	CHECK_INT(message_decode(&MSG_USER_CREATED, NULL, &got), ERR_INVALID);
	CHECK_INT(parse_and_decode(&a, &MSG_USER_CREATED, STR("[]"), &got), ERR_INVALID);
	CHECK_INT(parse_and_decode(&a, &MSG_USER_CREATED, STR("\"x\""), &got), ERR_INVALID);
	arena_fini(&a);
}

TEST(optional_fields_that_are_nothing_are_left_out)
{
	struct msg_replay m = { .after = 0 };
	struct buf text = { 0 };

	message_encode(&MSG_AUTH_REPLAY, &m, &text);
	CHECK_STR(buf_str(&text), STR("{\"after\":0}"));
	buf_fini(&text);
}

TEST(facts_belong_to_their_owner)
{
	for (const struct message_kind *const *k = messages_all; *k; k++) {
		struct str type = str_of((*k)->type), service;

		str_cut(&type, '.', &service);
		CHECK_STR(service, str_of((*k)->owner));
	}
	CHECK(MSG_AUTH_REPLAY.answer == &MSG_AUTH_HEAD);
	CHECK(MSG_BILLING_REPLAY.answer == &MSG_BILLING_HEAD);
}

TEST(traceparent_goes_on_in_a_new_span)
{
	struct log_context from = { .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
		.span_id = "00f067aa0ba902b7",
		.trace_flags = TRACE_SAMPLED },
			   to = { 0 };
	char text[TRACEPARENT_SIZE];

	CHECK(traceparent_format(&from, text));
	CHECK_STR(str_of(text),
		STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
	CHECK(traceparent_continue(str_of(text), &to));
	CHECK_STR(str_of(to.trace_id), str_of(from.trace_id));
	CHECK_INT(to.trace_flags, TRACE_SAMPLED);
	CHECK_INT(strlen(to.span_id), 16);
	CHECK(strcmp(to.span_id, from.span_id) != 0);
	CHECK(!traceparent_format(&(struct log_context){ 0 }, text));
	CHECK(!traceparent_format(NULL, text));
}

TEST(what_is_no_traceparent_changes_nothing)
{
	static const char *const bad[] = { "", "00", "00-1-2-01",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct log_context ctx = { 0 };

		if (traceparent_continue(str_of(bad[i]), &ctx) || ctx.trace_id[0])
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}
