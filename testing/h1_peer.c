/* SPDX-License-Identifier: MIT */
/*
 * The scripted HTTP/1.1 server. Its parser is not the library's, and simple: what has come
 * is kept until a head, a chunk or a piece of a body is there whole.
 */
#include "h2client-testing/h1_peer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2client-testing/h2_peer.h"
#include "h2client-testing/raw_frames.h"

#define MAX_FIELDS 256

struct request {
    struct h2t_h1_seen seen; /* first */
    char *head;              /* the strings of seen point into it */
    h2client_header fields[MAX_FIELDS + 1];
    size_t n_fields;
    struct h2t_bytes body;
    struct h2t_bytes trailers;
    size_t n_left; /* of a body with a length */
    struct h2t_h1_reply reply;
};

struct h2t_h1_peer {
    struct h2t_h1_config config;
    struct request **requests;
    size_t n_requests;
    struct h2t_bytes in; /* not parsed yet */
    struct h2t_bytes out;
    size_t out_taken;
    bool is_leaving; /* when the output is out */
    char complaint[160];
    void (*on_output)(void *user);
    void *on_output_user;
};

static bool complain(struct h2t_h1_peer *peer, const char *what, const char *where)
{
    if (!peer->complaint[0])
        snprintf(peer->complaint, sizeof peer->complaint, "%s: %.100s", what, where);
    return false;
}

/* ---- answers ------------------------------------------------------------- */

static void add(struct h2t_h1_peer *peer, const char *text)
{
    h2t_bytes_add(&peer->out, text, strlen(text));
}

static void answer(struct h2t_h1_peer *peer, struct request *request,
                   const struct h2t_h1_reply *reply)
{
    request->seen.is_answered = true;
    add(peer, reply->text);
    for (size_t i = 0; i < reply->pattern_len; i++) {
        char byte = h2t_pattern_byte(i);
        h2t_bytes_add(&peer->out, &byte, 1);
    }
    peer->is_leaving = peer->is_leaving || reply->closes;
}

/* As far as the script lets it. */
static void answer_if_due(struct h2t_h1_peer *peer, struct request *request)
{
    const struct h2t_h1_reply *reply = &request->reply;

    if (!request->seen.is_answered && reply->text &&
        (request->seen.is_complete || !reply->waits_for_body))
        answer(peer, request, reply);
}

static void ask_script(struct h2t_h1_peer *peer, struct request *request)
{
    if (peer->config.on_request) {
        peer->config.on_request(peer, &request->seen, &request->reply, peer->config.user);
        return;
    }
    request->reply.waits_for_body = true;
    request->reply.text = strcmp(request->seen.method, "HEAD") == 0
                              ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                              : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
}

/* ---- heads --------------------------------------------------------------- */

static void consume(struct h2t_h1_peer *peer, size_t n)
{
    memmove(peer->in.data, peer->in.data + n, peer->in.len - n + 1); /* with its NUL */
    peer->in.len -= n;
}

/* Where these bytes begin in what came; -1: not yet. */
static ptrdiff_t find(const struct h2t_h1_peer *peer, const char *bytes)
{
    const uint8_t *found =
        peer->in.len ? memmem(peer->in.data, peer->in.len, bytes, strlen(bytes)) : NULL;

    return found ? found - peer->in.data : -1;
}

/* The line at *at, its end cut off; *at moves behind it. */
static char *next_line(char **at)
{
    char *line = *at;
    char *end = strstr(line, "\r\n");

    *end = 0;
    *at = end + 2;
    return line;
}

static bool parse_request_line(struct h2t_h1_peer *peer, struct request *request, char *line)
{
    char *path = strchr(line, ' ');
    char *version = path ? strchr(path + 1, ' ') : NULL;

    if (!version || strcmp(version, " HTTP/1.1") != 0 || path == line || version == path + 1)
        return complain(peer, "no request line", line);
    *path = *version = 0;
    request->seen.method = line;
    request->seen.path = path + 1;
    return true;
}

static bool parse_field(struct h2t_h1_peer *peer, struct request *request, char *line)
{
    char *colon = strstr(line, ": ");

    if (!colon || colon == line || request->n_fields == MAX_FIELDS)
        return complain(peer, "no field", line);
    *colon = 0;
    for (char *c = line; *c; c++) {
        if (isspace((unsigned char)*c))
            return complain(peer, "white space in a name", line);
        *c = (char)tolower((unsigned char)*c);
    }
    request->fields[request->n_fields++] = (h2client_header){line, colon + 2};
    return true;
}

