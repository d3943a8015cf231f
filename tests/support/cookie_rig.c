/* SPDX-License-Identifier: MIT */
#include "tests/support/cookie_rig.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "h2client/transport.h"

void h2t_jar_init(struct h2t_jar *rig)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->now_s = H2T_NOW_S;
    rig->jar = h2client_cookie_jar_create(&rig->alloc.allocator);
    ck_assert_ptr_nonnull(rig->jar);
}

void h2t_jar_finish(struct h2t_jar *rig)
{
    h2client_cookie_jar_unref(rig->jar);
    h2t_alloc_check(&rig->alloc);
}

h2client_error_code h2t_jar_set(struct h2t_jar *rig, const char *url, const char *set_cookie)
{
    return h2client_cookie_jar_set(rig->jar, url, set_cookie, rig->now_s);
}

void h2t_jar_keep(struct h2t_jar *rig, const char *url, const char *set_cookie)
{
    if (h2t_jar_set(rig, url, set_cookie) != H2CLIENT_OK)
        ck_abort_msg("%s refused from %s", set_cookie, url);
}

void h2t_jar_refuse(struct h2t_jar *rig, const char *url, const char *set_cookie)
{
    if (h2t_jar_set(rig, url, set_cookie) != H2CLIENT_ERROR_INVALID_ARGUMENT)
        ck_abort_msg("%s not refused from %s", set_cookie, url);
}

void h2t_jar_keep_ith(struct h2t_jar *rig, const char *url, const char *name, int i,
                      const char *attributes)
{
    char field[200];

    (void)snprintf(field, sizeof field, "%s%d=1%s", name, i, attributes);
    h2t_jar_keep(rig, url, field);
}

bool h2t_jar_has(const struct h2t_jar *rig, const char *name)
{
    const h2client_cookie *cookie;

    for (size_t i = 0; (cookie = h2client_cookie_jar_get(rig->jar, i)) != NULL; i++)
        if (strcmp(cookie->name, name) == 0)
            return true;
    return false;
}

h2client_cookie_request h2t_jar_request(const struct h2t_jar *rig, const char *scheme,
                                        const char *host, const char *path)
{
    h2client_address address;

    return (h2client_cookie_request){
        .size = sizeof(h2client_cookie_request),
        .host = host,
        .path = path,
        .now_s = rig->now_s,
        .host_is_literal = h2client_address_parse(host, &address),
        .is_secure = strcmp(scheme, "https") == 0,
    };
}

static bool note_pair(void *sink, const char *name, size_t name_len, const char *value,
                      size_t value_len)
{
    struct h2i_text *text = sink;

    h2i_text_add(text, "%s%.*s%s%.*s", text->len ? "; " : "", (int)name_len, name,
                 name_len ? "=" : "", (int)value_len, value);
    return true;
}

const char *h2t_jar_sent(struct h2t_jar *rig, const char *scheme, const char *host,
                         const char *path)
{
    h2client_cookie_request request = h2t_jar_request(rig, scheme, host, path);
    struct h2i_text text = h2i_text(rig->sent, sizeof rig->sent);

    rig->jar->ops->select(rig->jar, &request, note_pair, &text);
    return rig->sent;
}

void h2t_jar_expect(struct h2t_jar *rig, const char *host, const char *path, const char *expected)
{
    ck_assert_msg(strcmp(h2t_jar_sent(rig, "https", host, path), expected) == 0, "%s%s: %s", host,
                  path, rig->sent);
}

bool h2t_take_if_it_fits(void *sink, const char *name, size_t name_len, const char *value,
                         size_t value_len)
{
    struct h2t_small_field *field = sink;

    (void)name;
    (void)value;
    field->n_asked++;
    if (name_len + value_len > field->room)
        return false;
    field->room -= name_len + value_len;
    field->n_taken++;
    return true;
}
