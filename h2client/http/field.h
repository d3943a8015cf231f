/* SPDX-License-Identifier: MIT */
/* Header fields: lists that keep order, and what may stand in a request's (RFC 9110
 * 5, RFC 9113 8.2). */
#ifndef H2I_FIELD_H
#define H2I_FIELD_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/error.h"

/* A list in an arena, always ended by a NULL name once it has any storage. */
struct h2i_fields {
    h2client_header *list; /* NULL while empty: read through h2i_fields_list */
    uint32_t n;
    uint32_t cap;
    size_t n_bytes; /* sum of name and value lengths and 32 a field (RFC 9113 10.5.1) */
};

/* Copies both parts. False: no memory. */
H2CLIENT_MUST_USE bool h2i_fields_add(struct h2i_arena *arena, struct h2i_fields *fields,
                                      struct h2i_str name, struct h2i_str value);
/* Never NULL: an empty list is one NULL name. */
const h2client_header *h2i_fields_list(const struct h2i_fields *fields);
/* A copy in small letters; data NULL: no memory. */
struct h2i_str h2i_field_lower_name(struct h2i_arena *arena, const char *name);
/* Is it that name, which is given in small letters, in any case of letters? */
bool h2i_field_is_named(const char *name, const char *lower);
/* First value of that name in any case of letters, NULL if there is none. */
const char *h2i_fields_find(const h2client_header *list, const char *name);

/* A copy of the list with that field in place of all of its name, which is in small letters as
 * theirs are. NULL: no memory. */
const h2client_header *h2i_fields_with(struct h2i_arena *arena, const h2client_header *list,
                                       const char *name, struct h2i_str value);

/* What a caller's field means to the library. */
enum h2i_field_kind {
    H2I_FIELD_PLAIN,
    H2I_FIELD_SECRET,         /* authorization, cookie, ...: never indexed, never shown */
    H2I_FIELD_HOST,           /* becomes :authority */
    H2I_FIELD_CONTENT_LENGTH, /* must agree with the body */
    H2I_FIELD_FORBIDDEN       /* connection-specific, pseudo, te other than trailers */
};

/* By lower-case or any-case name; `value` matters for te only. */
enum h2i_field_kind h2i_field_classify(struct h2i_str name, struct h2i_str value);
/* OK, HEADER_INVALID or HEADER_FORBIDDEN with `why` naming the field (and offset),
 * never its value. */
h2client_error_code h2i_field_check(const char *name, const char *value, struct h2i_text *why);
/* The same for a trailer (RFC 9110 6.5.1). */
h2client_error_code h2i_trailer_check(const char *name, const char *value, struct h2i_text *why);
bool h2i_field_is_secret(struct h2i_str name);

/*
 * Reads content-length out of a response's fields (RFC 9110 8.6): -1 when there is
 * none; equal repeated values ("5, 5", or two fields) are one. False: not a number,
 * a sign, overflow, or values that differ.
 */
H2CLIENT_MUST_USE bool h2i_content_length(const h2client_header *list, int64_t *len);

#endif
