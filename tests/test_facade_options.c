/* SPDX-License-Identifier: MIT */
/* What a call and a session take from their options, and what they refuse. */
#include <stddef.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* The nth request the server saw. */
static const h2client_header *seen_fields(const struct h2t_rig *rig, size_t n)
{
    return h2t_peer_request(h2t_rig_peer(rig, 0), n)->fields;
}

static void expect_end(h2client_call *call, h2client_error_code code)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == code, "%d, not %d: %s", h2client_call_state(call),
                  code, h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

/* The call has failed, its message holds `text`, and nobody was dialled. */
static void expect_refused(struct h2t_rig *rig, h2client_call *call, h2client_error_code code,
                           const char *text)
{
    ck_assert_ptr_nonnull(call);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_state(call), code);
    ck_assert_msg(strstr(h2client_call_error(call)->message, text) != NULL,
                  "\"%s\" does not say \"%s\"", h2client_call_error(call)->message, text);
    ck_assert_uint_eq(rig->dialer.n_dials, 0);
    h2client_call_destroy(call);
}

/* ---- structs that grow ---- */

/* An option struct of a later version: ours, and sixteen bytes. */
struct longer_options {
    h2client_call_options known;
    unsigned char tail[16];
};

static void count_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ++*(int *)user;
}

static void count_release(void *user)
{
    ++*(int *)user;
}

TEST(options_of_an_older_program_are_taken_up_to_their_size)
{
    h2client_call_options options = {.size = offsetof(h2client_call_options, headers),
                                     .url = H2T_ORIGIN "/old",
                                     .total_timeout_ms = -77}; /* beyond its size: not read */
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_end(h2client_start(rig.session, NULL, NULL, &options), H2CLIENT_OK);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), ":path"), "/old");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(options_with_a_longer_tail_of_zeros_are_taken)
{
    struct longer_options options = {.known = {.size = sizeof options, .url = H2T_ORIGIN "/new"}};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_end(h2client_start(rig.session, NULL, NULL, &options.known), H2CLIENT_OK);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), ":path"), "/new");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(options_that_are_not_known_are_refused)
{
    struct longer_options options = {.known = {.size = sizeof options, .url = H2T_ORIGIN "/"}};
    struct h2t_rig rig;

    options.tail[15] = 1;
    h2t_rig_start(&rig);
    expect_refused(&rig, h2client_start(rig.session, NULL, NULL, &options.known),
                   H2CLIENT_ERROR_INVALID_ARGUMENT, "does not know");
    h2t_rig_finish(&rig);
}
END_TEST

