/* SPDX-License-Identifier: MIT */
/* Wrapping dialers: the dials are another one's, and what comes of them is put into a transport
 * of the wrapper's own. */
#ifndef H2I_WRAP_DIAL_H
#define H2I_WRAP_DIAL_H

#include "h2client/dialer.h"

struct h2i_wrap_dialer {
    h2client_dialer dialer; /* first; its ops are set by h2i_wrap_dialer_init */
    h2client_dialer *inner; /* borrowed */
    const h2client_allocator *allocator;
    /* Owns `inner`, also without memory (NULL). */
    h2client_transport *(*wrap)(struct h2i_wrap_dialer *dialer, h2client_reactor *reactor,
                                const char *host, uint32_t port, h2client_transport *inner);
};

/* It is freed as one block by its own destroy. NULL allocator: the default one. */
void h2i_wrap_dialer_init(struct h2i_wrap_dialer *dialer, h2client_dialer *inner,
                          const h2client_allocator *allocator);

#endif
