/* Certificates and keys: what a TLS listener shows, and what it does not start with. */
#include "http/tls_context.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/lib/certificate.h"
#include "tests/lib/test.h"

static struct buf problems;

/* Is that taken? What is wrong with it stands in `problems`. */
static bool takes(const char *certificates, const char *keys)
{
	struct tls_context *t;
	bool ok;

	buf_fini(&problems);
	t = tls_context_new(certificates, keys, &problems);
	ok = t != NULL;
	CHECK(ok == (problems.len == 0));
	tls_context_free(&t);
	return ok;
}

static bool says(const char *text)
{
	return problems.len && strstr(buf_cstr(&problems), text) != NULL;
}

TEST(a_pair_is_taken_and_several_are)
{
	struct certificate a, b;
	char certificates[140], keys[140];

	certificate_make(&a, "DNS:a.test");
	certificate_make(&b, "DNS:b.test");
	CHECK(takes(a.certificate, a.key));
	snprintf(certificates, sizeof certificates, "%s, %s", a.certificate, b.certificate);
	snprintf(keys, sizeof keys, "%s,%s", a.key, b.key);
	CHECK(takes(certificates, keys));
	CHECK(!takes(certificates, a.key));
	CHECK(says("fewer than certificates"));
	certificate_remove(&a);
	certificate_remove(&b);
	buf_fini(&problems);
}

TEST(a_key_of_another_certificate_is_refused)
{
	struct certificate a, b;

	certificate_make(&a, "DNS:a.test");
	certificate_make(&b, "DNS:a.test");
	CHECK(!takes(a.certificate, b.key));
	CHECK(says(b.key) && says("mismatch"));
	CHECK(!takes(a.certificate, "/nonexistent/key.pem"));
	CHECK(!takes("/nonexistent/certificate.pem", a.key));
	CHECK(!takes(a.key, a.key));
	certificate_remove(&a);
	certificate_remove(&b);
	buf_fini(&problems);
}

TEST(a_key_that_everyone_may_read_is_refused)
{
	static const mode_t good[] = { 0600, 0400, 0440, 0640 },
			    bad[] = { 0644, 0444, 0604, 0602, 0601, 0666 };
	struct certificate a;

	certificate_make(&a, "DNS:a.test");
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		chmod(a.key, good[i]);
		CHECK(takes(a.certificate, a.key));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		chmod(a.key, bad[i]);
		CHECK(!takes(a.certificate, a.key));
		CHECK(says("can be read by everyone"));
	}
	certificate_remove(&a);
	buf_fini(&problems);
}

TEST(a_certificate_that_has_expired_is_refused)
{
	struct certificate a;

	certificate_make_until(&a, "DNS:a.test", -60);
	CHECK(!takes(a.certificate, a.key));
	CHECK(says("has expired"));
	certificate_remove(&a);
	buf_fini(&problems);
}
