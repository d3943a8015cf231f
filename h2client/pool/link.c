/* SPDX-License-Identifier: MIT */
#include "h2client/pool/link.h"
#include "base/reactor.h"

#include <string.h>

#include "h2client/pool/coalesce.h"
#include "h2client/pool/link_facts.h"
#include "h2client/pool/origin.h"

/* Reads a link may do in one turn before the others get theirs. */
#define MAX_READS_A_TURN 4

static void mark_dirty(struct h2i_link *link)
{
    if (!link->is_closed && !h2i_list_is_linked(&link->in_work))
        h2i_list_append(&link->pool->dirty, &link->in_work);
}

static void want(struct h2i_link *link, unsigned events)
{
    if (link->wanted == events)
        return;
    link->wanted = events;
    link->transport->ops->wants(link->transport, events);
}

static unsigned readable_unless_held_back(const struct h2i_link *link)
{
    return link->conn->wants_input && !link->is_input_done ? H2CLIENT_READABLE : 0;
}

/* ---- where it stands --------------------------------------------------- */

static bool has_room(const struct h2i_link *link)
{
    const struct h2i_conn *conn = link->conn;

    return !link->is_closed && conn->accepts_new && !conn->wants_probe &&
           conn->n_open < conn->max_open;
}

static void prepend(struct h2i_list *head, struct h2i_list *node)
{
    h2i_list_append(head->next, node); /* before the first */
}

/* The one used last goes first: those that are not needed grow old and are closed. */
static void note_room(struct h2i_link *link)
{
    if (!has_room(link))
        h2i_list_remove(&link->in_roomy);
    else if (!h2i_list_is_linked(&link->in_roomy))
        prepend(&link->origin->roomy, &link->in_roomy);
}

static int64_t add_time(int64_t from_us, int64_t more_us)
{
    int64_t sum;

    return __builtin_add_overflow(from_us, more_us, &sum) ? INT64_MAX : sum;
}

static int64_t rest_is_over_at(const struct h2i_link *link)
{
    int64_t idle_us = INT64_MAX;

    if (h2i_list_is_linked(&link->in_idle))
        idle_us = add_time(link->idle_since_us, link->pool->config.max.idle_us);
    return idle_us < link->retires_us ? idle_us : link->retires_us;
}

/* Lazily: a timer that stands earlier finds out when it fires. */
static void watch_rest(struct h2i_link *link)
{
    int64_t due_us = rest_is_over_at(link);

    if (due_us == INT64_MAX || (link->rest.heap_place && link->rest.deadline_us <= due_us))
        return;
    if (h2client_reactor_timer_start(link->pool->config.reactor, &link->rest, due_us))
        link->conn->ops->shutdown(link->conn); /* no memory to be old in */
}

static void note_use(struct h2i_link *link)
{
    bool is_idle = link->conn->n_open == 0;

    if (is_idle == h2i_list_is_linked(&link->in_idle))
        return;
    if (!is_idle) {
        h2i_list_remove(&link->in_idle);
        return;
    }
    link->idle_since_us = link->alive_us = link->pool->config.reactor->now_us;
    h2i_list_append(&link->pool->idle, &link->in_idle);
    h2i_pool_note_idle(link->pool);
    watch_rest(link);
}

static void rest_is_over(h2client_timer *timer, void *user)
{
    struct h2i_link *link = user;

    (void)timer;
    if (link->is_closed)
        return;
    if (rest_is_over_at(link) > link->pool->config.reactor->now_us)
        watch_rest(link);
    else if (link->conn->n_open == 0)
        h2i_link_shut_down(link);
    else
        link->conn->ops->shutdown(link->conn);
}

/* ---- events of the core ------------------------------------------------ */

static void conn_has_output(struct h2i_conn *conn)
{
    mark_dirty(conn->owner);
}

/* What the next connection may begin with. */
static void remember_limit(const struct h2i_link *link)
{
    if (link->is_h2 && link->conn->has_peer_limit)
        link->origin->known.max_streams = link->conn->max_open ? link->conn->max_open : 1;
}

static void note_answer(struct h2i_link *link)
{
    if (!link->is_asked || link->conn->wants_probe)
        return;
    link->is_asked = false;
    link->alive_us = link->pool->config.reactor->now_us;
}

/* It took no call, and never will. That it goes without a word counts only at once: one that
 * was idle for a while may. Told before the origin is served: it would dial again. */
static void note_stillborn(struct h2i_link *link)
{
    static const h2client_fault closed = {.code = H2CLIENT_ERROR_EMPTY_REPLY,
                                          .tls_alert = -1,
                                          .text = "the server closed the connection at once"};
    const struct h2i_conn *conn = link->conn;
    bool has_reason = conn->has_failed && conn->failure.fault.code;

    if (conn->n_opened > 0 || conn->accepts_new || link->is_stillborn)
        return;
    if (!has_reason && link->opened_us != link->pool->config.reactor->now_us)
        return;
    link->is_stillborn = true;
    h2i_origin_note_stillborn(link->origin, has_reason ? &conn->failure.fault : &closed);
}

