#include "http/outbound.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/app.h"
#include "tests/lib/peer.h"
#include "tests/lib/test.h"

#define HELLO                                                                              \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

static struct app app; /* for outbound_run's task; its loop is every test's */
#define loop app.loop
static struct peer *peer;
static struct outbound *out;

/* ---- the peer ---- */

static const char *answer;
static bool then_hang_up, slowly;
static char last_request[4096];
static struct peer_conn *last_conn;

static void say_answer(struct peer_conn *c)
{
	last_conn = c;
	snprintf(last_request, sizeof last_request, "%.*s", STR_ARG(c->request));
	if (!answer)
		return;
	if (slowly) {
		peer_say_slowly(c, str_of(answer), then_hang_up);
		return;
	}
	peer_say(c, str_of(answer));
	if (then_hang_up)
		peer_hang_up(c);
}

static void start(const char *text)
{
	loop_init(&loop);
	answer = text;
	then_hang_up = slowly = false;
	peer = peer_open(&loop, 0, say_answer);
	out = outbound_open(&loop, 8);
}

static void set_flag(void *ctx)
{
	*(bool *)ctx = true;
}

static void stop(void)
{
	bool closed = false;

	CHECK_INT(outbound_in_flight(out), 0);
	outbound_close(&out, set_flag, &closed);
	CHECK(test_until(&loop, &closed));
	if (peer)
		peer_close(&peer);
	loop_fini(&loop);
}

/* ---- a call ---- */

struct asked {
	struct outbound_call call;
	bool done, again;
	unsigned dones, pieces;
	enum err e;
	char type[64];
	struct buf seen;
	size_t cut_after;
	bool cancel_in_data;
	struct outbound_call *cancel_in_done;
};

static void on_done(struct outbound_call *c, enum err e)
{
	struct asked *a = container_of(c, struct asked, call);

	a->done = true;
	a->dones++;
	a->e = e;
	snprintf(a->type, sizeof a->type, "%.*s", STR_ARG(c->content_type));
	if (a->again) {
		a->again = a->done = false;
		buf_clear(&c->answer);
		outbound_send(out, c);
	}
	if (a->cancel_in_done)
		outbound_cancel(a->cancel_in_done);
}

static bool on_data(struct outbound_call *c, struct str bytes)
{
	struct asked *a = container_of(c, struct asked, call);

	CHECK(c->status != 0);
	a->pieces++;
	buf_add_str(&a->seen, bytes);
	if (a->cancel_in_data) {
		outbound_cancel(c);
		a->done = true;
	}
	return !a->cut_after || a->seen.len < a->cut_after;
}

static void ask(struct asked *a, const char *method)
{
	a->call.method = method;
	if (!a->call.url)
		a->call.url = peer_url(peer);
	a->call.on_done = on_done;
	outbound_send(out, &a->call);
}

static void asked_fini(struct asked *a)
{
	buf_fini(&a->call.answer);
	buf_fini(&a->seen);
}

static void one(struct asked *a, const char *method)
{
	ask(a, method);
	CHECK(!a->done);
	CHECK(test_until(&loop, &a->done));
}

/* ---- answers ---- */

TEST(a_small_answer_is_gathered)
{
	struct asked a = { 0 };

	start(HELLO);
	one(&a, "GET");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.call.status, 200);
	CHECK_STR(buf_str(&a.call.answer), STR("hello"));
	CHECK_STR(str_of(a.type), STR("text/plain"));
	CHECK_INT(a.call.retry_after_s, -1);
	CHECK(str_starts(str_of(last_request), STR("GET / HTTP/1.1\r\nHost: 127.0.0.1:")));
	stop();
	asked_fini(&a);
}

TEST(a_post_carries_its_headers_and_body_and_nothing_else)
{
	static const char *const headers[] = { "X-Key: secret",
		"Content-Type: application/json", NULL };
	struct asked a = { .call = { .headers = headers, .body = STR("{\"a\":1}") } };
	struct buf want = { 0 };

	start(HELLO);
	one(&a, "POST");
	CHECK_INT(a.e, ERR_OK);
	buf_addf(&want,
		"POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\nX-Key: secret\r\n"
		"Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
		peer_port(peer));
	CHECK_STR(str_of(last_request), buf_str(&want));
	stop();
	buf_fini(&want);
	asked_fini(&a);
}

