/* SPDX-License-Identifier: MIT */
/* What a race that ended without a connection says: each address with its reason. */
#ifndef H2I_RACE_FAULT_H
#define H2I_RACE_FAULT_H

#include "base/str.h"
#include "transport/race.h"

#define H2I_RACE_REASON_MAX 80

/* "timed out", "connection refused"; returns buf. */
const char *h2i_race_reason(const struct h2i_entrant *entrant, char buf[H2I_RACE_REASON_MAX]);
/* After `verb`, which is LOST or LATE: "connect to example.org failed: 192.0.2.1:443:
 * connection refused, ... and 58 more". */
h2client_fault h2i_race_fault(const struct h2i_race *race, enum h2i_race_verb verb,
                              const char *host);

/* The same of one that is under way, behind what the text has. */
void h2i_race_describe(const struct h2i_race *race, const char *host, struct h2i_text *text);

#endif
