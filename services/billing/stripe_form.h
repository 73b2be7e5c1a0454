/*
 * stripe_form - the body of a call to Stripe: application/x-www-form-urlencoded with
 * bracket keys.
 *
 * Use:  form_put(&b, "line_items[0][price]", price); one after the other; send b.
 * Keys are our own constants; values are anything and come out percent-encoded.
 */
#ifndef BILLING_STRIPE_FORM_H
#define BILLING_STRIPE_FORM_H

#include "base/buf.h"

void form_put(struct buf *b, const char *key, struct str value);
/* The encoding of one value, also for a path or query. */
void form_encode(struct buf *b, struct str value);

#endif
