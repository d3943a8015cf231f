/* SPDX-License-Identifier: MIT */
/* Whom the TLS client trusts: chains, times, purposes, names (RFC 9110 4.3.4). */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "tests/support/tls_rig.h"

static void expect_wrong_name(const struct h2t_cert_spec *spec, const char *host)
{
    h2t_tls_expect_refused(spec, host, H2CLIENT_ERROR_TLS_WRONG_NAME,
                           "certificate is for: ", GNUTLS_A_BAD_CERTIFICATE);
}

/* "2024-01-31" */
static void format_day(char *text, size_t cap, int days_from_now)
{
    time_t when = time(NULL) + (time_t)days_from_now * 86400;
    struct tm utc;

    gmtime_r(&when, &utc);
    strftime(text, cap, "%Y-%m-%d", &utc);
}

/* ---- chains ---- */

TEST(tls_accepts_a_certificate_of_a_trusted_authority)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}}, H2T_TLS_HOST);
}

TEST(tls_refuses_an_unknown_authority)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    struct h2t_cert *other = h2t_cert_create(
        &(struct h2t_cert_spec){.common_name = "other", .is_authority = true}, NULL);
    h2t_cert_destroy(rig.leaf);
    rig.leaf = h2t_cert_create(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}}, other);
    rig.config.chain[0] = rig.leaf;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "its issuer is unknown");
    h2t_tls_rig_expect_alert(&rig, GNUTLS_A_UNKNOWN_CA);
    h2t_cert_destroy(other);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_a_self_signed_certificate)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_self_sign(&rig, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "it is self-signed");
    h2t_tls_rig_expect_alert(&rig, GNUTLS_A_UNKNOWN_CA);
    h2t_tls_rig_finish(&rig);
}

/* An intermediate of the rig's authority, and a leaf of that. */
static void use_intermediate(struct h2t_tls_rig *rig, struct h2t_cert **between,
                             const struct h2t_cert_spec *spec)
{
    *between = h2t_cert_create(spec, rig->ca);
    h2t_cert_destroy(rig->leaf);
    rig->leaf = h2t_cert_create(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}}, *between);
    rig->config.chain[0] = rig->leaf;
    rig->config.chain[1] = *between;
}

TEST(tls_accepts_a_chain_through_an_intermediate)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between;
    h2t_tls_rig_init(&rig);
    use_intermediate(&rig, &between,
                     &(struct h2t_cert_spec){.common_name = "between", .is_authority = true});
    h2t_tls_rig_connect(&rig);
    h2t_cert_destroy(between);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_an_issuer_that_is_no_authority)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between;
    h2t_tls_rig_init(&rig);
    use_intermediate(&rig, &between, &(struct h2t_cert_spec){.common_name = "between"});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: ");
    h2t_cert_destroy(between);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_an_issuer_that_has_expired)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between;
    char words[80], day[16];
    h2t_tls_rig_init(&rig);
    use_intermediate(
        &rig, &between,
        &(struct h2t_cert_spec){
            .common_name = "between", .is_authority = true, .first_day = -9, .last_day = -3});
    format_day(day, sizeof day, -3);
    snprintf(words, sizeof words, "certificate of server.test's issuer expired on %s", day);
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_EXPIRED, words);
    h2t_cert_destroy(between);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_a_weak_key)
{
    h2t_tls_expect_refused(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key = H2T_KEY_RSA_1024},
                           H2T_TLS_HOST, H2CLIENT_ERROR_TLS_UNTRUSTED, "too weak",
                           GNUTLS_A_UNKNOWN_CA);
}

TEST(tls_accepts_an_rsa_key_of_2048_bits)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key = H2T_KEY_RSA_2048},
                            H2T_TLS_HOST);
}

TEST(tls_refuses_a_certificate_its_staple_says_is_revoked)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    gnutls_datum_t staple = h2t_cert_staple(rig.leaf, rig.ca, H2T_STAPLE_REVOKED);
    rig.config.staple = &staple;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_REVOKED, "certificate of server.test was revoked");
    h2t_tls_rig_expect_alert(&rig, GNUTLS_A_CERTIFICATE_REVOKED);
    gnutls_free(staple.data);
    h2t_tls_rig_finish(&rig);
}

/* ---- time and purpose ---- */

TEST(tls_refuses_an_expired_certificate_and_names_the_day)
{
    char words[80], day[16];
    format_day(day, sizeof day, -2);
    snprintf(words, sizeof words, "certificate of server.test expired on %s", day);
    h2t_tls_expect_refused(
        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .first_day = -9, .last_day = -2},
        H2T_TLS_HOST, H2CLIENT_ERROR_TLS_EXPIRED, words, GNUTLS_A_CERTIFICATE_EXPIRED);
}

