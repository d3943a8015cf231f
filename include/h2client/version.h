/* SPDX-License-Identifier: MIT */
/* Version and features, of these headers and of the library that is linked. */
#ifndef H2CLIENT_VERSION_H
#define H2CLIENT_VERSION_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define H2CLIENT_VERSION "0.1.0"
#define H2CLIENT_VERSION_NUMBER 0x000100 /* major << 16 | minor << 8 | patch */

/* "0.1.0". Static. */
H2CLIENT_API const char *h2client_version(void);
H2CLIENT_API int h2client_version_number(void);
/* The version of a library that this one is linked to and uses, "1.52.0", by the names
 * that h2client_libraries lists; NULL for others. Static. */
H2CLIENT_API const char *h2client_library_version(const char *library);
/* "nghttp2", "GnuTLS", "c-ares", and of "zlib", "brotli", "zstd", "jansson", "nettle", "libpsl",
 * "libidn2" those that are built in; ended by NULL. Static. */
H2CLIENT_API const char *const *h2client_libraries(void);
/* "epoll", "poll", "tls", "http2", "c-ares", "gzip", "deflate", "br", "zstd", "json", "digest",
 * "psl", "idna" ... Any case of letters; unknown: false. */
H2CLIENT_API bool h2client_has_feature(const char *name);
/* All that are there, ended by NULL. Static. */
H2CLIENT_API const char *const *h2client_features(void);

#ifdef __cplusplus
}
#endif

#endif
