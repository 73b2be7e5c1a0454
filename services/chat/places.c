#include "places.h"

#define HASH_SIZE 8

void place_move(struct stream_place *p, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		p->hash = (p->hash ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3u;
	p->told += bytes.len;
}

bool place_begins(const struct stream_place *p, struct str text)
{
	struct stream_place own = STREAM_START;

	if (text.len < p->told)
		return false;
	place_move(&own, str_span(text.ptr, p->told));
	return own.hash == p->hash;
}

/* ---- of one reply ---- */

/* "<n>-<sixteen digits>" */
static bool parse_pair(struct str text, size_t *count, uint64_t *hash64)
{
	struct str rest = text, told;
	uint8_t hash[HASH_SIZE];
	uint64_t n;

	if (!str_cut(&rest, '-', &told) || !str_u64(told, &n) || n > SIZE_MAX / 2 ||
		!hex_parse(rest, hash, sizeof hash))
		return false;
	*count = (size_t)n;
	*hash64 = 0;
	for (size_t i = 0; i < sizeof hash; i++)
		*hash64 = *hash64 << 8 | hash[i];
	return true;
}

static bool parse_told(struct str text, struct stream_place *out)
{
	*out = (struct stream_place)STREAM_START;
	out->given = true;
	return parse_pair(text, &out->told, &out->hash);
}

bool place_parse(struct str text, struct stream_place *out)
{
	bool ended = str_ends(text, STR("-end"));

	if (ended)
		text.len -= 4;
	if (!parse_told(text, out))
		return false;
	out->ended = ended;
	return true;
}

static void put_pair(struct buf *out, size_t count, uint64_t hash)
{
	buf_addf(out, "%zu-%016llx", count, (unsigned long long)hash);
}

void place_put(struct buf *out, const struct stream_place *p)
{
	put_pair(out, p->told, p->hash);
	if (p->ended)
		buf_add_str(out, STR("-end"));
}

/* ---- of a room ---- */

static const uint8_t *name_of(const struct uuid *reply_id)
{
	return reply_id->b + sizeof reply_id->b - PLACE_NAME_SIZE;
}

/* "<name>" or "<name>-<told>-<hash>" */
static bool parse_reply(
	struct str text, uint8_t name[PLACE_NAME_SIZE], struct stream_place *at)
{
	struct str rest = text, head;

	if (!str_cut(&rest, '-', &head) || !hex_parse(head, name, PLACE_NAME_SIZE))
		return false;
	if (head.len < text.len)
		return parse_told(rest, at);
	*at = (struct stream_place)STREAM_START;
	at->given = at->ended = true;
	return true;
}

/* "<floor>" or "<floor>~<up to>~<count>-<sum>" */
static bool parse_floor(struct str text, struct room_place *out)
{
	struct str rest = text, one;

	out->summed = (struct id_sum){ 0 };
	if (!str_cut(&rest, '~', &one) || !uuid_parse(one, &out->floor))
		return false;
	out->summed_to = out->floor;
	if (one.len == text.len)
		return true;
	return str_cut(&rest, '~', &one) && uuid_parse(one, &out->summed_to) &&
	       parse_pair(rest, &out->summed.count, &out->summed.sum);
}

bool room_place_parse(struct str text, struct room_place *out)
{
	struct str rest = text, one;

	out->count = 0;
	if (!str_cut(&rest, '.', &one) || !parse_floor(one, out))
		return false;
	while (str_cut(&rest, '.', &one)) {
		if (out->count == ROOM_PLACE_MAX ||
			!parse_reply(one, out->reply[out->count].name,
				&out->reply[out->count].at))
			return false;
		out->count++;
	}
	return true;
}

const struct stream_place *room_place_find(
	const struct room_place *p, const struct uuid *reply_id)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (!memcmp(p->reply[i].name, name_of(reply_id), PLACE_NAME_SIZE))
			return &p->reply[i].at;
	}
	return NULL;
}

void room_place_put_floor(struct buf *out, const struct uuid *floor)
{
	char text[UUID_TEXT_SIZE];

	uuid_format(floor, text);
	buf_add_str(out, str_of(text));
}

void room_place_put_sum(struct buf *out, const struct uuid *up_to, const struct id_sum *sum)
{
	buf_add_char(out, '~');
	room_place_put_floor(out, up_to);
	buf_add_char(out, '~');
	put_pair(out, sum->count, sum->sum);
}

void id_sum_add(struct id_sum *s, const struct uuid *id)
{
	uint64_t end = 0;

	for (int i = 8; i < 16; i++)
		end = end << 8 | id->b[i];
	s->sum += end;
	s->count++;
}

void room_place_put_reply(
	struct buf *out, const struct uuid *reply_id, const struct stream_place *at)
{
	char name[2 * PLACE_NAME_SIZE + 1];

	hex_format(name_of(reply_id), PLACE_NAME_SIZE, name);
	buf_add_char(out, '.');
	buf_add_str(out, str_of(name));
	if (at->ended)
		return;
	buf_add_char(out, '-');
	put_pair(out, at->told, at->hash);
}

/* ---- the order of ids ---- */

int uuid_order(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof a->b);
}

struct uuid uuid_before(const struct uuid *u)
{
	struct uuid v = *u;

	for (size_t i = sizeof v.b; i-- > 0 && v.b[i]-- == 0;)
		;
	return v;
}

struct uuid uuid_at(int64_t wall_us)
{
	uint64_t ms = wall_us > 0 ? (uint64_t)wall_us / 1000 : 0;
	struct uuid u = { { 0 } };

	for (int i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	return u;
}
