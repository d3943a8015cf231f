/* SPDX-License-Identifier: MIT */
/* An established TLS connection: records, readiness, ends, resumption. */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "tests/support/echo.h"
#include "tests/support/tls_rig.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define RECORD_BYTES 16384u
#define RECORD_OVERHEAD 22u /* TLS 1.3 with AES-GCM */

/* ---- scenarios ---- */

static void open_rig(struct h2t_tls_rig *rig, const char *priority)
{
    h2t_tls_rig_init(rig);
    rig->config.priority = priority;
    h2t_tls_rig_connect(rig);
}

static bool echo_through(struct h2t_tls_rig *rig, size_t total)
{
    struct h2t_echo echo;

    h2t_echo_start(&echo, rig->client, &rig->server->transport, total);
    for (int i = 0; !echo.has_client_end && i < 3000000; i++)
        h2t_tls_rig_turn(rig, 1);
    return echo.has_client_end && echo.n_received == total;
}

static void expect_echo(const char *priority, struct h2i_memory_limits limits, size_t total)
{
    struct h2t_tls_rig rig;

    h2t_tls_rig_init(&rig);
    rig.config.priority = priority;
    rig.limits = limits;
    h2t_tls_rig_connect(&rig);
    ck_assert(echo_through(&rig, total));
    h2t_tls_rig_finish(&rig);
}

static ptrdiff_t write_text(struct h2t_tls_rig *rig, const char *text)
{
    return rig->client->ops->write(rig->client, &(h2client_iovec){text, strlen(text)}, 1);
}

/* What the server reads next; a record without data may come before. */
static void expect_server_reads(struct h2t_tls_rig *rig, const char *text)
{
    h2client_transport *server = &rig->server->transport;
    char buf[256] = {0};
    ptrdiff_t n = server->ops->read(server, buf, sizeof buf - 1);

    if (n == H2CLIENT_IO_AGAIN)
        n = server->ops->read(server, buf, sizeof buf - 1);
    ck_assert_int_eq(n, (ptrdiff_t)strlen(text));
    ck_assert_str_eq(buf, text);
}

/* ---- bytes ---- */

TEST(tls_echoes_a_mebibyte)
{
    expect_echo(NULL, (struct h2i_memory_limits){0}, 1024 * 1024);
}

TEST(tls_echoes_a_mebibyte_with_tls_1_2)
{
    expect_echo(TLS_1_2, (struct h2i_memory_limits){0}, 1024 * 1024);
}

TEST(tls_echoes_through_odd_limits)
{
    expect_echo(
        NULL, (struct h2i_memory_limits){.max_buffered = 10007, .max_read = 997, .max_write = 1009},
        1024 * 1024);
}

TEST(tls_echoes_byte_by_byte)
{
    expect_echo(NULL, (struct h2i_memory_limits){.max_read = 1, .max_write = 1}, 20000);
}

