/* SPDX-License-Identifier: MIT */
#include "h2client/version.h"

#include "base/str.h"
#include "h2client/h2/h2_conn.h"
#include "resolver/ares_resolver.h"
#include "transport/loops.h"
#include "transport/tls_gnutls.h"

const char *h2client_version(void)
{
    return H2CLIENT_VERSION;
}

int h2client_version_number(void)
{
    return H2CLIENT_VERSION_NUMBER;
}

const char *h2client_version_details(void)
{
    static char details[160];

    if (!details[0]) { /* the same bytes whoever writes them */
        struct h2i_text text = h2i_text(details, sizeof details);
        h2i_text_add(&text, "h2client/%s nghttp2/%s GnuTLS/%s c-ares/%s", H2CLIENT_VERSION,
                     h2i_h2_library_version(), h2i_tls_gnutls_version(),
                     h2i_ares_resolver_version());
    }
    return details;
}

const char *const *h2client_features(void)
{
    static const char *const with_epoll[] = {"http2", "tls", "c-ares", "poll", "epoll", NULL};
    static const char *const without_epoll[] = {"http2", "tls", "c-ares", "poll", NULL};

    return h2i_loop_has_epoll() ? with_epoll : without_epoll;
}

bool h2client_has_feature(const char *name)
{
    for (const char *const *feature = h2client_features(); name && *feature; feature++)
        if (h2i_str_equals_nocase(h2i_str_of(*feature), h2i_str_of(name)))
            return true;
    return false;
}
