/* SPDX-License-Identifier: MIT */
/*
 * Every option of a call has a decision about reuse: does a call that sets it share the
 * connection of one that does not? The table holds every byte of the options, so that
 * a new one without a decision fails here; and each decision is tried on a session.
 * Options of a session need none: a pool belongs to one session.
 */
#include <stddef.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

enum decision { SHARES, SEPARATES };

struct row {
    const char *name;
    size_t offset;
    size_t size;
    enum decision decision;
    void (*set)(h2client_call_options *options); /* to a value that differs */
};

static size_t take_all(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data, (void)user;
    return len;
}
static void ignore_response(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)call, (void)resp, (void)user;
}
static void ignore_interim(h2client_call *call, int status, const h2client_header *fields,
                           void *user)
{
    (void)call, (void)status, (void)fields, (void)user;
}
static void ignore_end(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error, (void)user;
}

static void ignore_room(h2client_call *call, void *user)
{
    (void)call, (void)user;
}
static void ignore_progress(h2client_call *call, int64_t n_bytes, int64_t n_total, void *user)
{
    (void)call, (void)n_bytes, (void)n_total, (void)user;
}

static const h2client_header some_trailers[] = {{"x-sum", "1"}, {NULL, NULL}};
static const h2client_header some_headers[] = {{"host", "other.test"}, {"x", "y"}, {NULL, NULL}};
static const h2client_retry_options some_retry = {.size = sizeof some_retry, .max_retries = 1};
static const h2client_redirect_options some_redirect = {.size = sizeof some_redirect,
                                                        .max_redirects = 1};
static const h2client_auth some_auth = {
    .size = sizeof some_auth, .user = "me", .scheme = H2CLIENT_AUTH_BASIC};
static const h2client_proxy_options some_proxy = {.size = sizeof some_proxy,
                                                  .url = "http://proxy.test:3128"};
static const h2client_param some_params[] = {{"q", "v"}, {NULL, NULL}};
static const h2client_body some_body = {.size = sizeof some_body, .data = "x", .len = 1};

#define SETTER(member, value)                                \
    static void set_##member(h2client_call_options *options) \
    {                                                        \
        options->member = value;                             \
    }
SETTER(url, H2T_ORIGIN "/elsewhere?x#y")
SETTER(headers, some_headers)
SETTER(body, &some_body)
SETTER(on_response, ignore_response)
SETTER(on_informational, ignore_interim)
SETTER(on_data, take_all)
SETTER(on_done, ignore_end)
SETTER(user, options)
SETTER(total_timeout_ms, 5000)
SETTER(connect_timeout_ms, 5000)
SETTER(dns_timeout_ms, 5000)
SETTER(sock_connect_timeout_ms, 5000)
SETTER(tls_timeout_ms, 5000)
SETTER(first_byte_timeout_ms, 5000)
SETTER(read_idle_timeout_ms, 5000)
SETTER(write_stall_timeout_ms, 5000)
SETTER(max_body_bytes, 5000)
SETTER(delivery, H2CLIENT_DELIVERY_WHOLE)
SETTER(http_version, H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE)
SETTER(retry, &some_retry)
SETTER(queue_timeout_ms, 5000)
SETTER(expect_timeout_ms, 5000)
SETTER(priority, H2CLIENT_PRIORITY_HIGH)
SETTER(expect_continue, H2CLIENT_ON)
SETTER(redirect, &some_redirect)
SETTER(base_url, H2T_ORIGIN)
SETTER(user_agent, "me")
SETTER(raise_for_status, H2CLIENT_ON)
SETTER(decompress, H2CLIENT_OFF)
SETTER(max_recv_bytes_per_s, 1 << 20)
SETTER(max_send_bytes_per_s, 1 << 20)
SETTER(made_at, "here")
SETTER(params, some_params)
SETTER(cookies, some_params)
SETTER(auth, &some_auth)
SETTER(on_writable, ignore_room)
SETTER(on_upload, ignore_progress)
SETTER(netrc_file, "~/.netrc")
SETTER(on_passed_over, ignore_interim)
SETTER(proxy, &some_proxy)
static void set_trailers(h2client_call_options *options)
{
    options->body = &some_body; /* which they follow */
    options->trailers = some_trailers;
}

#define ROW(member, decision)                                                    \
    {                                                                            \
#member, offsetof(h2client_call_options, member),                        \
            sizeof(((h2client_call_options *)0)->member), decision, set_##member \
    }

