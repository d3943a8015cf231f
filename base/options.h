/* SPDX-License-Identifier: MIT */
/* Groups of options, each of which begins with its size: what a caller knows of them, and what
 * this library does (session.h). */
#ifndef H2I_OPTIONS_H
#define H2I_OPTIONS_H

#include "base/str.h"
#include "h2client/error.h"

/*
 * Copies a caller's struct, which starts with its own size, into the one this library
 * knows: a shorter one is filled up with zeros, a longer one is taken only if what is
 * unknown is all zero. INVALID_ARGUMENT with `why` otherwise; what is known of a longer
 * one is copied even then. NULL gives all zeros.
 */
h2client_error_code h2i_options_take(void *known, size_t known_size, const void *given,
                                     const char *what, struct h2i_text *why);

#endif
