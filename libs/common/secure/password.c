#include "secure/password.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/utf8.h"
#include "secure/secret.h"

#define SALT_SIZE    16
#define HASH_SIZE    32
#define LOG_N        17
#define BLOCK        8
#define PARALLEL     1
#define LOG_N_MAX    20  /* of a stored hash: 1 GiB with r = 8 */
#define PASSWORD_MAX 256 /* bytes */

/* What a stored hash says, and what a new one will. */
struct recipe {
	uint64_t log_n, r, p;
	struct str salt, hash;
};

struct hashing {
	struct work_item item;
	struct task *task;
	struct recipe recipe;
	struct str password; /* a copy in the task's arena, wiped when done */
	struct str *stored;  /* where a new hash goes; NULL: compare with recipe.hash */
	uint8_t hash[HASH_SIZE];
	bool worked; /* OpenSSL found the memory */
};

/* "$scrypt$ln=17,r=8,p=1$<salt>$<hash>" */
static bool read_recipe(struct arena *a, struct str stored, struct recipe *out)
{
	struct str rest = stored, part[5], number[3];
	struct recipe r;
	int n = 0;

	while (n < 5 && str_cut(&rest, '$', &part[n]))
		n++;
	if (n != 5 || rest.len || part[0].len || !str_eq(part[1], STR("scrypt")))
		return false;
	for (n = 0; n < 3 && str_cut(&part[2], ',', &number[n]);)
		n++;
	if (n != 3 || !str_starts(number[0], STR("ln=")) ||
		!str_starts(number[1], STR("r=")) || !str_starts(number[2], STR("p=")))
		return false;
	if (!str_u64(str_from(number[0], 3), &r.log_n) ||
		!str_u64(str_from(number[1], 2), &r.r) ||
		!str_u64(str_from(number[2], 2), &r.p) || r.log_n < 1 ||
		r.log_n > LOG_N_MAX || r.r != BLOCK || r.p < 1 || r.p > 4)
		return false;
	if (!base64url_decode(a, part[3], &r.salt) ||
		!base64url_decode(a, part[4], &r.hash) || r.salt.len != SALT_SIZE ||
		r.hash.len != HASH_SIZE)
		return false;
	*out = r;
	return true;
}

static struct recipe new_recipe(struct arena *a)
{
	char *salt = arena_bytes(a, SALT_SIZE);

	random_bytes(salt, SALT_SIZE);
	return (struct recipe){ LOG_N, BLOCK, PARALLEL, str_span(salt, SALT_SIZE),
		STR_NONE };
}

static struct str print_recipe(struct arena *a, const struct recipe *r, struct str hash)
{
	struct str salt = base64url_encode(a, r->salt), text = base64url_encode(a, hash);

	return arena_fmt(a, "$scrypt$ln=%u,r=%u,p=%u$%.*s$%.*s", (unsigned)r->log_n,
		(unsigned)r->r, (unsigned)r->p, STR_ARG(salt), STR_ARG(text));
}

/* On a thread of the pool: nothing of the task is touched here. */
static void run_hashing(struct work_item *item)
{
	struct hashing *h = container_of(item, struct hashing, item);
	const struct recipe *r = &h->recipe;
	uint64_t n = (uint64_t)1 << r->log_n;
	uint64_t memory = 128 * r->r * (n + r->p + 2) + (1u << 20);

	h->worked = EVP_PBE_scrypt(h->password.ptr, h->password.len,
			    (const uint8_t *)r->salt.ptr, r->salt.len, n, r->r, r->p,
			    memory, h->hash, sizeof h->hash) == 1;
}

static void hashing_done(struct work_item *item)
{
	struct hashing *h = container_of(item, struct hashing, item);
	struct str hash = str_span((const char *)h->hash, sizeof h->hash);
	struct task *t = h->task;
	enum err e = ERR_OK;

	if (!h->worked)
		e = ERR_BUSY;
	else if (h->stored)
		*h->stored = print_recipe(&t->arena, &h->recipe, hash);
	else if (!secret_eq(hash, h->recipe.hash))
		e = ERR_DENIED;
	OPENSSL_cleanse((char *)h->password.ptr, h->password.len);
	OPENSSL_cleanse(h->hash, sizeof h->hash);
	task_wake(t, e);
}

/* The wait is not ended early: the memory it works on is the task's. */
static outcome_t start(struct task *t, struct work *pool, struct str password,
	struct hashing *h, step_fn *next)
{
	enum err e;

	assert(password.len <= PASSWORD_MAX);
	t->arena.secret = true;
	h->item.run = run_hashing;
	h->item.done = hashing_done;
	h->task = t;
	h->password = arena_dup(&t->arena, password.len ? password : STR(""));
	e = work_submit(pool, &h->item);
	return e == ERR_OK ? task_wait(t, next) : task_continue(t, e, next);
}

outcome_t password_hash(struct task *t, struct work *pool, struct str password,
	struct str *stored, step_fn *next)
{
	struct hashing *h = arena_new(&t->arena, struct hashing);

	h->recipe = new_recipe(&t->arena);
	h->stored = stored;
	return start(t, pool, password, h, next);
}

outcome_t password_check(struct task *t, struct work *pool, struct str password,
	struct str stored, step_fn *next)
{
	struct hashing *h = arena_new(&t->arena, struct hashing);

	/* Nobody's password costs as much as somebody's, and no hash equals an empty one.
	 */
	if (!read_recipe(&t->arena, stored, &h->recipe))
		h->recipe = new_recipe(&t->arena);
	return start(t, pool, password, h, next);
}

/* ---- is it a good one? ---- */

static bool contains(struct str s, struct str part)
{
	for (size_t i = 0; part.len && i + part.len <= s.len; i++)
		if (str_starts(str_from(s, i), part))
			return true;
	return false;
}

static size_t distinct_bytes(struct str s)
{
	bool seen[256] = { false };
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		n += !seen[(uint8_t)s.ptr[i]];
		seen[(uint8_t)s.ptr[i]] = true;
	}
	return n;
}

/* "passwordpassword", "abc1abc1abc1" */
static bool repeats_itself(struct str s)
{
	for (size_t unit = 1; unit <= s.len / 2; unit++)
		if (memcmp(s.ptr, s.ptr + unit, s.len - unit) == 0)
			return true;
	return false;
}

/* How far from the start the text follows the row, wrapping around, either way. */
static bool walks_along(struct str s, struct str row, size_t step)
{
	size_t at = str_find(row, (char)(s.ptr[0] | 0x20));

	for (size_t i = 0; i < s.len; i++, at = (at + step) % row.len)
		if (at >= row.len || (row.ptr[at] | 0x20) != (s.ptr[i] | 0x20))
			return false;
	return true;
}

static bool is_a_row(struct str s)
{
	static const char *const rows[] = { "1234567890", "0123456789",
		"abcdefghijklmnopqrstuvwxyz", "1234567890qwertyuiopasdfghjklzxcvbnm",
		"qwertyuiopasdfghjklzxcvbnm1234567890",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str row = str_of(rows[i]);

		if (walks_along(s, row, 1) || walks_along(s, row, row.len - 1))
			return true;
	}
	return false;
}

const char *password_problem(struct str password, int64_t min, struct str mobile)
{
	if (password.len > PASSWORD_MAX)
		return "must be at most 256 bytes long";
	if ((int64_t)utf8_count(password) < min || password.len == 0)
		return "is too short";
	if (contains(password, mobile))
		return "must not contain your mobile number";
	if (distinct_bytes(password) < 5 || repeats_itself(password) || is_a_row(password))
		return "is too easy to guess";
	return NULL;
}
