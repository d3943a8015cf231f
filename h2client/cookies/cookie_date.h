/* SPDX-License-Identifier: MIT */
/* Dates as cookies have them (RFC 6265bis 5.1.1): words in any order, strangers among them. */
#ifndef H2I_COOKIE_DATE_H
#define H2I_COOKIE_DATE_H

#include "base/str.h"
#include "h2client/types.h"

/* Seconds since 1970-01-01 UTC, whatever zone is named. False: no date. */
H2CLIENT_MUST_USE bool h2i_cookie_date_parse(struct h2i_str text, int64_t *date_s);

#endif