/* Whatever else is wrong, these two were promised. */
TEST(options_that_are_not_known_still_tell_done_and_release)
{
    int n_done = 0, n_released = 0;
    const h2client_body body = {
        .size = sizeof body, .data = "x", .len = 1, .release = count_release, .user = &n_released};
    struct longer_options options = {.known = {.size = sizeof options,
                                               .url = H2T_ORIGIN "/",
                                               .body = &body,
                                               .on_done = count_done,
                                               .user = &n_done}};
    struct h2t_rig rig;

    options.tail[0] = 1;
    h2t_rig_start(&rig);
    expect_end(h2client_start(rig.session, "POST", NULL, &options.known),
               H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(n_done, 1);
    ck_assert_int_eq(n_released, 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(options_without_their_size_are_refused)
{
    const h2client_call_options options = {.url = H2T_ORIGIN "/"};
    const h2client_body body = {.data = "x", .len = 1};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_refused(&rig, h2client_start(rig.session, NULL, NULL, &options),
                   H2CLIENT_ERROR_INVALID_ARGUMENT, "size");
    expect_refused(&rig, h2client_post(rig.session, H2T_ORIGIN "/", .body = &body),
                   H2CLIENT_ERROR_INVALID_ARGUMENT, "size");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(options_of_a_session_without_their_size_fail_all_its_calls)
{
    const h2client_session_options options = {.size = 0};
    h2client_session *session = h2client_session_create(&options);
    h2client_call *call = h2client_get(session, H2T_ORIGIN "/");

    ck_assert_int_eq(h2client_session_error(session)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    expect_end(call, H2CLIENT_ERROR_INVALID_ARGUMENT);
    h2client_session_destroy(session);
}
END_TEST

TEST(options_of_a_session_that_are_not_known_are_refused)
{
    struct {
        h2client_session_options known;
        unsigned char tail[16];
    } options = {.known = {.size = sizeof options}, .tail = {1}};
    h2client_session *session = h2client_session_create(&options.known);

    ck_assert_int_eq(h2client_session_error(session)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    h2client_session_destroy(session);
    options.tail[0] = 0;
    session = h2client_session_create(&options.known);
    ck_assert_int_eq(h2client_session_error(session)->code, H2CLIENT_OK);
    h2client_session_destroy(session);
}
END_TEST

TEST(options_that_are_no_choice_are_refused)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_refused(&rig,
                   h2client_get(rig.session, H2T_ORIGIN "/", .delivery = (h2client_delivery)7),
                   H2CLIENT_ERROR_INVALID_ARGUMENT, "delivery: 7");
    expect_refused(
        &rig, h2client_get(rig.session, H2T_ORIGIN "/", .http_version = (h2client_http_version)-1),
        H2CLIENT_ERROR_INVALID_ARGUMENT, "http_version: -1");
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- header fields ---- */

static const h2client_header session_headers[] = {
    {"User-Agent", "ours"}, {"X-One", "1"}, {"X-Two", "2"}, {NULL, NULL}};

static void open_with_defaults(struct h2t_rig *rig)
{
    const h2client_call_options defaults = {.size = sizeof defaults, .headers = session_headers};

    h2t_rig_init(rig);
    h2t_rig_open(rig, H2CLIENT_SESSION(.defaults = &defaults));
}

TEST(headers_of_the_library_go_out_unless_replaced)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_end(h2client_get(rig.session, H2T_ORIGIN "/",
                            .headers = H2CLIENT_HEADERS({"ACCEPT", "text/html"})),
               H2CLIENT_OK);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), "accept"), "text/html");
    ck_assert_ptr_nonnull(strstr(h2t_field(seen_fields(&rig, 0), "user-agent"), "h2client/"));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(headers_of_the_session_go_out_with_every_call)
{
    struct h2t_rig rig;

    open_with_defaults(&rig);
    expect_end(h2client_get(rig.session, H2T_ORIGIN "/"), H2CLIENT_OK);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), "user-agent"), "ours");
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), "x-one"), "1");
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), "accept"), "*/*");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(headers_of_the_call_replace_the_sessions_of_that_name)
{
    struct h2t_rig rig;

    open_with_defaults(&rig);
    expect_end(h2client_get(rig.session, H2T_ORIGIN "/",
                            .headers = H2CLIENT_HEADERS({"x-ONE", "one"}, {"x-one", "two"})),
               H2CLIENT_OK);
    const h2client_header *fields = seen_fields(&rig, 0);
    int n = 0;
    for (const h2client_header *field = fields; field->name; field++)
        n += strcmp(field->name, "x-one") == 0;
    ck_assert_int_eq(n, 2); /* the call's own two */
    ck_assert_str_eq(h2t_field(fields, "x-one"), "one");
    ck_assert_str_eq(h2t_field(fields, "x-two"), "2");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(headers_with_a_null_value_only_take_away)
{
    struct h2t_rig rig;

    open_with_defaults(&rig);
    expect_end(h2client_get(rig.session, H2T_ORIGIN "/",
                            .headers = H2CLIENT_HEADERS({"X-one", NULL}, {"Accept", NULL})),
               H2CLIENT_OK);
    ck_assert_ptr_null(h2t_field(seen_fields(&rig, 0), "x-one"));
    ck_assert_ptr_null(h2t_field(seen_fields(&rig, 0), "accept"));
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), "x-two"), "2");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(headers_that_are_malformed_are_refused_before_a_byte_is_sent)
{
    static const h2client_header bad[] = {{"", "x"},       {"a b", "x"},       {"a:", "x"},
                                          {"x\r\ny", "x"}, {"a", "x\r\nb: c"}, {"a", "x\ny"},
                                          {"a", "\rx"},    {"a", " x"},        {"a", "x\t"},
                                          {"a", "\x01"},   {"\xc3\xbc", "x"}};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_refused(
            &rig, h2client_get(rig.session, H2T_ORIGIN "/", .headers = H2CLIENT_HEADERS(bad[i])),
            H2CLIENT_ERROR_HEADER_INVALID, "");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(headers_that_are_the_librarys_are_refused_by_name)
{
    static const h2client_header bad[] = {
        {"Connection", "close"}, {"keep-alive", "1"},     {"Proxy-Connection", "close"},
        {"upgrade", "h2c"},      {":path", "/other"},     {"Transfer-Encoding", "chunked"},
        {"te", "gzip"},          {":authority", "other"}, {"TE", "trailers, gzip"}};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        h2client_call *call =
            h2client_get(rig.session, H2T_ORIGIN "/", .headers = H2CLIENT_HEADERS(bad[i]));
        h2client_error_code code;

        h2client_call_await(call);
        code = h2client_call_state(call);
        ck_assert_msg(code == H2CLIENT_ERROR_HEADER_FORBIDDEN ||
                          (bad[i].name[0] == ':' && code == H2CLIENT_ERROR_HEADER_INVALID),
                      "%s: %d", bad[i].name, code);
        h2client_call_destroy(call);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(headers_of_the_session_that_are_bad_fail_the_session)
{
    const h2client_call_options defaults = {.size = sizeof defaults,
                                            .headers = H2CLIENT_HEADERS({"connection", "close"})};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    h2t_rig_open(&rig, H2CLIENT_SESSION(.defaults = &defaults));
    ck_assert_int_eq(h2client_session_error(rig.session)->code, H2CLIENT_ERROR_HEADER_FORBIDDEN);
    expect_refused(&rig, h2client_get(rig.session, H2T_ORIGIN "/"), H2CLIENT_ERROR_HEADER_FORBIDDEN,
                   "connection");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(header_te_trailers_is_allowed)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_end(
        h2client_get(rig.session, H2T_ORIGIN "/", .headers = H2CLIENT_HEADERS({"TE", "trailers"})),
        H2CLIENT_OK);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), "te"), "trailers");
    h2t_rig_finish(&rig);
}
END_TEST

