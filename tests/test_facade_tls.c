/* SPDX-License-Identifier: MIT */
/* What a call tells about the TLS of its connection, when it is made, how long it stays. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void start(struct h2t_rig *rig)
{
    h2t_rig_init(rig);
    rig->tls.shows_certificate = true;
    h2t_rig_open(rig, NULL);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

static void close_session(struct h2t_rig *rig)
{
    h2client_session_destroy(rig->session);
    rig->session = NULL;
    ck_assert_uint_eq(rig->tls.n_live, 0);
}

static void assert_told(const h2client_tls_info *info, const char *subject)
{
    ck_assert_ptr_nonnull(info);
    ck_assert_str_eq(info->version, "TLS1.3");
    ck_assert_ptr_nonnull(info->certificate);
    ck_assert_str_eq(info->certificate->subject, subject);
    ck_assert_uint_eq(info->certificate->n_chain, 1);
    ck_assert_mem_eq(info->certificate->chain[0].data, "der", 3);
}

TEST(tls_info_tells_what_was_agreed_on)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_tls_info *info;

    start(&rig);
    call = h2t_rig_get(&rig, "/");
    info = h2client_call_tls_info(call);
    assert_told(info, "CN=server.test");
    ck_assert_uint_eq(info->size, sizeof *info);
    ck_assert_str_eq(info->cipher, "NONE");
    ck_assert_str_eq(info->group, "X25519");
    ck_assert_str_eq(info->signature, ""); /* not known */
    ck_assert_str_eq(info->alpn, "h2");
    ck_assert_int_eq(info->is_resumed, 0);
    finish(&rig, call);
}

TEST(tls_info_has_the_certificate_with_its_times_and_digest)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_certificate *certificate;

    start(&rig);
    call = h2t_rig_get(&rig, "/");
    certificate = h2client_call_tls_info(call)->certificate;
    ck_assert_uint_eq(certificate->size, sizeof *certificate);
    ck_assert_str_eq(certificate->issuer, "CN=authority");
    ck_assert_str_eq(certificate->sha256, "0123");
    ck_assert_int_eq(certificate->not_before_s, 1000);
    ck_assert_int_eq(certificate->not_after_s, 2000);
    ck_assert_uint_eq(certificate->chain[0].len, 3);
    finish(&rig, call);
}

TEST(tls_info_says_that_a_session_was_resumed)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.tls.is_resumed = true;
    h2t_rig_open(&rig, NULL);
    call = h2t_rig_get(&rig, "/");
    ck_assert_int_eq(h2client_call_tls_info(call)->is_resumed, 1);
    ck_assert_ptr_null(h2client_call_tls_info(call)->certificate); /* none was shown */
    finish(&rig, call);
}

TEST(tls_info_is_null_where_there_is_none)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    ck_assert_ptr_null(h2client_call_tls_info(NULL));
    call = h2client_get(rig.session, "http://server.test/",
                        .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE);
    ck_assert_ptr_null(h2client_call_tls_info(call)); /* nothing runs yet */
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_ptr_null(h2client_call_tls_info(call));
    finish(&rig, call);
}

TEST(tls_is_not_described_where_nobody_asks)
{
    struct h2t_rig rig;

    start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/a"));
    h2client_call_destroy(h2t_rig_get(&rig, "/b"));
    close_session(&rig);
    ck_assert_uint_eq(rig.tls.n_described, 0);
    h2t_rig_finish(&rig);
}

TEST(tls_is_described_once_for_all_calls_of_a_connection)
{
    struct h2t_rig rig;
    h2client_call *first, *second;

    start(&rig);
    first = h2t_rig_get(&rig, "/a");
    second = h2t_rig_get(&rig, "/b");
    ck_assert_ptr_eq(h2client_call_tls_info(first), h2client_call_tls_info(second));
    h2client_call_destroy(first);
    assert_told(h2client_call_tls_info(second), "CN=server.test");
    ck_assert_uint_eq(rig.tls.n_described, 1);
    finish(&rig, second);
}

TEST(tls_info_stays_when_its_connection_goes)
{
    const h2client_tls_info *info;
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2t_rig_get(&rig, "/");
    info = h2client_call_tls_info(call);
    close_session(&rig);
    ck_assert_ptr_eq(h2client_call_tls_info(call), info);
    assert_told(info, "CN=server.test");
    finish(&rig, call);
}

TEST(tls_info_can_be_asked_for_after_its_connection)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2t_rig_get(&rig, "/");
    close_session(&rig);
    ck_assert_uint_eq(rig.tls.n_described, 1);
    assert_told(h2client_call_tls_info(call), "CN=server.test");
    finish(&rig, call);
}

static void ask(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)resp;
    *(const h2client_tls_info **)user = h2client_call_tls_info(call);
}

TEST(tls_info_can_be_asked_for_in_a_callback)
{
    const h2client_tls_info *info = NULL;
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .on_response = ask, .user = &info);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    assert_told(info, "CN=server.test");
    finish(&rig, call);
}

static void send_elsewhere(struct h2t_peer *peer, const struct h2t_seen_request *request,
                           struct h2t_response *response, void *user)
{
    static const h2client_header there[] = {{"location", "https://other.test/"}, {NULL, NULL}};
    size_t *n_requests = user;

    (void)peer, (void)request;
    response->status = ++*n_requests == 1 ? 302 : 200;
    response->fields = response->status == 302 ? there : NULL;
    response->waits_for_body = true;
}

TEST(tls_info_is_of_the_last_hop)
{
    struct h2t_rig rig;
    h2client_call *call;
    size_t n_requests = 0;

    h2t_rig_init(&rig);
    rig.tls.shows_certificate = true;
    rig.plan.peer.on_request = send_elsewhere;
    rig.plan.peer.user = &n_requests;
    h2t_rig_open(&rig, NULL);
    call = h2t_rig_get(&rig, "/");
    assert_told(h2client_call_tls_info(call), "CN=other.test");
    ck_assert_uint_eq(rig.tls.n_described, 1);
    finish(&rig, call);
}

TEST(tls_info_is_asked_for_again_where_memory_was_short)
{
    struct h2t_rig rig;
    h2client_call *call;
    int n_refused = 0;

    start(&rig);
    call = h2t_rig_get(&rig, "/");
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    while (!h2client_call_tls_info(call))
        rig.alloc.fail_at = rig.alloc.n_calls + 1 + (uint64_t)++n_refused;
    ck_assert_int_gt(n_refused, 0);
    assert_told(h2client_call_tls_info(call), "CN=server.test");
    finish(&rig, call);
}

TEST_MAIN("facade_tls", {T(tls_info_tells_what_was_agreed_on)},
          {T(tls_info_has_the_certificate_with_its_times_and_digest)},
          {T(tls_info_says_that_a_session_was_resumed)}, {T(tls_info_is_null_where_there_is_none)},
          {T(tls_is_not_described_where_nobody_asks)},
          {T(tls_is_described_once_for_all_calls_of_a_connection)},
          {T(tls_info_stays_when_its_connection_goes)},
          {T(tls_info_can_be_asked_for_after_its_connection)},
          {T(tls_info_can_be_asked_for_in_a_callback)}, {T(tls_info_is_of_the_last_hop)},
          {T(tls_info_is_asked_for_again_where_memory_was_short)})
