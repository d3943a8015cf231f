/* SPDX-License-Identifier: MIT */
#include "h2client/http/url_join.h"

/* The parts of a reference, RFC 3986 appendix B; absent ones have no data. */
struct parts {
    struct h2i_str scheme;
    struct h2i_str authority;
    struct h2i_str path;
    struct h2i_str query;
};

static size_t scheme_len(const char *text)
{
    size_t n = 0;

    if (!((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z')))
        return 0;
    while (h2i_is_digit(text[n]) || (h2i_lower(text[n]) >= 'a' && h2i_lower(text[n]) <= 'z') ||
           text[n] == '+' || text[n] == '-' || text[n] == '.')
        n++;
    return text[n] == ':' ? n : 0;
}

bool h2i_url_has_scheme(const char *reference)
{
    return scheme_len(reference) > 0;
}

const char *h2i_url_fragment(const char *reference)
{
    const char *hash = strchr(reference, '#');

    return hash ? hash + 1 : NULL;
}

static struct h2i_str take(const char **at, const char *end, const char *stops)
{
    const char *start = *at;

    while (*at < end && !strchr(stops, **at))
        (*at)++;
    return h2i_str(start, (size_t)(*at - start));
}

static struct parts split(const char *text)
{
    struct h2i_str trimmed = h2i_str_trim(h2i_str(text, strcspn(text, "#")));
    const char *at = trimmed.data, *end = at + trimmed.len;
    struct parts parts = {.scheme = h2i_str(NULL, 0)};
    size_t n = scheme_len(at);

    if (n && n < trimmed.len) {
        parts.scheme = h2i_str(at, n);
        at += n + 1;
    }
    if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
        at += 2;
        parts.authority = take(&at, end, "/?");
    }
    parts.path = take(&at, end, "?");
    if (at < end)
        parts.query = h2i_str(at + 1, (size_t)(end - at - 1));
    return parts;
}

/* RFC 3986 5.2.3: the reference's path, seen from the base's folder. */
static struct h2i_str folder_of(struct h2i_str path)
{
    while (path.len && path.data[path.len - 1] != '/')
        path.len--;
    return path.len ? path : h2i_str("/", 1);
}

/* ---- writing ---------------------------------------------------------------- */

struct out {
    char *text;
    size_t len;
    size_t path_start;
};

static void add(struct out *out, struct h2i_str piece)
{
    if (piece.len)
        memcpy(out->text + out->len, piece.data, piece.len);
    out->len += piece.len;
}

static void add_encoded(struct out *out, struct h2i_str piece)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < piece.len; i++) {
        unsigned char byte = (unsigned char)piece.data[i];
        if (byte != ' ' && byte < 0x80) {
            out->text[out->len++] = (char)byte;
            continue;
        }
        out->text[out->len++] = '%';
        out->text[out->len++] = digits[byte >> 4];
        out->text[out->len++] = digits[byte & 15];
    }
}

static void drop_segment(struct out *out)
{
    while (out->len > out->path_start && out->text[--out->len] != '/')
        ;
}

/* RFC 3986 5.2.4, a segment at a time; `first` and `rest` are one path. */
static void add_path(struct out *out, struct h2i_str first, struct h2i_str rest)
{
    struct h2i_str pieces[] = {first, rest};
    char *start = out->text + out->len;
    struct h2i_str path, segment;
    bool is_dots = false;

    out->path_start = out->len;
    add_encoded(out, pieces[0]);
    add_encoded(out, pieces[1]);
    path = h2i_str(start, out->len - out->path_start);
    out->len = out->path_start;
    while (path.len) { /* what is written never overtakes what is read */
        path = h2i_str(path.data + 1, path.len - 1);
        segment = h2i_str(path.data, 0);
        while (segment.len < path.len && path.data[segment.len] != '/')
            segment.len++;
        path = h2i_str(path.data + segment.len, path.len - segment.len);
        is_dots =
            h2i_str_equals(segment, h2i_str_of(".")) || h2i_str_equals(segment, h2i_str_of(".."));
        if (segment.len == 2 && is_dots)
            drop_segment(out);
        if (is_dots)
            continue;
        out->text[out->len++] = '/';
        memmove(out->text + out->len, segment.data, segment.len);
        out->len += segment.len;
    }
    if (is_dots || out->len == out->path_start)
        out->text[out->len++] = '/';
}

static void write_joined(struct out *out, const struct parts *base, const struct parts *ref)
{
    static const struct h2i_str nothing = {"", 0};
    bool has_authority = ref->authority.data != NULL;
    struct h2i_str query = ref->query;

    add(out, ref->scheme.data ? ref->scheme : base->scheme);
    add(out, h2i_str_of("://"));
    add(out, has_authority ? ref->authority : base->authority);
    if (!has_authority && ref->path.len == 0) {
        add_path(out, base->path, nothing);
        query = query.data ? query : base->query;
    } else if (ref->path.len == 0 || ref->path.data[0] == '/') {
        add_path(out, ref->path, nothing);
    } else {
        add_path(out, folder_of(base->path), ref->path);
    }
    if (query.data) {
        add(out, h2i_str_of("?"));
        add_encoded(out, query);
    }
    out->text[out->len] = 0;
}

static bool is_http(struct h2i_str scheme)
{
    return h2i_str_equals_nocase(scheme, h2i_str_of("http")) ||
           h2i_str_equals_nocase(scheme, h2i_str_of("https"));
}

const char *h2i_url_join(struct h2i_arena *arena, const char *base, const char *reference)
{
    struct parts of_base = split(base), of_reference = split(reference);
    struct out out = {.len = 0};

    if (of_reference.scheme.data && (!is_http(of_reference.scheme) || !of_reference.authority.data))
        return h2i_arena_copy_text(arena, reference, strlen(reference));
    out.text = h2i_arena_alloc(arena, 3 * (strlen(base) + strlen(reference)) + sizeof "://?/");
    if (!out.text)
        return NULL;
    write_joined(&out, &of_base, &of_reference);
    return out.text;
}
