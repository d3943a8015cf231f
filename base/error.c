/* SPDX-License-Identifier: MIT */
/* The names and texts of errors, phases, limits and HTTP/2 codes (RFC 9113 7). */
#include "h2client/error.h"

const char *h2client_error_name(h2client_error_code code)
{
    switch (code) {
#define NAME_CASE(name, value, exit_code, text) \
    case H2CLIENT_ERROR_##name:                 \
        return #name;
        H2CLIENT_ERROR_TABLE(NAME_CASE)
#undef NAME_CASE
    }
    return "unknown error";
}

const char *h2client_error_text(h2client_error_code code)
{
    switch (code) {
#define TEXT_CASE(name, value, exit_code, text) \
    case H2CLIENT_ERROR_##name:                 \
        return text;
        H2CLIENT_ERROR_TABLE(TEXT_CASE)
#undef TEXT_CASE
    }
    return "unknown error";
}

int h2client_error_exit_code(h2client_error_code code)
{
    switch (code) {
#define EXIT_CODE_CASE(name, value, exit_code, text) \
    case H2CLIENT_ERROR_##name:                      \
        return exit_code;
        H2CLIENT_ERROR_TABLE(EXIT_CODE_CASE)
#undef EXIT_CODE_CASE
    }
    return 2;
}

/* Most codes are of the class of their hundred. */
h2client_error_class h2client_error_classify(h2client_error_code code)
{
    static const h2client_error_class by_hundred[] = {
        H2CLIENT_ERROR_CLASS_NONE,       H2CLIENT_ERROR_CLASS_USAGE,
        H2CLIENT_ERROR_CLASS_DNS,        H2CLIENT_ERROR_CLASS_CONNECT,
        H2CLIENT_ERROR_CLASS_TLS,        H2CLIENT_ERROR_CLASS_TIMEOUT,
        H2CLIENT_ERROR_CLASS_CONNECTION, H2CLIENT_ERROR_CLASS_PROTOCOL,
        H2CLIENT_ERROR_CLASS_BODY,       H2CLIENT_ERROR_CLASS_PROTOCOL,
        H2CLIENT_ERROR_CLASS_BODY,       H2CLIENT_ERROR_CLASS_PROXY,
    };
    size_t hundred = (size_t)code / 100;

    switch (code) {
    case H2CLIENT_ERROR_NO_MEMORY:
    case H2CLIENT_ERROR_SYSTEM_FAILED:
    case H2CLIENT_ERROR_NO_DESCRIPTORS:
        return H2CLIENT_ERROR_CLASS_RESOURCES;
    case H2CLIENT_ERROR_CANCELLED:
    case H2CLIENT_ERROR_SESSION_CLOSED:
        return H2CLIENT_ERROR_CLASS_CANCELLED;
    case H2CLIENT_ERROR_STATUS:
        return H2CLIENT_ERROR_CLASS_STATUS;
    case H2CLIENT_ERROR_TOO_MANY_REDIRECTS:
    case H2CLIENT_ERROR_REDIRECT_REFUSED:
    case H2CLIENT_ERROR_REDIRECT_MALFORMED:
        return H2CLIENT_ERROR_CLASS_REDIRECT;
    default:
        return hundred < sizeof by_hundred / sizeof by_hundred[0] ? by_hundred[hundred]
                                                                  : H2CLIENT_ERROR_CLASS_USAGE;
    }
}

const char *h2client_error_class_name(h2client_error_class error_class)
{
    switch (error_class) {
#define CLASS_CASE(name, value, text) \
    case H2CLIENT_ERROR_CLASS_##name: \
        return text;
        H2CLIENT_ERROR_CLASS_TABLE(CLASS_CASE)
#undef CLASS_CASE
    }
    return "unknown";
}

const char *h2client_phase_name(h2client_phase phase)
{
    switch (phase) {
#define PHASE_CASE(name, value, text) \
    case H2CLIENT_PHASE_##name:       \
        return text;
        H2CLIENT_PHASE_TABLE(PHASE_CASE)
#undef PHASE_CASE
    }
    return "unknown";
}

static const char *pick(const char *const *names, size_t n, int64_t value)
{
    return value >= 0 && (uint64_t)value < n ? names[value] : "unknown";
}

const char *h2client_limit_name(h2client_limit limit)
{
    static const char *const names[] = {
        [H2CLIENT_LIMIT_NONE] = "none",
        [H2CLIENT_LIMIT_QUEUE] = "queue",
        [H2CLIENT_LIMIT_DNS] = "dns",
        [H2CLIENT_LIMIT_SOCK_CONNECT] = "sock connect",
        [H2CLIENT_LIMIT_TLS] = "tls",
        [H2CLIENT_LIMIT_CONNECT] = "connect",
        [H2CLIENT_LIMIT_WRITE_STALL] = "write stall",
        [H2CLIENT_LIMIT_FIRST_BYTE] = "first byte",
        [H2CLIENT_LIMIT_READ_IDLE] = "read idle",
        [H2CLIENT_LIMIT_TOTAL] = "total",
        [H2CLIENT_LIMIT_PROXY] = "proxy",
    };
    return pick(names, sizeof names / sizeof names[0], limit);
}

const char *h2client_replay_class_name(h2client_replay_class replay_class)
{
    static const char *const names[] = {
        [H2CLIENT_REPLAY_NONE] = "none",
        [H2CLIENT_REPLAY_NEVER_SENT] = "never_sent",
        [H2CLIENT_REPLAY_UNPROCESSED] = "unprocessed",
        [H2CLIENT_REPLAY_MAYBE_PROCESSED] = "maybe_processed",
    };
    return pick(names, sizeof names / sizeof names[0], replay_class);
}

const char *h2client_http2_code_name(int64_t http2_code)
{
    static const char *const names[] = {
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    };
    return pick(names, sizeof names / sizeof names[0], http2_code);
}
