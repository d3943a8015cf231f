/* SPDX-License-Identifier: MIT */
/* The virtual world: two ports over one struct, and nothing of the machine. */
#include "h2client-testing/virtual_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"

#define FIRST_US INT64_C(1000000000)
#define FIRST_WALL_S INT64_C(1700000000)
#define N_FILES (sizeof((struct h2t_world *)0)->files / sizeof(struct h2t_file))
#define N_VARIABLES (sizeof((struct h2t_world *)0)->environment / sizeof(const char *[2]))

/* An open file. */
struct h2client_file {
    struct h2t_file *file;
    size_t pipe_offset;
    bool is_writable;
};

/* The test is wrong, or has found what it was made for. */
static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "virtual world: %s\n", why);
    abort();
}

static struct h2t_world *world_of_system(h2client_system *system)
{
    return H2I_CONTAINER_OF(system, struct h2t_world, system);
}

static struct h2t_world *world_of_loop(h2client_loop *loop)
{
    return H2I_CONTAINER_OF(loop, struct h2t_world, loop);
}

static int64_t world_monotonic_us(h2client_system *system)
{
    return world_of_system(system)->now_us;
}

static int64_t world_wall_clock_s(h2client_system *system)
{
    struct h2t_world *world = world_of_system(system);
    return world->wall_s + (world->now_us - FIRST_US) / 1000000;
}

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t word = *state += 0x9e3779b97f4a7c15u;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

static bool world_random_bytes(h2client_system *system, void *buf, size_t len)
{
    struct h2t_world *world = world_of_system(system);
    uint8_t *bytes = buf;
    if (world->has_no_randomness)
        return false;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(draw(&world->random_state) >> 56);
    return true;
}

static const char *world_environment(h2client_system *system, const char *name)
{
    struct h2t_world *world = world_of_system(system);
    for (size_t i = 0; i < N_VARIABLES; i++) {
        const char *const *variable = world->environment[i];
        if (variable[0] && strcmp(variable[0], name) == 0)
            return variable[1];
    }
    return NULL;
}

static struct h2t_file *find_file(struct h2t_world *world, const char *path)
{
    for (size_t i = 0; i < N_FILES; i++) {
        struct h2t_file *file = &world->files[i];
        if (path && file->path ? strcmp(file->path, path) == 0 : path == file->path)
            return file;
    }
    return NULL;
}

/* The mark that path and data are the world's own is set with the first write-open. */
static int make_empty(struct h2t_file *file, const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return ENOMEM;
    if (file->is_written) {
        free(file->data);
        free((char *)(uintptr_t)file->path);
    }
    file->path = copy;
    file->data = NULL;
    file->len = 0;
    file->is_written = true;
    return 0;
}

static int world_file_open(h2client_system *system, const char *path, h2client_open_mode mode,
                           h2client_file **out, int64_t *file_len)
{
    struct h2t_world *world = world_of_system(system);
    bool is_writable = mode != H2CLIENT_OPEN_READ;
    struct h2t_file *file = find_file(world, path);
    *out = NULL;
    *file_len = -1;
    if (file && file->open_errno)
        return file->open_errno;
    if (!file && is_writable)
        file = find_file(world, NULL);
    if (!file)
        return is_writable ? ENOSPC : ENOENT;
    int error = is_writable ? make_empty(file, path) : 0;
    h2client_file *handle = error ? NULL : malloc(sizeof *handle);
    if (!handle)
        return ENOMEM;
    *handle = (h2client_file){.file = file, .is_writable = is_writable};
    world->n_open_files++;
    *out = handle;
    *file_len = file->is_endless_pipe ? -1 : (int64_t)file->len;
    return 0;
}

static ptrdiff_t world_file_read(h2client_system *system, h2client_file *handle, int64_t offset,
                                 void *buf, size_t len)
{
    (void)system;
    const struct h2t_file *file = handle->file;
    size_t start = file->is_endless_pipe ? handle->pipe_offset : (size_t)offset;
    size_t end = file->len;
    if (file->read_errno && file->fail_after <= start)
        return -file->read_errno;
    if (file->read_errno && file->fail_after < end)
        end = file->fail_after;
    size_t left = start < end ? end - start : 0;
    size_t n = left < len ? left : len;
    if (n)
        memcpy(buf, file->data + start, n);
    handle->pipe_offset = start + n;
    return (ptrdiff_t)n;
}

static int world_file_write(h2client_system *system, h2client_file *handle, const void *buf,
                            size_t len)
{
    (void)system;
    struct h2t_file *file = handle->file;
    if (!handle->is_writable)
        return -EBADF;
    if (len == 0)
        return 0;
    char *data = realloc(file->data, file->len + len);
    if (!data)
        return -ENOMEM;
    memcpy(data + file->len, buf, len);
    file->data = data;
    file->len += len;
    return 0;
}

static int world_file_close(h2client_system *system, h2client_file *handle)
{
    world_of_system(system)->n_open_files--;
    free(handle);
    return 0;
}

static int world_watch(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop;
    watch->events = events;
    return 0;
}

static int world_wait(h2client_loop *loop, int64_t timeout_us)
{
    struct h2t_world *world = world_of_loop(loop);
    world->n_waits++;
    if (world->was_woken) {
        world->was_woken = false;
        return EINTR;
    }
    if (timeout_us < 0)
        give_up("nothing will ever happen: what is waited for comes from nobody");
    if (timeout_us >= INT64_MAX - world->now_us)
        give_up("a wait past the end of time");
    world->now_us += timeout_us;
    return 0;
}

static void world_wake(h2client_loop *loop)
{
    world_of_loop(loop)->was_woken = true;
}

static int world_fd(h2client_loop *loop)
{
    (void)loop;
    return -1;
}

static size_t world_pollfds(h2client_loop *loop, h2client_pollfd *fds, size_t cap)
{
    (void)loop;
    (void)fds;
    (void)cap;
    return 0;
}

static void world_destroy_loop(h2client_loop *loop)
{
    (void)loop;
}

static const h2client_system_ops world_system_ops = {
    .size = sizeof world_system_ops,
    .monotonic_us = world_monotonic_us,
    .wall_clock_s = world_wall_clock_s,
    .random_bytes = world_random_bytes,
    .environment = world_environment,
    .file_open = world_file_open,
    .file_read = world_file_read,
    .file_write = world_file_write,
    .file_close = world_file_close,
};

static const h2client_loop_ops world_loop_ops = {
    .size = sizeof world_loop_ops,
    .watch = world_watch,
    .wait = world_wait,
    .wake = world_wake,
    .fd = world_fd,
    .pollfds = world_pollfds,
    .destroy = world_destroy_loop,
};

void h2t_world_init(struct h2t_world *world)
{
    *world = (struct h2t_world){
        .system.ops = &world_system_ops,
        .loop.ops = &world_loop_ops,
        .now_us = FIRST_US,
        .wall_s = FIRST_WALL_S,
        .random_state = 1,
    };
}

void h2t_world_finish(struct h2t_world *world)
{
    for (size_t i = 0; i < N_FILES; i++) {
        struct h2t_file *file = &world->files[i];
        if (file->is_written) {
            free(file->data);
            free((char *)(uintptr_t)file->path);
        }
        *file = (struct h2t_file){0};
    }
    if (world->n_open_files > 0)
        give_up("a file of the world is still open");
}