TEST(tls_fills_records_from_short_pieces_and_writes_them_at_once)
{
    struct h2t_tls_rig rig;
    static char piece[4096];
    h2client_iovec iov[8];
    open_rig(&rig, NULL);
    for (size_t i = 0; i < 8; i++)
        iov[i] = (h2client_iovec){piece, sizeof piece};
    uint64_t n_bytes = h2i_memory_bytes_written(rig.ends[0]);
    uint64_t n_writes = h2i_memory_n_writes(rig.ends[0]);
    ck_assert_int_eq(rig.client->ops->write(rig.client, iov, 8), 2 * RECORD_BYTES);
    ck_assert_uint_eq(h2i_memory_bytes_written(rig.ends[0]) - n_bytes,
                      2 * (RECORD_BYTES + RECORD_OVERHEAD));
    ck_assert_uint_eq(h2i_memory_n_writes(rig.ends[0]) - n_writes, 1);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_gathers_pieces_of_all_lengths_in_order)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2client_iovec iov[] = {{"", 0}, {"one ", 4}, {"", 0}, {"two ", 4}, {"three", 5}, {"", 0}};
    ck_assert_int_eq(rig.client->ops->write(rig.client, iov, 6), 13);
    expect_server_reads(&rig, "one two three");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_takes_no_more_than_it_has_room_for)
{
    struct h2t_tls_rig rig;
    static char data[512 * 1024];
    h2client_iovec iov = {data, sizeof data};
    h2t_tls_rig_init(&rig);
    rig.limits.max_buffered = 1000;
    h2t_tls_rig_connect(&rig);
    ptrdiff_t n = rig.client->ops->write(rig.client, &iov, 1);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, 128 * 1024);
    ck_assert_int_eq(rig.client->ops->write(rig.client, &iov, 1), H2CLIENT_IO_AGAIN);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_reports_room_when_there_is_some_for_a_record)
{
    struct h2t_tls_rig rig;
    static char data[512 * 1024];
    h2client_iovec iov = {data, sizeof data};
    h2t_tls_rig_init(&rig);
    rig.limits.max_buffered = 20000;
    h2t_tls_rig_connect(&rig);
    ck_assert_int_gt(rig.client->ops->write(rig.client, &iov, 1), 0);
    while (rig.client->ops->write(rig.client, &iov, 1) > 0)
        continue;
    h2t_tls_rig_want(&rig, H2CLIENT_WRITABLE);
    ck_assert_int_eq(rig.ends[1]->ops->read(rig.ends[1], data, 10), 10);
    h2t_tls_rig_turn(&rig, 2);
    ck_assert_uint_eq(rig.n_ready, 0);
    ck_assert_int_gt(rig.ends[1]->ops->read(rig.ends[1], data, sizeof data), 0);
    h2t_tls_rig_turn(&rig, 2);
    ck_assert_uint_eq(rig.ready, H2CLIENT_WRITABLE);
    h2t_tls_rig_finish(&rig);
}

/* What was taken goes out though the client wants nothing. */
TEST(tls_sends_what_it_took_without_another_call)
{
    struct h2t_tls_rig rig;
    static char data[10000], got[20000];
    h2client_iovec iov = {data, sizeof data};
    size_t total = 0;
    h2t_tls_rig_init(&rig);
    rig.limits.max_buffered = 1000;
    h2t_tls_rig_connect(&rig);
    ck_assert_int_eq(rig.client->ops->write(rig.client, &iov, 1), (ptrdiff_t)sizeof data);
    for (int i = 0; i < 100 && total < sizeof data; i++) {
        ptrdiff_t n = rig.server->transport.ops->read(&rig.server->transport, got, sizeof got);
        total += n > 0 ? (size_t)n : 0;
        h2t_tls_rig_turn(&rig, 1);
    }
    ck_assert_uint_eq(total, sizeof data);
    ck_assert_uint_eq(rig.n_ready, 0);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_allocates_nothing_when_it_has_warmed_up)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    ck_assert_int_eq(write_text(&rig, "hello"), 5);
    expect_server_reads(&rig, "hello");
    uint64_t n_calls = rig.alloc.n_calls;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(write_text(&rig, "hello"), 5);
        expect_server_reads(&rig, "hello");
        h2t_tls_server_say(rig.server, "hello");
        h2t_tls_rig_expect_text(&rig, "hello");
    }
    ck_assert_uint_le(rig.alloc.n_calls - n_calls, 1); /* the pair's buffer for one direction */
    h2t_tls_rig_finish(&rig);
}

/* ---- readiness ---- */

/* Both records are read ahead with the first; the pair has nothing to report any more. */
TEST(tls_reports_what_it_has_read_ahead)
{
    struct h2t_tls_rig rig;
    char buf[3];
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "one");
    h2t_tls_server_say(rig.server, "two");
    ck_assert_int_eq(rig.client->ops->read(rig.client, buf, sizeof buf), 3);
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_rig_turn(&rig, 1);
    ck_assert_uint_gt(rig.n_ready, 0);
    ck_assert_uint_eq(rig.ready, H2CLIENT_READABLE);
    h2t_tls_rig_expect_text(&rig, "two");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_reports_again_to_a_reader_that_stops_early)
{
    struct h2t_tls_rig rig;
    char byte;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    ck_assert_int_eq(rig.client->ops->read(rig.client, &byte, 1), 1);
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_rig_turn(&rig, 1);
    unsigned n_ready = rig.n_ready;
    h2t_tls_rig_turn(&rig, 1);
    ck_assert_uint_gt(rig.n_ready, n_ready);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_rests_when_all_is_read)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_rig_turn(&rig, 2);
    h2t_tls_rig_expect_text(&rig, "text");
    h2t_tls_rig_turn(&rig, 2);
    unsigned n_ready = rig.n_ready;
    h2t_tls_rig_turn(&rig, 4);
    ck_assert_uint_eq(rig.n_ready, n_ready);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_reports_nothing_to_one_who_wants_nothing)
{
    struct h2t_tls_rig rig;
    char byte;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    ck_assert_int_eq(rig.client->ops->read(rig.client, &byte, 1), 1);
    h2t_tls_rig_turn(&rig, 4);
    ck_assert_uint_eq(rig.n_ready, 0);
    h2t_tls_rig_finish(&rig);
}

