/*
 * certificate - a pair of a test's own: a certificate that is its own authority, good for
 * an hour, and its key.
 */
#ifndef TESTS_LIB_CERTIFICATE_H
#define TESTS_LIB_CERTIFICATE_H

struct certificate {
	char certificate[64], key[64]; /* PEM files */
};

/* names: "DNS:a.test,IP:127.0.0.1". */
void certificate_make(struct certificate *c, const char *names);
/* Good from an hour ago on, for so long from now; may be less than 0. */
void certificate_make_until(struct certificate *c, const char *names, long seconds);
void certificate_remove(const struct certificate *c);

#endif
