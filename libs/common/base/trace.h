/*
 * trace - W3C trace context, level 2: one trace id for a piece of work wherever it goes.
 *
 * What is given is believed if it is well-formed; its trace goes on, under a span of our
 * own; else a new trace begins. No I/O.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "base/log.h"

#define TRACE_SAMPLED 1
#define TRACE_RANDOM  2 /* the trace id is a random one */

#define TRACEPARENT_SIZE 56

/* Trace id and flags of "00-<32 hex>-<16 hex>-<2 hex>", or of what a later version adds to
 * that; false, and nothing changed, if it is none. The span is left alone. */
bool traceparent_read(struct str traceparent, struct log_context *ctx);
/* Of our own messages (version 00): the trace goes on in a new span. */
bool traceparent_continue(struct str traceparent, struct log_context *ctx);
/* Of the work that ctx belongs to; false (and "") if that has no trace. */
bool traceparent_format(const struct log_context *ctx, char out[TRACEPARENT_SIZE]);

/*
 * One tracestate field, a part of the list that all of them make: is it well-formed? Its
 * members are added to *members, its bytes to *size. More than so many are not passed on:
 * the standard lets a list go, and asks for no more to be kept.
 */
#define TRACESTATE_MEMBERS_MAX 32
#define TRACESTATE_SIZE_MAX    512
bool tracestate_read(struct str value, unsigned *members, size_t *size);

#endif