/* Of close_notify the pair knows nothing: it stays open. */
TEST(tls_reports_an_end_that_came_with_data)
{
    struct h2t_tls_rig rig;
    char buf[64];
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_server_close_notify(rig.server);
    ck_assert_int_eq(rig.client->ops->read(rig.client, buf, sizeof buf), 4);
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_rig_turn(&rig, 2);
    ck_assert_uint_gt(rig.n_ready, 0);
    ck_assert_int_eq(rig.client->ops->read(rig.client, buf, sizeof buf), 0);
    h2t_tls_rig_finish(&rig);
}

static void destroy_in_callback(h2client_transport *transport, unsigned ready, void *user)
{
    struct h2t_tls_rig *rig = user;

    (void)ready;
    transport->ops->destroy(transport);
    rig->client = NULL;
}

TEST(tls_can_go_inside_its_callback_for_new_bytes)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    rig.client->on_ready = destroy_in_callback;
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_rig_turn(&rig, 4);
    ck_assert_ptr_null(rig.client);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_can_go_inside_its_callback_for_bytes_read_ahead)
{
    struct h2t_tls_rig rig;
    char byte;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    ck_assert_int_eq(rig.client->ops->read(rig.client, &byte, 1), 1);
    rig.client->on_ready = destroy_in_callback;
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_rig_turn(&rig, 4);
    ck_assert_ptr_null(rig.client);
    h2t_tls_rig_finish(&rig);
}

/* ---- ends ---- */

TEST(tls_close_notify_is_an_end_and_stays_one)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_server_close_notify(rig.server);
    for (int i = 0; i < 3; i++) {
        struct h2t_tls_read result = h2t_tls_rig_read(&rig);
        ck_assert_int_eq(result.last, 0);
        ck_assert_str_eq(result.text, i ? "" : "text");
    }
    ck_assert_ptr_null(h2t_tls_rig_info(&rig).fault);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_can_write_after_the_servers_close_notify)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_close_notify(rig.server);
    ck_assert_int_eq(h2t_tls_rig_read(&rig).last, 0);
    ck_assert_int_eq(write_text(&rig, "still"), 5);
    expect_server_reads(&rig, "still");
    h2t_tls_rig_finish(&rig);
}

static void expect_cut(const char *priority)
{
    struct h2t_tls_rig rig;

    open_rig(&rig, priority);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_server_cut(rig.server);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TRUNCATED,
                               "TLS connection cut without close_notify");
    ck_assert_int_eq(write_text(&rig, "more"), H2CLIENT_IO_FAILED);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_end_without_close_notify_is_a_truncation)
{
    expect_cut(NULL);
    expect_cut(TLS_1_2);
}

