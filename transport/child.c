/* SPDX-License-Identifier: MIT */
#include "transport/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

#define FIRST_PAUSE_US 2000
#define MAX_PAUSE_US 100000
/* From the closing of its socket on. */
#define TERM_AFTER_US 2000000
#define KILL_AFTER_US 4000000
/* At the very end, for each of the two steps. */
#define LAST_WAIT_MS 200

extern char **environ;

/* ---- the process ----------------------------------------------------------------- */

bool h2i_child_has_ended(struct h2i_child *child)
{
    pid_t pid;

    if (child->has_ended || child->parent != getpid())
        return child->has_ended;
    do {
        pid = waitpid(child->pid, &child->status, WNOHANG);
    } while (pid < 0 && errno == EINTR);
    child->is_lost = pid < 0; /* somebody else has waited for it */
    child->has_ended = pid != 0;
    return child->has_ended;
}

static void send_signal(const struct h2i_child *child, int number)
{
    if (!child->has_ended && child->parent == getpid())
        kill(child->pid, number);
}

const char *h2i_child_end_text(const struct h2i_child *child, char buf[H2I_CHILD_TEXT_MAX])
{
    if (child->is_lost)
        snprintf(buf, H2I_CHILD_TEXT_MAX, "ended");
    else if (WIFSIGNALED(child->status))
        snprintf(buf, H2I_CHILD_TEXT_MAX, "was ended by signal %d", WTERMSIG(child->status));
    else
        snprintf(buf, H2I_CHILD_TEXT_MAX, "ended with status %d", WEXITSTATUS(child->status));
    return buf;
}

/* ---- waiting for it ----------------------------------------------------------------- */

static void forget(struct h2i_child *child)
{
    if (child->reactor) {
        h2client_reactor_timer_stop(child->reactor, &child->timer);
        h2i_reactor_forget_end(&child->session_ends);
    }
    h2i_list_remove(&child->node);
    h2i_free(&child->children->allocator, child);
}

static int64_t now_us(const struct h2i_child *child)
{
    return h2client_reactor_now_us(child->reactor);
}

/* Where there is no memory for the timer the dialer sees to it. */
static void look_again(struct h2i_child *child)
{
    int64_t due_us = now_us(child) + child->pause_us;

    child->pause_us = child->pause_us < MAX_PAUSE_US / 2 ? child->pause_us * 2 : MAX_PAUSE_US;
    if (h2client_reactor_timer_start(child->reactor, &child->timer, due_us) != H2CLIENT_OK)
        h2i_log(child->reactor, H2CLIENT_LOG_WARNING, "command",
                "no memory to watch process %d leave", (int)child->pid);
}

static void look(h2client_timer *timer, void *user)
{
    struct h2i_child *child = user;
    int64_t waited_us = now_us(child) - child->leaves_us;

    (void)timer;
    if (h2i_child_has_ended(child)) {
        forget(child);
        return;
    }
    if (waited_us >= KILL_AFTER_US)
        send_signal(child, SIGKILL);
    else if (waited_us >= TERM_AFTER_US)
        send_signal(child, SIGTERM);
    look_again(child);
}

void h2i_child_leave(struct h2i_child *child)
{
    if (h2i_child_has_ended(child)) {
        forget(child);
        return;
    }
    child->is_leaving = true;
    child->leaves_us = now_us(child);
    child->pause_us = FIRST_PAUSE_US;
    look_again(child);
}

static void session_ends(struct h2i_reactor_end *end)
{
    struct h2i_child *child = H2I_CONTAINER_OF(end, struct h2i_child, session_ends);

    h2client_reactor_timer_stop(child->reactor, &child->timer);
    child->reactor = NULL;
}

void h2i_children_sweep(struct h2i_children *children)
{
    struct h2i_list *node = h2i_list_first(&children->all);

    while (node) {
        struct h2i_child *child = H2I_CONTAINER_OF(node, struct h2i_child, node);
        node = h2i_list_after(&children->all, node);
        bool is_anothers = child->parent != getpid(); /* we are a fork */
        if (child->is_leaving && !child->reactor && (is_anothers || h2i_child_has_ended(child)))
            forget(child);
    }
}

