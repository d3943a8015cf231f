/* SPDX-License-Identifier: MIT */
/* The transport in memory, over a virtual world: no descriptor, no time. */
#include "transport/memory.h"

#include <string.h>

#include "base/fault.h"
#include "base/reactor.h"
#include "tests/support/echo.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"
#include "h2client-testing/virtual_world.h"

/* ---- scenario: a reactor and a pair of ends, a and b ---- */

struct rig {
    struct h2t_alloc alloc;
    struct h2t_world world;
    struct h2client_reactor reactor;
    h2client_transport *ends[2]; /* NULL once destroyed */
    unsigned n_calls[2];
    unsigned last_ready[2];
    void (*on_call)(struct rig *rig, int which);
};

static void on_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct rig *rig = user;
    int which = transport == rig->ends[1];
    ck_assert_ptr_eq(transport, rig->ends[which]);
    rig->n_calls[which]++;
    rig->last_ready[which] = ready;
    if (rig->on_call)
        rig->on_call(rig, which);
}

static void open_rig(struct rig *rig, struct h2i_memory_limits limits)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2t_world_init(&rig->world);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, &rig->world.system, &rig->world.loop);
    ck_assert(h2i_memory_pair_create(&rig->reactor, &limits, rig->ends));
    for (int i = 0; i < 2; i++) {
        rig->ends[i]->on_ready = on_ready;
        rig->ends[i]->user = rig;
    }
}

static void destroy(struct rig *rig, int which)
{
    if (rig->ends[which])
        rig->ends[which]->ops->destroy(rig->ends[which]);
    rig->ends[which] = NULL;
}

static void close_rig(struct rig *rig)
{
    destroy(rig, 0);
    destroy(rig, 1);
    h2i_reactor_finish(&rig->reactor);
    h2t_world_finish(&rig->world);
    h2t_alloc_check(&rig->alloc);
}

static void wants(struct rig *rig, int which, unsigned events)
{
    rig->ends[which]->ops->wants(rig->ends[which], events);
}

static ptrdiff_t send_text(struct rig *rig, int which, const char *text)
{
    h2client_iovec iov = {text, strlen(text)};
    return rig->ends[which]->ops->write(rig->ends[which], &iov, 1);
}

/* What one read of at most `cap` bytes answers. */
static ptrdiff_t receive(struct rig *rig, int which, size_t cap)
{
    char buf[256];
    ck_assert_uint_le(cap, sizeof buf);
    return rig->ends[which]->ops->read(rig->ends[which], buf, cap);
}

static void expect_text(struct rig *rig, int which, const char *text)
{
    char buf[256] = {0};
    ptrdiff_t n = rig->ends[which]->ops->read(rig->ends[which], buf, sizeof buf - 1);
    ck_assert_int_eq(n, (ptrdiff_t)strlen(text));
    ck_assert_str_eq(buf, text);
}

static void turn(struct rig *rig)
{
    ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, 0), H2CLIENT_OK);
}

static h2client_error_code fault_of(struct rig *rig, int which)
{
    h2client_transport_info info = {.size = sizeof info};
    rig->ends[which]->ops->info(rig->ends[which], &info);
    return info.fault ? info.fault->code : H2CLIENT_OK;
}

static const struct h2i_memory_limits no_limits = {0};

/* ---- bytes ---- */

TEST(memory_gives_one_end_what_the_other_writes)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    ck_assert_int_eq(send_text(&rig, 0, "to b"), 4);
    ck_assert_int_eq(send_text(&rig, 1, "to a!"), 5);
    expect_text(&rig, 1, "to b");
    expect_text(&rig, 0, "to a!");
    close_rig(&rig);
}

TEST(memory_takes_pieces_in_their_order)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    h2client_iovec iov[4] = {{"ab", 2}, {"", 0}, {"c", 1}, {"def", 3}};
    ck_assert_int_eq(rig.ends[0]->ops->write(rig.ends[0], iov, 4), 6);
    expect_text(&rig, 1, "abcdef");
    close_rig(&rig);
}

TEST(memory_says_again_when_nothing_is_there)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    ck_assert_int_eq(receive(&rig, 0, 8), H2CLIENT_IO_AGAIN);
    close_rig(&rig);
}

