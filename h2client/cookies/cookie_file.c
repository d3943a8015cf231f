/* SPDX-License-Identifier: MIT */
/*
 * The Netscape format of cookie files, as text: reading and writing files is the caller's.
 *
 * A line has seven fields with tabs between them: domain, whether hosts below it are meant,
 * path, whether https is needed, end (seconds since 1970, 0: with its session), name, value.
 * SameSite has no place in it. Domains that all below it are meant for begin with a dot, for
 * readers that look at nothing else; ours looks at the second field only.
 */
#include "h2client/cookies/cookie_jar.h"

#include <stdio.h>

#include "h2client/cookies/public_suffix.h"
#include "h2client/transport.h"

#define HTTP_ONLY_PREFIX "#HttpOnly_"
#define N_FIELDS 7

enum field { DOMAIN, BELOW, PATH, SECURE, END, NAME, VALUE };

/* ---- import -------------------------------------------------------------- */

/* The last field is all that is left: values may hold tabs. */
static bool split_line(struct h2i_str line, struct h2i_str fields[N_FIELDS])
{
    for (size_t i = 0; i + 1 < N_FIELDS; i++) {
        const char *tab = line.len ? memchr(line.data, '\t', line.len) : NULL;
        if (!tab)
            return false;
        fields[i] = h2i_str(line.data, (size_t)(tab - line.data));
        line = h2i_str(tab + 1, line.len - fields[i].len - 1);
    }
    fields[VALUE] = line;
    return true;
}

static bool read_flag(struct h2i_str text, bool *flag)
{
    *flag = h2i_str_equals_nocase(text, h2i_str_of("true"));
    return *flag || h2i_str_equals_nocase(text, h2i_str_of("false"));
}

/* What is too large saturates. */
static bool read_end(struct h2i_str text, int64_t now_s, int64_t *expires_s)
{
    uint64_t end_s;

    for (size_t i = 0; i < text.len; i++)
        if (!h2i_is_digit(text.data[i]))
            return false;
    if (text.len == 0)
        return false;
    if (!h2i_str_parse_uint(text, INT64_MAX, &end_s))
        end_s = INT64_MAX;
    *expires_s = end_s ? h2i_cookie_clamp_expiry((int64_t)end_s, now_s) : H2I_COOKIE_IS_SESSION;
    return true;
}

/* `place` holds it. A file may not say what no server could have said. */
static bool read_domain(struct h2i_cookie_draft *draft, struct h2i_str text,
                        char place[H2I_COOKIE_HOST_CAP])
{
    h2client_address address;

    if (text.len > 0 && text.data[0] == '.')
        text = h2i_str(text.data + 1, text.len - 1);
    if (!h2i_cookie_canonical_host(text, place))
        return false;
    draft->domain = h2i_str_of(place);
    draft->domain_is_literal = h2client_address_parse(place, &address);
    return draft->is_host_only || (!draft->domain_is_literal && h2i_registrable_domain(place));
}

static bool read_path(struct h2i_cookie_draft *draft, struct h2i_str text)
{
    draft->path = text;
    return text.len > 0 && text.data[0] == '/' && text.len <= H2I_COOKIE_MAX_ATTRIBUTE_LEN &&
           !h2i_cookie_has_control(text);
}

static bool read_line(struct h2i_str line, int64_t now_s, struct h2i_cookie_draft *draft,
                      char domain[H2I_COOKIE_HOST_CAP])
{
    struct h2i_str prefix = h2i_str_of(HTTP_ONLY_PREFIX), fields[N_FIELDS];
    bool is_for_all_below;

    *draft = (struct h2i_cookie_draft){0};
    draft->is_http_only =
        line.len >= prefix.len && h2i_str_equals(h2i_str(line.data, prefix.len), prefix);
    if (draft->is_http_only)
        line = h2i_str(line.data + prefix.len, line.len - prefix.len);
    if (!split_line(line, fields) || !read_flag(fields[BELOW], &is_for_all_below))
        return false;
    draft->is_host_only = !is_for_all_below;
    draft->name = fields[NAME];
    draft->value = fields[VALUE];
    return read_domain(draft, fields[DOMAIN], domain) && read_path(draft, fields[PATH]) &&
           read_flag(fields[SECURE], &draft->is_secure) &&
           read_end(fields[END], now_s, &draft->expires_s) &&
           h2i_cookie_pair_is_fine(draft->name, draft->value) &&
           h2i_cookie_keeps_its_prefix(draft, draft->path.len == 1);
}

