/*
 * otp - one-time codes: what they are, how they are kept, how often they may be asked for.
 * No I/O; otp_store.c keeps them in Redis.
 *
 * A code is kept only as HMAC-SHA-256 under a key derived from SECRET_KEY, over a salt of
 * its own, the number and the code. Redis sees neither codes nor numbers: a number is named
 * there by a keyed digest.
 */
#ifndef AUTH_OTP_H
#define AUTH_OTP_H

#include "base/arena.h"

#define OTP_DIGITS    6
#define OTP_LIFE_S    300
#define OTP_TRIES     5
#define OTP_SALT_SIZE 16

/* 0: no limit */
struct otp_limits {
	int64_t resend_s; /* after the first code of an hour; doubles with each further one
			   */
	int64_t per_hour, per_day; /* codes per number */
	int64_t per_address;       /* codes per client address and hour */
	int64_t failures;          /* wrong tries per number and hour, over all its codes */
};

struct otp {
	uint8_t key[32];
	const char *prefix; /* "castor:<env>:otp:" */
	struct otp_limits limits;
};

void otp_init(struct otp *otp, const char *secret_key, const char *prefix,
	const struct otp_limits *limits);

/* Six digits, uniform, and a zero. */
void otp_new_code(char code[OTP_DIGITS + 1]);
bool otp_is_code(struct str text);

void otp_digest(const struct otp *otp, struct str salt, struct str mobile, struct str code,
	uint8_t out[32]);
/* In the same time for every wrong code. */
bool otp_matches(const struct otp *otp, struct str salt, struct str digest,
	struct str mobile, struct str code);

/* "<prefix>{<digest of the number>}:<what>": all keys of a number share a cluster's slot.
 */
struct str otp_number_key(
	const struct otp *otp, struct arena *a, struct str mobile, const char *what);
/* One key per IPv4 address, and per /64 of IPv6, where one customer has them all. */
struct str otp_address_key(const struct otp *otp, struct arena *a, struct str address);

#endif
