/* SPDX-License-Identifier: MIT */
#include "tests/support/embedded.h"

#include <check.h>

#include "transport/loops.h"
#include "transport/system_posix.h"

void h2t_embedded_start(struct h2t_embedded *e, h2client_loop_kind kind)
{
    h2client_session_options options = {.size = sizeof options};
    h2client_fault fault;

    h2t_rig_init(&e->rig);
    e->loop = h2i_loop_create(&e->rig.alloc.allocator, h2i_system_posix(), kind, &fault);
    ck_assert_ptr_nonnull(e->loop);
    options.allocator = &e->rig.alloc.allocator;
    options.loop = e->loop;
    options.dialer = &e->rig.dialer.dialer;
    options.resolver = h2t_fake_resolver_port(e->rig.resolver);
    options.tls_factory = &e->rig.tls.factory;
    e->rig.session = h2client_session_create(&options);
    ck_assert_int_eq(h2client_session_error(e->rig.session)->code, H2CLIENT_OK);
}

void h2t_embedded_finish(struct h2t_embedded *e)
{
    h2client_session_destroy(e->rig.session);
    e->rig.session = NULL;
    e->loop->ops->destroy(e->loop);
    h2t_rig_finish(&e->rig);
}

void h2t_embedded_dispatch(struct h2t_embedded *e)
{
    ck_assert_int_eq(h2client_session_dispatch(e->rig.session, 0), H2CLIENT_OK);
}

void h2t_hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
              struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}
