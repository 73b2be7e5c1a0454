#include "http/http.h"

const char *http_method_name(enum http_method m)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH",
		"DELETE", "OPTIONS" };

	return m < HTTP_M_COUNT ? names[m] : "other";
}

// clang-format off
const char *http_status_text(int status)
{
	switch (status) {
	case 100: return "Continue";
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 204: return "No Content";
	case 206: return "Partial Content";
	case 301: return "Moved Permanently";
	case 302: return "Found";
	case 303: return "See Other";
	case 304: return "Not Modified";
	case 307: return "Temporary Redirect";
	case 308: return "Permanent Redirect";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 402: return "Payment Required";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 406: return "Not Acceptable";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 410: return "Gone";
	case 411: return "Length Required";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 415: return "Unsupported Media Type";
	case 417: return "Expectation Failed";
	case 421: return "Misdirected Request";
	case 422: return "Unprocessable Content";
	case 425: return "Too Early";
	case 426: return "Upgrade Required";
	case 428: return "Precondition Required";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 451: return "Unavailable For Legal Reasons";
	case 499: return "Client Closed Request";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	case 529: return "Site Is Overloaded";
	}
	return "";
}
// clang-format on

struct str http_header(const struct http_request *r, struct str name)
{
	for (size_t i = 0; i < r->header_count; i++) {
		const struct http_header *h = &r->headers[i];

		if (h->name.len == name.len && str_eq_nocase(h->name, name))
			return h->value;
	}
	return STR_NONE;
}

bool http_is_hop_by_hop(struct str name)
{
	static const struct str names[] = { STR("TE"), STR("Trailer"), STR("Upgrade"),
		STR("Connection"), STR("Keep-Alive"), STR("Transfer-Encoding") };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (name.len == names[i].len && str_eq_nocase(name, names[i]))
			return true;
	}
	return name.len > 6 && str_eq_nocase(str_span(name.ptr, 6), STR("Proxy-"));
}

bool http_is_event_stream(struct str content_type)
{
	static const struct str events = STR("text/event-stream");

	return content_type.len >= events.len &&
	       str_eq_nocase(str_span(content_type.ptr, events.len), events);
}

/* The seconds of the first "wait=" in one Prefer field; 0: none. */
static uint64_t wait_of(struct str value)
{
	static const struct str wait = { "wait=", 5 };
	struct str one;
	uint64_t s;

	while (str_cut(&value, ',', &one)) {
		one = str_trim(one);
		if (one.len > wait.len &&
			str_eq_nocase(str_span(one.ptr, wait.len), wait) &&
			str_u64(str_from(one, wait.len), &s))
			return s;
	}
	return 0;
}

uint64_t http_prefers_wait_ms(const struct http_request *r)
{
	uint64_t s = 0;

	for (size_t i = 0; s == 0 && i < r->header_count; i++) {
		if (str_eq_nocase(r->headers[i].name, STR("Prefer")))
			s = wait_of(r->headers[i].value);
	}
	return 1000 * (s < PREFERS_WAIT_MAX_S ? s : PREFERS_WAIT_MAX_S);
}
