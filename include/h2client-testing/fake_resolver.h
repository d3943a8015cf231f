/* SPDX-License-Identifier: MIT */
/*
 * A resolver that asks nobody: it answers as the test has written, in parts, after
 * delays of virtual time. A name without a script has the address 127.0.0.1, for 60
 * seconds, in one part, in the same turn.
 */
#ifndef H2T_FAKE_RESOLVER_H
#define H2T_FAKE_RESOLVER_H

#include "h2client/resolver.h"

#ifdef __cplusplus
extern "C" {
#endif

#define H2T_MAX_SCRIPTS 16
#define H2T_MAX_ANSWER_PARTS 10
#define H2T_MAX_PART_ADDRESSES 20

/* One report of a look-up. */
struct h2t_answer_part {
    int64_t delay_ms; /* since the part before; 0: later in the same turn */
    const char *addresses[H2T_MAX_PART_ADDRESSES]; /* literals; the first NULL ends them */
    int64_t ttl_s;
    h2client_error_code fault; /* OK: this part did not fail */
    int32_t dns_status;        /* of the fault */
};

struct h2t_script {
    const char *host; /* must outlive the resolver */
    size_t n_parts;   /* 0: silent, no answer ever comes */
    struct h2t_answer_part parts[H2T_MAX_ANSWER_PARTS];
    bool is_from_cache;
};

struct h2t_fake_resolver;

struct h2t_fake_resolver *h2t_fake_resolver_create(void);
/* Aborts if a query has neither ended nor been cancelled. */
void h2t_fake_resolver_destroy(struct h2t_fake_resolver *fake);
/* Its own `destroy` does nothing: the test destroys it. */
h2client_resolver *h2t_fake_resolver_port(struct h2t_fake_resolver *fake);
/* Copied; replaces what the host had. Queries under way keep theirs. */
void h2t_fake_resolver_script(struct h2t_fake_resolver *fake, const struct h2t_script *script);

/* From now on its `resolve` has no memory. */
void h2t_fake_resolver_run_dry(struct h2t_fake_resolver *fake);

/* What it was asked so far. */
size_t h2t_fake_resolver_n_queries(const struct h2t_fake_resolver *fake);
size_t h2t_fake_resolver_n_cancels(const struct h2t_fake_resolver *fake);
size_t h2t_fake_resolver_n_flushes(const struct h2t_fake_resolver *fake);
/* Queries under way. */
size_t h2t_fake_resolver_n_live(const struct h2t_fake_resolver *fake);
/* Of the last query; "" and 0 before the first. */
const char *h2t_fake_resolver_last_host(const struct h2t_fake_resolver *fake);
uint16_t h2t_fake_resolver_last_port(const struct h2t_fake_resolver *fake);

#ifdef __cplusplus
}
#endif

#endif
