#include "http/chunk.h"

#include "http/octet.h"

static const struct refusal bad_size = { 400, "A chunk size is malformed" };
static const struct refusal bad_extension = { 400, "A chunk extension is malformed" };
static const struct refusal long_line = { 400, "The chunk extensions are too long" };
static const struct refusal bad_end = { 400, "A chunk does not end in CR LF" };
static const struct refusal bad_trailer = { 400, "A trailer field is malformed" };
static const struct refusal forbidden_trailer = { 400, "This field must not be a trailer" };
static const struct refusal long_trailer = { 431, "The trailer fields are too large" };
static const struct refusal too_large = { 413, "The body is too large" };

/* What a proxy or handler might take for the real one (RFC 9110 6.5.1). */
static const struct str never_trailers[] = { STR("Host"), STR("Content-Length"),
	STR("Transfer-Encoding"), STR("Authorization"), STR("Cookie"), STR("Trailer") };

void chunk_init(struct chunk_check *c, uint64_t body_max)
{
	*c = (struct chunk_check){ .left = body_max };
}

/* ---- the size line ---- */

static const struct refusal *size_byte(struct chunk_check *c, char byte)
{
	int digit = octet_hex(byte);

	if (digit >= 0) {
		if (++c->digits > CHUNK_DIGITS_MAX)
			return &bad_size;
		c->size = c->size << 4 | (unsigned)digit;
		return NULL;
	}
	if (c->digits == 0 || (byte != ';' && byte != '\r'))
		return &bad_size;
	c->state = byte == ';' ? CHUNK_EXT_NAME : CHUNK_SIZE_LF;
	c->part = 0;
	return NULL;
}

/* After a whole extension name or value: another extension, or the end of the line. */
static bool ends_extension(struct chunk_check *c, char byte)
{
	if (byte != ';' && byte != '\r')
		return false;
	c->state = byte == ';' ? CHUNK_EXT_NAME : CHUNK_SIZE_LF;
	c->part = 0;
	return true;
}

static const struct refusal *name_byte(struct chunk_check *c, char byte)
{
	if (octet_is(byte, OCTET_NAME) || byte == '_') {
		c->part++;
		return NULL;
	}
	if (c->part == 0)
		return &bad_extension;
	if (byte == '=') {
		c->state = CHUNK_EXT_VALUE;
		c->part = 0;
		return NULL;
	}
	return ends_extension(c, byte) ? NULL : &bad_extension;
}

static const struct refusal *value_byte(struct chunk_check *c, char byte)
{
	if (octet_is(byte, OCTET_NAME) || byte == '_') {
		c->part++;
		return NULL;
	}
	if (byte == '"' && c->part == 0) {
		c->state = CHUNK_EXT_QUOTED;
		return NULL;
	}
	return c->part && ends_extension(c, byte) ? NULL : &bad_extension;
}

static const struct refusal *quoted_byte(struct chunk_check *c, char byte)
{
	if (!octet_is(byte, OCTET_VALUE))
		return &bad_extension;
	if (c->state == CHUNK_EXT_ESCAPED)
		c->state = CHUNK_EXT_QUOTED;
	else if (byte == '\\')
		c->state = CHUNK_EXT_ESCAPED;
	else if (byte == '"')
		c->state = CHUNK_EXT_END;
	return NULL;
}

static const struct refusal *size_line_end(struct chunk_check *c, char byte)
{
	if (byte != '\n')
		return &bad_size;
	if (c->size > c->left)
		return &too_large;
	c->left -= c->size;
	c->state = c->size ? CHUNK_DATA : CHUNK_TRAILER;
	return NULL;
}

static const struct refusal *line_byte(struct chunk_check *c, char byte)
{
	if (++c->line > CHUNK_LINE_MAX + 2) /* its CR LF is not counted */
		return &long_line;
	if (c->state != CHUNK_SIZE && c->state != CHUNK_SIZE_LF && ++c->ext > CHUNK_EXT_MAX)
		return &long_line;
	if (c->state == CHUNK_SIZE)
		return size_byte(c, byte);
	if (c->state == CHUNK_EXT_NAME)
		return name_byte(c, byte);
	if (c->state == CHUNK_EXT_VALUE)
		return value_byte(c, byte);
	if (c->state == CHUNK_EXT_END)
		return ends_extension(c, byte) ? NULL : &bad_extension;
	if (c->state == CHUNK_SIZE_LF)
		return size_line_end(c, byte);
	return quoted_byte(c, byte);
}

/* ---- the data ---- */

static const struct refusal *data_end(struct chunk_check *c, char byte)
{
	if (byte != (c->state == CHUNK_DATA_CR ? '\r' : '\n'))
		return &bad_end;
	if (c->state == CHUNK_DATA_CR) {
		c->state = CHUNK_DATA_LF;
		return NULL;
	}
	c->state = CHUNK_SIZE;
	c->digits = c->line = 0;
	c->size = 0;
	return NULL;
}

static size_t skip_data(struct chunk_check *c, size_t have)
{
	size_t n = have < c->size ? have : (size_t)c->size;

	c->size -= n;
	if (c->size == 0)
		c->state = CHUNK_DATA_CR;
	return n;
}

/* ---- trailers: looked at, then dropped ---- */

static bool is_forbidden(const struct chunk_check *c)
{
	for (size_t i = 0; i < sizeof never_trailers / sizeof *never_trailers; i++) {
		if (str_eq_nocase(str_span(c->name, c->name_len), never_trailers[i]))
			return true;
	}
	return false;
}

static const struct refusal *trailer_name(struct chunk_check *c, char byte)
{
	if (octet_is(byte, OCTET_NAME)) {
		if (c->name_len < sizeof c->name)
			c->name[c->name_len++] = byte;
		return NULL;
	}
	if (byte != ':' || c->name_len == 0)
		return &bad_trailer;
	c->state = CHUNK_TRAILER_VALUE;
	return is_forbidden(c) ? &forbidden_trailer : NULL;
}

static const struct refusal *trailer_byte(struct chunk_check *c, char byte)
{
	if (++c->trailer > CHUNK_TRAILER_MAX)
		return &long_trailer;
	if (c->state == CHUNK_TRAILER) {
		c->name_len = 0;
		c->state = byte == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER_NAME;
		return byte == '\r' ? NULL : trailer_name(c, byte);
	}
	if (c->state == CHUNK_TRAILER_NAME)
		return trailer_name(c, byte);
	if (c->state == CHUNK_TRAILER_VALUE) {
		if (byte == '\r')
			c->state = CHUNK_TRAILER_LF;
		return byte == '\r' || octet_is(byte, OCTET_VALUE) ? NULL : &bad_trailer;
	}
	if (byte != '\n')
		return &bad_trailer;
	c->state = c->state == CHUNK_LAST_LF ? CHUNK_WHOLE : CHUNK_TRAILER;
	return NULL;
}

/* ---- all of it ---- */

static const struct refusal *check_byte(struct chunk_check *c, char byte)
{
	if (c->state < CHUNK_DATA)
		return line_byte(c, byte);
	return c->state < CHUNK_TRAILER ? data_end(c, byte) : trailer_byte(c, byte);
}

const struct refusal *chunk_check(struct chunk_check *c, struct str bytes, size_t *used)
{
	const struct refusal *no;

	*used = 0;
	while (*used < bytes.len && c->state != CHUNK_WHOLE) {
		if (c->state == CHUNK_DATA) {
			*used += skip_data(c, bytes.len - *used);
			continue;
		}
		no = check_byte(c, bytes.ptr[(*used)++]);
		if (no)
			return no;
	}
	return NULL;
}
