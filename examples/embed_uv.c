/* SPDX-License-Identifier: MIT */
/*
 * A session inside libuv's loop: its one descriptor is watched like any other, and timers
 * and sockets of the session are behind it. A timer of the program's own ticks meanwhile.
 *
 *     ./embed_uv https://example.org/ https://example.com/
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <uv.h>

struct program {
    h2client_session *session;
    uv_poll_t io;
    uv_timer_t clock;
    int n_ticks;
};

static void tell(h2client_call *call, const h2client_error *error, void *user)
{
    const h2client_response *resp = h2client_call_response(call);

    (void)user;
    if (resp)
        printf("%d %s\n", h2client_response_status(resp), h2client_call_get_info(call)->url);
    else
        printf("%s: %s\n", error->url, error->message);
    h2client_call_destroy(call);
}

/* Once nothing is watched any more, uv_run returns. */
static void stop_when_done(struct program *program)
{
    if (h2client_session_n_running(program->session) > 0)
        return;
    uv_close((uv_handle_t *)&program->io, NULL);
    uv_close((uv_handle_t *)&program->clock, NULL);
}

static void on_session(uv_poll_t *io, int status, int events)
{
    struct program *program = io->data;

    (void)status, (void)events;
    h2client_session_dispatch(program->session, 0);
    stop_when_done(program);
}

static void on_tick(uv_timer_t *clock)
{
    ((struct program *)clock->data)->n_ticks++;
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    struct program program = {.session = h2client_session_create(NULL)};

    if (h2client_session_error(program.session)->code ||
        uv_poll_init(loop, &program.io, h2client_session_fd(program.session)) != 0)
        return 1;
    program.io.data = program.clock.data = &program;
    uv_poll_start(&program.io, UV_READABLE, on_session);
    uv_timer_init(loop, &program.clock);
    uv_timer_start(&program.clock, on_tick, 50, 50);

    for (int i = 1; i < argc; i++)
        if (!h2client_get(program.session, argv[i], .on_done = tell))
            fprintf(stderr, "embed_uv: out of memory\n");
    if (argc < 2)
        stop_when_done(&program);

    uv_run(loop, UV_RUN_DEFAULT);
    printf("%d ticks meanwhile\n", program.n_ticks);
    h2client_session_destroy(program.session);
    return uv_loop_close(loop) == 0 ? 0 : 1;
}
