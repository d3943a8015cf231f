/* SPDX-License-Identifier: MIT */
/* A certificate of ours, for servers that ask. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test_papers.h"
#include "tests/support/tls_rig.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* ---- a server that asks, and what we could show it ---- */

struct client_rig {
    struct h2t_tls_rig tls;
    struct h2t_cert *own; /* of the authority that the server trusts too */
    char *cert_pem;
    char *key_pem;
    char cert_path[64], key_path[64];
    int cert_fd, key_fd;
};

static void open_rig(struct client_rig *rig, const char *password)
{
    memset(rig, 0, sizeof *rig);
    h2t_tls_rig_init(&rig->tls);
    rig->tls.config.client_ca = rig->tls.ca;
    rig->tls.config.demands_client = true;
    rig->own = h2t_cert_create(
        &(struct h2t_cert_spec){.common_name = "we", .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
        rig->tls.ca);
    rig->cert_pem = h2t_pem_of_certs((const struct h2t_cert *[]){rig->own}, 1);
    rig->key_pem = h2t_pem_of_key(rig->own, password);
    rig->cert_fd = h2t_file_create(rig->cert_pem, strlen(rig->cert_pem), rig->cert_path,
                                   sizeof rig->cert_path);
    rig->key_fd =
        h2t_file_create(rig->key_pem, strlen(rig->key_pem), rig->key_path, sizeof rig->key_path);
}

static void close_rig(struct client_rig *rig)
{
    h2t_tls_rig_finish(&rig->tls);
    h2t_cert_destroy(rig->own);
    free(rig->cert_pem);
    free(rig->key_pem);
    close(rig->cert_fd);
    close(rig->key_fd);
}

static void expect_shown(struct client_rig *rig)
{
    h2t_tls_rig_connect(&rig->tls);
    ck_assert_uint_eq(rig->tls.server->n_client_certs, 1);
    close_rig(rig);
}

/* The factory says so at once, and to each handshake. */
static void expect_unusable(struct client_rig *rig, const char *words)
{
    h2t_tls_rig_refuse(&rig->tls, H2CLIENT_ERROR_TLS_CLIENT_CERT, words);
    ck_assert_int_eq(rig->tls.factory_fault.code, H2CLIENT_ERROR_TLS_CLIENT_CERT);
    ck_assert_str_eq(rig->tls.factory_fault.text, rig->tls.fault.text);
    close_rig(rig);
}

/* ---- where it comes from ---- */

TEST(tls_shows_a_certificate_of_two_files)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.options.cert_file = rig.cert_path;
    rig.tls.options.key_file = rig.key_path;
    expect_shown(&rig);
}

TEST(tls_shows_a_certificate_whose_key_has_a_password)
{
    struct client_rig rig;
    open_rig(&rig, "open sesame");
    rig.tls.options.cert_file = rig.cert_path;
    rig.tls.options.key_file = rig.key_path;
    rig.tls.options.key_password = "open sesame";
    expect_shown(&rig);
}

TEST(tls_shows_a_certificate_whose_key_is_in_the_same_file)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    ck_assert_int_gt(write(rig.cert_fd, rig.key_pem, strlen(rig.key_pem)), 0);
    rig.tls.options.cert_file = rig.cert_path;
    expect_shown(&rig);
}

TEST(tls_shows_a_certificate_in_memory)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.options.cert_pem = rig.cert_pem;
    rig.tls.options.key_pem = rig.key_pem;
    expect_shown(&rig);
}

TEST(tls_shows_a_certificate_of_pkcs12)
{
    struct client_rig rig;
    char path[64];
    open_rig(&rig, NULL);
    gnutls_datum_t box = h2t_pkcs12_of(rig.own, "open sesame");
    int fd = h2t_file_create((const char *)box.data, box.size, path, sizeof path);
    rig.tls.options.pkcs12_file = path;
    rig.tls.options.key_password = "open sesame";
    expect_shown(&rig);
    close(fd);
    gnutls_free(box.data);
}

TEST(tls_shows_a_certificate_with_tls_1_2_too)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.config.priority = TLS_1_2;
    rig.tls.options.cert_pem = rig.cert_pem;
    rig.tls.options.key_pem = rig.key_pem;
    expect_shown(&rig);
}

TEST(tls_shows_nothing_to_a_server_that_does_not_ask)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.config.client_ca = NULL;
    rig.tls.options.cert_pem = rig.cert_pem;
    rig.tls.options.key_pem = rig.key_pem;
    h2t_tls_rig_connect(&rig.tls);
    ck_assert_uint_eq(rig.tls.server->n_client_certs, 0);
    close_rig(&rig);
}

/* ---- what cannot be used ---- */

TEST(tls_names_a_client_certificate_that_is_not_there)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.options.cert_file = "/no/such/cert.pem";
    expect_unusable(&rig, "client certificate /no/such/cert.pem: No such file or directory");
}

TEST(tls_names_a_key_that_is_not_there)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.options.cert_file = rig.cert_path;
    rig.tls.options.key_file = "/no/such/key.pem";
    expect_unusable(&rig, "key of the client certificate /no/such/key.pem: No such file");
}

