#include "address.h"

#include <arpa/inet.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
static const struct str local = { "unix", 4 }; /* what the server calls such a peer */

bool address_parse(struct str text, uint8_t out[16])
{
	char z[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof z)
		return false;
	memcpy(z, text.ptr, text.len);
	z[text.len] = '\0';
	if (inet_pton(AF_INET6, z, out) == 1)
		return true;
	memcpy(out, mapped, sizeof mapped);
	return inet_pton(AF_INET, z, out + 12) == 1;
}

static bool parse_one(struct str text, struct network *out)
{
	size_t slash = str_find(text, '/');
	bool is_v4 = str_find(str_span(text.ptr, slash), ':') == slash;
	uint64_t bits = is_v4 ? 32 : 128;

	if (!address_parse(str_span(text.ptr, slash), out->bytes))
		return false;
	if (slash < text.len &&
		(!str_u64(str_from(text, slash + 1), &bits) || bits > (is_v4 ? 32u : 128u)))
		return false;
	out->bits = (unsigned)bits + (is_v4 ? 96 : 0);
	return true;
}

bool networks_parse(const char *text, struct networks *out)
{
	struct str rest = str_of(text), one;

	*out = (struct networks){ 0 };
	while (text && *text && str_cut(&rest, ',', &one)) {
		if (str_eq(str_trim(one), local)) {
			out->local = true;
			continue;
		}
		if (out->count == NETWORKS_MAX ||
			!parse_one(str_trim(one), &out->list[out->count]))
			return false;
		out->count++;
	}
	return true;
}

static bool network_holds(const struct network *n, const uint8_t address[16])
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->bytes, address, whole) != 0)
		return false;
	return rest == 0 || (n->bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool networks_hold(const struct networks *n, struct str address)
{
	uint8_t bytes[16];

	if (str_eq(address, local))
		return n->local;
	if (n->count == 0 || !address_parse(address, bytes))
		return false;
	for (size_t i = 0; i < n->count; i++) {
		if (network_holds(&n->list[i], bytes))
			return true;
	}
	return false;
}

/* A dual-stack socket calls IPv4 clients ::ffff:a.b.c.d. */
static struct str unmapped(struct str address)
{
	return str_starts(address, STR("::ffff:")) && str_find(address, '.') < address.len
		       ? str_from(address, 7)
		       : address;
}

/* The part after the last comma; *list keeps what was before it. */
static struct str cut_last(struct str *list)
{
	size_t from = list->len;
	struct str last;

	while (from > 0 && list->ptr[from - 1] != ',')
		from--;
	last = str_trim(str_span(list->ptr + from, list->len - from));
	list->len = from > 0 ? from - 1 : 0;
	return last;
}

/* Several fields of the name are one list (RFC 9110 5.3). */
static struct str forwarded_for(const struct http_request *r, struct arena *a)
{
	struct str all = STR_NONE;

	for (size_t i = 0; i < r->header_count; i++) {
		const struct http_header *h = &r->headers[i];

		if (!str_eq_nocase(h->name, STR("X-Forwarded-For")))
			continue;
		all = all.len ? arena_fmt(a, "%.*s,%.*s", STR_ARG(all), STR_ARG(h->value))
			      : h->value;
	}
	return all;
}

struct str address_of_client(
	const struct networks *trusted, const struct http_request *r, struct arena *a)
{
	struct str address = unmapped(r->peer), list, before;
	uint8_t ignored[16];

	if (!networks_hold(trusted, address))
		return address;
	list = forwarded_for(r, a);
	while (list.len && networks_hold(trusted, address)) {
		before = unmapped(cut_last(&list));
		if (!address_parse(before, ignored))
			break;
		address = before;
	}
	return address;
}
