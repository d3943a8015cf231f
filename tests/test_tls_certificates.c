/* SPDX-License-Identifier: MIT */
/* A gallery of certificates, beside those of tls_trust: names, chains, keys, signatures,
 * constraints (RFC 5280); each is taken or refused for its reason. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test_papers.h"
#include "tests/support/tls_rig.h"

static const struct h2t_cert_spec good = {.dns = {H2T_TLS_HOST}};

static void expect_wrong_name(const struct h2t_cert_spec *spec, const char *host)
{
    h2t_tls_expect_refused(spec, host, H2CLIENT_ERROR_TLS_WRONG_NAME,
                           "certificate is for: ", GNUTLS_A_BAD_CERTIFICATE);
}

static void expect_untrusted(const struct h2t_cert_spec *spec, const char *words)
{
    h2t_tls_expect_refused(spec, H2T_TLS_HOST, H2CLIENT_ERROR_TLS_UNTRUSTED, words, -1);
}

/* ---- names ---- */

TEST(certificate_with_a_wildcard_in_a_label_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"w*.server.test"}}, "www.server.test");
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*w.server.test"}}, "www.server.test");
}

TEST(certificate_with_a_wildcard_inside_a_name_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"www.*.test"}}, "www.server.test");
}

TEST(certificate_with_two_wildcards_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*.*.test"}}, "www.server.test");
}

TEST(certificate_for_everything_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*"}}, H2T_TLS_HOST);
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*"}}, "localhost");
}

TEST(certificate_for_an_address_by_wildcard_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"*.0.2.1"}}, "192.0.2.1");
}

TEST(certificate_for_an_a_label_is_taken)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {"xn--bcher-kva.example"}},
                            "xn--bcher-kva.example");
}

TEST(certificate_for_an_a_label_is_refused_for_another)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"xn--bcher-kva.example"}},
                      "xn--bcher-kvb.example");
}

/* "bücher.example" as UTF-8, which no dNSName is. */
TEST(certificate_for_a_u_label_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.raw_dns = {"b\xc3\xbc"
                                                          "cher.example",
                                                          15}},
                      "xn--bcher-kva.example");
}

TEST(certificate_without_any_name_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.common_name = H2T_TLS_HOST, .has_empty_names = true},
                      H2T_TLS_HOST);
}

TEST(certificate_for_a_longer_name_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST ".evil.example"}}, H2T_TLS_HOST);
    expect_wrong_name(&(struct h2t_cert_spec){.dns = {"evil-" H2T_TLS_HOST}}, H2T_TLS_HOST);
}

TEST(certificate_for_a_host_is_taken_for_the_host_with_a_dot)
{
    h2t_tls_expect_accepted(&good, H2T_TLS_HOST ".");
}

TEST(certificate_for_the_other_family_of_addresses_is_refused)
{
    expect_wrong_name(&(struct h2t_cert_spec){.ip = "::ffff:192.0.2.1"}, "192.0.2.1");
}

/* ---- keys and signatures ---- */

TEST(certificate_of_an_ed25519_key_is_taken)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key = H2T_KEY_ED25519},
                            H2T_TLS_HOST);
}

TEST(certificate_of_a_p256_key_is_taken)
{
    h2t_tls_expect_accepted(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key = H2T_KEY_P256},
                            H2T_TLS_HOST);
}

TEST(certificate_signed_by_sha_1_is_refused)
{
    expect_untrusted(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .digest = GNUTLS_DIG_SHA1},
                     "too weak");
}

TEST(certificate_signed_by_sha_384_is_taken)
{
    h2t_tls_expect_accepted(
        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .digest = GNUTLS_DIG_SHA384}, H2T_TLS_HOST);
}

/* The server signs with another key than the certificate's. */
TEST(certificate_without_its_key_is_refused)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    struct h2t_cert mixed = {.certificate = rig.leaf->certificate, .key = rig.ca->key};
    rig.config.chain[0] = &mixed;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS handshake failed");
    h2t_tls_rig_finish(&rig);
}

/* ---- uses ---- */

