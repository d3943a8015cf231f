/* SPDX-License-Identifier: MIT */
/* How a session connects: its group of options, and the filter of addresses. No socket is
 * opened here: what is asked for makes no sense, or is not allowed. */
#include <stdio.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* A session whose dialer is the built-in one. */
static void open_built_in(struct h2t_rig *rig, const h2client_connect_options *connect)
{
    h2client_session_options options = {.size = sizeof options};

    h2t_rig_init(rig);
    options.allocator = &rig->alloc.allocator;
    options.system = &rig->world.system;
    options.loop = &rig->world.loop;
    options.tls_factory = &rig->tls.factory;
    options.connect = connect;
    rig->session = h2client_session_create(&options);
}

static void expect_session_error(const h2client_connect_options *connect, const char *text)
{
    struct h2t_rig rig;
    const h2client_error *error;

    open_built_in(&rig, connect);
    error = h2client_session_error(rig.session);
    ck_assert_int_eq(error->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_str_eq(error->message, text);
    h2t_rig_finish(&rig);
}

static void expect_fine(const h2client_connect_options *connect)
{
    struct h2t_rig rig;

    open_built_in(&rig, connect);
    ck_assert_msg(h2client_session_error(rig.session)->code == H2CLIENT_OK, "%s",
                  h2client_session_error(rig.session)->message);
    h2t_rig_finish(&rig);
}

TEST(connect_times_that_make_no_sense_are_the_sessions_error)
{
    expect_session_error(H2CLIENT_CONNECT(.attempt_delay_ms = 9),
                         "connect.attempt_delay_ms: 9 is below 10");
    expect_session_error(H2CLIENT_CONNECT(.attempt_delay_ms = -2),
                         "connect.attempt_delay_ms: -2 is neither a limit nor H2CLIENT_NO_LIMIT");
    expect_session_error(
        H2CLIENT_CONNECT(.resolution_delay_ms = -3),
        "connect.resolution_delay_ms: -3 is neither a limit nor H2CLIENT_NO_LIMIT");
    expect_session_error(
        H2CLIENT_CONNECT(.failed_address_ttl_ms = -3),
        "connect.failed_address_ttl_ms: -3 is neither a limit nor H2CLIENT_NO_LIMIT");
}

TEST(keep_alive_that_linux_does_not_know_is_the_sessions_error)
{
    expect_session_error(H2CLIENT_CONNECT(.keep_alive_s = 32768),
                         "connect.keep_alive_s: 32768 is neither between 1 and 32767 nor "
                         "H2CLIENT_NO_LIMIT");
    expect_session_error(H2CLIENT_CONNECT(.keep_alive_s = -2),
                         "connect.keep_alive_s: -2 is neither between 1 and 32767 nor "
                         "H2CLIENT_NO_LIMIT");
}

TEST(address_to_come_from_that_is_none_is_the_sessions_error)
{
    expect_session_error(H2CLIENT_CONNECT(.local_address = "eth0\n"),
                         "connect.local_address: \"eth0\\x0a\" is not an address");
    expect_session_error(H2CLIENT_CONNECT(.local_address = "192.0.2.1", .family = H2CLIENT_IP_V6),
                         "connect.local_address: \"192.0.2.1\" is not of connect.family");
}

TEST(interface_and_family_that_cannot_be_are_the_sessions_error)
{
    expect_session_error(H2CLIENT_CONNECT(.interface = ""),
                         "connect.interface: \"\" is not the name of an interface");
    expect_session_error(H2CLIENT_CONNECT(.interface = "sixteen-letters!"),
                         "connect.interface: \"sixteen-letters!\" is not the name of an interface");
    expect_session_error(H2CLIENT_CONNECT(.family = (h2client_ip_family)5),
                         "connect.family: 5 is not one of its values");
}

TEST(connect_options_take_their_named_values)
{
    expect_fine(H2CLIENT_CONNECT(.attempt_delay_ms = H2CLIENT_NO_LIMIT,
                                 .resolution_delay_ms = H2CLIENT_NONE,
                                 .failed_address_ttl_ms = H2CLIENT_NONE,
                                 .keep_alive_s = H2CLIENT_NO_LIMIT));
    expect_fine(H2CLIENT_CONNECT(.attempt_delay_ms = 10, .keep_alive_s = 32767,
                                 .local_address = "fe80::1%2", .interface = "fifteen-letters",
                                 .family = H2CLIENT_IP_V6));
    expect_fine(H2CLIENT_CONNECT(.family = H2CLIENT_IP_ANY));
}

TEST(unknown_connect_options_are_refused)
{
    struct {
        h2client_connect_options known;
        int64_t unknown;
    } newer = {.known = {.size = sizeof newer}, .unknown = 1};

    expect_session_error(&newer.known,
                         "connect: uses options that this version of the library does not know");
    newer.unknown = 0;
    expect_fine(&newer.known);
}

/* ---- the filter ---- */

struct seen {
    char text[200];
    bool allows;
};

static bool note(const h2client_address *address, const char *host, void *user)
{
    struct seen *seen = user;
    size_t len = strlen(seen->text);
    char text[H2CLIENT_ADDRESS_TEXT_MAX];

    snprintf(seen->text + len, sizeof seen->text - len, "%s %s; ", host,
             h2client_address_format(address, text, sizeof text));
    return seen->allows;
}

static void expect_refusal(struct h2t_rig *rig, const char *url, const char *message)
{
    h2client_call *call = h2client_get(rig->session, url);

    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_str_eq(h2client_call_error(call)->message, message);
    h2client_call_destroy(call);
}

TEST(filter_is_asked_about_literals)
{
    struct seen seen = {.text = ""};
    struct h2t_rig rig;

    open_built_in(&rig, H2CLIENT_CONNECT(.filter = note, .filter_user = &seen));
    expect_refusal(&rig, "http://127.0.0.1:8080/",
                   "connect to 127.0.0.1 failed: 127.0.0.1:8080: not allowed by the address "
                   "filter");
    expect_refusal(&rig, "http://[::1]/",
                   "connect to ::1 failed: [::1]:80: not allowed by the address filter");
    ck_assert_str_eq(seen.text, "127.0.0.1 127.0.0.1:8080; ::1 [::1]:80; ");
    h2t_rig_finish(&rig);
}

TEST(filter_is_not_fooled_by_ipv4_in_the_clothes_of_ipv6)
{
    struct seen seen = {.text = ""};
    struct h2t_rig rig;

    open_built_in(&rig, H2CLIENT_CONNECT(.filter = note, .filter_user = &seen));
    expect_refusal(&rig, "http://[::ffff:127.0.0.1]/",
                   "connect to ::ffff:127.0.0.1 failed: 127.0.0.1:80: not allowed by the address "
                   "filter");
    ck_assert_str_eq(seen.text, "::ffff:127.0.0.1 127.0.0.1:80; ");
    h2t_rig_finish(&rig);
}

TEST(filter_is_asked_about_every_address_of_a_name)
{
    struct seen seen = {.text = ""};
    struct h2t_rig rig;

    open_built_in(&rig, H2CLIENT_CONNECT(.filter = note, .filter_user = &seen));
    expect_refusal(&rig, "http://app.localhost/",
                   "connect to app.localhost failed: [::1]:80: not allowed by the address filter, "
                   "127.0.0.1:80: not allowed by the address filter");
    ck_assert_str_eq(seen.text, "app.localhost [::1]:80; app.localhost 127.0.0.1:80; ");
    h2t_rig_finish(&rig);
}

TEST(address_of_the_unwanted_family_is_named)
{
    struct h2t_rig rig;

    open_built_in(&rig, H2CLIENT_CONNECT(.local_address = "192.0.2.1"));
    expect_refusal(&rig, "http://[2001:db8::1]/",
                   "connect to 2001:db8::1 failed: [2001:db8::1]:80: IPv6 is not wanted");
    h2t_rig_finish(&rig);
}

TEST_MAIN("facade_connect", {T(connect_times_that_make_no_sense_are_the_sessions_error)},
          {T(keep_alive_that_linux_does_not_know_is_the_sessions_error)},
          {T(address_to_come_from_that_is_none_is_the_sessions_error)},
          {T(interface_and_family_that_cannot_be_are_the_sessions_error)},
          {T(connect_options_take_their_named_values)}, {T(unknown_connect_options_are_refused)},
          {T(filter_is_asked_about_literals)},
          {T(filter_is_not_fooled_by_ipv4_in_the_clothes_of_ipv6)},
          {T(filter_is_asked_about_every_address_of_a_name)},
          {T(address_of_the_unwanted_family_is_named)})
