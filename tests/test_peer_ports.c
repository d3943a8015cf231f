/* SPDX-License-Identifier: MIT */
/* The ports that tests of whole sessions stand on: the link of a peer to a transport,
 * the dialer whose dials end at peers, the TLS that encrypts nothing. */
#include "tests/support/test_main.h"

#include <string.h>

#include "base/reactor.h"
#include "h2client-testing/fake_dialer.h"
#include "h2client-testing/fake_tls.h"
#include "h2client-testing/raw_frames.h"
#include "tests/support/test_alloc.h"
#include "h2client-testing/virtual_world.h"

struct rig {
    struct h2t_alloc alloc;
    struct h2t_world world;
    struct h2client_reactor reactor;
    struct h2t_dialer dialer;
    struct h2t_tls tls;
    struct h2t_dial_plan plan;
    h2client_dial *dial;
    h2client_transport *transport; /* of the dial or the handshake */
    h2client_fault fault;
    unsigned n_done;
    char text[64]; /* read so far */
    size_t text_len;
    ptrdiff_t last_read;
};

static void plan_dial(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                      struct h2t_dial_plan *plan, void *user)
{
    const struct rig *rig = user;

    (void)dialer, (void)dial;
    *plan = rig->plan;
}

static void open_rig(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2t_world_init(&rig->world);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, &rig->world.system, &rig->world.loop);
    h2t_dialer_init(&rig->dialer);
    h2t_tls_init(&rig->tls);
    rig->dialer.on_dial = plan_dial;
    rig->dialer.user = rig;
    rig->plan.peer.is_raw = true;
}

static void close_rig(struct rig *rig)
{
    if (rig->transport)
        rig->transport->ops->destroy(rig->transport);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig->dialer), 0);
    ck_assert_uint_eq(rig->tls.n_live, 0);
    h2t_dialer_finish(&rig->dialer);
    h2i_reactor_finish(&rig->reactor);
    h2t_world_finish(&rig->world);
    h2t_alloc_check(&rig->alloc);
}

static void turn(struct rig *rig, int n_turns)
{
    for (int i = 0; i < n_turns; i++)
        ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, 0), H2CLIENT_OK);
}

static void wait_ms(struct rig *rig, int64_t ms)
{
    rig->world.now_us += ms * 1000;
    turn(rig, 2);
}

static void on_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct rig *rig = user;

    ck_assert_int_eq(!transport, fault != NULL);
    rig->n_done++;
    rig->transport = transport;
    if (fault)
        rig->fault = *fault;
}

static void on_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct rig *rig = user;
    ptrdiff_t n;

    (void)ready;
    while ((n = transport->ops->read(transport, rig->text + rig->text_len,
                                     sizeof rig->text - rig->text_len)) > 0)
        rig->text_len += (size_t)n;
    rig->last_read = n;
    if (n != H2CLIENT_IO_AGAIN)
        transport->ops->wants(transport, 0);
}

static void begin_dial(struct rig *rig)
{
    h2client_target target = {
        .size = sizeof target, .host = "server.test", .port = 443, .timeout_ms = 10000};

    rig->n_done = 0;
    rig->dial =
        rig->dialer.dialer.ops->dial(&rig->dialer.dialer, &rig->reactor, &target, on_done, rig);
    ck_assert_uint_eq(rig->n_done, 0);
}

static void read_all(struct rig *rig)
{
    rig->transport->on_ready = on_ready;
    rig->transport->user = rig;
    rig->transport->ops->wants(rig->transport, H2CLIENT_READABLE);
}

/* A connection whose client reads all it gets. */
static struct h2t_peer *connect_client(struct rig *rig)
{
    begin_dial(rig);
    turn(rig, 2);
    ck_assert_ptr_nonnull(rig->transport);
    read_all(rig);
    return h2t_dialer_peer(&rig->dialer, 0);
}

static void write_text(struct rig *rig, const void *data, size_t len)
{
    h2client_iovec iov = {data, len};

    ck_assert_int_eq(rig->transport->ops->write(rig->transport, &iov, 1), (ptrdiff_t)len);
}

