/* A code to its number, by whoever OTP_WEBHOOK_URL stands for. The answer to the caller is
 * given already: what becomes of the message is for the log and the metrics to say. */
#include <stdlib.h>

#include "auth.h"
#include "json/write.h"

struct delivery {
	struct list link; /* in auth->deliveries */
	struct task *task;
	struct outbound_call call;
	const char *headers[3];
	struct buf body, bearer;
};

static outcome_t delivered(struct task *t, enum err e)
{
	struct delivery *d = t->state;

	if (e != ERR_OK || d->call.status / 100 != 2) {
		(*auth_of(t)->count.codes_undelivered)++;
		log_warn("otp-undelivered", L_ERR(e), L_INT("status", d->call.status));
	}
	list_del(&d->link);
	buf_fini(&d->call.answer);
	buf_wipe(&d->body);
	buf_wipe(&d->bearer);
	free(d);
	return task_end(t);
}

static outcome_t deliver(struct task *t, enum err e)
{
	struct delivery *d = t->state;
	struct outbound *out = auth_of(t)->outbound;

	d->task = t;
	if (e != ERR_OK || !out)
		return delivered(t, ERR_CANCELED);
	return outbound_run(t, out, &d->call, delivered);
}

void deliveries_cancel(struct auth *auth)
{
	LIST_EACH (&auth->deliveries, link) {
		struct delivery *d = container_of(link, struct delivery, link);

		if (d->task)
			task_cancel(d->task);
	}
}

static void write_body(struct buf *out, struct str mobile, struct str code)
{
	struct json_writer w = json_writer(out);

	json_object(&w, NULL);
	json_put_str(&w, "mobile", mobile);
	json_put_str(&w, "code", code);
	json_put_i64(&w, "expires_in", OTP_LIFE_S);
	json_end(&w);
}

void deliver_code(struct app *app, struct str mobile, struct str code)
{
	struct auth *auth = app->self;
	struct delivery *d = calloc(1, sizeof *d);

	if (!d)
		abort();
	write_body(&d->body, mobile, code);
	d->headers[0] = "Content-Type: application/json";
	if (auth->otp_webhook_token) {
		buf_addf(&d->bearer, "Authorization: Bearer %s", auth->otp_webhook_token);
		d->headers[1] = buf_cstr(&d->bearer);
	}
	d->call = (struct outbound_call){ .method = "POST",
		.url = auth->otp_webhook_url,
		.headers = d->headers,
		.body = buf_str(&d->body),
		.first_byte_ms = 10000,
		.total_ms = 15000,
		.body_max = 64 << 10 };
	list_push(&auth->deliveries, &d->link);
	task_start(app, deliver, d);
}
