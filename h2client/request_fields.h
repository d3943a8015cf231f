/* SPDX-License-Identifier: MIT */
/*
 * The header fields of a request: the library's, replaced by the session's, replaced by
 * the call's, name by name. Checked once, where they come in: a call without fields of
 * its own takes the session's list as it is.
 */
#ifndef H2I_REQUEST_FIELDS_H
#define H2I_REQUEST_FIELDS_H

#include "h2client/http/field.h"

struct h2i_request_fields {
    struct h2i_fields fields;   /* lower-case names; without the two below */
    const char *host;           /* the caller's `host`, or NULL */
    const char *content_length; /* the caller's, or NULL */
};

/* What every request says unless somebody says otherwise. Static. */
const struct h2i_request_fields *h2i_request_fields_of_library(void);

/* `below` with `own` (NULL: none) over it, in the arena; below must live as long. On
 * failure HEADER_INVALID, HEADER_FORBIDDEN or NO_MEMORY, with `why`. */
h2client_error_code h2i_request_fields_merge(struct h2i_request_fields *merged,
                                             struct h2i_arena *arena,
                                             const struct h2i_request_fields *below,
                                             const h2client_header *own, struct h2i_text *why);

/* Fields that a caller's options mean: names in small letters; a NULL value takes away what
 * stands below. */
struct h2i_meant_fields {
    h2client_header list[8];
    size_t n;
};

void h2i_meant_fields_add(struct h2i_meant_fields *meant, const char *name, const char *value);
/* The caller's list (NULL: none) and those that it does not name itself, in the arena. NULL:
 * no memory. */
const h2client_header *h2i_meant_fields_join(const struct h2i_meant_fields *meant,
                                             struct h2i_arena *arena, const h2client_header *own);

#endif