TEST(tls_data_before_a_cut_is_delivered)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_server_cut(rig.server);
    ck_assert_str_eq(h2t_tls_rig_read(&rig).text, "text");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_end_inside_a_record_is_a_truncation)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_raw(rig.server, "\x17\3\3\0\x40 half", 10);
    h2t_tls_server_cut(rig.server);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TRUNCATED, "without close_notify");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_passes_a_reset_up_unchanged)
{
    struct h2t_tls_rig rig;
    h2client_fault reset = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "reading from 192.0.2.1");
    open_rig(&rig, NULL);
    h2i_memory_break(rig.ends[0], &reset);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_CONNECTION_RESET, reset.text);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_passes_a_reset_of_a_write_up_unchanged)
{
    struct h2t_tls_rig rig;
    h2client_fault reset = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "writing to 192.0.2.1");
    open_rig(&rig, NULL);
    h2i_memory_break(rig.ends[0], &reset);
    ck_assert_int_eq(write_text(&rig, "text"), H2CLIENT_IO_FAILED);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_CONNECTION_RESET, reset.text);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_reports_a_failure_to_one_who_waits_to_read)
{
    struct h2t_tls_rig rig;
    h2client_fault reset = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "%s", "");
    open_rig(&rig, NULL);
    h2i_memory_break(rig.ends[0], &reset);
    ck_assert_int_eq(write_text(&rig, "text"), H2CLIENT_IO_FAILED);
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_rig_turn(&rig, 1);
    ck_assert(rig.ready & H2CLIENT_READABLE);
    ck_assert_int_eq(h2t_tls_rig_read(&rig).last, H2CLIENT_IO_FAILED);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_a_fatal_alert)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_server_alert(rig.server, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, "alert 80 (Internal error)");
    ck_assert_int_eq(h2t_tls_rig_info(&rig).fault->tls_alert, GNUTLS_A_INTERNAL_ERROR);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_a_record_that_is_not_the_servers_and_tells_it)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_server_raw(rig.server, "\x17\3\3\0\x1e not what GnuTLS has encrypted", 35);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, "TLS: ");
    ck_assert_int_eq(h2t_tls_server_hear_alert(rig.server), GNUTLS_A_BAD_RECORD_MAC);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_half_close_says_close_notify_and_ends_the_direction)
{
    struct h2t_tls_rig rig;
    char buf[16];
    open_rig(&rig, NULL);
    ck_assert_int_eq(write_text(&rig, "last"), 4);
    rig.client->ops->half_close(rig.client);
    expect_server_reads(&rig, "last");
    ck_assert_int_eq(rig.server->transport.ops->read(&rig.server->transport, buf, 16), 0);
    ck_assert_int_eq(rig.ends[1]->ops->read(rig.ends[1], buf, 16), 0);
    h2t_tls_server_say(rig.server, "answer");
    h2t_tls_rig_expect_text(&rig, "answer");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_half_close_waits_until_all_is_sent)
{
    struct h2t_tls_rig rig;
    char buf[64];
    ptrdiff_t n = 0;
    h2t_tls_rig_init(&rig);
    rig.limits.max_buffered = 8;
    h2t_tls_rig_connect(&rig);
    ck_assert_int_eq(write_text(&rig, "last"), 4);
    rig.client->ops->half_close(rig.client);
    rig.client->ops->half_close(rig.client);
    for (int i = 0; i < 50; i++) {
        h2t_tls_rig_turn(&rig, 1);
        n = rig.server->transport.ops->read(&rig.server->transport, buf, sizeof buf);
        ck_assert_int_ne(n, H2CLIENT_IO_FAILED);
    }
    ck_assert_int_eq(n, 0);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_half_close_happens_once)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    rig.client->ops->half_close(rig.client);
    uint64_t n_bytes = h2i_memory_bytes_written(rig.ends[0]);
    rig.client->ops->half_close(rig.client);
    ck_assert_uint_eq(h2i_memory_bytes_written(rig.ends[0]), n_bytes);
    h2t_tls_server_say(rig.server, "answer");
    h2t_tls_rig_expect_text(&rig, "answer");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_to_write_after_half_close)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    rig.client->ops->half_close(rig.client);
    ck_assert_int_eq(write_text(&rig, "more"), H2CLIENT_IO_FAILED);
    h2t_tls_rig_finish(&rig);
}

/* ---- a server that changes its mind ---- */

TEST(tls_refuses_a_renegotiation)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, TLS_1_2);
    h2t_tls_server_rehandshake(rig.server);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, "renegotiation");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_follows_a_key_update_and_answers_it)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    h2t_tls_server_key_update(rig.server, true);
    h2t_tls_server_say(rig.server, "new keys");
    h2t_tls_rig_turn(&rig, 2);
    if (!h2t_tls_rig_read(&rig).len) /* the update alone */
        h2t_tls_rig_expect_text(&rig, "new keys");
    ck_assert_int_eq(write_text(&rig, "mine too"), 8);
    expect_server_reads(&rig, "mine too");
    h2t_tls_rig_finish(&rig);
}

/* ---- inside another one, as through a proxy over TLS ---- */

static void take_transport(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    h2client_transport **inside = user;

    ck_assert_msg(transport != NULL, "%s", fault ? fault->text : "");
    *inside = transport;
}

