/* SPDX-License-Identifier: MIT */
/*
 * Log port: what the library has to tell about its inner life.
 *
 * Lines are handed over where callbacks run (see session.h, "Who drives"), in
 * the order in which they arose, never from inside a start or a cancel. They
 * hold no secrets: no userinfo, no header values, no bodies, no keys.
 */
#ifndef H2CLIENT_LOG_H
#define H2CLIENT_LOG_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum h2client_log_level {
    H2CLIENT_LOG_NONE = 0, /* as a threshold: the default */
    H2CLIENT_LOG_ERROR = 1,
    H2CLIENT_LOG_WARNING = 2,
    H2CLIENT_LOG_INFO = 3, /* connections come and go, attempts are repeated */
    H2CLIENT_LOG_DEBUG = 4
} h2client_log_level;

/* `area` is one word ("dns", "pool", "tls", "h2"), `text` one line without a
 * newline; both are valid only during the call. */
typedef void (*h2client_log_fn)(h2client_log_level level, const char *area, const char *text,
                                void *user);

#ifdef __cplusplus
}
#endif

#endif
