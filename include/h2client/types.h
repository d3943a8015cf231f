/* SPDX-License-Identifier: MIT */
/*
 * The few words every other header of libh2client speaks: handles, switches,
 * limits, byte ranges and header fields.
 *
 * Units stand in the names: _us microseconds, _ms milliseconds, _s seconds,
 * _len and _bytes octets, n_ a count, max_ a limit.
 */
#ifndef H2CLIENT_TYPES_H
#define H2CLIENT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define H2CLIENT_API __attribute__((visibility("default")))
/* On every result whose loss leaks something or hides an error. */
#define H2CLIENT_MUST_USE __attribute__((warn_unused_result))
#else
#define H2CLIENT_API
#define H2CLIENT_MUST_USE
#endif

/*
 * Variables that give back what they hold at the end of their scope, however it is left:
 *
 *     h2client_auto(session) session = h2client_session_create(NULL);
 *     h2client_auto(call) call = h2client_get(session, url);
 *
 * They go in the reverse order of their making, so a call goes before its session.
 * For gcc and clang; elsewhere the macro is not there.
 */
#if defined(__GNUC__)
#define h2client_auto(type) __attribute__((cleanup(h2client_auto_##type))) h2client_##type *
#define H2CLIENT_AUTO(type, give_back)                                                      \
    __attribute__((unused)) static inline void h2client_auto_##type(h2client_##type **held) \
    {                                                                                       \
        give_back(*held);                                                                   \
    }
#else
#define H2CLIENT_AUTO(type, give_back)
#endif

/*
 * Every struct an application fills starts with `size`, which says how much of
 * it the application knew when it was compiled. In C the H2CLIENT_*() macros
 * and the keyword calls set it; in C++ a constructor does, and zeroes the rest.
 */
#ifdef __cplusplus
#define H2CLIENT_SIZE_MEMBER(type)                                    \
    type()                                                            \
    {                                                                 \
        __builtin_memset(static_cast<void *>(this), 0, sizeof *this); \
        size = sizeof *this;                                          \
    }                                                                 \
    size_t size
#else
#define H2CLIENT_SIZE_MEMBER(type) size_t size
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A session owns a pool of connections and runs calls. One thread at a time. */
typedef struct h2client_session h2client_session;
/* What an application starts: one request and what becomes of it. */
typedef struct h2client_call h2client_call;
/* The successful half of a call: a view that lives as long as the call. */
typedef struct h2client_response h2client_response;
/* The services a port's implementation gets from the session; see reactor.h. */
typedef struct h2client_reactor h2client_reactor;

/* A switch that can be overridden: zero takes the value of the level above. */
typedef enum h2client_switch {
    H2CLIENT_INHERIT = 0,
    H2CLIENT_ON = 1,
    H2CLIENT_OFF = 2
} h2client_switch;

/* For every limit and time limit: 0 inherits, this one says "none". */
#define H2CLIENT_NO_LIMIT (-1)

/* For counts where 0 inherits: none at all. */
#define H2CLIENT_NONE (-2)

/* "main.c:12": where the macros say that something was made, for a debug build's reports. */
#define H2CLIENT_HERE_TEXT(line) #line
#define H2CLIENT_HERE_LINE(line) H2CLIENT_HERE_TEXT(line)
#define H2CLIENT_HERE __FILE__ ":" H2CLIENT_HERE_LINE(__LINE__)

/* Bytes that somebody else owns. `data` is never NULL; in a response's body one
 * NUL byte follows the last byte, so that text can be printed as it is. */
typedef struct h2client_bytes {
    const char *data;
    size_t len;
} h2client_bytes;

/* A header field (RFC 9110 5). Lists of them end with a NULL name. Neither part
 * can hold NUL, CR or LF, so both are plain C strings. */
typedef struct h2client_header {
    const char *name;
    const char *value;
} h2client_header;

#ifdef __cplusplus
}
#endif

#endif