TEST(tls_refuses_a_key_without_a_certificate)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.options.key_file = rig.key_path;
    expect_unusable(&rig, "a key without its client certificate");
}

TEST(tls_refuses_a_key_of_another_certificate)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    char *other = h2t_pem_of_key(rig.tls.leaf, NULL);
    rig.tls.options.cert_pem = rig.cert_pem;
    rig.tls.options.key_pem = other;
    expect_unusable(&rig, "client certificate in memory: The certificate and the given key do not");
    free(other);
}

TEST(tls_refuses_a_wrong_password_and_does_not_repeat_it)
{
    struct client_rig rig;
    open_rig(&rig, "open sesame");
    rig.tls.options.cert_file = rig.cert_path;
    rig.tls.options.key_file = rig.key_path;
    rig.tls.options.key_password = "barley";
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_CLIENT_CERT, rig.cert_path);
    ck_assert_ptr_null(strstr(rig.tls.fault.text, "barley"));
    close_rig(&rig);
}

TEST(tls_refuses_a_wrong_password_of_pkcs12)
{
    struct client_rig rig;
    char path[64];
    open_rig(&rig, NULL);
    gnutls_datum_t box = h2t_pkcs12_of(rig.own, "open sesame");
    int fd = h2t_file_create((const char *)box.data, box.size, path, sizeof path);
    rig.tls.options.pkcs12_file = path;
    rig.tls.options.key_password = "barley";
    expect_unusable(&rig, path);
    close(fd);
    gnutls_free(box.data);
}

TEST(tls_refuses_an_encrypted_key_without_a_password)
{
    struct client_rig rig;
    open_rig(&rig, "open sesame");
    rig.tls.options.cert_file = rig.cert_path;
    rig.tls.options.key_file = rig.key_path;
    expect_unusable(&rig, rig.cert_path);
}

/* ---- servers that do not like it ---- */

TEST(tls_says_that_the_server_demands_a_certificate)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_rig_connect(&rig.tls); /* TLS 1.3: the client is done before the server has looked */
    h2t_tls_rig_turn(&rig.tls, 4);
    h2t_tls_rig_expect_failure(&rig.tls, H2CLIENT_ERROR_TLS_CLIENT_CERT,
                               ", for want of a client certificate");
    ck_assert_int_gt(h2t_tls_rig_info(&rig.tls).fault->tls_alert, 0);
    close_rig(&rig);
}

TEST(tls_says_that_the_server_demands_a_certificate_with_tls_1_2)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    rig.tls.config.priority = TLS_1_2;
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_CLIENT_CERT,
                       ", for want of a client certificate");
    close_rig(&rig);
}

/* The same name of the authority, so that ours is shown; but another key. */
TEST(tls_says_that_the_server_refuses_our_certificate)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    struct h2t_cert *namesake = h2t_cert_create(
        &(struct h2t_cert_spec){.common_name = "authority", .is_authority = true}, NULL);
    rig.tls.config.client_ca = namesake;
    rig.tls.config.priority = TLS_1_2;
    rig.tls.options.cert_pem = rig.cert_pem;
    rig.tls.options.key_pem = rig.key_pem;
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_CLIENT_CERT, ", of our client certificate");
    h2t_cert_destroy(namesake);
    close_rig(&rig);
}

TEST(tls_shows_nothing_to_a_server_that_asks_for_another_authoritys)
{
    struct client_rig rig;
    open_rig(&rig, NULL);
    struct h2t_cert *other = h2t_cert_create(
        &(struct h2t_cert_spec){.common_name = "other", .is_authority = true}, NULL);
    rig.tls.config.client_ca = other;
    rig.tls.config.demands_client = false;
    rig.tls.options.cert_pem = rig.cert_pem;
    rig.tls.options.key_pem = rig.key_pem;
    h2t_tls_rig_connect(&rig.tls);
    ck_assert_uint_eq(rig.tls.server->n_client_certs, 0);
    h2t_cert_destroy(other);
    close_rig(&rig);
}

TEST_MAIN("tls_client_cert", {T(tls_shows_a_certificate_of_two_files)},
          {T(tls_shows_a_certificate_whose_key_has_a_password)},
          {T(tls_shows_a_certificate_whose_key_is_in_the_same_file)},
          {T(tls_shows_a_certificate_in_memory)}, {T(tls_shows_a_certificate_of_pkcs12)},
          {T(tls_shows_a_certificate_with_tls_1_2_too)},
          {T(tls_shows_nothing_to_a_server_that_does_not_ask)},
          {T(tls_names_a_client_certificate_that_is_not_there)},
          {T(tls_names_a_key_that_is_not_there)}, {T(tls_refuses_a_key_without_a_certificate)},
          {T(tls_refuses_a_key_of_another_certificate)},
          {T(tls_refuses_a_wrong_password_and_does_not_repeat_it)},
          {T(tls_refuses_a_wrong_password_of_pkcs12)},
          {T(tls_refuses_an_encrypted_key_without_a_password)},
          {T(tls_says_that_the_server_demands_a_certificate)},
          {T(tls_says_that_the_server_demands_a_certificate_with_tls_1_2)},
          {T(tls_says_that_the_server_refuses_our_certificate)},
          {T(tls_shows_nothing_to_a_server_that_asks_for_another_authoritys)})