TEST(certificate_for_signing_programs_is_refused)
{
    h2t_tls_expect_refused(
        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .purpose = GNUTLS_KP_CODE_SIGNING},
        H2T_TLS_HOST, H2CLIENT_ERROR_TLS_PURPOSE, "not for a TLS server",
        GNUTLS_A_UNSUPPORTED_CERTIFICATE);
}

TEST(certificate_for_any_purpose_is_taken)
{
    h2t_tls_expect_accepted(
        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .purpose = GNUTLS_KP_ANY}, H2T_TLS_HOST);
}

TEST(certificate_whose_key_may_not_sign_is_refused)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST},
                                                      .key_usage = GNUTLS_KEY_KEY_AGREEMENT});
    rig.config.priority = "NORMAL:%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS";
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_PURPOSE, "certificate's key is for another use");
    h2t_tls_rig_finish(&rig);
}

TEST(certificate_whose_key_may_sign_is_taken)
{
    h2t_tls_expect_accepted(
        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE},
        H2T_TLS_HOST);
}

TEST(certificate_with_an_unknown_critical_extension_is_refused)
{
    expect_untrusted(&(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .has_unknown_extension = true},
                     "certificate not trusted: ");
}

/* ---- chains ---- */

/* Root (the rig's), between, leaf: by these specs; the server shows leaf and between. */
static void use_chain(struct h2t_tls_rig *rig, struct h2t_cert **between,
                      const struct h2t_cert_spec *between_spec, const struct h2t_cert_spec *leaf)
{
    h2t_tls_rig_init(rig);
    *between = h2t_cert_create(between_spec, rig->ca);
    h2t_cert_destroy(rig->leaf);
    rig->leaf = h2t_cert_create(leaf, *between);
    rig->config.chain[0] = rig->leaf;
    rig->config.chain[1] = *between;
}

static void finish_chain(struct h2t_tls_rig *rig, struct h2t_cert *between)
{
    h2t_cert_destroy(between);
    h2t_tls_rig_finish(rig);
}

static void expect_chain_taken(const struct h2t_cert_spec *between_spec,
                               const struct h2t_cert_spec *leaf)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between;

    use_chain(&rig, &between, between_spec, leaf);
    h2t_tls_rig_connect(&rig);
    finish_chain(&rig, between);
}

static void expect_chain_refused(const struct h2t_cert_spec *between_spec,
                                 const struct h2t_cert_spec *leaf, h2client_error_code code,
                                 const char *words)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between;

    use_chain(&rig, &between, between_spec, leaf);
    h2t_tls_rig_refuse(&rig, code, words);
    finish_chain(&rig, between);
}

TEST(chain_without_its_intermediate_is_refused)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between;
    use_chain(&rig, &between,
              &(struct h2t_cert_spec){.common_name = "between", .is_authority = true}, &good);
    rig.config.chain[1] = NULL;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "its issuer is unknown");
    finish_chain(&rig, between);
}

TEST(chain_with_its_root_is_taken)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between;
    use_chain(&rig, &between,
              &(struct h2t_cert_spec){.common_name = "between", .is_authority = true}, &good);
    rig.config.chain[2] = rig.ca;
    h2t_tls_rig_connect(&rig);
    finish_chain(&rig, between);
}

TEST(chain_with_an_intermediate_whose_time_has_not_come_is_refused)
{
    expect_chain_refused(
        &(struct h2t_cert_spec){
            .common_name = "between", .is_authority = true, .first_day = 3, .last_day = 9},
        &good, H2CLIENT_ERROR_TLS_EXPIRED, "server.test's issuer is not valid before");
}

TEST(chain_with_an_intermediate_signed_by_sha_1_is_refused)
{
    expect_chain_refused(&(struct h2t_cert_spec){.common_name = "between",
                                                 .is_authority = true,
                                                 .digest = GNUTLS_DIG_SHA1},
                         &good, H2CLIENT_ERROR_TLS_UNTRUSTED, "too weak");
}

