/* SPDX-License-Identifier: MIT */
/*
 * What a link's transport tells about itself: its addresses at once; its TLS only when
 * somebody asks, since that is costly. Calls share what is told and may keep it longer than
 * the link: it is told at the latest when the transport goes, if a call has it then.
 */
#ifndef H2I_LINK_FACTS_H
#define H2I_LINK_FACTS_H

#include "h2client/pool/link.h"
#include "h2client/response.h"

struct h2i_link_tls;

h2client_transport_info h2i_link_transport_info(const struct h2i_link *link);
/* Once, when it is made: fills addresses, tls_version and tls. False: no memory. */
H2CLIENT_MUST_USE bool h2i_link_note_facts(struct h2i_link *link);
/* Its transport is about to go. */
void h2i_link_release_tls(struct h2i_link *link);

/* NULL in, NULL out, in all three. */
struct h2i_link_tls *h2i_link_tls_ref(struct h2i_link_tls *tls);
void h2i_link_tls_unref(struct h2i_link_tls *tls);
/* NULL also without memory; the next one to ask may have more luck. */
const h2client_tls_info *h2i_link_tls_tell(struct h2i_link_tls *tls);

#endif
