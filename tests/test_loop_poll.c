/* SPDX-License-Identifier: MIT */
/* What the loop on poll(2) promises besides test_loop.c. */
#include "transport/loop_poll.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

struct rig {
    struct h2t_alloc alloc;
    h2client_loop *loop;
    int ends[2]; /* of a pipe */
    h2client_watch reader;
    h2client_watch writer;
    unsigned last_ready;
};

static void on_ready(h2client_watch *watch, unsigned ready, void *user)
{
    (void)watch;
    ((struct rig *)user)->last_ready = ready;
}

static void open_rig(struct rig *rig)
{
    int failure;
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->loop = h2i_loop_poll_create(&rig->alloc.allocator, &failure);
    ck_assert_ptr_nonnull(rig->loop);
    ck_assert_int_eq(pipe(rig->ends), 0);
    rig->reader = (h2client_watch){.fd = rig->ends[0], .on_ready = on_ready, .user = rig};
    rig->writer = (h2client_watch){.fd = rig->ends[1], .on_ready = on_ready, .user = rig};
}

static void close_rig(struct rig *rig)
{
    close(rig->ends[0]);
    close(rig->ends[1]);
    rig->loop->ops->destroy(rig->loop);
    h2t_alloc_check(&rig->alloc);
}

TEST(poll_lists_its_own_pipe_and_what_is_watched)
{
    struct rig rig;
    open_rig(&rig);
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &rig.reader, H2CLIENT_READABLE), 0);
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &rig.writer, H2CLIENT_WRITABLE), 0);
    h2client_pollfd list[3];
    ck_assert_uint_eq(rig.loop->ops->pollfds(rig.loop, list, 3), 3);
    ck_assert_uint_eq(list[0].events, H2CLIENT_READABLE);
    ck_assert_int_eq(list[1].fd, rig.ends[0]);
    ck_assert_uint_eq(list[1].events, H2CLIENT_READABLE);
    ck_assert_int_eq(list[2].fd, rig.ends[1]);
    ck_assert_uint_eq(list[2].events, H2CLIENT_WRITABLE);
    close_rig(&rig);
}

TEST(poll_writes_no_more_than_the_list_holds_and_counts_all)
{
    struct rig rig;
    open_rig(&rig);
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &rig.reader, H2CLIENT_READABLE), 0);
    h2client_pollfd list[2] = {{.fd = -7}, {.fd = -7}};
    ck_assert_uint_eq(rig.loop->ops->pollfds(rig.loop, NULL, 0), 2);
    ck_assert_uint_eq(rig.loop->ops->pollfds(rig.loop, list, 1), 2);
    ck_assert_int_ge(list[0].fd, 0);
    ck_assert_int_eq(list[1].fd, -7);
    close_rig(&rig);
}

TEST(poll_has_no_descriptor_that_stands_for_all)
{
    struct rig rig;
    open_rig(&rig);
    ck_assert_int_eq(rig.loop->ops->fd(rig.loop), -1);
    close_rig(&rig);
}

TEST(poll_takes_deadlines_from_the_wait_alone)
{
    struct rig rig;
    open_rig(&rig);
    rig.loop->ops->arm(rig.loop, 0);
    ck_assert_int_eq(rig.loop->ops->wait(rig.loop, 0), 0);
    close_rig(&rig);
}

TEST(poll_reports_a_closed_descriptor_as_hung_up)
{
    struct rig rig;
    open_rig(&rig);
    h2client_watch closed = {.fd = dup(0), .on_ready = on_ready, .user = &rig};
    close(closed.fd);
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &closed, H2CLIENT_READABLE), 0);
    ck_assert_int_eq(rig.loop->ops->wait(rig.loop, -1), 0);
    ck_assert_uint_eq(rig.last_ready, H2CLIENT_HANGUP);
    close_rig(&rig);
}

TEST(poll_is_not_made_when_either_of_its_arrays_finds_no_memory)
{
    for (uint64_t nth = 1; nth <= 3; nth++) {
        struct h2t_alloc alloc;
        int failure = 0;
        h2t_alloc_init(&alloc);
        alloc.fail_at = nth;
        ck_assert_ptr_null(h2i_loop_poll_create(&alloc.allocator, &failure));
        ck_assert_int_eq(failure, ENOMEM);
        h2t_alloc_check(&alloc);
    }
}

TEST_MAIN("loop_poll", {T(poll_lists_its_own_pipe_and_what_is_watched)},
          {T(poll_writes_no_more_than_the_list_holds_and_counts_all)},
          {T(poll_has_no_descriptor_that_stands_for_all)},
          {T(poll_takes_deadlines_from_the_wait_alone)},
          {T(poll_reports_a_closed_descriptor_as_hung_up)},
          {T(poll_is_not_made_when_either_of_its_arrays_finds_no_memory)})
