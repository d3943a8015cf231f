/* SPDX-License-Identifier: MIT */
/*
 * Allocator port: where a session's memory comes from.
 *
 * All of the library's own allocations, and nghttp2's, go through it; those of
 * GnuTLS and c-ares do not (these libraries have one allocator a process). The
 * session copies the struct; `user` must outlive the session and its calls.
 */
#ifndef H2CLIENT_ALLOCATOR_H
#define H2CLIENT_ALLOCATOR_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct h2client_allocator {
    H2CLIENT_SIZE_MEMBER(h2client_allocator);
    /* Aligned for any object; NULL when there is no memory. `n_bytes` is never 0. */
    void *(*allocate)(void *user, size_t n_bytes);
    /* Like realloc(3): `block` may be NULL; on failure it stays as it was. */
    void *(*reallocate)(void *user, void *block, size_t n_bytes);
    void (*release)(void *user, void *block); /* NULL is fine */
    void *user;
} h2client_allocator;

#ifdef __cplusplus
}
#endif

#endif
