/* SPDX-License-Identifier: MIT */
#include "transport/race_fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/str.h"

#define MORE_LEN sizeof ", ... and 64 more"

const char *h2i_race_reason(const struct h2i_entrant *entrant, char buf[H2I_RACE_REASON_MAX])
{
    char text[H2I_RACE_REASON_MAX];

    switch (entrant->outcome) {
    case H2I_RACE_NOT_TRIED:
        return "not tried";
    case H2I_RACE_UNDER_WAY:
        return "timed out";
    case H2I_RACE_WRONG_FAMILY:
        return entrant->address.family == 6 ? "IPv6 is not wanted" : "IPv4 is not wanted";
    case H2I_RACE_FILTERED:
        return "not allowed by the address filter";
    default:
        snprintf(buf, H2I_RACE_REASON_MAX, "%s",
                 strerror_r(entrant->outcome, text, sizeof text)); /* GNU's: see fault.c */
        buf[0] = h2i_lower(buf[0]);
        return buf;
    }
}

/* Addresses are told as far as they fit, and never cut in two. */
static void add_entrants(struct h2i_text *text, const struct h2i_race *race)
{
    char piece[H2CLIENT_ADDRESS_TEXT_MAX + H2I_RACE_REASON_MAX + 8];
    char address[H2CLIENT_ADDRESS_TEXT_MAX];
    char reason[H2I_RACE_REASON_MAX];

    for (size_t i = 0; i < race->n; i++) {
        size_t room = text->cap - text->len - (i + 1 < race->n ? MORE_LEN : 1);
        size_t len = (size_t)snprintf(
            piece, sizeof piece, "%s%s: %s", i ? ", " : "",
            h2client_address_format(&race->entrants[i].address, address, sizeof address),
            h2i_race_reason(&race->entrants[i], reason));

        if (len > room) {
            h2i_text_add(text, "%s... and %zu more", i ? ", " : "", race->n - i);
            return;
        }
        h2i_text_add(text, "%s", piece);
    }
}

/* A shortage comes before anything else; refused is what all have refused. 0: nothing that
 * the system said. */
static int common_errno(const struct h2i_race *race)
{
    size_t n_refused = 0;
    int other = 0;

    for (size_t i = 0; i < race->n; i++) {
        int outcome = race->entrants[i].outcome;

        if (h2i_race_is_shortage(outcome))
            return outcome;
        if (outcome == ECONNREFUSED)
            n_refused++;
        else if (outcome > 0)
            other = outcome;
    }
    return n_refused && n_refused == race->n ? ECONNREFUSED : other;
}

void h2i_race_describe(const struct h2i_race *race, const char *host, struct h2i_text *text)
{
    h2i_text_add(text, "connect to %.255s failed: ", host);
    if (!race->n)
        h2i_text_add(text, "no address to connect to");
    add_entrants(text, race);
}

h2client_fault h2i_race_fault(const struct h2i_race *race, enum h2i_race_verb verb,
                              const char *host)
{
    int system_errno = common_errno(race);
    h2client_fault fault =
        h2i_fault_of_errno(system_errno, H2CLIENT_ERROR_CONNECT_FAILED, "connect");
    struct h2i_text text;

    if (verb == H2I_RACE_LATE)
        fault = h2i_fault_of_timeout(H2CLIENT_LIMIT_SOCK_CONNECT, race->config.limit_us / 1000);
    else
        fault.text[0] = 0;
    text = (struct h2i_text){fault.text, sizeof fault.text, strlen(fault.text)};
    h2i_text_add(&text, "%s", text.len ? ": " : "");
    h2i_race_describe(race, host, &text);
    return fault;
}
