#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/redis.h"
#include "tests/lib/free_port.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/turns.h"

static struct loop loop;
static struct redis_server server;
static char cert_path[64], key_path[64];
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

/* A certificate that is its own authority, good for 127.0.0.1 and "localhost.test". */
static void make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(
		NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost.test");
	FILE *f;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"castor test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, names, -1);
	X509_sign(cert, key, EVP_sha256());
	snprintf(cert_path, sizeof cert_path, "/tmp/castor-cert-%d.pem", (int)getpid());
	snprintf(key_path, sizeof key_path, "/tmp/castor-key-%d.pem", (int)getpid());
	f = fopen(cert_path, "w");
	PEM_write_X509(f, cert);
	fclose(f);
	f = fopen(key_path, "w");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_EXTENSION_free(names);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int tls_port;

static void begin(void)
{
	static char port[8];
	static const char *const options[] = { "--tls-port", port, "--tls-cert-file",
		cert_path, "--tls-key-file", key_path, "--tls-auth-clients", "no",
		"--tls-ca-cert-file", cert_path, NULL };

	signal(SIGPIPE, SIG_IGN);
	make_certificate();
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
	unlink(cert_path);
	unlink(key_path);
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
	setenv("SSL_CERT_FILE", cert_path, 1);
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
	setenv("SSL_CERT_FILE", cert_path, 1);
	r = dial("localhost");
	turn_for_ms(&loop, 150);
	CHECK(!redis_is_up(r));
	redis_close(&r, NULL, NULL);
	end();
}
