/* SPDX-License-Identifier: MIT */
/*
 * Errors: one table, one enum, one struct.
 *
 * A call that ends badly has exactly one h2client_error. Nothing is thread
 * local and nothing has to be freed: the struct belongs to the call, or is
 * static, and lives as long as the call does.
 */
#ifndef H2CLIENT_ERROR_H
#define H2CLIENT_ERROR_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the call was doing when it ended. */
#define H2CLIENT_PHASE_TABLE(X) \
    X(NONE, 0, "none")          \
    X(USAGE, 1, "usage")        \
    X(QUEUE, 2, "queue")        \
    X(DNS, 3, "dns")            \
    X(CONNECT, 4, "connect")    \
    X(TLS, 5, "tls")            \
    X(SEND, 6, "send")          \
    X(WAIT, 7, "wait")          \
    X(RECEIVE, 8, "receive")    \
    X(DONE, 9, "done")          \
    X(PROXY, 10, "proxy") /* the way through a proxy is asked for */

typedef enum h2client_phase {
#define H2CLIENT_PHASE_ENUM(name, value, text) H2CLIENT_PHASE_##name = value,
    H2CLIENT_PHASE_TABLE(H2CLIENT_PHASE_ENUM)
#undef H2CLIENT_PHASE_ENUM
} h2client_phase;

/*
 * X(name, value, exit code, text): the values are part of the ABI and never
 * change; a hundred belongs to each group. The exit code is curl's where curl
 * has one for the same thing; h2fetch ends with it.
 */
