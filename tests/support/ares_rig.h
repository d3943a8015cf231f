/* SPDX-License-Identifier: MIT */
/* The resolver over c-ares, on the real loop, and the name servers it asks. */
#ifndef H2T_ARES_RIG_H
#define H2T_ARES_RIG_H

#include "resolver/ares_resolver.h"
#include "tests/support/dns_server.h"
#include "tests/support/lookup.h"

/* Until a silent server is passed over: where there is one, and where there is none. */
#define H2T_SHORT_MS 40
#define H2T_LONG_MS 20000

struct h2t_ares_rig {
    struct h2t_alloc alloc;
    h2client_loop *loop;
    struct h2client_reactor reactor;
    struct h2t_dns_server *server;
    struct h2t_dns_server *first; /* asked before `server`; NULL: none */
    h2client_resolver *resolver;
    struct {
        h2client_system port;
        h2client_system_ops ops;
        int64_t stands_at_us; /* 0: it runs */
    } clock;                  /* the reactor's; c-ares has its own */
};

/* a.example: 192.0.2.1 and .2 for 60 and 50 seconds, 2001:db8::1 for 70. */
extern const struct h2t_dns_answer h2t_both[];
extern const struct h2t_dns_answer h2t_silence[];
extern const struct h2t_dns_answer h2t_failing[];

/* A server, and a resolver that asks it. */
void h2t_ares_open(struct h2t_ares_rig *rig, const struct h2t_dns_answer *answers);
/* Two, asked in this order. */
void h2t_ares_open_two(struct h2t_ares_rig *rig, const struct h2t_dns_answer *first,
                       const struct h2t_dns_answer *second, int timeout_ms);
/* A server, no resolver yet; and the resolver. */
void h2t_ares_init(struct h2t_ares_rig *rig, const struct h2t_dns_answer *answers);
void h2t_ares_make(struct h2t_ares_rig *rig, const char *servers, int timeout_ms);
void h2t_ares_make_with(struct h2t_ares_rig *rig, const struct h2i_ares_config *config);
/* What `make` gives: these servers, and the machine's own for the rest. */
struct h2i_ares_config h2t_ares_config(const char *servers, int timeout_ms);
/* Destroys all and checks that nothing is left. */
void h2t_ares_finish(struct h2t_ares_rig *rig);

void h2t_ares_turn(struct h2t_ares_rig *rig);
/* A look-up, not waited for; and one that is. */
void h2t_ares_start(struct h2t_ares_rig *rig, struct h2t_lookup *lookup, const char *host);
void h2t_ares_ask(struct h2t_ares_rig *rig, struct h2t_lookup *lookup, const char *host);

#endif
