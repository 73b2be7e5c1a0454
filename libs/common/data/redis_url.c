#include "data/redis_url.h"

#include "data/here.h"
#include "data/redis.h"

#define PATH_MAX_BYTES 107 /* sun_path and its zero */
#define DB_MAX         65535

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding, for passwords with '@' or '/' in them. Zero bytes are refused. */
static bool decode(struct arena *a, struct str in, struct str *out)
{
	char *bytes = arena_bytes(a, in.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (c == '%') {
			if (i + 2 >= in.len)
				return false;
			int high = hex_digit(in.ptr[i + 1]), low = hex_digit(in.ptr[i + 2]);

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0')
			return false;
		bytes[n++] = c;
	}
	bytes[n] = '\0';
	*out = str_span(bytes, n);
	return true;
}

static const char *parse_db(struct str digits, struct redis_url *out)
{
	uint64_t n = 0;

	if (digits.len && (!str_u64(digits, &n) || n > DB_MAX))
		return "the database after the last '/' (or db=) must be a number";
	out->db = (unsigned)n;
	return NULL;
}

/* [user[:password]@]: a lone password is written ":password@". */
static const char *parse_login(struct arena *a, struct str *rest, struct redis_url *out)
{
	size_t at = rest->len;
	struct str user, password = STR_NONE;

	while (at > 0 && rest->ptr[at - 1] != '@')
		at--;
	if (at == 0)
		return NULL;
	password = str_span(rest->ptr, at - 1);
	*rest = str_from(*rest, at);
	if (!str_cut(&password, ':', &user))
		return NULL;
	if (!password.ptr)
		return "a user needs a password: user:password@host";
	if (!decode(a, user, &out->user) || !decode(a, password, &out->password))
		return "user or password is not well percent-encoded";
	return NULL;
}

/* host, host:port, [v6] or [v6]:port */
static const char *parse_place(struct arena *a, struct str rest, struct redis_url *out)
{
	struct str host = rest, port = STR_NONE;
	uint64_t n = 6379;

	if (rest.len && rest.ptr[0] == '[') {
		size_t close = str_find(rest, ']');

		if (close == rest.len)
			return "an address that opens with '[' must close with ']'";
		host = str_span(rest.ptr + 1, close - 1);
		port = str_from(rest, close + 1);
		if (port.len && port.ptr[0] != ':')
			return "after ']' only :port may follow";
	} else {
		host.len = str_find(rest, ':');
		port = str_from(rest, host.len);
	}
	if (host.len == 0 || host.len > 255)
		return "the host is missing (or too long)";
	if (port.len && (!str_u64(str_from(port, 1), &n) || n == 0 || n > 65535))
		return "the port must be a number from 1 to 65535";
	out->host = arena_cstr(a, host);
	out->port = (unsigned)n;
	return NULL;
}

static const char *parse_unix(struct arena *a, struct str rest, struct redis_url *out)
{
	struct str path = STR_NONE, decoded, query;

	if (!str_cut(&rest, '?', &path) || path.len == 0 || path.ptr[0] != '/')
		return "a Unix socket is written unix:///path/to/socket";
	if (!decode(a, path, &decoded) || decoded.len > PATH_MAX_BYTES)
		return "the path of the Unix socket is malformed or too long";
	out->path = decoded.ptr;
	query = rest;
	if (!query.ptr)
		return NULL;
	if (!str_starts(query, STR("db=")))
		return "after '?' only db=number is understood";
	return parse_db(str_from(query, 3), out);
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	}
	return true;
}

const char *redis_url_parse(struct arena *a, struct str url, struct redis_url *out)
{
	struct str rest, authority;
	const char *why;

	*out = (struct redis_url){ 0 };
	if (!is_printable(url))
		return "spaces and other than plain ASCII must be percent-encoded";
	if (str_starts(url, STR("unix://")))
		return parse_unix(a, str_from(url, 7), out);
	if (str_starts(url, STR("rediss://")))
		out->tls = true;
	else if (!str_starts(url, STR("redis://")))
		return "must begin with redis://, rediss:// or unix://";
	rest = str_from(url, out->tls ? 9 : 8);
	if (!str_cut(&rest, '/', &authority))
		return "the host is missing (or too long)";
	why = parse_login(a, &authority, out);
	if (!why)
		why = parse_place(a, authority, out);
	return why ? why : parse_db(rest, out);
}

const char *redis_url_problem(const char *url)
{
	struct arena a;
	struct redis_url ignored;
	const char *why;

	arena_init(&a);
	a.secret = true;
	why = redis_url_parse(&a, str_of(url), &ignored);
	arena_fini(&a);
	return why;
}

bool redis_url_is_safe(const char *url)
{
	struct arena a;
	struct redis_url u;
	bool safe;

	arena_init(&a);
	a.secret = true;
	safe = !redis_url_parse(&a, str_of(url), &u) &&
	       (u.tls || u.path || host_is_here(str_of(u.host)));
	arena_fini(&a);
	return safe;
}
