/* SPDX-License-Identifier: MIT */
#include "fetch_interrupt.h"

#include <signal.h>
#include <stddef.h>

/* A signal handler has nothing but what is global. */
static volatile sig_atomic_t first_signal;
static h2client_session *volatile watched_session;

static void note(int signal_number)
{
    first_signal = signal_number;
    if (watched_session)
        h2client_session_wake(watched_session);
}

void h2f_interrupt_watch(h2client_session *session)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction noted = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct sigaction before;

    watched_session = session;
    sigaction(SIGPIPE, &ignored, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        /* What is ignored (nohup, a shell's background job) stays so. */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &noted, NULL);
}

void h2f_interrupt_unwatch(void)
{
    watched_session = NULL;
}

int h2f_interrupt_signal(void)
{
    return first_signal;
}