#define H2CLIENT_ERROR_TABLE(X)                                                               \
    X(OK, 0, 0, "no error")                                                                   \
    X(PENDING, 1, 2, "still running")                                                         \
    X(INTERRUPTED, 2, 2, "woken by h2client_session_wake")                                    \
    /* the caller's own doing */                                                              \
    X(NO_MEMORY, 100, 27, "out of memory")                                                    \
    X(INVALID_ARGUMENT, 101, 2, "invalid argument")                                           \
    X(REENTRANT, 102, 2, "a driving function was called inside a callback")                   \
    X(CANCELLED, 103, 42, "cancelled by the caller")                                          \
    X(SESSION_CLOSED, 104, 2, "the session was destroyed")                                    \
    X(FORKED, 105, 2, "the session belongs to the parent process")                            \
    X(URL_MALFORMED, 106, 3, "malformed URL")                                                 \
    X(SCHEME_UNSUPPORTED, 107, 1, "scheme not supported")                                     \
    X(METHOD_INVALID, 108, 2, "the method is not a token")                                    \
    X(HEADER_INVALID, 109, 2, "malformed header field")                                       \
    X(HEADER_FORBIDDEN, 110, 2, "header field is not the caller's to set")                    \
    X(FEATURE_MISSING, 111, 2, "not built into this library")                                 \
    X(SYSTEM_FAILED, 112, 2, "the system refused a resource")                                 \
    X(NETRC, 113, 26, "the netrc file cannot be used")                                        \
    X(SIGN_FAILED, 114, 2, "the request could not be signed")                                 \
    /* names */                                                                               \
    X(DNS_NOT_FOUND, 200, 6, "host name not found")                                           \
    X(DNS_NO_DATA, 201, 6, "host name has no address")                                        \
    X(DNS_SERVER_FAILED, 202, 6, "name server failed")                                        \
    X(DNS_UNREACHABLE, 203, 6, "no name server answered")                                     \
    X(DNS_BAD_NAME, 204, 6, "not a valid host name")                                          \
    /* connections */                                                                         \
    X(CONNECT_REFUSED, 300, 7, "connection refused")                                          \
    X(CONNECT_FAILED, 301, 7, "could not connect")                                            \
    X(NO_DESCRIPTORS, 302, 7, "out of file descriptors")                                      \
    X(QUEUE_FULL, 303, 7, "too many calls wait for a connection already")                     \
    X(BIND_FAILED, 304, 45, "the local address or interface cannot be used")                  \
    /* TLS */                                                                                 \
    X(TLS_HANDSHAKE, 400, 35, "TLS handshake failed")                                         \
    X(TLS_ALPN, 401, 35, "the server did not choose h2")                                      \
    X(TLS_UNTRUSTED, 402, 60, "certificate not trusted")                                      \
    X(TLS_EXPIRED, 403, 60, "certificate expired or not yet valid")                           \
    X(TLS_WRONG_NAME, 404, 60, "certificate is for another name")                             \
    X(TLS_CA_FILE, 405, 77, "CA file cannot be used")                                         \
    X(TLS_CIPHER, 406, 35, "TLS parameters not allowed for HTTP/2")                           \
    X(TLS_REVOKED, 407, 60, "certificate revoked")                                            \
    X(TLS_PURPOSE, 408, 60, "certificate is not for a TLS server")                            \
    X(TLS_CLIENT_CERT, 409, 58, "the client certificate is missing, or not a good one")       \
    X(TLS_PRIORITY, 410, 59, "TLS priorities cannot be used")                                 \
    X(TLS_CRL_FILE, 411, 82, "CRL file cannot be used")                                       \
    X(TLS_PINNED, 412, 90, "the server's key is none of the pinned ones")                     \
    X(TLS_STAPLE, 413, 91, "no valid word about revocation was stapled")                      \
    X(TLS_KEYLOG_FILE, 414, 23, "the key log cannot be written")                              \
    /* time limits; h2client_error.limit says which */                                        \
    X(TIMEOUT, 500, 28, "timeout")                                                            \
    /* the connection, while it carried the call */                                           \
    X(EMPTY_REPLY, 600, 52, "the connection ended before a response came")                    \
    X(TRUNCATED, 601, 18, "the connection ended inside the response")                         \
    X(CONNECTION_RESET, 602, 56, "connection reset")                                          \
    X(SEND_FAILED, 603, 55, "sending failed")                                                 \
    X(TLS_RECORD, 604, 56, "TLS failed on an established connection")                         \
    X(CONNECTION_DEAD, 605, 56, "the server no longer answers")                               \
    /* HTTP/2 */                                                                              \
    X(H2_NOT_HTTP2, 700, 16, "the server does not speak HTTP/2")                              \
    X(H2_CONNECTION, 701, 16, "HTTP/2 connection error")                                      \
    X(H2_GOAWAY, 702, 16, "the server closed the HTTP/2 connection")                          \
    X(H2_STREAM_RESET, 703, 92, "the server reset the stream")                                \
    X(H2_REFUSED_STREAM, 704, 92, "the server refused the stream")                            \
    X(H2_STREAM_MALFORMED, 705, 92, "malformed response")                                     \
    X(H2_FLOOD, 706, 16, "the server sent too many frames without progress")                  \
    X(H2_UNPROCESSED, 707, 16, "the server closed the connection before it took the request") \
    X(H2_FRAME_SIZE, 708, 16, "frame above the agreed size")                                  \
    X(H2_COMPRESSION, 709, 16, "header compression state broken")                             \
    X(H2_FLOW_CONTROL, 710, 16, "flow control violated")                                      \
    /* bodies and sizes */                                                                    \
    X(BODY_LENGTH, 800, 18, "the body is not as long as content-length says")                 \
    X(BODY_TOO_LARGE, 801, 63, "the body is above max_body_bytes")                            \
    X(HEADERS_TOO_LARGE, 802, 63, "the response's header fields are above the limit")         \
    X(REQUEST_TOO_LARGE, 803, 55, "the request's header fields are above the server's limit") \
    X(UPLOAD_READ, 804, 26, "the request body could not be read")                             \
    X(UPLOAD_LENGTH, 805, 26, "the request body is not as long as declared")                  \
    X(UPLOAD_REWIND, 806, 65, "the request body could not be rewound")                        \
    X(CODING_BROKEN, 807, 61, "the content coding of the body is broken")                     \
    X(CODING_UNSUPPORTED, 808, 61, "content coding not supported")                            \
    X(CODING_RATIO, 809, 63, "the body grows too much when it is decoded")                    \
    X(LINE_TOO_LONG, 810, 63, "a line of the body is too long")                               \
    X(OUTPUT_FAILED, 811, 23, "the body could not be written")                                \
    X(UPLOAD_UNWANTED, 812, 2, "nobody takes more of the request's body")                     \
    /* HTTP/1.1 */                                                                            \
    X(H1_MALFORMED, 900, 8, "malformed HTTP/1.1 response")                                    \
    /* what the server answered */                                                            \
    X(STATUS, 1000, 22, "the status says that it failed")                                     \
    X(TOO_MANY_REDIRECTS, 1001, 47, "too many redirects")                                     \
    X(REDIRECT_REFUSED, 1002, 1, "a redirect to where none may lead")                         \
    X(REDIRECT_MALFORMED, 1003, 3, "the location of a redirect is malformed")                 \
    X(CONTENT_TYPE, 1004, 8, "the body has another type")                                     \
    X(JSON_MALFORMED, 1005, 8, "malformed JSON")                                              \
    /* proxies */                                                                             \
    X(PROXY_NAME, 1100, 5, "the proxy's name cannot be found")                                \
    X(PROXY_CONNECT, 1101, 7, "the proxy cannot be reached")                                  \
    X(PROXY_AUTH, 1102, 97, "the proxy wants another login")                                  \
    X(PROXY_REFUSED, 1103, 97, "the proxy does not make the tunnel")                          \
    X(PROXY_HANDSHAKE, 1104, 97, "the proxy breaks the rules")