/* RFC 9112 3.2, 6.1, 6.3: one host, and not two framings. */
static bool judge_head(struct h2t_h1_peer *peer, struct request *request)
{
    const char *length = h2t_field(request->fields, "content-length");
    const char *coding = h2t_field(request->fields, "transfer-encoding");
    unsigned n_hosts = 0;

    for (size_t i = 0; i < request->n_fields; i++)
        n_hosts += strcmp(request->fields[i].name, "host") == 0;
    if (n_hosts != 1)
        return complain(peer, "not one host", request->seen.path);
    if (coding && (length || strcmp(coding, "chunked") != 0))
        return complain(peer, "framing", coding);
    if (length && strspn(length, "0123456789") != strlen(length))
        return complain(peer, "length", length);
    request->seen.is_chunked = coding != NULL;
    request->n_left = length ? strtoul(length, NULL, 10) : 0;
    return true;
}

static bool parse_head(struct h2t_h1_peer *peer, struct request *request)
{
    char *at = request->head;

    if (!parse_request_line(peer, request, next_line(&at)))
        return false;
    while (*at) {
        if (!parse_field(peer, request, next_line(&at)))
            return false;
    }
    request->seen.fields = request->fields;
    return judge_head(peer, request);
}

static struct request *add_request(struct h2t_h1_peer *peer)
{
    struct request *request = calloc(1, sizeof *request);
    struct request **list =
        realloc(peer->requests, (peer->n_requests + 1) * sizeof(struct request *));

    if (!request || !list)
        abort();
    peer->requests = list;
    list[peer->n_requests++] = request;
    request->seen.body = request->seen.trailers = "";
    return request;
}

static struct request *last(const struct h2t_h1_peer *peer)
{
    return peer->n_requests ? peer->requests[peer->n_requests - 1] : NULL;
}

/* False: it is not there whole, or wrong. */
static bool take_head(struct h2t_h1_peer *peer)
{
    ptrdiff_t end = find(peer, "\r\n\r\n");
    struct request *request = last(peer);

    if (end < 0)
        return false;
    if (request && !request->seen.is_answered)
        return complain(peer, "a request before the answer to the one before", request->seen.path);
    request = add_request(peer);
    request->head = strndup((const char *)peer->in.data, (size_t)end + 2);
    if (!request->head)
        abort();
    if (strlen(request->head) != (size_t)end + 2)
        return complain(peer, "a NUL in a head", request->head);
    consume(peer, (size_t)end + 4);
    if (!parse_head(peer, request))
        return false;
    request->seen.is_complete = !request->seen.is_chunked && request->n_left == 0;
    ask_script(peer, request);
    answer_if_due(peer, request);
    return true;
}

/* ---- bodies -------------------------------------------------------------- */

static void take_bytes(struct h2t_h1_peer *peer, struct request *request, size_t at, size_t n)
{
    h2t_bytes_add(&request->body, peer->in.data + at, n);
    h2t_bytes_add(&request->body, "", 1);
    request->body.len--;
    request->seen.body = (const char *)request->body.data;
    request->seen.body_len = request->body.len;
}

static void complete(struct h2t_h1_peer *peer, struct request *request)
{
    request->seen.is_complete = true;
    answer_if_due(peer, request);
}

static bool take_counted(struct h2t_h1_peer *peer, struct request *request)
{
    size_t n = request->n_left < peer->in.len ? request->n_left : peer->in.len;

    if (n == 0)
        return false;
    take_bytes(peer, request, 0, n);
    consume(peer, n);
    request->n_left -= n;
    if (request->n_left == 0)
        complete(peer, request);
    return true;
}

/* Behind the last chunk: lines up to an empty one. `at`: past the chunk's size. */
static bool take_trailers(struct h2t_h1_peer *peer, struct request *request, size_t at)
{
    const char *begin = (const char *)peer->in.data + at, *end = begin;
    size_t left = peer->in.len - at;

    for (;;) {
        const char *line_end = memmem(end, left, "\r\n", 2);
        if (!line_end)
            return false;
        left -= (size_t)(line_end + 2 - end);
        if (line_end == end)
            break;
        if (!memmem(end, (size_t)(line_end - end), ": ", 2))
            return complain(peer, "a trailer", "no field");
        end = line_end + 2;
    }
    h2t_bytes_add(&request->trailers, begin, (size_t)(end - begin));
    h2t_bytes_add(&request->trailers, "", 1);
    request->seen.trailers = (const char *)request->trailers.data;
    consume(peer, (size_t)(end + 2 - (const char *)peer->in.data));
    complete(peer, request);
    return true;
}

