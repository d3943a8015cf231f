/* SPDX-License-Identifier: MIT */
/* Logins that a proxy asks for: Digest, over tunnels and whole URLs. */
#include <stdio.h>
#include <string.h>

#include "tests/support/proxy_rig.h"
#include "tests/support/test_main.h"

/* ---- Digest ------------------------------------------------------------------------------ */

#define CHALLENGE "Digest realm=\"proxies\", nonce=\"abc\", qop=\"auth\", algorithm=SHA-256"
#define REFUSAL                                                                        \
    "HTTP/1.1 407 Who?\r\nVia: us\r\nPROXY-Authenticate:  Basic realm=\"proxies\"\r\n" \
    "Proxy-Authenticate: " CHALLENGE "\r\nContent-Length: 0\r\n\r\n"

static void start_digest(struct h2t_proxy_scene *scene, h2client_auth_scheme scheme)
{
    scene->proxy.refusal = REFUSAL;
    scene->proxy.pass = "\r\nProxy-Authorization: Digest username=\"me\", ";
    h2t_proxy_start(scene, H2CLIENT_PROXY(.url = HTTP_PROXY, .user = "me", .password = "secret",
                                          .auth = scheme));
}

TEST(proxy_that_asks_for_digest_gets_a_proof)
{
    struct h2t_proxy_scene scene = {0};

    start_digest(&scene, H2CLIENT_AUTH_INHERIT);
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    ck_assert_uint_eq(scene.proxy.n_asked, 2);
    ck_assert_ptr_nonnull(strstr(scene.proxy.head, "uri=\"server.test:443\""));
    ck_assert_ptr_nonnull(strstr(scene.proxy.head, "nc=00000001"));
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_gets_the_next_proof_at_once)
{
    struct h2t_proxy_scene scene = {0};

    start_digest(&scene, H2CLIENT_AUTH_INHERIT);
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    h2client_call *other = h2client_get(scene.rig.session, "https://other.test/");
    h2t_proxy_expect_ok(other);
    ck_assert_uint_eq(scene.proxy.n_asked, 3);
    ck_assert_ptr_nonnull(strstr(scene.proxy.head, "uri=\"other.test:443\""));
    ck_assert_ptr_nonnull(strstr(scene.proxy.head, "nc=00000002"));
    h2client_call_destroy(other);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_is_never_told_a_password_that_is_for_digest)
{
    struct h2t_proxy_scene scene = {0};

    start_digest(&scene, H2CLIENT_AUTH_DIGEST);
    scene.proxy.pass = NULL; /* whatever is said */
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_error(call, H2CLIENT_ERROR_PROXY_AUTH, "status 407, the login is not taken");
    ck_assert_uint_eq(scene.proxy.n_asked, 2);
    ck_assert(!scene.proxy.saw_basic);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_logins_of_other_kinds_keep_connections_apart)
{
    static const h2client_auth_scheme schemes[] = {H2CLIENT_AUTH_BASIC, H2CLIENT_AUTH_INHERIT,
                                                   H2CLIENT_AUTH_DIGEST};
    struct h2t_proxy_scene scene = {0};

    h2t_proxy_start(&scene, NULL);
    for (size_t i = 0; i < 3; i++) {
        h2client_call *call = h2client_get(
            scene.rig.session, H2T_ORIGIN "/",
            .proxy = H2CLIENT_PROXY(.url = HTTP_PROXY, .user = "me", .auth = schemes[i]));
        h2t_proxy_expect_ok(call);
        h2client_call_destroy(call);
        ck_assert_uint_eq(scene.rig.dialer.n_dials, i + 1);
    }
    h2t_proxy_finish(&scene, NULL);
}
END_TEST

TEST(proxy_gets_nothing_but_basic_where_that_is_asked_for)
{
    struct h2t_proxy_scene scene = {0};

    start_digest(&scene, H2CLIENT_AUTH_BASIC);
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_error(call, H2CLIENT_ERROR_PROXY_AUTH, "status 407, the login is not taken");
    ck_assert_uint_eq(scene.proxy.n_asked, 1);
    h2t_proxy_finish(&scene, call);
}
END_TEST

static void ask_for_digest(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                           struct h2t_h1_reply *reply, void *user)
{
    const char *login = h2t_field(request->fields, "proxy-authorization");

    (void)peer;
    (*(int *)user)++;
    reply->waits_for_body = true;
    reply->text = login && strncmp(login, "Digest ", 7) == 0 &&
                          strstr(login, "uri=\"http://server.test/path?q\"")
                      ? "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok"
                      : REFUSAL;
}

TEST(proxy_that_reads_requests_gets_proofs_of_whole_urls)
{
    struct h2t_proxy_scene scene = {0};
    int n_asked = 0;

    h2t_rig_init_h1(&scene.rig, ask_for_digest, &n_asked);
    h2t_rig_open(&scene.rig, NULL);
    for (int i = 0; i < 2; i++) {
        h2client_call *call = h2client_post(
            scene.rig.session, "http://server.test/path?q", .body = H2CLIENT_TEXT("again"),
            .proxy = H2CLIENT_PROXY(.url = HTTP_PROXY, .user = "me", .password = "secret"));
        h2t_proxy_expect_ok(call);
        h2client_call_destroy(call);
    }
    ck_assert_int_eq(n_asked, 3);
    h2t_proxy_finish(&scene, NULL);
}
END_TEST

TEST_MAIN("facade_proxy_login", {T(proxy_that_asks_for_digest_gets_a_proof)},
          {T(proxy_gets_the_next_proof_at_once)},
          {T(proxy_is_never_told_a_password_that_is_for_digest)},
          {T(proxy_logins_of_other_kinds_keep_connections_apart)},
          {T(proxy_gets_nothing_but_basic_where_that_is_asked_for)},
          {T(proxy_that_reads_requests_gets_proofs_of_whole_urls)})
