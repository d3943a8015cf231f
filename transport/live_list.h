/* SPDX-License-Identifier: MIT */
/*
 * What a debug build tells a programmer on stderr: sessions that are still there when the
 * process ends, and whatever else is reported. In other builds nothing is kept and nothing
 * told. The one list of the whole process there is: it holds no state that matters.
 */
#ifndef H2I_LIVE_LIST_H
#define H2I_LIVE_LIST_H

#include <stdbool.h>

struct h2i_live {
    struct h2i_live *next;
    struct h2i_live *prev;
    char made_at[160];
    long process;
};

/* Does this build tell? */
bool h2i_reports(void);
/* `made_at` NULL: as far as the address in the caller's code tells. */
void h2i_live_add(struct h2i_live *live, const char *made_at, const void *caller);
void h2i_live_remove(struct h2i_live *live);
__attribute__((format(printf, 1, 2))) void h2i_report(const char *format, ...);

#endif