TEST(chain_with_a_weak_intermediate_is_refused)
{
    expect_chain_refused(&(struct h2t_cert_spec){.common_name = "between",
                                                 .is_authority = true,
                                                 .key = H2T_KEY_RSA_1024},
                         &good, H2CLIENT_ERROR_TLS_UNTRUSTED, "too weak");
}

/* Of the rig's authority's name, but not signed by it. */
TEST(chain_to_a_namesake_of_the_root_is_refused)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    struct h2t_cert *namesake = h2t_cert_create(
        &(struct h2t_cert_spec){.common_name = "authority", .is_authority = true}, NULL);
    h2t_cert_destroy(rig.leaf);
    rig.leaf = h2t_cert_create(&good, namesake);
    rig.config.chain[0] = rig.leaf;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: ");
    h2t_cert_destroy(namesake);
    h2t_tls_rig_finish(&rig);
}

TEST(chain_within_its_length_is_taken)
{
    expect_chain_taken(
        &(struct h2t_cert_spec){
            .common_name = "between", .is_authority = true, .has_path_len = true, .path_len = 0},
        &good);
}

/* An authority that may sign no other one has done so. */
TEST(chain_above_its_length_is_refused)
{
    struct h2t_tls_rig rig;
    struct h2t_cert *between, *below;
    use_chain(&rig, &between,
              &(struct h2t_cert_spec){
                  .common_name = "between", .is_authority = true, .has_path_len = true},
              &good);
    below = h2t_cert_create(&(struct h2t_cert_spec){.common_name = "below", .is_authority = true},
                            between);
    h2t_cert_destroy(rig.leaf);
    rig.leaf = h2t_cert_create(&good, below);
    rig.config.chain[0] = rig.leaf;
    rig.config.chain[1] = below;
    rig.config.chain[2] = between;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: ");
    h2t_cert_destroy(below);
    finish_chain(&rig, between);
}

/* ---- name constraints ---- */

TEST(chain_within_permitted_names_is_taken)
{
    expect_chain_taken(&(struct h2t_cert_spec){.common_name = "between",
                                               .is_authority = true,
                                               .permitted = "test"},
                       &good);
}

TEST(chain_outside_permitted_names_is_refused)
{
    expect_chain_refused(&(struct h2t_cert_spec){.common_name = "between",
                                                 .is_authority = true,
                                                 .permitted = "example"},
                         &good, H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: ");
}

TEST(chain_into_excluded_names_is_refused)
{
    expect_chain_refused(&(struct h2t_cert_spec){.common_name = "between",
                                                 .is_authority = true,
                                                 .excluded = "server.test"},
                         &good, H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: ");
}

/* ---- roots ---- */

/* The rig's authority is replaced by this one, and trusted. */
static void use_root(struct h2t_tls_rig *rig, const struct h2t_cert_spec *spec)
{
    h2t_tls_rig_init(rig);
    h2t_cert_destroy(rig->ca);
    close(rig->ca_fd);
    rig->ca = h2t_cert_create(spec, NULL);
    rig->ca_fd = h2t_cert_file_create(rig->ca, rig->ca_path, sizeof rig->ca_path);
    h2t_tls_rig_certify(rig, &good);
}

TEST(root_that_has_expired_is_refused)
{
    struct h2t_tls_rig rig;
    use_root(&rig, &(struct h2t_cert_spec){.common_name = "authority",
                                           .is_authority = true,
                                           .first_day = -9,
                                           .last_day = -2});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_EXPIRED, "server.test's authority expired");
    h2t_tls_rig_finish(&rig);
}

TEST(root_whose_time_has_not_come_is_refused)
{
    struct h2t_tls_rig rig;
    use_root(&rig,
             &(struct h2t_cert_spec){
                 .common_name = "authority", .is_authority = true, .first_day = 2, .last_day = 9});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_EXPIRED, "server.test's authority is not valid");
    h2t_tls_rig_finish(&rig);
}

TEST(certificate_signed_by_md5_is_refused)
{
    struct h2t_tls_rig rig;
    use_root(&rig, &(struct h2t_cert_spec){
                       .common_name = "authority", .is_authority = true, .key = H2T_KEY_RSA_2048});
    h2t_tls_rig_certify(&rig,
                        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .digest = GNUTLS_DIG_MD5});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "too weak");
    h2t_tls_rig_finish(&rig);
}

