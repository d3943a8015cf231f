/* SPDX-License-Identifier: MIT */
#include "tests/support/coalesce_rig.h"

#include <check.h>

#include "h2client/session_internal.h"
#include "tests/support/pool_check.h"

const char *h2t_coalesce_authority(const struct h2t_seen_request *request)
{
    return h2t_field(request->fields, ":authority");
}

void h2t_coalesce_prepare(struct h2t_rig *rig, h2t_on_request on_request)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = on_request;
    rig->dialer.wants_addresses = true;
    rig->tls.covers = "other.test";
}

void h2t_coalesce_start(struct h2t_rig *rig, h2t_on_request on_request)
{
    h2t_coalesce_prepare(rig, on_request);
    h2t_rig_open(rig, H2CLIENT_SESSION(.coalesce = H2CLIENT_ON));
}

void h2t_coalesce_check(const struct h2t_rig *rig)
{
    const char *broken = h2t_pool_check(&rig->session->pool);

    ck_assert_msg(!broken, "%s", broken);
}

void h2t_coalesce_expect_status(h2client_call *call, int status)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    ck_assert_int_eq(h2client_response_status(h2client_call_response(call)), status);
}

void h2t_coalesce_expect_ok(h2client_call *call)
{
    h2t_coalesce_expect_status(call, 200);
    h2client_call_destroy(call);
}

void h2t_coalesce_open_first(struct h2t_rig *rig)
{
    h2t_coalesce_expect_ok(h2client_get(rig->session, H2T_ORIGIN "/"));
    ck_assert_uint_eq(rig->dialer.n_dials, 1);
}

void h2t_coalesce_finish(struct h2t_rig *rig)
{
    h2t_coalesce_check(rig);
    h2t_rig_finish(rig);
}
