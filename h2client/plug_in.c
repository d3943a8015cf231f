/* SPDX-License-Identifier: MIT */
/* The ports that a session makes for itself, for who wants to wrap them (transports.h, tls.h). */
#include "h2client/transports.h"

#include "base/alloc.h"
#include "h2client/connect_options.h"
#include "h2client/settings.h"
#include "transport/local_dial.h"
#include "transport/tls_gnutls.h"

h2client_dialer *h2client_tcp_dialer_create(const h2client_connect_options *options,
                                            const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    struct h2i_tcp_config config = h2i_tcp_config_default();
    h2client_connect_options known;
    h2client_fault fault = {.tls_alert = -1};
    struct h2i_text why = h2i_text(fault.text, sizeof fault.text);

    fault.code = h2i_options_take(&known, sizeof known, options, "connect", &why);
    if (!fault.code)
        fault.code = h2i_connect_options_apply(&config, &known, &why);
    return fault.code ? h2i_refusing_dialer_create(used, &fault)
                      : h2i_tcp_dialer_create(used, &config);
}

h2client_tls_factory *h2client_tls_factory_create(const h2client_tls_options *options,
                                                  const h2client_allocator *allocator)
{
    h2client_fault fault = {.code = H2CLIENT_OK};

    return h2i_tls_gnutls_create(allocator ? allocator : h2i_default_allocator(), options, &fault);
}

void h2client_tls_factory_destroy(h2client_tls_factory *factory)
{
    if (factory)
        factory->ops->destroy(factory);
}
