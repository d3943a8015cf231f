/* SPDX-License-Identifier: MIT */
/* SOCKS5 (RFC 1928) with user and password (RFC 1929). */
#include "base/fault.h"
#include "base/str.h"
#include "h2client/pool/tunnel_talk.h"

enum step { METHOD, LOGIN, REPLY, REPLY_NAME, REPLY_END };

enum { VERSION = 5, LOGIN_VERSION = 1, NO_LOGIN = 0, BY_PASSWORD = 2, NO_METHOD = 255 };
enum { CONNECT = 1, IPV4 = 1, NAME = 3, IPV6 = 4 };

#define MAX_TEXT 255

static void fail(struct h2i_tunnel_talk *talk, h2client_error_code code, const char *text)
{
    talk->fault = h2i_fault(code, "SOCKS5: %s", text);
    talk->n_wanted = 0;
}

static void fail_for_memory(struct h2i_tunnel_talk *talk)
{
    talk->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    talk->n_wanted = 0;
}

static void expect(struct h2i_tunnel_talk *talk, enum step step, size_t n)
{
    talk->step = step;
    talk->n_wanted = n;
}

static bool add_bytes(struct h2i_tunnel_talk *talk, const void *bytes, size_t n)
{
    return h2i_buf_append(&talk->out, bytes, n);
}

static bool add_byte(struct h2i_tunnel_talk *talk, unsigned value)
{
    unsigned char byte = (unsigned char)value;

    return add_bytes(talk, &byte, 1);
}

static bool add_text(struct h2i_tunnel_talk *talk, const char *text)
{
    return add_byte(talk, (unsigned)strlen(text)) && add_bytes(talk, text, strlen(text));
}

/* ---- what we say ---------------------------------------------------------------- */

bool h2i_socks5_begin(struct h2i_tunnel_talk *talk)
{
    const struct h2i_proxy *proxy = talk->params->proxy;
    bool has_login = proxy->user[0] != 0;

    if (strlen(proxy->user) > MAX_TEXT || strlen(proxy->password) > MAX_TEXT) {
        fail(talk, H2CLIENT_ERROR_PROXY_HANDSHAKE, "user or password above 255 bytes");
        return false;
    }
    if (!talk->params->address && strlen(talk->params->host) > MAX_TEXT) {
        fail(talk, H2CLIENT_ERROR_PROXY_HANDSHAKE, "a host name above 255 bytes");
        return false;
    }
    expect(talk, METHOD, 2);
    return add_byte(talk, VERSION) && add_byte(talk, has_login ? 2 : 1) &&
           add_byte(talk, NO_LOGIN) && (!has_login || add_byte(talk, BY_PASSWORD));
}

static bool say_login(struct h2i_tunnel_talk *talk)
{
    const struct h2i_proxy *proxy = talk->params->proxy;

    expect(talk, LOGIN, 2);
    return add_byte(talk, LOGIN_VERSION) && add_text(talk, proxy->user) &&
           add_text(talk, proxy->password);
}

static bool say_where(struct h2i_tunnel_talk *talk)
{
    const struct h2i_tunnel_params *params = talk->params;
    const h2client_address *address = params->address;

    expect(talk, REPLY, 4);
    if (!add_byte(talk, VERSION) || !add_byte(talk, CONNECT) || !add_byte(talk, 0))
        return false;
    if (!address) {
        if (!add_byte(talk, NAME) || !add_text(talk, params->host))
            return false;
    } else if (!add_byte(talk, address->family == 6 ? IPV6 : IPV4) ||
               !add_bytes(talk, address->bytes, address->family == 6 ? 16 : 4)) {
        return false;
    }
    return add_byte(talk, params->port >> 8) && add_byte(talk, params->port & 255);
}

/* ---- what the proxy says ----------------------------------------------------------- */

static bool take_method(struct h2i_tunnel_talk *talk, const unsigned char *bytes)
{
    if (bytes[0] != VERSION)
        fail(talk, H2CLIENT_ERROR_PROXY_HANDSHAKE, "it speaks another protocol");
    else if (bytes[1] == NO_METHOD)
        fail(talk, H2CLIENT_ERROR_PROXY_AUTH,
             talk->params->proxy->user[0] ? "no way to log in that it takes" : "a login is wanted");
    else if (bytes[1] == BY_PASSWORD && talk->params->proxy->user[0])
        return say_login(talk);
    else if (bytes[1] == NO_LOGIN)
        return say_where(talk);
    else
        fail(talk, H2CLIENT_ERROR_PROXY_HANDSHAKE, "it chose a method that was not offered");
    return true;
}

static bool take_login(struct h2i_tunnel_talk *talk, const unsigned char *bytes)
{
    if (bytes[1] == 0)
        return say_where(talk);
    fail(talk, H2CLIENT_ERROR_PROXY_AUTH, "the login is not taken");
    return true;
}

static void refuse(struct h2i_tunnel_talk *talk, unsigned reply)
{
    static const char *const reasons[] = {"",
                                          "general failure",
                                          "not allowed by its rules",
                                          "network unreachable",
                                          "host unreachable",
                                          "connection refused",
                                          "time to live expired",
                                          "it cannot connect",
                                          "it does not take such addresses"};
    char unknown[32];
    struct h2i_text text = h2i_text(unknown, sizeof unknown);

    h2i_text_add(&text, "reply %u", reply);
    fail(talk, H2CLIENT_ERROR_PROXY_REFUSED,
         reply < sizeof reasons / sizeof reasons[0] ? reasons[reply] : unknown);
}

/* Where it connects from is of no interest, but has to be read. */
static void take_reply(struct h2i_tunnel_talk *talk, const unsigned char *bytes)
{
    if (bytes[0] != VERSION)
        fail(talk, H2CLIENT_ERROR_PROXY_HANDSHAKE, "its reply is of another version");
    else if (bytes[1] != 0)
        refuse(talk, bytes[1]);
    else if (bytes[3] == IPV4)
        expect(talk, REPLY_END, 4 + 2);
    else if (bytes[3] == IPV6)
        expect(talk, REPLY_END, 16 + 2);
    else if (bytes[3] == NAME)
        expect(talk, REPLY_NAME, 1);
    else
        fail(talk, H2CLIENT_ERROR_PROXY_HANDSHAKE, "its reply has an address of no known type");
}

void h2i_socks5_take(struct h2i_tunnel_talk *talk, const unsigned char *bytes)
{
    bool has_memory = true;

    switch ((enum step)talk->step) {
    case METHOD:
        has_memory = take_method(talk, bytes);
        break;
    case LOGIN:
        has_memory = take_login(talk, bytes);
        break;
    case REPLY:
        take_reply(talk, bytes);
        break;
    case REPLY_NAME:
        expect(talk, REPLY_END, (size_t)bytes[0] + 2);
        break;
    case REPLY_END:
        talk->n_wanted = 0;
        break;
    }
    if (!has_memory)
        fail_for_memory(talk);
}