TEST(memory_holds_no_more_than_its_limit)
{
    struct rig rig;
    open_rig(&rig, (struct h2i_memory_limits){.max_buffered = 5});
    ck_assert_int_eq(send_text(&rig, 0, "1234567"), 5);
    ck_assert_int_eq(send_text(&rig, 0, "67"), H2CLIENT_IO_AGAIN);
    ck_assert_int_eq(receive(&rig, 1, 2), 2);
    ck_assert_int_eq(send_text(&rig, 0, "678"), 2);
    expect_text(&rig, 1, "34567");
    close_rig(&rig);
}

TEST(memory_usual_limit_is_64_kib)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    static char bytes[70000];
    h2client_iovec iov = {bytes, sizeof bytes};
    ck_assert_int_eq(rig.ends[0]->ops->write(rig.ends[0], &iov, 1), 65536);
    close_rig(&rig);
}

TEST(memory_reads_and_writes_byte_by_byte_when_told)
{
    struct rig rig;
    open_rig(&rig, (struct h2i_memory_limits){.max_read = 1, .max_write = 2});
    ck_assert_int_eq(send_text(&rig, 0, "abc"), 2);
    expect_text(&rig, 1, "a");
    expect_text(&rig, 1, "b");
    ck_assert_int_eq(receive(&rig, 1, 8), H2CLIENT_IO_AGAIN);
    close_rig(&rig);
}

TEST(memory_counts_bytes_and_writes_of_each_end)
{
    struct rig rig;
    open_rig(&rig, (struct h2i_memory_limits){.max_buffered = 5});
    send_text(&rig, 0, "abc");
    send_text(&rig, 0, "def");
    send_text(&rig, 0, "not taken");
    ck_assert_uint_eq(h2i_memory_bytes_written(rig.ends[0]), 5);
    ck_assert_uint_eq(h2i_memory_n_writes(rig.ends[0]), 2);
    ck_assert_uint_eq(h2i_memory_bytes_written(rig.ends[1]), 0);
    ck_assert_uint_eq(h2i_memory_n_writes(rig.ends[1]), 0);
    close_rig(&rig);
}

TEST(memory_allocates_nothing_when_it_has_warmed_up)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    send_text(&rig, 0, "warm");
    receive(&rig, 1, 8);
    uint64_t n_before = rig.alloc.n_calls;
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(send_text(&rig, 0, "text"), 4);
        ck_assert_int_eq(receive(&rig, 1, 8), 4);
    }
    ck_assert_uint_eq(rig.alloc.n_calls, n_before);
    close_rig(&rig);
}

static void echo(struct h2i_memory_limits limits, size_t total)
{
    struct rig rig;
    static struct h2t_echo echo;
    open_rig(&rig, limits);
    h2t_echo_start(&echo, rig.ends[0], rig.ends[1], total);
    while (!echo.has_client_end)
        h2i_reactor_turn(&rig.reactor, 0);
    ck_assert_uint_eq(echo.n_received, total);
    ck_assert_uint_eq(h2i_memory_bytes_written(rig.ends[1]), total);
    close_rig(&rig);
}

TEST(memory_echoes_10_mib)
{
    echo(no_limits, 10 << 20);
}

TEST(memory_echoes_10_mib_through_odd_limits)
{
    echo((struct h2i_memory_limits){.max_buffered = 1021, .max_read = 97, .max_write = 211},
         10 << 20);
}

TEST(memory_echoes_byte_by_byte)
{
    echo((struct h2i_memory_limits){.max_buffered = 1, .max_read = 1, .max_write = 1}, 100000);
}

/* ---- readiness ---- */

TEST(memory_calls_nobody_from_inside_a_function)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    wants(&rig, 0, H2CLIENT_READABLE | H2CLIENT_WRITABLE);
    wants(&rig, 1, H2CLIENT_READABLE);
    send_text(&rig, 0, "x");
    ck_assert_uint_eq(rig.n_calls[0] + rig.n_calls[1], 0);
    turn(&rig);
    ck_assert_uint_ge(rig.n_calls[0], 1);
    ck_assert_uint_ge(rig.n_calls[1], 1);
    close_rig(&rig);
}

