/* SPDX-License-Identifier: MIT */
/*
 * A whole session in memory: virtual world, fake resolver, fake dialer whose dials end
 * at scripted peers, a TLS that encrypts nothing, a counting allocator. What happens on
 * the wire and when is the test's to say.
 */
#ifndef H2T_FACADE_RIG_H
#define H2T_FACADE_RIG_H

#include "h2client/h2client.h"
#include "h2client-testing/fake_dialer.h"
#include "h2client-testing/fake_tls.h"
#include "h2client-testing/fake_resolver.h"
#include "tests/support/test_alloc.h"
#include "h2client-testing/virtual_world.h"

struct h2t_rig {
    struct h2t_alloc alloc;
    struct h2t_world world;
    struct h2t_fake_resolver *resolver;
    struct h2t_dialer dialer;
    struct h2t_tls tls;
    struct h2t_dial_plan plan; /* for every dial */
    struct h2t_h1_config h1;   /* of h2t_rig_init_h1's peers */
    h2client_session *session;
};

/* Ports and plan, no session yet: change what the test wants changed. */
void h2t_rig_init(struct h2t_rig *rig);
/* The same with servers that speak HTTP/1.1 and nothing else, over TLS and without. */
void h2t_rig_init_h1(struct h2t_rig *rig, h2t_on_h1_request on_request, void *user);
/* Makes the session with these options (NULL: none), the ports filled in; dialer and TLS factory
 * only where they are NULL. */
void h2t_rig_open(struct h2t_rig *rig, const h2client_session_options *options);
/* Both at once, with defaults. */
void h2t_rig_start(struct h2t_rig *rig);
/* Destroys the session (if the test has not) and checks that nothing is left. */
void h2t_rig_finish(struct h2t_rig *rig);

/* The peer of the nth connection. */
struct h2t_h1_peer *h2t_rig_h1_peer(const struct h2t_rig *rig, size_t n);
struct h2t_peer *h2t_rig_peer(const struct h2t_rig *rig, size_t n);
/* Turns until virtual time has passed, or n turns. */
void h2t_rig_run_ms(struct h2t_rig *rig, int64_t ms);
void h2t_rig_turn(struct h2t_rig *rig, int n_turns);
int64_t h2t_rig_now_ms(const struct h2t_rig *rig);

/* GET of the rig's usual origin, awaited; fails the test unless it ends so. */
h2client_call *h2t_rig_get(struct h2t_rig *rig, const char *path);

#define H2T_ORIGIN "https://server.test"

#endif
