/* SPDX-License-Identifier: MIT */
/* An allocator that counts, and that fails the nth allocation on demand. */
#ifndef H2T_TEST_ALLOC_H
#define H2T_TEST_ALLOC_H

#include "h2client/allocator.h"

struct h2t_alloc {
    h2client_allocator allocator; /* hand out its address */
    uint64_t n_calls;             /* allocate and growing reallocate, since init */
    uint64_t n_live;              /* blocks not released */
    size_t live_bytes;
    size_t peak_bytes;
    uint64_t fail_at;   /* the n_calls at which it fails once; 0: never */
    bool fail_for_ever; /* from fail_at on */
};

void h2t_alloc_init(struct h2t_alloc *alloc);
/* Fails the test when something is still live. */
void h2t_alloc_check(const struct h2t_alloc *alloc);

#endif
