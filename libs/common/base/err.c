#include "base/err.h"

const char *err_name(enum err e)
{
	switch (e) {
	case ERR_OK:
		return "ok";
	case ERR_NOT_FOUND:
		return "not-found";
	case ERR_INVALID:
		return "invalid";
	case ERR_DENIED:
		return "denied";
	case ERR_CONFLICT:
		return "conflict";
	case ERR_BUSY:
		return "busy";
	case ERR_TIMEOUT:
		return "timeout";
	case ERR_UNAVAILABLE:
		return "unavailable";
	case ERR_CANCELED:
		return "canceled";
	case ERR_UNSURE:
		return "unsure";
	case ERR_INTERNAL:
		return "internal";
	}
	return "unknown";
}
