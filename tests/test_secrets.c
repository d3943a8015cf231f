/* SPDX-License-Identifier: MIT */
/*
 * Secrets stay home: every kind of secret x every way that redirects may lead, and what each
 * hop received, as the server saw it. A hop gets them iff it and all hops before it are of
 * the origin that the call was started for.
 */
#include <string.h>

#include "h2client/auth/digest_hash.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define MAX_HOPS 4
#define NETRC_PATH "/netrc"

/* ---- the secrets --------------------------------------------------------------- */

enum secret {
    AUTHORIZATION_FIELD,
    COOKIE_FIELD,
    COOKIES,
    PROXY_AUTHORIZATION,
    REFERER,
    BASIC,
    BEARER,
    DIGEST,
    SIGNATURE,
    USERINFO,
    NETRC,
    SESSION_FIELD,
    SESSION_BASIC,
    SESSION_DIGEST,
    N_SECRETS
};

static const char *const names[N_SECRETS] = {
    [AUTHORIZATION_FIELD] = "authorization",
    [COOKIE_FIELD] = "cookie",
    [COOKIES] = "cookie",
    [PROXY_AUTHORIZATION] = "proxy-authorization",
    [REFERER] = "referer",
    [BASIC] = "authorization",
    [BEARER] = "authorization",
    [DIGEST] = "authorization",
    [SIGNATURE] = "x-signature",
    [USERINFO] = "authorization",
    [NETRC] = "authorization",
    [SESSION_FIELD] = "authorization",
    [SESSION_BASIC] = "authorization",
    [SESSION_DIGEST] = "authorization",
};

static bool sign(h2client_signature *signature, const h2client_signable *request, void *user)
{
    (void)request, (void)user;
    return h2client_sign(signature, "x-signature", "secret") == H2CLIENT_OK;
}

static void carry(enum secret secret, h2client_call_options *of_call,
                  h2client_call_options *of_session)
{
    static h2client_header field[2] = {{NULL, "secret"}, {NULL, NULL}};
    static const h2client_param cookies[] = {{"secret", "1"}, {NULL, NULL}};
    static const h2client_auth basic = {
        .size = sizeof basic, .scheme = H2CLIENT_AUTH_BASIC, .user = "secret"};
    static const h2client_auth bearer = {
        .size = sizeof bearer, .scheme = H2CLIENT_AUTH_BEARER, .token = "secret"};
    static const h2client_auth digest = {
        .size = sizeof digest, .scheme = H2CLIENT_AUTH_DIGEST, .user = "secret"};
    static const h2client_auth signing = {
        .size = sizeof signing, .scheme = H2CLIENT_AUTH_SIGNED, .sign = sign};

    field[0].name = names[secret];
    of_call->headers = secret <= REFERER && secret != COOKIES ? field : NULL;
    of_call->cookies = secret == COOKIES ? cookies : NULL;
    of_call->auth = secret == BASIC       ? &basic
                    : secret == BEARER    ? &bearer
                    : secret == DIGEST    ? &digest
                    : secret == SIGNATURE ? &signing
                                          : NULL;
    of_call->netrc_file = secret == NETRC ? NETRC_PATH : NULL;
    of_session->headers = secret == SESSION_FIELD ? field : NULL;
    of_session->auth = secret == SESSION_BASIC ? &basic : secret == SESSION_DIGEST ? &digest : NULL;
}

/* ---- the ways -------------------------------------------------------------------- */

/* Where each answer leads to, from /0 of the first origin on. */
static const struct way {
    const char *locations[MAX_HOPS];
    int n_at_home; /* hops, the first included, before it is left for the first time */
} ways[] = {
    {{"/1"}, 2},
    {{"https://server.test/1"}, 2},
    {{"https://SERVER.test:443/1", "2"}, 3},
    {{"https://server.test:8443/1"}, 1},
    {{"https://other.test/1"}, 1},
    {{"//other.test/1"}, 1},
    {{"https://sub.server.test/1"}, 1},
    {{"https://test/1"}, 1},
    {{"http://server.test/1"}, 1},
    {{"http://server.test:443/1"}, 1},
    {{"http://server.test/1", "https://server.test/2"}, 1},
    {{"https://other.test/1", "https://server.test/2"}, 1},
    {{"https://other.test/1", "https://other.test/2", "https://server.test/3"}, 1},
    {{"/1", "https://other.test/2", "https://server.test/3", "/4"}, 2},
    {{"https://secret@other.test/1"}, 1},
    {{"https://secret@other.test/1", "https://secret@server.test/2"}, 1},
};
#define N_WAYS (sizeof ways / sizeof ways[0])

