/* SPDX-License-Identifier: MIT */
#include "h2client/throttle.h"

#define SECOND_US INT64_C(1000000)

struct h2i_throttled_origin {
    struct h2i_map_entry entry;
    struct h2i_throttle *throttle;
    struct h2i_list waiters;
    struct h2i_list in_ready;
    int64_t n_running;
    int64_t not_before_us;
    h2client_timer timer; /* until not_before_us */
    char key[];
};

static int64_t now_us(const struct h2i_throttle *throttle)
{
    return throttle->reactor->now_us;
}

/* ---- the rate --------------------------------------------------------------------
 * Each start costs an interval; the bucket holds max_burst of them. next_start_us is the
 * time at which all that were taken are paid (the generic cell rate algorithm). */

static int64_t interval_us(const struct h2i_throttle *throttle)
{
    int64_t interval = SECOND_US / throttle->config.max_starts_per_s;

    return interval > 0 ? interval : 1;
}

/* When the next start is due; in the past: now. */
static int64_t start_is_due_us(const struct h2i_throttle *throttle)
{
    int64_t credit_us;

    if (throttle->config.max_starts_per_s == INT64_MAX)
        return INT64_MIN;
    if (__builtin_mul_overflow(throttle->config.max_burst - 1, interval_us(throttle), &credit_us))
        return INT64_MIN;
    return throttle->next_start_us - credit_us;
}

static void pay_start(struct h2i_throttle *throttle)
{
    if (throttle->config.max_starts_per_s == INT64_MAX)
        return;
    if (throttle->next_start_us < now_us(throttle))
        throttle->next_start_us = now_us(throttle);
    throttle->next_start_us += interval_us(throttle);
}

/* ---- origins ---------------------------------------------------------------------- */

static struct h2i_throttled_origin *origin_of_entry(struct h2i_map_entry *entry)
{
    return H2I_CONTAINER_OF(entry, struct h2i_throttled_origin, entry);
}

static bool has_room(const struct h2i_throttled_origin *origin)
{
    return origin->n_running < origin->throttle->config.max_running_per_origin &&
           origin->not_before_us <= now_us(origin->throttle);
}

/* It is on the list of the ready ones, or not, as it should be. */
static void place(struct h2i_throttled_origin *origin)
{
    bool is_ready = !h2i_list_is_empty(&origin->waiters) && has_room(origin);

    if (is_ready && !h2i_list_is_linked(&origin->in_ready))
        h2i_list_append(&origin->throttle->ready, &origin->in_ready);
    else if (!is_ready)
        h2i_list_remove(&origin->in_ready);
}

static void forget_if_idle(struct h2i_throttled_origin *origin)
{
    struct h2i_throttle *throttle = origin->throttle;

    if (origin->n_running > 0 || !h2i_list_is_empty(&origin->waiters) || origin->timer.heap_place)
        return;
    h2i_map_remove(&throttle->origins, &origin->entry);
    h2i_free(throttle->reactor->allocator, origin);
}

static void wake(struct h2i_throttle *throttle)
{
    if (!h2i_list_is_empty(&throttle->ready))
        h2client_reactor_defer(throttle->reactor, &throttle->task);
}

static void may_go_on(h2client_timer *timer, void *user)
{
    struct h2i_throttled_origin *origin = user;
    struct h2i_throttle *throttle = origin->throttle;

    (void)timer;
    place(origin);
    forget_if_idle(origin);
    wake(throttle);
}

static struct h2i_throttled_origin *find_or_make(struct h2i_throttle *throttle, const void *key,
                                                 size_t key_len)
{
    struct h2i_map_entry *entry = h2i_map_find(&throttle->origins, key, key_len);
    struct h2i_throttled_origin *origin;

    if (entry)
        return origin_of_entry(entry);
    origin = h2i_alloc_zeroed(throttle->reactor->allocator, sizeof *origin + key_len);
    if (!origin)
        return NULL;
    memcpy(origin->key, key, key_len);
    origin->entry.key = origin->key;
    origin->entry.key_len = key_len;
    origin->throttle = throttle;
    origin->not_before_us = INT64_MIN;
    origin->timer.on_expire = may_go_on;
    origin->timer.user = origin;
    h2i_list_init(&origin->waiters);
    if (h2i_map_insert(&throttle->origins, &origin->entry))
        return origin;
    h2i_free(throttle->reactor->allocator, origin);
    return NULL;
}

/* ---- grants ---------------------------------------------------------------------- */

static void count_in(struct h2i_slot *slot)
{
    slot->origin->n_running++;
    slot->origin->throttle->n_running++;
    pay_start(slot->origin->throttle);
}

