/* SPDX-License-Identifier: MIT */
#include "h2client/version.h"

#include "base/str.h"
#include "h2client/auth/digest_hash.h"
#include "h2client/coding/coding.h"
#include "h2client/cookies/public_suffix.h"
#include "h2client/h2/h2_conn.h"
#include "h2client/http/idna.h"
#include "h2client/payload/json_text.h"
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

#ifdef H2I_HAVE_ZLIB
#define ZLIB_FEATURES "gzip", "deflate",
#else
#define ZLIB_FEATURES
#endif
#ifdef H2I_HAVE_BROTLI
#define BROTLI_FEATURES "br",
#else
#define BROTLI_FEATURES
#endif
#ifdef H2I_HAVE_ZSTD
#define ZSTD_FEATURES "zstd",
#else
#define ZSTD_FEATURES
#endif
#ifdef H2I_HAVE_LIBPSL
#define LIBPSL_FEATURES "psl",
#else
#define LIBPSL_FEATURES
#endif
#ifdef H2I_HAVE_LIBIDN2
#define LIBIDN2_FEATURES "idna",
#else
#define LIBIDN2_FEATURES
#endif
#ifdef H2I_HAVE_NETTLE
#define NETTLE_FEATURES "digest",
#else
#define NETTLE_FEATURES
#endif
#ifdef H2I_HAVE_JANSSON
#define JANSSON_FEATURES "json",
#else
#define JANSSON_FEATURES
#endif

static const char *version_of(const char *library)
{
    static const struct {
        const char *name;
        const char *(*version)(void);
    } libraries[] = {
        {"nghttp2", h2i_h2_library_version},   {"GnuTLS", h2i_tls_gnutls_version},
        {"c-ares", h2i_ares_resolver_version}, {"jansson", h2i_jansson_version},
        {"nettle", h2i_digest_hash_version},   {"libpsl", h2i_public_suffix_version},
        {"libidn2", h2i_idna_version},
    };

    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (strcmp(libraries[i].name, library) == 0)
            return libraries[i].version();
    return h2i_coding_library_version(library);
}

const char *h2client_library_version(const char *library)
{
    for (const char *const *name = h2client_libraries(); library && *name; name++)
        if (h2i_str_equals_nocase(h2i_str_of(*name), h2i_str_of(library)))
            return version_of(*name);
    return NULL;
}

const char *const *h2client_libraries(void)
{
    static const char *const names[] = {"nghttp2", "GnuTLS", "c-ares",
#ifdef H2I_HAVE_ZLIB
                                        "zlib",
#endif
#ifdef H2I_HAVE_BROTLI
                                        "brotli",
#endif
#ifdef H2I_HAVE_ZSTD
                                        "zstd",
#endif
#ifdef H2I_HAVE_JANSSON
                                        "jansson",
#endif
#ifdef H2I_HAVE_NETTLE
                                        "nettle",
#endif
#ifdef H2I_HAVE_LIBPSL
                                        "libpsl",
#endif
#ifdef H2I_HAVE_LIBIDN2
                                        "libidn2",
#endif
                                        NULL};

    return names;
}

#define FEATURES                                                                     \
    "http2", "tls", "c-ares",                                                        \
        ZLIB_FEATURES BROTLI_FEATURES ZSTD_FEATURES JANSSON_FEATURES NETTLE_FEATURES \
            LIBPSL_FEATURES LIBIDN2_FEATURES "poll"

const char *const *h2client_features(void)
{
    static const char *const with_epoll[] = {FEATURES, "epoll", NULL};
    static const char *const without_epoll[] = {FEATURES, NULL};

    return h2i_loop_has_epoll() ? with_epoll : without_epoll;
}

bool h2client_has_feature(const char *name)
{
    for (const char *const *feature = h2client_features(); name && *feature; feature++)
        if (h2i_str_equals_nocase(h2i_str_of(*feature), h2i_str_of(name)))
            return true;
    return false;
}
