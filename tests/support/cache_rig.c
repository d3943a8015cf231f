/* SPDX-License-Identifier: MIT */
#include "tests/support/cache_rig.h"

#include <check.h>

const struct h2i_dns_cache_limits h2t_cache_limits = {
    .min_ttl_s = 1, .max_ttl_s = 300, .negative_ttl_s = 5, .max_entries = 1024};

void h2t_cache_open_with(struct h2t_lookup_rig *rig, const struct h2i_dns_cache_limits *limits)
{
    h2t_lookup_rig_init(rig);
    rig->resolver = h2i_dns_cache_create(&rig->reactor, h2t_fake_resolver_port(rig->fake), limits);
    ck_assert_ptr_nonnull(rig->resolver);
}

void h2t_cache_open(struct h2t_lookup_rig *rig)
{
    h2t_cache_open_with(rig, &h2t_cache_limits);
}

/* One part, at once: an address with this TTL. */
void h2t_script_ttl(struct h2t_lookup_rig *rig, const char *host, int64_t ttl_s)
{
    h2t_fake_resolver_script(
        rig->fake, &(struct h2t_script){.host = host,
                                        .n_parts = 1,
                                        .parts = {{.addresses = {"192.0.2.1"}, .ttl_s = ttl_s}}});
}

void h2t_script_fault(struct h2t_lookup_rig *rig, const char *host, h2client_error_code code)
{
    h2t_fake_resolver_script(
        rig->fake, &(struct h2t_script){.host = host, .n_parts = 1, .parts = {{.fault = code}}});
}

/* A after 1 ms, AAAA after 2 ms more. */
void h2t_script_two_parts(struct h2t_lookup_rig *rig, const char *host)
{
    static const struct h2t_script script = {
        .n_parts = 2,
        .parts = {{.delay_ms = 1, .addresses = {"192.0.2.1", "192.0.2.2"}, .ttl_s = 20},
                  {.delay_ms = 2, .addresses = {"2001:db8::1"}, .ttl_s = 10}}};
    struct h2t_script own = script;

    own.host = host;
    h2t_fake_resolver_script(rig->fake, &own);
}

void h2t_script_silence(struct h2t_lookup_rig *rig, const char *host)
{
    h2t_fake_resolver_script(rig->fake, &(struct h2t_script){.host = host});
}

size_t h2t_n_asked(const struct h2t_lookup_rig *rig)
{
    return h2t_fake_resolver_n_queries(rig->fake);
}
