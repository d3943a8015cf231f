/* SPDX-License-Identifier: MIT */
/* Cookies through a whole session: kept from any response, sent where they belong. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* A server that sets what the test says at "/set", and notes what it is sent. */
struct scene {
    struct h2t_rig rig;
    h2client_header set[3];
    int status;
    const char *location;
    h2client_header with_location[4];
    char sent[8][64];
    size_t n_requests;
};

static const char *value_of(const h2client_header *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields->value;
    return NULL;
}

/* Of all crumbs (RFC 9113 8.2.3). */
static void note(struct scene *scene, const h2client_header *fields)
{
    char *sent = scene->sent[scene->n_requests++];

    for (; fields->name; fields++)
        if (strcmp(fields->name, "cookie") == 0) {
            strcat(sent, sent[0] ? "; " : "");
            strcat(sent, fields->value);
        }
}

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    struct scene *scene = user;
    bool sets = strcmp(value_of(request->fields, ":path"), "/set") == 0;

    (void)peer;
    note(scene, request->fields);
    response->status = sets && scene->status ? scene->status : 200;
    if (!sets)
        return;
    memcpy(scene->with_location, scene->set, sizeof scene->set);
    for (size_t i = 0; i < 3 && scene->location; i++)
        if (!scene->with_location[i].name) {
            scene->with_location[i] = (h2client_header){"location", scene->location};
            break;
        }
    response->fields = scene->with_location;
}

static void open_scene(struct scene *scene, const h2client_session_options *options)
{
    memset(scene, 0, sizeof *scene);
    h2t_rig_init(&scene->rig);
    scene->rig.plan.peer.on_request = answer;
    scene->rig.plan.peer.user = scene;
    h2t_rig_open(&scene->rig, options);
}

static void fetch(struct scene *scene, const char *url)
{
    h2client_call *call = h2client_get(scene->rig.session, url);

    ck_assert_msg(h2client_call_await(call) != NULL, "%s", h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

TEST(a_cookie_comes_back_to_its_host_and_to_no_other)
{
    struct scene scene;

    open_scene(&scene, NULL);
    scene.set[0] = (h2client_header){"set-cookie", "a=1; Path=/"};
    scene.set[1] = (h2client_header){"Set-Cookie", "b=2; Path=/; Secure"};
    fetch(&scene, "https://server.test/set");
    fetch(&scene, "https://server.test/x");
    fetch(&scene, "https://other.test/x");
    fetch(&scene, "https://sub.server.test/x");
    ck_assert_str_eq(scene.sent[0], "");
    ck_assert_str_eq(scene.sent[1], "a=1; b=2");
    ck_assert_str_eq(scene.sent[2], "");
    ck_assert_str_eq(scene.sent[3], "");
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(a_redirects_cookies_go_along_by_their_own_rules)
{
    struct scene scene;

    open_scene(&scene, NULL);
    scene.set[0] = (h2client_header){"set-cookie", "a=1; Path=/"};
    scene.status = 302;
    scene.location = "/after";
    fetch(&scene, "https://server.test/set");
    ck_assert_uint_eq(scene.n_requests, 2);
    ck_assert_str_eq(scene.sent[1], "a=1");
    scene.location = "https://other.test/after";
    fetch(&scene, "https://server.test/set");
    ck_assert_str_eq(scene.sent[2], "a=1");
    ck_assert_str_eq(scene.sent[3], "");
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(cookies_of_an_error_are_kept_too)
{
    struct scene scene;

    open_scene(&scene, NULL);
    scene.set[0] = (h2client_header){"set-cookie", "a=1; Path=/"};
    scene.status = 401;
    fetch(&scene, "https://server.test/set");
    fetch(&scene, "https://server.test/");
    ck_assert_str_eq(scene.sent[1], "a=1");
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(without_a_jar_nothing_is_kept)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.cookie_jar = h2client_cookie_jar_none()));
    scene.set[0] = (h2client_header){"set-cookie", "a=1; Path=/"};
    fetch(&scene, "https://server.test/set");
    fetch(&scene, "https://server.test/");
    ck_assert_str_eq(scene.sent[1], "");
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(a_jar_serves_several_sessions_and_outlives_them)
{
    h2client_cookie_jar *jar = h2client_cookie_jar_create(NULL);
    struct scene one, other;

    open_scene(&one, H2CLIENT_SESSION(.cookie_jar = jar));
    open_scene(&other, H2CLIENT_SESSION(.cookie_jar = jar));
    one.set[0] = (h2client_header){"set-cookie", "a=1; Path=/"};
    fetch(&one, "https://server.test/set");
    fetch(&other, "https://server.test/");
    ck_assert_str_eq(other.sent[0], "a=1");
    h2t_rig_finish(&one.rig);
    h2t_rig_finish(&other.rig);
    ck_assert_uint_eq(h2client_cookie_jar_count(jar), 1);
    h2client_cookie_jar_unref(jar);
}
END_TEST

TEST(a_calls_own_cookies_go_before_the_jars)
{
    struct scene scene;
    h2client_call *call;

    open_scene(&scene, NULL);
    scene.set[0] = (h2client_header){"set-cookie", "jar=1; Path=/"};
    fetch(&scene, "https://server.test/set");
    call = h2client_get(scene.rig.session, "https://server.test/",
                        .cookies = H2CLIENT_PARAMS({"own", "2"}, {"more", "3"}));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(scene.sent[1], "own=2; more=3; jar=1");
    h2client_call_destroy(call);
    call = h2client_get(scene.rig.session, "https://server.test/",
                        .headers = H2CLIENT_HEADERS({"Cookie", "field=4"}));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(scene.sent[2], "field=4; jar=1");
    h2client_call_destroy(call);
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(a_calls_own_cookies_stay_with_their_origin)
{
    struct scene scene;
    h2client_call *call;

    open_scene(&scene, NULL);
    scene.status = 307;
    scene.location = "https://other.test/";
    call = h2client_get(scene.rig.session, "https://server.test/set",
                        .cookies = H2CLIENT_PARAMS({"own", "2"}));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(scene.sent[0], "own=2");
    ck_assert_str_eq(scene.sent[1], "");
    h2client_call_destroy(call);
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST_MAIN("facade_cookies", {T(a_cookie_comes_back_to_its_host_and_to_no_other)},
          {T(a_redirects_cookies_go_along_by_their_own_rules)},
          {T(cookies_of_an_error_are_kept_too)}, {T(without_a_jar_nothing_is_kept)},
          {T(a_jar_serves_several_sessions_and_outlives_them)},
          {T(a_calls_own_cookies_go_before_the_jars)},
          {T(a_calls_own_cookies_stay_with_their_origin)})
