/*
 * chunk - the line ends, sizes and trailers of a chunked body, checked byte by byte before
 * the parser sees them (RFC 9112 7.1; security-requirements 1.2 rules 3 and 6).
 *
 * Use:   chunk_init with the body limit; chunk_check with whatever has come, again and
 * again. Owns:  nothing. The verdict does not depend on how the bytes were split.
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include "http/head.h"

#define CHUNK_LINE_MAX    256
#define CHUNK_EXT_MAX     4096 /* extensions of all chunks of a body */
#define CHUNK_DIGITS_MAX  16
#define CHUNK_TRAILER_MAX 8192

/* What the next byte belongs to. */
enum chunk_state {
	CHUNK_SIZE,
	CHUNK_EXT_NAME,
	CHUNK_EXT_VALUE,
	CHUNK_EXT_QUOTED,
	CHUNK_EXT_ESCAPED,
	CHUNK_EXT_END, /* after a closing quote */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* at the beginning of a line */
	CHUNK_TRAILER_NAME,
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_WHOLE,
};

struct chunk_check {
	enum chunk_state state;
	uint64_t size; /* of this chunk; in CHUNK_DATA: what is still to come */
	uint64_t left; /* of the body limit */
	uint16_t digits, line, ext, trailer; /* bytes so far of each kind */
	uint16_t part;                       /* bytes of this extension name or value */
	uint8_t name_len;
	char name[20]; /* the beginning of a trailer's name */
};

void chunk_init(struct chunk_check *c, uint64_t body_max);
/*
 * *used is how many bytes belong to this body; all of `bytes` unless it ends among them.
 * c->state is CHUNK_WHOLE after the last one.
 */
const struct refusal *chunk_check(struct chunk_check *c, struct str bytes, size_t *used);

#endif
