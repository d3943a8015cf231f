/* SPDX-License-Identifier: MIT */
/*
 * Local dialers: those that need no address and are there at once, or soon. Each brings one
 * function that connects; when its result is told, and how often it is tried, is done here.
 */
#ifndef H2I_LOCAL_DIAL_H
#define H2I_LOCAL_DIAL_H

#include "h2client/dialer.h"

struct h2i_local_dialer {
    h2client_dialer dialer; /* first; its ops are set by h2i_local_dialer_init */
    h2client_allocator allocator;
    /* *transport or *fault (code OK before); neither: try again soon. */
    void (*connect)(struct h2i_local_dialer *dialer, h2client_reactor *reactor,
                    const h2client_target *target, h2client_transport **transport,
                    h2client_fault *fault);
    void (*destroy)(struct h2i_local_dialer *dialer);
    const char *place; /* for people: "the socket /run/app.sock" */
};

/* Fills the dialer's ops and allocator (NULL: the default one). */
void h2i_local_dialer_init(struct h2i_local_dialer *dialer, const h2client_allocator *allocator);
/* As `destroy`, where there is nothing but memory to give back. */
void h2i_local_dialer_free(struct h2i_local_dialer *dialer);
/* One that has nothing but this fault for everybody. NULL: no memory. */
h2client_dialer *h2i_refusing_dialer_create(const h2client_allocator *allocator,
                                            const h2client_fault *fault);

#endif
