/*
 * messages - every message that one process sends another over Redis, in one list.
 *
 * Facts and commands go by pub/sub as CloudEvents 1.0 JSON (structured mode):
 *
 *   {"specversion":"1.0","id":"<uuid>","source":"/castor/<service>","type":"billing.tier.changed",
 *    "time":"...Z","subject":"<user id>","seq":17,"traceparent":"00-...","data":{...}}
 *
 * on the channel castor:<env>:<type>. A fact with `durable` is first written to its owner's outbox
 * (table <schema>.outbox) in the transaction that makes it true; `seq` counts the outbox without
 * gaps, and the owner publishes from a given seq again when asked by <service>.outbox.replay.
 * Jobs are entries of a stream, JSON in the field "j".
 *
 * encode and decode follow from the field lists here; nobody writes these names elsewhere.
 */
#ifndef COMMON_MESSAGES_H
#define COMMON_MESSAGES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "json/read.h"
#include "json/write.h"

enum message_field_kind { FIELD_UUID, FIELD_STR, FIELD_I64 };
struct message_field {
	const char *name;
	enum message_field_kind kind;
	size_t offset;
	bool optional;
};
struct message_kind {
	const char *type;   /* channel and CloudEvents type */
	const char *owner;  /* the service that sends it; commands: the one that is told */
	bool durable;       /* has a log behind it: the owner's outbox */
	const struct message_field *fields; /* ends with a NULL name */
	size_t size;        /* of the struct */
};

/* auth -> billing, chat: a mobile number was proved for the first time. */
struct msg_user_created {
	struct uuid user_id;
};
extern const struct message_kind MSG_USER_CREATED; /* auth.user.created */

/* auth -> gateway and services: these sessions are over; tokens of them are refused from now on. */
struct msg_sessions_revoked {
	struct uuid user_id;
	struct str session_ids;   /* comma-separated UUIDs */
	int64_t forget_after_s;   /* unix seconds after which the last token of them has expired */
};
extern const struct message_kind MSG_SESSIONS_REVOKED; /* auth.sessions.revoked */

/* billing -> chat, auth: the user's tier is now this. Applied only if version is newer. */
struct msg_tier_changed {
	struct uuid user_id;
	struct str tier;    /* "Basic" | "Pro" */
	int64_t version;    /* per user, rising */
};
extern const struct message_kind MSG_TIER_CHANGED; /* billing.tier.changed */

/* chat, ai-worker -> chat: a reply reached its end. A doorbell; the messages table is the log. */
struct msg_reply_done {
	struct uuid room_id;
	struct uuid reply_id;
	struct str state;
};
extern const struct message_kind MSG_REPLY_DONE; /* chat.reply.done */

/* anyone -> auth, billing: publish your outbox again, from after this seq. */
struct msg_replay {
	int64_t after;
};
extern const struct message_kind MSG_AUTH_REPLAY;    /* auth.outbox.replay */
extern const struct message_kind MSG_BILLING_REPLAY; /* billing.outbox.replay */

/* chat -> ai-worker, on the streams {gemini}:pro and {gemini}:basic: a reply is owed. */
struct msg_reply_job {
	struct uuid room_id;
	struct uuid reply_id;
	struct str traceparent; /* optional */
};
extern const struct message_kind MSG_REPLY_JOB;
#define STREAM_GEMINI_PRO   "{gemini}:pro" /* after castor:<env>: ; one slot in a cluster */
#define STREAM_GEMINI_BASIC "{gemini}:basic"
#define GROUP_GEMINI        "ai-worker"

/* Everything above, NULL-terminated: for tests and documentation. */
extern const struct message_kind *const messages_all[];

/* The "data" object. */
void message_encode(const struct message_kind *kind, const void *msg, struct buf *out);
/* Strings point into the JSON's arena. ERR_INVALID: a field is missing or of the wrong type. */
enum err message_decode(const struct message_kind *kind, const struct json *data, void *msg);

#endif
