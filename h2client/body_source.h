/* SPDX-License-Identifier: MIT */
/*
 * Body source: where a request's body comes from. Bytes and files are read when the core
 * asks; a caller's pull function runs only in the delivery phase and fills a stage that
 * the core then reads from, so that no user code runs inside the core.
 */
#ifndef H2I_BODY_SOURCE_H
#define H2I_BODY_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "h2client/call.h"
#include "h2client/http/conn.h"
#include "h2client/system.h"

enum h2i_source_kind {
    H2I_SOURCE_NONE,
    H2I_SOURCE_BYTES,
    H2I_SOURCE_FILE,
    H2I_SOURCE_PULL,
    H2I_SOURCE_WRITTEN,
    H2I_SOURCE_PARTS
};

struct h2i_body_parts;

struct h2i_body_source {
    enum h2i_source_kind kind;
    h2client_system *system;
    const char *bytes;
    const char *path;         /* FILE: for errors */
    const char *content_type; /* or NULL */
    h2client_file *file;
    int64_t len;    /* as declared; -1: unknown */
    int64_t offset; /* of the next byte the core gets */
    bool can_seek;  /* FILE */
    h2client_pull_fn pull;
    h2client_rewind_fn rewind;
    h2client_release_fn release; /* NULL once it has run */
    void *user;
    struct h2i_buf stage;         /* PULL, WRITTEN: there, not yet taken */
    bool has_ended;               /* PULL: the function said END; WRITTEN: finished */
    bool is_hungry;               /* PULL, WRITTEN: the core found the stage empty */
    bool is_waiting;              /* PULL: the function said NOT_NOW */
    bool is_written;              /* WRITTEN, and stays so after it is closed */
    bool wants_room;              /* WRITTEN: who writes was told that there is none */
    h2client_fault fault;         /* set once a read failed */
    struct h2i_body_parts *parts; /* NULL: none; stays when it is closed */
};

/* Zeroed before. Takes over the body's release, and those of its parts, so that they run also
 * when something else is wrong with the call. False: no memory; nothing is taken over. */
H2CLIENT_MUST_USE bool h2i_source_adopt(struct h2i_body_source *source, struct h2i_arena *arena,
                                        const h2client_body *body);
/* The same body. Opens files, copies bytes (into the arena) unless they are to be released. On
 * failure INVALID_ARGUMENT, UPLOAD_READ or NO_MEMORY, with `why`. NULL body: NONE. */
h2client_error_code h2i_source_open(struct h2i_body_source *source, struct h2i_arena *arena,
                                    h2client_system *system, const h2client_body *body,
                                    struct h2i_text *why);
/* For the core. */
enum h2i_body_result h2i_source_read(struct h2i_body_source *source, void *buf, size_t cap,
                                     size_t *n);
/* Bytes the core has still to get; -1: not known yet. */
int64_t h2i_source_left(const struct h2i_body_source *source);
/* In the delivery phase: while it wants to, asks the pull function once. User code. False
 * when that said NOT_NOW. */
bool h2i_source_wants_fetch(const struct h2i_body_source *source);
bool h2i_source_fetch(struct h2i_body_source *source);
/* The user says that there are bytes again. False: that was not waited for. */
bool h2i_source_resume(struct h2i_body_source *source);
/* Nothing goes out, and that is its user's doing. */
bool h2i_source_is_idle(const struct h2i_body_source *source);
/* WRITTEN: keeps as many bytes as there is room for; -1: no memory. */
ptrdiff_t h2i_source_write(struct h2i_body_source *source, const void *data, size_t len);
/* WRITTEN: there is room again, and somebody who waits for it. */
bool h2i_source_gives_room(const struct h2i_body_source *source);
/* True once after the core was hungry and there is something for it: resume it. */
bool h2i_source_is_fed(struct h2i_body_source *source);
/* Could it be sent again? Asks nobody. */
bool h2i_source_can_rewind(const struct h2i_body_source *source);
/* Goes back to the start. May run user code. */
bool h2i_source_rewind(struct h2i_body_source *source);
/* Closes and frees; does not run `release`. */
void h2i_source_close(struct h2i_body_source *source);
/* Runs the caller's release functions once, if there are any. User code. */
void h2i_source_release(struct h2i_body_source *source);

#endif
