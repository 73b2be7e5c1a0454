#include <stdio.h>

#include "stripe.h"

static void portal_write(
	struct json_writer *w, const struct stripe *s, const struct portal *p)
{
	char url[512];

	snprintf(url, sizeof url, "%s/portal/%s", s->public_url, p->o.id);
	json_object(w, NULL);
	json_put_z(w, "id", p->o.id);
	json_put_z(w, "object", "billing_portal.session");
	json_put_i64(w, "created", p->o.created);
	put_id(w, "customer", &p->customer->o);
	json_put_bool(w, "livemode", p->o.livemode);
	put_text(w, "return_url", p->return_url);
	json_put_z(w, "url", url);
	json_end(w);
}

static void portal_create(struct api *a)
{
	struct portal *p = arena_new(&a->s->arena, struct portal);
	struct str id = api_required(a, "customer");

	p->return_url = api_keep(a, api_str(a, "return_url"));
	p->customer = id.ptr ? shelf_find(&a->s->customers, id) : NULL;
	if (id.ptr && (!p->customer || p->customer->deleted))
		api_missing(a, "customer", "customer", id);
	if (p->return_url.ptr && !url_is_sound(p->return_url))
		api_fail(a, 400, "url_invalid", "return_url", "Not a valid URL");
	if (!api_ready(a))
		return;
	shelf_add(&a->s->portals, &p->o, a->s->control.livemode);
	portal_write(&a->w, a->s, p);
}

outcome_t portals_post(struct task *t)
{
	return api_call(t, portal_create);
}