typedef enum h2client_error_code {
/* OK and the two states that are no failure keep short names below. */
#define H2CLIENT_ERROR_ENUM(name, value, exit_code, text) H2CLIENT_ERROR_##name = value,
    H2CLIENT_ERROR_TABLE(H2CLIENT_ERROR_ENUM)
#undef H2CLIENT_ERROR_ENUM
        H2CLIENT_OK = H2CLIENT_ERROR_OK,
    H2CLIENT_PENDING = H2CLIENT_ERROR_PENDING
} h2client_error_code;

/*
 * What kind of thing went wrong: what a caller switches on, as other languages do on the
 * class of an exception. Codes may be added to a class; a class keeps its meaning.
 */
#define H2CLIENT_ERROR_CLASS_TABLE(X)                                                       \
    X(NONE, 0, "none")           /* OK, PENDING, INTERRUPTED */                             \
    X(USAGE, 1, "usage")         /* the caller asked for what cannot be */                  \
    X(RESOURCES, 2, "resources") /* memory, descriptors, files of this machine */           \
    X(CANCELLED, 3, "cancelled") /* by the caller, or with its session */                   \
    X(DNS, 4, "dns")                                                                        \
    X(CONNECT, 5, "connect")                                                                \
    X(TLS, 6, "tls")                                                                        \
    X(PROXY, 7, "proxy")                                                                    \
    X(TIMEOUT, 8, "timeout")       /* any limit of time, in any phase */                    \
    X(CONNECTION, 9, "connection") /* lost while it carried the call */                     \
    X(PROTOCOL, 10, "protocol")    /* the server broke HTTP, or refused by it */            \
    X(BODY, 11, "body")            /* of request or response: size, length, coding, type */ \
    X(REDIRECT, 12, "redirect")                                                             \
    X(STATUS, 13, "status") /* raised */

typedef enum h2client_error_class {
#define H2CLIENT_ERROR_CLASS_ENUM(name, value, text) H2CLIENT_ERROR_CLASS_##name = value,
    H2CLIENT_ERROR_CLASS_TABLE(H2CLIENT_ERROR_CLASS_ENUM)
#undef H2CLIENT_ERROR_CLASS_ENUM
} h2client_error_class;

