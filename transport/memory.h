/* SPDX-License-Identifier: MIT */
/*
 * Memory: two transports joined back to back. What one writes the other reads.
 *
 * No descriptor, no system call. Readiness is reported through deferred tasks of
 * the reactor each end was made with. Limits make it behave like a bad network.
 */
#ifndef H2I_MEMORY_H
#define H2I_MEMORY_H

#include "h2client/reactor.h"
#include "h2client/transport.h"

struct h2i_memory_limits {
    size_t max_buffered; /* bytes under way in one direction; 0: 64 KiB */
    size_t max_read;     /* bytes a read gives at most; 0: no limit; 1: byte by byte */
    size_t max_write;    /* bytes a write takes at most; 0: no limit */
};

/* Both ends, or neither (false: no memory). Each is destroyed by its own user, in
 * any order; destroying one gives the other an end of stream after what is under way. */
H2CLIENT_MUST_USE bool h2i_memory_pair_create(h2client_reactor *reactor,
                                              const struct h2i_memory_limits *limits,
                                              h2client_transport *ends[2]);
/* From now on reads and writes of this end fail with the fault (a reset, a cut). */
void h2i_memory_break(h2client_transport *end, const h2client_fault *fault);
/* What `info` answers for this end: addresses and ALPN, as if TLS were below. NULL
 * alpn: no TLS. The string is borrowed. */
void h2i_memory_set_info(h2client_transport *end, const char *alpn, const h2client_address *local,
                         const h2client_address *remote);
/* Bytes this end has written since it was made, and write calls that took some. */
uint64_t h2i_memory_bytes_written(const h2client_transport *end);
uint64_t h2i_memory_n_writes(const h2client_transport *end);

#endif
