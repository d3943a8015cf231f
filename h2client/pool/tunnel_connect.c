/* SPDX-License-Identifier: MIT */
/* CONNECT over HTTP/1.1: a request line, the host, the login, and nothing else of the call's. */
#include "base/fault.h"
#include "base/str.h"
#include "h2client/pool/tunnel_talk.h"

static bool add(struct h2i_buf *out, const char *text)
{
    return h2i_buf_append(out, text, strlen(text));
}

static bool add_authority(struct h2i_buf *out, const struct h2i_tunnel_params *params)
{
    bool is_ipv6 = params->host_is_literal && strchr(params->host, ':');
    char port[8];
    struct h2i_text text = h2i_text(port, sizeof port);

    h2i_text_add(&text, ":%u", params->port);
    return add(out, is_ipv6 ? "[" : "") && add(out, params->host) && add(out, is_ipv6 ? "]" : "") &&
           add(out, port);
}

static bool add_login(struct h2i_buf *out, const struct h2i_proxy *proxy)
{
    return !proxy->authorization || (add(out, "Proxy-Authorization: ") &&
                                     add(out, proxy->authorization) && add(out, "\r\n"));
}

bool h2i_connect_begin(struct h2i_tunnel_talk *talk)
{
    struct h2i_buf *out = &talk->out;
    const struct h2i_tunnel_params *params = talk->params;

    talk->n_wanted = 1;
    return add(out, "CONNECT ") && add_authority(out, params) && add(out, " HTTP/1.1\r\nHost: ") &&
           add_authority(out, params) && add(out, "\r\n") && add_login(out, params->proxy) &&
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

static void judge(struct h2i_tunnel_talk *talk)
{
    struct h2i_str head = h2i_str(h2i_buf_data(&talk->answer), h2i_buf_len(&talk->answer));
    int status = status_of(head);

    h2i_buf_clear(&talk->answer, 0);
    if (status / 100 == 1 && status != 101) /* the final one is still to come */
        return;
    talk->n_wanted = 0;
    if (status / 100 == 2)
        return;
    if (status == 0)
        talk->fault = h2i_fault(H2CLIENT_ERROR_PROXY_HANDSHAKE, "it does not speak HTTP/1.1");
    else
        talk->fault = h2i_tunnel_refusal(status, talk->params->proxy->authorization != NULL);
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
