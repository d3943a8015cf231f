/* SPDX-License-Identifier: MIT */
/* The options of TLS: whom to trust, who we are, what may be agreed on (see also tls_trust). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test_papers.h"
#include "tests/support/tls_rig.h"

/* A PEM text as a file without a place in any directory. */
struct paper {
    int fd;
    char path[64];
};

static struct paper keep(char *text)
{
    struct paper paper;

    paper.fd = h2t_file_create(text, strlen(text), paper.path, sizeof paper.path);
    free(text);
    return paper;
}

/* The factory says so at once, and to each handshake. */
static void expect_unusable(struct h2t_tls_rig *rig, h2client_error_code code, const char *words)
{
    h2t_tls_rig_refuse(rig, code, words);
    ck_assert_int_eq(rig->factory_fault.code, code);
    ck_assert_str_eq(rig->factory_fault.text, rig->fault.text);
    h2t_tls_rig_finish(rig);
}

/* ---- trust ---- */

static struct h2t_cert *other_authority(void)
{
    return h2t_cert_create(&(struct h2t_cert_spec){.common_name = "other", .is_authority = true},
                           NULL);
}

TEST(tls_trusts_pem_in_memory)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    struct h2t_cert *other = other_authority();
    char *pem = h2t_pem_of_certs((const struct h2t_cert *[]){other, rig.ca}, 2);
    rig.options.ca_file = NULL;
    rig.options.ca_pem = pem;
    h2t_tls_rig_connect(&rig);
    free(pem);
    h2t_cert_destroy(other);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_trusts_each_source_that_is_given)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    struct h2t_cert *other = other_authority();
    char *pem = h2t_pem_of_certs((const struct h2t_cert *[]){other}, 1);
    rig.options.ca_pem = pem;
    h2t_tls_rig_connect(&rig); /* of ca_file's */
    free(pem);
    h2t_cert_destroy(other);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_trusts_no_more_than_pem_in_memory)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    struct h2t_cert *other = other_authority();
    char *pem = h2t_pem_of_certs((const struct h2t_cert *[]){other}, 1);
    rig.options.ca_file = NULL;
    rig.options.ca_pem = pem;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "its issuer is unknown");
    free(pem);
    h2t_cert_destroy(other);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_pem_in_memory_without_a_certificate)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.ca_pem = "no certificate";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_CA_FILE, "ca_pem: ");
}

/* A directory of its own with these files. */
static void make_directory(char path[static 32], const char *const *texts, size_t n)
{
    snprintf(path, 32, "/tmp/h2t.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%zu.pem", path, i);
        FILE *file = fopen(name, "w");
        ck_assert_ptr_nonnull(file);
        fputs(texts[i], file);
        fclose(file);
    }
}

static void remove_directory(const char *path, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%zu.pem", path, i);
        unlink(name);
    }
    rmdir(path);
}

TEST(tls_trusts_the_pem_files_of_a_directory)
{
    struct h2t_tls_rig rig;
    char path[32];
    h2t_tls_rig_init(&rig);
    struct h2t_cert *other = other_authority();
    char *one = h2t_pem_of_certs((const struct h2t_cert *[]){other}, 1);
    char *two = h2t_pem_of_certs((const struct h2t_cert *[]){rig.ca}, 1);
    make_directory(path, (const char *[]){one, two, "a file of something else\n"}, 3);
    rig.options.ca_file = NULL;
    rig.options.ca_dir = path;
    h2t_tls_rig_connect(&rig);
    remove_directory(path, 3);
    free(one);
    free(two);
    h2t_cert_destroy(other);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_a_directory_without_a_certificate)
{
    struct h2t_tls_rig rig;
    char path[32];
    h2t_tls_rig_init(&rig);
    make_directory(path, (const char *[]){"a file of something else\n"}, 1);
    rig.options.ca_dir = path;
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_CA_FILE, "No certificate was found");
    remove_directory(path, 1);
}

TEST(tls_names_a_directory_that_is_not_there)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.ca_dir = "/no/such/directory";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_CA_FILE,
                    "CA directory /no/such/directory: No such file or directory");
}

TEST(tls_names_a_directory_that_is_a_file)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.ca_dir = rig.ca_path;
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_CA_FILE, "Not a directory");
}

/* ---- revocation lists ---- */

static void init_with_crl(struct h2t_tls_rig *rig, struct paper *crl, bool is_revoked, int last_day)
{
    h2t_tls_rig_init(rig);
    *crl = keep(h2t_crl_of(rig->ca, is_revoked ? rig->leaf : NULL, last_day));
    rig->options.crl_file = crl->path;
}

TEST(tls_refuses_a_certificate_on_the_list)
{
    struct h2t_tls_rig rig;
    struct paper crl;
    init_with_crl(&rig, &crl, true, 9);
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_REVOKED, "certificate of server.test was revoked");
    h2t_tls_rig_expect_alert(&rig, GNUTLS_A_CERTIFICATE_REVOKED);
    close(crl.fd);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_accepts_a_certificate_that_is_not_on_the_list)
{
    struct h2t_tls_rig rig;
    struct paper crl;
    init_with_crl(&rig, &crl, false, 9);
    h2t_tls_rig_connect(&rig);
    close(crl.fd);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_what_an_old_list_says_nothing_of)
{
    struct h2t_tls_rig rig;
    struct paper crl;
    init_with_crl(&rig, &crl, false, -2);
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "revoked is out of date");
    close(crl.fd);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_a_list_that_is_not_there)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.crl_file = "/no/such/list.pem";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_CRL_FILE,
                    "CRL file /no/such/list.pem: No such file or directory");
}

