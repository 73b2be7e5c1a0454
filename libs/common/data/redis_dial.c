#include "data/redis_dial.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

/* A thread that looks up a name cannot be called back: this outlives who lost patience. */
struct redis_lookup {
	uv_getaddrinfo_t uv;
	struct redis_dial *dial; /* NULL: nobody waits any more */
};

static void dial_next(struct redis_dial *d);

static void end(struct redis_dial *d, struct redis_link *link)
{
	d->link = NULL;
	redis_dial_stop(d);
	d->done(d, link);
}

static void fail(struct redis_dial *d, const char *why)
{
	snprintf(d->why, sizeof d->why, "%s: %s",
		d->url->path ? d->url->path : d->url->host, why);
	end(d, NULL);
}

static void on_dialled(struct redis_link *l, int events)
{
	struct redis_dial *d = l->owner;

	(void)events;
	if (redis_link_is_up(l)) {
		end(d, l);
		return;
	}
	memcpy(d->why, l->why, sizeof d->why);
	redis_link_free(&d->link);
	dial_next(d);
}

static void dial_next(struct redis_dial *d)
{
	char why[REDIS_WHY_SIZE];

	memcpy(why, d->why, sizeof why);
	while (d->next) {
		struct addrinfo *a = d->next;

		d->next = a->ai_next;
		d->link = redis_link_dial(
			d->loop, a->ai_addr, a->ai_addrlen, on_dialled, d, why);
		if (d->link)
			return;
	}
	fail(d, why);
}

static void on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct redis_lookup *l = container_of(req, struct redis_lookup, uv);
	struct redis_dial *d = l->dial;

	free(l);
	if (!d) {
		uv_freeaddrinfo(list);
		return;
	}
	d->lookup = NULL;
	d->found = d->next = list;
	if (status == 0)
		dial_next(d);
	else
		fail(d, uv_strerror(status));
}

static void look_up(struct redis_dial *d, const char *port, const struct addrinfo *hints)
{
	struct redis_lookup *l = calloc(1, sizeof *l);

	if (!l)
		abort();
	l->dial = d;
	if (uv_getaddrinfo(&d->loop->uv, &l->uv, on_found, d->url->host, port, hints) ==
		0) {
		d->lookup = l;
		return;
	}
	free(l);
	fail(d, "the name cannot be looked up");
}

static void dial_host(struct redis_dial *d)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST };
	char port[8];

	snprintf(port, sizeof port, "%u", d->url->port & 0xffff);
	if (getaddrinfo(d->url->host, port, &hints, &d->found) == 0) {
		d->next = d->found;
		dial_next(d);
		return;
	}
	d->found = NULL;
	hints.ai_flags = AI_NUMERICSERV;
	look_up(d, port, &hints);
}

static void dial_path(struct redis_dial *d)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char why[REDIS_WHY_SIZE];

	snprintf(to.sun_path, sizeof to.sun_path, "%s", d->url->path);
	d->link = redis_link_dial(
		d->loop, (const struct sockaddr *)&to, sizeof to, on_dialled, d, why);
	if (!d->link)
		fail(d, why);
}

void redis_dial_start(struct redis_dial *d)
{
	d->why[0] = '\0';
	if (d->url->path)
		dial_path(d);
	else
		dial_host(d);
}

void redis_dial_stop(struct redis_dial *d)
{
	if (d->lookup) {
		d->lookup->dial = NULL;
		uv_cancel((uv_req_t *)&d->lookup->uv);
		d->lookup = NULL;
	}
	if (d->found)
		freeaddrinfo(d->found);
	d->found = d->next = NULL;
	redis_link_free(&d->link);
}
