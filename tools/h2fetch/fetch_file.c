/* SPDX-License-Identifier: MIT */
#include "fetch_file.h"

#include "fetch_interrupt.h"
#include "fetch_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_MODE 0777
#define MAX_LINKS 40

bool h2f_write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && (errno != EINTR || h2f_interrupt_signal()))
            return false;
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
    return true;
}

/* ---- opening ------------------------------------------------------------------- */

static bool make_dirs(const char *path)
{
    char *dir = h2f_copy(path);
    bool is_made = true;

    for (char *slash = strchr(dir + 1, '/'); slash && is_made; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        is_made = mkdir(dir, DIR_MODE) == 0 || errno == EEXIST;
        *slash = '/';
    }
    free(dir);
    return is_made;
}

/* The name that a symbolic link's text stands for: it is seen from the link's folder. */
static char *resolve_link(const char *link, const char *text)
{
    const char *slash = strrchr(link, '/');

    if (text[0] == '/' || !slash)
        return h2f_copy(text);
    return h2f_format("%.*s%s", (int)(slash - link) + 1, link, text);
}

/* Where symbolic links lead, be it to nothing yet: the link stays, what is behind it is
 * replaced. NULL with errno when they lead nowhere. */
static char *follow_links(const char *path)
{
    char *at = h2f_copy(path);
    char text[PATH_MAX];

    for (int n_left = MAX_LINKS; n_left > 0; n_left--) {
        ssize_t len = readlink(at, text, sizeof text - 1);
        char *next;

        if (len < 0)
            return at;
        text[len] = 0;
        next = resolve_link(at, text);
        free(at);
        at = next;
    }
    free(at);
    errno = ELOOP;
    return NULL;
}

static bool take(struct h2f_file *file, int fd, bool is_own)
{
    if (fd < 0)
        return false;
    h2f_writer_init(&file->writer, fd, is_own);
    return true;
}

static char *part_of(const char *path)
{
    return h2f_format("%s.part", path);
}

static bool open_part(struct h2f_file *file, const struct stat *before,
                      const struct h2f_part_start *start)
{
    file->part = part_of(file->path);
    /* A file that only its owner could read stays so. */
    return take(file, h2f_part_open(file->part, before ? before->st_mode & 0777 : 0, start), true);
}

/* What is there and no regular file. A FIFO without a reader is ENXIO (POSIX, open). */
static bool open_special(struct h2f_file *file, bool is_fifo)
{
    int fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    file->awaits_reader = is_fifo && fd < 0 && errno == ENXIO;
    return file->awaits_reader || take(file, fd, true);
}

/* The descriptor that a name stands for, or -1: opening the file behind it anew would
 * begin at its start, over what others have written through it. */
static int descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    char *end;

    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t len = strlen(folders[i]);
        if (strncmp(path, folders[i], len) == 0 && path[len] >= '0' && path[len] <= '9') {
            long fd = strtol(path + len, &end, 10);
            return *end == 0 && fd <= INT_MAX ? (int)fd : -1;
        }
    }
    return -1;
}

/* A pipe opened anew through its name is non-blocking for us and nobody else. */
static bool open_descriptor(struct h2f_file *file, int descriptor)
{
    struct stat status;
    int flags = fcntl(descriptor, F_GETFL);
    int fd = -1;

    if (fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode) &&
        (flags & O_ACCMODE) != O_RDONLY)
        fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    return take(file, fd, true) ||
           take(file, fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), false);
}

bool h2f_file_open(struct h2f_file *file, const char *path, bool create_dirs,
                   const struct h2f_part_start *start)
{
    int descriptor = descriptor_of(path);
    struct stat status;
    bool is_there;

    *file = H2F_FILE_NONE;
    if (descriptor >= 0) {
        file->path = h2f_copy(path);
        return open_descriptor(file, descriptor);
    }
    if (create_dirs && !make_dirs(path))
        return false;
    is_there = stat(path, &status) == 0;
    if (is_there && !S_ISREG(status.st_mode)) {
        file->path = h2f_copy(path);
        return open_special(file, S_ISFIFO(status.st_mode));
    }
    file->path = follow_links(path);
    if (!file->path)
        return false;
    if (strncmp(file->path, "/dev/", 5) == 0 || strncmp(file->path, "/proc/", 6) == 0)
        return take(file, open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_TRUNC), true);
    return open_part(file, is_there ? &status : NULL, start);
}

char *h2f_file_part_name(const char *path)
{
    char *name = follow_links(path);
    char *part = name ? part_of(name) : NULL;

    free(name);
    return part;
}

bool h2f_file_is_open(const struct h2f_file *file)
{
    return file->writer.fd >= 0 || file->awaits_reader;
}

/* ---- writing and closing --------------------------------------------------------- */

size_t h2f_file_write(struct h2f_file *file, const void *bytes, size_t len)
{
    return h2f_writer_put(&file->writer, &file->waiting, bytes, len);
}

size_t h2f_file_pump(struct h2f_file *file)
{
    if (file->awaits_reader && !open_special(file, true))
        file->writer.broken_errno = errno;
    return file->awaits_reader ? 0 : h2f_writer_flush(&file->writer, &file->waiting);
}

bool h2f_file_is_drained(const struct h2f_file *file)
{
    return !file->awaits_reader && !file->waiting.len;
}

bool h2f_file_wants_write(const struct h2f_file *file)
{
    return !file->awaits_reader && file->waiting.len;
}

/* What a file system tells at close only. */
static bool is_stored(int fd)
{
    int copy = dup(fd);

    return copy >= 0 && close(copy) == 0;
}

static void close_file(struct h2f_file *file)
{
    if (file->writer.fd >= 0)
        close(file->writer.fd);
    file->writer.fd = -1;
    file->awaits_reader = false;
}

bool h2f_file_commit(struct h2f_file *file)
{
    if (!is_stored(file->writer.fd) ||
        (file->part && !h2f_part_rename(file->writer.fd, file->part, file->path)))
        return false;
    close_file(file);
    return true;
}

bool h2f_file_keep(struct h2f_file *file, const char *validator)
{
    if (file->writer.fd < 0 || !file->part || !validator || !h2f_part_keep(file->part, validator))
        return false;
    close_file(file);
    return true;
}

bool h2f_file_abandon(struct h2f_file *file)
{
    bool is_removed;

    if (!h2f_file_is_open(file))
        return false;
    is_removed = file->part && h2f_part_remove(file->part);
    close_file(file);
    return is_removed;
}

void h2f_file_finish(struct h2f_file *file)
{
    h2f_file_abandon(file);
    h2f_text_finish(&file->waiting);
    free(file->path);
    free(file->part);
    *file = H2F_FILE_NONE;
}