TEST(tls_names_a_list_that_is_none)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.crl_file = rig.ca_path; /* a certificate */
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_CRL_FILE, rig.ca_path);
}

/* ---- priorities and versions ---- */

TEST(tls_agrees_by_the_words_of_the_priority)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.priority = "NORMAL:-CIPHER-ALL:+AES-256-GCM:-GROUP-ALL:+GROUP-SECP384R1";
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_cipher, "AES-256-GCM");
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_group, "SECP384R1");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_the_place_of_a_word_it_does_not_know)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.priority = "NORMAL:+AES-256-GCM:+NO-SUCH-CIPHER:-AES-128-CBC";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PRIORITY,
                    "\"+NO-SUCH-CIPHER\" at place 21 is not one of GnuTLS's words");
}

TEST(tls_names_a_first_word_it_does_not_know)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.priority = "BEST";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PRIORITY, "\"BEST\" at place 1 ");
}

TEST(tls_speaks_nothing_below_1_2_whatever_the_priority_says)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PRIORITY, "leave nothing to agree on");
}

TEST(tls_refuses_a_priority_without_end)
{
    struct h2t_tls_rig rig;
    char words[2000];
    memset(words, ':', sizeof words - 1);
    words[sizeof words - 1] = 0;
    h2t_tls_rig_init(&rig);
    rig.options.priority = words;
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PRIORITY, "too long");
}

TEST(tls_takes_weak_keys_only_by_a_profile_of_the_priority)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig,
                        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key = H2T_KEY_RSA_1024});
    rig.options.priority = "NORMAL:%PROFILE_LOW";
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_finish(&rig);
}

static void expect_version(h2client_tls_version min, h2client_tls_version max, const char *version)
{
    struct h2t_tls_rig rig;

    h2t_tls_rig_init(&rig);
    rig.options.min_version = min;
    rig.options.max_version = max;
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_version, version);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_speaks_the_highest_version_allowed)
{
    expect_version(H2CLIENT_TLS_ANY, H2CLIENT_TLS_1_2, "TLS1.2");
    expect_version(H2CLIENT_TLS_1_2, H2CLIENT_TLS_1_3, "TLS1.3");
}

TEST(tls_refuses_a_server_below_the_lowest_version)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.min_version = H2CLIENT_TLS_1_3;
    rig.config.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS handshake failed");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_versions_hold_whatever_the_priority_says)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.priority = "NORMAL:+VERS-TLS1.3";
    rig.options.max_version = H2CLIENT_TLS_1_2;
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_version, "TLS1.2");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_versions_of_which_none_is_left)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.min_version = H2CLIENT_TLS_1_3;
    rig.options.max_version = H2CLIENT_TLS_1_2;
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PRIORITY, "leave nothing to agree on");
}

TEST(tls_refuses_a_version_that_is_none)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.max_version = (h2client_tls_version)14;
    expect_unusable(&rig, H2CLIENT_ERROR_INVALID_ARGUMENT, "max_version: 14 ");
}

static void expect_bad_switch(const h2client_tls_options *bad, const char *words)
{
    struct h2t_tls_rig rig;

    h2t_tls_rig_init(&rig);
    rig.options = *bad;
    expect_unusable(&rig, H2CLIENT_ERROR_INVALID_ARGUMENT, words);
}

TEST(tls_refuses_a_switch_that_is_none)
{
    const h2client_switch bad = (h2client_switch)3;
    expect_bad_switch(&(h2client_tls_options){.verify = bad}, "tls.verify: 3 ");
    expect_bad_switch(&(h2client_tls_options){.require_staple = bad}, "tls.require_staple: 3 ");
    expect_bad_switch(&(h2client_tls_options){.session_tickets = bad}, "tls.session_tickets: 3 ");
}

TEST_MAIN(
    "tls_options", {T(tls_trusts_pem_in_memory)}, {T(tls_trusts_each_source_that_is_given)},
    {T(tls_trusts_no_more_than_pem_in_memory)}, {T(tls_names_pem_in_memory_without_a_certificate)},
    {T(tls_trusts_the_pem_files_of_a_directory)}, {T(tls_names_a_directory_without_a_certificate)},
    {T(tls_names_a_directory_that_is_not_there)}, {T(tls_names_a_directory_that_is_a_file)},
    {T(tls_refuses_a_certificate_on_the_list)},
    {T(tls_accepts_a_certificate_that_is_not_on_the_list)},
    {T(tls_refuses_what_an_old_list_says_nothing_of)}, {T(tls_names_a_list_that_is_not_there)},
    {T(tls_names_a_list_that_is_none)}, {T(tls_agrees_by_the_words_of_the_priority)},
    {T(tls_names_the_place_of_a_word_it_does_not_know)},
    {T(tls_names_a_first_word_it_does_not_know)},
    {T(tls_speaks_nothing_below_1_2_whatever_the_priority_says)},
    {T(tls_refuses_a_priority_without_end)},
    {T(tls_takes_weak_keys_only_by_a_profile_of_the_priority)},
    {T(tls_speaks_the_highest_version_allowed)}, {T(tls_refuses_a_server_below_the_lowest_version)},
    {T(tls_versions_hold_whatever_the_priority_says)},
    {T(tls_refuses_versions_of_which_none_is_left)}, {T(tls_refuses_a_version_that_is_none)},
    {T(tls_refuses_a_switch_that_is_none)})
