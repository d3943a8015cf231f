/* SPDX-License-Identifier: MIT */
/* The TLS tests with the factory over OpenSSL. */
#include "tests/peer/openssl_tls.h"
#include "tests/support/tls_rig.h"

const bool h2t_tls_alerts_are_heard = false;

h2client_tls_factory *h2t_tls_factory_create(const h2client_allocator *allocator,
                                             const h2client_tls_options *options,
                                             h2client_fault *fault)
{
    return h2t_openssl_create(allocator, options, fault);
}
