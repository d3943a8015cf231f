/* SPDX-License-Identifier: MIT */
#include "transport/race.h"

#include <assert.h>
#include <errno.h>

#include "transport/socket_address.h"

static const size_t nobody = SIZE_MAX;

static int64_t later(int64_t time_us, int64_t delay_us)
{
    int64_t sum_us;

    return __builtin_add_overflow(time_us, delay_us, &sum_us) ? INT64_MAX : sum_us;
}

void h2i_race_init(struct h2i_race *race, const struct h2i_race_config *config,
                   struct h2i_failed_addresses *memory, int64_t now_us)
{
    *race = (struct h2i_race){.config = *config, .memory = memory, .may_grow = true};
    race->deadline_us = later(now_us, config->limit_us);
    race->next_us = INT64_MIN;
}

/* ---- addresses ---------------------------------------------------------------------- */

static bool is_known(const struct h2i_race *race, const h2client_address *address)
{
    for (size_t i = 0; i < race->n; i++)
        if (h2i_address_equals(&race->entrants[i].address, address))
            return true;
    return false;
}

/* Unmapped: nobody is to be fooled about whom we connect to, a filter least of all. */
static void enter(struct h2i_race *race, const h2client_address *given, int64_t now_us)
{
    h2client_address address = h2i_address_unmapped(given);

    if (race->n == H2CLIENT_MAX_ADDRESSES || is_known(race, &address))
        return;
    if (race->n == 0)
        race->first_us = now_us;
    race->entrants[race->n++] = (struct h2i_entrant){
        .address = address,
        .outcome = H2I_RACE_NOT_TRIED,
        .has_failed_before = h2i_failed_addresses_has(race->memory, &address, now_us),
    };
}

static bool is_ipv6(const h2client_address *address)
{
    return address->family == 6;
}

/* One family of a list, from where the rotation says on. */
static void enter_family(struct h2i_race *race, const h2client_address *list, size_t n,
                         bool wants_ipv6, int64_t now_us)
{
    const h2client_address *members[H2CLIENT_MAX_ADDRESSES];
    size_t n_members = 0;

    for (size_t i = 0; i < n && n_members < H2CLIENT_MAX_ADDRESSES; i++)
        if (is_ipv6(&list[i]) == wants_ipv6)
            members[n_members++] = &list[i];
    for (size_t i = 0; i < n_members; i++)
        enter(race, members[(i + race->config.rotation) % n_members], now_us);
}

void h2i_race_add(struct h2i_race *race, const h2client_address *list, size_t n, bool more,
                  int64_t now_us)
{
    enter_family(race, list, n, true, now_us);
    enter_family(race, list, n, false, now_us);
    race->may_grow = more;
}

/* ---- whose turn it is ------------------------------------------------------------------ */

/* The lower, the earlier: those that failed lately after all others; then the family whose
 * turn it is (RFC 8305 4); then the order in which they became known. */
static unsigned rank(const struct h2i_race *race, const struct h2i_entrant *entrant)
{
    bool wants_ipv6 = race->last_family != 6;

    return (entrant->has_failed_before ? 2U : 0U) +
           (is_ipv6(&entrant->address) == wants_ipv6 ? 0U : 1U);
}

static size_t choose(const struct h2i_race *race)
{
    size_t best = nobody;

    for (size_t i = 0; i < race->n; i++) {
        if (race->entrants[i].outcome != H2I_RACE_NOT_TRIED)
            continue;
        if (best == nobody || rank(race, &race->entrants[i]) < rank(race, &race->entrants[best]))
            best = i;
    }
    return best;
}

/* RFC 8305 3: a little patience with the first attempt, while a better one may still come:
 * IPv6, or any other instead of one that failed lately. */
static int64_t begins_us(const struct h2i_race *race, size_t chosen)
{
    const struct h2i_entrant *entrant = &race->entrants[chosen];

    if (race->last_family)
        return race->n_under_way ? race->next_us : INT64_MIN;
    if (race->may_grow && (!is_ipv6(&entrant->address) || entrant->has_failed_before))
        return later(race->first_us, race->config.resolution_delay_us);
    return INT64_MIN;
}

static struct h2i_race_step start(struct h2i_race *race, size_t chosen, int64_t now_us)
{
    struct h2i_entrant *entrant = &race->entrants[chosen];

    entrant->outcome = H2I_RACE_UNDER_WAY;
    entrant->began_us = now_us;
    race->n_under_way++;
    race->last_family = is_ipv6(&entrant->address) ? 6 : 4;
    race->next_us = later(now_us, race->config.attempt_delay_us);
    return (struct h2i_race_step){H2I_RACE_START, chosen, INT64_MAX};
}

static struct h2i_race_step wait_until(const struct h2i_race *race, int64_t until_us)
{
    return (struct h2i_race_step){H2I_RACE_WAIT, nobody,
                                  until_us < race->deadline_us ? until_us : race->deadline_us};
}

/* What has not answered by then has failed, too. */
static void note_silent(struct h2i_race *race, int64_t began_before_us, int64_t now_us)
{
    for (size_t i = 0; i < race->n; i++)
        if (race->entrants[i].outcome == H2I_RACE_UNDER_WAY &&
            race->entrants[i].began_us < began_before_us)
            h2i_failed_addresses_note(race->memory, &race->entrants[i].address, now_us);
}

struct h2i_race_step h2i_race_next(struct h2i_race *race, int64_t now_us)
{
    size_t chosen = race->is_short ? nobody : choose(race);

    if (race->has_connected)
        return (struct h2i_race_step){H2I_RACE_WON, race->winner, INT64_MAX};
    if (now_us >= race->deadline_us) {
        note_silent(race, INT64_MAX, now_us);
        return (struct h2i_race_step){H2I_RACE_LATE, nobody, INT64_MAX};
    }
    if (chosen != nobody && now_us >= begins_us(race, chosen))
        return start(race, chosen, now_us);
    if (chosen != nobody)
        return wait_until(race, begins_us(race, chosen));
    if (race->n_under_way || (race->may_grow && !race->is_short))
        return wait_until(race, INT64_MAX);
    return (struct h2i_race_step){H2I_RACE_LOST, nobody, INT64_MAX};
}

/* ---- outcomes --------------------------------------------------------------------------- */

/* A winner puts those it overtook behind, for next time: they would cost the delay again. */
static void take_winner(struct h2i_race *race, size_t winner, int64_t now_us)
{
    struct h2i_entrant *entrant = &race->entrants[winner];

    race->has_connected = true;
    race->winner = winner;
    h2i_failed_addresses_forget(race->memory, &entrant->address);
    note_silent(race, entrant->began_us, now_us);
}

void h2i_race_report(struct h2i_race *race, size_t i, int outcome, int64_t now_us)
{
    struct h2i_entrant *entrant = &race->entrants[i];

    assert(entrant->outcome == H2I_RACE_UNDER_WAY);
    entrant->outcome = outcome;
    race->n_under_way--;
    race->next_us = now_us;
    if (outcome == H2I_RACE_CONNECTED)
        take_winner(race, i, now_us);
    else if (h2i_race_is_shortage(outcome))
        race->is_short = true;
    else if (outcome > 0)
        h2i_failed_addresses_note(race->memory, &entrant->address, now_us);
}

bool h2i_race_is_shortage(int outcome)
{
    return outcome == EMFILE || outcome == ENFILE || outcome == ENOMEM || outcome == ENOBUFS;
}
