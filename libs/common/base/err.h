/*
 * err - the one closed list of ways an operation can end.
 *
 * errno, libpq, hiredis and curl codes are translated into it beside the call that made
 * them; http/reply.c alone turns it into an HTTP status. Results go to out-parameters,
 * which are set only on ERR_OK.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	ERR_OK = 0,
	ERR_NOT_FOUND, /* no such thing, or not the caller's: never told apart */
	ERR_INVALID,   /* the input is wrong and stays wrong when repeated */
	ERR_DENIED,    /* known who, or claimed who, and refused */
	ERR_CONFLICT, /* true only if something else were not: exists already, stale version
		       */
	ERR_BUSY,     /* a bound was reached; the same call may work later */
	ERR_TIMEOUT,  /* the deadline passed and nothing was changed */
	ERR_UNAVAILABLE, /* the other side cannot be reached; nothing was changed */
	ERR_CANCELED,    /* whoever asked has left */
	ERR_UNSURE,      /* a write was sent and its fate is unknown: repeat by key, never
			    blindly */
	ERR_INTERNAL,    /* our defect, or an answer that makes no sense */
};

/* A lasting lower-case name ("not-found"), for logs and metrics. Never NULL. */
const char *err_name(enum err e);

#endif
