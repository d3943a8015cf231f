/* SPDX-License-Identifier: MIT */
/*
 * Takes apart what a client sends (RFC 9113 4.1, 6) and keeps all of it. It judges
 * nothing: that is the test's, or the nghttp2 session's.
 */
#include "testing/peer_seen.h"

#include <stdlib.h>
#include <string.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LEN (sizeof PREFACE - 1)
#define HEAD_LEN 9
#define MAX_TABLE_BYTES (1 << 20) /* more than any test announces */

struct seen_frame {
    struct h2t_seen_frame frame; /* first: tests get its address */
    uint8_t *payload;
    struct h2t_seen_list fields; /* of char *: name, value, ... */
    h2client_header *list;
};

struct seen_request {
    struct h2t_seen_request request; /* first */
    struct h2t_bytes body;
};

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

static void list_add(struct h2t_seen_list *list, void *item)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 16;
        list->items = must(realloc(list->items, list->cap * sizeof *list->items));
    }
    list->items[list->n++] = item;
}

static void free_frame(struct seen_frame *frame)
{
    for (size_t i = 0; i < frame->fields.n; i++)
        free(frame->fields.items[i]);
    free(frame->fields.items);
    free(frame->list);
    free(frame->payload);
    free(frame);
}

void h2t_seen_init(struct h2t_seen *seen)
{
    *seen = (struct h2t_seen){0};
    if (nghttp2_hd_inflate_new(&seen->inflater) ||
        nghttp2_hd_inflate_change_table_size(seen->inflater, MAX_TABLE_BYTES))
        abort();
}

void h2t_seen_finish(struct h2t_seen *seen)
{
    for (size_t i = 0; i < seen->frames.n; i++)
        free_frame(seen->frames.items[i]);
    for (size_t i = 0; i < seen->requests.n; i++) {
        struct seen_request *request = seen->requests.items[i];

        h2t_bytes_free(&request->body);
        free(request);
    }
    free(seen->frames.items);
    free(seen->requests.items);
    h2t_bytes_free(&seen->in);
    h2t_bytes_free(&seen->block);
    nghttp2_hd_inflate_del(seen->inflater);
}

void h2t_seen_add(struct h2t_seen *seen, const void *data, size_t len)
{
    seen->in.len -= seen->taken;
    if (seen->taken && seen->in.len)
        memmove(seen->in.data, seen->in.data + seen->taken, seen->in.len);
    seen->taken = 0;
    h2t_bytes_add(&seen->in, data, len);
}

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct seen_request *find_request(const struct h2t_seen *seen, int32_t stream_id)
{
    for (size_t i = seen->requests.n; i > 0; i--) {
        struct seen_request *request = seen->requests.items[i - 1];

        if (request->request.stream_id == stream_id)
            return request;
    }
    return NULL;
}

/* The part of a DATA or HEADERS payload between the padding (and priority) fields. */
static h2client_bytes inner_part(const struct h2t_seen_frame *frame)
{
    size_t start = 0;
    size_t pad = 0;

    if (frame->flags & H2T_PADDED && frame->len > 0) {
        pad = frame->payload[0];
        start = 1;
    }
    if (frame->type == H2T_HEADERS && frame->flags & H2T_PRIORITY_FLAG)
        start += 5;
    if (start + pad > frame->len)
        return (h2client_bytes){"", 0};
    return (h2client_bytes){(const char *)frame->payload + start, frame->len - start - pad};
}

static void keep_field(struct seen_frame *frame, const nghttp2_nv *nv)
{
    list_add(&frame->fields, must(strndup((const char *)nv->name, nv->namelen)));
    list_add(&frame->fields, must(strndup((const char *)nv->value, nv->valuelen)));
}

/* False: the block is broken. */
static bool inflate(struct h2t_seen *seen, struct seen_frame *frame)
{
    const uint8_t *in = seen->block.data;
    size_t left = seen->block.len;
    int flags = 0;

    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv nv;
        ssize_t n = nghttp2_hd_inflate_hd2(seen->inflater, &nv, &flags, in, left, 1);

        if (n < 0)
            return false;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            keep_field(frame, &nv);
        in += n;
        left -= (size_t)n;
    }
    nghttp2_hd_inflate_end_headers(seen->inflater);
    return true;
}

static void make_field_list(struct seen_frame *frame)
{
    size_t n = frame->fields.n / 2;

    frame->list = must(calloc(n + 1, sizeof *frame->list));
    for (size_t i = 0; i < n; i++) {
        frame->list[i].name = frame->fields.items[2 * i];
        frame->list[i].value = frame->fields.items[2 * i + 1];
    }
    frame->frame.fields = frame->list;
}

static void complete(struct seen_request *request, struct h2t_seen_step *step)
{
    request->request.is_complete = true;
    step->completed = &request->request;
}