/* True when none is left. */
static bool wait_for_all(struct h2i_children *children)
{
    for (int waited_ms = 0; waited_ms < LAST_WAIT_MS; waited_ms += 2) {
        h2i_children_sweep(children);
        if (h2i_list_is_empty(&children->all))
            return true;
        poll(NULL, 0, 2);
    }
    return false;
}

static void signal_all(const struct h2i_children *children, int number)
{
    for (struct h2i_list *node = h2i_list_first(&children->all); node;
         node = h2i_list_after(&children->all, node))
        send_signal(H2I_CONTAINER_OF(node, struct h2i_child, node), number);
}

void h2i_children_init(struct h2i_children *children, const h2client_allocator *allocator)
{
    children->allocator = *allocator;
    h2i_list_init(&children->all);
}

void h2i_children_finish(struct h2i_children *children)
{
    static const int signals[] = {SIGTERM, SIGKILL};
    struct h2i_list *node;

    for (size_t i = 0; i < 2 && !wait_for_all(children); i++)
        signal_all(children, signals[i]);
    wait_for_all(children);
    while ((node = h2i_list_first(&children->all))) /* not even SIGKILL: the kernel has it */
        forget(H2I_CONTAINER_OF(node, struct h2i_child, node));
}

/* ---- starting it --------------------------------------------------------------------------- */

/* In the child: both ends of its standard, nothing else, and signals as they come by default. */
static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *how, int socket)
{
    sigset_t none, all;
    int failure;

    sigemptyset(&none);
    sigfillset(&all);
    failure = posix_spawn_file_actions_adddup2(files, socket, STDIN_FILENO);
    if (!failure)
        failure = posix_spawn_file_actions_adddup2(files, socket, STDOUT_FILENO);
#if defined __GLIBC__ && __GLIBC_PREREQ(2, 34)
    if (!failure)
        failure = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
#endif
    if (!failure)
        failure = posix_spawnattr_setsigmask(how, &none);
    if (!failure)
        failure = posix_spawnattr_setsigdefault(how, &all);
    if (!failure)
        failure = posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failure;
}

/* posix_spawn's pointers to what it only reads. */
static int spawn(const char *command, int socket, pid_t *pid)
{
    char shell[] = "sh", option[] = "-c";
    char *arguments[] = {shell, option, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    int failure = posix_spawn_file_actions_init(&files);

    if (failure)
        return failure;
    failure = posix_spawnattr_init(&how);
    if (!failure) {
        failure = prepare(&files, &how, socket);
        if (!failure)
            failure = posix_spawn(pid, "/bin/sh", &files, &how, arguments, environ);
        posix_spawnattr_destroy(&how);
    }
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

/* Ours does not block; the child's does, as programs expect. */
static int make_sockets(int sockets[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
        return errno;
    return fcntl(sockets[0], F_SETFL, O_NONBLOCK) ? errno : 0;
}

int h2i_child_start(struct h2i_children *children, h2client_reactor *reactor, const char *command,
                    struct h2i_child **child, int *fd)
{
    struct h2i_child *made = h2i_alloc_zeroed(&children->allocator, sizeof *made);
    int sockets[2] = {-1, -1};
    int failure = made ? make_sockets(sockets) : ENOMEM;

    if (!failure)
        failure = spawn(command, sockets[1], &made->pid);
    if (sockets[1] >= 0)
        close(sockets[1]);
    if (failure) {
        if (sockets[0] >= 0)
            close(sockets[0]);
        h2i_free(&children->allocator, made);
        return failure;
    }
    made->children = children;
    made->reactor = reactor;
    made->parent = getpid();
    made->timer = (h2client_timer){.on_expire = look, .user = made};
    made->session_ends.run = session_ends;
    h2i_reactor_note_end(reactor, &made->session_ends);
    h2i_list_append(&children->all, &made->node);
    *child = made;
    *fd = sockets[0];
    return 0;
}
