/* SPDX-License-Identifier: MIT */
/*
 * Responses of a peer: through its nghttp2 session, or, where it has none, as plain
 * frames that wait for no window.
 */
#include <stdio.h>
#include <string.h>

#include "testing/peer_internal.h"

struct nv_list {
    nghttp2_nv items[64];
    size_t n;
    char status[4];
};

static void add_nv(struct nv_list *list, const char *name, const char *value)
{
    if (list->n == sizeof list->items / sizeof list->items[0])
        abort();
    list->items[list->n++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
                                          strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* status 0: trailers. */
static void make_nv_list(struct nv_list *list, int status, const h2client_header *fields)
{
    list->n = 0;
    snprintf(list->status, sizeof list->status, "%03u", (unsigned)status % 1000);
    if (status)
        add_nv(list, ":status", list->status);
    for (; fields && fields->name; fields++)
        add_nv(list, fields->name, fields->value);
}

static void copy_body_part(const struct h2t_answer *answer, uint8_t *buf, size_t n)
{
    if (answer->body) {
        memcpy(buf, answer->body + answer->sent, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        buf[i] = (uint8_t)h2t_pattern_byte(answer->sent + i);
}

static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t cap,
                         uint32_t *data_flags, nghttp2_data_source *source, void *user)
{
    struct h2t_answer *answer = source->ptr;
    size_t left = answer->response.body_len - answer->sent;
    size_t n = left < cap ? left : cap;
    struct nv_list trailers;

    (void)user;
    copy_body_part(answer, buf, n);
    answer->sent += n;
    if (n < left)
        return (ssize_t)n;
    *data_flags |= NGHTTP2_DATA_FLAG_EOF;
    if (answer->response.trailers) {
        *data_flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        make_nv_list(&trailers, 0, answer->response.trailers);
        h2t_peer_must(nghttp2_submit_trailer(session, stream_id, trailers.items, trailers.n));
    }
    return (ssize_t)n;
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    return copy;
}

static const h2client_header *copy_fields(const h2client_header *fields)
{
    size_t n = 0;
    h2client_header *list;

    if (!fields)
        return NULL;
    while (fields[n].name)
        n++;
    list = calloc(n + 1, sizeof *list);
    if (!list)
        abort();
    for (size_t i = 0; i < n; i++)
        list[i] = (h2client_header){copy_text(fields[i].name), copy_text(fields[i].value)};
    return list;
}

static void free_fields(const h2client_header *fields)
{
    for (size_t i = 0; fields && fields[i].name; i++) {
        free((void *)(uintptr_t)fields[i].name);
        free((void *)(uintptr_t)fields[i].value);
    }
    free((void *)(uintptr_t)fields);
}

struct h2t_answer *h2t_answer_keep(struct h2t_peer *peer, int32_t stream_id,
                                   const struct h2t_response *response)
{
    struct h2t_answer *answer = calloc(1, sizeof *answer);

    if (!answer)
        abort();
    answer->stream_id = stream_id;
    answer->response = *response;
    answer->response.fields = copy_fields(response->fields);
    answer->response.trailers = copy_fields(response->trailers);
    if (response->body) {
        answer->body = malloc(response->body_len + 1);
        if (!answer->body)
            abort();
        memcpy(answer->body, response->body, response->body_len);
    }
    answer->next = peer->answers;
    peer->answers = answer;
    return answer;
}

void h2t_answers_free(struct h2t_peer *peer)
{
    struct h2t_answer *answer;

    while ((answer = peer->answers)) {
        peer->answers = answer->next;
        free_fields(answer->response.fields);
        free_fields(answer->response.trailers);
        free(answer->body);
        free(answer);
    }
}

static void send_head(struct h2t_peer *peer, int32_t stream_id, int status,
                      const h2client_header *fields, bool is_end)
{
    struct h2t_bytes block = {0};
    struct h2t_bytes bytes = {0};
    struct nv_list list;

    make_nv_list(&list, status, fields);
    for (size_t i = 0; i < list.n; i++)
        h2t_hpack_literal_len(&block, list.items[i].name, list.items[i].namelen,
                              list.items[i].value, list.items[i].valuelen);
    h2t_header_block(&bytes, stream_id, &block, is_end, 0);
    h2t_bytes_free(&block);
    h2t_peer_send_bytes(peer, &bytes);
}

static void answer_plainly(struct h2t_peer *peer, struct h2t_answer *answer)
{
    const struct h2t_response *response = &answer->response;
    uint8_t part[16384];
    bool has_trailers = response->trailers != NULL;

    send_head(peer, answer->stream_id, response->status, response->fields,
              response->body_len == 0 && !has_trailers);
    while (answer->sent < response->body_len) {
        size_t left = response->body_len - answer->sent;
        size_t n = left < sizeof part ? left : sizeof part;
        struct h2t_bytes bytes = {0};

        copy_body_part(answer, part, n);
        answer->sent += n;
        h2t_data(&bytes, answer->stream_id, part, n, -1, n == left && !has_trailers);
        h2t_peer_send_bytes(peer, &bytes);
    }
    if (has_trailers)
        send_head(peer, answer->stream_id, 0, response->trailers, true);
}

void h2t_answer_start(struct h2t_peer *peer, struct h2t_answer *answer)
{
    const struct h2t_response *response = &answer->response;
    nghttp2_data_provider provider = {.source.ptr = answer, .read_callback = read_body};
    bool has_body = response->body_len > 0 || response->trailers;
    struct nv_list list;

    if (!peer->session) {
        answer_plainly(peer, answer);
        return;
    }
    make_nv_list(&list, response->status, response->fields);
    h2t_peer_must(nghttp2_submit_response(peer->session, answer->stream_id, list.items, list.n,
                                          has_body ? &provider : NULL));
}

void h2t_peer_answer(struct h2t_peer *peer, int32_t stream_id, const struct h2t_response *response)
{
    h2t_answer_start(peer, h2t_answer_keep(peer, stream_id, response));
    h2t_peer_tell_output(peer);
}

void h2t_peer_inform(struct h2t_peer *peer, int32_t stream_id, int status,
                     const h2client_header *fields)
{
    struct nv_list list;

    if (!peer->session) {
        send_head(peer, stream_id, status, fields, false);
        return;
    }
    make_nv_list(&list, status, fields);
    h2t_peer_must(nghttp2_submit_headers(peer->session, NGHTTP2_FLAG_NONE, stream_id, NULL,
                                         list.items, list.n, NULL));
    h2t_peer_tell_output(peer);
}
