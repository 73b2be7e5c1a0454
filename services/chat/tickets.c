#include "tickets.h"

#include "data/redis.h"
#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"
#include "secure/secret.h"
#include "secure/token.h"

#define TICKET_BYTES 32
#define TICKET_CHARS 43 /* in base64url */

bool ticket_path(struct arena *a, struct str path, struct str *out)
{
	static const struct route streams[] = {
		{ HTTP_M_GET, "/chatroom/{id}/events" },
		{ HTTP_M_GET, "/chatroom/{id}/message/{reply_id}/events" },
		{ 0 },
	};
	struct str param[HTTP_PATH_PARAMS];
	const struct route *r = route_find(streams, HTTP_M_GET, path, param);
	char room[UUID_TEXT_SIZE], reply[UUID_TEXT_SIZE];
	struct uuid id;

	if (!r || !uuid_parse(param[0], &id))
		return false;
	uuid_format(&id, room);
	if (r == &streams[0]) {
		*out = arena_fmt(a, "/chatroom/%s/events", room);
		return true;
	}
	if (!uuid_parse(param[1], &id))
		return false;
	uuid_format(&id, reply);
	*out = arena_fmt(a, "/chatroom/%s/message/%s/events", room, reply);
	return true;
}

/* castor:<env>:ticket:{<SHA-256 of the ticket>} */
static struct str key_of(struct task *t, struct str ticket)
{
	uint8_t digest[32];
	char hex[2 * sizeof digest + 1];

	sha256(ticket, digest);
	hex_format(digest, sizeof digest, hex);
	return arena_fmt(&t->arena, "castor:%s:ticket:{%s}", t->app->set.env, hex);
}

/* ---- giving ---- */

struct giving {
	struct str path, ticket;
};
static step_fn ticket_given;

/* "<user> <session> <path>" */
static struct str value_of(struct task *t, struct str path)
{
	char user[UUID_TEXT_SIZE], session[UUID_TEXT_SIZE];

	uuid_format(&t->caller->user_id, user);
	uuid_format(&t->caller->session_id, session);
	return arena_fmt(&t->arena, "%s %s %.*s", user, session, STR_ARG(path));
}

outcome_t ticket_create(struct task *t)
{
	struct giving *g = task_new(t, struct giving);
	uint8_t secret[TICKET_BYTES];
	struct str path;

	t->arena.secret = true;
	if (!params_read(t, P_STR("path", &path, 1, 200)))
		return reply_invalid(t);
	if (!ticket_path(&t->arena, path, &g->path)) {
		reply_invalid_add(t, STR("/path"), "is not the path of a stream of events");
		return reply_invalid(t);
	}
	random_bytes(secret, sizeof secret);
	g->ticket = base64url_encode(
		&t->arena, str_span((const char *)secret, sizeof secret));
	explicit_bzero(secret, sizeof secret);
	return redis_run(t,
		&REDIS_CMD(STR("SET"), key_of(t, g->ticket), value_of(t, g->path),
			STR("EX"), arena_fmt(&t->arena, "%d", TICKET_S)),
		NULL, NULL, ticket_given);
}

static outcome_t ticket_given(struct task *t, enum err e)
{
	const struct giving *g = t->state;
	struct json_writer *w;

	if (e != ERR_OK) /* unsure or not: another one costs nothing */
		return reply_error(t, e == ERR_UNSURE ? ERR_UNAVAILABLE : e);
	w = reply_body(t);
	json_object(w, NULL);
	json_put_str(w, "ticket", g->ticket);
	json_put_str(w, "path", g->path);
	json_put_str(w, "url",
		arena_fmt(&t->arena, "%.*s?ticket=%.*s", STR_ARG(g->path),
			STR_ARG(g->ticket)));
	json_put_i64(w, "expires_in", TICKET_S);
	json_end(w);
	return reply_json(t, 201);
}

/* ---- redeeming ---- */

/* `into`: the path that is asked for. */
static enum err read_ticket(struct task *t, const struct redis_value *v, void *into)
{
	const struct str *path = into;
	struct identity *who = arena_new(&t->arena, struct identity);
	struct str rest, user, session;

	if (v->kind != REDIS_STR)
		return ERR_DENIED; /* used, expired, or never given */
	rest = v->s;
	if (!str_cut(&rest, ' ', &user) || !str_cut(&rest, ' ', &session) ||
		!uuid_parse(user, &who->user_id) || !uuid_parse(session, &who->session_id))
		return ERR_INTERNAL;
	if (!str_eq(rest, *path) ||
		verifier_session_ended(t->app->verifier, &who->session_id))
		return ERR_DENIED;
	t->caller = who;
	return ERR_OK;
}

outcome_t ticket_redeem(struct task *t, step_fn *next)
{
	struct str *path = arena_new(&t->arena, struct str), ticket;

	if (t->caller)
		return task_continue(t, ERR_OK, next);
	if (!http_query(http_req(t), &t->arena, STR("ticket"), &ticket) ||
		ticket.len != TICKET_CHARS ||
		!ticket_path(&t->arena, http_req(t)->path, path))
		return task_continue(t, ERR_DENIED, next);
	return redis_run(
		t, &REDIS_CMD(STR("GETDEL"), key_of(t, ticket)), read_ticket, path, next);
}
