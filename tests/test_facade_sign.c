/* SPDX-License-Identifier: MIT */
/* Requests that a function of the caller's signs, attempt by attempt. */
#include <stdio.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

struct signer {
    int n_signed;
    bool refuses;
    h2client_call *cancels;
    h2client_error_code refusals[4];
    char seen[300];
};

static bool sign(h2client_signature *signature, const h2client_signable *request, void *user)
{
    struct signer *self = user;
    char value[32];

    self->n_signed++;
    snprintf(self->seen, sizeof self->seen, "%s %s %s %s %s %lld %.*s %s", request->method,
             request->url, request->scheme, request->authority, request->path,
             (long long)request->body_len, request->body ? (int)request->body_len : 0,
             request->body ? (const char *)request->body : "",
             h2t_field(request->fields, "x-own") ? h2t_field(request->fields, "x-own") : "-");
    snprintf(value, sizeof value, "signed %d", self->n_signed);
    ck_assert_int_eq(h2client_sign(signature, "Authorization", value), H2CLIENT_OK);
    self->refusals[0] = h2client_sign(signature, "host", "other.test");
    self->refusals[1] = h2client_sign(signature, "content-length", "1");
    self->refusals[2] = h2client_sign(signature, "connection", "close");
    self->refusals[3] = h2client_sign(signature, "a b", "c");
    if (self->cancels)
        h2client_call_cancel(self->cancels);
    return !self->refuses;
}

static const char *authorization(const struct h2t_rig *rig, size_t n_conn, size_t n_request)
{
    const struct h2t_seen_request *request = h2t_peer_request(h2t_rig_peer(rig, n_conn), n_request);
    const char *value = h2t_field(request->fields, "authorization");

    return value ? value : "none";
}

TEST(signer_sees_the_request_as_it_goes_out)
{
    struct signer self = {0};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call *call = h2client_post(
        rig.session, H2T_ORIGIN "/a?b#c", .body = H2CLIENT_TEXT("body"),
        .headers = H2CLIENT_HEADERS({"X-Own", "field"}), .auth = H2CLIENT_SIGNED(sign, &self));
    ck_assert_int_eq(self.n_signed, 0);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(self.seen, "POST https://server.test/a?b https server.test /a?b 4 body field");
    ck_assert_str_eq(authorization(&rig, 0, 0), "signed 1");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(signer_cannot_add_what_is_the_librarys)
{
    struct signer self = {0};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .auth = H2CLIENT_SIGNED(sign, &self));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_int_eq(self.refusals[0], H2CLIENT_ERROR_HEADER_FORBIDDEN);
    ck_assert_int_eq(self.refusals[1], H2CLIENT_ERROR_HEADER_FORBIDDEN);
    ck_assert_int_eq(self.refusals[2], H2CLIENT_ERROR_HEADER_FORBIDDEN);
    ck_assert_int_eq(self.refusals[3], H2CLIENT_ERROR_HEADER_INVALID);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(signer_that_refuses_ends_the_call_before_a_byte_is_sent)
{
    struct signer self = {.refuses = true};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .auth = H2CLIENT_SIGNED(sign, &self));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_SIGN_FAILED);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_NEVER_SENT);
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(signer_may_cancel_its_call)
{
    struct signer self = {0};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .auth = H2CLIENT_SIGNED(sign, &self));
    self.cancels = call;
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_CANCELLED);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void refuse_once(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    (void)user;
    response->status = 200;
    if (request->stream_id != 1)
        return;
    response->is_held = true;
    h2t_peer_reset(peer, 1, 7 /* REFUSED_STREAM */);
}

TEST(signer_signs_each_attempt_anew)
{
    struct signer self = {0};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = refuse_once;
    h2t_rig_open(&rig, NULL);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .auth = H2CLIENT_SIGNED(sign, &self));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_int_eq(self.n_signed, 2);
    ck_assert_str_eq(authorization(&rig, 0, 1), "signed 2");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void redirect(struct h2t_peer *peer, const struct h2t_seen_request *request,
                     struct h2t_response *response, void *user)
{
    static h2client_header there[] = {{"location", NULL}, {NULL, NULL}};
    const char *const *to = user;

    (void)peer;
    there[0].value = *to;
    response->status = strcmp(h2t_field(request->fields, ":path"), "/") == 0 ? 302 : 200;
    response->fields = there;
}

static int n_signed_on_the_way_to(const char *to)
{
    struct signer self = {0};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = redirect;
    rig.plan.peer.user = (void *)&to;
    h2t_rig_open(&rig, NULL);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .auth = H2CLIENT_SIGNED(sign, &self));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
    return self.n_signed;
}

TEST(signer_signs_redirects_within_the_origin_only)
{
    ck_assert_int_eq(n_signed_on_the_way_to("/there"), 2);
    ck_assert_int_eq(n_signed_on_the_way_to("https://other.test/there"), 1);
}
END_TEST

TEST(signer_must_be_given)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/",
                                       .auth = H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_SIGNED));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_sign", {T(signer_sees_the_request_as_it_goes_out)},
          {T(signer_cannot_add_what_is_the_librarys)},
          {T(signer_that_refuses_ends_the_call_before_a_byte_is_sent)},
          {T(signer_may_cancel_its_call)}, {T(signer_signs_each_attempt_anew)},
          {T(signer_signs_redirects_within_the_origin_only)}, {T(signer_must_be_given)})
