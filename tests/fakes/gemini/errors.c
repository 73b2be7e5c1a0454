#include "gemini.h"

#include "http/reply.h"
#include "http/server.h"

static const struct {
	int status;
	const char *name, *message;
} errors[] = {
	{ 400, "INVALID_ARGUMENT", "Request contains an invalid argument." },
	{ 401, "UNAUTHENTICATED", "Request had invalid authentication credentials." },
	{ 403, "PERMISSION_DENIED", "The caller does not have permission." },
	{ 404, "NOT_FOUND", "Requested entity was not found." },
	{ 408, "DEADLINE_EXCEEDED", "The request timed out." },
	{ 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)." },
	{ 499, "CANCELLED", "The operation was cancelled." },
	{ 500, "INTERNAL", "An internal error has occurred." },
	{ 501, "UNIMPLEMENTED", "Operation is not implemented or not supported." },
	{ 502, "INTERNAL", "Bad gateway." },
	{ 503, "UNAVAILABLE", "The model is overloaded. Please try again later." },
	{ 504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete." },
};

static size_t error_index(int status)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		if (errors[i].status == status)
			return i;
	}
	return error_index(500);
}

const char *google_message(int status)
{
	return errors[error_index(status)].message;
}

static void write_head(struct json_writer *w, int status, const char *message)
{
	json_object(w, NULL);
	json_object(w, "error");
	json_put_i64(w, "code", status);
	json_put_z(w, "message", message);
	json_put_z(w, "status", errors[error_index(status)].name);
}

static void write_tail(struct json_writer *w)
{
	json_end(w);
	json_end(w);
}

void google_error_write(struct buf *out, int status, const char *message)
{
	struct json_writer w = json_writer(out);

	write_head(&w, status, message);
	write_tail(&w);
}

outcome_t google_error(struct task *t, int status, const char *message)
{
	struct gemini *g = t->app->self;
	struct json_writer *w = reply_body(t);

	g->stats.errors++;
	write_head(w, status, message);
	write_tail(w);
	return reply_json(t, status);
}

static void write_violation(struct json_writer *w, const struct google_quota *q)
{
	json_object(w, NULL);
	json_put_z(w, "@type", "type.googleapis.com/google.rpc.QuotaFailure");
	json_array(w, "violations");
	json_object(w, NULL);
	json_put_z(w, "quotaMetric",
		"generativelanguage.googleapis.com/generate_content_free_tier_requests");
	json_put_z(w, "quotaId",
		q->per_day ? "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
			   : "GenerateRequestsPerMinutePerProjectPerModel-FreeTier");
	json_object(w, "quotaDimensions");
	json_put_z(w, "location", "global");
	json_end(w);
	json_put_z(w, "quotaValue", "20"); /* an int64, so a string */
	json_end(w);
	json_end(w);
	json_end(w);
}

outcome_t google_quota_error(struct task *t, const struct google_quota *q)
{
	struct gemini *g = t->app->self;
	struct json_writer *w = reply_body(t);

	g->stats.errors++;
	write_head(w, 429,
		"You exceeded your current quota, please check your plan and "
		"billing details.");
	json_array(w, "details");
	write_violation(w, q);
	if (q->retry_s >= 0) {
		json_object(w, NULL);
		json_put_z(w, "@type", "type.googleapis.com/google.rpc.RetryInfo");
		json_put_str(w, "retryDelay",
			arena_fmt(&t->arena, "%llds", (long long)q->retry_s));
		json_end(w);
	}
	json_end(w);
	write_tail(w);
	return reply_json(t, 429);
}

bool key_ok(struct task *t, outcome_t *o)
{
	const struct http_request *r = http_req(t);
	struct str key = http_header(r, STR("x-goog-api-key"));

	if (key.len == 0) {
		*o = google_error(t, 403,
			"Method doesn't allow unregistered callers (callers without "
			"established identity). Please use API Key or other form of API "
			"consumer identity to call this API.");
		return false;
	}
	if (http_header(r, STR("authorization")).ptr) {
		*o = google_error(t, 400, "Multiple authentication credentials received.");
		return false;
	}
	return true;
}
