/*
 * http_feed - requests read from bytes as the server reads them, but without a socket, in
 * pieces of any size: what was understood comes out as text, so that two ways of cutting
 * the same bytes can be compared.
 *
 * Each whole request: "POST /path ?query host=a\nname=value\n...\nbody=...\n", a refusal
 * "refused 400\n" (nothing follows it), and "more\n" when the last request is not whole.
 */
#ifndef TESTS_LIB_HTTP_FEED_H
#define TESTS_LIB_HTTP_FEED_H

#include "base/buf.h"
#include "http/intake.h"

struct http_feed {
	struct buf pending, told;
	struct head_scan scan;
	struct intake intake;
	struct http_request request;
	struct arena arena;
	uint64_t body_max;
	bool in_body;
	int refused; /* status */
	const char *why;
	unsigned whole; /* requests */
};

void http_feed_init(struct http_feed *f, uint64_t body_max);
void http_feed_bytes(struct http_feed *f, struct str piece);
/* What was understood; good until fini. */
struct str http_feed_end(struct http_feed *f);
void http_feed_fini(struct http_feed *f);

#endif
