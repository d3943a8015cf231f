/* SPDX-License-Identifier: MIT */
/*
 * Fault: what a port (transport, dialer, TLS, resolver) says when it failed.
 * The library turns it into the call's h2client_error. Filled by whoever
 * implements a port, copied by the library before the callback returns.
 */
#ifndef H2CLIENT_FAULT_H
#define H2CLIENT_FAULT_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct h2client_fault {
    h2client_error_code code;
    h2client_limit limit; /* with TIMEOUT: which one */
    int32_t system_errno; /* 0: none */
    int32_t tls_alert;    /* -1: none */
    int32_t dns_status;   /* 0: none */
    char text[500];       /* details for a person, NUL-terminated; may be "" */
} h2client_fault;

#ifdef __cplusplus
}
#endif

#endif
