/* SPDX-License-Identifier: MIT */
#include "h2client/body_source.h"

#include "base/fault.h"
#include "h2client/body_parts.h"
#include "h2client/payload/form.h"
#include "h2client/payload/json_text.h"
#include "h2client/settings.h"

/* What a pull function is asked for at once. */
#define STAGE_BYTES 32768
/* What is written ahead of the peer. */
#define WRITTEN_BYTES 65536

static h2client_error_code refuse(struct h2i_text *why, const char *reason)
{
    h2i_text_add(why, "%s", reason);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

static h2client_error_code check(const h2client_body *body, struct h2i_text *why)
{
    int n_sources = (body->data != NULL) + (body->file != NULL) + (body->pull != NULL) +
                    (body->form != NULL) + (body->json != NULL) + (body->parts != NULL) +
                    (body->written == H2CLIENT_ON);

    if (body->written < H2CLIENT_INHERIT || body->written > H2CLIENT_OFF)
        return refuse(why, "written is neither ON nor OFF");
    if (n_sources > 1)
        return refuse(why,
                      "more than one of data, file, pull, form, json, written and parts is set");
    if (n_sources == 0 && body->len != 0)
        return refuse(why, "has a length but none of data, file, pull and written");
    if (body->len < H2CLIENT_LENGTH_UNKNOWN)
        return refuse(why, "its length is negative");
    if (body->data && body->len == H2CLIENT_LENGTH_UNKNOWN)
        return refuse(why, "the length of data is not set");
    if (body->len > 0 && (uint64_t)body->len > SIZE_MAX / 2 && body->data)
        return refuse(why, "its length is larger than memory");
    return H2CLIENT_OK;
}

static h2client_error_code open_bytes(struct h2i_body_source *source, struct h2i_arena *arena,
                                      const h2client_body *body)
{
    source->kind = H2I_SOURCE_BYTES;
    source->bytes = body->data;
    source->len = body->len;
    if (body->release || body->len == 0)
        return H2CLIENT_OK;
    source->bytes = h2i_arena_copy_text(arena, body->data, (size_t)body->len);
    return source->bytes ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_error_code open_form(struct h2i_body_source *source, struct h2i_arena *arena,
                                     const h2client_body *body)
{
    size_t len = 0;

    source->kind = H2I_SOURCE_BYTES;
    source->bytes = h2i_form_write(arena, body->form, &len);
    source->len = (int64_t)len;
    source->content_type = "application/x-www-form-urlencoded";
    return source->bytes ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_error_code open_json(struct h2i_body_source *source, struct h2i_arena *arena,
                                     const h2client_body *body, struct h2i_text *why)
{
    h2client_error_code code;
    size_t len = 0;
    char *text = h2i_json_write(arena->allocator, body->json, &len, &code);

    if (!text) {
        h2i_text_add(why, code == H2CLIENT_ERROR_FEATURE_MISSING
                              ? "JSON is not built in"
                              : "the JSON value cannot be written");
        return code;
    }
    source->kind = H2I_SOURCE_BYTES;
    source->len = (int64_t)len;
    source->content_type = "application/json";
    source->bytes = h2i_arena_copy_text(arena, text, len);
    h2i_free(arena->allocator, text);
    return source->bytes ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_error_code open_file(struct h2i_body_source *source, struct h2i_arena *arena,
                                     const h2client_body *body, struct h2i_text *why)
{
    int64_t file_len = -1;
    int error;

    source->path = h2i_arena_copy_text(arena, body->file, strlen(body->file));
    if (!source->path)
        return H2CLIENT_ERROR_NO_MEMORY;
    error = source->system->ops->file_open(source->system, body->file, H2CLIENT_OPEN_READ,
                                           &source->file, &file_len);
    if (error) {
        source->fault = h2i_fault_of_errno(error, H2CLIENT_ERROR_UPLOAD_READ, body->file);
        h2i_text_add(why, "%s", source->fault.text);
        return H2CLIENT_ERROR_UPLOAD_READ;
    }
    source->kind = H2I_SOURCE_FILE;
    source->can_seek = file_len >= 0;
    source->len = body->len > 0 ? body->len : file_len;
    return H2CLIENT_OK;
}

static void open_pull(struct h2i_body_source *source, const h2client_allocator *allocator,
                      const h2client_body *body)
{
    source->kind = H2I_SOURCE_PULL;
    source->pull = body->pull;
    source->rewind = body->rewind;
    source->len = body->len > 0 ? body->len : H2CLIENT_LENGTH_UNKNOWN;
    h2i_buf_init(&source->stage, allocator, STAGE_BYTES);
}

static void open_written(struct h2i_body_source *source, const h2client_allocator *allocator,
                         const h2client_body *body)
{
    source->kind = H2I_SOURCE_WRITTEN;
    source->is_written = true;
    source->len = body->len > 0 ? body->len : H2CLIENT_LENGTH_UNKNOWN;
    h2i_buf_init(&source->stage, allocator, WRITTEN_BYTES);
}

static h2client_error_code open_known(struct h2i_body_source *source, struct h2i_arena *arena,
                                      const h2client_body *known, struct h2i_text *why)
{
    if (known->file)
        return open_file(source, arena, known, why);
    if (known->form)
        return open_form(source, arena, known);
    if (known->json)
        return open_json(source, arena, known, why);
    if (known->parts)
        return h2i_parts_open(source, arena, known, why);
    if (known->pull)
        open_pull(source, arena->allocator, known);
    else if (known->written == H2CLIENT_ON)
        open_written(source, arena->allocator, known);
    else
        return open_bytes(source, arena, known);
    return H2CLIENT_OK;
}

bool h2i_source_adopt(struct h2i_body_source *source, struct h2i_arena *arena,
                      const h2client_body *body)
{
    h2client_body known;
    char unused[1];
    struct h2i_text nobody = h2i_text(unused, sizeof unused);

    (void)h2i_options_take(&known, sizeof known, body, "body", &nobody);
    source->release = known.release;
    source->user = known.user;
    if (known.parts)
        source->parts = h2i_parts_adopt(arena, known.parts);
    return !known.parts || source->parts;
}

h2client_error_code h2i_source_open(struct h2i_body_source *source, struct h2i_arena *arena,
                                    h2client_system *system, const h2client_body *body,
                                    struct h2i_text *why)
{
    h2client_body known;
    h2client_error_code code;

    source->system = system;
    if (!body)
        return H2CLIENT_OK;
    code = h2i_options_take(&known, sizeof known, body, "h2client_body", why);
    if (!code)
        code = check(&known, why);
    if (!code)
        code = open_known(source, arena, &known, why);
    if (code || !known.content_type || known.parts)
        return code;
    source->content_type =
        h2i_arena_copy_text(arena, known.content_type, strlen(known.content_type));
    return source->content_type ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static enum h2i_body_result read_bytes(struct h2i_body_source *source, void *buf, size_t cap,
                                       size_t *n)
{
    size_t left = (size_t)(source->len - source->offset);

    *n = left < cap ? left : cap;
    if (*n)
        memcpy(buf, source->bytes + source->offset, *n);
    return *n == left ? H2I_BODY_END : H2I_BODY_MORE;
}

static enum h2i_body_result read_file(struct h2i_body_source *source, void *buf, size_t cap,
                                      size_t *n)
{
    ptrdiff_t got =
        source->system->ops->file_read(source->system, source->file, source->offset, buf, cap);

    if (got < 0) {
        source->fault = h2i_fault_of_errno((int)-got, H2CLIENT_ERROR_UPLOAD_READ, source->path);
        return H2I_BODY_FAILED;
    }
    *n = (size_t)got;
    return got == 0 ? H2I_BODY_END : H2I_BODY_MORE;
}

static enum h2i_body_result read_stage(struct h2i_body_source *source, void *buf, size_t cap,
                                       size_t *n)
{
    size_t len = h2i_buf_len(&source->stage);

    if (source->fault.code)
        return H2I_BODY_FAILED;
    *n = len < cap ? len : cap;
    if (*n)
        memcpy(buf, h2i_buf_data(&source->stage), *n);
    h2i_buf_consume(&source->stage, *n);
    if (*n == len && source->has_ended)
        return H2I_BODY_END;
    if (*n)
        return H2I_BODY_MORE;
    source->is_hungry = true;
    return H2I_BODY_NOT_NOW;
}

enum h2i_body_result h2i_source_read(struct h2i_body_source *source, void *buf, size_t cap,
                                     size_t *n)
{
    enum h2i_body_result result = H2I_BODY_END;

    *n = 0;
    if (source->kind == H2I_SOURCE_BYTES)
        result = read_bytes(source, buf, cap, n);
    else if (source->kind == H2I_SOURCE_FILE)
        result = read_file(source, buf, cap, n);
    else if (source->kind == H2I_SOURCE_PULL || source->kind == H2I_SOURCE_WRITTEN)
        result = read_stage(source, buf, cap, n);
    else if (source->kind == H2I_SOURCE_PARTS)
        result = h2i_parts_read(source, buf, cap, n);
    source->offset += (int64_t)*n;
    return result;
}

int64_t h2i_source_left(const struct h2i_body_source *source)
{
    if (source->has_ended)
        return (int64_t)h2i_buf_len(&source->stage);
    if (source->len < 0)
        return -1;
    return source->len > source->offset ? source->len - source->offset : 0;
}

/* It goes on pulling until the stage is half full, so that a function which gives a line
 * at a time does not make a frame of each. */
bool h2i_source_wants_fetch(const struct h2i_body_source *source)
{
    if (source->kind == H2I_SOURCE_PARTS)
        source = h2i_parts_current(source->parts);
    return source->kind == H2I_SOURCE_PULL && source->is_hungry && !source->is_waiting &&
           !source->has_ended && !source->fault.code &&
           h2i_buf_len(&source->stage) < STAGE_BYTES / 2;
}

static h2client_pull_result pull_once(struct h2i_body_source *source)
{
    size_t n = 0, cap = STAGE_BYTES - h2i_buf_len(&source->stage);
    void *room = h2i_buf_reserve(&source->stage, cap);
    h2client_pull_result result;

    if (!room) {
        source->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        return H2CLIENT_PULL_FAILED;
    }
    result = source->pull(room, cap, &n, source->user);
    if (n > cap || (result == H2CLIENT_PULL_MORE && n == 0)) {
        source->fault = h2i_fault(H2CLIENT_ERROR_UPLOAD_READ,
                                  "the pull function says that it wrote %zu of %zu bytes", n, cap);
        return H2CLIENT_PULL_FAILED;
    }
    if (result == H2CLIENT_PULL_MORE || result == H2CLIENT_PULL_END)
        h2i_buf_commit(&source->stage, n);
    return result;
}

bool h2i_source_fetch(struct h2i_body_source *source)
{
    h2client_pull_result result;

    if (source->kind == H2I_SOURCE_PARTS)
        source = h2i_parts_current(source->parts);
    source->is_waiting = true; /* so that a resume inside the function is not lost */
    result = pull_once(source);
    if (result == H2CLIENT_PULL_NOT_NOW)
        return false;
    source->is_waiting = false;
    if (result == H2CLIENT_PULL_END)
        source->has_ended = true;
    else if (result != H2CLIENT_PULL_MORE && !source->fault.code)
        source->fault = h2i_fault(H2CLIENT_ERROR_UPLOAD_READ, "the pull function failed");
    return true;
}

bool h2i_source_resume(struct h2i_body_source *source)
{
    bool was_waiting;

    if (source->kind == H2I_SOURCE_PARTS)
        source = h2i_parts_current(source->parts);
    was_waiting = source->is_waiting;
    source->is_waiting = false;
    return was_waiting;
}

bool h2i_source_is_idle(const struct h2i_body_source *source)
{
    if (source->kind == H2I_SOURCE_PARTS)
        source = h2i_parts_current(source->parts);
    return source->is_waiting || (source->kind == H2I_SOURCE_WRITTEN && source->is_hungry);
}

ptrdiff_t h2i_source_write(struct h2i_body_source *source, const void *data, size_t len)
{
    size_t room = h2i_buf_room(&source->stage);
    size_t n = len < room ? len : room;

    source->wants_room = n < len;
    return h2i_buf_append(&source->stage, data, n) ? (ptrdiff_t)n : -1;
}

bool h2i_source_gives_room(const struct h2i_body_source *source)
{
    return source->wants_room && h2i_buf_len(&source->stage) <= WRITTEN_BYTES / 2;
}

bool h2i_source_is_fed(struct h2i_body_source *source)
{
    if (source->kind == H2I_SOURCE_PARTS)
        source = h2i_parts_current(source->parts);
    if (!source->is_hungry ||
        (h2i_buf_len(&source->stage) == 0 && !source->has_ended && !source->fault.code))
        return false;
    source->is_hungry = false;
    return true;
}

bool h2i_source_can_rewind(const struct h2i_body_source *source)
{
    if (source->kind == H2I_SOURCE_FILE)
        return source->can_seek || source->offset == 0;
    if (source->kind == H2I_SOURCE_PULL)
        return source->rewind || (source->offset == 0 && h2i_buf_len(&source->stage) == 0);
    if (source->kind == H2I_SOURCE_WRITTEN)
        return source->offset == 0;
    return source->kind != H2I_SOURCE_PARTS || h2i_parts_can_rewind(source->parts);
}

bool h2i_source_rewind(struct h2i_body_source *source)
{
    if (!h2i_source_can_rewind(source))
        return false;
    if (source->kind == H2I_SOURCE_PULL && source->rewind && !source->rewind(source->user))
        return false;
    if (source->kind == H2I_SOURCE_PARTS && !h2i_parts_rewind(source->parts))
        return false;
    if (source->kind == H2I_SOURCE_WRITTEN) /* nothing of it was taken */
        return true;
    h2i_buf_clear(&source->stage, STAGE_BYTES);
    source->offset = 0;
    source->has_ended = source->is_hungry = source->is_waiting = false;
    return true;
}

void h2i_source_close(struct h2i_body_source *source)
{
    if (source->file)
        source->system->ops->file_close(source->system, source->file);
    source->file = NULL;
    if (source->kind == H2I_SOURCE_PULL || source->kind == H2I_SOURCE_WRITTEN)
        h2i_buf_finish(&source->stage);
    if (source->kind == H2I_SOURCE_PARTS)
        h2i_parts_close(source->parts);
    source->kind = H2I_SOURCE_NONE;
}

void h2i_source_release(struct h2i_body_source *source)
{
    h2client_release_fn release = source->release;

    if (source->parts)
        h2i_parts_release(source->parts);
    source->release = NULL;
    if (release)
        release(source->user);
}
