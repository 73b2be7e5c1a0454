/*
 * outbound_loop - libcurl's multi interface driven by our loop: its sockets, its one
 * timer, and the news of finished transfers. Private to outbound.c.
 *
 * A connection's socket stays watched for as long as it is open, also between two
 * transfers: that saves four system calls a transfer.
 *
 * Use:   outbound_loop_open; outbound_loop_prepare for each easy handle; add and remove,
 *        but never while `inside`; outbound_loop_close when no handle is added any more.
 * Owns:  the multi handle with its connections.
 */
#ifndef HTTP_OUTBOUND_LOOP_H
#define HTTP_OUTBOUND_LOOP_H

#include <curl/curl.h>

#include "app/loop.h"

struct curl_watch;

struct outbound_loop {
	struct loop *loop;
	CURLM *multi;
	struct timer timer;          /* the one that curl asks for */
	struct loop_hook now;        /* curl asked to be called at once */
	struct curl_watch **watches; /* by file descriptor */
	size_t watch_room;
	unsigned watch_count;
	bool inside; /* one of curl's callbacks is running */
	bool closing, timer_closed;
	/* A transfer has ended; it may be removed. Not inside curl. */
	void (*ended)(struct outbound_loop *c, CURL *easy, CURLcode code);
	/* curl has been left: what could not be done inside may be done now. */
	void (*left)(struct outbound_loop *c);
	void (*closed)(struct outbound_loop *c);
};

void outbound_loop_open(
	struct outbound_loop *c, struct loop *loop, unsigned connections_max);
void outbound_loop_prepare(struct outbound_loop *c, CURL *easy);
void outbound_loop_add(struct outbound_loop *c, CURL *easy);
/* Ends its transfer; the connection is closed at once unless the answer was whole. */
void outbound_loop_remove(struct outbound_loop *c, CURL *easy);
void outbound_loop_close(struct outbound_loop *c);

#endif
