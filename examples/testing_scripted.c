/* SPDX-License-Identifier: MIT */
/*
 * How to test one's own code without a socket: fetch_price below is somebody's function; main
 * tests it against a scripted server, in virtual time. A wait of 30 seconds takes none.
 *
 *     cc testing_scripted.c $(pkg-config --cflags --libs h2client-testing)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <h2client-testing/fake_dialer.h>
#include <h2client-testing/fake_resolver.h>
#include <h2client-testing/fake_tls.h>
#include <h2client-testing/virtual_world.h>
#include <h2client/h2client.h>

/* ---- the code under test --------------------------------------------------------- */

/* In cents; -1: not to be had. A shop that is busy is asked again. */
static long fetch_price(h2client_session *session)
{
    h2client_call *call =
        h2client_get(session, "https://shop.example/price", .total_timeout_ms = 30000,
                     .raise_for_status = H2CLIENT_ON, .retry = H2CLIENT_RETRY(.max_retries = 2));
    const h2client_response *resp = h2client_call_await(call);
    long price = resp ? strtol(h2client_response_body(resp).data, NULL, 10) : -1;

    h2client_call_destroy(call);
    return price;
}

/* ---- its tests ---------------------------------------------------------------------- */

/* All that a session needs of the world, in memory. */
struct bench {
    struct h2t_world world;
    struct h2t_dialer dialer;
    struct h2t_tls tls;
    struct h2t_fake_resolver *resolver;
    h2client_session *session;
    h2t_on_request on_request;
    int n_requests;
};

/* Every connection ends at a server that answers so. */
static void plan(struct h2t_dialer *dialer, const struct h2t_dial *dial, struct h2t_dial_plan *plan,
                 void *user)
{
    const struct bench *bench = user;

    (void)dialer, (void)dial;
    plan->peer.on_request = bench->on_request;
    plan->peer.user = user;
}

static void set_up(struct bench *bench, h2t_on_request on_request)
{
    memset(bench, 0, sizeof *bench);
    bench->on_request = on_request;
    h2t_world_init(&bench->world);
    h2t_dialer_init(&bench->dialer);
    h2t_tls_init(&bench->tls);
    bench->tls.alpn = "h2";
    bench->dialer.on_dial = plan;
    bench->dialer.user = bench;
    bench->resolver = h2t_fake_resolver_create();
    bench->session = h2client_session_create(
        H2CLIENT_SESSION(.system = &bench->world.system, .loop = &bench->world.loop,
                         .dialer = &bench->dialer.dialer, .tls_factory = &bench->tls.factory,
                         .resolver = h2t_fake_resolver_port(bench->resolver)));
}

static void tear_down(struct bench *bench)
{
    h2client_session_destroy(bench->session);
    h2t_dialer_finish(&bench->dialer);
    h2t_fake_resolver_destroy(bench->resolver);
    h2t_world_finish(&bench->world);
}

static void say_price(struct h2t_peer *peer, const struct h2t_seen_request *request,
                      struct h2t_response *response, void *user)
{
    struct bench *bench = user;

    (void)peer;
    bench->n_requests++;
    response->status = strcmp(h2t_field(request->fields, ":path"), "/price") == 0 ? 200 : 404;
    response->body = "1299";
    response->body_len = 4;
}

/* Busy at first. */
static void say_later(struct h2t_peer *peer, const struct h2t_seen_request *request,
                      struct h2t_response *response, void *user)
{
    struct bench *bench = user;

    say_price(peer, request, response, user);
    if (bench->n_requests < 3)
        response->status = 503;
}

static void say_nothing(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)response, (void)user;
}

/* With CANCEL, which is no promise that nothing was done: not asked again by itself. */
static void reset(struct h2t_peer *peer, const struct h2t_seen_request *request,
                  struct h2t_response *response, void *user)
{
    struct bench *bench = user;

    (void)response;
    bench->n_requests++;
    h2t_peer_reset(peer, request->stream_id, 8);
}

/* What a test says, in the Test Anything Protocol. */
static bool check(int n, const char *claim, h2t_on_request on_request, long wanted, int n_requests,
                  int64_t takes_ms)
{
    struct bench bench;
    long price;
    int64_t took_ms;
    bool is_right;

    set_up(&bench, on_request);
    took_ms = bench.world.now_us / 1000;
    price = fetch_price(bench.session);
    took_ms = bench.world.now_us / 1000 - took_ms;
    is_right = price == wanted && bench.n_requests == n_requests && took_ms >= takes_ms;
    printf("%sok %d - %s\n# %ld, %d requests, %lld ms of virtual time\n", is_right ? "" : "not ", n,
           claim, price, bench.n_requests, (long long)took_ms);
    tear_down(&bench);
    return is_right;
}

int main(void)
{
    bool is_right;

    puts("1..4");
    is_right = check(1, "the price is read", say_price, 1299, 1, 0);
    is_right &= check(2, "a busy shop is asked again", say_later, 1299, 3, 1);
    is_right &= check(3, "a silent shop is left after 30 s", say_nothing, -1, 0, 30000);
    is_right &= check(4, "a shop that hangs up has no price", reset, -1, 1, 0);
    return is_right ? 0 : 1;
}
