/* SPDX-License-Identifier: MIT */
/* What every transport's `info` does in the end: hand out as much as the caller knows. */
#ifndef H2I_TRANSPORT_INFO_H
#define H2I_TRANSPORT_INFO_H

#include <string.h>

#include "h2client/transport.h"

/* Copies at most to->size bytes; `size` itself stays the caller's. */
static inline void h2i_transport_info_give(h2client_transport_info *to,
                                           const h2client_transport_info *from)
{
    size_t first = sizeof from->size;
    size_t len = to->size < sizeof *from ? to->size : sizeof *from;
    if (len > first)
        memcpy((char *)to + first, (const char *)from + first, len - first);
}

#endif
