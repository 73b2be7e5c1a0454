/*
 * pages - what a customer sees: /pay/{session} with a Pay button, and /portal/{session}
 * with the buttons that cancel a subscription. Plain HTML; the answers to the buttons are
 * redirects.
 */
#include "http/reply.h"
#include "http/server.h"
#include "stripe.h"

#define HEAD                                                                               \
	"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Stripe "        \
	"simulator"                                                                        \
	"</title>\n<meta name=\"viewport\" "                                               \
	"content=\"width=device-width\">\n<style>body{font:"                               \
	"16px system-ui;max-width:26em;margin:4em auto;padding:0 1em}button{font:inherit;" \
	"padding:.6em 1.4em;margin:.4em 0}small{color:#666}</style>\n<p><small>Stripe "    \
	"simulator: no money moves here.</small></p>\n"

static void put_html(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
			buf_addf(out, "&#%d;", c);
		else
			buf_add_char(out, c);
	}
}

static void put_link(struct buf *out, struct str url, const char *text)
{
	if (!url.len)
		return;
	buf_add_str(out, STR("<p><a href=\""));
	put_html(out, url);
	buf_addf(out, "\">%s</a></p>\n", text);
}

/* Buttons redirect to other origins, so the policy leaves form targets open. */
static outcome_t reply_page(struct task *t, int status, const struct buf *html)
{
	reply_header(t, STR("Content-Security-Policy"),
		STR("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"));
	return reply_bytes(t, status, STR("text/html; charset=utf-8"), buf_str(html));
}

static struct buf *page_begin(struct stripe *s)
{
	buf_clear(&s->scratch);
	buf_add_str(&s->scratch, STR(HEAD));
	return &s->scratch;
}

static outcome_t reply_no_page(struct task *t)
{
	struct buf *b = page_begin(t->app->self);

	buf_add_str(b, STR("<h1>There is no such page</h1>\n"));
	return reply_page(t, 404, b);
}

static outcome_t redirect(struct task *t, struct str to)
{
	reply_header(t, STR("Location"), to);
	return reply_empty(t, 303);
}

/* ---- checkout ---- */

static void put_price(struct buf *b, int64_t quantity)
{
	int64_t minor = PRICE_MINOR * quantity;

	buf_addf(b, "<p>Castor Pro: <b>$%lld.%02lld</b> a month</p>\n",
		(long long)minor / 100, (long long)minor % 100);
}

static struct session *session_of(struct task *t)
{
	struct stripe *s = t->app->self;
	struct session *c = shelf_find(&s->sessions, http_req(t)->param[0]);

	if (c)
		session_age(s, c);
	return c;
}

outcome_t pay_page(struct task *t)
{
	struct session *c = session_of(t);
	struct buf *b;

	if (!c)
		return reply_no_page(t);
	b = page_begin(t->app->self);
	if (c->status == SESSION_OPEN) {
		buf_add_str(b, STR("<h1>Checkout</h1>\n"));
		put_price(b, c->quantity);
		buf_addf(b,
			"<form method=\"post\" action=\"/pay/%s\"><button>Pay</button>"
			"</form>\n",
			c->o.id);
		put_link(b, c->cancel_url, "Cancel");
	} else {
		buf_add_str(b, c->status == SESSION_COMPLETE ? STR("<h1>Paid</h1>\n")
							     : STR("<h1>Expired</h1>\n"));
		put_link(b, c->cancel_url, "Back");
	}
	return reply_page(t, 200, b);
}

/* success_url with {CHECKOUT_SESSION_ID} filled in. */
static struct str success_url(struct task *t, const struct session *c)
{
	static const char hole[] = "{CHECKOUT_SESSION_ID}";
	struct str url = c->success_url;
	const char *at = memmem(url.ptr, url.len, hole, sizeof hole - 1);
	struct str rest;

	if (!at)
		return url;
	rest = str_from(url, (size_t)(at - url.ptr) + sizeof hole - 1);
	return arena_fmt(&t->arena, "%.*s%s%.*s", (int)(at - url.ptr), url.ptr, c->o.id,
		STR_ARG(rest));
}

outcome_t pay_post(struct task *t)
{
	struct session *c = session_of(t);

	if (!c)
		return reply_no_page(t);
	if (c->status == SESSION_EXPIRED)
		return pay_page(t);
	if (c->status == SESSION_OPEN)
		session_pay(t->app->self, c);
	return redirect(t, success_url(t, c));
}

/* ---- portal ---- */

static void put_subscription(
	struct buf *b, const struct portal *p, const struct subscription *u)
{
	buf_addf(b, "<p>Castor Pro: <b>%.*s</b>%s</p>\n", STR_ARG(u->status),
		u->cancel_at_period_end ? ", until the end of the period" : "");
	if (u->ended_at)
		return;
	buf_addf(b, "<form method=\"post\" action=\"/portal/%s/cancel/%s\">\n", p->o.id,
		u->o.id);
	if (!u->cancel_at_period_end)
		buf_add_str(b,
			STR("<button name=\"when\" value=\"period_end\">Cancel subscription"
			    "</button>\n"));
	buf_add_str(b, STR("<button name=\"when\" value=\"now\">Cancel at "
			   "once</button></form>\n"));
}

static struct portal *portal_of(struct task *t)
{
	struct stripe *s = t->app->self;

	return shelf_find(&s->portals, http_req(t)->param[0]);
}

outcome_t portal_page(struct task *t)
{
	struct stripe *s = t->app->self;
	struct portal *p = portal_of(t);
	struct buf *b;

	if (!p)
		return reply_no_page(t);
	b = page_begin(s);
	buf_add_str(b, STR("<h1>Your subscriptions</h1>\n"));
	LIST_EACH (&s->subscriptions.newest, it) {
		struct subscription *u = container_of(it, struct subscription, o.link);

		if (u->customer == p->customer)
			put_subscription(b, p, u);
	}
	put_link(b, p->return_url, "Back");
	return reply_page(t, 200, b);
}

/* POST /portal/{session}/cancel/{subscription}: when=now or when=period_end */
outcome_t portal_cancel(struct task *t)
{
	struct stripe *s = t->app->self;
	struct portal *p = portal_of(t);
	struct subscription *u = shelf_find(&s->subscriptions, http_req(t)->param[1]);

	if (!p || !u || u->customer != p->customer)
		return reply_no_page(t);
	if (!u->ended_at && str_eq(http_req(t)->body, STR("when=now"))) {
		subscription_end(s, u, NULL);
	} else if (!u->ended_at && !u->cancel_at_period_end) {
		u->cancel_at_period_end = true;
		event_of_subscription(s, "customer.subscription.updated", u, NULL);
	}
	return redirect(t, arena_fmt(&t->arena, "/portal/%s", p->o.id));
}
