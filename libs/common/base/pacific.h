/*
 * pacific - the day in California, by which the model's daily quotas are counted (Gemini
 * API, rate limits: "Requests per day quotas reset at midnight Pacific time").
 *
 * UTC-8, and UTC-7 from the second Sunday in March, 10:00 UTC, to the first Sunday in
 * November, 09:00 UTC (Energy Policy Act of 2005, section 110). Needs no time zone files.
 */
#ifndef BASE_PACIFIC_H
#define BASE_PACIFIC_H

#include <stdint.h>

/* Days since 1970-01-01; never beyond the day in UTC. */
int64_t pacific_day(int64_t unix_s);
/* Until the next midnight there, by the offset that holds now: 1 to 86400. */
int64_t pacific_day_left_s(int64_t unix_s);

#endif
