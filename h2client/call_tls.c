/* SPDX-License-Identifier: MIT */
/* What was agreed on by TLS, for the caller: the connection tells it when it is asked, or, if
 * it goes before the call does, then. */
#include "h2client/call_internal.h"
#include "h2client/pool/link_facts.h"

void h2i_call_take_tls(h2client_call *call, struct h2i_link_tls *tls)
{
    struct h2i_link_tls *last = call->tls;

    call->tls = h2i_link_tls_ref(tls);
    h2i_link_tls_unref(last);
}

const h2client_tls_info *h2client_call_tls_info(const h2client_call *call)
{
    return call ? h2i_link_tls_tell(call->tls) : NULL;
}