/* Both ends of the rig's connection become what another one runs over. */
static h2client_transport *wrap_again(struct h2t_tls_rig *rig)
{
    h2client_transport *inside = NULL;
    h2client_transport *outside = rig->client;

    rig->server = h2t_tls_server_create(&rig->reactor, &rig->config, &rig->server->transport);
    rig->client = NULL;
    ck_assert_ptr_nonnull(rig->factory->ops->start(rig->factory, &rig->reactor, &rig->params,
                                                   outside, take_transport, &inside));
    for (int i = 0; i < 50 && !(inside && rig->server->is_up); i++)
        h2t_tls_rig_turn(rig, 1);
    return inside;
}

TEST(tls_runs_inside_tls)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    rig.client = wrap_again(&rig);
    ck_assert_ptr_nonnull(rig.client);
    ck_assert(echo_through(&rig, 100000));
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_version, "TLS1.3");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_inside_tls_names_what_cut_the_outer_one)
{
    struct h2t_tls_rig rig;
    h2client_fault reset = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "reading from 192.0.2.1");
    open_rig(&rig, NULL);
    rig.client = wrap_again(&rig);
    h2i_memory_break(rig.ends[0], &reset);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_CONNECTION_RESET, reset.text);
    h2t_tls_rig_finish(&rig);
}

/* ---- what is known of it ---- */

TEST(tls_info_has_the_addresses_of_what_is_below)
{
    struct h2t_tls_rig rig;
    h2client_address local = {.family = 4, .port = 1000};
    h2client_address remote = {.family = 6, .port = 443};
    open_rig(&rig, NULL);
    h2i_memory_set_info(rig.ends[0], NULL, &local, &remote);
    h2client_transport_info info = h2t_tls_rig_info(&rig);
    ck_assert_uint_eq(info.local.port, 1000);
    ck_assert_uint_eq(info.remote.port, 443);
    ck_assert_uint_eq(info.remote.family, 6);
    ck_assert_int_eq(info.tls_resumed, 0);
    h2t_tls_rig_finish(&rig);
}

TEST_MAIN("tls_record", {T(tls_echoes_a_mebibyte)}, {T(tls_echoes_a_mebibyte_with_tls_1_2)},
          {T(tls_echoes_through_odd_limits)}, {T(tls_echoes_byte_by_byte)},
          {T(tls_fills_records_from_short_pieces_and_writes_them_at_once)},
          {T(tls_gathers_pieces_of_all_lengths_in_order)},
          {T(tls_takes_no_more_than_it_has_room_for)},
          {T(tls_reports_room_when_there_is_some_for_a_record)},
          {T(tls_sends_what_it_took_without_another_call)},
          {T(tls_allocates_nothing_when_it_has_warmed_up)}, {T(tls_reports_what_it_has_read_ahead)},
          {T(tls_reports_again_to_a_reader_that_stops_early)}, {T(tls_rests_when_all_is_read)},
          {T(tls_reports_nothing_to_one_who_wants_nothing)},
          {T(tls_reports_an_end_that_came_with_data)},
          {T(tls_can_go_inside_its_callback_for_new_bytes)},
          {T(tls_can_go_inside_its_callback_for_bytes_read_ahead)},
          {T(tls_close_notify_is_an_end_and_stays_one)},
          {T(tls_can_write_after_the_servers_close_notify)},
          {T(tls_end_without_close_notify_is_a_truncation)},
          {T(tls_data_before_a_cut_is_delivered)}, {T(tls_end_inside_a_record_is_a_truncation)},
          {T(tls_passes_a_reset_up_unchanged)}, {T(tls_passes_a_reset_of_a_write_up_unchanged)},
          {T(tls_reports_a_failure_to_one_who_waits_to_read)}, {T(tls_names_a_fatal_alert)},
          {T(tls_refuses_a_record_that_is_not_the_servers_and_tells_it)},
          {T(tls_half_close_says_close_notify_and_ends_the_direction)},
          {T(tls_half_close_waits_until_all_is_sent)}, {T(tls_half_close_happens_once)},
          {T(tls_refuses_to_write_after_half_close)}, {T(tls_refuses_a_renegotiation)},
          {T(tls_follows_a_key_update_and_answers_it)}, {T(tls_runs_inside_tls)},
          {T(tls_inside_tls_names_what_cut_the_outer_one)},
          {T(tls_info_has_the_addresses_of_what_is_below)})
