/*
 * forger - access tokens that auth would never sign, signed with a key all the same.
 *
 * Use:  forge(a, key, forge_head(...), forge_claims(...)): good ones, with one thing
 * changed.
 */
#ifndef TESTS_LIB_FORGER_H
#define TESTS_LIB_FORGER_H

#include "base/arena.h"
#include "secure/token_key.h"

#define FORGED_USER "01890a5d-ac96-774b-bcce-b302099a8057"
#define FORGED_SID  "01890a5d-ac96-774b-bcce-b302099a8058"

/* Header and claims as text; they are encoded, joined and signed. */
struct str forge(
	struct arena *a, const struct token_key *key, struct str head, struct str claims);
/* The same with the parts as they are to stand in the token. */
struct str forge_parts(
	struct arena *a, const struct token_key *key, struct str head, struct str claims);

/* alg and typ in JSON ("\"EdDSA\""); NULL: the good one. more: ",\"jwk\":{}". */
struct str forge_head(struct arena *a, const struct token_key *key, const char *alg,
	const char *typ, const char *more);
/* The good claims with `name` changed to `value` (NULL: left out); more at the end. */
struct str forge_claims(
	struct arena *a, const char *name, const char *value, const char *more);

#endif