TEST(memory_reports_only_what_is_wanted)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    send_text(&rig, 1, "x");
    wants(&rig, 0, H2CLIENT_WRITABLE);
    turn(&rig);
    ck_assert_uint_eq(rig.last_ready[0], H2CLIENT_WRITABLE);
    wants(&rig, 0, H2CLIENT_READABLE);
    turn(&rig);
    ck_assert_uint_eq(rig.last_ready[0], H2CLIENT_READABLE);
    close_rig(&rig);
}

TEST(memory_reports_nothing_at_first)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    send_text(&rig, 1, "x");
    turn(&rig);
    ck_assert_uint_eq(rig.n_calls[0], 0);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    close_rig(&rig);
}

static void read_one(struct rig *rig, int which)
{
    receive(rig, which, 1);
}

TEST(memory_reports_again_to_a_reader_that_stops_early)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = read_one;
    send_text(&rig, 0, "abc");
    wants(&rig, 1, H2CLIENT_READABLE);
    for (int i = 0; i < 5; i++)
        turn(&rig);
    ck_assert_uint_eq(rig.n_calls[1], 3);
    ck_assert_int_eq(receive(&rig, 1, 1), H2CLIENT_IO_AGAIN);
    close_rig(&rig);
}

TEST(memory_rests_when_what_was_possible_is_done)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = read_one;
    send_text(&rig, 0, "a");
    wants(&rig, 1, H2CLIENT_READABLE);
    turn(&rig);
    turn(&rig);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    close_rig(&rig);
}

static void lose_interest(struct rig *rig, int which)
{
    wants(rig, which, 0);
}

TEST(memory_stops_to_report_when_interest_goes)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = lose_interest;
    wants(&rig, 0, H2CLIENT_WRITABLE);
    turn(&rig);
    turn(&rig);
    ck_assert_uint_eq(rig.n_calls[0], 1);
    close_rig(&rig);
}

TEST(memory_reports_room_once_the_peer_has_read)
{
    struct rig rig;
    open_rig(&rig, (struct h2i_memory_limits){.max_buffered = 3});
    rig.on_call = lose_interest;
    send_text(&rig, 0, "abc");
    wants(&rig, 0, H2CLIENT_WRITABLE);
    turn(&rig);
    ck_assert_uint_eq(rig.n_calls[0], 0);
    receive(&rig, 1, 1);
    turn(&rig);
    ck_assert_uint_eq(rig.last_ready[0], H2CLIENT_WRITABLE);
    close_rig(&rig);
}

/* ---- ends ---- */

TEST(memory_half_close_ends_after_what_is_under_way)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    send_text(&rig, 0, "last");
    rig.ends[0]->ops->half_close(rig.ends[0]);
    expect_text(&rig, 1, "last");
    ck_assert_int_eq(receive(&rig, 1, 8), 0);
    ck_assert_int_eq(receive(&rig, 1, 8), 0);
    close_rig(&rig);
}

TEST(memory_half_close_leaves_the_other_direction_open)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.ends[0]->ops->half_close(rig.ends[0]);
    ck_assert_int_eq(send_text(&rig, 1, "answer"), 6);
    expect_text(&rig, 0, "answer");
    rig.ends[1]->ops->half_close(rig.ends[1]);
    ck_assert_int_eq(receive(&rig, 0, 8), 0);
    close_rig(&rig);
}

TEST(memory_reports_the_end_as_readable)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = lose_interest;
    wants(&rig, 1, H2CLIENT_READABLE);
    rig.ends[0]->ops->half_close(rig.ends[0]);
    turn(&rig);
    ck_assert_uint_eq(rig.last_ready[1], H2CLIENT_READABLE);
    close_rig(&rig);
}

TEST(memory_refuses_to_write_after_half_close)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.ends[0]->ops->half_close(rig.ends[0]);
    ck_assert_int_eq(send_text(&rig, 0, "x"), H2CLIENT_IO_FAILED);
    ck_assert_int_eq(fault_of(&rig, 0), H2CLIENT_ERROR_SEND_FAILED);
    close_rig(&rig);
}

