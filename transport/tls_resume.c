/* SPDX-License-Identifier: MIT */
/*
 * Resumption (RFC 8446 2.2, RFC 5077): a ticket is opaque to the store, used once, and
 * never makes the peer's certificate less verified: see tls_handshake.c.
 */
#include "transport/tls_internal.h"

bool h2i_tls_resume(struct h2i_tls *tls, const h2client_tls_params *params)
{
    h2client_ticket_store *store = params->tickets;
    void *ticket = NULL;
    size_t len;

    if (!store || !tls->factory->takes_tickets)
        return true;
    tls->tickets.key =
        h2i_copy_text(tls->factory->allocator, params->ticket_key, params->ticket_key_len);
    if (!tls->tickets.key)
        return false;
    tls->tickets.key_len = params->ticket_key_len;
    tls->tickets.store = store;
    len = store->take(store, tls->tickets.key, tls->tickets.key_len, &ticket);
    if (len > 0) /* one that GnuTLS cannot read makes a full handshake */
        gnutls_session_set_data(tls->session, ticket, len);
    h2i_free(h2client_reactor_allocator(tls->reactor), ticket);
    return true;
}

void h2i_tls_keep_ticket(struct h2i_tls *tls)
{
    h2client_ticket_store *store = tls->tickets.store;
    gnutls_datum_t ticket;

    /* Without the flag GnuTLS would wait for one. */
    if (!store || !(gnutls_session_get_flags(tls->session) & GNUTLS_SFLAGS_SESSION_TICKET))
        return;
    tls->tickets.store = NULL;
    if (gnutls_session_get_data2(tls->session, &ticket) < 0)
        return;
    store->put(store, tls->tickets.key, tls->tickets.key_len, ticket.data, ticket.size);
    gnutls_free(ticket.data);
}
