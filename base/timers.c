/* SPDX-License-Identifier: MIT */
/* Timers: the heap is an array of pointers; each timer knows its place in it, so
 * that one that is moved or stopped need not be looked for. */
#include "base/timers.h"

#define MIN_CAP 32

void h2i_timers_init(struct h2i_timers *timers, const h2client_allocator *allocator)
{
    *timers = (struct h2i_timers){.allocator = allocator};
}

void h2i_timers_finish(struct h2i_timers *timers)
{
    for (size_t place = 1; place <= timers->n; place++)
        timers->heap[place]->heap_place = 0;
    if (timers->heap)
        h2i_free(timers->allocator, timers->heap);
    timers->heap = NULL;
    timers->n = timers->cap = 0;
}

static void put(struct h2i_timers *timers, size_t place, h2client_timer *timer)
{
    timers->heap[place] = timer;
    timer->heap_place = place;
}

static void sift_up(struct h2i_timers *timers, size_t place)
{
    h2client_timer *timer = timers->heap[place];
    while (place > 1 && timers->heap[place / 2]->deadline_us > timer->deadline_us) {
        put(timers, place, timers->heap[place / 2]);
        place /= 2;
    }
    put(timers, place, timer);
}

static size_t earlier_child(const struct h2i_timers *timers, size_t place)
{
    size_t left = place * 2;
    size_t right = left + 1;
    if (right > timers->n)
        return left;
    return timers->heap[right]->deadline_us < timers->heap[left]->deadline_us ? right : left;
}

static void sift_down(struct h2i_timers *timers, size_t place)
{
    h2client_timer *timer = timers->heap[place];
    while (place * 2 <= timers->n) {
        size_t child = earlier_child(timers, place);
        if (timers->heap[child]->deadline_us >= timer->deadline_us)
            break;
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, timer);
}

/* One of the two moves it, if it is not in its place. */
static void sift(struct h2i_timers *timers, h2client_timer *timer)
{
    sift_up(timers, timer->heap_place);
    sift_down(timers, timer->heap_place);
}

static bool make_room(struct h2i_timers *timers)
{
    if (timers->n + 1 < timers->cap)
        return true;
    size_t cap = timers->cap ? timers->cap * 2 : MIN_CAP;
    size_t n_bytes;
    if (!h2i_size_mul(cap, sizeof timers->heap[0], &n_bytes))
        return false;
    h2client_timer **heap = h2i_realloc(timers->allocator, timers->heap, n_bytes);
    if (!heap)
        return false;
    timers->heap = heap;
    timers->cap = cap;
    return true;
}

bool h2i_timers_start(struct h2i_timers *timers, h2client_timer *timer, int64_t deadline_us)
{
    if (deadline_us == INT64_MAX) {
        h2i_timers_stop(timers, timer);
        return true;
    }
    if (!timer->heap_place) {
        if (!make_room(timers))
            return false;
        put(timers, ++timers->n, timer);
    }
    timer->deadline_us = deadline_us;
    sift(timers, timer);
    return true;
}

void h2i_timers_stop(struct h2i_timers *timers, h2client_timer *timer)
{
    size_t place = timer->heap_place;
    if (!place)
        return;
    h2client_timer *last = timers->heap[timers->n--];
    timer->heap_place = 0;
    if (last == timer)
        return;
    put(timers, place, last);
    sift(timers, last);
}

int64_t h2i_timers_next_deadline(const struct h2i_timers *timers)
{
    return timers->n ? timers->heap[1]->deadline_us : INT64_MAX;
}

h2client_timer *h2i_timers_take_expired(struct h2i_timers *timers, int64_t now_us)
{
    if (!timers->n || timers->heap[1]->deadline_us > now_us)
        return NULL;
    h2client_timer *timer = timers->heap[1];
    h2i_timers_stop(timers, timer);
    return timer;
}