TEST(memory_destroyed_end_is_an_end_and_a_hangup_to_the_other)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = lose_interest;
    send_text(&rig, 0, "last");
    wants(&rig, 1, H2CLIENT_READABLE);
    destroy(&rig, 0);
    turn(&rig);
    ck_assert_uint_eq(rig.last_ready[1], H2CLIENT_READABLE | H2CLIENT_HANGUP);
    expect_text(&rig, 1, "last");
    ck_assert_int_eq(receive(&rig, 1, 8), 0);
    close_rig(&rig);
}

TEST(memory_waiting_end_is_told_when_the_other_goes)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = lose_interest;
    wants(&rig, 1, H2CLIENT_READABLE);
    turn(&rig);
    ck_assert_uint_eq(rig.n_calls[1], 0);
    destroy(&rig, 0);
    turn(&rig);
    ck_assert_uint_eq(rig.last_ready[1], H2CLIENT_READABLE | H2CLIENT_HANGUP);
    close_rig(&rig);
}

TEST(memory_write_to_a_destroyed_end_is_a_reset)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    destroy(&rig, 1);
    ck_assert_int_eq(send_text(&rig, 0, "x"), H2CLIENT_IO_FAILED);
    ck_assert_int_eq(fault_of(&rig, 0), H2CLIENT_ERROR_CONNECTION_RESET);
    close_rig(&rig);
}

TEST(memory_ends_go_in_any_order)
{
    struct rig rig;
    for (int first = 0; first < 2; first++) {
        open_rig(&rig, no_limits);
        destroy(&rig, first);
        destroy(&rig, !first);
        close_rig(&rig);
    }
}

static void destroy_self(struct rig *rig, int which)
{
    destroy(rig, which);
}

TEST(memory_end_may_go_inside_its_own_callback)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = destroy_self;
    wants(&rig, 0, H2CLIENT_WRITABLE);
    wants(&rig, 1, H2CLIENT_WRITABLE);
    turn(&rig);
    turn(&rig);
    ck_assert_uint_eq(rig.n_calls[0], 1);
    ck_assert_uint_eq(rig.n_calls[1], 1);
    close_rig(&rig);
}

static void destroy_both(struct rig *rig, int which)
{
    destroy(rig, !which);
    destroy(rig, which);
}

TEST(memory_both_ends_may_go_inside_a_callback)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.on_call = destroy_both;
    wants(&rig, 0, H2CLIENT_WRITABLE);
    wants(&rig, 1, H2CLIENT_WRITABLE);
    turn(&rig);
    turn(&rig);
    ck_assert_uint_eq(rig.n_calls[0] + rig.n_calls[1], 1);
    close_rig(&rig);
}

/* ---- faults and facts ---- */

TEST(memory_broken_end_fails_with_the_given_fault)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    h2client_fault cut = h2i_fault(H2CLIENT_ERROR_TRUNCATED, "cut");
    send_text(&rig, 1, "unread");
    ck_assert_int_eq(fault_of(&rig, 0), H2CLIENT_OK);
    h2i_memory_break(rig.ends[0], &cut);
    ck_assert_int_eq(receive(&rig, 0, 8), H2CLIENT_IO_FAILED);
    ck_assert_int_eq(send_text(&rig, 0, "x"), H2CLIENT_IO_FAILED);
    ck_assert_int_eq(fault_of(&rig, 0), H2CLIENT_ERROR_TRUNCATED);
    close_rig(&rig);
}

TEST(memory_broken_end_is_told)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    h2client_fault cut = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "reset");
    rig.on_call = lose_interest;
    wants(&rig, 0, H2CLIENT_READABLE);
    h2i_memory_break(rig.ends[0], &cut);
    turn(&rig);
    ck_assert_uint_eq(rig.last_ready[0], H2CLIENT_READABLE | H2CLIENT_HANGUP);
    close_rig(&rig);
}

TEST(memory_breaks_one_end_only)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    h2client_fault cut = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "reset");
    send_text(&rig, 0, "before");
    h2i_memory_break(rig.ends[0], &cut);
    expect_text(&rig, 1, "before");
    ck_assert_int_eq(receive(&rig, 1, 8), H2CLIENT_IO_AGAIN);
    close_rig(&rig);
}

