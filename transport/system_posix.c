/* SPDX-License-Identifier: MIT */
/*
 * The system port on the real machine: clocks, randomness, environment, files;
 * and the page that tells a child process that it is one.
 *
 * It holds no state, so an open file is nothing but its descriptor. File calls
 * block: this port is for files that a person names, not for sockets.
 */
#include "transport/system_posix.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t monotonic_us(h2client_system *system)
{
    (void)system;
    struct timespec now = {0};
    int failed = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(!failed);
    (void)failed;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t wall_clock_s(h2client_system *system)
{
    (void)system;
    return (int64_t)time(NULL);
}

static bool random_bytes(h2client_system *system, void *buf, size_t len)
{
    (void)system;
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom((char *)buf + done, len - done, 0);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static const char *environment(h2client_system *system, const char *name)
{
    (void)system;
    return getenv(name);
}

/* A handle is the descriptor plus one, so that descriptor 0 is not NULL. */
static h2client_file *handle_of(int fd)
{
    return (h2client_file *)((intptr_t)fd + 1);
}
static int fd_of(const h2client_file *file)
{
    return (int)((intptr_t)file - 1);
}

static int open_retrying(const char *path, h2client_open_mode mode)
{
    int flags = O_CLOEXEC | O_NOCTTY;
    flags |= mode == H2CLIENT_OPEN_READ ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
    mode_t permissions = mode == H2CLIENT_OPEN_WRITE_PRIVATE ? 0600 : 0666;
    int fd;
    do {
        fd = open(path, flags, permissions);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* What open(2) leaves to say: a directory is no file, though reading one opens
 * well; and a private file that was there before may have been open to others. */
static int inspect(int fd, h2client_open_mode mode, int64_t *file_len)
{
    struct stat facts;
    if (fstat(fd, &facts))
        return errno;
    if (S_ISDIR(facts.st_mode))
        return EISDIR;
    bool is_regular = S_ISREG(facts.st_mode);
    if (is_regular && mode == H2CLIENT_OPEN_WRITE_PRIVATE && fchmod(fd, 0600))
        return errno;
    *file_len = is_regular ? (int64_t)facts.st_size : -1;
    return 0;
}

/* -1 with errno. A copy, so that closing it leaves the caller's open. */
static int copy_descriptor(const char *number)
{
    char *end;
    long fd = strtol(number, &end, 10);
    if (end == number || *end || fd < 0 || fd > INT_MAX) {
        errno = EBADF;
        return -1;
    }
    return fcntl((int)fd, F_DUPFD_CLOEXEC, 0);
}

static int file_open(h2client_system *system, const char *path, h2client_open_mode mode,
                     h2client_file **file, int64_t *file_len)
{
    (void)system;
    *file = NULL;
    *file_len = -1;
    int fd = mode == H2CLIENT_OPEN_DESCRIPTOR ? copy_descriptor(path) : open_retrying(path, mode);
    if (fd < 0)
        return errno;
    int failure = inspect(fd, mode, file_len);
    if (failure) {
        close(fd);
        return failure;
    }
    *file = handle_of(fd);
    return 0;
}

static ptrdiff_t file_read(h2client_system *system, h2client_file *file, int64_t offset, void *buf,
                           size_t len)
{
    (void)system;
    ssize_t n;
    do {
        n = pread(fd_of(file), buf, len, (off_t)offset);
        if (n < 0 && errno == ESPIPE)
            n = read(fd_of(file), buf, len);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -(ptrdiff_t)errno : n;
}

static int file_write(h2client_system *system, h2client_file *file, const void *buf, size_t len)
{
    (void)system;
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd_of(file), (const char *)buf + done, len - done);
        if (n < 0 && errno == EAGAIN)
            (void)poll(&(struct pollfd){.fd = fd_of(file), .events = POLLOUT}, 1, -1);
        else if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Never tried twice: on EINTR Linux has freed the number already, and it may by
 * now be somebody else's. */
static int file_close(h2client_system *system, h2client_file *file)
{
    (void)system;
    return close(fd_of(file)) && errno != EINTR ? errno : 0;
}

h2client_system *h2i_system_posix(void)
{
    static const h2client_system_ops ops = {
        .size = sizeof ops,
        .monotonic_us = monotonic_us,
        .wall_clock_s = wall_clock_s,
        .random_bytes = random_bytes,
        .environment = environment,
        .file_open = file_open,
        .file_read = file_read,
        .file_write = file_write,
        .file_close = file_close,
    };
    /* Not const, for the port's functions take it so; nobody writes to it. */
    static h2client_system system = {&ops};
    return &system;
}

struct h2i_fork_guard {
    uint8_t is_original; /* wiped to 0 in a child */
};

#ifdef MADV_WIPEONFORK
static bool wipe_on_fork(void *page, size_t len)
{
    return !madvise(page, len, MADV_WIPEONFORK);
}
#else
static bool wipe_on_fork(void *page, size_t len)
{
    (void)page;
    (void)len;
    return false;
}
#endif

/* The kernel rounds up to a whole page, here and in munmap. */
struct h2i_fork_guard *h2i_fork_guard_create(void)
{
    struct h2i_fork_guard *guard =
        mmap(NULL, sizeof *guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard == MAP_FAILED)
        return NULL;
    if (!wipe_on_fork(guard, sizeof *guard)) {
        munmap(guard, sizeof *guard);
        return NULL;
    }
    guard->is_original = 1;
    return guard;
}

void h2i_fork_guard_destroy(struct h2i_fork_guard *guard)
{
    if (guard)
        munmap(guard, sizeof *guard);
}

bool h2i_fork_guard_has_forked(const struct h2i_fork_guard *guard)
{
    return guard && !guard->is_original;
}