/* In the order of the struct. */
static const struct row rows[] = {
    {"size", 0, sizeof(size_t), SHARES, NULL},
    ROW(url, SHARES), /* the same origin's */
    ROW(headers, SHARES),
    ROW(body, SHARES),
    ROW(on_response, SHARES),
    ROW(on_informational, SHARES),
    ROW(on_data, SHARES),
    ROW(on_done, SHARES),
    ROW(user, SHARES),
    ROW(total_timeout_ms, SHARES),
    ROW(connect_timeout_ms, SHARES), /* who waits for a connection, not what it is */
    ROW(dns_timeout_ms, SHARES),
    ROW(sock_connect_timeout_ms, SHARES),
    ROW(tls_timeout_ms, SHARES),
    ROW(first_byte_timeout_ms, SHARES),
    ROW(read_idle_timeout_ms, SHARES),
    ROW(write_stall_timeout_ms, SHARES),
    ROW(max_body_bytes, SHARES),
    ROW(delivery, SHARES),
    ROW(http_version, SEPARATES), /* what ALPN offers */
    ROW(retry, SHARES),
    ROW(queue_timeout_ms, SHARES),
    ROW(expect_timeout_ms, SHARES),
    ROW(priority, SHARES),
    ROW(expect_continue, SHARES),
    ROW(redirect, SHARES), /* each hop looks for its own */
    ROW(base_url, SHARES), /* what comes of it decides */
    ROW(user_agent, SHARES),
    ROW(raise_for_status, SHARES),
    ROW(decompress, SHARES),
    ROW(max_recv_bytes_per_s, SHARES),
    ROW(max_send_bytes_per_s, SHARES),
    ROW(made_at, SHARES),
    ROW(params, SHARES),
    ROW(cookies, SHARES),
    ROW(auth, SHARES),
    ROW(on_writable, SHARES),
    ROW(on_upload, SHARES),
    ROW(trailers, SHARES),
    ROW(netrc_file, SHARES),
    ROW(on_passed_over, SHARES),
    ROW(proxy, SEPARATES),
};
#define N_ROWS (sizeof rows / sizeof rows[0])

TEST(every_option_has_a_decision)
{
    size_t offset = 0;

    for (size_t i = 0; i < N_ROWS; i++) {
        ck_assert_msg(rows[i].offset == offset, "before %s there is an option without a decision",
                      rows[i].name);
        offset += rows[i].size;
    }
    ck_assert_msg(offset == sizeof(h2client_call_options),
                  "the last option has no decision: does it belong in the pool key?");
}
END_TEST

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

/* There is one behind which the server is. */
static void dial_proxy(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                       struct h2t_dial_plan *plan, void *user)
{
    (void)dialer;
    if (strcmp(dial->host, "proxy.test") == 0)
        plan->proxy = user;
}

static size_t dials_of(const struct row *row)
{
    struct h2t_proxy proxy = {.is_socks = false};
    h2client_call_options options = {.size = sizeof options, .url = H2T_ORIGIN "/"};
    struct h2t_rig rig;
    size_t n;

    h2t_rig_init(&rig);
    rig.dialer.on_dial = dial_proxy;
    rig.dialer.user = &proxy;
    h2t_rig_open(&rig, NULL);
    expect_ok(h2client_start(rig.session, "PUT", NULL, &options));
    row->set(&options);
    expect_ok(h2client_start(rig.session, "PUT", NULL, &options));
    n = rig.dialer.n_dials;
    h2t_rig_finish(&rig);
    return n;
}

TEST(every_decision_is_kept_to)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].set)
            ck_assert_msg(dials_of(&rows[i]) == (rows[i].decision == SHARES ? 1 : 2), "%s",
                          rows[i].name);
}
END_TEST

/* Scheme, host and port. */
TEST(origins_do_not_share)
{
    static const char *const others[] = {"https://server.test:444/", "https://other.test/",
                                         "https://server.test.example/"};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_ok(h2client_get(rig.session, "https://server.test/"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect_ok(h2client_get(rig.session, others[i]));
    expect_ok(h2client_get(rig.session, "http://server.test:443/",
                           .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE));
    ck_assert_uint_eq(rig.dialer.n_dials, 5);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(spellings_of_one_origin_share)
{
    static const char *const same[] = {"https://SERVER.test/", "https://server.test:443/x?y",
                                       "HTTPS://server.test#z"};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_ok(h2client_get(rig.session, "https://server.test/"));
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        expect_ok(h2client_get(rig.session, same[i]));
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("pool_key", {T(every_option_has_a_decision)}, {T(every_decision_is_kept_to)},
          {T(origins_do_not_share)}, {T(spellings_of_one_origin_share)})
