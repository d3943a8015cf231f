/* SPDX-License-Identifier: MIT */
/*
 * Multipart: the lines that stand between the bodies of multipart/form-data (RFC 7578 4,
 * RFC 2046 5.1.1). The bodies themselves are the sources' matter.
 */
#ifndef H2I_MULTIPART_H
#define H2I_MULTIPART_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/body.h"
#include "h2client/system.h"

#define H2I_BOUNDARY_PREFIX "h2client-"
#define H2I_BOUNDARY_RANDOM_BYTES 16
#define H2I_BOUNDARY_SIZE (sizeof H2I_BOUNDARY_PREFIX + 2 * H2I_BOUNDARY_RANDOM_BYTES)

/* The prefix and 32 random hex digits, so that no body has it but by a chance of 2^-128; no
 * body is searched for it. False: there is no randomness. */
bool h2i_boundary_make(h2client_system *system, char boundary[H2I_BOUNDARY_SIZE]);
/* "multipart/form-data; boundary=..."; NULL: no memory. */
const char *h2i_multipart_type(struct h2i_arena *arena, const char *type, const char *boundary);
/* All that stands before the body of one part, the end of the part before it as well. Reads
 * neither part->body nor H2CLIENT_FILENAME_OF_PATH. On failure HEADER_INVALID,
 * HEADER_FORBIDDEN or NO_MEMORY, with `why`. */
h2client_error_code h2i_part_head(struct h2i_arena *arena, const char *boundary, bool is_first,
                                  const h2client_part *part, struct h2i_str *head,
                                  struct h2i_text *why);
/* What stands after the last body; is_empty: there was no part. Data NULL: no memory. */
struct h2i_str h2i_parts_tail(struct h2i_arena *arena, const char *boundary, bool is_empty);

#endif
