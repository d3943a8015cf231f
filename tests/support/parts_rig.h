/* SPDX-License-Identifier: MIT */
/* Multipart bodies in memory: servers that take them, pull functions that give them, and what
 * is expected of what came. */
#ifndef H2T_PARTS_RIG_H
#define H2T_PARTS_RIG_H

#include "tests/support/facade_rig.h"

/* Refuses so many requests when they come, or sends them elsewhere when they have ended. */
struct h2t_parts_server {
    int n_refused;
    int n_redirected; /* by 307 ... */
    int status;       /* ... or by this */
    int n_seen;
};

/* A text that is pulled byte by byte. */
struct h2t_pulled {
    const char *text;
    size_t at;
    bool waits; /* says NOT_NOW before each byte, and the end */
    bool has_waited;
    bool fails; /* at its end */
    int n_rewound;
    int n_released;
};

#define H2T_PULLED(pulled, n_bytes)                                                         \
    H2CLIENT_BODY(.pull = h2t_pulled_pull, .release = h2t_pulled_release, .user = (pulled), \
                  .len = (n_bytes))

h2client_pull_result h2t_pulled_pull(void *buf, size_t cap, size_t *n, void *user);
void h2t_pulled_release(void *user);

/* The rig without a session yet, with that server; and with one. */
void h2t_parts_init(struct h2t_rig *rig, struct h2t_parts_server *server);
void h2t_parts_start(struct h2t_rig *rig, struct h2t_parts_server *server);
void h2t_parts_start_h1(struct h2t_rig *rig);
void h2t_parts_finish(struct h2t_rig *rig, h2client_call *call);
/* The ith file of the world. */
void h2t_parts_add_file(struct h2t_rig *rig, size_t i, const char *path, char *data, size_t len);
h2client_call *h2t_parts_post(struct h2t_rig *rig, const h2client_body *body);
/* "a", the file a.txt, and "b", six bytes that are pulled and can be rewound. */
h2client_call *h2t_parts_post_two(struct h2t_rig *rig, struct h2t_pulled *pulled);

/* The ith request of the first connection. */
const struct h2t_seen_request *h2t_parts_seen(const struct h2t_rig *rig, size_t i);
const char *h2t_parts_boundary(const h2client_header *fields);

void h2t_parts_expect_ok(h2client_call *call);
/* Its message has that text in it. */
void h2t_parts_expect_error(h2client_call *call, h2client_error_code code, const char *text);
/* A body in which each line that is "--" or "----" here has the boundary behind its first two
 * hyphens. */
void h2t_parts_expect_text(const h2client_header *fields, const char *body, size_t body_len,
                           const char *expected);
void h2t_parts_expect(const struct h2t_rig *rig, size_t i, const char *expected);
void h2t_parts_expect_length(const h2client_header *fields, size_t len);

#define H2T_TWO_PULLED                                                  \
    "--\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nfirst\r\n" \
    "--\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nsecond\r\n----\r\n"

#endif
