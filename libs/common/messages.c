#include "messages.h"

#define UUID(type, member)                                                                 \
	{                                                                                  \
#member, FIELD_UUID, offsetof(struct type, member), false                  \
	}
#define STRING(type, member)                                                               \
	{                                                                                  \
#member, FIELD_STR, offsetof(struct type, member), false                   \
	}
#define INT(type, member)                                                                  \
	{                                                                                  \
#member, FIELD_I64, offsetof(struct type, member), false                   \
	}
#define OPT_UUID(type, member)                                                             \
	{                                                                                  \
#member, FIELD_UUID, offsetof(struct type, member), true                   \
	}
#define OPT_STR(type, member)                                                              \
	{                                                                                  \
#member, FIELD_STR, offsetof(struct type, member), true                    \
	}
#define OPT_INT(type, member)                                                              \
	{                                                                                  \
#member, FIELD_I64, offsetof(struct type, member), true                    \
	}

static const struct message_field user_created[] = {
	UUID(msg_user_created, user_id),
	{ 0 },
};
static const struct message_field sessions_revoked[] = {
	UUID(msg_sessions_revoked, user_id),
	STRING(msg_sessions_revoked, session_ids),
	INT(msg_sessions_revoked, forget_after_s),
	{ 0 },
};
static const struct message_field tier_changed[] = {
	UUID(msg_tier_changed, user_id),
	STRING(msg_tier_changed, tier),
	INT(msg_tier_changed, version),
	{ 0 },
};
static const struct message_field reply_done[] = {
	UUID(msg_reply_done, room_id),
	UUID(msg_reply_done, reply_id),
	STRING(msg_reply_done, state),
	{ 0 },
};
static const struct message_field replay[] = {
	INT(msg_replay, after),
	OPT_INT(msg_replay, since_s),
	OPT_UUID(msg_replay, asker),
	{ 0 },
};
static const struct message_field outbox_head[] = {
	INT(msg_outbox_head, seq),
	INT(msg_outbox_head, floor),
	OPT_INT(msg_outbox_head, after),
	OPT_UUID(msg_outbox_head, asker),
	{ 0 },
};
static const struct message_field reply_stop[] = {
	UUID(msg_reply_stop, reply_id),
	{ 0 },
};
static const struct message_field reply_job[] = {
	UUID(msg_reply_job, room_id),
	UUID(msg_reply_job, reply_id),
	OPT_STR(msg_reply_job, traceparent),
	{ 0 },
};

/* clang-format off */
const struct message_kind MSG_USER_CREATED = {
	"auth.user.created",     "auth",    true,  user_created,     sizeof(struct msg_user_created), NULL };
const struct message_kind MSG_SESSIONS_REVOKED = {
	"auth.sessions.revoked", "auth",    true,  sessions_revoked, sizeof(struct msg_sessions_revoked), NULL };
const struct message_kind MSG_TIER_CHANGED = {
	"billing.tier.changed",  "billing", true,  tier_changed,     sizeof(struct msg_tier_changed), NULL };
const struct message_kind MSG_REPLY_DONE = {
	"chat.reply.done",       "chat",    false, reply_done,       sizeof(struct msg_reply_done), NULL };
const struct message_kind MSG_REPLY_STOP = {
	"chat.reply.stop",       "chat",    false, reply_stop,       sizeof(struct msg_reply_stop), NULL };
const struct message_kind MSG_AUTH_HEAD = {
	"auth.outbox.head",      "auth",    false, outbox_head,      sizeof(struct msg_outbox_head), NULL };
const struct message_kind MSG_BILLING_HEAD = {
	"billing.outbox.head",   "billing", false, outbox_head,      sizeof(struct msg_outbox_head), NULL };
const struct message_kind MSG_AUTH_REPLAY = {
	"auth.outbox.replay",    "auth",    false, replay,           sizeof(struct msg_replay), &MSG_AUTH_HEAD };
const struct message_kind MSG_BILLING_REPLAY = {
	"billing.outbox.replay", "billing", false, replay,           sizeof(struct msg_replay), &MSG_BILLING_HEAD };
const struct message_kind MSG_REPLY_JOB = {
	"chat.reply.job",        "chat",    false, reply_job,        sizeof(struct msg_reply_job), NULL };
/* clang-format on */

const struct message_kind *const messages_all[] = {
	&MSG_USER_CREATED,
	&MSG_SESSIONS_REVOKED,
	&MSG_TIER_CHANGED,
	&MSG_REPLY_DONE,
	&MSG_REPLY_STOP,
	&MSG_AUTH_REPLAY,
	&MSG_AUTH_HEAD,
	&MSG_BILLING_REPLAY,
	&MSG_BILLING_HEAD,
	&MSG_REPLY_JOB,
	NULL,
};

const struct message_kind *message_kind_find(struct str type)
{
	for (const struct message_kind *const *k = messages_all; *k; k++) {
		if (str_eq(str_of((*k)->type), type))
			return *k;
	}
	return NULL;
}

static void encode_field(
	const struct message_field *f, const void *at, struct json_writer *w)
{
	const struct uuid *id = at;
	const struct str *text = at;
	const int64_t *n = at;

	switch (f->kind) {
	case FIELD_UUID:
		if (!f->optional || !uuid_is_nil(id))
			json_put_uuid(w, f->name, id);
		break;
	case FIELD_STR:
		if (!f->optional || text->len)
			json_put_str(w, f->name, *text);
		break;
	case FIELD_I64:
		if (!f->optional || *n)
			json_put_i64(w, f->name, *n);
		break;
	}
}

void message_encode(const struct message_kind *kind, const void *msg, struct buf *out)
{
	struct json_writer w = json_writer(out);

	json_object(&w, NULL);
	for (const struct message_field *f = kind->fields; f->name; f++)
		encode_field(f, (const char *)msg + f->offset, &w);
	json_end(&w);
}

static bool decode_field(const struct message_field *f, const struct json *value, void *at)
{
	switch (f->kind) {
	case FIELD_UUID:
		return json_uuid(value, at);
	case FIELD_STR:
		*(struct str *)at = json_text(value);
		return value->kind == JSON_STRING;
	case FIELD_I64:
		return json_i64(value, at);
	}
	return false;
}

enum err message_decode(const struct message_kind *kind, const struct json *data, void *msg)
{
	memset(msg, 0, kind->size);
	if (!data || data->kind != JSON_OBJECT)
		return ERR_INVALID;
	for (const struct message_field *f = kind->fields; f->name; f++) {
		const struct json *value = json_get(data, f->name);

		if (!value && f->optional)
			continue;
		if (!value || !decode_field(f, value, (char *)msg + f->offset))
			return ERR_INVALID;
	}
	return ERR_OK;
}
