/* SPDX-License-Identifier: MIT */
/* A session in memory whose every dial ends at one scripted proxy, of HTTP/1.1 or SOCKS. */
#ifndef H2T_PROXY_RIG_H
#define H2T_PROXY_RIG_H

#include "h2client-testing/proxy_peer.h"
#include "tests/support/facade_rig.h"

#define HTTP_PROXY "http://proxy.test:3128"

/* Zeroed, but for what the proxy is to do. */
struct h2t_proxy_scene {
    struct h2t_rig rig;
    struct h2t_proxy proxy;
};

/* A session with that proxy as its calls' default; NULL: none. */
void h2t_proxy_start(struct h2t_proxy_scene *scene, const h2client_proxy_options *proxy);
void h2t_proxy_start_url(struct h2t_proxy_scene *scene, const char *url);
/* GET of the rig's usual origin, with an `authorization` that is secret. */
h2client_call *h2t_proxy_get(const struct h2t_proxy_scene *scene);
/* Awaits it: status 200; or that error, whose text has `part`, and nothing was sent. */
void h2t_proxy_expect_ok(h2client_call *call);
void h2t_proxy_expect_error(h2client_call *call, h2client_error_code code, const char *part);
/* Destroys both. */
void h2t_proxy_finish(struct h2t_proxy_scene *scene, h2client_call *call);

#endif
