/* SPDX-License-Identifier: MIT */
/* Recordings (transports.h): the words of their format, for who writes and who reads. */
#ifndef H2I_RECORDING_H
#define H2I_RECORDING_H

#include "h2client/transports.h"

#define H2I_RECORDING_HEAD "h2client recording 1\n"
/* "sent-end"; NULL for what is no kind. */
const char *h2i_recording_kind_name(h2client_tee_kind kind);

/* One event, borrowed from the recording. */
struct h2i_recorded {
    uint64_t conn;
    int64_t at_us;
    const char *data;
    size_t len;
    h2client_tee_kind kind;
};

/* Takes the next one off `*at` (up to `end`). False: there is none, at the end, or what is there
 * is no event: *at tells. */
bool h2i_recording_next(const char **at, const char *end, struct h2i_recorded *event);

#endif
