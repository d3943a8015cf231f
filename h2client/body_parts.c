/* SPDX-License-Identifier: MIT */
#include "h2client/body_parts.h"

#include "base/fault.h"
#include "h2client/payload/multipart.h"

/* Of a part's name, in an error. */
#define MAX_SHOWN_NAME 60

struct part {
    const char *name;
    struct h2i_str head; /* with the end of the part before it */
    struct h2i_body_source source;
};

struct h2i_body_parts {
    struct part *list; /* n, and one more whose head ends the body and whose source is NONE */
    size_t n;
    size_t current; /* <= n */
    size_t n_head;  /* bytes taken of its head */
};

/* ---- errors -------------------------------------------------------------------- */

static void name_part(struct h2i_text *text, const char *name)
{
    size_t len = strlen(name);

    h2i_text_add(text, "part \"");
    h2i_text_add_untrusted(text, name, len < MAX_SHOWN_NAME ? len : MAX_SHOWN_NAME);
    h2i_text_add(text, "\": ");
}

static enum h2i_body_result fail(struct h2i_body_source *whole, const struct part *part,
                                 const h2client_fault *fault)
{
    struct h2i_text text = h2i_text(whole->fault.text, sizeof whole->fault.text);

    whole->fault = *fault;
    if (!fault->text[0])
        return H2I_BODY_FAILED;
    name_part(&text, part->name);
    h2i_text_add(&text, "%s", fault->text);
    return H2I_BODY_FAILED;
}

/* ---- opening ------------------------------------------------------------------- */

struct h2i_body_parts *h2i_parts_adopt(struct h2i_arena *arena, const h2client_part *list)
{
    struct h2i_body_parts *parts = h2i_arena_alloc_zeroed(arena, sizeof *parts);
    size_t n = 0, n_bytes;

    while (list[n].name)
        n++;
    if (!parts || !h2i_size_mul(n + 1, sizeof *parts->list, &n_bytes))
        return NULL;
    parts->list = h2i_arena_alloc_zeroed(arena, n_bytes);
    if (!parts->list)
        return NULL;
    parts->n = n;
    for (size_t i = 0; i < n; i++)
        if (!h2i_source_adopt(&parts->list[i].source, arena, list[i].body))
            return NULL;
    return parts;
}

/* RFC 7578 4.2: of a path its last part only. */
static h2client_error_code choose_filename(h2client_part *known,
                                           const struct h2i_body_source *source,
                                           struct h2i_text *why)
{
    const char *slash;

    if (!known->filename || strcmp(known->filename, H2CLIENT_FILENAME_OF_PATH) != 0)
        return H2CLIENT_OK;
    if (source->kind != H2I_SOURCE_FILE) {
        h2i_text_add(why, "its filename is meant to be a path's, and its body is no file");
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    slash = strrchr(source->path, '/');
    known->filename = slash ? slash + 1 : source->path;
    return H2CLIENT_OK;
}

static h2client_error_code open_part(struct part *part, struct h2i_arena *arena,
                                     h2client_system *system, const h2client_part *given,
                                     struct h2i_text *why)
{
    struct h2i_body_source *source = &part->source;
    h2client_error_code code = h2i_source_open(source, arena, system, given->body, why);