static void conn_changed(struct h2i_conn *conn)
{
    struct h2i_link *link = conn->owner;

    if (!link->origin)
        return;
    note_stillborn(link);
    note_answer(link);
    remember_limit(link);
    note_room(link);
    note_use(link);
    h2i_origin_touch(link->origin);
    if (link->lent.spot)
        h2i_coalesce_note_change(link);
    want(link, readable_unless_held_back(link) | (link->wanted & H2CLIENT_WRITABLE));
    if (!conn->accepts_new)
        mark_dirty(link); /* so that flush sees whether it is over */
}

static void conn_saw_frame(struct h2i_conn *conn, const h2client_frame_event *event)
{
    struct h2i_link *link = conn->owner;

    link->pool->config.on_frame(event, link->pool->config.user);
}

static const struct h2i_conn_events conn_events = {
    .on_output = conn_has_output,
    .on_change = conn_changed,
    .on_frame = conn_saw_frame,
};

/* ---- input ------------------------------------------------------------- */

static void end_input(struct h2i_link *link, const h2client_fault *fault)
{
    link->is_input_done = true;
    want(link, link->wanted & ~H2CLIENT_READABLE);
    link->conn->ops->end_input(link->conn, fault);
    mark_dirty(link);
}

/* Bytes that a layer took and the lowest one did not were never sent. */
static void fail_transport(struct h2i_link *link)
{
    h2client_transport_info info = h2i_link_transport_info(link);

    end_input(link, info.fault);
}

/* False when there is nothing more to read now. */
static bool read_once(struct h2i_link *link)
{
    struct h2i_pool *pool = link->pool;
    ptrdiff_t n =
        link->transport->ops->read(link->transport, pool->scratch, H2I_POOL_SCRATCH_BYTES);

    if (n == H2CLIENT_IO_AGAIN)
        return false;
    if (n <= 0) {
        if (n == 0)
            end_input(link, NULL);
        else
            fail_transport(link);
        return false;
    }
    pool->stats.bytes_received += (uint64_t)n;
    if (link->conn->ops->receive(link->conn, pool->config.reactor->now_us, pool->scratch,
                                 (size_t)n) != H2CLIENT_OK) {
        link->is_input_done = true;
        mark_dirty(link);
        return false;
    }
    return n == H2I_POOL_SCRATCH_BYTES;
}

static void read_some(struct h2i_link *link)
{
    for (int i = 0; i < MAX_READS_A_TURN && !link->is_input_done && link->conn->wants_input; i++)
        if (!read_once(link))
            return;
}

static void transport_is_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct h2i_link *link = user;

    (void)transport;
    if (link->is_closed)
        return;
    h2i_reactor_note_ready(link->pool->config.reactor); /* whatever transport it is */
    if (ready & (H2CLIENT_READABLE | H2CLIENT_HANGUP))
        read_some(link);
    if (ready & H2CLIENT_WRITABLE)
        mark_dirty(link);
}

/* ---- output ------------------------------------------------------------ */

static bool has_leftover(const struct h2i_link *link)
{
    return link->out.start < link->out.end;
}

/* Fills from *end on; notes whether the core ran dry. */
static void gather(struct h2i_link *link, char *buf, size_t *end)
{
    struct h2i_conn *conn = link->conn;
    int64_t now_us = link->pool->config.reactor->now_us;

    link->out.may_have_more = true;
    while (*end < H2I_LINK_OUT_BYTES) {
        size_t n = conn->ops->produce(conn, now_us, buf + *end, H2I_LINK_OUT_BYTES - *end);
        if (n == 0) {
            link->out.may_have_more = false;
            return;
        }
        *end += n;
    }
}

/* What is to be read tells more than that nothing can be written: an answer given early,
 * the reason in a GOAWAY (RFC 9112 9.5, RFC 9113 5.4.1). */
static void break_output(struct h2i_link *link)
{
    link->out.start = link->out.end = 0;
    link->out.may_have_more = false;
    link->out.is_broken = true;
    for (int i = 0; i < MAX_READS_A_TURN && !link->is_input_done; i++)
        if (!read_once(link))
            break;
    if (!link->is_input_done)
        fail_transport(link);
}

/* Returns how many bytes the transport took. */
static size_t write_once(struct h2i_link *link, const char *bytes, size_t len)
{
    h2client_iovec iov = {bytes, len};
    ptrdiff_t n = len ? link->transport->ops->write(link->transport, &iov, 1) : 0;

    if (n == H2CLIENT_IO_AGAIN || len == 0)
        return 0;
    if (n < 0) {
        break_output(link);
        return 0;
    }
    link->pool->stats.n_writes++;
    link->pool->stats.bytes_sent += (uint64_t)n;
    link->conn->n_accepted += (uint64_t)n;
    return (size_t)n;
}