/* A root is trusted as it is: nobody vouches for it by that signature. */
TEST(root_signed_by_sha_1_is_taken)
{
    struct h2t_tls_rig rig;
    use_root(&rig, &(struct h2t_cert_spec){.common_name = "authority",
                                           .is_authority = true,
                                           .digest = GNUTLS_DIG_SHA1});
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_finish(&rig);
}

/* One that is trusted itself needs no issuer. */
TEST(certificate_that_is_trusted_itself_is_taken)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_self_sign(&rig, &good);
    char *pem = h2t_pem_of_certs((const struct h2t_cert *[]){rig.leaf}, 1);
    rig.options.ca_file = NULL;
    rig.options.ca_pem = pem;
    h2t_tls_rig_connect(&rig);
    free(pem);
    h2t_tls_rig_finish(&rig);
}

/* But only as whom it names. */
TEST(certificate_that_is_trusted_itself_is_refused_for_another_name)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_self_sign(&rig, &(struct h2t_cert_spec){.dns = {"other.test"}});
    char *pem = h2t_pem_of_certs((const struct h2t_cert *[]){rig.leaf}, 1);
    rig.options.ca_file = NULL;
    rig.options.ca_pem = pem;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_WRONG_NAME, "certificate is for: other.test");
    free(pem);
    h2t_tls_rig_finish(&rig);
}

TEST_MAIN("tls_certificates", {T(certificate_with_a_wildcard_in_a_label_is_refused)},
          {T(certificate_with_a_wildcard_inside_a_name_is_refused)},
          {T(certificate_with_two_wildcards_is_refused)},
          {T(certificate_for_everything_is_refused)},
          {T(certificate_for_an_address_by_wildcard_is_refused)},
          {T(certificate_for_an_a_label_is_taken)},
          {T(certificate_for_an_a_label_is_refused_for_another)},
          {T(certificate_for_a_u_label_is_refused)}, {T(certificate_without_any_name_is_refused)},
          {T(certificate_for_a_longer_name_is_refused)},
          {T(certificate_for_a_host_is_taken_for_the_host_with_a_dot)},
          {T(certificate_for_the_other_family_of_addresses_is_refused)},
          {T(certificate_of_an_ed25519_key_is_taken)}, {T(certificate_of_a_p256_key_is_taken)},
          {T(certificate_signed_by_sha_1_is_refused)}, {T(certificate_signed_by_sha_384_is_taken)},
          {T(certificate_without_its_key_is_refused)},
          {T(certificate_for_signing_programs_is_refused)},
          {T_OURS(certificate_for_any_purpose_is_taken, "OpenSSL wants the server's")},
          {T_OURS(certificate_whose_key_may_not_sign_is_refused, "OpenSSL does not look")},
          {T(certificate_whose_key_may_sign_is_taken)},
          {T(certificate_with_an_unknown_critical_extension_is_refused)},
          {T(chain_without_its_intermediate_is_refused)}, {T(chain_with_its_root_is_taken)},
          {T(chain_with_an_intermediate_whose_time_has_not_come_is_refused)},
          {T(chain_with_an_intermediate_signed_by_sha_1_is_refused)},
          {T(chain_with_a_weak_intermediate_is_refused)},
          {T(chain_to_a_namesake_of_the_root_is_refused)}, {T(chain_within_its_length_is_taken)},
          {T(chain_above_its_length_is_refused)}, {T(chain_within_permitted_names_is_taken)},
          {T(chain_outside_permitted_names_is_refused)}, {T(chain_into_excluded_names_is_refused)},
          {T(root_that_has_expired_is_refused)}, {T(root_whose_time_has_not_come_is_refused)},
          {T(certificate_signed_by_md5_is_refused)}, {T(root_signed_by_sha_1_is_taken)},
          {T(certificate_that_is_trusted_itself_is_taken)},
          {T(certificate_that_is_trusted_itself_is_refused_for_another_name)})