/* Which limit ended a call whose code is H2CLIENT_ERROR_TIMEOUT. */
typedef enum h2client_limit {
    H2CLIENT_LIMIT_NONE = 0,
    H2CLIENT_LIMIT_QUEUE = 1,
    H2CLIENT_LIMIT_DNS = 2,
    H2CLIENT_LIMIT_SOCK_CONNECT = 3,
    H2CLIENT_LIMIT_TLS = 4,
    H2CLIENT_LIMIT_CONNECT = 5,
    H2CLIENT_LIMIT_WRITE_STALL = 6,
    H2CLIENT_LIMIT_FIRST_BYTE = 7,
    H2CLIENT_LIMIT_READ_IDLE = 8,
    H2CLIENT_LIMIT_TOTAL = 9,
    H2CLIENT_LIMIT_PROXY = 10 /* its answer; as long as TLS may take */
} h2client_limit;

/* May the request be sent again? (RFC 9110 9.2.2, RFC 9113 8.7) */
typedef enum h2client_replay_class {
    H2CLIENT_REPLAY_NONE = 0,           /* the call succeeded or never got so far */
    H2CLIENT_REPLAY_NEVER_SENT = 1,     /* no byte of the request left this process */
    H2CLIENT_REPLAY_UNPROCESSED = 2,    /* the server said that it did not act on it */
    H2CLIENT_REPLAY_MAYBE_PROCESSED = 3 /* nobody can know */
} h2client_replay_class;

/*
 * How a call ended. Allocated by the library only, so it can grow at its end.
 *
 * Strings are never NULL. `message` is one line without a newline that holds
 * what a person needs (limit and time, bytes, stream, peer); it never holds a
 * secret: the URL's userinfo and the values of header fields stay out.
 */
typedef struct h2client_error {
    size_t size;
    const char *message;
    const char *peer;       /* "192.0.2.1:443", "[2001:db8::1]:443" or "" */
    const char *url;        /* without userinfo and fragment; "" if it had no sense */
    int64_t elapsed_us;     /* from the start of the call to its end */
    int64_t body_bytes;     /* of the response's body that arrived */
    int64_t expected_bytes; /* by content-length; -1: not known */
    int64_t http2_code;     /* RFC 9113 7, as sent by the peer or by us; -1: none */
    h2client_error_code code;
    h2client_phase phase;
    h2client_limit limit;               /* set when code is TIMEOUT */
    h2client_replay_class replay_class; /* the worst of all attempts */
    int32_t system_errno;               /* 0: none */
    int32_t tls_alert;                  /* RFC 8446 6; -1: none */
    int32_t dns_status;                 /* the resolver's own number; 0: none */
    int32_t stream_id;                  /* HTTP/2 stream of the last attempt; -1: none */
    int32_t n_attempts;
    int32_t exit_code; /* what h2fetch ends with */
    int32_t status;    /* of the response, as far as one came; 0: none */
    int32_t n_redirects;
} h2client_error;

/* The table's row of a code; for an unknown code "unknown error". Static. */
H2CLIENT_API const char *h2client_error_name(h2client_error_code code);
H2CLIENT_API const char *h2client_error_text(h2client_error_code code);
H2CLIENT_API int h2client_error_exit_code(h2client_error_code code);
/* For an unknown code USAGE. The name is in lower case. Static. */
H2CLIENT_API h2client_error_class h2client_error_classify(h2client_error_code code);
H2CLIENT_API const char *h2client_error_class_name(h2client_error_class error_class);
/* Lower-case words: "dns", "receive"; "first byte", "read idle"; "never_sent". Static. */
H2CLIENT_API const char *h2client_phase_name(h2client_phase phase);
H2CLIENT_API const char *h2client_limit_name(h2client_limit limit);
H2CLIENT_API const char *h2client_replay_class_name(h2client_replay_class replay_class);
/* RFC 9113 7: "REFUSED_STREAM"; for others "unknown". Static. */
H2CLIENT_API const char *h2client_http2_code_name(int64_t http2_code);

#ifdef __cplusplus
}
#endif

#endif
