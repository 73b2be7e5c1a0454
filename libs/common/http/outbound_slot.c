#include "http/outbound_slot.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

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
	slot->heard_ms = uv_now(&slot->curl->loop->uv);
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
	slot->heard_ms = uv_now(&slot->curl->loop->uv);
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

/* ---- what is sent ---- */

static void set(CURL *easy, CURLoption option, long value)
{
	CURLcode rc = curl_easy_setopt(easy, option, value);

	assert(rc == CURLE_OK);
	(void)rc;
}

struct outbound_slot *outbound_slot_new(struct outbound_loop *curl)
{
	struct outbound_slot *slot = calloc(1, sizeof *slot);
	CURL *easy = curl_easy_init();

	if (!slot || !easy)
		abort();
	slot->easy = easy;
	slot->curl = curl;
	list_init(&slot->link);
	outbound_loop_prepare(curl, easy);
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
	set(easy, CURLOPT_BUFFERSIZE, 1024); /* each call has one; the default is 16 KiB */
	set(easy, CURLOPT_TCP_KEEPALIVE, 1);
	set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	return slot;
}

void outbound_slot_free(struct outbound_slot **slot)
{
	curl_easy_cleanup((*slot)->easy);
	free(*slot);
	*slot = NULL;
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
		assert(at < slot->headers + OUTBOUND_HEADERS_MAX);
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

void outbound_slot_load(struct outbound_slot *slot, struct outbound_call *c)
{
	CURL *easy = slot->easy;

	slot->call = c;
	slot->cut = ERR_OK;
	slot->head_is_whole = false;
	slot->received = 0;
	slot->heard_ms = 0;
	slot->began_ms = uv_now(&slot->curl->loop->uv);
	slot->content_type[0] = slot->reason[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_URL, c->url);
	/* Plain http is for simulators nearby: no proxy leads there. */
	curl_easy_setopt(easy, CURLOPT_PROXY, strncmp(c->url, "http:", 5) ? NULL : "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list_headers(slot, c->headers));
	set(easy, CURLOPT_CONNECTTIMEOUT_MS, c->connect_ms);
	set_method(easy, c);
}

/* ---- how it ended ---- */

enum err outbound_slot_outcome(const struct outbound_slot *slot, CURLcode code)
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
