/* SPDX-License-Identifier: MIT */
/* CONNECT over HTTP/1.1: a request line, the host, the login, and nothing else of the call's. */
#include "base/fault.h"
#include "base/str.h"
#include "base/arena.h"
#include "h2client/pool/tunnel_talk.h"

#define MAX_CHALLENGES 8
#define ARENA_BLOCK_BYTES 1024

static bool add(struct h2i_buf *out, const char *text)
{
    return h2i_buf_append(out, text, strlen(text));
}

const char *h2i_tunnel_target(const struct h2i_tunnel_params *params,
                              char buf[H2I_TUNNEL_TARGET_MAX])
{
    bool is_ipv6 = params->host_is_literal && strchr(params->host, ':');
    struct h2i_text text = h2i_text(buf, H2I_TUNNEL_TARGET_MAX);

    h2i_text_add(&text, "%s%s%s:%u", is_ipv6 ? "[" : "", params->host, is_ipv6 ? "]" : "",
                 params->port);
    return buf;
}

static bool add_login(struct h2i_buf *out, const char *authorization)
{
    return !authorization ||
           (add(out, "Proxy-Authorization: ") && add(out, authorization) && add(out, "\r\n"));
}

bool h2i_connect_begin(struct h2i_tunnel_talk *talk)
{
    struct h2i_buf *out = &talk->out;
    char target[H2I_TUNNEL_TARGET_MAX];

    h2i_tunnel_target(talk->params, target);
    talk->n_wanted = 1;
    return add(out, "CONNECT ") && add(out, target) && add(out, " HTTP/1.1\r\nHost: ") &&
           add(out, target) && add(out, "\r\n") && add_login(out, talk->params->authorization) &&
           add(out, "\r\n");
}

/* "HTTP/1.1 200 ...": 0 where it is something else. */
static int status_of(struct h2i_str head)
{
    static const char prefix[] = "HTTP/1.";
    size_t at = sizeof prefix; /* behind the minor version */
    uint64_t status;

    if (head.len < at + 4 || memcmp(head.data, prefix, at - 1) != 0 ||
        !h2i_is_digit(head.data[at - 1]) || head.data[at] != ' ')
        return 0;
    if (!h2i_str_parse_uint(h2i_str(head.data + at + 1, 3), 599, &status) || status < 100)
        return 0;
    return (int)status;
}

h2client_fault h2i_tunnel_refusal(int status, bool had_login)
{
    if (status == 407)
        return h2i_fault(H2CLIENT_ERROR_PROXY_AUTH, "status 407, %s",
                         had_login ? "the login is not taken" : "a login is wanted");
    return h2i_fault(H2CLIENT_ERROR_PROXY_REFUSED, "status %d", status);
}

/* Of the head, those fields that ask for a login; the rest is of no interest. */
static void tell_challenges(const struct h2i_tunnel_params *params,
                            const h2client_allocator *allocator, struct h2i_str head)
{
    h2client_header fields[MAX_CHALLENGES + 1] = {{NULL, NULL}};
    struct h2i_arena arena;
    struct h2i_str line, name;
    size_t n = 0;

    h2i_arena_init(&arena, allocator, ARENA_BLOCK_BYTES);
    while (n < MAX_CHALLENGES && h2i_str_split(&head, '\n', &line)) {
        if (!h2i_str_split(&line, ':', &name) ||
            !h2i_str_equals_nocase(name, h2i_str_of("proxy-authenticate")))
            continue;
        line.len -= line.len > 0 && line.data[line.len - 1] == '\r';
        line = h2i_str_trim(line);
        fields[n].value = h2i_arena_copy_text(&arena, line.data, line.len);
        if (fields[n].value)
            fields[n++].name = "proxy-authenticate";
    }
    params->on_challenge(fields, params->user);
    h2i_arena_finish(&arena);
}

static void judge(struct h2i_tunnel_talk *talk)
{
    struct h2i_str head = h2i_str(h2i_buf_data(&talk->answer), h2i_buf_len(&talk->answer));
    int status = status_of(head);

    if (status == 407 && talk->params->on_challenge)
        tell_challenges(talk->params, talk->answer.allocator, head);
    h2i_buf_clear(&talk->answer, 0);
    if (status / 100 == 1 && status != 101) /* the final one is still to come */
        return;
    talk->n_wanted = 0;
    if (status / 100 == 2)
        return;
    if (status == 0)
        talk->fault = h2i_fault(H2CLIENT_ERROR_PROXY_HANDSHAKE, "it does not speak HTTP/1.1");
    else
        talk->fault = h2i_tunnel_refusal(status, talk->params->authorization != NULL);
}

static bool is_end(const struct h2i_buf *answer)
{
    const char *data = h2i_buf_data(answer);
    size_t len = h2i_buf_len(answer);

    return (len >= 4 && memcmp(data + len - 4, "\r\n\r\n", 4) == 0) ||
           (len >= 2 && memcmp(data + len - 2, "\n\n", 2) == 0);
}

void h2i_connect_take(struct h2i_tunnel_talk *talk, const unsigned char *bytes)
{
    if (h2i_buf_len(&talk->answer) == H2I_TUNNEL_MAX_ANSWER) {
        talk->fault = h2i_fault(H2CLIENT_ERROR_PROXY_HANDSHAKE, "its answer has more than %d bytes",
                                H2I_TUNNEL_MAX_ANSWER);
        talk->n_wanted = 0;
    } else if (!h2i_buf_append(&talk->answer, bytes, 1)) {
        talk->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        talk->n_wanted = 0;
    } else if (is_end(&talk->answer)) {
        judge(talk);
    }
}
