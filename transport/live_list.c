/* SPDX-License-Identifier: MIT */
#include "transport/live_list.h"

#ifdef H2I_REPORTS

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct h2i_live *first;

bool h2i_reports(void)
{
    return true;
}

void h2i_report(const char *format, ...)
{
    va_list arguments;

    fputs("libh2client: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* For addr2line(1): the file and the place in it. */
static void describe(char *text, size_t cap, const void *caller)
{
    Dl_info info;

    if (dladdr(caller, &info) && info.dli_fname)
        snprintf(text, cap, "%s+0x%lx", info.dli_fname,
                 (unsigned long)((uintptr_t)caller - (uintptr_t)info.dli_fbase));
    else
        snprintf(text, cap, "%p", caller);
}

void h2i_live_add(struct h2i_live *live, const char *made_at, const void *caller)
{
    if (made_at)
        snprintf(live->made_at, sizeof live->made_at, "%s", made_at);
    else
        describe(live->made_at, sizeof live->made_at, caller);
    live->process = (long)getpid();
    live->prev = NULL;
    pthread_mutex_lock(&lock);
    live->next = first;
    if (first)
        first->prev = live;
    first = live;
    pthread_mutex_unlock(&lock);
}

void h2i_live_remove(struct h2i_live *live)
{
    pthread_mutex_lock(&lock);
    if (live->next)
        live->next->prev = live->prev;
    if (live->prev)
        live->prev->next = live->next;
    else
        first = live->next;
    pthread_mutex_unlock(&lock);
}

/* A child that was forked does not own what its parent made. */
__attribute__((destructor)) static void tell_at_the_end(void)
{
    for (const struct h2i_live *live = first; live; live = live->next)
        if (live->process == (long)getpid())
            h2i_report("the session made at %s was never destroyed", live->made_at);
}

#else

bool h2i_reports(void)
{
    return false;
}

void h2i_report(const char *format, ...)
{
    (void)format;
}

void h2i_live_add(struct h2i_live *live, const char *made_at, const void *caller)
{
    (void)live, (void)made_at, (void)caller;
}

void h2i_live_remove(struct h2i_live *live)
{
    (void)live;
}

#endif