TEST(tls_refuses_a_certificate_whose_time_has_not_come)
{
    char words[80], day[16];
    format_day(day, sizeof day, 2);
    snprintf(words, sizeof words, "certificate of server.test is not valid before %s", day);
    h2t_tls_expect_refused(
        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .first_day = 2, .last_day = 9}, H2T_TLS_HOST,
        H2CLIENT_ERROR_TLS_EXPIRED, words, GNUTLS_A_CERTIFICATE_EXPIRED);
}

TEST(tls_refuses_a_certificate_for_clients)
{
    h2t_tls_expect_refused(
        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
        H2T_TLS_HOST, H2CLIENT_ERROR_TLS_PURPOSE, "not for a TLS server",
        GNUTLS_A_UNSUPPORTED_CERTIFICATE);
}

/* ---- names ---- */

TEST(tls_refuses_a_certificate_for_others_and_lists_them)
{
    h2t_tls_expect_refused(
        &(struct h2t_cert_spec){.dns = {"a.example", "b.example"}, .ip = "192.0.2.1"}, H2T_TLS_HOST,
        H2CLIENT_ERROR_TLS_WRONG_NAME, "certificate is for: a.example, b.example, 192.0.2.1",
        GNUTLS_A_BAD_CERTIFICATE);
}

TEST(tls_takes_any_name_of_the_certificate)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {"a.example", H2T_TLS_HOST}},
                            H2T_TLS_HOST);
}

TEST(tls_compares_names_in_any_case)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {"SERVER.Test"}}, H2T_TLS_HOST);
}

TEST(tls_does_not_fall_back_to_the_common_name)
{
    expect_wrong_name(&(struct h2t_cert_spec){.common_name = H2T_TLS_HOST}, H2T_TLS_HOST);
}

TEST(tls_does_not_fall_back_to_the_common_name_beside_other_kinds)
{
    expect_wrong_name(&(struct h2t_cert_spec){.common_name = H2T_TLS_HOST,
                                              .uri = "https://server.test/",
                                              .ip = "192.0.2.1"},
                      H2T_TLS_HOST);
}

TEST(tls_wildcard_holds_for_one_label)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {"*.server.test"}}, "www.server.test");
}

TEST(tls_wildcard_does_not_hold_for_two_labels)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*.server.test"}}, "a.www.server.test");
}

TEST(tls_wildcard_does_not_hold_for_its_parent)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*.server.test"}}, H2T_TLS_HOST);
}

TEST(tls_wildcard_does_not_hold_for_a_whole_domain)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*.test"}}, H2T_TLS_HOST);
}

TEST(tls_name_ends_at_no_nul)
{
    h2t_tls_expect_refused(&(struct h2t_cert_spec){.common_name = H2T_TLS_HOST,
                                                   .raw_dns = {"server.test\0.evil.example", 25}},
                           H2T_TLS_HOST, H2CLIENT_ERROR_TLS_WRONG_NAME,
                           "server.test\\x00.evil.example", GNUTLS_A_BAD_CERTIFICATE);
}

TEST(tls_refuses_names_that_cannot_be_parsed)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(
        &rig, &(struct h2t_cert_spec){.common_name = H2T_TLS_HOST, .has_broken_names = true});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "DER");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_skips_a_name_that_is_too_long)
{
    char uri[400] = "https://server.test/";
    memset(uri + strlen(uri), 'x', sizeof uri - 1 - strlen(uri));
    uri[sizeof uri - 1] = 0;
    struct h2t_cert_spec spec = {.uri = uri, .ip = "192.0.2.1"};
    h2t_tls_expect_accepted(&spec, "192.0.2.1");
}

TEST(tls_refuses_an_empty_host)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}}, "");
}

TEST(tls_refuses_a_host_that_is_longer_than_any_name)
{
    struct h2t_tls_rig rig;
    char host[400];
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = 0;
    h2t_tls_rig_init(&rig);
    rig.params.host = host;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS cannot be set up");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_strips_a_trailing_dot)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.params.host = H2T_TLS_HOST ".";
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(rig.server->sni, H2T_TLS_HOST);
    h2t_tls_rig_finish(&rig);
}

/* ---- addresses ---- */

TEST(tls_address_needs_an_address_in_the_certificate)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.ip = "192.0.2.1"}, "192.0.2.1");
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.ip = "2001:db8::1"}, "2001:db8::1");
}

TEST(tls_address_is_compared)
{
    expect_wrong_name(&(struct h2t_cert_spec){.ip = "192.0.2.1"}, "192.0.2.2");
    expect_wrong_name(&(struct h2t_cert_spec){.ip = "2001:db8::1"}, "2001:db8::2");
}

TEST(tls_address_is_no_dns_name)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"192.0.2.1"}}, "192.0.2.1");
    expect_wrong_name(&(struct h2t_cert_spec){.common_name = "192.0.2.1"}, "192.0.2.1");
}

