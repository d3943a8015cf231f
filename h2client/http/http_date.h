/* SPDX-License-Identifier: MIT */
/* Dates as HTTP writes them (RFC 9110 5.6.7): the fixed form, and the two obsolete ones. */
#ifndef H2I_HTTP_DATE_H
#define H2I_HTTP_DATE_H

#include "base/str.h"
#include "h2client/types.h"

/* A moment in UTC, as written. */
struct h2i_date {
    int64_t year, month, day, hour, minute, second; /* month and day from 1 */
};

/* Seconds since 1970-01-01 UTC; a leap second is the one before it. False: there is no such
 * date. */
H2CLIENT_MUST_USE bool h2i_date_seconds(const struct h2i_date *date, int64_t *date_s);

/* Seconds since 1970-01-01 UTC. `now_s` decides the century of a two-digit year. False:
 * no date; a day that the month does not have is none. */
H2CLIENT_MUST_USE bool h2i_http_date_parse(struct h2i_str text, int64_t now_s, int64_t *date_s);

#endif
