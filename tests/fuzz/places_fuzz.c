// needs: services/chat/places.c
/* Last-Event-ID: what is understood is written as it was read, and never claims the end of
 * a text that it does not fit. */
#include <assert.h>

#include "../../services/chat/places.h"

static void check_place(struct str text)
{
	struct stream_place p, again;
	struct buf out = { 0 };

	if (!place_parse(text, &p))
		return;
	assert(p.given && p.told <= SIZE_MAX / 2);
	place_put(&out, &p);
	assert(place_parse(buf_str(&out), &again));
	assert(again.told == p.told && again.hash == p.hash && again.ended == p.ended);
	if (place_begins(&p, text))
		assert(p.told <= text.len);
	buf_fini(&out);
}

static void check_room_place(struct str text)
{
	struct room_place p, again;
	struct buf out = { 0 };

	if (!room_place_parse(text, &p))
		return;
	assert(p.count <= ROOM_PLACE_MAX);
	room_place_put_floor(&out, &p.floor);
	room_place_put_sum(&out, &p.summed_to, &p.summed);
	for (unsigned i = 0; i < p.count; i++) {
		struct uuid id = { { 0 } };

		memcpy(id.b + 16 - PLACE_NAME_SIZE, p.reply[i].name, PLACE_NAME_SIZE);
		assert(room_place_find(&p, &id));
		room_place_put_reply(&out, &id, &p.reply[i].at);
	}
	assert(room_place_parse(buf_str(&out), &again));
	assert(again.count == p.count && uuid_eq(&again.floor, &p.floor));
	assert(again.summed.sum == p.summed.sum && again.summed.count == p.summed.count);
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = str_span((const char *)bytes, size);

	check_place(text);
	check_room_place(text);
	return 0;
}
