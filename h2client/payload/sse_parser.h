/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events (WHATWG HTML 9.2.6): bytes in any cut in, events out. Lines end with CR,
 * LF or both; a byte order mark at the start is skipped.
 */
#ifndef H2I_SSE_PARSER_H
#define H2I_SSE_PARSER_H

#include "base/buf.h"

#define H2I_SSE_MAX_BYTES (1u << 20) /* of one line, and of one event's data */
#define H2I_SSE_MAX_RETRY_MS 3600000

struct h2i_sse_parser {
    struct h2i_buf line;
    struct h2i_buf data; /* of the event that is being read; a line end after each line */
    struct h2i_buf type;
    struct h2i_buf id; /* the last one that was said */
    int64_t retry_ms;  /* -1: nothing said */
    bool has_begun;    /* a byte has come, and no byte order mark is looked for */
    bool after_cr;     /* a LF now belongs to it */
    bool is_told;      /* the event in `data` was handed out */
};

enum h2i_sse_result {
    H2I_SSE_MORE = 0, /* all bytes are taken */
    H2I_SSE_EVENT,    /* one is whole: type, data and id hold it until the next call */
    H2I_SSE_TOO_LONG,
    H2I_SSE_NO_MEMORY
};

void h2i_sse_init(struct h2i_sse_parser *parser, const h2client_allocator *allocator);
void h2i_sse_finish(struct h2i_sse_parser *parser);
/* Takes bytes up to an event's end: *n of them. */
enum h2i_sse_result h2i_sse_parse(struct h2i_sse_parser *parser, const char *bytes, size_t len,
                                  size_t *n);

#endif
