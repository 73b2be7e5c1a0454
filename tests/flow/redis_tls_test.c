#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/redis.h"
#include "tests/lib/certificate.h"
#include "tests/lib/free_port.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/turns.h"

static struct loop loop;
static struct redis_server server;
static struct certificate pair;
static int ended;
static enum err last;

static void note(void *ctx, enum err e, const struct redis_value *v)
{
	size_t *len = ctx;

	if (v)
		*len = v->s.len;
	last = e;
	ended++;
}

static int tls_port;

static void begin(void)
{
	static char port[8];
	static const char *const options[] = { "--tls-port", port, "--tls-cert-file",
		pair.certificate, "--tls-key-file", pair.key, "--tls-auth-clients", "no",
		"--tls-ca-cert-file", pair.certificate, NULL };

	signal(SIGPIPE, SIG_IGN);
	certificate_make(&pair, "IP:127.0.0.1,DNS:localhost.test");
	tls_port = free_port();
	snprintf(port, sizeof port, "%d", tls_port & 0xffff);
	loop_init(&loop);
	redis_server_start(&server, options);
	ended = 0;
}

static void end(void)
{
	loop_run(&loop);
	loop_fini(&loop);
	redis_server_stop(&server);
	unsetenv("SSL_CERT_FILE");
	unlink(pair.certificate);
	unlink(pair.key);
}

static struct redis *dial(const char *host)
{
	char url[80];

	snprintf(url, sizeof url, "rediss://%s:%d", host, tls_port);
	return redis_open(&loop, url, "tls");
}

TEST(commands_go_over_tls)
{
	static char large[3 << 20];
	struct redis *r;
	size_t len = 0;

	begin();
	setenv("SSL_CERT_FILE", pair.certificate, 1);
	r = dial("127.0.0.1");
	TURN_UNTIL(&loop, redis_is_up(r));
	for (int i = 0; i < 1000; i++)
		redis_send(r, &REDIS_CMD(STR("INCR"), STR("n")), note, &len);
	redis_send(r, &REDIS_CMD(STR("SET"), STR("k"), str_span(large, sizeof large)), note,
		&len);
	redis_send(r, &REDIS_CMD(STR("GET"), STR("k")), note, &len);
	TURN_UNTIL(&loop, ended == 1002);
	CHECK_INT(last, ERR_OK);
	CHECK_INT(len, sizeof large);
	redis_server_kill(&server);
	TURN_UNTIL(&loop, !redis_is_up(r));
	redis_server_restart(&server);
	TURN_UNTIL(&loop, redis_is_up(r));
	redis_close(&r, NULL, NULL);
	end();
}

TEST(unknown_authority_or_other_name_is_refused)
{
	struct redis *r;

	begin();
	r = dial("127.0.0.1");
	turn_for_ms(&loop, 150);
	CHECK(!redis_is_up(r));
	redis_close(&r, NULL, NULL);
	setenv("SSL_CERT_FILE", pair.certificate, 1);
	r = dial("localhost");
	turn_for_ms(&loop, 150);
	CHECK(!redis_is_up(r));
	redis_close(&r, NULL, NULL);
	end();
}
