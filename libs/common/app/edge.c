#include "app/edge.h"

#include <openssl/crypto.h>
#include <sched.h>
#include <sys/resource.h>

#include "app/app.h"
#include "app/master.h"
#include "http/head.h"
#include "http/server.h"
#include "http/tls_context.h"
#include "secure/secret.h"

#define TICKET_SECRET_MIN 32 /* bytes */

#define AT(member) offsetof(struct edge, member)

#define HANG_LEAST_MS 3000 /* workers tell once a second that they turn */

const struct setting edge_settings[] = {
	{ "GATEWAY_WORKERS", SETTING_INT, AT(workers), "0",
		"processes that serve; 0: one per processor", 0, WORKERS_MAX },
	{ "GATEWAY_RETIRE_MS", SETTING_INT, AT(retire_ms), "600000",
		"how long a replaced worker may go on with its streams", 0, 86400000 },
	{ "GATEWAY_WORKER_HANG_MS", SETTING_INT, AT(hang_ms), "10000",
		"a worker that does not turn for so long is replaced; 0: never", 0,
		3600000 },
	{ "GATEWAY_CONNECTIONS", SETTING_INT, AT(connections), "10000",
		"at once, of all workers together; more are closed", 1, 10000000 },
	{ "GATEWAY_ADDRESS_CONNECTIONS", SETTING_INT, AT(per_address), "-1",
		"at once from one address; 0: no limit; -1: 100 in production, else none",
		-1, 1000000 },
	{ "GATEWAY_ADDRESS_CONNECTS", SETTING_INT, AT(per_address_rate), "-1",
		"new ones a second from one address; 0: no limit; -1: 50 in production, "
		"else none",
		-1, 1000000 },
	{ "GATEWAY_LINE_BYTES", SETTING_INT, AT(line_bytes), "8192",
		"of a request's first line, and of each header field", 256, HEAD_LINE_MAX },
	{ "GATEWAY_HEAD_BYTES", SETTING_INT, AT(head_bytes), "32768",
		"of a request's whole head", 1024, HEAD_MAX },
	{ "GATEWAY_HEAD_FIELDS", SETTING_INT, AT(head_fields), "100", "in it", 10,
		HEAD_FIELDS_MAX },
	{ "GATEWAY_HEAD_MS", SETTING_INT, AT(head_ms), "10000",
		"first byte to last byte of a request's head", 10, 600000 },
	{ "GATEWAY_BODY_MS", SETTING_INT, AT(body_ms), "60000",
		"a whole body; after 5 s it must keep GATEWAY_PACE_BYTES", 10, 600000 },
	{ "GATEWAY_IDLE_MS", SETTING_INT, AT(idle_ms), "60000",
		"a connection without a request", 10, 3600000 },
	{ "GATEWAY_WRITE_MS", SETTING_INT, AT(write_ms), "30000",
		"answers that the client takes slower than GATEWAY_PACE_BYTES", 10,
		600000 },
	{ "GATEWAY_PACE_BYTES", SETTING_INT, AT(pace_bytes), "1024",
		"a second, on average: the least that a client must send or take", 1,
		1 << 20 },
	{ "GATEWAY_WRITE_BUFFER_KB", SETTING_INT, AT(write_buffer_kb), "256",
		"of answers that a client has not taken; a quarter of it stops the service",
		128, 65536 },
	{ "GATEWAY_CONNECTION_REQUESTS", SETTING_INT, AT(requests), "10000",
		"on one connection", 1, 1000000000 },
	{ "GATEWAY_MEMORY_MB", SETTING_INT, AT(memory_mb), "64",
		"of requests that are not answered yet, and of answers that are not taken, "
		"each, per worker",
		1, 65536 },
	{ "GATEWAY_TLS_LISTEN", SETTING_ADDR, AT(tls_listen), "",
		"where requests are served by TLS; none: nowhere" },
	{ "GATEWAY_TLS_CERT", SETTING_STR, AT(tls_certificates), "",
		"PEM file, the chain behind the certificate; several: a.pem,b.pem" },
	{ "GATEWAY_TLS_KEY", SETTING_STR, AT(tls_keys), "",
		"PEM files of their keys, in the same order" },
	{ "GATEWAY_TICKET_SECRET", SETTING_SECRET, AT(ticket_secret), "",
		"the same for all gateways, so that TLS 1.3 is resumed with any of them; "
		"none: from SECRET_KEY, or each its own" },
	{ "GATEWAY_HANDSHAKE_MS", SETTING_INT, AT(handshake_ms), "10000", "of TLS", 10,
		600000 },
	{ "GATEWAY_HSTS_S", SETTING_INT, AT(hsts_s), "63072000",
		"Strict-Transport-Security of answers by TLS; 0: none", 0, 1000000000 },
	{ 0 },
};

