/* SPDX-License-Identifier: MIT */
#include "fetch_part.h"

#include "fetch_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0666
#define NOTE_MODE (0600 | S_ISVTX)
#define MAX_NOTE_LEN 4096
#define FLAGS (O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static int fail(int fd, int error)
{
    close(fd);
    errno = error;
    return -1;
}

/* Its writer may have renamed or removed it between our open and our lock. */
static bool is_still(int fd, const char *part)
{
    struct stat of_fd, of_path;

    if (fstat(fd, &of_fd) != 0 || lstat(part, &of_path) != 0)
        return false;
    return of_fd.st_ino == of_path.st_ino && of_fd.st_dev == of_path.st_dev;
}

/* File systems without locks do without. */
static bool is_locked_by_another(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static bool is_marked(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_mode & S_ISVTX;
}

static int create(const char *part)
{
    int fd = open(part, FLAGS | O_CREAT | O_EXCL, FILE_MODE);

    if (fd >= 0 && is_locked_by_another(fd)) /* who took it for one that was left */
        return fail(fd, EWOULDBLOCK);
    return fd;
}

static int open_left(const char *part)
{
    int fd = open(part, FLAGS);

    if (fd < 0) {
        errno = EEXIST;
        return -1;
    }
    if (!is_marked(fd))
        return fail(fd, EEXIST);
    if (is_locked_by_another(fd) || !is_still(fd, part))
        return fail(fd, EWOULDBLOCK);
    return fd;
}

/* Marked as ours from the first byte on. */
static bool copy(int fd, const char *path, int64_t n_left)
{
    static char block[65536];
    int source = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;

    while (source >= 0 && n > 0 && n_left > 0) {
        n = read(source, block, n_left < (int64_t)sizeof block ? (size_t)n_left : sizeof block);
        if (n > 0 && write(fd, block, (size_t)n) != n)
            n = -1;
        n_left -= n;
    }
    if (source >= 0)
        close(source);
    errno = n_left == 0 ? errno : ESTALE;
    return source >= 0 && n_left == 0;
}

/* Somebody may have finished it, or begun anew, since it was looked at. */
static bool has_changed(int fd, const char *part, const struct h2f_part_start *start)
{
    struct stat status;
    char *note;
    bool is_same;

    if (start->n_bytes == 0 || start->copied_from)
        return false;
    note = h2f_part_validator(part);
    is_same = !start->validator || (note && strcmp(note, start->validator) == 0);
    free(note);
    return !is_same || fstat(fd, &status) != 0 || status.st_size < start->n_bytes;
}

static bool begin(int fd, const char *part, const struct h2f_part_start *start)
{
    int64_t n_kept = start->copied_from ? 0 : start->n_bytes;

    errno = ESTALE;
    if (has_changed(fd, part, start) || ftruncate(fd, n_kept) != 0 ||
        lseek(fd, n_kept, SEEK_SET) != n_kept)
        return false;
    return !start->copied_from || copy(fd, start->copied_from, start->n_bytes);
}

static char *note_path(const char *part)
{
    return h2f_format("%s.validator", part);
}

/* A file of that name that is somebody else's stays. */
static void forget_validator(const char *part)
{
    char *path = note_path(part);

    if (h2f_part_is_ours(path))
        (void)!unlink(path);
    free(path);
}

int h2f_part_open(const char *part, mode_t mode, const struct h2f_part_start *start)
{
    struct stat status;
    int fd = create(part);
    bool is_new = fd >= 0;

    if (fd < 0 && errno == EEXIST)
        fd = open_left(part);
    if (fd < 0)
        return -1;
    if (!mode && fstat(fd, &status) == 0)
        mode = status.st_mode & 0777;
    /* Where modes cannot be changed, one that is left will not be known as ours. */
    (void)!fchmod(fd, mode | S_ISVTX);
    if (!begin(fd, part, start)) {
        if (is_new)
            (void)!unlink(part);
        return fail(fd, errno);
    }
    forget_validator(part);
    return fd;
}

bool h2f_part_is_ours(const char *part)
{
    struct stat status;

    return lstat(part, &status) == 0 && S_ISREG(status.st_mode) && status.st_mode & S_ISVTX;
}

char *h2f_part_validator(const char *part)
{
    char *path = note_path(part);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char note[MAX_NOTE_LEN];
    ssize_t n = fd >= 0 && is_marked(fd) ? read(fd, note, sizeof note) : 0;
    char *end = n > 0 ? memchr(note, '\n', (size_t)n) : NULL;

    if (fd >= 0)
        close(fd);
    free(path);
    return end && end > note ? h2f_copy_part(note, (size_t)(end - note)) : NULL;
}

/* Marked when it is complete. */
static bool write_note(const char *path, const char *validator)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL, NOTE_MODE & 0777);
    char *line = h2f_format("%s\n", validator);
    size_t len = strlen(line);
    bool is_written = fd >= 0 && len <= MAX_NOTE_LEN && write(fd, line, len) == (ssize_t)len &&
                      fchmod(fd, NOTE_MODE) == 0;

    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !is_written)
        (void)!unlink(path);
    free(line);
    return is_written;
}

bool h2f_part_keep(const char *part, const char *validator)
{
    char *path = note_path(part);
    bool is_noted;

    forget_validator(part);
    is_noted = write_note(path, validator);
    free(path);
    return is_noted;
}

bool h2f_part_remove(const char *part)
{
    forget_validator(part);
    return unlink(part) == 0;
}

bool h2f_part_rename(int fd, const char *part, const char *path)
{
    struct stat status;

    if (fstat(fd, &status) == 0 && status.st_mode & S_ISVTX)
        (void)!fchmod(fd, status.st_mode & 0777);
    if (!is_still(fd, part)) {
        errno = ESTALE;
        return false;
    }
    forget_validator(part);
    return rename(part, path) == 0;
}