/* It changes that field only: neither whom we dial nor whose certificate we want. */
TEST(header_host_becomes_the_authority_and_no_more)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_end(h2client_get(rig.session, H2T_ORIGIN "/",
                            .headers = H2CLIENT_HEADERS({"Host", "other.test:81"})),
               H2CLIENT_OK);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), ":authority"), "other.test:81");
    ck_assert_ptr_null(h2t_field(seen_fields(&rig, 0), "host"));
    ck_assert_str_eq(rig.dialer.dials[0]->host, "server.test");
    ck_assert_str_eq(rig.tls.host, "server.test");
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- content-length ---- */

TEST(content_length_must_be_the_bodys)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_refused(&rig,
                   h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("abc"),
                                 .headers = H2CLIENT_HEADERS({"Content-Length", "4"})),
                   H2CLIENT_ERROR_HEADER_INVALID, "says 4, the body has 3");
    expect_refused(&rig,
                   h2client_get(rig.session, H2T_ORIGIN "/",
                                .headers = H2CLIENT_HEADERS({"content-length", "1"})),
                   H2CLIENT_ERROR_HEADER_INVALID, "says 1, the body has 0");
    expect_refused(&rig,
                   h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("abc"),
                                 .headers = H2CLIENT_HEADERS({"content-length", "+3"})),
                   H2CLIENT_ERROR_HEADER_INVALID, "not a number");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(content_length_that_is_true_goes_out_once)
{
    struct h2t_rig rig;
    int n = 0;

    h2t_rig_start(&rig);
    expect_end(h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("abc"),
                             .headers = H2CLIENT_HEADERS({"content-length", "3"})),
               H2CLIENT_OK);
    for (const h2client_header *field = seen_fields(&rig, 0); field->name; field++)
        n += strcmp(field->name, "content-length") == 0;
    ck_assert_int_eq(n, 1);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- URLs and methods ---- */

