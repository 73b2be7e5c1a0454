/* Hashing on a pool of threads, checking, and what counts as a good password. */
#include "secure/password.h"

#include <openssl/evp.h>

#include "app/app.h"
#include "tests/lib/test.h"

/* One loop, one pool; a script of steps runs as a background task until it ends. */
struct bench {
	struct app app;
	struct work *pool;
	struct str stored; /* the hash that was made */
	char text[128];
	enum err seen[8];
	int count;
};

static struct bench *of(struct task *t)
{
	return t->state;
}

static void run(struct bench *b, unsigned queue_max, step_fn *first)
{
	*b = (struct bench){ 0 };
	loop_init(&b->app.loop);
	b->pool = work_open(&b->app.loop, 1, queue_max);
	task_start(&b->app, first, b);
	loop_run(&b->app.loop);
	loop_fini(&b->app.loop);
	CHECK_INT(b->app.tasks, 0);
}

static outcome_t finish(struct task *t, enum err e)
{
	struct bench *b = of(t);

	b->seen[b->count++] = e;
	work_close(&b->pool, NULL, NULL);
	return task_end(t);
}

static struct str keep(char place[128], struct str s)
{
	CHECK(s.len < 128);
	memcpy(place, s.ptr, s.len);
	return str_span(place, s.len);
}

/* ---- a hash is made, and then recognised ---- */

static step_fn hashed, right_checked, wrong_checked;

static outcome_t begin_hash(struct task *t, enum err e)
{
	struct bench *b = of(t);

	CHECK_INT(e, ERR_OK);
	return password_hash(t, b->pool, STR("correct horse battery"), &b->stored, hashed);
}

static outcome_t hashed(struct task *t, enum err e)
{
	struct bench *b = of(t);

	CHECK_INT(e, ERR_OK);
	b->stored = keep(b->text, b->stored);
	return password_check(
		t, b->pool, STR("correct horse battery"), b->stored, right_checked);
}

static outcome_t right_checked(struct task *t, enum err e)
{
	struct bench *b = of(t);

	CHECK_INT(e, ERR_OK);
	return password_check(
		t, b->pool, STR("correct horse batterz"), b->stored, wrong_checked);
}

static outcome_t wrong_checked(struct task *t, enum err e)
{
	CHECK_INT(e, ERR_DENIED);
	CHECK(t->arena.secret);
	return password_check(t, of(t)->pool, STR(""), STR_NONE, finish);
}

TEST(a_hash_recognises_its_password_alone)
{
	struct bench b;

	run(&b, 4, begin_hash);
	CHECK_INT(b.seen[0], ERR_DENIED); /* no stored hash: not even for no password */
	CHECK(str_starts(b.stored, STR("$scrypt$ln=17,r=8,p=1$")));
	CHECK_INT(b.stored.len, 22 + 22 + 1 + 43);
}

/* ---- stored text that is none of ours is never a match, nor a way to take all memory ----
 */

static outcome_t strange_checked(struct task *t, enum err e)
{
	static const char *const strange[] = { "plaintext",
		"$scrypt$ln=63,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct bench *b = of(t);

	if (b->count == 2)
		return finish(t, e);
	if (b->count)
		CHECK_INT(e, ERR_DENIED);
	return password_check(
		t, b->pool, STR("plaintext"), str_of(strange[b->count++]), strange_checked);
}

TEST(a_strange_stored_text_matches_nothing)
{
	struct bench b;

	run(&b, 4, strange_checked);
	CHECK_INT(b.seen[2], ERR_DENIED);
}

/* ---- the pool is bounded ---- */

static int refused, finished;

static outcome_t one_of_many(struct task *t, enum err e)
{
	struct bench *b = of(t);

	if (e == ERR_BUSY)
		refused++;
	if (++finished == 5)
		work_close(&b->pool, NULL, NULL);
	return task_end(t);
}

static outcome_t ask_one(struct task *t, enum err e)
{
	(void)e;
	return password_hash(
		t, of(t)->pool, STR("x"), arena_new(&t->arena, struct str), one_of_many);
}

static outcome_t ask_many(struct task *t, enum err e)
{
	for (int i = 0; i < 4; i++)
		task_start(t->app, ask_one, t->state);
	return ask_one(t, e);
}

TEST(a_full_pool_says_busy)
{
	struct bench b;

	refused = finished = 0;
	run(&b, 1, ask_many);
	CHECK_INT(finished, 5);
	CHECK(refused >= 3 && refused <= 4); /* one runs or is about to, one waits */
}

/* RFC 7914, section 12: OpenSSL's scrypt is the standard's. */
TEST(scrypt_vector)
{
	uint8_t out[64];
	char text[129];

	CHECK(EVP_PBE_scrypt("password", 8, (const uint8_t *)"NaCl", 4, 1024, 8, 16, 0, out,
		      sizeof out) == 1);
	hex_format(out, 16, text);
	CHECK_STR(str_of(text), STR("fdbabe1c9d3472007856e7190d01e9fe"));
}

TEST(good_and_bad_passwords)
{
	static const struct {
		const char *password;
		bool good;
	} rows[] = {
		{ "strongpass123", true },
		{ "correct horse battery staple", true },
		{ "p\xc3\xa4ssw\xc3\xb6rter-viele", true },
		{ "            ", false },
		{ "", false },
		{ "short", false },
		{ "elevenchars", false },
		{ "twelvechars!", true },
		{ "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc",
			false }, /* twelve bytes */
		{ "aaaaaaaaaaaaaa", false },
		{ "abababababab", false },
		{ "passwordpassword", false },
		{ "abc1abc1abc1abc1", false },
		{ "123456789012", false },
		{ "012345678901", false },
		{ "987654321098", false },
		{ "abcdefghijklm", false },
		{ "ABCDEFGHIJKLM", false },
		{ "qwertyuiopasdf", false },
		{ "1qaz2wsx3edc", false },
		{ "8989898989castor", false },
		{ "castor8989898989", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *problem = password_problem(
			str_of(rows[i].password), 12, STR("8989898989"));

		if (rows[i].good != !problem)
			test_fail(__FILE__, __LINE__, "\"%s\": %s", rows[i].password,
				problem ? problem : "taken");
	}
}

TEST(length_is_bounded_in_bytes)
{
	char long_one[257];

	for (size_t i = 0; i < sizeof long_one; i++)
		long_one[i] = (char)('!' + (i * 7 + i / 90) % 90);
	CHECK(!password_problem(str_span(long_one, 256), 12, STR_NONE));
	CHECK(password_problem(str_span(long_one, 257), 12, STR_NONE));
}
