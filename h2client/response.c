/* SPDX-License-Identifier: MIT */
#include "h2client/response.h"

#include "h2client/call_internal.h"

static const h2client_header no_headers[] = {{NULL, NULL}};

int h2client_response_status(const h2client_response *resp)
{
    return resp ? resp->status : 0;
}

const char *h2client_response_http_version(const h2client_response *resp)
{
    return resp ? resp->http_version : "";
}

const h2client_header *h2client_response_headers(const h2client_response *resp)
{
    return resp ? resp->headers : no_headers;
}

const char *h2client_response_header(const h2client_response *resp, const char *name)
{
    return resp && name ? h2i_fields_find(resp->headers, name) : NULL;
}

const h2client_header *h2client_response_trailers(const h2client_response *resp)
{
    return resp ? resp->trailers : no_headers;
}

const char *h2client_response_trailer(const h2client_response *resp, const char *name)
{
    return resp && name ? h2i_fields_find(resp->trailers, name) : NULL;
}

h2client_bytes h2client_response_body(const h2client_response *resp)
{
    h2client_bytes none = {"", 0};

    if (!resp || !resp->body || h2i_buf_len(resp->body) == 0)
        return none;
    return (h2client_bytes){h2i_buf_data(resp->body), h2i_buf_len(resp->body)};
}

int64_t h2client_response_content_length(const h2client_response *resp)
{
    return resp ? resp->content_length : -1;
}
