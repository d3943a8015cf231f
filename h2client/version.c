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

static const struct {
    const char *name;
    const char *(*version)(void);
} libraries[] = {
    {"nghttp2", h2i_h2_library_version},
    {"GnuTLS", h2i_tls_gnutls_version},
    {"c-ares", h2i_ares_resolver_version},
};

const char *h2client_library_version(const char *library)
{
    for (size_t i = 0; library && i < sizeof libraries / sizeof libraries[0]; i++)
        if (h2i_str_equals_nocase(h2i_str_of(libraries[i].name), h2i_str_of(library)))
            return libraries[i].version();
    return NULL;
}

const char *const *h2client_libraries(void)
{
    static const char *const names[] = {"nghttp2", "GnuTLS", "c-ares", NULL};

    return names;
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