TEST(memory_info_answers_what_was_set)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    h2client_address local = {.family = 4, .port = 1000};
    h2client_address remote = {.family = 6, .port = 443};
    h2client_transport_info info = {.size = sizeof info};
    h2i_memory_set_info(rig.ends[0], "h2", &local, &remote);
    rig.ends[0]->ops->info(rig.ends[0], &info);
    ck_assert_uint_eq(info.size, sizeof info);
    ck_assert_str_eq(info.alpn, "h2");
    ck_assert_uint_eq(info.local.port, 1000);
    ck_assert_uint_eq(info.remote.family, 6);
    ck_assert(!rig.ends[0]->ops->covers_host(rig.ends[0], "a.example"));
    close_rig(&rig);
}

TEST(memory_info_fills_no_more_than_the_caller_knows)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    h2client_address local = {.family = 4, .port = 1000};
    h2client_transport_info info = {.size = offsetof(h2client_transport_info, local)};
    h2i_memory_set_info(rig.ends[0], "h2", &local, NULL);
    rig.ends[0]->ops->info(rig.ends[0], &info);
    ck_assert_str_eq(info.alpn, "h2");
    ck_assert_uint_eq(info.local.port, 0);
    close_rig(&rig);
}

TEST(memory_pair_is_not_made_without_memory)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    h2client_transport *ends[2] = {rig.ends[0], rig.ends[0]};
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    ck_assert(!h2i_memory_pair_create(&rig.reactor, NULL, ends));
    ck_assert_ptr_null(ends[0]);
    ck_assert_ptr_null(ends[1]);
    close_rig(&rig);
}

TEST(memory_write_fails_without_memory_for_a_byte)
{
    struct rig rig;
    open_rig(&rig, no_limits);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    rig.alloc.fail_for_ever = true;
    ck_assert_int_eq(send_text(&rig, 0, "x"), H2CLIENT_IO_FAILED);
    ck_assert_int_eq(fault_of(&rig, 0), H2CLIENT_ERROR_NO_MEMORY);
    close_rig(&rig);
}

TEST_MAIN(
    "memory", {T(memory_gives_one_end_what_the_other_writes)},
    {T(memory_takes_pieces_in_their_order)}, {T(memory_says_again_when_nothing_is_there)},
    {T(memory_holds_no_more_than_its_limit)}, {T(memory_usual_limit_is_64_kib)},
    {T(memory_reads_and_writes_byte_by_byte_when_told)},
    {T(memory_counts_bytes_and_writes_of_each_end)},
    {T(memory_allocates_nothing_when_it_has_warmed_up)}, {T(memory_echoes_10_mib)},
    {T(memory_echoes_10_mib_through_odd_limits)}, {T(memory_echoes_byte_by_byte)},
    {T(memory_calls_nobody_from_inside_a_function)}, {T(memory_reports_only_what_is_wanted)},
    {T(memory_reports_nothing_at_first)}, {T(memory_reports_again_to_a_reader_that_stops_early)},
    {T(memory_rests_when_what_was_possible_is_done)},
    {T(memory_stops_to_report_when_interest_goes)}, {T(memory_reports_room_once_the_peer_has_read)},
    {T(memory_half_close_ends_after_what_is_under_way)},
    {T(memory_half_close_leaves_the_other_direction_open)}, {T(memory_reports_the_end_as_readable)},
    {T(memory_refuses_to_write_after_half_close)},
    {T(memory_destroyed_end_is_an_end_and_a_hangup_to_the_other)},
    {T(memory_waiting_end_is_told_when_the_other_goes)},
    {T(memory_write_to_a_destroyed_end_is_a_reset)}, {T(memory_ends_go_in_any_order)},
    {T(memory_end_may_go_inside_its_own_callback)}, {T(memory_both_ends_may_go_inside_a_callback)},
    {T(memory_broken_end_fails_with_the_given_fault)}, {T(memory_broken_end_is_told)},
    {T(memory_breaks_one_end_only)}, {T(memory_info_answers_what_was_set)},
    {T(memory_info_fills_no_more_than_the_caller_knows)},
    {T(memory_pair_is_not_made_without_memory)}, {T(memory_write_fails_without_memory_for_a_byte)})
