/* SPDX-License-Identifier: MIT */
/* h2fetch: what its TLS options and SSLKEYLOGFILE become for the library. */
#include "tests/support/test_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/h2fetch/fetch_options.h"
#include "tools/h2fetch/fetch_tls.h"

#define MAX_WORDS 16

static struct h2f_config config;
static struct h2f_problem problem;

static bool parse(const char *const *words)
{
    char *argv[MAX_WORDS + 2] = {(char *)(uintptr_t) "h2fetch"};
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    argv[argc++] = (char *)(uintptr_t) "https://host/";
    h2f_config_init(&config);
    problem = (struct h2f_problem){0};
    return h2f_options_parse(&config, argc, argv, &problem);
}

static h2client_tls_options options_of(const char *const *words)
{
    ck_assert_msg(parse(words), "%s", problem.text);
    return h2f_tls_options(&config);
}

#define OPTIONS(...) options_of((const char *const[]){__VA_ARGS__, NULL})

static void refused(const char *const *words, const char *text)
{
    ck_assert(!parse(words));
    ck_assert_int_eq(problem.exit_code, H2F_EXIT_USAGE);
    ck_assert_str_eq(problem.text, text);
    h2f_config_finish(&config);
}

#define REFUSED(text, ...) refused((const char *const[]){__VA_ARGS__, NULL}, text)

static void cert_is(const char *argument, const char *file, const char *password)
{
    h2client_tls_options tls = OPTIONS("-E", argument);

    ck_assert_str_eq(tls.cert_file, file);
    ck_assert_pstr_eq(tls.key_password, password);
    h2f_config_finish(&config);
}

/* Its name, in a buffer that the next one takes. */
static const char *file_of(const void *bytes, size_t len)
{
    static char path[64];
    int fd;

    snprintf(path, sizeof path, "/tmp/h2fetch-tls-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ptrdiff_t)len);
    close(fd);
    return path;
}

static const unsigned char der[] = {0x30, 0x82, 0x01, 0x00};

TEST(each_option_has_its_place)
{
    h2client_tls_options tls =
        OPTIONS("--capath", "dir", "--crlfile", "lists", "--key", "key", "--pass", "secret",
                "--pinnedpubkey", "pins", "--ciphers", "SECURE256", "--cert-status");

    ck_assert_str_eq(tls.ca_dir, "dir");
    ck_assert_str_eq(tls.crl_file, "lists");
    ck_assert_str_eq(tls.key_file, "key");
    ck_assert_str_eq(tls.key_password, "secret");
    ck_assert_str_eq(tls.pins, "pins");
    ck_assert_str_eq(tls.priority, "SECURE256");
    ck_assert_int_eq(tls.require_staple, H2CLIENT_ON);
    ck_assert_int_eq(tls.verify, H2CLIENT_ON);
    h2f_config_finish(&config);
}

TEST(a_certificate_may_bring_its_password)
{
    cert_is("file", "file", NULL);
    cert_is("file:", "file", NULL);
    cert_is("file:secret", "file", "secret");
    cert_is("file:se:c\\ret", "file", "se:c\\ret");
}

TEST(a_colon_in_a_certificates_name_is_escaped)
{
    cert_is("a\\:b:secret", "a:b", "secret");
    cert_is("a\\\\b\\c", "a\\b\\c", NULL);
    cert_is("a\\\\:b", "a\\", "b");
}

TEST(the_last_certificate_and_the_last_password_hold)
{
    h2client_tls_options tls = OPTIONS("-E", "a:one", "--pass", "two", "-E", "b");

    ck_assert_str_eq(tls.cert_file, "b");
    ck_assert_str_eq(tls.key_password, "two");
    h2f_config_finish(&config);
}

TEST(a_file_of_der_is_pkcs12)
{
    const char *path = file_of(der, sizeof der);
    h2client_tls_options tls = OPTIONS("-E", path);

    ck_assert_str_eq(tls.pkcs12_file, path);
    ck_assert_ptr_null(tls.cert_file);
    h2f_config_finish(&config);
    unlink(path);
}

TEST(a_file_of_text_is_pem)
{
    const char *path = file_of("0\n", 2);
    h2client_tls_options tls = OPTIONS("-E", path);

    ck_assert_str_eq(tls.cert_file, path);
    ck_assert_ptr_null(tls.pkcs12_file);
    h2f_config_finish(&config);
    unlink(path);
}

TEST(the_type_of_a_certificate_can_be_said)
{
    const char *path = file_of(der, sizeof der);

    ck_assert_str_eq(OPTIONS("--cert-type", "pem", "-E", path).cert_file, path);
    h2f_config_finish(&config);
    ck_assert_str_eq(OPTIONS("-E", "none", "--cert-type", "P12").pkcs12_file, "none");
    h2f_config_finish(&config);
    REFUSED("--cert-type: \"ENG\" is neither PEM nor P12", "--cert-type", "ENG");
    unlink(path);
}

TEST(versions_have_a_least_and_a_highest)
{
    h2client_tls_options tls = OPTIONS("--tlsv1.3", "--tls-max", "1.3");

    ck_assert_int_eq(tls.min_version, H2CLIENT_TLS_1_3);
    ck_assert_int_eq(tls.max_version, H2CLIENT_TLS_1_3);
    h2f_config_finish(&config);
    tls = OPTIONS("--tlsv1.3", "--tlsv1.2", "--tls-max", "1.2", "--tls-max", "default");
    ck_assert_int_eq(tls.min_version, H2CLIENT_TLS_1_2);
    ck_assert_int_eq(tls.max_version, H2CLIENT_TLS_ANY);
    h2f_config_finish(&config);
}

TEST(versions_that_leave_nothing_are_refused)
{
    REFUSED("--tls-max is below --tlsv1.3", "--tls-max", "1.2", "--tlsv1.3");
    REFUSED("--tls-max: \"1.1\" is neither 1.2 nor 1.3, nor default: there is nothing below "
            "TLS 1.2",
            "--tls-max", "1.1");
}

TEST(the_environment_names_the_key_log)
{
    ck_assert_int_eq(setenv("SSLKEYLOGFILE", "log", 1), 0);
    ck_assert_str_eq(OPTIONS("-s").keylog_file, "log");
    h2f_config_finish(&config);
    ck_assert_int_eq(setenv("SSLKEYLOGFILE", "", 1), 0);
    ck_assert_ptr_null(OPTIONS("-s").keylog_file);
    h2f_config_finish(&config);
    ck_assert_int_eq(unsetenv("SSLKEYLOGFILE"), 0);
    ck_assert_ptr_null(OPTIONS("-s").keylog_file);
    h2f_config_finish(&config);
}

TEST_MAIN("h2fetch_tls", {T(each_option_has_its_place)}, {T(a_certificate_may_bring_its_password)},
          {T(a_colon_in_a_certificates_name_is_escaped)},
          {T(the_last_certificate_and_the_last_password_hold)}, {T(a_file_of_der_is_pkcs12)},
          {T(a_file_of_text_is_pem)}, {T(the_type_of_a_certificate_can_be_said)},
          {T(versions_have_a_least_and_a_highest)}, {T(versions_that_leave_nothing_are_refused)},
          {T(the_environment_names_the_key_log)})