/* Has the session room, now? If only time is wanting, the timer waits for it. */
static bool may_start(struct h2i_throttle *throttle)
{
    int64_t due_us = start_is_due_us(throttle);

    if (throttle->n_running >= throttle->config.max_running)
        return false;
    if (due_us <= now_us(throttle))
        return true;
    /* Without memory for the timer the next one that leaves or enters looks again. */
    (void)!h2client_reactor_timer_start(throttle->reactor, &throttle->timer, due_us);
    return false;
}

static void grant_all(h2client_task *task, void *user)
{
    struct h2i_throttle *throttle = user;

    (void)task;
    while (!h2i_list_is_empty(&throttle->ready) && may_start(throttle)) {
        struct h2i_throttled_origin *origin =
            H2I_CONTAINER_OF(h2i_list_pop(&throttle->ready), struct h2i_throttled_origin, in_ready);
        struct h2i_slot *slot =
            H2I_CONTAINER_OF(h2i_list_pop(&origin->waiters), struct h2i_slot, in_origin);
        throttle->n_waiting--;
        count_in(slot);
        place(origin);
        slot->on_granted(slot);
    }
}

static void time_has_come(h2client_timer *timer, void *user)
{
    (void)timer;
    wake(user);
}

bool h2i_throttle_is_open(const struct h2i_throttle *throttle)
{
    return !throttle->is_limited && throttle->origins.n_entries == 0;
}

h2client_error_code h2i_throttle_enter(struct h2i_throttle *throttle, const void *key,
                                       size_t key_len, struct h2i_slot *slot)
{
    if (h2i_throttle_is_open(throttle))
        return H2CLIENT_OK;
    slot->origin = find_or_make(throttle, key, key_len);
    if (!slot->origin)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (h2i_list_is_empty(&throttle->ready) && h2i_list_is_empty(&slot->origin->waiters) &&
        has_room(slot->origin) && may_start(throttle)) {
        count_in(slot);
        return H2CLIENT_OK;
    }
    h2i_list_append(&slot->origin->waiters, &slot->in_origin);
    throttle->n_waiting++;
    place(slot->origin);
    return H2CLIENT_PENDING;
}

void h2i_throttle_leave(struct h2i_throttle *throttle, struct h2i_slot *slot)
{
    struct h2i_throttled_origin *origin = slot->origin;

    slot->origin = NULL;
    if (!origin)
        return;
    if (h2i_list_is_linked(&slot->in_origin)) {
        h2i_list_remove(&slot->in_origin);
        throttle->n_waiting--;
    } else {
        origin->n_running--;
        throttle->n_running--;
    }
    place(origin);
    forget_if_idle(origin);
    wake(throttle);
}

bool h2i_slot_waits(const struct h2i_slot *slot)
{
    return h2i_list_is_linked(&slot->in_origin);
}

void h2i_throttle_slow_down(struct h2i_throttle *throttle, const void *key, size_t key_len,
                            int64_t until_us)
{
    struct h2i_throttled_origin *origin;

    if (until_us <= now_us(throttle))
        return;
    origin = find_or_make(throttle, key, key_len);
    if (!origin || until_us <= origin->not_before_us)
        return;
    if (h2client_reactor_timer_start(throttle->reactor, &origin->timer, until_us) == H2CLIENT_OK)
        origin->not_before_us = until_us;
    place(origin);
    forget_if_idle(origin);
}

/* ---- making ------------------------------------------------------------------------ */

void h2i_throttle_init(struct h2i_throttle *throttle, h2client_reactor *reactor,
                       const struct h2i_throttle_config *config, const uint64_t seed[2])
{
    *throttle = (struct h2i_throttle){.reactor = reactor, .config = *config};
    throttle->is_limited = config->max_running != INT64_MAX ||
                           config->max_running_per_origin != INT64_MAX ||
                           config->max_starts_per_s != INT64_MAX;
    throttle->next_start_us = INT64_MIN / 2;
    h2i_map_init(&throttle->origins, reactor->allocator, seed);
    h2i_list_init(&throttle->ready);
    throttle->timer.on_expire = time_has_come;
    throttle->timer.user = throttle;
    throttle->task.run = grant_all;
    throttle->task.user = throttle;
}

void h2i_throttle_finish(struct h2i_throttle *throttle)
{
    struct h2i_map_entry *entry;

    if (!throttle->reactor)
        return;
    while ((entry = h2i_map_any(&throttle->origins))) {
        struct h2i_throttled_origin *origin = origin_of_entry(entry);
        h2client_reactor_timer_stop(throttle->reactor, &origin->timer);
        h2i_list_remove(&origin->in_ready);
        h2i_map_remove(&throttle->origins, entry);
        h2i_free(throttle->reactor->allocator, origin);
    }
    h2i_map_finish(&throttle->origins);
    h2client_reactor_timer_stop(throttle->reactor, &throttle->timer);
    h2client_reactor_undefer(throttle->reactor, &throttle->task);
}
