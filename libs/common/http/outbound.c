#include "http/outbound.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "base/clock.h"
#include "http/outbound_loop.h"

#define TICK_MS     100
#define HEADERS_MAX 32

/* An easy handle and the call it carries. */
struct outbound_slot {
	CURL *easy;
	struct outbound *outbound;
	struct outbound_call *call;  /* NULL: free, or canceled inside curl */
	struct list link;            /* in outbound.free, .busy or .canceled */
	bool head_is_whole;          /* of the answer; curl takes a cut one for an end */
	enum err cut;                /* why we broke the transfer off */
	uint64_t began_ms, heard_ms; /* heard_ms 0: no byte of an answer yet */
	size_t received;
	struct curl_slist headers[HEADERS_MAX + 2];
	char content_type[128];
	char reason[CURL_ERROR_SIZE];
};

struct outbound {
	struct outbound_loop curl;
	struct loop_hook later; /* starts calls that wait for a slot */
	struct timer tick;
	unsigned slot_count, slot_max;
	unsigned in_flight;
	struct list free, busy, canceled; /* slots */
	struct list waiting;              /* calls */
	unsigned closing;                 /* of tick and curl: still to be closed */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* ---- what curl hears ---- */

static bool take_field(struct str line, struct str name, struct str *value)
{
	if (line.len <= name.len || line.ptr[name.len] != ':' ||
		!str_eq_nocase(str_span(line.ptr, name.len), name))
		return false;
	*value = str_trim(str_from(line, name.len + 1));
	return true;
}

static void copy_text(char *out, size_t size, struct str value)
{
	snprintf(out, size, "%.*s", STR_ARG(value));
}

/* Seconds, or a date (RFC 9110 10.2.3). */
static int64_t read_retry_after(struct str value)
{
	char text[64];
	int64_t s;
	time_t at;

	if (str_i64(value, &s))
		return s < 0 ? -1 : s;
	copy_text(text, sizeof text, value);
	at = curl_getdate(text, NULL);
	if (at < 0)
		return -1;
	s = at - clock_wall_s();
	return s < 0 ? 0 : s;
}

/* "HTTP/1.1 200 OK": whatever was heard before belonged to an interim answer. */
static void take_status(struct outbound_slot *slot, struct str line)
{
	struct outbound_call *c = slot->call;
	struct str rest = line, word;
	uint64_t status = 0;

	str_cut(&rest, ' ', &word);
	str_cut(&rest, ' ', &word);
	c->status = str_u64(word, &status) && status >= 200 && status < 600 ? (int)status
									    : 0;
	c->retry_after_s = -1;
	c->request_id[0] = slot->content_type[0] = '\0';
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct outbound_slot *slot = ctx;
	struct str line = str_span(bytes, size * count), value;

	if (!slot->call)
		return 0;
	while (line.len &&
		(line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	slot->heard_ms = uv_now(&slot->outbound->curl.loop->uv);
	if (line.len == 0)
		slot->head_is_whole = slot->call->status != 0;
	else if (str_starts(line, STR("HTTP/")))
		take_status(slot, line);
	else if (take_field(line, STR("Content-Type"), &value))
		copy_text(slot->content_type, sizeof slot->content_type, value);
	else if (take_field(line, STR("Retry-After"), &value))
		slot->call->retry_after_s = read_retry_after(value);
	else if (take_field(line, STR("Request-Id"), &value))
		copy_text(slot->call->request_id, sizeof slot->call->request_id, value);
	return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct outbound_slot *slot = ctx;
	struct outbound_call *c = slot->call;
	size_t len = size * count;

	if (!c)
		return 0;
	slot->heard_ms = uv_now(&slot->outbound->curl.loop->uv);
	slot->received += len;
	if (slot->received > c->body_max) {
		slot->cut = ERR_INVALID;
		return 0;
	}
	if (!c->on_data) {
		buf_add(&c->answer, bytes, len);
		return len;
	}
	c->content_type = str_of(slot->content_type);
	if (!c->on_data(c, str_span(bytes, len))) {
		slot->cut = ERR_CANCELED;
		return 0;
	}
	return slot->call ? len : 0; /* it may have canceled itself */
}

/* ---- slots ---- */

static void set(CURL *easy, CURLoption option, long value)
{
	CURLcode rc = curl_easy_setopt(easy, option, value);

	assert(rc == CURLE_OK);
	(void)rc;
}

static struct outbound_slot *slot_new(struct outbound *o)
{
	struct outbound_slot *slot = calloc(1, sizeof *slot);
	CURL *easy = curl_easy_init();

	if (!slot || !easy)
		abort();
	slot->easy = easy;
	slot->outbound = o;
	list_init(&slot->link);
	o->slot_count++;
	outbound_loop_prepare(&o->curl, easy);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->reason);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	set(easy, CURLOPT_NOSIGNAL, 1);
	set(easy, CURLOPT_QUICK_EXIT, 1); /* a cancel must not wait for a DNS thread */
	set(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	set(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set(easy, CURLOPT_SSL_VERIFYPEER, 1);
	set(easy, CURLOPT_SSL_VERIFYHOST, 2);
	set(easy, CURLOPT_FOLLOWLOCATION, 0);
	set(easy, CURLOPT_TCP_NODELAY, 1);
	set(easy, CURLOPT_TCP_KEEPALIVE, 1);
	set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	return slot;
}

static struct outbound_slot *slot_take(struct outbound *o)
{
	struct list *link = list_pop(&o->free);

	return link ? container_of(link, struct outbound_slot, link) : slot_new(o);
}

static bool has_field(const char *const *headers, const char *name)
{
	struct str value;

	for (; headers && *headers; headers++) {
		if (take_field(str_of(*headers), str_of(name), &value))
			return true;
	}
	return false;
}

/* The list that curl walks, without an allocation; ended by what curl must not add. */
static struct curl_slist *list_headers(
	struct outbound_slot *slot, const char *const *headers)
{
	struct curl_slist *at = slot->headers;
	bool typed = has_field(headers, "Content-Type");

	for (; headers && *headers; headers++) {
		assert(at < slot->headers + HEADERS_MAX);
		*at = (struct curl_slist){ (char *)*headers, at + 1 };
		at++;
	}
	if (!typed) {
		*at = (struct curl_slist){ (char *)"Content-Type:", at + 1 };
		at++;
	}
	*at = (struct curl_slist){ (char *)"Expect:", NULL };
	return slot->headers;
}

static void set_method(CURL *easy, const struct outbound_call *c)
{
	bool post = !strcmp(c->method, "POST"), get = !strcmp(c->method, "GET");

	if (c->body.len || post) {
		set(easy, CURLOPT_POST, 1);
		curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, c->body.len ? c->body.ptr : "");
	} else {
		set(easy, CURLOPT_HTTPGET, 1);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
		post || (get && !c->body.len) ? NULL : c->method);
}

static void slot_start(struct outbound_slot *slot, struct outbound_call *c)
{
	struct outbound *o = slot->outbound;
	CURL *easy = slot->easy;

	slot->call = c;
	c->slot = slot;
	slot->cut = ERR_OK;
	slot->head_is_whole = false;
	slot->received = 0;
	slot->heard_ms = 0;
	slot->began_ms = uv_now(&o->curl.loop->uv);
	slot->content_type[0] = slot->reason[0] = '\0';
	list_push(&o->busy, &slot->link);
	curl_easy_setopt(easy, CURLOPT_URL, c->url);
	/* Plain http is for simulators nearby: no proxy of the environment's leads there.
	 */
	curl_easy_setopt(easy, CURLOPT_PROXY, strncmp(c->url, "http:", 5) ? NULL : "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list_headers(slot, c->headers));
	set(easy, CURLOPT_CONNECTTIMEOUT_MS, c->connect_ms);
	set_method(easy, c);
	outbound_loop_add(&o->curl, easy);
}

/* Out of curl; its connection is closed if the answer was not whole. */
static void slot_release(struct outbound_slot *slot)
{
	struct outbound *o = slot->outbound;

	outbound_loop_remove(&o->curl, slot->easy);
	slot->call = NULL;
	list_del(&slot->link);
	list_push_front(&o->free, &slot->link);
	if (!list_empty(&o->waiting))
		loop_defer(o->curl.loop, &o->later);
}

/* ---- the end of a call ---- */

static enum err translate(struct outbound_slot *slot, CURLcode code)
{
	long sent = 0;

	if (slot->cut != ERR_OK)
		return slot->cut;
	if (code == CURLE_OK)
		return slot->head_is_whole ? ERR_OK : ERR_UNSURE;
	curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &sent);
	log_warn("outbound-failed", L_INT("curl_code", code), L_Z("reason", slot->reason),
		L_INT("sent", sent > 0));
	return sent > 0 ? ERR_UNSURE : ERR_UNAVAILABLE;
}

static void finish(struct outbound_slot *slot, enum err e)
{
	struct outbound *o = slot->outbound;
	struct outbound_call *c = slot->call;

	slot_release(slot);
	o->in_flight--;
	c->outbound = NULL;
	c->slot = NULL;
	c->content_type = str_of(
		slot->content_type); /* nobody takes the slot in this turn */
	c->on_done(c, e);
}

static void on_ended(struct outbound_loop *curl, CURL *easy, CURLcode code)
{
	struct outbound_slot *slot;
	char *private;

	(void)curl;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	slot = (struct outbound_slot *)(void *)private;
	if (slot->call) /* else it was canceled inside curl, and is released in on_left */
		finish(slot, translate(slot, code));
}

static void on_left(struct outbound_loop *curl)
{
	struct outbound *o = container_of(curl, struct outbound, curl);
	struct list *link;

	while ((link = list_pop(&o->canceled)))
		slot_release(container_of(link, struct outbound_slot, link));
}

void outbound_cancel(struct outbound_call *c)
{
	struct outbound *o = c->outbound;
	struct outbound_slot *slot = c->slot;

	if (!o)
		return;
	o->in_flight--;
	c->outbound = NULL;
	c->slot = NULL;
	if (!slot) {
		list_del(&c->link);
		return;
	}
	slot->call = NULL;
	if (!o->curl.inside) {
		slot_release(slot);
		return;
	}
	list_del(&slot->link);
	list_push(&o->canceled, &slot->link);
}

/* ---- time ---- */

static bool is_late(const struct outbound_slot *slot, uint64_t now_ms)
{
	const struct outbound_call *c = slot->call;

	if (now_ms - slot->began_ms >= c->total_ms)
		return true;
	if (!slot->heard_ms)
		return now_ms - slot->began_ms >= c->first_byte_ms;
	return now_ms - slot->heard_ms >= c->gap_ms;
}

static void on_tick(struct timer *timer)
{
	struct outbound *o = container_of(timer, struct outbound, tick);
	uint64_t now_ms = uv_now(&o->curl.loop->uv);
	struct list late;
	struct list *link;

	list_init(&late);
	LIST_EACH(&o->busy, it)
	{
		if (is_late(container_of(it, struct outbound_slot, link), now_ms)) {
			list_del(it);
			list_push(&late, it);
		}
	}
	while ((link = list_pop(&late)))
		finish(container_of(link, struct outbound_slot, link), ERR_TIMEOUT);
	if (o->in_flight == 0)
		timer_stop(timer);
}

/* ---- the whole ---- */

static void on_later(struct loop_hook *hook)
{
	struct outbound *o = container_of(hook, struct outbound, later);
	struct list *link;

	while ((!list_empty(&o->free) || o->slot_count < o->slot_max) &&
		(link = list_pop(&o->waiting)))
		slot_start(slot_take(o), container_of(link, struct outbound_call, link));
}

static void closed_one(struct outbound *o)
{
	void (*closed)(void *ctx) = o->closed;
	void *ctx = o->closed_ctx;

	if (--o->closing)
		return;
	free(o);
	if (closed)
		closed(ctx);
}

static void on_curl_closed(struct outbound_loop *curl)
{
	closed_one(container_of(curl, struct outbound, curl));
}

static void on_tick_closed(struct timer *timer)
{
	closed_one(container_of(timer, struct outbound, tick));
}

struct outbound *outbound_open(struct loop *loop, unsigned connections_max)
{
	struct outbound *o = calloc(1, sizeof *o);

	if (!o)
		abort();
	o->slot_max = connections_max;
	o->later.run = on_later;
	o->curl.ended = on_ended;
	o->curl.left = on_left;
	o->curl.closed = on_curl_closed;
	list_init(&o->free);
	list_init(&o->busy);
	list_init(&o->canceled);
	list_init(&o->waiting);
	timer_open(loop, &o->tick, on_tick);
	outbound_loop_open(&o->curl, loop, connections_max);
	return o;
}

static void set_default(unsigned *value, unsigned dflt)
{
	if (*value == 0)
		*value = dflt;
}

void outbound_send(struct outbound *o, struct outbound_call *c)
{
	assert(!o->closing && c->on_done);
	set_default(&c->connect_ms, 5000);
	set_default(&c->first_byte_ms, 30000);
	set_default(&c->gap_ms, 30000);
	set_default(&c->total_ms, 120000);
	if (c->body_max == 0)
		c->body_max = 8u << 20;
	c->status = 0;
	c->retry_after_s = -1;
	c->request_id[0] = '\0';
	c->content_type = STR_NONE;
	c->outbound = o;
	c->slot = NULL;
	list_init(&c->link);
	list_push(&o->waiting, &c->link);
	if (o->in_flight++ == 0)
		timer_start(&o->tick, TICK_MS, TICK_MS);
	loop_defer(o->curl.loop, &o->later);
}

unsigned outbound_in_flight(const struct outbound *o)
{
	return o->in_flight;
}

void outbound_close(struct outbound **op, void (*cb)(void *ctx), void *ctx)
{
	struct outbound *o = *op;
	struct list *link;

	*op = NULL;
	assert(o->in_flight == 0 && !o->curl.inside);
	o->closing = 2;
	o->closed = cb;
	o->closed_ctx = ctx;
	loop_hook_cancel(&o->later);
	while ((link = list_pop(&o->free))) {
		struct outbound_slot *slot = container_of(link, struct outbound_slot, link);

		curl_easy_cleanup(slot->easy);
		free(slot);
	}
	timer_close(&o->tick, on_tick_closed);
	outbound_loop_close(&o->curl);
}

/* ---- from a task ---- */

static void run_done(struct outbound_call *c, enum err e)
{
	task_wake(c->task, e);
}

static void run_canceled(struct task *t, void *ctx)
{
	outbound_cancel(ctx);
	task_wake_soon(t, ERR_CANCELED);
}

outcome_t outbound_run(
	struct task *t, struct outbound *o, struct outbound_call *c, step_fn *next)
{
	uint64_t now_ms = clock_mono_ms(), left_ms;

	if (t->canceled)
		return task_continue(t, ERR_CANCELED, next);
	if (t->deadline_ms) {
		if (now_ms >= t->deadline_ms)
			return task_continue(t, ERR_TIMEOUT, next);
		left_ms = t->deadline_ms - now_ms;
		set_default(&c->total_ms, 120000);
		if (left_ms < c->total_ms)
			c->total_ms = (unsigned)left_ms;
	}
	c->task = t;
	c->on_done = run_done;
	outbound_send(o, c);
	task_on_cancel(t, run_canceled, c);
	return task_wait(t, next);
}
