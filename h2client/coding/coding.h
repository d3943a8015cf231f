/* SPDX-License-Identifier: MIT */
/*
 * Content codings (RFC 9110 8.4): from what a response carries to what it means. Sans-I/O:
 * it takes no more input than it has room for output, and holds at most 16 KiB between two
 * codings besides what their libraries need (zstd's window is bounded to 8 MiB).
 */
#ifndef H2I_CODING_H
#define H2I_CODING_H

#include "base/alloc.h"
#include "base/str.h"
#include "h2client/error.h"

/* What decoded bytes may be to the bytes received, once they are more than a MiB; what one
 * coding hands to the next is held to it as well: a bomb may be packed again. */
#define H2I_MAX_DECODE_RATIO 1000

struct h2i_decoding;

/* What accept-encoding can offer: "gzip, deflate, br, zstd" as far as they are built in; ""
 * without any. Static. */
const char *h2i_coding_offer(void);
/* The version of zlib, brotli or zstd; NULL where it is not built in. */
const char *h2i_coding_library_version(const char *library);

/*
 * Reads all content-encoding fields, the last applied first. *decoding stays NULL where
 * there is nothing to decode. OK; CODING_UNSUPPORTED, with `why`, for a coding that is not
 * known or not built in and for more than three; NO_MEMORY. Names in any case; "identity" and
 * empty elements count for nothing. The allocator must outlive the decoding.
 */
h2client_error_code h2i_decoding_create(struct h2i_decoding **decoding,
                                        const h2client_allocator *allocator,
                                        const h2client_header *headers, struct h2i_text *why);
void h2i_decoding_destroy(struct h2i_decoding *decoding);

/*
 * Decodes as much as fits: afterwards either all input is taken or all room is used. More
 * output may be inside without input: call it again with in_len 0, as often as you like. OK;
 * CODING_BROKEN, also for bytes after the end (a further gzip member, a further zstd frame
 * and zeros after gzip or deflate are none); CODING_RATIO; NO_MEMORY. *n_in and *n_out are set
 * in every case; what came out before an error is right as far as it could be checked. After
 * an error only destroy it.
 */
h2client_error_code h2i_decoding_run(struct h2i_decoding *decoding, const void *in, size_t in_len,
                                     size_t *n_in, void *out, size_t cap, size_t *n_out,
                                     struct h2i_text *why);
/* No more input will come, and run gives nothing more: OK, or CODING_BROKEN for what was cut
 * short. A body of no bytes is whole. */
h2client_error_code h2i_decoding_finish(const struct h2i_decoding *decoding, struct h2i_text *why);

#endif
