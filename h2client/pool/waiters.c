/* SPDX-License-Identifier: MIT */
#include "h2client/pool/waiters.h"

void h2i_waiters_init(struct h2i_waiters *waiters)
{
    for (int i = 0; i < H2I_N_PRIORITIES; i++)
        h2i_list_init(&waiters->lists[i]);
    waiters->n = 0;
}

static struct h2i_waiter *waiter_of(struct h2i_list *node)
{
    return H2I_CONTAINER_OF(node, struct h2i_waiter, node);
}

static void insert_before(struct h2i_list *place, struct h2i_list *node)
{
    h2i_list_append(place, node); /* a circle: before the head is at the end */
}

void h2i_waiters_add(struct h2i_waiters *waiters, struct h2i_waiter *waiter)
{
    struct h2i_list *head = &waiters->lists[waiter->priority];
    struct h2i_list *place = head;

    waiters->n++;
    if (!h2i_list_is_empty(head) && waiter_of(head->prev)->order > waiter->order)
        for (place = head->next; waiter_of(place)->order < waiter->order;)
            place = place->next;
    insert_before(place, &waiter->node);
}

void h2i_waiters_remove(struct h2i_waiters *waiters, struct h2i_waiter *waiter)
{
    if (!h2i_list_is_linked(&waiter->node))
        return;
    h2i_list_remove(&waiter->node);
    waiters->n--;
}

static struct h2i_waiter *first_below(const struct h2i_waiters *waiters, int priority)
{
    while (--priority >= 0)
        if (!h2i_list_is_empty(&waiters->lists[priority]))
            return waiter_of(waiters->lists[priority].next);
    return NULL;
}

struct h2i_waiter *h2i_waiters_first(const struct h2i_waiters *waiters)
{
    return waiters->n ? first_below(waiters, H2I_N_PRIORITIES) : NULL;
}

struct h2i_waiter *h2i_waiters_last(const struct h2i_waiters *waiters)
{
    for (int i = 0; i < H2I_N_PRIORITIES; i++)
        if (!h2i_list_is_empty(&waiters->lists[i]))
            return waiter_of(waiters->lists[i].prev);
    return NULL;
}

struct h2i_waiter *h2i_waiters_after(const struct h2i_waiters *waiters,
                                     const struct h2i_waiter *waiter)
{
    if (waiter->node.next != &waiters->lists[waiter->priority])
        return waiter_of(waiter->node.next);
    return first_below(waiters, waiter->priority);
}
