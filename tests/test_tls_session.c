/* SPDX-License-Identifier: MIT */
/* Options of TLS that cannot be used are the session's error at once, and each call's. */
#include <string.h>

#include "h2client/h2client.h"
#include "tests/support/test_main.h"

static void expect_error(const h2client_error *error, h2client_error_code code, int exit_code,
                         const char *words)
{
    ck_assert_msg(error->code == code, "%s: %s", h2client_error_name(error->code), error->message);
    ck_assert_int_eq(error->exit_code, exit_code);
    ck_assert_msg(strstr(error->message, words) != NULL, "%s", error->message);
}

static void expect_unusable(const h2client_tls_options *tls, h2client_error_code code,
                            int exit_code, const char *words)
{
    h2client_auto(session) session = h2client_session_create(H2CLIENT_SESSION(.tls = tls));
    h2client_auto(call) call = h2client_get(session, "https://server.test/");

    expect_error(h2client_session_error(session), code, exit_code, words);
    ck_assert_ptr_null(h2client_call_await(call));
    expect_error(h2client_call_error(call), code, exit_code, words);
}

TEST(session_names_the_place_in_a_bad_priority)
{
    expect_unusable(H2CLIENT_TLS(.priority = "NORMAL:+AES"), H2CLIENT_ERROR_TLS_PRIORITY, 59,
                    "\"+AES\" at place 8");
}

TEST(session_names_a_ca_directory_that_is_not_there)
{
    expect_unusable(H2CLIENT_TLS(.ca_dir = "/no/such"), H2CLIENT_ERROR_TLS_CA_FILE, 77, "/no/such");
}

TEST(session_names_a_client_certificate_that_is_not_there)
{
    expect_unusable(H2CLIENT_TLS(.cert_file = "/no/such"), H2CLIENT_ERROR_TLS_CLIENT_CERT, 58,
                    "/no/such");
    expect_unusable(H2CLIENT_TLS(.pkcs12_file = "/no/such"), H2CLIENT_ERROR_TLS_CLIENT_CERT, 58,
                    "/no/such");
}

TEST(session_names_a_crl_file_that_is_not_there)
{
    expect_unusable(H2CLIENT_TLS(.crl_file = "/no/such"), H2CLIENT_ERROR_TLS_CRL_FILE, 82,
                    "/no/such");
}

TEST(session_names_pins_that_are_none)
{
    expect_unusable(H2CLIENT_TLS(.pins = "sha256//short"), H2CLIENT_ERROR_TLS_PINNED, 90,
                    "sha256//short");
}

TEST(session_names_a_key_log_that_cannot_be_made)
{
    expect_unusable(H2CLIENT_TLS(.keylog_file = "/no/such/log"), H2CLIENT_ERROR_TLS_KEYLOG_FILE, 23,
                    "/no/such/log");
}

TEST(session_refuses_a_version_that_is_none)
{
    expect_unusable(H2CLIENT_TLS(.min_version = (h2client_tls_version)11),
                    H2CLIENT_ERROR_INVALID_ARGUMENT, 2, "tls.min_version: 11");
}

/* As a program has them that was compiled when there were no others. */
TEST(session_takes_the_options_of_an_older_program)
{
    static const char bad[] = "BAD";
    h2client_tls_options tls = {.size = offsetof(h2client_tls_options, ca_dir), .priority = bad};
    h2client_auto(session) session = h2client_session_create(H2CLIENT_SESSION(.tls = &tls));
    ck_assert_int_eq(h2client_session_error(session)->code, H2CLIENT_OK);
}

TEST_MAIN("tls_session", {T(session_names_the_place_in_a_bad_priority)},
          {T(session_names_a_ca_directory_that_is_not_there)},
          {T(session_names_a_client_certificate_that_is_not_there)},
          {T(session_names_a_crl_file_that_is_not_there)}, {T(session_names_pins_that_are_none)},
          {T(session_names_a_key_log_that_cannot_be_made)},
          {T(session_refuses_a_version_that_is_none)},
          {T(session_takes_the_options_of_an_older_program)})
