/* SPDX-License-Identifier: MIT */
#include "fetch_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0666
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
    return ftruncate(fd, 0) == 0 ? fd : fail(fd, errno);
}

int h2f_part_open(const char *part, mode_t mode)
{
    struct stat status;
    int fd = create(part);

    if (fd < 0 && errno == EEXIST)
        fd = open_left(part);
    if (fd < 0)
        return -1;
    if (!mode && fstat(fd, &status) == 0)
        mode = status.st_mode & 0777;
    /* Where modes cannot be changed, one that is left will not be known as ours. */
    (void)!fchmod(fd, mode | S_ISVTX);
    return fd;
}

bool h2f_part_rename(int fd, const char *part, const char *path)
{
    struct stat status;

    if (fstat(fd, &status) == 0 && status.st_mode & S_ISVTX)
        (void)!fchmod(fd, status.st_mode & 0777);
    return rename(part, path) == 0;
}
