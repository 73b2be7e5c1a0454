/*
 * outbound_slot - a curl easy handle and the call it carries: what is sent, what is heard.
 * Private to outbound.c, which gives it to the loop and takes it back.
 */
#ifndef HTTP_OUTBOUND_SLOT_H
#define HTTP_OUTBOUND_SLOT_H

#include "http/outbound.h"
#include "http/outbound_loop.h"

#define OUTBOUND_HEADERS_MAX 32

struct outbound_slot {
	CURL *easy;
	struct outbound_loop *curl;
	struct outbound_call *call; /* NULL: free, or canceled inside curl */
	struct list link;           /* outbound.c's */
	bool head_is_whole;         /* of the answer; curl takes a cut one for an end */
	enum err cut;               /* why we broke the transfer off */
	uint64_t began_ms;
	uint64_t heard_ms; /* 0: no byte of an answer yet */
	size_t received;
	struct curl_slist headers[OUTBOUND_HEADERS_MAX + 2];
	char content_type[128];
	char reason[CURL_ERROR_SIZE];
};

struct outbound_slot *outbound_slot_new(struct outbound_loop *curl);
void outbound_slot_free(struct outbound_slot **slot);
/* Takes the call: all is set for the transfer, which is not begun. */
void outbound_slot_load(struct outbound_slot *slot, struct outbound_call *c);
/* What the call's on_done is told of a transfer that ended so. */
enum err outbound_slot_outcome(const struct outbound_slot *slot, CURLcode code);

#endif