    if (!code && (source->kind == H2I_SOURCE_PARTS || source->kind == H2I_SOURCE_WRITTEN)) {
        h2i_text_add(why, "its body is neither data nor file, pull, form or json");
        code = H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    if (code)
        return code;
    part->name = h2i_arena_copy_text(arena, given->name, strlen(given->name));
    return part->name ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_error_code make_head(struct part *part, struct h2i_arena *arena,
                                     const char *boundary, bool is_first,
                                     const h2client_part *given, struct h2i_text *why)
{
    h2client_part known = *given;
    h2client_error_code code = choose_filename(&known, &part->source, why);

    if (!known.content_type)
        known.content_type = part->source.content_type;
    if (!code)
        code = h2i_part_head(arena, boundary, is_first, &known, &part->head, why);
    return code;
}

static h2client_error_code open_parts(struct h2i_body_source *source, struct h2i_arena *arena,
                                      const char *boundary, const h2client_part *list,
                                      struct h2i_text *why)
{
    struct h2i_body_parts *parts = source->parts;
    char buf[200];
    struct h2i_text reason = h2i_text(buf, sizeof buf);
    h2client_error_code code;

    for (size_t i = 0; i < parts->n; i++) {
        code = open_part(&parts->list[i], arena, source->system, &list[i], &reason);
        if (!code)
            code = make_head(&parts->list[i], arena, boundary, i == 0, &list[i], &reason);
        if (code && reason.len > 0) {
            name_part(why, list[i].name);
            h2i_text_add(why, "%s", buf);
        }
        if (code)
            return code;
    }
    parts->list[parts->n].head = h2i_parts_tail(arena, boundary, parts->n == 0);
    return parts->list[parts->n].head.data ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

/* -1: the length of one is not known, or the sum is above all that can be said. */
static int64_t sum_of_lengths(const struct h2i_body_parts *parts)
{
    int64_t sum = 0;

    for (size_t i = 0; i <= parts->n; i++) {
        const struct part *part = &parts->list[i];
        if (part->source.len < 0 || __builtin_add_overflow(sum, part->source.len, &sum) ||
            __builtin_add_overflow(sum, part->head.len, &sum))
            return -1;
    }
    return sum;
}

h2client_error_code h2i_parts_open(struct h2i_body_source *source, struct h2i_arena *arena,
                                   const h2client_body *body, struct h2i_text *why)
{
    const char *type = body->content_type ? body->content_type : "multipart/form-data";
    char boundary[H2I_BOUNDARY_SIZE];
    h2client_error_code code;

    source->kind = H2I_SOURCE_PARTS;
    if (!h2i_boundary_make(source->system, boundary)) {
        h2i_text_add(why, "the system gives no random bytes");
        return H2CLIENT_ERROR_SYSTEM_FAILED;
    }
    code = open_parts(source, arena, boundary, body->parts, why);
    if (code)
        return code;
    source->len = body->len > 0 ? body->len : sum_of_lengths(source->parts);
    source->content_type = h2i_multipart_type(arena, type, boundary);
    return source->content_type ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

/* ---- reading ------------------------------------------------------------------- */

static enum h2i_body_result read_head(struct h2i_body_parts *parts, char *buf, size_t cap,
                                      size_t *n)
{
    const struct h2i_str *head = &parts->list[parts->current].head;
    size_t left = head->len - parts->n_head;

    *n = left < cap ? left : cap;
    memcpy(buf, head->data + parts->n_head, *n);
    parts->n_head += *n;
    return H2I_BODY_MORE;
}

/* All of its length was read: it has to say so itself as well. */
static enum h2i_body_result confirm_end(struct h2i_body_source *whole, struct part *part)
{
    h2client_fault longer =
        h2i_fault(H2CLIENT_ERROR_UPLOAD_LENGTH, "its body is longer than declared");
    char surplus;
    size_t n;
    enum h2i_body_result result = h2i_source_read(&part->source, &surplus, 1, &n);

    if (n > 0)
        return fail(whole, part, &longer);
    return result == H2I_BODY_FAILED ? fail(whole, part, &part->source.fault) : result;
}

static enum h2i_body_result read_part(struct h2i_body_source *whole, struct part *part, char *buf,
                                      size_t cap, size_t *n)
{
    struct h2i_body_source *source = &part->source;
    int64_t left = source->len - source->offset;
    enum h2i_body_result result;

    *n = 0;
    if (source->len >= 0 && left == 0)
        return confirm_end(whole, part);
    if (source->len >= 0 && (uint64_t)left < cap)
        cap = (size_t)left;
    result = h2i_source_read(source, buf, cap, n);
    if (result == H2I_BODY_FAILED)
        return fail(whole, part, &source->fault);
    if (result == H2I_BODY_END && source->offset < source->len) {
        h2client_fault shorter =
            h2i_fault(H2CLIENT_ERROR_UPLOAD_LENGTH, "its body is shorter than declared");
        return fail(whole, part, &shorter);
    }
    return result;
}

/* What a pull function filled is given back at once: there may be many of them. */
static void advance(struct h2i_body_parts *parts)
{
    h2i_buf_clear(&parts->list[parts->current].source.stage, 0);
    parts->current++;
    parts->n_head = 0;
}

/* One run of bytes, from one head or one body. END: of everything. */
static enum h2i_body_result read_once(struct h2i_body_source *source, char *buf, size_t cap,
                                      size_t *n)
{
    struct h2i_body_parts *parts = source->parts;
    struct part *part = &parts->list[parts->current];
    enum h2i_body_result result;

    *n = 0;
    if (parts->n_head < part->head.len)
        return read_head(parts, buf, cap, n);
    if (parts->current == parts->n)
        return H2I_BODY_END;
    result = read_part(source, part, buf, cap, n);
    if (result != H2I_BODY_END)
        return result;
    advance(parts);
    return H2I_BODY_MORE;
}

enum h2i_body_result h2i_parts_read(struct h2i_body_source *source, void *buf, size_t cap,
                                    size_t *n)
{
    enum h2i_body_result result = H2I_BODY_MORE;
    size_t n_more;

    *n = 0;
    while (*n < cap && result == H2I_BODY_MORE) {
        result = read_once(source, (char *)buf + *n, cap - *n, &n_more);
        *n += n_more;
    }
    return result == H2I_BODY_NOT_NOW && *n > 0 ? H2I_BODY_MORE : result;
}

struct h2i_body_source *h2i_parts_current(const struct h2i_body_parts *parts)
{
    return &parts->list[parts->current].source;
}

/* ---- again, and the end ---------------------------------------------------------- */

bool h2i_parts_can_rewind(const struct h2i_body_parts *parts)
{
    for (size_t i = 0; i < parts->n; i++)
        if (!h2i_source_can_rewind(&parts->list[i].source))
            return false;
    return true;
}

bool h2i_parts_rewind(struct h2i_body_parts *parts)
{
    for (size_t i = 0; i < parts->n; i++)
        if (!h2i_source_rewind(&parts->list[i].source))
            return false;
    parts->current = parts->n_head = 0;
    return true;
}

void h2i_parts_close(struct h2i_body_parts *parts)
{
    for (size_t i = 0; i < parts->n; i++)
        h2i_source_close(&parts->list[i].source);
}

void h2i_parts_release(struct h2i_body_parts *parts)
{
    for (size_t i = 0; i < parts->n; i++)
        h2i_source_release(&parts->list[i].source);
}
