/* SPDX-License-Identifier: MIT */
/*
 * Race: in which order, and when, the addresses of a name are connected to (Happy Eyeballs
 * version 2, RFC 8305 3 to 5). A pure machine: it opens nothing and has no clock. Addresses,
 * outcomes and the time go in; what to do next comes out.
 *
 *     h2i_race_init(&race, &config, memory, now_us);
 *     h2i_race_add(&race, list, n, more, now_us)       addresses, as they become known
 *     do step = h2i_race_next(&race, now_us)           until it is not START any more
 *     h2i_race_report(&race, entrant, outcome, now_us)  and ask again
 *
 * The families take turns, IPv6 first; within one the order is the resolver's, turned by
 * `rotation`, so that connections to a name begin with one address after the other. Those that
 * failed lately come last. An attempt gets attempt_delay_us before the next one begins beside
 * it, and a failure starts the next one at once. An IPv4 address that is known first waits
 * resolution_delay_us for IPv6, one that failed lately for any other.
 */
#ifndef H2I_RACE_H
#define H2I_RACE_H

#include "h2client/resolver.h"
#include "transport/failed_addresses.h"

struct h2i_race_config {
    int64_t attempt_delay_us;    /* INT64_MAX: nobody runs beside another */
    int64_t resolution_delay_us; /* INT64_MAX: until IPv6 is known, or known to be none */
    int64_t limit_us;            /* over all; INT64_MAX: none */
    size_t rotation;             /* how far the order within a family is turned */
};

/* Outcomes: 0 is a connection, a positive one an errno value, and these. */
enum h2i_race_outcome {
    H2I_RACE_CONNECTED = 0,
    H2I_RACE_NOT_TRIED = -1,    /* nor has it been up to now */
    H2I_RACE_UNDER_WAY = -2,    /* without an answer up to now */
    H2I_RACE_WRONG_FAMILY = -3, /* the application wants none of these */
    H2I_RACE_FILTERED = -4      /* nor this one */
};

struct h2i_entrant {
    h2client_address address;
    int outcome;
    int64_t began_us;       /* when it was connected to; 0 before */
    bool has_failed_before; /* when it became known */
};

struct h2i_race {
    struct h2i_race_config config;
    struct h2i_failed_addresses *memory; /* borrowed */
    struct h2i_entrant entrants[H2CLIENT_MAX_ADDRESSES];
    size_t n;
    size_t n_under_way;
    int64_t deadline_us;
    int64_t next_us;      /* not before that while somebody is under way */
    int64_t first_us;     /* when the first address became known */
    uint16_t last_family; /* of the one that began last; 0: nobody has */
    bool may_grow;        /* more addresses will follow */
    bool is_short;        /* this process has no descriptor or memory for another one */
    bool has_connected;   /* `winner` has */
    size_t winner;
};

enum h2i_race_verb {
    H2I_RACE_START, /* connect to `entrant`, and report */
    H2I_RACE_WAIT,  /* for a report, for addresses, or until `until_us` */
    H2I_RACE_WON,   /* by `entrant`; the others are to be closed */
    H2I_RACE_LOST,  /* all have failed */
    H2I_RACE_LATE   /* the limit has passed */
};

struct h2i_race_step {
    enum h2i_race_verb verb;
    size_t entrant;
    int64_t until_us; /* INT64_MAX: there is no such time */
};

/* May grow, and knows no address yet. */
void h2i_race_init(struct h2i_race *race, const struct h2i_race_config *config,
                   struct h2i_failed_addresses *memory, int64_t now_us);
/* Addresses that are known already are passed over, and those above the maximum. */
void h2i_race_add(struct h2i_race *race, const h2client_address *list, size_t n, bool more,
                  int64_t now_us);
struct h2i_race_step h2i_race_next(struct h2i_race *race, int64_t now_us);
/* What became of an attempt. After a shortage no further one begins: it would meet the same. */
void h2i_race_report(struct h2i_race *race, size_t entrant, int outcome, int64_t now_us);

/* Of this process, not of an address: EMFILE and its like. */
bool h2i_race_is_shortage(int outcome);

#endif
