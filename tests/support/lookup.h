/* SPDX-License-Identifier: MIT */
/*
 * Look-ups of a resolver, and what came of each; and a reactor over virtual time with a
 * scripted resolver, for those that stand in front of one.
 */
#ifndef H2T_LOOKUP_H
#define H2T_LOOKUP_H

#include "base/reactor.h"
#include "h2client-testing/fake_resolver.h"
#include "tests/support/test_alloc.h"
#include "h2client-testing/virtual_world.h"

/* One look-up. Zero it, set what the test wants to hear, start it. Every report is held
 * to the port's contract. */
struct h2t_lookup {
    void (*on_report)(struct h2t_lookup *lookup, const h2client_addresses *addresses);
    void *user; /* for on_report */

    h2client_resolver *resolver;
    h2client_query *query; /* NULL once it has ended or was cancelled */
    size_t n_reports;
    bool is_done;
    char text[2048]; /* "192.0.2.1,2001:db8::1", of all reports */
    size_t n_addresses;
    int64_t ttl_s; /* of the last report, the same for the rest */
    bool is_from_cache;
    h2client_fault fault; /* code OK: none */
};

void h2t_lookup_start(struct h2t_lookup *lookup, h2client_resolver *resolver,
                      h2client_reactor *reactor, const char *host, uint16_t port);
void h2t_lookup_cancel(struct h2t_lookup *lookup);

struct h2t_lookup_rig {
    struct h2t_alloc alloc;
    struct h2t_world world;
    struct h2client_reactor reactor;
    struct h2t_fake_resolver *fake;
    h2client_resolver *resolver; /* the one under test, the test's to make; NULL is fine */
};

void h2t_lookup_rig_init(struct h2t_lookup_rig *rig);
/* Destroys the resolver and checks that nothing is left. */
void h2t_lookup_rig_finish(struct h2t_lookup_rig *rig);
/* Turns until nothing is deferred; no time passes. */
void h2t_lookup_rig_settle(struct h2t_lookup_rig *rig);
void h2t_lookup_rig_run_us(struct h2t_lookup_rig *rig, int64_t us);
/* A look-up of port 443, not waited for. */
void h2t_lookup_rig_start(struct h2t_lookup_rig *rig, struct h2t_lookup *lookup, const char *host);
/* The same, settled: it must have ended. */
void h2t_lookup_rig_ask(struct h2t_lookup_rig *rig, struct h2t_lookup *lookup, const char *host);

#endif