static bool keep_leftover(struct h2i_link *link, const char *bytes, size_t len)
{
    if (!link->out.buf)
        link->out.buf = h2i_alloc(link->pool->config.allocator, H2I_LINK_OUT_BYTES);
    if (!link->out.buf) {
        link->out.is_broken = true;
        end_input(link, &(h2client_fault){.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1});
        return false;
    }
    memcpy(link->out.buf, bytes, len);
    link->out.start = 0;
    link->out.end = len;
    return true;
}

/* From the pool's scratch: a link whose output is taken at once needs no buffer. */
static void write_fresh(struct h2i_link *link)
{
    char *scratch = link->pool->scratch;
    size_t end = 0, n;

    gather(link, scratch, &end);
    n = write_once(link, scratch, end);
    if (n < end && !link->out.is_broken)
        keep_leftover(link, scratch + n, end - n);
}

/* Alone: a core that is asked for more takes what it said before for gone. */
static void write_leftover(struct h2i_link *link)
{
    size_t len = link->out.end - link->out.start;

    link->out.start += write_once(link, link->out.buf + link->out.start, len);
    if (!has_leftover(link))
        link->out.start = link->out.end = 0;
}

/* The core's clock must run also when nothing can be written. */
static void run_clock(struct h2i_link *link)
{
    char nothing[1];

    link->conn->ops->produce(link->conn, link->pool->config.reactor->now_us, nothing, 0);
}

/* True when all there was to say is said. */
static bool write_out(struct h2i_link *link)
{
    if (link->out.is_broken)
        return true;
    if (has_leftover(link))
        write_leftover(link);
    if (!has_leftover(link) && !link->out.is_broken)
        write_fresh(link);
    return !has_leftover(link);
}

static bool is_over(const struct h2i_link *link)
{
    const struct h2i_conn *conn = link->conn;

    return link->is_input_done || conn->has_failed || (!conn->accepts_new && conn->n_open == 0);
}

/* Lazily: input moves the deadline on, and the timer finds out when it fires. */
static void arm_deadline(struct h2i_link *link)
{
    int64_t due_us = link->conn->deadline_us;

    if (due_us == INT64_MAX || (link->deadline.heap_place && link->deadline.deadline_us <= due_us))
        return;
    if (h2client_reactor_timer_start(link->pool->config.reactor, &link->deadline, due_us))
        end_input(link, &(h2client_fault){.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1});
}

static void deadline_passed(h2client_timer *timer, void *user)
{
    struct h2i_link *link = user;

    (void)timer;
    if (link->is_closed)
        return;
    run_clock(link);
    mark_dirty(link);
}

static void free_unused_buffer(struct h2i_link *link)
{
    if (!link->out.buf || has_leftover(link) || link->conn->n_open > 0)
        return;
    h2i_free(link->pool->config.allocator, link->out.buf);
    link->out.buf = NULL;
}

void h2i_link_flush(struct h2i_link *link)
{
    bool is_written = write_out(link);

    if (is_over(link)) { /* what cannot be written now is not worth waiting for */
        h2i_link_close(link);
        return;
    }
    want(link, readable_unless_held_back(link) | (is_written ? 0 : H2CLIENT_WRITABLE));
    if (is_written && link->out.may_have_more)
        mark_dirty(link);
    free_unused_buffer(link);
    arm_deadline(link);
}

/* ---- reuse --------------------------------------------------------------- */

static void ask_for_life(struct h2i_link *link)
{
    link->conn->wants_probe = link->is_asked = true;
    note_room(link);
    mark_dirty(link);
}

bool h2i_link_is_fit(struct h2i_link *link)
{
    int64_t now_us = link->pool->config.reactor->now_us;

    if (link->conn->n_opened == 0 && link->opened_us == now_us)
        return true; /* it is new: what its server says first is for the call to tell */
    read_some(link);
    if (link->is_h2 && now_us - link->alive_us >= link->pool->config.max.probe_idle_us)
        ask_for_life(link);
    note_room(link);
    return has_room(link);
}

void h2i_link_suspect(struct h2i_conn *conn)
{
    struct h2i_link *link = conn->owner;

    if (link->is_closed)
        return;
    if (link->is_h2)
        ask_for_life(link);
    else
        conn->ops->shutdown(conn);
}

/* ---- life -------------------------------------------------------------- */

static struct h2i_conn *create_h2(struct h2i_link *link)
{
    struct h2i_pool *pool = link->pool;
    struct h2i_h2_config config = pool->config.h2;

