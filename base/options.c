/* SPDX-License-Identifier: MIT */
#include "base/options.h"

#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

h2client_error_code h2i_options_take(void *known, size_t known_size, const void *given,
                                     const char *what, struct h2i_text *why)
{
    size_t size = 0;

    memset(known, 0, known_size);
    if (!given)
        return H2CLIENT_OK;
    memcpy(&size, given, sizeof size);
    if (size < sizeof size) {
        h2i_text_add(why, "%s: its size member is not set", what);
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    memcpy(known, given, size < known_size ? size : known_size);
    if (size > known_size &&
        !is_zero((const unsigned char *)given + known_size, size - known_size)) {
        h2i_text_add(why, "%s: uses options that this version of the library does not know", what);
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    return H2CLIENT_OK;
}
