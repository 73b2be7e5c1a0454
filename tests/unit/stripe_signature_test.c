// needs: services/billing/stripe_signature.c
#include "../../services/billing/stripe_signature.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/id.h"
#include "secure/secret.h"
#include "tests/lib/test.h"

#define NOW    1700000000
#define SECRET "whsec_current"

static const struct str body = STR("{\"id\":\"evt_1\",\"type\":\"invoice.paid\"}");
static const char *const secrets[] = { SECRET, "whsec_previous", NULL };
static struct buf header;

/* The digest of t "." body, as Stripe makes it. */
static const char *digest(const char *secret, long long t)
{
	static char hex[65];
	struct buf text = { 0 };
	uint8_t mac[32];

	buf_addf(&text, "%lld.", t);
	buf_add_str(&text, body);
	hmac_sha256(str_of(secret), buf_str(&text), mac);
	hex_format(mac, sizeof mac, hex);
	buf_fini(&text);
	return hex;
}

static enum stripe_signature check(const char *text)
{
	return stripe_signature_check(str_of(text), body, secrets, NOW);
}

__attribute__((format(printf, 1, 2))) static const char *with(const char *fmt, ...)
{
	static char text[20000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return text;
}

TEST(a_digest_of_the_bytes_under_the_secret_is_good)
{
	CHECK_INT(check(with("t=%d,v1=%s", NOW, digest(SECRET, NOW))), SIGNATURE_GOOD);
}

/* Computed apart from our code: openssl dgst -sha256 -hmac whsec_test over "1700000000.{}"
 */
TEST(a_digest_made_elsewhere_is_good)
{
	static const char *const one[] = { "whsec_test", NULL };

	CHECK_INT(stripe_signature_check(STR("t=1700000000,v1="
					     "35495024f4ef3f94e5a93e22221544c4b75e9a42300cd"
					     "965ab81cb85cd994e91"),
			  STR("{}"), one, NOW),
		SIGNATURE_GOOD);
}

TEST(any_of_several_digests_may_match)
{
	char wrong[65];

	memset(wrong, 'a', 64);
	wrong[64] = '\0';
	CHECK_INT(check(with("t=%d,v1=%s,v1=%s", NOW, wrong, digest(SECRET, NOW))),
		SIGNATURE_GOOD);
	CHECK_INT(check(with("t=%d,v1=%s,v1=%s", NOW, digest(SECRET, NOW), wrong)),
		SIGNATURE_GOOD);
	CHECK_INT(check(with("t=%d,v1=short,v1=%s", NOW, digest(SECRET, NOW))),
		SIGNATURE_GOOD);
}

TEST(the_previous_secret_still_serves)
{
	static const char *const one[] = { SECRET, "", NULL };
	const char *text = with("t=%d,v1=%s", NOW, digest("whsec_previous", NOW));

	CHECK_INT(check(text), SIGNATURE_GOOD);
	CHECK_INT(stripe_signature_check(str_of(text), body, one, NOW), SIGNATURE_WRONG);
}

TEST(an_empty_secret_never_matches)
{
	static const char *const none[] = { "", "", NULL };

	CHECK_INT(stripe_signature_check(str_of(with("t=%d,v1=%s", NOW, digest("", NOW))),
			  body, none, NOW),
		SIGNATURE_WRONG);
}

TEST(parts_may_come_in_any_order)
{
	CHECK_INT(check(with("v1=%s,t=%d", digest(SECRET, NOW), NOW)), SIGNATURE_GOOD);
}

TEST(unknown_schemes_beside_a_good_digest_are_ignored)
{
	CHECK_INT(check(with("t=%d,v0=00,v2=x,foo,,v1=%s,=,", NOW, digest(SECRET, NOW))),
		SIGNATURE_GOOD);
}

TEST(a_good_digest_under_v0_alone_is_refused)
{
	CHECK_INT(check(with("t=%d,v0=%s", NOW, digest(SECRET, NOW))), SIGNATURE_MALFORMED);
}

TEST(upper_case_hex_is_refused)
{
	char upper[65];
	const char *lower = digest(SECRET, NOW);

	for (int i = 0; i < 65; i++)
		upper[i] = (char)(lower[i] >= 'a' && lower[i] <= 'f' ? lower[i] - 32
								     : lower[i]);
	CHECK(strcmp(upper, lower) != 0);
	CHECK_INT(check(with("t=%d,v1=%s", NOW, upper)), SIGNATURE_WRONG);
}

TEST(blanks_after_commas_are_refused)
{
	CHECK_INT(
		check(with("t=%d, v1=%s", NOW, digest(SECRET, NOW))), SIGNATURE_MALFORMED);
	CHECK_INT(
		check(with("v1=%s, t=%d", digest(SECRET, NOW), NOW)), SIGNATURE_MALFORMED);
	CHECK_INT(
		check(with("t=%d,v1= %s", NOW, digest(SECRET, NOW))), SIGNATURE_MALFORMED);
}

TEST(a_time_that_is_missing_or_no_number_is_refused)
{
	static const char *const times[] = { "", "t=,", "t=x,", "t=-1700000000,",
		"t=+1700000000,", "t=1.7e9,", "t=0x6553f100,", "t=1700000000x,",
		"t=99999999999999999999,", "t= 1700000000," };

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		CHECK_INT(check(with("%sv1=%s", times[i], digest(SECRET, NOW))),
			SIGNATURE_MALFORMED);
}

TEST(two_times_are_refused)
{
	CHECK_INT(check(with("t=%d,t=%d,v1=%s", NOW, NOW, digest(SECRET, NOW))),
		SIGNATURE_MALFORMED);
}

TEST(digests_of_another_length_are_refused)
{
	const char *good = digest(SECRET, NOW);

	CHECK_INT(check(with("t=%d,v1=%.63s", NOW, good)), SIGNATURE_MALFORMED);
	CHECK_INT(check(with("t=%d,v1=%s0", NOW, good)), SIGNATURE_MALFORMED);
	CHECK_INT(check(with("t=%d,v1=", NOW)), SIGNATURE_MALFORMED);
}

TEST(another_body_secret_or_time_is_wrong)
{
	const char *text = with("t=%d,v1=%s", NOW, digest(SECRET, NOW));

	CHECK_INT(stripe_signature_check(str_of(text), STR("{}"), secrets, NOW),
		SIGNATURE_WRONG);
	CHECK_INT(stripe_signature_check(str_of(text), STR_NONE, secrets, NOW),
		SIGNATURE_WRONG);
	CHECK_INT(check(with("t=%d,v1=%s", NOW, digest("whsec_other", NOW))),
		SIGNATURE_WRONG);
	CHECK_INT(check(with("t=%d,v1=%s", NOW + 1, digest(SECRET, NOW))), SIGNATURE_WRONG);
}

TEST(every_bit_of_the_digest_counts)
{
	char text[200];

	for (int i = 0; i < 64; i++) {
		int at = snprintf(text, sizeof text, "t=%d,v1=", NOW);

		snprintf(text + at, sizeof text - (size_t)at, "%s", digest(SECRET, NOW));
		text[at + i] = text[at + i] == '0' ? '1' : '0';
		CHECK_INT(check(text), SIGNATURE_WRONG);
	}
}

TEST(times_count_on_both_sides)
{
	static const struct {
		int away;
		enum stripe_signature want;
	} cases[] = { { 300, SIGNATURE_GOOD }, { -300, SIGNATURE_GOOD },
		{ 301, SIGNATURE_OLD }, { -301, SIGNATURE_OLD }, { 86400, SIGNATURE_OLD },
		{ -1699999999, SIGNATURE_OLD } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		long long t = NOW + cases[i].away;

		CHECK_INT(check(with("t=%lld,v1=%s", t, digest(SECRET, t))), cases[i].want);
	}
}

TEST(no_header_at_all_is_malformed)
{
	CHECK_INT(
		stripe_signature_check(STR_NONE, body, secrets, NOW), SIGNATURE_MALFORMED);
	CHECK_INT(check(""), SIGNATURE_MALFORMED);
	CHECK_INT(check(","), SIGNATURE_MALFORMED);
}

TEST(more_than_64_parts_are_refused)
{
	buf_clear(&header);
	for (int i = 0; i < 62; i++)
		buf_add_str(&header, STR("v0=x,"));
	buf_addf(&header, "t=%d,v1=%s", NOW, digest(SECRET, NOW));
	CHECK_INT(check(buf_cstr(&header)), SIGNATURE_GOOD);
	buf_add_str(&header, STR(",v0=x"));
	CHECK_INT(check(buf_cstr(&header)), SIGNATURE_MALFORMED);
	buf_fini(&header);
}

TEST(more_than_8_kib_are_refused)
{
	const char *good = with("t=%d,v1=%s,v0=", NOW, digest(SECRET, NOW));

	buf_clear(&header);
	buf_add_str(&header, str_of(good));
	while (header.len < STRIPE_SIGNATURE_MAX)
		buf_add_char(&header, 'x');
	CHECK_INT(check(buf_cstr(&header)), SIGNATURE_GOOD);
	buf_add_char(&header, 'x');
	CHECK_INT(check(buf_cstr(&header)), SIGNATURE_MALFORMED);
	buf_fini(&header);
}

TEST(a_body_with_any_bytes_is_signed_as_it_is)
{
	static const char bytes[] = "\0\r\n\xff{}";
	static const char *const one[] = { "k", NULL };
	struct str b = str_span(bytes, sizeof bytes - 1);
	struct buf text = { 0 };
	uint8_t mac[32];
	char hex[65];

	buf_addf(&text, "%d.", NOW);
	buf_add_str(&text, b);
	hmac_sha256(STR("k"), buf_str(&text), mac);
	hex_format(mac, sizeof mac, hex);
	CHECK_INT(stripe_signature_check(str_of(with("t=%d,v1=%s", NOW, hex)), b, one, NOW),
		SIGNATURE_GOOD);
	b.len--;
	CHECK_INT(stripe_signature_check(str_of(with("t=%d,v1=%s", NOW, hex)), b, one, NOW),
		SIGNATURE_WRONG);
	buf_fini(&text);
}