static bool is_skipped(struct h2i_str line)
{
    size_t prefix_len = strlen(HTTP_ONLY_PREFIX);

    if (h2i_str_trim(line).len == 0)
        return true;
    return line.data[0] == '#' &&
           (line.len < prefix_len || memcmp(line.data, HTTP_ONLY_PREFIX, prefix_len) != 0);
}

static bool import_line(struct h2i_cookie_store *store, struct h2i_str line, int64_t now_s,
                        bool *is_bad)
{
    struct h2i_cookie_draft draft;
    char domain[H2I_COOKIE_HOST_CAP];

    *is_bad = false;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (is_skipped(line))
        return true;
    *is_bad = !read_line(line, now_s, &draft, domain);
    if (*is_bad || h2i_cookie_is_past(draft.expires_s, now_s))
        return true;
    return h2i_cookie_store_put(store, &draft, now_s);
}

h2client_error_code h2client_cookie_jar_import(h2client_cookie_jar *jar, const char *text,
                                               size_t len, int64_t now_s, size_t *bad_line)
{
    struct h2i_cookie_store *store = h2i_cookie_jar_store(jar);
    struct h2i_str rest = h2i_str(text, len), line;
    size_t n_lines = 0, first_bad = 0;
    bool is_bad;

    if (bad_line)
        *bad_line = 0;
    if (!store || (!text && len > 0))
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    while (h2i_str_split(&rest, '\n', &line)) {
        n_lines++;
        if (!import_line(store, line, now_s, &is_bad))
            return H2CLIENT_ERROR_NO_MEMORY;
        if (is_bad && first_bad == 0)
            first_bad = n_lines;
    }
    if (bad_line)
        *bad_line = first_bad;
    return H2CLIENT_OK;
}

/* ---- export -------------------------------------------------------------- */

/* What does not fit is counted. */
struct writer {
    char *buf;
    size_t cap;
    size_t len;
};

static void put(struct writer *writer, struct h2i_str text)
{
    size_t room = writer->len < writer->cap ? writer->cap - writer->len : 0;
    size_t n = text.len < room ? text.len : room;

    if (n > 0)
        memcpy(writer->buf + writer->len, text.data, n);
    writer->len += text.len;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, h2i_str_of(text));
}

static void put_field(struct writer *writer, struct h2i_str text)
{
    put(writer, text);
    put_text(writer, "\t");
}

static void put_flag(struct writer *writer, bool flag)
{
    put_text(writer, flag ? "TRUE\t" : "FALSE\t");
}

static void put_cookie(struct writer *writer, const struct h2i_cookie *cookie)
{
    const h2client_cookie *seen = &cookie->seen;
    bool is_session = seen->expires_s == H2I_COOKIE_IS_SESSION;
    char end[24];

    (void)snprintf(end, sizeof end, "%lld\t", is_session ? 0LL : (long long)seen->expires_s);
    put_text(writer, seen->is_http_only ? HTTP_ONLY_PREFIX : "");
    put_text(writer, seen->is_host_only ? "" : ".");
    put_field(writer, cookie->domain);
    put_flag(writer, !seen->is_host_only);
    put_field(writer, cookie->path);
    put_flag(writer, seen->is_secure);
    put_text(writer, end);
    put_field(writer, cookie->name);
    put(writer, cookie->value);
    put_text(writer, "\n");
}

/* Only the value has a field that may hold tabs. */
static bool can_be_written(const struct h2i_cookie *cookie)
{
    return !memchr(cookie->name.data, '\t', cookie->name.len) &&
           !memchr(cookie->path.data, '\t', cookie->path.len);
}

size_t h2client_cookie_jar_export(const h2client_cookie_jar *jar, int64_t now_s, char *buf,
                                  size_t cap)
{
    const struct h2i_cookie_store *store = h2i_cookie_jar_view(jar);
    struct writer writer = {buf, cap, 0};

    if (store)
        put_text(&writer, "# Netscape HTTP Cookie File\n\n");
    for (size_t i = 0; store && i < store->n_cookies; i++) {
        const struct h2i_cookie *cookie = store->by_creation[i];
        if (!h2i_cookie_has_expired(cookie, now_s) && can_be_written(cookie))
            put_cookie(&writer, cookie);
    }
    if (writer.len < cap)
        buf[writer.len] = 0;
    return writer.len;
}