    config.first_max_streams = link->origin->known.max_streams;
    return h2i_h2_conn_create(pool->config.allocator, &pool->slab, &pool->budget, &config,
                              &conn_events, link, pool->last_conn_id + 1);
}

static struct h2i_conn *create_conn(struct h2i_link *link)
{
    struct h2i_pool *pool = link->pool;
    struct h2i_conn *conn = link->is_h2
                                ? create_h2(link)
                                : h2i_h1_conn_create(pool->config.allocator, &pool->config.h1,
                                                     &conn_events, link, pool->last_conn_id + 1);

    if (conn) {
        pool->last_conn_id++;
        conn->traces = pool->config.on_frame != NULL;
    }
    return conn;
}

/* Not all at once: a tenth earlier or later. */
static int64_t age_limit_us(struct h2i_pool *pool)
{
    int64_t age_us = pool->config.max.age_us;
    int64_t tenth_us = age_us / 10;

    if (age_us == INT64_MAX)
        return INT64_MAX;
    age_us -= tenth_us;
    age_us = add_time(age_us, (int64_t)h2i_pool_random(pool, (uint64_t)(2 * tenth_us) + 1));
    return add_time(pool->config.reactor->now_us, age_us);
}

static void join_lists(struct h2i_link *link)
{
    struct h2i_pool *pool = link->pool;

    h2i_list_append(&link->origin->links, &link->in_origin);
    link->origin->n_links++;
    h2i_list_append(&pool->links, &link->in_pool);
    pool->n_h2_links += link->is_h2 && !link->origin->is_carrier;
    pool->stats.n_conns_opened++;
    pool->stats.n_conns_open++;
    h2i_coalesce_offer(link);
    note_room(link);
    note_use(link);
    watch_rest(link);
    mark_dirty(link);
}

struct h2i_link *h2i_link_create(struct h2i_origin *origin, h2client_transport *transport,
                                 const struct h2i_link_marks *marks, enum h2i_protocol protocol)
{
    struct h2i_link *link = h2i_alloc_zeroed(origin->pool->config.allocator, sizeof *link);

    if (!link) {
        transport->ops->destroy(transport);
        return NULL;
    }
    link->pool = origin->pool;
    link->origin = origin;
    link->transport = transport;
    link->marks = *marks;
    link->is_h2 = protocol == H2I_PROTOCOL_H2;
    link->deadline.on_expire = deadline_passed;
    link->rest.on_expire = rest_is_over;
    link->deadline.user = link->rest.user = link;
    link->conn = create_conn(link);
    if (!link->conn || !h2i_link_note_facts(link)) {
        h2i_link_destroy(link);
        return NULL;
    }
    link->opened_us = link->pool->config.reactor->now_us;
    link->retires_us = age_limit_us(link->pool);
    transport->on_ready = transport_is_ready;
    transport->user = link;
    want(link, H2CLIENT_READABLE);
    join_lists(link);
    return link;
}

static void leave_lists(struct h2i_link *link)
{
    struct h2i_pool *pool = link->pool;

    h2i_list_remove(&link->in_origin);
    link->origin->n_links--;
    h2i_coalesce_withdraw(link);
    h2i_list_remove(&link->in_roomy);
    h2i_list_remove(&link->in_pool);
    h2i_list_remove(&link->in_idle);
    h2i_list_remove(&link->in_work);
    pool->n_h2_links -= link->is_h2 && !link->origin->is_carrier;
    pool->stats.n_conns_open--;
}

void h2i_link_close(struct h2i_link *link)
{
    h2client_reactor *reactor = link->pool->config.reactor;
    struct h2i_origin *origin = link->origin;

    if (link->is_closed)
        return;
    if (!link->is_input_done)
        end_input(link, NULL); /* nothing is open any more, or the conn has failed */
    link->is_closed = true;
    leave_lists(link);
    link->origin = NULL;
    h2client_reactor_timer_stop(reactor, &link->deadline);
    h2client_reactor_timer_stop(reactor, &link->rest);
    want(link, 0);
    h2i_list_append(&link->pool->dead, &link->in_work);
    h2i_pool_give_slot(origin);
    h2i_origin_touch(origin);
}

void h2i_link_shut_down(struct h2i_link *link)
{
    if (link->is_closed)
        return;
    link->conn->ops->shutdown(link->conn);
    write_out(link);
    if (!link->is_closed)
        link->transport->ops->half_close(link->transport);
    h2i_link_close(link);
}

void h2i_link_destroy(struct h2i_link *link)
{
    const h2client_allocator *allocator = link->pool->config.allocator;

    h2i_list_remove(&link->in_work);
    if (link->conn)
        link->conn->ops->destroy(link->conn);
    h2i_link_release_tls(link);
    link->transport->ops->destroy(link->transport);
    h2i_free(allocator, link->out.buf);
    h2i_free(allocator, link);
}
