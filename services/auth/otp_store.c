#include "otp_store.h"

#include "base/id.h"
#include "data/redis.h"

/* clang-format off */

/* KEYS: the address's counter. ARGV: how many an hour. Answers 0, or how long to wait (ms). */
static struct redis_script count_address = { .name = "otp-address", .lua =
	"local n = redis.call('INCR', KEYS[1])\n"
	"if n == 1 then redis.call('PEXPIRE', KEYS[1], 3600000) end\n"
	"if n <= tonumber(ARGV[1]) then return 0 end\n"
	"return math.max(redis.call('PTTL', KEYS[1]), 1)\n"
};

/* KEYS: code, sent, hour, day. ARGV: salt, digest, life, pause (ms), codes an hour, codes a day.
 * Answers 0, or how long to wait (ms); what is refused counts nothing. */
static struct redis_script issue = { .name = "otp-issue", .lua =
	"local function full(key, most)\n"
	"  if most > 0 and tonumber(redis.call('GET', key) or '0') >= most then\n"
	"    return math.max(redis.call('PTTL', key), 1)\n"
	"  end\n"
	"  return 0\n"
	"end\n"
	"local wait = math.max(redis.call('PTTL', KEYS[2]),\n"
	"  full(KEYS[3], tonumber(ARGV[5])), full(KEYS[4], tonumber(ARGV[6])))\n"
	"if wait > 0 then return wait end\n"
	"local hour = redis.call('INCR', KEYS[3])\n"
	"if hour == 1 then redis.call('PEXPIRE', KEYS[3], 3600000) end\n"
	"if redis.call('INCR', KEYS[4]) == 1 then redis.call('PEXPIRE', KEYS[4], 86400000) end\n"
	"local pause = math.min(tonumber(ARGV[4]) * 2 ^ math.min(hour - 1, 20), 3600000)\n"
	"if pause > 0 then\n"
	"  redis.call('SET', KEYS[2], '1', 'PX', string.format('%d', pause))\n"
	"end\n"
	"redis.call('DEL', KEYS[1])\n"
	"redis.call('HSET', KEYS[1], 'salt', ARGV[1], 'digest', ARGV[2], 'tries', '0')\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
	"return 0\n"
};

/* KEYS: code, failures. ARGV: tries per code, failures an hour. Answers {-1} without a code, {ms to
 * wait}, or {0, salt, digest}. A try counts as a failure until it is taken. */
static struct redis_script try = { .name = "otp-try", .lua =
	"local code = redis.call('HMGET', KEYS[1], 'salt', 'digest', 'tries')\n"
	"if not code[1] then return {-1} end\n"
	"if tonumber(code[3]) >= tonumber(ARGV[1]) then\n"
	"  return {math.max(redis.call('PTTL', KEYS[1]), 1)}\n"
	"end\n"
	"local most = tonumber(ARGV[2])\n"
	"if most > 0 and tonumber(redis.call('GET', KEYS[2]) or '0') >= most then\n"
	"  return {math.max(redis.call('PTTL', KEYS[2]), 1)}\n"
	"end\n"
	"redis.call('HINCRBY', KEYS[1], 'tries', 1)\n"
	"if redis.call('INCR', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], 3600000) end\n"
	"return {0, code[1], code[2]}\n"
};

/* KEYS: code, failures, sent. ARGV: the digest that was tried. Answers 1 if it was still there. Who
 * has proved the number need not wait for another code, nor for others' wrong guesses. */
static struct redis_script take = { .name = "otp-take", .lua =
	"if redis.call('HGET', KEYS[1], 'digest') ~= ARGV[1] then return 0 end\n"
	"redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])\n"
	"return 1\n"
};

/* clang-format on */

static struct str key(struct task *t, struct str mobile, const char *what)
{
	return otp_number_key(&auth_of(t)->otp, &t->arena, mobile, what);
}

static struct str number(struct task *t, int64_t n)
{
	return arena_fmt(&t->arena, "%lld", (long long)n);
}