struct scene {
    const struct way *way;
    const char *name;
    bool asks; /* every origin asks for Digest */
    bool has_secret[MAX_HOPS + 1];
    bool was_there[MAX_HOPS + 1];
    bool has_key[MAX_HOPS + 1]; /* a field that is no secret to us */
};

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    static h2client_header fields[MAX_HOPS + 1][2];
    static const h2client_header ask[] = {{"www-authenticate", "Digest realm=r, nonce=n, qop=auth"},
                                          {NULL, NULL}};
    struct scene *scene = user;
    const char *path = h2t_field(request->fields, ":path");
    int hop = path[1] - '0';
    const char *to = hop < MAX_HOPS ? scene->way->locations[hop] : NULL;

    (void)peer;
    scene->was_there[hop] = true;
    scene->has_secret[hop] = h2t_field(request->fields, scene->name) != NULL;
    scene->has_key[hop] = h2t_field(request->fields, "x-key") != NULL;
    if (scene->asks && !scene->has_secret[hop] && !to) {
        response->status = 401; /* an origin that would like to have them */
        response->fields = ask;
    } else if (scene->asks && hop == 0 && !scene->has_secret[0]) {
        response->status = 401;
        response->fields = ask;
    } else {
        fields[hop][0] = (h2client_header){"location", to};
        response->status = to ? 302 : 200;
        response->fields = to ? fields[hop] : NULL;
    }
}

static void walk(enum secret secret, struct scene *scene, h2client_switch trusts)
{
    static const char netrc[] = "default login secret password x";
    h2client_call_options of_call = {.size = sizeof of_call,
                                     .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE};
    h2client_call_options of_session = {.size = sizeof of_session};
    static h2client_header keys[3] = {{NULL, NULL}, {"x-key", "1"}, {NULL, NULL}};
    struct h2t_rig rig;

    carry(secret, &of_call, &of_session);
    keys[0] = of_call.headers ? of_call.headers[0] : (h2client_header){"x-other", "1"};
    of_call.headers = keys;
    of_call.redirect = H2CLIENT_REDIRECT(.allow_downgrade = H2CLIENT_ON, .trust_all = trusts);
    scene->name = names[secret];
    scene->asks = secret == DIGEST || secret == SESSION_DIGEST;
    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer;
    rig.plan.peer.user = scene;
    rig.world.files[0] = (struct h2t_file){
        .path = NETRC_PATH, .data = (char *)(uintptr_t)netrc, .len = sizeof netrc - 1};
    h2t_rig_open(&rig, H2CLIENT_SESSION(.defaults = &of_session));
    h2client_call *call = h2client_start(
        rig.session, "GET", secret == USERINFO ? "https://secret:x@server.test/0" : H2T_ORIGIN "/0",
        &of_call);
    ck_assert_msg(h2client_call_await(call) != NULL, "%s", h2client_call_error(call)->message);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}

/* From https to http nothing goes along, whoever is trusted. */
static bool was_downgraded(const struct way *way, int hop)
{
    for (int i = 0; i < hop; i++)
        if (strncmp(way->locations[i], "http:", 5) == 0)
            return true;
    return false;
}

static void expect_table(h2client_switch trusts)
{
    for (int secret = 0; secret < N_SECRETS; secret++) {
        if ((secret == DIGEST || secret == SESSION_DIGEST) && !h2i_digest_hash_is_built_in())
            continue;
        for (size_t i = 0; i < N_WAYS; i++) {
            struct scene scene = {.way = &ways[i]};
            walk((enum secret)secret, &scene, trusts);
            for (int hop = 0; hop <= MAX_HOPS; hop++) {
                ck_assert_int_eq(scene.was_there[hop], hop == 0 || ways[i].locations[hop - 1]);
                if (!scene.was_there[hop])
                    break;
                bool is_expected =
                    hop < ways[i].n_at_home || (trusts && !was_downgraded(&ways[i], hop));
                if (trusts && scene.asks && hop < MAX_HOPS && ways[i].locations[hop])
                    continue; /* an origin on the way that did not ask */
                ck_assert_msg(scene.has_secret[hop] == is_expected,
                              "secret %d, way %zu, hop %d: %s", secret, i, hop,
                              is_expected ? "missing" : "leaked");
                ck_assert(scene.has_key[hop]);
            }
        }
    }
}

TEST(secrets_stay_home)
{
    expect_table(H2CLIENT_INHERIT);
}
END_TEST

TEST(secrets_go_along_only_where_all_are_trusted)
{
    expect_table(H2CLIENT_ON);
}
END_TEST
TEST_MAIN("secrets", {T(secrets_stay_home)}, {T(secrets_go_along_only_where_all_are_trusted)})
