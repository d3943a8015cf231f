/* SPDX-License-Identifier: MIT */
/* Uploads: the source is asked once more after the last declared byte, so that a body
 * that is longer than its content-length never passes for a whole one. */
#include "h2client/http/request_upload.h"

static struct h2i_upload_step failed(h2client_error_code code, const char *what)
{
    return (struct h2i_upload_step){H2I_BODY_FAILED, 0, code, what};
}

static struct h2i_upload_step unreadable(void)
{
    return failed(H2CLIENT_ERROR_UPLOAD_READ, "could not be read");
}

static enum h2i_body_result ask(struct h2i_exchange *exchange, void *buf, size_t cap, size_t *n)
{
    *n = 0;
    return exchange->events->read_body(exchange, buf, cap, n);
}

/* All declared bytes were read, the last n_read of them just now: the source has to say
 * so too, if not now then when it is asked again. */
static struct h2i_upload_step confirm_end(struct h2i_exchange *exchange, size_t n_read)
{
    char surplus;
    size_t n;
    enum h2i_body_result result = ask(exchange, &surplus, 1, &n);

    if (n > 0)
        return failed(H2CLIENT_ERROR_UPLOAD_LENGTH, "is longer than declared");
    if (result == H2I_BODY_FAILED)
        return unreadable();
    if (result == H2I_BODY_NOT_NOW && n_read > 0)
        result = H2I_BODY_MORE;
    return (struct h2i_upload_step){.result = result, .n = n_read};
}

struct h2i_upload_step h2i_upload_read(struct h2i_upload *upload, struct h2i_exchange *exchange,
                                       void *buf, size_t cap)
{
    int64_t declared = exchange->request->body_len;
    int64_t n_left = declared - upload->n_bytes;
    size_t n;

    if (declared >= 0 && n_left == 0)
        return confirm_end(exchange, 0);
    if (declared >= 0 && (uint64_t)n_left < cap)
        cap = (size_t)n_left;
    enum h2i_body_result result = ask(exchange, buf, cap, &n);
    if (!exchange->conn)
        return failed(H2CLIENT_ERROR_UPLOAD_READ, "is not wanted any more");
    if (result == H2I_BODY_FAILED)
        return unreadable();

    upload->n_bytes += (int64_t)n;
    if (result == H2I_BODY_MORE && upload->n_bytes == declared)
        return confirm_end(exchange, n);
    if (result == H2I_BODY_END && upload->n_bytes < declared)
        return failed(H2CLIENT_ERROR_UPLOAD_LENGTH, "is shorter than declared");
    return (struct h2i_upload_step){.result = result, .n = n};
}

/* RFC 9110 8.6. */
int64_t h2i_upload_declared(const struct h2i_request *request)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH"};

    if (h2i_upload_has_bytes(request))
        return request->trailers ? -1 : request->body_len;
    for (size_t i = 0; i < sizeof with_body / sizeof with_body[0]; i++) {
        if (strcmp(request->method, with_body[i]) == 0)
            return 0;
    }
    return -1;
}