/* 0, or how long to wait. */
static enum err read_wait(struct task *t, const struct redis_value *v, void *into)
{
	int64_t *wait_ms = into;

	(void)t;
	if (v->kind != REDIS_INT)
		return ERR_INTERNAL;
	if (v->i <= 0)
		return ERR_OK;
	*wait_ms = v->i;
	return ERR_BUSY;
}

outcome_t otp_store_count_address(
	struct task *t, struct str address, int64_t *wait_ms, step_fn *next)
{
	const struct otp *otp = &auth_of(t)->otp;
	struct redis_cmd cmd = REDIS_CMD(otp_address_key(otp, &t->arena, address),
		number(t, otp->limits.per_address));

	return redis_eval(t, &count_address, 1, &cmd, read_wait, wait_ms, next);
}

outcome_t otp_store_issue(
	struct task *t, struct str mobile, struct str code, int64_t *wait_ms, step_fn *next)
{
	const struct otp *otp = &auth_of(t)->otp;
	char salt_bytes[OTP_SALT_SIZE];
	struct str salt = str_span(salt_bytes, sizeof salt_bytes);
	uint8_t digest[32];

	random_bytes(salt_bytes, sizeof salt_bytes);
	otp_digest(otp, salt, mobile, code, digest);
	struct redis_cmd cmd = REDIS_CMD(key(t, mobile, "code"), key(t, mobile, "sent"),
		key(t, mobile, "hour"), key(t, mobile, "day"), salt,
		str_span((const char *)digest, sizeof digest), number(t, OTP_LIFE_S * 1000),
		number(t, otp->limits.resend_s * 1000), number(t, otp->limits.per_hour),
		number(t, otp->limits.per_day));

	return redis_eval(t, &issue, 4, &cmd, read_wait, wait_ms, next);
}

static enum err read_try(struct task *t, const struct redis_value *v, void *into)
{
	struct otp_try *out = into;
	struct redis_value first, salt, digest;

	if (v->kind != REDIS_ARRAY || v->count < 1)
		return ERR_INTERNAL;
	first = redis_at(v, 0);
	if (first.kind != REDIS_INT)
		return ERR_INTERNAL;
	if (first.i < 0)
		return ERR_NOT_FOUND;
	if (first.i > 0) {
		out->wait_ms = first.i;
		return ERR_BUSY;
	}
	if (v->count != 3)
		return ERR_INTERNAL;
	salt = redis_at(v, 1);
	digest = redis_at(v, 2);
	if (salt.kind != REDIS_STR || digest.kind != REDIS_STR)
		return ERR_INTERNAL;
	out->salt = arena_dup(&t->arena, salt.s);
	out->digest = arena_dup(&t->arena, digest.s);
	return ERR_OK;
}

outcome_t otp_store_try(
	struct task *t, struct str mobile, struct otp_try *out, step_fn *next)
{
	struct redis_cmd cmd = REDIS_CMD(key(t, mobile, "code"), key(t, mobile, "failures"),
		number(t, OTP_TRIES), number(t, auth_of(t)->otp.limits.failures));

	return redis_eval(t, &try, 2, &cmd, read_try, out, next);
}

static enum err read_taken(struct task *t, const struct redis_value *v, void *into)
{
	(void)t;
	(void)into;
	if (v->kind != REDIS_INT)
		return ERR_INTERNAL;
	return v->i == 1 ? ERR_OK : ERR_NOT_FOUND;
}

outcome_t otp_store_take(
	struct task *t, struct str mobile, const struct otp_try *tried, step_fn *next)
{
	struct redis_cmd cmd = REDIS_CMD(key(t, mobile, "code"), key(t, mobile, "failures"),
		key(t, mobile, "sent"), tried->digest);

	return redis_eval(t, &take, 3, &cmd, read_taken, NULL, next);
}

outcome_t otp_store_forget(struct task *t, struct str mobile, step_fn *next)
{
	struct redis_cmd cmd = REDIS_CMD(STR("DEL"), key(t, mobile, "code"));

	return redis_run(t, &cmd, NULL, NULL, next);
}