TEST(userinfo_and_fragment_are_never_sent_nor_told)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, "https://joe:secret@server.test/a?b#frag");
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), ":authority"), "server.test");
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), ":path"), "/a?b");
    ck_assert_str_eq(h2client_call_get_info(call)->url, "https://server.test/a?b");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(userinfo_is_not_in_the_error_either)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, "https://joe:secret@server.test:99999/");
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_ptr_null(strstr(h2client_call_error(call)->message, "secret"));
    ck_assert_ptr_null(strstr(h2client_call_error(call)->url, "secret"));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(options_of_the_server_as_a_whole_asks_for_an_asterisk)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_end(h2client_start(rig.session, "OPTIONS", H2T_ORIGIN, NULL), H2CLIENT_OK);
    expect_end(h2client_start(rig.session, "OPTIONS", H2T_ORIGIN "/", NULL), H2CLIENT_OK);
    expect_end(h2client_get(rig.session, H2T_ORIGIN), H2CLIENT_OK);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), ":path"), "*");
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 1), ":path"), "/");
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 2), ":path"), "/");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(method_must_be_a_token_and_makes_no_tunnel)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_refused(&rig, h2client_start(rig.session, "GE T", H2T_ORIGIN, NULL),
                   H2CLIENT_ERROR_METHOD_INVALID, "GE T");
    expect_refused(&rig, h2client_start(rig.session, "", H2T_ORIGIN, NULL),
                   H2CLIENT_ERROR_METHOD_INVALID, "not a token");
    expect_refused(&rig, h2client_start(rig.session, "CONNECT", H2T_ORIGIN, NULL),
                   H2CLIENT_ERROR_METHOD_INVALID, "tunnel");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(url_of_another_scheme_or_none_is_refused)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_refused(&rig, h2client_get(rig.session, "ftp://server.test/"),
                   H2CLIENT_ERROR_SCHEME_UNSUPPORTED, "ftp");
    expect_refused(&rig, h2client_get(rig.session, NULL), H2CLIENT_ERROR_URL_MALFORMED, "NULL");
    expect_refused(&rig, h2client_get(rig.session, ""), H2CLIENT_ERROR_URL_MALFORMED, "");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(http_with_prior_knowledge_needs_no_tls)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    expect_end(h2client_get(rig.session, "http://server.test/",
                            .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE),
               H2CLIENT_OK);
    ck_assert_uint_eq(rig.tls.n_handshakes, 0);
    ck_assert_uint_eq(rig.dialer.dials[0]->port, 80);
    ck_assert_str_eq(h2t_field(seen_fields(&rig, 0), ":scheme"), "http");
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN(
    "facade_options", {T(options_of_an_older_program_are_taken_up_to_their_size)},
    {T(options_with_a_longer_tail_of_zeros_are_taken)}, {T(options_that_are_not_known_are_refused)},
    {T(options_that_are_not_known_still_tell_done_and_release)},
    {T(options_without_their_size_are_refused)},
    {T(options_of_a_session_without_their_size_fail_all_its_calls)},
    {T(options_of_a_session_that_are_not_known_are_refused)},
    {T(options_that_are_no_choice_are_refused)}, {T(headers_of_the_library_go_out_unless_replaced)},
    {T(headers_of_the_session_go_out_with_every_call)},
    {T(headers_of_the_call_replace_the_sessions_of_that_name)},
    {T(headers_with_a_null_value_only_take_away)},
    {T(headers_that_are_malformed_are_refused_before_a_byte_is_sent)},
    {T(headers_that_are_the_librarys_are_refused_by_name)},
    {T(headers_of_the_session_that_are_bad_fail_the_session)}, {T(header_te_trailers_is_allowed)},
    {T(header_host_becomes_the_authority_and_no_more)}, {T(content_length_must_be_the_bodys)},
    {T(content_length_that_is_true_goes_out_once)},
    {T(userinfo_and_fragment_are_never_sent_nor_told)}, {T(userinfo_is_not_in_the_error_either)},
    {T(options_of_the_server_as_a_whole_asks_for_an_asterisk)},
    {T(method_must_be_a_token_and_makes_no_tunnel)}, {T(url_of_another_scheme_or_none_is_refused)},
    {T(http_with_prior_knowledge_needs_no_tls)})
