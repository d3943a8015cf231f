/* SPDX-License-Identifier: MIT */
/*
 * Body parts: the sequence of sources that a multipart body is read from, each between
 * the lines of payload/multipart.h and held to its own length. To the rest of the house it
 * is one source (body_source.h), whose functions ask these.
 */
#ifndef H2I_BODY_PARTS_H
#define H2I_BODY_PARTS_H

#include "h2client/body_source.h"

/* Takes over the release functions of all bodies in the list. NULL: no memory; nothing is
 * taken over then. */
struct h2i_body_parts *h2i_parts_adopt(struct h2i_arena *arena, const h2client_part *list);
/* Opens the parts of source->parts; says the source's length and content-type. Errors as
 * h2i_source_open's, naming the part. */
h2client_error_code h2i_parts_open(struct h2i_body_source *source, struct h2i_arena *arena,
                                   const h2client_body *body, struct h2i_text *why);
/* A part that cannot be read, or has another length than it said, leaves its fault in
 * source->fault. */
enum h2i_body_result h2i_parts_read(struct h2i_body_source *source, void *buf, size_t cap,
                                    size_t *n);
/* The source that is being read. */
struct h2i_body_source *h2i_parts_current(const struct h2i_body_parts *parts);
bool h2i_parts_can_rewind(const struct h2i_body_parts *parts);
bool h2i_parts_rewind(struct h2i_body_parts *parts);
void h2i_parts_close(struct h2i_body_parts *parts);
/* In their order. User code. */
void h2i_parts_release(struct h2i_body_parts *parts);

#endif
