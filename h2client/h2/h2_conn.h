/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core (RFC 9113): a client's connection over nghttp2, sans-I/O.
 *
 * Windows: a stream's is given back as the user credits, the connection's on
 * receipt, so that an unread stream stalls nobody. A stream's window starts at
 * 64 KiB and doubles each time its reader has taken a window's worth, up to the
 * maximum and as far as the session's budget has room.
 */
#ifndef H2I_H2_CONN_H
#define H2I_H2_CONN_H

#include "base/slab.h"
#include "h2client/http/conn.h"

struct h2i_h2_config {
    uint32_t max_streams;         /* ours; UINT32_MAX: none */
    uint32_t stream_window_bytes; /* at first: 65,536 */
    uint32_t max_stream_window_bytes;
    uint32_t conn_window_bytes;
    uint32_t max_header_bytes; /* also our SETTINGS_MAX_HEADER_LIST_SIZE */
    uint32_t max_header_fields;
    uint32_t max_open_header_bytes;    /* with more on other streams, no header block is taken */
    uint32_t first_max_streams;        /* believed until the peer's SETTINGS; 0: 100 */
    int64_t ping_after_us;             /* of silence, with streams open; INT64_MAX: never */
    int64_t ping_timeout_us;           /* for the answer */
    struct {                           /* README, "Limits on what a server can send" */
        uint32_t informational;        /* 32 a response */
        uint32_t continuations;        /* 72 a header block */
        uint32_t empty_data;           /* 1,000 in a row */
        uint32_t acks_queued;          /* 1,000 PING and SETTINGS answers */
        uint32_t chatter;              /* 10,000 RST_STREAM, WINDOW_UPDATE, PRIORITY, unknown
                                          frames beyond progress */
        uint32_t frames;               /* 100,000 beyond the bytes and the requests they are for */
        uint32_t frames_a_second;      /* 4,000 of these are forgiven */
        uint32_t unheard_header_bytes; /* 1 MiB of header blocks for streams we let go of */
    } abuse;
};

/* The library's defaults (docs: README, "Defaults"). Static. */
const struct h2i_h2_config *h2i_h2_default_config(void);

/* The preface and SETTINGS are in the output at once. slab and budget are the
 * session's and must outlive the conn. Returns &conn->base, NULL without memory. */
struct h2i_conn *h2i_h2_conn_create(const h2client_allocator *allocator, struct h2i_slab *slab,
                                    struct h2i_budget *budget, const struct h2i_h2_config *config,
                                    const struct h2i_conn_events *events, void *owner, uint64_t id);
/* "1.52.0". */
const char *h2i_h2_library_version(void);

#endif
