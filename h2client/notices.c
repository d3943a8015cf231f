/* SPDX-License-Identifier: MIT */
#include "h2client/notices.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"

#define MAX_QUEUED 16384

struct notice {
    struct h2i_list in_queue;
    bool is_frame;
    h2client_log_level level;
    const char *area;
    const char *text;
    h2client_frame_event event;
    /* strings and fields follow */
};

void h2i_notices_init(struct h2i_notices *notices, const h2client_allocator *allocator)
{
    *notices = (struct h2i_notices){.allocator = allocator};
    h2i_list_init(&notices->queue);
}

void h2i_notices_finish(struct h2i_notices *notices)
{
    struct h2i_list *node;

    while ((node = h2i_list_pop(&notices->queue)))
        h2i_free(notices->allocator, H2I_CONTAINER_OF(node, struct notice, in_queue));
}

static struct notice *add(struct h2i_notices *notices, size_t n_extra_bytes)
{
    struct notice *notice = NULL;

    if (notices->n_queued < MAX_QUEUED)
        notice = h2i_alloc(notices->allocator, sizeof *notice + n_extra_bytes);
    if (!notice) {
        notices->n_dropped++;
        return NULL;
    }
    *notice = (struct notice){.is_frame = false};
    h2i_list_append(&notices->queue, &notice->in_queue);
    notices->n_queued++;
    return notice;
}

/* Copies a string to *place and moves on. */
static const char *put(char **place, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = *place;

    memcpy(copy, text, size);
    *place += size;
    return copy;
}

void h2i_notices_add_line(h2client_log_level level, const char *area, const char *text, void *user)
{
    struct h2i_notices *notices = user;
    struct notice *notice = add(notices, strlen(area) + strlen(text) + 2);
    char *place;

    if (!notice)
        return;
    place = (char *)(notice + 1);
    notice->level = level;
    notice->area = put(&place, area);
    notice->text = put(&place, text);
}

void h2i_notices_add_frame(const h2client_frame_event *event, void *user)
{
    struct h2i_notices *notices = user;
    size_t n = 0, n_bytes = 0;
    struct notice *notice;
    h2client_header *fields;
    char *place;

    for (; event->fields[n].name; n++)
        n_bytes += strlen(event->fields[n].name) + strlen(event->fields[n].value) + 2;
    notice = add(notices, (n + 1) * sizeof *fields + n_bytes);
    if (!notice)
        return;
    fields = (h2client_header *)(void *)(notice + 1);
    place = (char *)(fields + n + 1);
    for (size_t i = 0; i < n; i++) {
        fields[i].name = put(&place, event->fields[i].name);
        fields[i].value = put(&place, event->fields[i].value);
    }
    fields[n] = (h2client_header){NULL, NULL};
    notice->is_frame = true;
    notice->event = *event; /* type_name is static */
    notice->event.fields = fields;
}

bool h2i_notices_are_empty(const struct h2i_notices *notices)
{
    return h2i_list_is_empty(&notices->queue) && notices->n_dropped == 0;
}

static void tell_dropped(struct h2i_notices *notices)
{
    char text[80];

    snprintf(text, sizeof text, "%" PRIu64 " log lines and frame events were dropped",
             notices->n_dropped);
    notices->n_dropped = 0;
    if (notices->on_log)
        notices->on_log(H2CLIENT_LOG_WARNING, "log", text, notices->user);
}

bool h2i_notices_tell_one(struct h2i_notices *notices)
{
    struct h2i_list *node = h2i_list_pop(&notices->queue);
    struct notice *notice;

    if (!node) {
        if (notices->n_dropped == 0)
            return false;
        tell_dropped(notices);
        return true;
    }
    notices->n_queued--;
    notice = H2I_CONTAINER_OF(node, struct notice, in_queue);
    if (notice->is_frame && notices->on_frame)
        notices->on_frame(&notice->event, notices->user);
    if (!notice->is_frame && notices->on_log)
        notices->on_log(notice->level, notice->area, notice->text, notices->user);
    h2i_free(notices->allocator, notice);
    return true;
}
