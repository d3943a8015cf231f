/* SPDX-License-Identifier: MIT */
/* Bodies of requests: bytes, files, functions that are asked for bytes, bytes that are written
 * while the call runs, forms, JSON, parts. */
#ifndef H2CLIENT_BODY_H
#define H2CLIENT_BODY_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define H2CLIENT_LENGTH_UNKNOWN ((int64_t)-1)

typedef enum h2client_pull_result {
    H2CLIENT_PULL_MORE = 0,    /* *n bytes (>= 1) written, there may be more */
    H2CLIENT_PULL_END = 1,     /* *n bytes (0 is fine) written, that was all */
    H2CLIENT_PULL_NOT_NOW = 2, /* nothing yet (*n is not looked at): asked again after
                                  h2client_call_resume_upload */
    H2CLIENT_PULL_FAILED = 3   /* the call ends with UPLOAD_READ */
} h2client_pull_result;

/* Writes up to `cap` bytes of the body. `cap` is never 0. */
typedef h2client_pull_result (*h2client_pull_fn)(void *buf, size_t cap, size_t *n, void *user);
/* Goes back to the first byte, so that the request can be sent again. */
typedef bool (*h2client_rewind_fn)(void *user);
/* The library is done with the body; runs exactly once, before on_done. Never where
 * h2client_start returned NULL: the body is then the caller's as before. */
typedef void (*h2client_release_fn)(void *user);

/* A pair of a form, a query or the like. Lists of them end with a NULL name. */
typedef struct h2client_param {
    const char *name;
    const char *value; /* NULL: the name alone */
} h2client_param;

/*
 * One part of a multipart/form-data body (RFC 7578). Lists of them end with a NULL name. All of it
 * is copied when the call starts; of `body`, what h2client_body says.
 */
typedef struct h2client_part {
    /* Of the field. UTF-8, which is not checked; quotes, CR and LF go out as %22, %0D and %0A,
     * as browsers send them. */
    const char *name;
    /* What the receiver is to call it, escaped like the name, otherwise as it is; NULL: a field,
     * not a file. H2CLIENT_FILENAME_OF_PATH: the last part of the path of its body, which is a
     * file. */
    const char *filename;
    /* NULL: what its body says (JSON); otherwise application/octet-stream with a filename, none
     * without. */
    const char *content_type;
    /* More fields of this part, or NULL. Checked like a request's; content-disposition is
     * HEADER_FORBIDDEN here, content-type stands for the one above. */
    const struct h2client_header *headers;
    /* data, file, pull, form or json, with a release function of its own if need be; NULL:
     * empty. written and parts are INVALID_ARGUMENT. */
    const struct h2client_body *body;
} h2client_part;

#define H2CLIENT_FILENAME_OF_PATH "/"

struct json_t;

/*
 * Where a request's body comes from: exactly one of data, file, pull, form, json, written and
 * parts.
 * Use the macros below. The struct itself is copied when the call starts.
 */
typedef struct h2client_body {
    H2CLIENT_SIZE_MEMBER(h2client_body);
    /* Bytes. Copied, unless `release` is set: then they are used where they are
     * until it runs. */
    const void *data;
    /* A path. Opened when the call starts, read as the peer takes it, with its
     * length as content-length where it has one. */
    const char *file;
    /* A function that is asked for bytes when the peer has room for them. */
    h2client_pull_fn pull;
    h2client_rewind_fn rewind; /* with pull; NULL: the body goes out once at most */
    h2client_release_fn release;
    void *user; /* for the three functions */
    /* Of data: its length. Of the others: what content-length declares, or, where it
     * is 0 or H2CLIENT_LENGTH_UNKNOWN, nothing (file: its size). A source that turns out
     * shorter or longer than that ends the call with UPLOAD_LENGTH and never counts as a
     * whole request. */
    int64_t len;
    /* application/x-www-form-urlencoded, made when the call starts. */
    const h2client_param *form;
    /* A value of jansson's, written when the call starts; the reference stays the caller's.
     * Needs the feature "json". */
    struct json_t *json;
    /* The field content-type, where the caller's headers have none. form, json and parts bring
     * their own; nothing is said for the others. With parts it replaces multipart/form-data,
     * and the boundary is put behind it. */
    const char *content_type;
    /* ON: the caller writes it while the call runs: h2client_call_write, try_write and finish
     * (call.h). It goes out once at most: a request whose first byte the server may have is
     * not sent again. */
    h2client_switch written;
    int32_t reserved; /* 0 */
    /*
     * multipart/form-data. Files are opened when the call starts, all of them, and read as the
     * peer takes them; a part's pull function is asked when it is its turn. content-length is
     * the exact sum where the length of every part is known. The boundary is random; no part is
     * searched for it. A content-type among the call's own headers would lack it and is
     * HEADER_INVALID.
     * A part that cannot be read ends the call with UPLOAD_READ, one that is longer or shorter
     * than its length with UPLOAD_LENGTH; the message names it. It can be sent again if each
     * part can.
     */
    const h2client_part *parts;
} h2client_body;

#ifndef __cplusplus
#define H2CLIENT_BODY(...) (&(const h2client_body){__VA_ARGS__, .size = sizeof(h2client_body)})
#define H2CLIENT_BYTES(bytes, n_bytes) H2CLIENT_BODY(.data = (bytes), .len = (int64_t)(n_bytes))
#define H2CLIENT_TEXT(text) H2CLIENT_BYTES(text, strlen(text)) /* needs <string.h> */
#define H2CLIENT_FILE(path) H2CLIENT_BODY(.file = (path), .len = H2CLIENT_LENGTH_UNKNOWN)
#define H2CLIENT_PULL(pull_fn, user_data, n_bytes) \
    H2CLIENT_BODY(.pull = (pull_fn), .user = (user_data), .len = (n_bytes))
/* Of n_bytes, or of as many as come (H2CLIENT_LENGTH_UNKNOWN). */
#define H2CLIENT_WRITTEN(n_bytes) H2CLIENT_BODY(.written = H2CLIENT_ON, .len = (n_bytes))
/* .body = H2CLIENT_FORM({"name", "value"}, {"more", "2"}) */
#define H2CLIENT_FORM(...) H2CLIENT_BODY(.form = H2CLIENT_PARAMS(__VA_ARGS__))
#define H2CLIENT_JSON(value) H2CLIENT_BODY(.json = (value))
/*
 * .body = H2CLIENT_MULTIPART(H2CLIENT_FIELD_PART("name", "text"),
 *                            H2CLIENT_FILE_PART("photo", "trip/sea.jpg"),
 *                            {.name = "log", .body = H2CLIENT_PULL(read_log, log, -1)})
 */
#define H2CLIENT_MULTIPART(...) H2CLIENT_BODY(.parts = H2CLIENT_PARTS(__VA_ARGS__))
#define H2CLIENT_FIELD_PART(field_name, text)             \
    {                                                     \
        .name = (field_name), .body = H2CLIENT_TEXT(text) \
    }
#define H2CLIENT_FILE_PART(field_name, path)                                                     \
    {                                                                                            \
        .name = (field_name), .filename = H2CLIENT_FILENAME_OF_PATH, .body = H2CLIENT_FILE(path) \
    }
#define H2CLIENT_PARTS(...) ((const h2client_part[]){__VA_ARGS__, {.name = NULL}})
#define H2CLIENT_PARAMS(...) ((const h2client_param[]){__VA_ARGS__, {NULL, NULL}})
#endif

#ifdef __cplusplus
}
#endif

#endif