/* ---- link ---------------------------------------------------------------- */

TEST(link_moves_bytes_both_ways)
{
    struct h2t_bytes bytes = {0};
    struct h2t_peer *peer;
    struct rig rig;

    open_rig(&rig);
    peer = connect_client(&rig);
    h2t_bytes_add(&bytes, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    h2t_ping(&bytes, false, 7);
    write_text(&rig, bytes.data, bytes.len);
    h2t_bytes_free(&bytes);
    h2t_peer_send_raw(peer, "hello", 5);
    turn(&rig, 4);
    ck_assert_uint_eq(h2t_peer_count(peer, H2T_PING, 0), 1);
    ck_assert_str_eq(rig.text, "hello");
    ck_assert_uint_eq(h2t_link_bytes_to_client(rig.dialer.dials[0]->link), 5);
    close_rig(&rig);
}

TEST(link_ends_in_order_after_so_many_bytes)
{
    struct rig rig;

    open_rig(&rig);
    rig.plan.link.cut_after = 3;
    h2t_peer_send_raw(connect_client(&rig), "hello", 5);
    turn(&rig, 4);
    ck_assert_str_eq(rig.text, "hel");
    ck_assert_int_eq(rig.last_read, 0);
    close_rig(&rig);
}

TEST(link_ends_before_the_first_byte)
{
    struct rig rig;

    open_rig(&rig);
    rig.plan.link.cut_after = H2T_CUT_AT_ONCE;
    h2t_peer_send_raw(connect_client(&rig), "hello", 5);
    turn(&rig, 4);
    ck_assert_uint_eq(rig.text_len, 0);
    ck_assert_int_eq(rig.last_read, 0);
    close_rig(&rig);
}

TEST(link_breaks_with_a_fault)
{
    const h2client_fault fault = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};
    h2client_transport_info info = {.size = sizeof info};
    struct rig rig;

    open_rig(&rig);
    rig.plan.link.cut_after = 3;
    rig.plan.link.fault = &fault;
    h2t_peer_send_raw(connect_client(&rig), "hello", 5);
    turn(&rig, 4);
    ck_assert_int_eq(rig.last_read, H2CLIENT_IO_FAILED);
    rig.transport->ops->info(rig.transport, &info);
    ck_assert_int_eq(info.fault->code, H2CLIENT_ERROR_CONNECTION_RESET);
    close_rig(&rig);
}

