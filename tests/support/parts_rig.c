/* SPDX-License-Identifier: MIT */
#include "tests/support/parts_rig.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* ---- servers ----------------------------------------------------------------- */

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    static const h2client_header there[] = {{"location", "/there"}, {NULL, NULL}};
    struct h2t_parts_server *server = user;

    server->n_seen++;
    response->status = 200;
    if (server->n_redirected > 0)
        response->status = server->status ? server->status : 307;
    response->fields = server->n_redirected-- > 0 ? there : NULL;
    response->waits_for_body = true;
    if (server->n_refused-- <= 0)
        return;
    response->is_held = true;
    h2t_peer_reset(peer, request->stream_id, 7 /* REFUSED_STREAM */);
}

static void answer_h1(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                      struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    reply->waits_for_body = true;
}

void h2t_parts_init(struct h2t_rig *rig, struct h2t_parts_server *server)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = server;
}

void h2t_parts_start(struct h2t_rig *rig, struct h2t_parts_server *server)
{
    h2t_parts_init(rig, server);
    h2t_rig_open(rig, NULL);
}

void h2t_parts_start_h1(struct h2t_rig *rig)
{
    h2t_rig_init_h1(rig, answer_h1, NULL);
    h2t_rig_open(rig, NULL);
}

void h2t_parts_add_file(struct h2t_rig *rig, size_t i, const char *path, char *data, size_t len)
{
    rig->world.files[i] = (struct h2t_file){.path = path, .data = data, .len = len};
}

const struct h2t_seen_request *h2t_parts_seen(const struct h2t_rig *rig, size_t i)
{
    return h2t_peer_request(h2t_rig_peer(rig, 0), i);
}

h2client_call *h2t_parts_post(struct h2t_rig *rig, const h2client_body *body)
{
    return h2client_post(rig->session, H2T_ORIGIN "/form", .body = body);
}

/* ---- what is expected ---------------------------------------------------------- */

void h2t_parts_expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
}

void h2t_parts_expect_error(h2client_call *call, h2client_error_code code, const char *text)
{
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), code);
    ck_assert_msg(strstr(h2client_call_error(call)->message, text) != NULL, "%s",
                  h2client_call_error(call)->message);
}

const char *h2t_parts_boundary(const h2client_header *fields)
{
    static const char type[] = "multipart/form-data; boundary=";
    const char *value = h2t_field(fields, "content-type");

    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(strncmp(value, type, strlen(type)), 0);
    return value + strlen(type);
}

void h2t_parts_expect_text(const h2client_header *fields, const char *body, size_t body_len,
                           const char *expected)
{
    char text[4096];
    size_t len = 0;

    for (const char *rest = expected; *rest;) {
        bool is_edge = strncmp(rest, "--\r\n", 4) == 0 || strncmp(rest, "----\r\n", 6) == 0;
        size_t n = strcspn(rest, "\n") + 1;
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%.*s", is_edge ? "--" : "",
                                is_edge ? h2t_parts_boundary(fields) : "",
                                (int)(is_edge ? n - 2 : n), is_edge ? rest + 2 : rest);
        rest += n;
    }
    ck_assert_msg(body_len == len && memcmp(body, text, len) == 0, "%s\nis not\n%s", body, text);
}

void h2t_parts_expect(const struct h2t_rig *rig, size_t i, const char *expected)
{
    h2t_parts_expect_text(h2t_parts_seen(rig, i)->fields, h2t_parts_seen(rig, i)->body,
                          h2t_parts_seen(rig, i)->body_len, expected);
}

void h2t_parts_expect_length(const h2client_header *fields, size_t len)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", len);
    ck_assert_pstr_eq(h2t_field(fields, "content-length"), text);
}

void h2t_parts_finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

/* ---- pull functions ------------------------------------------------------------------- */

h2client_pull_result h2t_pulled_pull(void *buf, size_t cap, size_t *n, void *user)
{
    struct h2t_pulled *pulled = user;

    (void)cap;
    if (pulled->waits && (pulled->has_waited = !pulled->has_waited))
        return H2CLIENT_PULL_NOT_NOW;
    if (!pulled->text[pulled->at])
        return pulled->fails ? H2CLIENT_PULL_FAILED : H2CLIENT_PULL_END;
    *(char *)buf = pulled->text[pulled->at++];
    *n = 1;
    return H2CLIENT_PULL_MORE;
}

static bool rewind_pull(void *user)
{
    struct h2t_pulled *pulled = user;

    pulled->at = 0;
    pulled->n_rewound++;
    return true;
}

void h2t_pulled_release(void *user)
{
    ((struct h2t_pulled *)user)->n_released++;
}

h2client_call *h2t_parts_post_two(struct h2t_rig *rig, struct h2t_pulled *pulled)
{
    return h2t_parts_post(
        rig, H2CLIENT_MULTIPART(
                 {.name = "a", .body = H2CLIENT_FILE("a.txt")},
                 {.name = "b",
                  .body = H2CLIENT_BODY(.pull = h2t_pulled_pull, .rewind = rewind_pull,
                                        .release = h2t_pulled_release, .user = pulled, .len = 6)}));
}