static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static void default_to(int64_t *setting, bool production, int64_t in_production)
{
	if (*setting < 0)
		*setting = production ? in_production : 0;
}

void edge_check(struct app *app, struct buf *problems)
{
	struct edge *e = &app->edge;

	if (e->workers == 0)
		e->workers = processors();
	if (e->hang_ms && e->hang_ms < HANG_LEAST_MS)
		buf_addf(problems, "GATEWAY_WORKER_HANG_MS: 0, or at least %d\n",
			HANG_LEAST_MS);
	default_to(&e->per_address, app->set.production, 100);
	default_to(&e->per_address_rate, app->set.production, 50);
	if (e->ticket_secret && strlen(e->ticket_secret) < TICKET_SECRET_MIN)
		buf_addf(problems, "GATEWAY_TICKET_SECRET: must have at least %d bytes\n",
			TICKET_SECRET_MIN);
	if (!e->tls_listen)
		return;
	if (e->tls_certificates && e->tls_keys)
		e->tls = tls_context_new(e->tls_certificates, e->tls_keys, problems);
	else
		buf_addf(problems,
			"GATEWAY_TLS_LISTEN: needs GATEWAY_TLS_CERT and "
			"GATEWAY_TLS_KEY\n");
}

void edge_share_tickets(const struct app *app, struct ticket_ring *ring)
{
	const char *from = app->edge.ticket_secret ? app->edge.ticket_secret
						   : app->set.secret_key;
	uint8_t secret[32];

	if (from)
		secret_derive(str_of(from), "tls-tickets", secret);
	tickets_share(ring, from ? secret : NULL);
	OPENSSL_cleanse(secret, sizeof secret);
}

void edge_fini(struct edge *e)
{
	tls_context_free(&e->tls);
}

/* Descriptors are given out from the lowest on: the last eighth is kept for what clients
 * need inside, connections to services and Redis. */
static unsigned descriptors_for_clients(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) != 0 || most.rlim_cur > INT32_MAX)
		return 0;
	return (unsigned)(most.rlim_cur - most.rlim_cur / 8);
}

void edge_options(const struct app *app, struct http_server_options *o)
{
	const struct edge *e = &app->edge;

	o->hands_streams_over = true;
	o->descriptors_max = descriptors_for_clients();
	o->connections_max = (unsigned)e->connections;
	o->crowd = app->seat ? app->seat->crowd : NULL;
	o->seat = app->seat ? app->seat->slot : 0;
	o->per_address_max = (unsigned)e->per_address;
	o->per_address_rate = (unsigned)e->per_address_rate;
	o->is_proxy = app->spec->is_proxy;
	o->memory_max = (size_t)e->memory_mb << 20;
	o->waiting_max = (size_t)e->write_buffer_kb << 10;
	o->head = (struct head_limits){ .line = (size_t)e->line_bytes,
		.head = (size_t)e->head_bytes,
		.fields = (unsigned)e->head_fields };
	o->pace_bytes = (unsigned)e->pace_bytes;
	o->handshake_ms = (unsigned)e->handshake_ms;
	o->head_ms = (unsigned)e->head_ms;
	o->body_ms = (unsigned)e->body_ms;
	o->idle_ms = (unsigned)e->idle_ms;
	o->write_ms = (unsigned)e->write_ms;
	o->requests_max = (unsigned)e->requests;
}
