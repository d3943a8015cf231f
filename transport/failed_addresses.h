/* SPDX-License-Identifier: MIT */
/*
 * Failed addresses: those that could not be connected to lately, to be tried last. Pure:
 * time comes in. Bounded: when it is full, what failed longest ago is forgotten.
 */
#ifndef H2I_FAILED_ADDRESSES_H
#define H2I_FAILED_ADDRESSES_H

#include "h2client/transport.h"

#define H2I_MAX_FAILED_ADDRESSES 256

/* Zeroed but for ttl_us is a valid start. */
struct h2i_failed_addresses {
    int64_t ttl_us; /* remembered so long; INT64_MAX: for ever */
    size_t n;
    struct {
        h2client_address address;
        int64_t at_us;
    } list[H2I_MAX_FAILED_ADDRESSES];
};

void h2i_failed_addresses_note(struct h2i_failed_addresses *failed, const h2client_address *address,
                               int64_t now_us);
/* It answers again. */
void h2i_failed_addresses_forget(struct h2i_failed_addresses *failed,
                                 const h2client_address *address);
bool h2i_failed_addresses_has(const struct h2i_failed_addresses *failed,
                              const h2client_address *address, int64_t now_us);

#endif
