/* SPDX-License-Identifier: MIT */
#include "tests/support/proxy_rig.h"

#include <check.h>
#include <string.h>

void h2t_proxy_start(struct h2t_proxy_scene *scene, const h2client_proxy_options *proxy)
{
    h2t_rig_init(&scene->rig);
    scene->rig.plan.proxy = &scene->proxy;
    scene->rig.tls.other.host = "proxy.test";
    scene->rig.tls.other.alpn = "http/1.1";
    h2t_rig_open(&scene->rig, H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.proxy = proxy)));
}

void h2t_proxy_start_url(struct h2t_proxy_scene *scene, const char *url)
{
    h2t_proxy_start(scene, H2CLIENT_PROXY(.url = url));
}

void h2t_proxy_expect_ok(h2client_call *call)
{
    const h2client_response *resp = h2client_call_await(call);

    ck_assert_msg(resp != NULL, "%s", h2client_call_error(call)->message);
    ck_assert_int_eq(h2client_response_status(resp), 200);
}

void h2t_proxy_expect_error(h2client_call *call, h2client_error_code code, const char *part)
{
    const h2client_error *error = h2client_call_error(call);

    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_msg(error->code == code, "%s: %s", h2client_error_name(error->code), error->message);
    ck_assert_msg(strstr(error->message, part) != NULL, "%s", error->message);
    ck_assert_int_eq(error->replay_class, H2CLIENT_REPLAY_NEVER_SENT);
}

void h2t_proxy_finish(struct h2t_proxy_scene *scene, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(&scene->rig);
}

h2client_call *h2t_proxy_get(const struct h2t_proxy_scene *scene)
{
    return h2client_get(scene->rig.session, H2T_ORIGIN "/path",
                        .headers = H2CLIENT_HEADERS({"authorization", "secret"}));
}
