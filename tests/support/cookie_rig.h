/* SPDX-License-Identifier: MIT */
/* A cookie jar on a counting allocator, and requests that come by it. */
#ifndef H2T_COOKIE_RIG_H
#define H2T_COOKIE_RIG_H

#include "h2client/cookies.h"
#include "tests/support/test_alloc.h"

#define H2T_NOW_S INT64_C(1793000000) /* 2026-10-26 07:33:20 UTC */

struct h2t_jar {
    struct h2t_alloc alloc;
    h2client_cookie_jar *jar;
    int64_t now_s;
    char sent[1 << 14]; /* what the last request took with it: "a=1; b=2" */
};

void h2t_jar_init(struct h2t_jar *rig);
/* Destroys the jar; fails the test when something is left of it. */
void h2t_jar_finish(struct h2t_jar *rig);

/* A response of `url` has that field; it must be kept, or be refused, in the other two. */
H2CLIENT_MUST_USE h2client_error_code h2t_jar_set(struct h2t_jar *rig, const char *url,
                                                  const char *set_cookie);
void h2t_jar_keep(struct h2t_jar *rig, const char *url, const char *set_cookie);
void h2t_jar_refuse(struct h2t_jar *rig, const char *url, const char *set_cookie);
/* Keeps "<name><i>=1<attributes>". */
void h2t_jar_keep_ith(struct h2t_jar *rig, const char *url, const char *name, int i,
                      const char *attributes);
bool h2t_jar_has(const struct h2t_jar *rig, const char *name);

h2client_cookie_request h2t_jar_request(const struct h2t_jar *rig, const char *scheme,
                                        const char *host, const char *path);
/* What goes with such a request. */
const char *h2t_jar_sent(struct h2t_jar *rig, const char *scheme, const char *host,
                         const char *path);
/* What goes with one over https is this. */
void h2t_jar_expect(struct h2t_jar *rig, const char *host, const char *path, const char *expected);

/* A field with that much room for names and values. */
struct h2t_small_field {
    size_t room;
    size_t n_asked;
    size_t n_taken;
};
bool h2t_take_if_it_fits(void *field, const char *name, size_t name_len, const char *value,
                         size_t value_len);

/* A number to draw from; the state starts as h2t_seed(). */
static inline uint64_t h2t_draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

#endif
