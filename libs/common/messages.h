/*
 * messages - every message that one process sends another over Redis, in one list.
 *
 * Facts and commands go by pub/sub as CloudEvents 1.0 JSON (structured mode):
 *
 *   {"specversion":"1.0","id":"<uuid>","source":"/castor/<service>","type":"billing.tier.changed",
 *    "time":"...Z","subject":"<user id>","seq":17,"traceparent":"00-...","data":{...}}
 *
 * on the channel castor:<env>:<type>. A fact with `durable` is first written to its owner's
 * outbox (table <schema>.outbox) in the transaction that makes it true; `seq` counts the
 * outbox without gaps, and the owner publishes from a given seq again when asked by
 * <service>.outbox.replay. An answer to that, and every few seconds of its own, is
 * <service>.outbox.head. Jobs are JSON in a queue.
 *
 * Two kinds of channel come and go with their readers, and carry no JSON: a reply's log
 * rings castor:<env>:reply:{<reply id>} (services/ai-worker/reply_log.h), and whoever
 * accepts a message rings castor:<env>:room:{<room id>} with the reply's id
 * (services/chat/room_bell.h).
 *
 * encode and decode follow from the field lists here; nobody writes these names elsewhere.
 */
#ifndef COMMON_MESSAGES_H
#define COMMON_MESSAGES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
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
	const char *type;  /* channel and CloudEvents type */
	const char *owner; /* the service that sends it; commands: the one that is told */
	bool durable;      /* has a log behind it: the owner's outbox */
	const struct message_field *fields; /* ends with a NULL name */
	size_t size;                        /* of the struct */
	const struct message_kind *answer;  /* a command's; NULL: none */
};

/* auth -> billing, chat: a mobile number was proved for the first time. */
struct msg_user_created {
	struct uuid user_id;
};
extern const struct message_kind MSG_USER_CREATED; /* auth.user.created */

/* auth -> gateway and services: these sessions are over; tokens of them are refused from
 * now on. */
struct msg_sessions_revoked {
	struct uuid user_id;
	struct str session_ids; /* comma-separated UUIDs */
	int64_t forget_after_s; /* unix seconds after which the last token of them has
				   expired */
};
extern const struct message_kind MSG_SESSIONS_REVOKED; /* auth.sessions.revoked */

/* billing -> chat, auth: the user's tier is now this. Applied only if version is newer. */
struct msg_tier_changed {
	struct uuid user_id;
	struct str tier; /* "Basic" | "Pro" */
	int64_t version; /* per user, rising */
};
extern const struct message_kind MSG_TIER_CHANGED; /* billing.tier.changed */

/* chat, ai-worker -> chat: a reply reached its end. A doorbell; the messages table is the
 * log. */
struct msg_reply_done {
	struct uuid room_id;
	struct uuid reply_id;
	struct str state;
};
extern const struct message_kind MSG_REPLY_DONE; /* chat.reply.done */

/* chat -> ai-worker: somebody wants no more of this reply. The wish stands in chat.jobs. */
struct msg_reply_stop {
	struct uuid reply_id;
};
extern const struct message_kind MSG_REPLY_STOP; /* chat.reply.stop */

/* anyone -> auth, billing: publish your outbox again, from after this seq. */
struct msg_replay {
	int64_t after;
	int64_t since_s; /* and nothing older than this many seconds; 0 (left out): no such
			    bound */
	struct uuid asker; /* drawn by who asks, for the answer; may be left out */
};
extern const struct message_kind MSG_AUTH_REPLAY;    /* auth.outbox.replay */
extern const struct message_kind MSG_BILLING_REPLAY; /* billing.outbox.replay */

/* auth, billing -> anyone: how far the outbox has come; before a replay, and every few
 * seconds. */
struct msg_outbox_head {
	int64_t seq;       /* of the newest fact; 0: there was none yet */
	int64_t floor;     /* facts up to this seq are not kept any more */
	int64_t after;     /* where the replay that follows begins; only with asker */
	struct uuid asker; /* whose question this answers; left out: nobody's */
};
extern const struct message_kind MSG_AUTH_HEAD;    /* auth.outbox.head */
extern const struct message_kind MSG_BILLING_HEAD; /* billing.outbox.head */

/* chat -> ai-worker, through the queue (data/jobq.h): a reply is owed. */
struct msg_reply_job {
	struct uuid room_id;
	struct uuid reply_id;
	struct str traceparent; /* optional */
};
extern const struct message_kind MSG_REPLY_JOB;
#define QUEUE_GEMINI "{gemini}:jobs" /* after castor:<env>: ; one slot in a cluster */

/* Everything above, NULL-terminated: for tests and documentation. */
extern const struct message_kind *const messages_all[];

/* The "data" object. Optional fields that are 0, nil or empty are left out, and come out
 * so. */
void message_encode(const struct message_kind *kind, const void *msg, struct buf *out);
/* Strings point into the JSON's arena. ERR_INVALID: a field is missing or of the wrong
 * type. */
enum err message_decode(
	const struct message_kind *kind, const struct json *data, void *msg);
/* NULL: nobody knows this type (here, yet). */
const struct message_kind *message_kind_find(struct str type);

#endif
