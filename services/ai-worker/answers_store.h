/*
 * answers_store - the worker's only way to the record: chat's functions of 0008_worker.sql,
 * each call gathered with others of the same turn into one statement.
 */
#ifndef WORKER_ANSWERS_STORE_H
#define WORKER_ANSWERS_STORE_H

#include "answer.h"

void answers_store_open(struct worker *w);
void answers_store_close(struct worker *w);

void answers_claim(struct answer *a);     /* -> answer_claimed */
void answers_finish(struct answer *a);    /* -> answer_stored */
void answers_release(struct answer *a);   /* -> answer_released */
void answers_heartbeat(struct answer *a); /* -> answer_beaten */

#endif
