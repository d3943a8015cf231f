/* SPDX-License-Identifier: MIT */
/* Server-sent events: the stream's format in every cut, and the reader over a call. */
#include <stdio.h>
#include <string.h>

#include "h2client/payload/sse_parser.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* "type:data[id]|..." of all events of a stream that comes in pieces of `step` bytes. */
static const char *events_of(const char *stream, size_t len, size_t step)
{
    static char text[1000];
    struct h2t_alloc alloc;
    struct h2i_sse_parser parser;
    size_t used = 0, out = 0;

    text[0] = 0;
    h2t_alloc_init(&alloc);
    h2i_sse_init(&parser, &alloc.allocator);
    while (used < len) {
        size_t piece = len - used < step ? len - used : step, n;
        enum h2i_sse_result result = h2i_sse_parse(&parser, stream + used, piece, &n);
        used += n;
        ck_assert(result == H2I_SSE_MORE || result == H2I_SSE_EVENT);
        if (result == H2I_SSE_EVENT)
            out += (size_t)snprintf(text + out, sizeof text - out, "%s:%s[%s]|",
                                    h2i_buf_len(&parser.type) ? h2i_buf_data(&parser.type) : "",
                                    h2i_buf_data(&parser.data), h2i_buf_data(&parser.id));
    }
    h2i_sse_finish(&parser);
    h2t_alloc_check(&alloc);
    return text;
}

#define STREAM(text, events)           \
    {                                  \
        text, sizeof(text) - 1, events \
    }

TEST(streams_are_read_in_every_cut)
{
    static const struct {
        const char *text;
        size_t len;
        const char *events;
    } rows[] = {
        STREAM("data: one\n\ndata: two\n\n", ":one[]|:two[]|"),
        STREAM("data: one\r\n\r\ndata: two\r\rdata: three\n\r\n", ":one[]|:two[]|:three[]|"),
        STREAM("\xef\xbb\xbf"
               "data: marked\n\n",
               ":marked[]|"),
        STREAM("data: a\ndata:  b\ndata:c\ndata\n\n", ":a\n b\nc\n[]|"),
        STREAM("event: add\nid: 7\ndata: x\n\ndata: y\n\n", "add:x[7]|:y[7]|"),
        STREAM("event: lost\n\ndata: x\n\n", ":x[]|"),
        STREAM(": comment\n:\ndata: x\n:more\n\n", ":x[]|"),
        STREAM("id: 1\0"
               "2\ndata: x\n\n",
               ":x[]|"),
        STREAM("id: 1\ndata: x\n\nid\ndata: y\n\n", ":x[1]|:y[]|"),
        STREAM("unknown: 1\nDATA: no\ndata : no\ndata: x\n\n", ":x[]|"),
        STREAM("data:\n\ndata\n\n", ":[]|:[]|"),
        STREAM("data: cut off", ""),
        STREAM("data: no end\n", ""),
        STREAM("\n\n\ndata: x\n\n\n\n", ":x[]|"),
        STREAM("", ""),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t step = 1; step < 12; step += 5)
            ck_assert_str_eq(events_of(rows[i].text, rows[i].len, step), rows[i].events);
}
END_TEST

TEST(the_time_to_wait_is_digits_and_bounded)
{
    static const struct {
        const char *stream;
        int64_t ms;
    } rows[] = {{"retry: 1500\n", 1500},
                {"retry: 0\n", 0},
                {"retry: 15s\n", -1},
                {"retry: -1\n", -1},
                {"retry:\n", -1},
                {"retry: 1\nretry: x\n", 1},
                {"retry: 99999999999999999999999\n", 3600000}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_alloc alloc;
        struct h2i_sse_parser parser;
        size_t n;

        h2t_alloc_init(&alloc);
        h2i_sse_init(&parser, &alloc.allocator);
        h2i_sse_parse(&parser, rows[i].stream, strlen(rows[i].stream), &n);
        ck_assert_int_eq(parser.retry_ms, rows[i].ms);
        h2i_sse_finish(&parser);
        h2t_alloc_check(&alloc);
    }
}
END_TEST

/* ---- over a call --------------------------------------------------------------------- */

struct reply {
    int status;
    const char *type;
    const char *body;
    size_t len;
    h2client_header fields[2];
};

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    struct reply *reply = user;

    (void)peer, (void)request;
    reply->fields[0] = (h2client_header){"content-type", reply->type};
    response->status = reply->status;
    response->fields = reply->fields;
    response->body = reply->body;
    response->body_len = reply->len;
}

