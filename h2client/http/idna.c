/* SPDX-License-Identifier: MIT */
/*
 * The one file that knows libidn2, and what stands in for it where it is not built in: a
 * refusal. Only names that are not ASCII come here. What the mapping makes of one may be
 * anything (a full-width slash becomes a slash): whoever asked checks it as he would have
 * checked what was written.
 */
#include "h2client/http/idna.h"

#ifdef H2I_HAVE_LIBIDN2

#include <idn2.h>

/* In characters a name is no longer than in A-labels, and none has more than four bytes. */
#define MAX_LEN (4 * 255)

h2client_error_code h2i_idna_to_ascii(struct h2i_arena *arena, struct h2i_str host,
                                      struct h2i_str *ascii, struct h2i_text *why)
{
    uint8_t text[MAX_LEN + 1];
    uint8_t *mapped = NULL;
    const char *copy = NULL;
    int status;

    if (host.len > MAX_LEN) {
        h2i_text_add(why, "the international host name is too long");
        return H2CLIENT_ERROR_URL_MALFORMED;
    }
    memcpy(text, host.data, host.len);
    text[host.len] = 0;
    status = idn2_lookup_u8(text, &mapped, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (status == IDN2_OK)
        copy = h2i_arena_copy_text(arena, (char *)mapped, strlen((char *)mapped));
    idn2_free(mapped);
    if (copy) {
        *ascii = h2i_str_of(copy);
        return H2CLIENT_OK;
    }
    if (status == IDN2_OK || status == IDN2_MALLOC)
        return H2CLIENT_ERROR_NO_MEMORY;
    h2i_text_add(why, "no international host name: %s", idn2_strerror(status));
    return H2CLIENT_ERROR_URL_MALFORMED;
}

const char *h2i_idna_version(void)
{
    return idn2_check_version(NULL);
}

#else

h2client_error_code h2i_idna_to_ascii(struct h2i_arena *arena, struct h2i_str host,
                                      struct h2i_str *ascii, struct h2i_text *why)
{
    (void)arena, (void)host, (void)ascii;
    h2i_text_add(why, "the host is not ASCII, and international names (libidn2) are not built in");
    return H2CLIENT_ERROR_URL_MALFORMED;
}

const char *h2i_idna_version(void)
{
    return NULL;
}

#endif