/* RFC 9112 7.1, as we promise to write it: no zero before a size and no extension. */
static bool take_chunk(struct h2t_h1_peer *peer, struct request *request)
{
    ptrdiff_t line_len = find(peer, "\r\n");
    const char *line = (const char *)peer->in.data;

    if (line_len < 0)
        return false;
    size_t n_digits = strspn(line, "0123456789abcdef");
    size_t n = strtoul(line, NULL, 16);
    size_t at = (size_t)line_len + 2;
    if (n_digits != (size_t)line_len || n_digits == 0 || (line[0] == '0' && n_digits > 1))
        return complain(peer, "a chunk's size", "not as it should be written");
    if (n == 0)
        return take_trailers(peer, request, at);
    if (peer->in.len < at + n + 2)
        return false;
    if (memcmp(peer->in.data + at + n, "\r\n", 2) != 0)
        return complain(peer, "a chunk's end", "no CR LF");
    take_bytes(peer, request, at, n);
    consume(peer, at + n + 2);
    return true;
}

/* One thing taken from the input. False: nothing is there whole, or it is wrong. */
static bool take_one(struct h2t_h1_peer *peer)
{
    struct request *request = last(peer);

    if (peer->complaint[0])
        return false;
    if (!request || request->seen.is_complete)
        return take_head(peer);
    return request->seen.is_chunked ? take_chunk(peer, request) : take_counted(peer, request);
}

/* ---- public -------------------------------------------------------------- */

struct h2t_h1_peer *h2t_h1_peer_create(const struct h2t_h1_config *config)
{
    struct h2t_h1_peer *peer = calloc(1, sizeof *peer);

    if (!peer)
        abort();
    if (config)
        peer->config = *config;
    if (peer->config.greeting)
        add(peer, peer->config.greeting);
    return peer;
}

void h2t_h1_peer_destroy(struct h2t_h1_peer *peer)
{
    if (!peer)
        return;
    for (size_t i = 0; i < peer->n_requests; i++) {
        h2t_bytes_free(&peer->requests[i]->body);
        h2t_bytes_free(&peer->requests[i]->trailers);
        free(peer->requests[i]->head);
        free(peer->requests[i]);
    }
    free(peer->requests);
    h2t_bytes_free(&peer->in);
    h2t_bytes_free(&peer->out);
    free(peer);
}

bool h2t_h1_peer_receive(struct h2t_h1_peer *peer, const void *data, size_t len)
{
    h2t_bytes_add(&peer->in, data, len);
    while (take_one(peer))
        ;
    return !peer->complaint[0];
}

const char *h2t_h1_peer_complaint(const struct h2t_h1_peer *peer)
{
    return peer->complaint;
}

h2client_bytes h2t_h1_peer_output(struct h2t_h1_peer *peer)
{
    if (peer->out.len == 0)
        return (h2client_bytes){"", 0};
    return (h2client_bytes){(const char *)peer->out.data + peer->out_taken,
                            peer->out.len - peer->out_taken};
}

void h2t_h1_peer_output_taken(struct h2t_h1_peer *peer, size_t n)
{
    peer->out_taken += n;
    if (peer->out_taken == peer->out.len)
        peer->out.len = peer->out_taken = 0;
}

bool h2t_h1_peer_is_done(const struct h2t_h1_peer *peer)
{
    return peer->is_leaving && peer->out.len == 0;
}

void h2t_h1_peer_set_wake(struct h2t_h1_peer *peer, void (*on_output)(void *user), void *user)
{
    peer->on_output = on_output;
    peer->on_output_user = user;
}

static void tell_output(struct h2t_h1_peer *peer)
{
    if (peer->on_output)
        peer->on_output(peer->on_output_user);
}

void h2t_h1_peer_send(struct h2t_h1_peer *peer, const char *text)
{
    add(peer, text);
    tell_output(peer);
}

void h2t_h1_peer_answer(struct h2t_h1_peer *peer, const struct h2t_h1_reply *reply)
{
    answer(peer, last(peer), reply);
    tell_output(peer);
}

size_t h2t_h1_peer_n_requests(const struct h2t_h1_peer *peer)
{
    return peer->n_requests;
}

const struct h2t_h1_seen *h2t_h1_peer_request(const struct h2t_h1_peer *peer, size_t i)
{
    return i < peer->n_requests ? &peer->requests[i]->seen : NULL;
}
