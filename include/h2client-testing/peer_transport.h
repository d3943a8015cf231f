/* SPDX-License-Identifier: MIT */
/*
 * Joins a peer to a transport: what comes is the peer's input, what the peer has to
 * say is written, all by the readiness of the reactor's transports. It can also end
 * the connection at a chosen byte, in order or with a fault.
 */
#ifndef H2T_PEER_TRANSPORT_H
#define H2T_PEER_TRANSPORT_H

#include "h2client/reactor.h"
#include "h2client/transport.h"
#include "h1_peer.h"
#include "h2_peer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct h2t_link;

/* What sits at the server's end: a peer of either version. */
struct h2t_server_ops {
    bool (*receive)(void *peer, const void *data, size_t len);
    h2client_bytes (*output)(void *peer);
    void (*output_taken)(void *peer, size_t n);
    void (*set_wake)(void *peer, void (*on_output)(void *user), void *user);
    bool (*is_done)(void *peer); /* it wants to close, all it had to say is out */
};

struct h2t_server {
    const struct h2t_server_ops *ops;
    void *peer; /* borrowed; it must outlive the link */
};

struct h2t_server h2t_server_of_h2(struct h2t_peer *peer);
struct h2t_server h2t_server_of_h1(struct h2t_h1_peer *peer);

struct h2t_link_options {
    size_t max_buffered;         /* bytes under way in one direction; 0: 64 KiB */
    size_t max_read;             /* each end reads at most so many at once; 0: no limit */
    size_t max_write;            /* and writes at most so many; 0: no limit */
    uint64_t cut_after;          /* the connection ends after so many bytes to the client;
                                    H2T_CUT_AT_ONCE: before the first; 0: never */
    const h2client_fault *fault; /* how: NULL: an orderly end of stream, otherwise the client's
                                    reads and writes fail with it. Copied */
    const char *alpn;            /* what the client's end reports; NULL: no TLS. Borrowed */
    h2client_address remote;     /* what the client's end reports; family 0: nothing */
    bool stops_reading;          /* what the client sends stays where it is */
    bool ignores_client_eof;     /* goes on after the client closed its direction */
};
#define H2T_CUT_AT_ONCE UINT64_MAX

/* Makes a pair of memory transports with the server at one end; *client is the other, the
 * caller's to destroy. NULL options: all zero. NULL when the reactor's allocator has no
 * memory. */
struct h2t_link *h2t_link_create(h2client_reactor *reactor, struct h2t_server server,
                                 const struct h2t_link_options *options,
                                 h2client_transport **client);
/* Before or after the client's end was destroyed. NULL is fine. */
void h2t_link_destroy(struct h2t_link *link);

/* The server's FIN: no more bytes for the client, what it sends is still read. */
void h2t_link_half_close(struct h2t_link *link);
/* The server goes: the client reads what is under way, then an end of stream. */
void h2t_link_close(struct h2t_link *link);
/* Reads and writes of the client fail with the fault from now on. */
void h2t_link_break(struct h2t_link *link, const h2client_fault *fault);
/* The server reads nothing more, and so answers nothing more; the connection stays. */
void h2t_link_fall_silent(struct h2t_link *link);

uint64_t h2t_link_bytes_to_client(const struct h2t_link *link);
bool h2t_link_client_is_gone(const struct h2t_link *link); /* its end was destroyed */
bool h2t_link_saw_eof(const struct h2t_link *link);        /* the client closed its direction */

#ifdef __cplusplus
}
#endif

#endif