TEST(tls_sends_no_server_name_for_an_address)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig, &(struct h2t_cert_spec){.ip = "2001:db8::1"});
    rig.params.host = "2001:db8::1";
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(rig.server->sni, "");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_sends_the_server_name)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(rig.server->sni, H2T_TLS_HOST);
    h2t_tls_rig_finish(&rig);
}

/* ---- other hosts of a connection (RFC 9113 9.1.1) ---- */

TEST(tls_covers_every_host_of_the_certificate_and_no_other)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig, &(struct h2t_cert_spec){.common_name = "cn.example",
                                                      .dns = {H2T_TLS_HOST, "*.b.example"},
                                                      .ip = "192.0.2.1"});
    h2t_tls_rig_connect(&rig);
    bool (*covers)(h2client_transport *, const char *) = rig.client->ops->covers_host;
    ck_assert(covers(rig.client, H2T_TLS_HOST));
    ck_assert(covers(rig.client, "a.b.example"));
    ck_assert(covers(rig.client, "192.0.2.1"));
    ck_assert(!covers(rig.client, "b.example"));
    ck_assert(!covers(rig.client, "cn.example"));
    ck_assert(!covers(rig.client, "192.0.2.2"));
    h2t_tls_rig_finish(&rig);
}

TEST(tls_covers_no_host_when_nothing_was_verified)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.verify = H2CLIENT_OFF;
    h2t_tls_rig_connect(&rig);
    ck_assert(!rig.client->ops->covers_host(rig.client, H2T_TLS_HOST));
    h2t_tls_rig_finish(&rig);
}

static bool accept_all(const h2client_tls_verdict *verdict, void *user)
{
    (void)verdict, (void)user;
    return true;
}

TEST(tls_covers_no_host_that_the_application_did_not_see)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.verify_fn = accept_all;
    h2t_tls_rig_certify(&rig, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST, "b.example"}});
    h2t_tls_rig_connect(&rig);
    ck_assert(rig.client->ops->covers_host(rig.client, H2T_TLS_HOST));
    ck_assert(!rig.client->ops->covers_host(rig.client, "b.example"));
    h2t_tls_rig_finish(&rig);
}

TEST(tls_takes_anybody_when_told_not_to_verify)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_self_sign(
        &rig, &(struct h2t_cert_spec){.dns = {"a.example"}, .first_day = -9, .last_day = -2});
    rig.options.verify = H2CLIENT_OFF;
    rig.options.ca_file = NULL;
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_finish(&rig);
}

/* ---- where trust comes from ---- */

/* The factory says so at once, and to each handshake. */
static void expect_bad_ca_file(const char *path, const char *words)
{
    struct h2t_tls_rig rig;

    h2t_tls_rig_init(&rig);
    rig.options.ca_file = path;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_CA_FILE, words);
    ck_assert_ptr_nonnull(strstr(rig.fault.text, path));
    ck_assert_int_eq(rig.factory_fault.code, H2CLIENT_ERROR_TLS_CA_FILE);
    ck_assert_str_eq(rig.factory_fault.text, rig.fault.text);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_a_ca_file_that_is_not_there)
{
    expect_bad_ca_file("/no/such/file.pem", "No such file or directory");
}

TEST(tls_names_a_ca_file_that_is_a_directory)
{
    expect_bad_ca_file("/", "Is a directory");
}

TEST(tls_names_a_ca_file_without_a_certificate)
{
    char path[64];
    int fd = h2t_file_create("no certificate\n", 15, path, sizeof path);
    expect_bad_ca_file(path, "certificate was found");
    close(fd);
}

TEST(tls_names_a_ca_file_that_is_empty)
{
    char path[64];
    int fd = h2t_file_create("", 0, path, sizeof path);
    expect_bad_ca_file(path, "CA file ");
    close(fd);
}

/* ---- the system's store, which the linker replaces by this one ---- */

static struct {
    unsigned n_loads;
    const struct h2t_cert *ca; /* NULL: it is empty */
} store;

int __wrap_gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t credentials);
int __wrap_gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t credentials)
{
    gnutls_x509_crt_t list[1];

    store.n_loads++;
    if (!store.ca)
        return 0;
    list[0] = store.ca->certificate;
    return gnutls_certificate_set_x509_trust(credentials, list, 1);
}