TEST(one_slot_serves_every_method_in_turn)
{
	static const char *const methods[] = { "POST", "GET", "DELETE", "POST", "PUT",
		"GET" };

	start(HELLO);
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct asked a = { .call.body = methods[i][0] == 'P' ? STR("xyz")
								     : STR_NONE };
		bool has_body;

		one(&a, methods[i]);
		CHECK_INT(a.e, ERR_OK);
		has_body = strstr(last_request, "\r\n\r\nxyz") != NULL;
		CHECK(str_starts(str_of(last_request), str_of(methods[i])));
		CHECK_INT(has_body, methods[i][0] == 'P');
		CHECK(!strstr(last_request, "Expect"));
		CHECK(!strstr(last_request, "Content-Type"));
		asked_fini(&a);
	}
	CHECK_INT(peer->accepted, 1); /* kept and used again */
	stop();
}

TEST(a_large_body_is_not_announced_by_expect)
{
	static char body[2000000];
	struct asked a = { .call.body = str_span(body, sizeof body) };

	start(HELLO);
	memset(body, 'x', sizeof body);
	one(&a, "POST");
	CHECK_INT(a.e, ERR_OK);
	CHECK(!strstr(last_request, "Expect"));
	stop();
	asked_fini(&a);
}

TEST(an_answer_in_pieces)
{
	struct asked a = { .call.on_data = on_data };

	start("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
	slowly = true;
	one(&a, "GET");
	CHECK_INT(a.e, ERR_OK);
	CHECK(a.pieces > 1);
	CHECK_STR(buf_str(&a.seen), STR("abcdef"));
	stop();
	asked_fini(&a);
}

TEST(retry_after_and_request_id)
{
	struct asked a = { 0 }, b = { 0 }, c = { 0 };

	start("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nrequest-id: req_1\r\n"
	      "Content-Length: 0\r\n\r\n");
	one(&a, "GET");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.call.status, 429);
	CHECK_INT(a.call.retry_after_s, 17);
	CHECK_STR(str_of(a.call.request_id), STR("req_1"));

	answer = "HTTP/1.1 503 No\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		 "Content-Length: 0\r\n\r\n";
	one(&b, "GET");
	CHECK_INT(b.call.retry_after_s, 0);
	answer = "HTTP/1.1 503 No\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n";
	one(&c, "GET");
	CHECK_INT(c.call.retry_after_s, -1);
	stop();
}

TEST(an_interim_answer_is_passed_over)
{
	struct asked a = { 0 };

	start("HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" HELLO);
	one(&a, "GET");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.call.status, 200);
	CHECK_INT(a.call.retry_after_s, -1);
	stop();
	asked_fini(&a);
}

TEST(a_redirect_is_not_followed)
{
	struct asked a = { 0 };

	start("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
	one(&a, "GET");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.call.status, 302);
	CHECK_INT(peer->requests, 1);
	stop();
}

TEST(other_protocols_are_refused)
{
	static const char *const urls[] = { "file:///etc/passwd", "ftp://127.0.0.1/x",
		"gopher://127.0.0.1/x", "dict://127.0.0.1/x", "nonsense" };

	start(HELLO);
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct asked a = { .call.url = urls[i] };

		one(&a, "GET");
		CHECK_INT(a.e, ERR_UNAVAILABLE);
		CHECK_INT(a.call.answer.len, 0);
		asked_fini(&a);
	}
	stop();
}

/* ---- what goes wrong ---- */

TEST(answers_that_are_cut_or_no_http_are_unsure)
{
	static const char *const bad[] = {
		"",
		"HTTP/1.1 200 OK\r\nContent-Le",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"garbage all the way\r\n\r\n",
		"\x16\x03\x01 is TLS\r\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct asked a = { 0 };

		start(bad[i]);
		then_hang_up = true;
		one(&a, "POST");
		if (a.e != ERR_UNSURE)
			test_fail(__FILE__, __LINE__, "%s gives %s", bad[i], err_name(a.e));
		CHECK_INT(a.dones, 1);
		stop();
		asked_fini(&a);
	}
}

TEST(nobody_listens)
{
	struct asked a = { 0 };
	char url[64];

	start(HELLO);
	snprintf(url, sizeof url, "%s", peer_url(peer));
	peer_close(&peer);
	a.call.url = url;
	one(&a, "POST");
	CHECK_INT(a.e, ERR_UNAVAILABLE);
	stop();
}

