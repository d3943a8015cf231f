/* SPDX-License-Identifier: MIT */
/* The cache in front of a scripted resolver, over virtual time, and what its tests let
 * that one say. */
#ifndef H2T_CACHE_RIG_H
#define H2T_CACHE_RIG_H

#include "resolver/dns_cache.h"
#include "tests/support/lookup.h"

/* 1 s, 300 s, 5 s; 1,024 entries. */
extern const struct h2i_dns_cache_limits h2t_cache_limits;

void h2t_cache_open(struct h2t_lookup_rig *rig);
void h2t_cache_open_with(struct h2t_lookup_rig *rig, const struct h2i_dns_cache_limits *limits);

/* One part, at once: an address with this TTL; a fault. */
void h2t_script_ttl(struct h2t_lookup_rig *rig, const char *host, int64_t ttl_s);
void h2t_script_fault(struct h2t_lookup_rig *rig, const char *host, h2client_error_code code);
/* 192.0.2.1 and .2 for 20 s after 1 ms, 2001:db8::1 for 10 s after 2 ms more. */
void h2t_script_two_parts(struct h2t_lookup_rig *rig, const char *host);
void h2t_script_silence(struct h2t_lookup_rig *rig, const char *host);
/* Questions the scripted one was asked. */
size_t h2t_n_asked(const struct h2t_lookup_rig *rig);

#endif