static h2client_sse *open_stream(struct h2t_rig *rig, struct reply *reply, h2client_call **call)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = reply;
    h2t_rig_open(rig, NULL);
    *call = h2client_get(rig->session, H2T_ORIGIN "/");
    return h2client_sse_create(*call);
}

static void finish(struct h2t_rig *rig, h2client_sse *sse, h2client_call *call)
{
    h2client_sse_destroy(sse);
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

TEST(events_of_a_call_come_one_by_one)
{
    static const char text[] = "id: 5\nretry: 10\ndata: one\n\nevent: e\ndata: two\n\ndata: cut";
    struct reply reply = {200, "text/event-stream; charset=utf-8", text, sizeof text - 1, {{0}}};
    struct h2t_rig rig;
    h2client_call *call;
    h2client_sse *sse = open_stream(&rig, &reply, &call);
    const h2client_sse_event *event = h2client_sse_try_next(sse);

    ck_assert_ptr_null(event);
    ck_assert_int_eq(h2client_sse_error(sse), H2CLIENT_PENDING);
    event = h2client_sse_next(sse);
    ck_assert_str_eq(event->type, "message");
    ck_assert_str_eq(event->data, "one");
    ck_assert_str_eq(event->id, "5");
    event = h2client_sse_next(sse);
    ck_assert_str_eq(event->type, "e");
    ck_assert_uint_eq(event->data_len, 3);
    ck_assert_ptr_null(h2client_sse_next(sse));
    ck_assert_int_eq(h2client_sse_error(sse), H2CLIENT_OK);
    ck_assert_str_eq(h2client_sse_last_id(sse), "5");
    ck_assert_int_eq(h2client_sse_retry_ms(sse), 10);
    finish(&rig, sse, call);
}
END_TEST

TEST(what_is_no_stream_of_events_is_refused)
{
    struct reply wrong_type = {200, "text/html", "data: x\n\n", 9, {{0}}};
    struct reply wrong_status = {204, "text/event-stream", "", 0, {{0}}};
    struct h2t_rig rig;
    h2client_call *call;
    h2client_sse *sse = open_stream(&rig, &wrong_type, &call);

    ck_assert_ptr_null(h2client_sse_next(sse));
    ck_assert_int_eq(h2client_sse_error(sse), H2CLIENT_ERROR_CONTENT_TYPE);
    finish(&rig, sse, call);
    sse = open_stream(&rig, &wrong_status, &call);
    ck_assert_ptr_null(h2client_sse_next(sse));
    ck_assert_int_eq(h2client_sse_error(sse), H2CLIENT_ERROR_STATUS);
    finish(&rig, sse, call);
}
END_TEST

TEST(an_endless_line_ends_in_bounded_memory)
{
    struct reply reply = {200, "text/event-stream", NULL, 8u << 20, {{0}}}; /* no line end */
    struct h2t_rig rig;
    h2client_call *call;
    h2client_sse *sse = open_stream(&rig, &reply, &call);

    while (h2client_sse_next(sse))
        ;
    ck_assert_int_eq(h2client_sse_error(sse), H2CLIENT_ERROR_LINE_TOO_LONG);
    ck_assert_uint_lt(rig.alloc.peak_bytes, 8u << 20);
    finish(&rig, sse, call);
}
END_TEST

TEST(the_error_of_the_call_is_the_readers)
{
    struct reply reply = {200, "text/event-stream", "", 0, {{0}}};
    struct h2t_rig rig;
    h2client_call *call;
    h2client_sse *sse = open_stream(&rig, &reply, &call);

    h2client_call_cancel(call);
    ck_assert_ptr_null(h2client_sse_next(sse));
    ck_assert_int_eq(h2client_sse_error(sse), H2CLIENT_ERROR_CANCELLED);
    ck_assert_ptr_null(h2client_sse_next(NULL));
    ck_assert_ptr_null(h2client_sse_create(NULL));
    ck_assert_int_eq(h2client_sse_error(NULL), H2CLIENT_ERROR_NO_MEMORY);
    finish(&rig, sse, call);
}
END_TEST

TEST_MAIN("sse", {T(streams_are_read_in_every_cut)}, {T(the_time_to_wait_is_digits_and_bounded)},
          {T(events_of_a_call_come_one_by_one)}, {T(what_is_no_stream_of_events_is_refused)},
          {T(an_endless_line_ends_in_bounded_memory)}, {T(the_error_of_the_call_is_the_readers)})