TEST(a_name_that_does_not_exist)
{
	struct asked a = { .call.url = "http://no-such-host.invalid/" };

	start(HELLO);
	one(&a, "GET");
	CHECK_INT(a.e, ERR_UNAVAILABLE);
	stop();
}

TEST(an_answer_larger_than_allowed)
{
	struct asked a = { .call.body_max = 4 }, b = { .call.body_max = 5 };

	start(HELLO);
	one(&a, "GET");
	CHECK_INT(a.e, ERR_INVALID);
	one(&b, "GET");
	CHECK_INT(b.e, ERR_OK);
	stop();
	asked_fini(&a);
	asked_fini(&b);
}

TEST(no_first_byte_in_time)
{
	struct asked a = { .call.first_byte_ms = 150 };

	start(NULL);
	one(&a, "GET");
	CHECK_INT(a.e, ERR_TIMEOUT);
	stop();
}

TEST(a_gap_that_is_too_long)
{
	struct asked a = { .call = { .gap_ms = 150, .on_data = on_data } };

	start("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
	one(&a, "GET");
	CHECK_INT(a.e, ERR_TIMEOUT);
	CHECK_STR(buf_str(&a.seen), STR("hello"));
	stop();
	asked_fini(&a);
}

TEST(a_stream_that_takes_too_long_in_all)
{
	struct asked a = { .call = { .total_ms = 200, .on_data = on_data } };
	struct buf text = { 0 };

	buf_add_str(&text, STR("HTTP/1.1 200 OK\r\n\r\n"));
	for (int i = 0; i < 5000; i++)
		buf_add_char(&text, 'x');
	start(buf_cstr(&text));
	slowly = true;
	one(&a, "GET");
	CHECK_INT(a.e, ERR_TIMEOUT);
	CHECK(a.pieces > 0);
	stop();
	buf_fini(&text);
	asked_fini(&a);
}

/* ---- leaving ---- */

static bool none_open(void *ctx)
{
	(void)ctx;
	return peer->open == 0;
}

TEST(a_canceled_call_closes_its_socket)
{
	struct asked a = { 0 };

	start(NULL);
	ask(&a, "POST");
	while (peer->requests == 0)
		loop_turn(&loop, true);
	CHECK_INT(peer->open, 1);
	outbound_cancel(&a.call);
	outbound_cancel(&a.call); /* harmless */
	CHECK(test_until_fn(&loop, none_open, NULL));
	CHECK(!a.done);
	stop();
}

TEST(a_stream_is_canceled_by_its_reader)
{
	struct asked a = { .cancel_in_data = true, .call.on_data = on_data };

	start("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	one(&a, "GET");
	CHECK(test_until_fn(&loop, none_open, NULL));
	CHECK_INT(a.dones, 0);
	CHECK_INT(a.pieces, 1);
	stop();
	asked_fini(&a);
}

TEST(a_reader_that_has_enough)
{
	struct asked a = { .cut_after = 3, .call.on_data = on_data };

	start("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	one(&a, "GET");
	CHECK_INT(a.e, ERR_CANCELED);
	CHECK(test_until_fn(&loop, none_open, NULL));
	stop();
	asked_fini(&a);
}

TEST(a_call_is_canceled_before_it_starts_while_it_waits_and_by_another)
{
	struct asked a[12] = { 0 };

	start(NULL);
	ask(&a[0], "GET");
	outbound_cancel(&a[0].call);
	for (int i = 0; i < 12; i++) /* eight slots: four wait */
		ask(&a[i], "GET");
	test_turn(&loop, 20);
	CHECK_INT(peer->requests, 8);
	outbound_cancel(&a[11].call);
	for (int i = 0; i < 10; i++)
		outbound_cancel(&a[i].call);
	answer = HELLO;
	CHECK(test_until(&loop, &a[10].done));
	CHECK_INT(a[10].e, ERR_OK);
	CHECK_INT(outbound_in_flight(out), 0);
	stop();
	asked_fini(&a[10]);
}

TEST(one_call_cancels_another_as_it_ends)
{
	struct asked b = { 0 }, a = { .cancel_in_done = &b.call };

	start(NULL);
	ask(&b, "GET");
	test_turn(&loop, 10);
	answer = HELLO;
	one(&a, "GET");
	test_turn(&loop, 10);
	CHECK_INT(b.dones, 0);
	CHECK_INT(outbound_in_flight(out), 0);
	stop();
	asked_fini(&a);
}

TEST(calls_are_sent_from_on_done)
{
	struct asked a = { .again = true };

	start(HELLO);
	ask(&a, "GET");
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.dones, 2);
	CHECK_INT(a.e, ERR_OK);
	stop();
	asked_fini(&a);
}

TEST(a_kept_connection_that_died_is_replaced)
{
	struct asked a = { 0 }, b = { 0 };

	start(HELLO);
	then_hang_up = true;
	one(&a, "GET");
	test_turn(&loop, 10);
	one(&b, "POST");
	CHECK_INT(b.e, ERR_OK);
	CHECK_INT(peer->accepted, 2);
	stop();
	asked_fini(&a);
	asked_fini(&b);
}

/* ---- TLS ---- */

struct tls_peer {
	int listener;
	SSL_CTX *ctx;
	pthread_t thread;
	bool shook_hands;
};

static void *serve_tls(void *arg)
{
	struct tls_peer *p = arg;
	int fd = accept(p->listener, NULL, NULL);
	SSL *ssl = SSL_new(p->ctx);

	SSL_set_fd(ssl, fd);
	p->shook_hands = SSL_accept(ssl) == 1;
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"127.0.0.1", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	return cert;
}

TEST(a_certificate_nobody_vouches_for_is_refused)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f000001) };
	socklen_t len = sizeof at;
	struct tls_peer p = { .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = self_signed(key);
	struct asked a = { 0 };
	char url[64];

	CHECK_INT(bind(p.listener, (struct sockaddr *)&at, len), 0);
	CHECK_INT(listen(p.listener, 1), 0);
	getsockname(p.listener, (struct sockaddr *)&at, &len);
	p.ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(p.ctx, cert);
	SSL_CTX_use_PrivateKey(p.ctx, key);
	pthread_create(&p.thread, NULL, serve_tls, &p);

	start(HELLO);
	snprintf(url, sizeof url, "https://127.0.0.1:%u", ntohs(at.sin_port));
	a.call.url = url;
	one(&a, "POST");
	CHECK_INT(a.e, ERR_UNAVAILABLE); /* nothing was said to it */
	stop();
	pthread_join(p.thread, NULL);
	CHECK(!p.shook_hands);
	SSL_CTX_free(p.ctx);
	X509_free(cert);
	EVP_PKEY_free(key);
	close(p.listener);
}

