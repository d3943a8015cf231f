/* SPDX-License-Identifier: MIT */
/* Server-sent events over a call: its body, read in pieces, through the parser. */
#include "h2client/sse.h"

#include "h2client/call_internal.h"
#include "h2client/payload/sse_parser.h"

#define PIECE_BYTES 16384

struct h2client_sse {
    struct h2i_home *home;
    h2client_call *call;
    struct h2i_sse_parser parser;
    h2client_sse_event event;
    h2client_error_code error;
    bool is_checked; /* the head is that of a stream of events */
    size_t start, end;
    char piece[PIECE_BYTES]; /* read and not parsed: from start to end */
};

h2client_sse *h2client_sse_create(h2client_call *call)
{
    h2client_sse *sse;

    if (!call)
        return NULL;
    sse = h2i_alloc(&call->home->allocator, sizeof *sse);
    if (!sse)
        return NULL;
    memset(sse, 0, offsetof(h2client_sse, piece));
    sse->home = call->home;
    sse->home->n_refs++;
    sse->call = call;
    h2i_sse_init(&sse->parser, &sse->home->allocator);
    return sse;
}

void h2client_sse_destroy(h2client_sse *sse)
{
    struct h2i_home *home = sse ? sse->home : NULL;

    if (!sse)
        return;
    h2i_sse_finish(&sse->parser);
    h2i_free(&home->allocator, sse);
    h2i_home_unref(home);
}

static bool is_event_stream(const char *content_type)
{
    struct h2i_str rest = h2i_str_of(content_type ? content_type : ""), type;

    return h2i_str_split(&rest, ';', &type) &&
           h2i_str_equals_nocase(h2i_str_trim(type), h2i_str_of("text/event-stream"));
}

/* Once the head has come: is it one? */
static h2client_error_code check_head(h2client_sse *sse)
{
    const h2client_response *resp = h2client_call_response(sse->call);

    if (sse->is_checked || !resp)
        return H2CLIENT_OK;
    sse->is_checked = true;
    if (h2client_response_status(resp) != 200)
        return H2CLIENT_ERROR_STATUS;
    return is_event_stream(h2client_response_header(resp, "content-type"))
               ? H2CLIENT_OK
               : H2CLIENT_ERROR_CONTENT_TYPE;
}

static const h2client_sse_event *give_event(h2client_sse *sse)
{
    const struct h2i_sse_parser *parser = &sse->parser;

    sse->event = (h2client_sse_event){
        .size = sizeof sse->event,
        .type = h2i_buf_len(&parser->type) ? h2i_buf_data(&parser->type) : "message",
        .data = h2i_buf_data(&parser->data),
        .data_len = h2i_buf_len(&parser->data),
        .id = h2i_buf_data(&parser->id),
    };
    return &sse->event;
}

/* From what is read; NULL, without an error: more is needed. */
static const h2client_sse_event *parse(h2client_sse *sse)
{
    size_t n;
    enum h2i_sse_result result =
        h2i_sse_parse(&sse->parser, sse->piece + sse->start, sse->end - sse->start, &n);

    sse->start += n;
    if (result == H2I_SSE_EVENT)
        return give_event(sse);
    if (result)
        sse->error =
            result == H2I_SSE_TOO_LONG ? H2CLIENT_ERROR_LINE_TOO_LONG : H2CLIENT_ERROR_NO_MEMORY;
    return NULL;
}

typedef h2client_error_code (*take_fn)(h2client_call *call, void *buf, size_t cap, size_t *n);

static bool is_passing(h2client_error_code code)
{
    return code == H2CLIENT_PENDING || code == H2CLIENT_ERROR_INTERRUPTED ||
           code == H2CLIENT_ERROR_REENTRANT;
}

static const h2client_sse_event *next(h2client_sse *sse, take_fn take)
{
    const h2client_sse_event *event = NULL;
    size_t n = 1;

    if (!sse)
        return NULL;
    if (is_passing(sse->error))
        sse->error = H2CLIENT_OK;
    while (!sse->error && n > 0 && !(event = parse(sse)) && !sse->error) {
        sse->error = take(sse->call, sse->piece, sizeof sse->piece, &n);
        sse->start = 0;
        sse->end = n;
        if (!sse->error)
            sse->error = check_head(sse);
    }
    return event;
}

const h2client_sse_event *h2client_sse_next(h2client_sse *sse)
{
    return next(sse, h2client_call_read);
}

const h2client_sse_event *h2client_sse_try_next(h2client_sse *sse)
{
    return next(sse, h2client_call_try_read);
}

h2client_error_code h2client_sse_error(const h2client_sse *sse)
{
    return sse ? sse->error : H2CLIENT_ERROR_NO_MEMORY;
}

const char *h2client_sse_last_id(const h2client_sse *sse)
{
    return sse ? h2i_buf_data(&sse->parser.id) : "";
}

int64_t h2client_sse_retry_ms(const h2client_sse *sse)
{
    return sse ? sse->parser.retry_ms : -1;
}
