/* SPDX-License-Identifier: MIT */
/*
 * Responses: views on what a call received. They belong to the call and live as
 * long as it does. All functions are cheap, work anywhere, and take NULL
 * (status 0, empty strings, empty lists).
 */
#ifndef H2CLIENT_RESPONSE_H
#define H2CLIENT_RESPONSE_H

#include "transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 100 .. 599 and above, as sent (RFC 9110 15). */
H2CLIENT_API int h2client_response_status(const h2client_response *resp);
/* "2" for HTTP/2, "1.1", "1.0". */
H2CLIENT_API const char *h2client_response_http_version(const h2client_response *resp);
/* All fields in the order of the wire, duplicates kept, ended by a NULL name. */
H2CLIENT_API const h2client_header *h2client_response_headers(const h2client_response *resp);
/* The value of the first field of that name, in any case of letters, or NULL. */
H2CLIENT_API const char *h2client_response_header(const h2client_response *resp, const char *name);
/* Fields that came after the body (RFC 9110 6.5); complete once the call has ended. */
H2CLIENT_API const h2client_header *h2client_response_trailers(const h2client_response *resp);
H2CLIENT_API const char *h2client_response_trailer(const h2client_response *resp, const char *name);
/* The collected body (delivery WHOLE), as far as it has come; otherwise empty. */
H2CLIENT_API h2client_bytes h2client_response_body(const h2client_response *resp);
/* What content-length announced, or -1. */
H2CLIENT_API int64_t h2client_response_content_length(const h2client_response *resp);

/*
 * Figures of a call, of its last attempt where it took several. Times are
 * microseconds since the call's start; -1: it did not get there, or, for a name,
 * connection or handshake that was there already, it was not needed.
 */
typedef struct h2client_call_info {
    size_t size;
    int64_t queued_us;      /* a connection had room for it */
    int64_t name_lookup_us; /* first address known */
    int64_t connect_us;     /* TCP connected */
    int64_t tls_us;         /* handshake complete */
    int64_t request_us;     /* its first byte handed to the transport */
    int64_t first_byte_us;  /* response's head */
    int64_t total_us;       /* the end; while running: -1 */
    int64_t upload_bytes;   /* of the request's body */
    int64_t download_bytes; /* of the response's body, as received */
    int64_t header_bytes;   /* of the response's fields, decoded */
    uint64_t conn_id;       /* 0: none; counts from 1 in each session */
    const char *url;        /* of the last request, without userinfo and fragment */
    const char *method;
    const char *local_address; /* "192.0.2.7", "" if there is none */
    const char *remote_address;
    const char *tls_version; /* "TLS1.3", "" without TLS */
    int32_t local_port;
    int32_t remote_port;
    int32_t stream_id; /* -1: none */
    int32_t n_attempts;
    int32_t n_connects;       /* connections that were opened for it */
    int32_t n_redirects;      /* that were followed */
    const char *fragment;     /* what stood behind the # of `url`, never sent; "" if nothing did */
    const char *http_version; /* of the connection: "2", "1.1"; "" where there was none */
} h2client_call_info;

/* What was agreed on by TLS, and with whom; see h2client_call_tls_info. Words are GnuTLS's,
 * "" for what is not known. */
typedef struct h2client_tls_info {
    size_t size;
    const char *version;   /* "TLS1.3" */
    const char *cipher;    /* "AES-256-GCM" */
    const char *group;     /* of the key exchange: "X25519" */
    const char *signature; /* the server's: "ECDSA-SECP256R1-SHA256" */
    const char *alpn;      /* what the server chose: "h2"; "" for nothing */
    /* Of the handshake, or of the one that was resumed; transport.h says what is in it.
     * NULL: the server showed none. Checked, unless verify is OFF. */
    const h2client_certificate *certificate;
    int32_t is_resumed; /* 1: this session was resumed */
    int32_t reserved;
} h2client_tls_info;

#ifdef __cplusplus
}
#endif

#endif