TEST(tls_reads_the_systems_store_once_and_not_before_the_first_handshake)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.ca_file = NULL;
    store.ca = rig.ca;
    store.n_loads = 0;
    rig.factory = h2t_tls_factory_create(&rig.alloc.allocator, &rig.options, &rig.factory_fault);
    ck_assert_uint_eq(store.n_loads, 0);
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_disconnect(&rig);
    h2t_tls_rig_connect(&rig);
    ck_assert_uint_eq(store.n_loads, 1);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_trusts_a_ca_file_instead_of_the_systems_store)
{
    struct h2t_tls_rig rig;
    char path[64];
    h2t_tls_rig_init(&rig);
    struct h2t_cert *other = h2t_cert_create(
        &(struct h2t_cert_spec){.common_name = "other", .is_authority = true}, NULL);
    int fd = h2t_cert_file_create(other, path, sizeof path);
    rig.options.ca_file = path;
    store.ca = rig.ca;
    store.n_loads = 0;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "its issuer is unknown");
    ck_assert_uint_eq(store.n_loads, 0);
    close(fd);
    h2t_cert_destroy(other);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_says_when_the_systems_store_is_empty)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.ca_file = NULL;
    store.ca = NULL;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_CA_FILE, "the system's store has no certificate");
    h2t_tls_rig_finish(&rig);
}

static bool accept_untrusted(const h2client_tls_verdict *verdict, void *user)
{
    unsigned *n_asked = user;

    ++*n_asked;
    return verdict->fault && verdict->fault->code == H2CLIENT_ERROR_TLS_UNTRUSTED;
}

/* Who decides alone needs no store. */
TEST(tls_asks_the_application_where_the_systems_store_is_empty)
{
    struct h2t_tls_rig rig;
    unsigned n_asked = 0;
    h2t_tls_rig_init(&rig);
    rig.options.ca_file = NULL;
    rig.options.verify = H2CLIENT_OFF;
    rig.options.verify_fn = accept_untrusted;
    rig.options.verify_user = &n_asked;
    store.ca = NULL;
    h2t_tls_rig_connect(&rig);
    ck_assert_uint_eq(n_asked, 1);
    h2t_tls_rig_finish(&rig);
}

TEST_MAIN("tls_trust", {T(tls_accepts_a_certificate_of_a_trusted_authority)},
          {T(tls_refuses_an_unknown_authority)}, {T(tls_refuses_a_self_signed_certificate)},
          {T(tls_accepts_a_chain_through_an_intermediate)},
          {T(tls_refuses_an_issuer_that_is_no_authority)},
          {T(tls_names_an_issuer_that_has_expired)}, {T(tls_refuses_a_weak_key)},
          {T(tls_accepts_an_rsa_key_of_2048_bits)},
          {T(tls_refuses_a_certificate_its_staple_says_is_revoked)},
          {T(tls_refuses_an_expired_certificate_and_names_the_day)},
          {T(tls_refuses_a_certificate_whose_time_has_not_come)},
          {T(tls_refuses_a_certificate_for_clients)},
          {T(tls_refuses_a_certificate_for_others_and_lists_them)},
          {T(tls_takes_any_name_of_the_certificate)}, {T(tls_compares_names_in_any_case)},
          {T(tls_does_not_fall_back_to_the_common_name)},
          {T(tls_does_not_fall_back_to_the_common_name_beside_other_kinds)},
          {T(tls_wildcard_holds_for_one_label)}, {T(tls_wildcard_does_not_hold_for_two_labels)},
          {T(tls_wildcard_does_not_hold_for_its_parent)},
          {T(tls_wildcard_does_not_hold_for_a_whole_domain)}, {T(tls_name_ends_at_no_nul)},
          {T_OURS(tls_refuses_names_that_cannot_be_parsed, "the words are of GnuTLS")},
          {T(tls_skips_a_name_that_is_too_long)}, {T(tls_refuses_an_empty_host)},
          {T(tls_refuses_a_host_that_is_longer_than_any_name)}, {T(tls_strips_a_trailing_dot)},
          {T(tls_address_needs_an_address_in_the_certificate)}, {T(tls_address_is_compared)},
          {T(tls_address_is_no_dns_name)}, {T(tls_sends_no_server_name_for_an_address)},
          {T(tls_sends_the_server_name)},
          {T(tls_covers_every_host_of_the_certificate_and_no_other)},
          {T(tls_covers_no_host_when_nothing_was_verified)},
          {T_OURS(tls_covers_no_host_that_the_application_did_not_see, "asks no application")},
          {T(tls_takes_anybody_when_told_not_to_verify)},
          {T(tls_names_a_ca_file_that_is_not_there)}, {T(tls_names_a_ca_file_that_is_a_directory)},
          {T(tls_names_a_ca_file_without_a_certificate)}, {T(tls_names_a_ca_file_that_is_empty)},
          {T_OURS(tls_reads_the_systems_store_once_and_not_before_the_first_handshake,
                  "it reads no such store")},
          {T(tls_trusts_a_ca_file_instead_of_the_systems_store)},
          {T_OURS(tls_asks_the_application_where_the_systems_store_is_empty,
                  "an option of the built-in one")},
          {T_OURS(tls_says_when_the_systems_store_is_empty, "it reads no such store")})
