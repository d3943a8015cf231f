/* SPDX-License-Identifier: MIT */
#include "h2client/pool/waiters.h"
#include "tests/support/test_main.h"

struct queue {
    struct h2i_waiters waiters;
    struct h2i_waiter all[8];
};

/* One of each order, all of the middle priority. */
static void fill(struct queue *queue, size_t n)
{
    h2i_waiters_init(&queue->waiters);
    memset(queue->all, 0, sizeof queue->all);
    for (size_t i = 0; i < n; i++) {
        queue->all[i].order = i;
        queue->all[i].priority = 2;
        h2i_waiters_add(&queue->waiters, &queue->all[i]);
    }
}

/* They leave in this order ("0213"). */
static void expect_order(struct queue *queue, const char *orders)
{
    struct h2i_waiter *waiter;

    for (; *orders; orders++) {
        waiter = h2i_waiters_first(&queue->waiters);
        ck_assert_ptr_eq(waiter, &queue->all[*orders - '0']);
        h2i_waiters_remove(&queue->waiters, waiter);
    }
    ck_assert_ptr_null(h2i_waiters_first(&queue->waiters));
    ck_assert_uint_eq(queue->waiters.n, 0);
}

TEST(first_come_first_served)
{
    struct queue queue;

    fill(&queue, 4);
    expect_order(&queue, "0123");
}

TEST(who_comes_back_has_its_old_place)
{
    struct queue queue;

    fill(&queue, 5);
    h2i_waiters_remove(&queue.waiters, &queue.all[3]);
    h2i_waiters_remove(&queue.waiters, &queue.all[0]);
    h2i_waiters_add(&queue.waiters, &queue.all[3]);
    h2i_waiters_add(&queue.waiters, &queue.all[0]);
    expect_order(&queue, "01234");
}

TEST(higher_priorities_go_first)
{
    struct queue queue;

    fill(&queue, 3);
    queue.all[3] = (struct h2i_waiter){.order = 3, .priority = 4};
    queue.all[4] = (struct h2i_waiter){.order = 4, .priority = 0};
    queue.all[5] = (struct h2i_waiter){.order = 5, .priority = 4};
    for (int i = 3; i <= 5; i++)
        h2i_waiters_add(&queue.waiters, &queue.all[i]);
    expect_order(&queue, "350124");
}

TEST(all_are_met_once_on_the_way_through)
{
    struct queue queue;
    unsigned met = 0;

    fill(&queue, 2);
    queue.all[2] = (struct h2i_waiter){.order = 2, .priority = 4};
    queue.all[3] = (struct h2i_waiter){.order = 3, .priority = 0};
    h2i_waiters_add(&queue.waiters, &queue.all[2]);
    h2i_waiters_add(&queue.waiters, &queue.all[3]);
    for (struct h2i_waiter *at = h2i_waiters_first(&queue.waiters); at;
         at = h2i_waiters_after(&queue.waiters, at))
        met = met * 10 + (unsigned)at->order;
    ck_assert_uint_eq(met, 2013);
}

TEST(one_that_does_not_wait_can_leave)
{
    struct queue queue;
    struct h2i_waiter stranger = {.order = 9, .priority = 1};

    fill(&queue, 1);
    h2i_waiters_remove(&queue.waiters, &stranger);
    expect_order(&queue, "0");
}

TEST_MAIN("waiters", {T(first_come_first_served)}, {T(who_comes_back_has_its_old_place)},
          {T(higher_priorities_go_first)}, {T(all_are_met_once_on_the_way_through)},
          {T(one_that_does_not_wait_can_leave)})
