/*
 * password - hashing off the loop: scrypt N=2^17 r=8 p=1 (OWASP; Argon2 is not in
 * OpenSSL 3.0), 16 bytes of salt, stored as "$scrypt$ln=17,r=8,p=1$<salt>$<hash>"
 * (base64url).
 *
 * A hash takes 128 MiB while it runs: the pool that is given bounds how many run at once;
 * ERR_BUSY beyond its queue.
 */
#ifndef SECURE_PASSWORD_H
#define SECURE_PASSWORD_H

#include "app/task.h"
#include "app/work.h"

/* *stored (in the task's arena) is set when `next` runs with ERR_OK. */
outcome_t password_hash(struct task *t, struct work *pool, struct str password,
	struct str *stored, step_fn *next) MUST_USE;
/* next gets ERR_OK, or ERR_DENIED. stored empty: costs the same, always ERR_DENIED. */
outcome_t password_check(struct task *t, struct work *pool, struct str password,
	struct str stored, step_fn *next) MUST_USE;

/* NULL if good enough, else a sentence for the user. min in code points; mobile: digits of
 * theirs. */
const char *password_problem(struct str password, int64_t min, struct str mobile);

#endif