/* ---- from a task ---- */

static struct asked task_call;
static enum err task_got;
static bool task_done;

static outcome_t got(struct task *t, enum err e)
{
	task_got = e;
	task_done = true;
	return task_end(t);
}

static outcome_t go(struct task *t, enum err e)
{
	(void)e;
	t->deadline_ms = *(uint64_t *)t->state;
	task_call.call.method = "GET";
	task_call.call.url = peer_url(peer);
	return outbound_run(t, out, &task_call.call, got);
}

static void run(uint64_t deadline_ms)
{
	task_done = false;
	task_call = (struct asked){ 0 };
	task_start(&app, go, &deadline_ms);
	CHECK(test_until(&loop, &task_done));
}

TEST(a_task_waits_for_its_answer)
{
	start(HELLO);
	run(0);
	CHECK_INT(task_got, ERR_OK);
	CHECK_STR(buf_str(&task_call.call.answer), STR("hello"));
	asked_fini(&task_call);
	stop();
}

TEST(a_task_whose_deadline_has_passed_asks_nothing)
{
	start(HELLO);
	run(1);
	CHECK_INT(task_got, ERR_TIMEOUT);
	CHECK_INT(peer->requests, 0);
	stop();
}

static outcome_t leave(struct task *t, enum err e)
{
	outcome_t said = go(t, e);

	task_cancel(t);
	return said;
}

TEST(a_canceled_task_ends_early)
{
	uint64_t never = 0;

	start(NULL);
	task_done = false;
	task_call = (struct asked){ 0 };
	task_start(&app, leave, &never);
	CHECK(test_until(&loop, &task_done));
	CHECK_INT(task_got, ERR_CANCELED);
	stop();
}
