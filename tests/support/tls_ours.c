/* SPDX-License-Identifier: MIT */
/* The TLS tests with the built-in factory. */
#include "tests/support/tls_rig.h"
#include "transport/tls_gnutls.h"

const bool h2t_tls_alerts_are_heard = true;

h2client_tls_factory *h2t_tls_factory_create(const h2client_allocator *allocator,
                                             const h2client_tls_options *options,
                                             h2client_fault *fault)
{
    return h2i_tls_gnutls_create(allocator, options, fault);
}
