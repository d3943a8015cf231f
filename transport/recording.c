/* SPDX-License-Identifier: MIT */
#include "transport/recording.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

#define MAX_LINE 100

static const char *const names[] = {
    [H2CLIENT_TEE_OPENED] = "opened",
    [H2CLIENT_TEE_SENT] = "sent",
    [H2CLIENT_TEE_RECEIVED] = "received",
    [H2CLIENT_TEE_SENT_END] = "sent-end",
    [H2CLIENT_TEE_RECEIVED_END] = "received-end",
    [H2CLIENT_TEE_FAILED] = "failed",
    [H2CLIENT_TEE_CLOSED] = "closed",
};
#define N_NAMES (sizeof names / sizeof names[0])

const char *h2i_recording_kind_name(h2client_tee_kind kind)
{
    return kind < (h2client_tee_kind)N_NAMES ? names[kind] : NULL;
}

/* ---- reading ------------------------------------------------------------------- */

static bool take_kind(struct h2i_str word, h2client_tee_kind *kind)
{
    for (size_t i = H2CLIENT_TEE_OPENED; i < N_NAMES; i++)
        if (h2i_str_equals(word, h2i_str_of(names[i]))) {
            *kind = (h2client_tee_kind)i;
            return true;
        }
    return false;
}

/* None at all would be an end, and that has a name. */
static bool has_bytes(h2client_tee_kind kind)
{
    return kind == H2CLIENT_TEE_SENT || kind == H2CLIENT_TEE_RECEIVED;
}

static bool take_number(struct h2i_str *line, uint64_t max, uint64_t *number)
{
    struct h2i_str word;

    return h2i_str_split(line, ' ', &word) && h2i_str_parse_uint(word, max, number);
}

/* "3 received 1234567 5". */
static bool take_line(struct h2i_str line, struct h2i_recorded *event)
{
    struct h2i_str word;
    uint64_t at_us, len;

    if (!take_number(&line, UINT64_MAX, &event->conn) || !h2i_str_split(&line, ' ', &word) ||
        !take_kind(word, &event->kind) || !take_number(&line, INT64_MAX, &at_us) ||
        !take_number(&line, SIZE_MAX, &len) || line.len > 0 || (has_bytes(event->kind) && !len))
        return false;
    event->at_us = (int64_t)at_us;
    event->len = (size_t)len;
    return true;
}

bool h2i_recording_next(const char **at, const char *end, struct h2i_recorded *event)
{
    size_t left = (size_t)(end - *at);
    const char *newline = memchr(*at, '\n', left < MAX_LINE ? left : MAX_LINE);

    if (!newline || !take_line(h2i_str(*at, (size_t)(newline - *at)), event))
        return false;
    event->data = newline + 1;
    left = (size_t)(end - event->data);
    if (event->len >= left || event->data[event->len] != '\n')
        return false;
    *at = event->data + event->len + 1;
    return true;
}

/* ---- writing -------------------------------------------------------------------- */

struct h2client_recorder {
    const h2client_allocator *allocator;
    h2client_record_fn write;
    void *user;
    bool is_broken; /* a write failed: what followed would not be understood */
};

static bool put(h2client_recorder *recorder, const void *bytes, size_t len)
{
    if (!recorder->is_broken && len > 0)
        recorder->is_broken = !recorder->write(bytes, len, recorder->user);
    return !recorder->is_broken;
}

h2client_recorder *h2client_recorder_create(h2client_record_fn write, void *user,
                                            const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    h2client_recorder *recorder = h2i_alloc_zeroed(used, sizeof *recorder);

    if (!recorder)
        return NULL;
    recorder->allocator = used;
    recorder->write = write;
    recorder->user = user;
    put(recorder, H2I_RECORDING_HEAD, strlen(H2I_RECORDING_HEAD));
    return recorder;
}

bool h2client_recorder_note(const h2client_tee_event *event, void *user)
{
    h2client_recorder *recorder = user;
    char line[MAX_LINE];
    int len = snprintf(line, sizeof line, "%llu %s %lld %zu\n", (unsigned long long)event->conn,
                       h2i_recording_kind_name(event->kind), (long long)event->at_us, event->len);

    return put(recorder, line, (size_t)len) && put(recorder, event->data, event->len) &&
           put(recorder, "\n", 1);
}

void h2client_recorder_destroy(h2client_recorder *recorder)
{
    if (recorder)
        h2i_free(recorder->allocator, recorder);
}
