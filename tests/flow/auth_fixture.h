/*
 * auth_fixture - what the conversations of auth_test.c are held with: a Postgres, a Redis,
 * and two auth services on them; started by the first test that needs them.
 *
 *   auth     CASTOR_ENV=test, Ed25519 keys made by `auth keygen`, codes in the answers
 *   hooked   CASTOR_ENV=hook, HS256, codes delivered to the test itself, limits on
 */
#ifndef TESTS_FLOW_AUTH_FIXTURE_H
#define TESTS_FLOW_AUTH_FIXTURE_H

#include "app/task.h"
#include "tests/lib/pg_server.h"
#include "tests/lib/process.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/talk.h"
#include "tests/lib/test.h"

struct token_signer;

extern struct process auth, hooked;
extern struct redis_server redis;
extern struct pg_server *postgres;

struct key_files {
	char dir[40];
	char private_path[56], public_path[56];
	char private_env[80]; /* "JWT_PRIVATE_KEY_FILE=..." */
};
extern struct key_files auth_keys;

void fixture_start(void); /* once; harmless afterwards */
void fixture_stop(void);

/* ---- asking auth ---- */

struct answer get(struct arena *a, const char *path, const char *token);
struct answer post(struct arena *a, const char *path, const char *token, const char *body);
struct answer verify(struct arena *a, const char *mobile, const char *code);
const char *code_for(struct arena *a, const char *mobile); /* a new one */

struct session {
	const char *access, *refresh;
};
struct session sign_in(struct arena *a, const char *mobile);

struct answer refresh(struct arena *a, const char *refresh_token);
struct answer change(struct arena *a, const char *token, const char *password);
/* The answer is a problem of that status, in the standard shape; what: for the message. */
void check_problem(const struct answer *r, int status, const char *what);

/* What an access token of ours says, and whose session it is, as text. */
struct identity identity_of(const char *access);
const char *session_of(struct arena *a, const char *access);
struct token_signer *fixture_signer(void);

bool contains(struct str s, const char *part);
/* Sooner or later: lines are written out by a thread of their own. */
bool auth_logs(struct arena *a, const char *part);

/* ---- behind its back ---- */

/* The first value as text ("" for NULL and no row). */
struct str sql(struct arena *a, const char *query);
/* The same as castor_auth; the SQLSTATE if it is refused. */
struct str sql_as_auth(struct arena *a, const char *query);

/* Words of one command, NULL-terminated; the raw answer, of which one chunk is read. */
struct str redis_say(struct arena *a, const char *const *words);
void redis_del_matching(const char *pattern);
/* A connection that hears the channel from now on. */
int redis_subscribe(const char *channel);
/* The first message with that in it; empty if none comes. Closes the connection. */
struct str redis_hear(struct arena *a, int fd, const char *part);

/* The next request that the sender of codes gets, answered with 200. */
struct str hook_take(struct arena *a);

#endif
