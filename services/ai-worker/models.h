/*
 * models - which models may be called, in what order, and what each of them allows: read
 * from the settings.
 */
#ifndef WORKER_MODELS_H
#define WORKER_MODELS_H

#include "base/arena.h"
#include "data/jobq.h"

/*
 * first: GEMINI_MODEL; others: GEMINI_FALLBACK_MODELS, by commas, may be NULL; limits:
 * GEMINI_LIMITS, "<model> rpm=<n> tpm=<n> rpd=<n>; ...", each part at will, may be NULL.
 * Fills in up to JOBQ_MODELS_MAX models; names are in the arena. NULL, or what is wrong.
 */
const char *models_read(struct arena *a, const char *first, const char *others,
	const char *limits, struct jobq_model *out, unsigned *count);

#endif