/* The block that ends here is a request, or the trailers of one. */
static void end_block(struct h2t_seen *seen, struct h2t_seen_step *step)
{
    struct h2t_seen_frame *head = seen->head;
    struct seen_request *request = find_request(seen, head->stream_id);

    if (inflate(seen, (struct seen_frame *)(void *)head))
        make_field_list((struct seen_frame *)(void *)head);
    if (request) {
        request->request.trailers = head->fields;
    } else {
        request = must(calloc(1, sizeof *request));
        request->request.stream_id = head->stream_id;
        request->request.fields = head->fields;
        request->request.body = "";
        list_add(&seen->requests, request);
        step->opened = &request->request;
    }
    if (head->flags & H2T_END_STREAM)
        complete(request, step);
    seen->head = NULL;
    seen->block.len = 0;
}

static void on_block_part(struct h2t_seen *seen, struct h2t_seen_frame *frame,
                          struct h2t_seen_step *step)
{
    h2client_bytes part = inner_part(frame);

    if (frame->type == H2T_HEADERS)
        seen->head = frame;
    if (!seen->head)
        return;
    h2t_bytes_add(&seen->block, part.data, part.len);
    if (frame->flags & H2T_END_HEADERS)
        end_block(seen, step);
}

static void on_data(struct h2t_seen *seen, const struct h2t_seen_frame *frame,
                    struct h2t_seen_step *step)
{
    struct seen_request *request = find_request(seen, frame->stream_id);
    h2client_bytes part = inner_part(frame);

    if (!request)
        return;
    h2t_bytes_add(&request->body, part.data, part.len);
    h2t_bytes_add(&request->body, "", 1); /* so that it can be printed */
    request->body.len--;
    request->request.body = (const char *)request->body.data;
    request->request.body_len = request->body.len;
    if (frame->flags & H2T_END_STREAM)
        complete(request, step);
}

static void on_reset(struct h2t_seen *seen, struct h2t_seen_frame *frame)
{
    struct seen_request *request = find_request(seen, frame->stream_id);

    frame->error_code = read_u32(frame->payload);
    if (!request)
        return;
    request->request.was_reset = true;
    request->request.reset_code = frame->error_code;
}

static void decode(struct h2t_seen *seen, struct h2t_seen_frame *frame, struct h2t_seen_step *step)
{
    if (frame->type == H2T_HEADERS || frame->type == H2T_CONTINUATION)
        on_block_part(seen, frame, step);
    if (frame->type == H2T_DATA)
        on_data(seen, frame, step);
    if (frame->type == H2T_RST_STREAM && frame->len >= 4)
        on_reset(seen, frame);
    if (frame->type == H2T_WINDOW_UPDATE && frame->len >= 4)
        frame->increment = read_u32(frame->payload) & 0x7fffffff;
    if (frame->type == H2T_GOAWAY && frame->len >= 8) {
        frame->last_stream_id = (int32_t)(read_u32(frame->payload) & 0x7fffffff);
        frame->error_code = read_u32(frame->payload + 4);
    }
}

static struct h2t_seen_frame *keep_frame(struct h2t_seen *seen, const uint8_t *p, size_t len)
{
    struct seen_frame *frame = must(calloc(1, sizeof *frame));

    frame->payload = must(malloc(len + 1));
    memcpy(frame->payload, p + HEAD_LEN, len);
    frame->frame = (struct h2t_seen_frame){
        .type = p[3],
        .flags = p[4],
        .stream_id = (int32_t)(read_u32(p + 5) & 0x7fffffff),
        .len = (uint32_t)len,
        .payload = frame->payload,
    };
    list_add(&seen->frames, frame);
    return &frame->frame;
}

static bool take_preface(struct h2t_seen *seen, struct h2t_seen_step *step)
{
    size_t len = seen->in.len - seen->taken;

    if (memcmp(seen->in.data, PREFACE, len < PREFACE_LEN ? len : PREFACE_LEN) != 0) {
        seen->is_broken = true;
        return false;
    }
    if (len < PREFACE_LEN)
        return false;
    step->bytes = seen->in.data;
    step->len = PREFACE_LEN;
    seen->taken = PREFACE_LEN;
    seen->has_preface = true;
    return true;
}

bool h2t_seen_next(struct h2t_seen *seen, struct h2t_seen_step *step)
{
    const uint8_t *p = seen->in.data + seen->taken;
    size_t left = seen->in.len - seen->taken;
    size_t len;

    *step = (struct h2t_seen_step){0};
    if (seen->is_broken || left == 0)
        return false;
    if (!seen->has_preface)
        return take_preface(seen, step);
    if (left < HEAD_LEN)
        return false;
    len = read_u32(p) >> 8;
    if (left < HEAD_LEN + len)
        return false;
    step->bytes = p;
    step->len = HEAD_LEN + len;
    seen->taken += step->len;
    decode(seen, keep_frame(seen, p, len), step);
    return true;
}
