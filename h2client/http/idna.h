/* SPDX-License-Identifier: MIT */
/* International host names (IDNA 2008, mapped as UTS #46 says, non-transitional). */
#ifndef H2I_IDNA_H
#define H2I_IDNA_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/error.h"

/* What the network knows a UTF-8 name by: "bücher.example" is "xn--bcher-kva.example".
 * URL_MALFORMED with `why` for what is no such name, or where none is built in; NO_MEMORY. */
h2client_error_code h2i_idna_to_ascii(struct h2i_arena *arena, struct h2i_str host,
                                      struct h2i_str *ascii, struct h2i_text *why);
/* libidn2's; NULL: not built in. Static. */
const char *h2i_idna_version(void);

#endif
