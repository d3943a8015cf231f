/* SPDX-License-Identifier: MIT */
#include "h2client/pool/link.h"

#include <string.h>

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

/* ---- events of the core ------------------------------------------------ */

static void conn_has_output(struct h2i_conn *conn)
{
    mark_dirty(conn->owner);
}

static void conn_changed(struct h2i_conn *conn)
{
    struct h2i_link *link = conn->owner;

    if (!link->origin)
        return;
    h2i_origin_touch(link->origin);
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

static h2client_transport_info transport_info(h2client_transport *transport)
{
    h2client_transport_info info = {.size = sizeof info};

    transport->ops->info(transport, &info);
    return info;
}

static void end_input(struct h2i_link *link, const h2client_fault *fault)
{
    link->is_input_done = true;
    want(link, link->wanted & ~H2CLIENT_READABLE);
    link->conn->ops->end_input(link->conn, fault);
    mark_dirty(link);
}

static void fail_transport(struct h2i_link *link)
{
    h2client_transport_info info = transport_info(link->transport);

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

static void transport_is_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct h2i_link *link = user;

    (void)transport;
    if (link->is_closed)
        return;
    if (ready & (H2CLIENT_READABLE | H2CLIENT_HANGUP))
        for (int i = 0; i < MAX_READS_A_TURN && !link->is_input_done && read_once(link); i++)
            ;
    if (ready & H2CLIENT_WRITABLE)
        mark_dirty(link);
}

/* ---- output ------------------------------------------------------------ */

static void gather(struct h2i_link *link)
{
    struct h2i_conn *conn = link->conn;
    int64_t now_us = link->pool->config.reactor->now_us;

    link->out.may_have_more = true;
    while (link->out.end < H2I_LINK_OUT_BYTES) {
        size_t n = conn->ops->produce(conn, now_us, link->out.buf + link->out.end,
                                      H2I_LINK_OUT_BYTES - link->out.end);
        if (n == 0) {
            link->out.may_have_more = false;
            return;
        }
        link->out.end += n;
    }
}

/* False: it would block, or failed. */
static bool write_out(struct h2i_link *link)
{
    h2client_iovec iov = {link->out.buf + link->out.start, link->out.end - link->out.start};
    ptrdiff_t n;

    if (iov.len == 0)
        return true;
    n = link->transport->ops->write(link->transport, &iov, 1);
    if (n == H2CLIENT_IO_AGAIN)
        return false;
    if (n < 0) {
        link->out.start = link->out.end = 0;
        link->out.may_have_more = false;
        if (!link->is_input_done)
            fail_transport(link);
        return false;
    }
    link->pool->stats.n_writes++;
    link->pool->stats.bytes_sent += (uint64_t)n;
    link->conn->n_accepted += (uint64_t)n;
    link->out.start += (size_t)n;
    if (link->out.start < link->out.end)
        return false;
    link->out.start = link->out.end = 0;
    return true;
}

static bool is_over(const struct h2i_link *link)
{
    const struct h2i_conn *conn = link->conn;

    return link->is_input_done || conn->has_failed || (!conn->accepts_new && conn->n_open == 0);
}

static void arm_deadline(struct h2i_link *link)
{
    h2client_reactor *reactor = link->pool->config.reactor;

    if (link->conn->deadline_us == INT64_MAX)
        h2client_reactor_timer_stop(reactor, &link->deadline);
    else if (h2client_reactor_timer_start(reactor, &link->deadline, link->conn->deadline_us))
        end_input(link, &(h2client_fault){.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1});
}

static void deadline_passed(h2client_timer *timer, void *user)
{
    (void)timer;
    mark_dirty(user);
}

void h2i_link_flush(struct h2i_link *link)
{
    bool is_written;

    gather(link);
    is_written = write_out(link);
    if (is_over(link)) { /* what cannot be written now is not worth waiting for */
        h2i_link_close(link);
        return;
    }
    want(link, H2CLIENT_READABLE | (is_written ? 0 : H2CLIENT_WRITABLE));
    if (is_written && link->out.may_have_more)
        mark_dirty(link);
    arm_deadline(link);
}

/* ---- life -------------------------------------------------------------- */

static void note_addresses(struct h2i_link *link)
{
    h2client_transport_info info = transport_info(link->transport);

    if (info.tls_version)
        strncpy(link->tls_version, info.tls_version, sizeof link->tls_version - 1);
    if (info.remote.family) {
        h2client_address_format(&info.remote, link->peer, sizeof link->peer);
        link->remote_port = info.remote.port;
        info.remote.port = 0;
        h2client_address_format(&info.remote, link->remote_host, sizeof link->remote_host);
    }
    if (info.local.family) {
        link->local_port = info.local.port;
        info.local.port = 0;
        h2client_address_format(&info.local, link->local_host, sizeof link->local_host);
    }
}

static struct h2i_conn *create_conn(struct h2i_link *link)
{
    struct h2i_pool *pool = link->pool;
    struct h2i_conn *conn =
        h2i_h2_conn_create(pool->config.allocator, &pool->slab, &pool->budget, &pool->config.h2,
                           &conn_events, link, pool->last_conn_id + 1);

    if (conn) {
        pool->last_conn_id++;
        conn->traces = pool->config.on_frame != NULL;
    }
    return conn;
}

struct h2i_link *h2i_link_create(struct h2i_origin *origin, h2client_transport *transport,
                                 const struct h2i_link_marks *marks)
{
    const h2client_allocator *allocator = origin->pool->config.allocator;
    struct h2i_link *link = h2i_alloc_zeroed(allocator, sizeof *link);

    if (!link) {
        transport->ops->destroy(transport);
        return NULL;
    }
    link->pool = origin->pool;
    link->origin = origin;
    link->transport = transport;
    link->marks = *marks;
    link->deadline.on_expire = deadline_passed;
    link->deadline.user = link;
    link->out.buf = h2i_alloc(allocator, H2I_LINK_OUT_BYTES);
    link->conn = link->out.buf ? create_conn(link) : NULL;
    if (!link->conn) {
        h2i_link_destroy(link);
        return NULL;
    }
    note_addresses(link);
    transport->on_ready = transport_is_ready;
    transport->user = link;
    want(link, H2CLIENT_READABLE);
    h2i_list_append(&origin->links, &link->in_origin);
    link->pool->stats.n_conns_opened++;
    link->pool->stats.n_conns_open++;
    mark_dirty(link);
    return link;
}

bool h2i_link_has_room(const struct h2i_link *link)
{
    return !link->is_closed && link->conn->accepts_new && link->conn->n_open < link->conn->max_open;
}

void h2i_link_close(struct h2i_link *link)
{
    struct h2i_origin *origin = link->origin;

    if (link->is_closed)
        return;
    if (!link->is_input_done)
        end_input(link, NULL); /* nothing is open any more, or the conn has failed */
    link->is_closed = true;
    link->origin = NULL;
    h2client_reactor_timer_stop(link->pool->config.reactor, &link->deadline);
    want(link, 0);
    h2i_list_remove(&link->in_origin);
    h2i_list_remove(&link->in_work);
    h2i_list_append(&link->pool->dead, &link->in_work);
    link->pool->stats.n_conns_open--;
    h2i_origin_touch(origin);
}

void h2i_link_shut_down(struct h2i_link *link)
{
    if (link->is_closed)
        return;
    link->conn->ops->shutdown(link->conn);
    gather(link);
    write_out(link);
    link->transport->ops->half_close(link->transport);
    h2i_link_close(link);
}

void h2i_link_destroy(struct h2i_link *link)
{
    const h2client_allocator *allocator = link->pool->config.allocator;

    h2i_list_remove(&link->in_work);
    if (link->conn)
        link->conn->ops->destroy(link->conn);
    link->transport->ops->destroy(link->transport);
    h2i_free(allocator, link->out.buf);
    h2i_free(allocator, link);
}