TEST(link_half_closed_still_hears_the_client)
{
    struct h2t_peer *peer;
    struct rig rig;

    open_rig(&rig);
    peer = connect_client(&rig);
    h2t_link_half_close(rig.dialer.dials[0]->link);
    turn(&rig, 2);
    ck_assert_int_eq(rig.last_read, 0);
    write_text(&rig, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    write_text(&rig, "\0\0\0\4\0\0\0\0\0", 9);
    turn(&rig, 2);
    ck_assert_uint_eq(h2t_peer_count(peer, H2T_SETTINGS, 0), 1);
    close_rig(&rig);
}

TEST(link_knows_when_the_client_has_gone)
{
    struct rig rig;

    open_rig(&rig);
    connect_client(&rig);
    ck_assert(!h2t_link_client_is_gone(rig.dialer.dials[0]->link));
    rig.transport->ops->destroy(rig.transport);
    rig.transport = NULL;
    ck_assert(h2t_link_client_is_gone(rig.dialer.dials[0]->link));
    turn(&rig, 2);
    ck_assert(h2t_link_saw_eof(rig.dialer.dials[0]->link));
    h2t_link_break(rig.dialer.dials[0]->link, &rig.fault);
    close_rig(&rig);
}

/* ---- dialer -------------------------------------------------------------- */

TEST(dialer_keeps_what_it_was_asked_and_ends_after_its_delay)
{
    struct rig rig;

    open_rig(&rig);
    rig.plan.delay_ms = 250;
    begin_dial(&rig);
    ck_assert_str_eq(rig.dialer.dials[0]->host, "server.test");
    ck_assert_uint_eq(rig.dialer.dials[0]->port, 443);
    wait_ms(&rig, 249);
    ck_assert_uint_eq(rig.n_done, 0);
    wait_ms(&rig, 1);
    ck_assert_uint_eq(rig.n_done, 1);
    ck_assert_ptr_nonnull(rig.transport);
    close_rig(&rig);
}

TEST(dialer_fails_as_planned_and_by_its_time_limit)
{
    struct rig rig;

    open_rig(&rig);
    rig.plan.fails = true;
    rig.plan.fault.code = H2CLIENT_ERROR_CONNECT_REFUSED;
    begin_dial(&rig);
    turn(&rig, 2);
    ck_assert_int_eq(rig.fault.code, H2CLIENT_ERROR_CONNECT_REFUSED);
    rig.plan = (struct h2t_dial_plan){.is_silent = true};
    begin_dial(&rig);
    wait_ms(&rig, 9999);
    ck_assert_uint_eq(rig.n_done, 0);
    wait_ms(&rig, 1);
    ck_assert_int_eq(rig.fault.code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(rig.fault.limit, H2CLIENT_LIMIT_SOCK_CONNECT);
    close_rig(&rig);
}

TEST(dialer_that_wants_addresses_waits_for_one)
{
    const h2client_address address = {.family = 4, .port = 443};
    struct rig rig;

    open_rig(&rig);
    rig.dialer.wants_addresses = true;
    begin_dial(&rig);
    turn(&rig, 2);
    ck_assert_uint_eq(rig.n_done, 0);
    rig.dialer.dialer.ops->add_addresses(&rig.dialer.dialer, rig.dial, &address, 1, true);
    turn(&rig, 2);
    ck_assert_ptr_nonnull(rig.transport);
    close_rig(&rig);
}

TEST(dialer_without_an_address_fails)
{
    struct rig rig;

    open_rig(&rig);
    rig.dialer.wants_addresses = true;
    begin_dial(&rig);
    rig.dialer.dialer.ops->add_addresses(&rig.dialer.dialer, rig.dial, NULL, 0, false);
    turn(&rig, 2);
    ck_assert_int_eq(rig.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    close_rig(&rig);
}

static const char http1_get[] = "GET / HTTP/1.1\r\nHost: server.test\r\n\r\n";

TEST(dialer_ends_at_an_http1_peer_where_the_plan_says_so)
{
    const struct h2t_h1_config config = {.greeting = "hello, "};
    struct h2t_h1_peer *peer;
    struct rig rig;

    open_rig(&rig);
    rig.plan.h1 = &config;
    ck_assert_ptr_null(connect_client(&rig));
    peer = h2t_dialer_h1_peer(&rig.dialer, 0);
    h2t_h1_peer_send(peer, "world");
    write_text(&rig, http1_get, sizeof http1_get - 1);
    turn(&rig, 4);
    ck_assert_uint_eq(h2t_h1_peer_n_requests(peer), 1);
    ck_assert_str_eq(rig.text, "hello, worldHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    ck_assert_int_eq(rig.last_read, H2CLIENT_IO_AGAIN);
    close_rig(&rig);
}

static void say_goodbye(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                        struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = "HTTP/1.1 204 None\r\n\r\n";
    reply->closes = true;
}

TEST(link_ends_when_its_http1_peer_wants_to_go)
{
    const struct h2t_h1_config config = {.on_request = say_goodbye};
    struct rig rig;

    open_rig(&rig);
    rig.plan.h1 = &config;
    connect_client(&rig);
    write_text(&rig, http1_get, sizeof http1_get - 1);
    turn(&rig, 4);
    ck_assert_str_eq(rig.text, "HTTP/1.1 204 None\r\n\r\n");
    ck_assert_int_eq(rig.last_read, 0);
    close_rig(&rig);
}

TEST(dialer_that_is_cancelled_says_nothing)
{
    struct rig rig;

    open_rig(&rig);
    begin_dial(&rig);
    rig.dialer.dialer.ops->cancel(&rig.dialer.dialer, rig.dial);
    turn(&rig, 2);
    ck_assert_uint_eq(rig.n_done, 0);
    ck_assert_uint_eq(rig.dialer.n_cancelled, 1);
    close_rig(&rig);
}

/* ---- TLS ----------------------------------------------------------------- */

static h2client_handshake *begin_handshake(struct rig *rig)
{
    static const char *const alpn[] = {"h2", "http/1.1", NULL};
    h2client_transport *inner;
    h2client_tls_params params = {
        .size = sizeof params, .host = "server.test", .alpn = alpn, .timeout_ms = 5000};

    begin_dial(rig);
    turn(rig, 2);
    inner = rig->transport;
    rig->transport = NULL;
    rig->n_done = 0;
    return rig->tls.factory.ops->start(&rig->tls.factory, &rig->reactor, &params, inner, on_done,
                                       rig);
}

TEST(tls_passes_bytes_and_reports_what_was_chosen)
{
    h2client_transport_info info = {.size = sizeof info};
    struct rig rig;

    open_rig(&rig);
    rig.tls.alpn = "h2";
    begin_handshake(&rig);
    turn(&rig, 2);
    ck_assert_str_eq(rig.tls.offered, "h2,http/1.1");
    rig.transport->ops->info(rig.transport, &info);
    ck_assert_str_eq(info.alpn, "h2");
    ck_assert(rig.transport->ops->covers_host(rig.transport, "server.test"));
    ck_assert(!rig.transport->ops->covers_host(rig.transport, "other.test"));
    read_all(&rig);
    h2t_peer_send_raw(h2t_dialer_peer(&rig.dialer, 0), "hello", 5);
    turn(&rig, 4);
    ck_assert_str_eq(rig.text, "hello");
    close_rig(&rig);
}

TEST(tls_fails_as_planned_and_by_its_time_limit)
{
    struct rig rig;

    open_rig(&rig);
    rig.tls.fails = true;
    rig.tls.fault.code = H2CLIENT_ERROR_TLS_WRONG_NAME;
    begin_handshake(&rig);
    turn(&rig, 2);
    ck_assert_int_eq(rig.fault.code, H2CLIENT_ERROR_TLS_WRONG_NAME);
    rig.tls.fails = false;
    rig.tls.is_silent = true;
    begin_handshake(&rig);
    wait_ms(&rig, 5000);
    ck_assert_int_eq(rig.fault.limit, H2CLIENT_LIMIT_TLS);
    close_rig(&rig);
}

TEST(tls_that_is_cancelled_closes_what_it_owns)
{
    struct rig rig;
    h2client_handshake *handshake;

    open_rig(&rig);
    rig.tls.is_silent = true;
    handshake = begin_handshake(&rig);
    rig.tls.factory.ops->cancel(&rig.tls.factory, handshake);
    turn(&rig, 2);
    ck_assert_uint_eq(rig.n_done, 0);
    close_rig(&rig);
}

TEST_MAIN("peer_ports", {T(link_moves_bytes_both_ways)},
          {T(link_ends_in_order_after_so_many_bytes)}, {T(link_ends_before_the_first_byte)},
          {T(link_breaks_with_a_fault)}, {T(link_half_closed_still_hears_the_client)},
          {T(link_knows_when_the_client_has_gone)},
          {T(dialer_keeps_what_it_was_asked_and_ends_after_its_delay)},
          {T(dialer_fails_as_planned_and_by_its_time_limit)},
          {T(dialer_that_wants_addresses_waits_for_one)}, {T(dialer_without_an_address_fails)},
          {T(dialer_ends_at_an_http1_peer_where_the_plan_says_so)},
          {T(link_ends_when_its_http1_peer_wants_to_go)},
          {T(dialer_that_is_cancelled_says_nothing)},
          {T(tls_passes_bytes_and_reports_what_was_chosen)},
          {T(tls_fails_as_planned_and_by_its_time_limit)},
          {T(tls_that_is_cancelled_closes_what_it_owns)})
