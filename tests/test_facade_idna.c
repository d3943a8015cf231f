/* SPDX-License-Identifier: MIT */
/* International host names in a session: who sees which form of them. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define URL             \
    "https://b\xc3\xbc" \
    "cher.example/"
#define A_LABELS "xn--bcher-kva.example"

static void open_rig(struct h2t_rig *rig)
{
    h2t_rig_init(rig);
    rig->dialer.wants_addresses = true;
    h2t_rig_open(rig, NULL);
}

static void get(struct h2t_rig *rig, const char *url)
{
    h2client_call *call = h2client_get(rig->session, url);

    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

static void expect_a_labels_everywhere(void)
{
    struct h2t_rig rig;

    open_rig(&rig);
    get(&rig, URL);
    ck_assert_str_eq(h2t_fake_resolver_last_host(rig.resolver), A_LABELS);
    ck_assert_str_eq(rig.tls.host, A_LABELS);
    ck_assert_str_eq(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->fields, ":authority"),
                     A_LABELS);
    get(&rig, "https://" A_LABELS "/"); /* the same origin */
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}

static void expect_clear_refusal(void)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_rig(&rig);
    call = h2client_get(rig.session, URL);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "(libidn2) are not built in"));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}

TEST(international_host_is_its_a_labels_to_dns_tls_server_and_pool_or_a_clear_error)
{
    if (h2client_has_feature("idna"))
        expect_a_labels_everywhere();
    else
        expect_clear_refusal();
}
END_TEST

TEST(feature_is_there_iff_the_library_is)
{
    ck_assert_int_eq(h2client_has_feature("idna"), h2client_library_version("libidn2") != NULL);
}
END_TEST

static const char *cookie_sent(struct h2t_rig *rig, size_t n)
{
    return h2t_field(h2t_peer_request(h2t_rig_peer(rig, 0), n)->fields, "cookie");
}

TEST(cookies_belong_to_the_a_labels)
{
    h2client_cookie_jar *jar;
    h2client_session_options options = {.size = sizeof options};
    struct h2t_rig rig;

    if (!h2client_has_feature("idna"))
        return;
    jar = h2client_cookie_jar_create(NULL);
    h2t_rig_init(&rig);
    options.cookie_jar = jar;
    h2t_rig_open(&rig, &options);
    ck_assert_int_eq(h2client_cookie_jar_set(jar, URL, "a=1", 0), H2CLIENT_OK);
    ck_assert_str_eq(h2client_cookie_jar_get(jar, 0)->domain, A_LABELS);
    get(&rig, "https://" A_LABELS "/");
    get(&rig, URL);
    ck_assert_str_eq(cookie_sent(&rig, 0), "a=1");
    ck_assert_str_eq(cookie_sent(&rig, 1), "a=1");
    h2t_rig_finish(&rig);
    h2client_cookie_jar_unref(jar);
}
END_TEST

TEST_MAIN("facade_idna",
          {T(international_host_is_its_a_labels_to_dns_tls_server_and_pool_or_a_clear_error)},
          {T(feature_is_there_iff_the_library_is)}, {T(cookies_belong_to_the_a_labels)})
