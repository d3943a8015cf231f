/* SPDX-License-Identifier: MIT */
/* The pool's store of TLS tickets: under keys, each used once, bounded. */
#include <stdio.h>
#include <string.h>

#include "h2client/pool/resumption.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

struct rig {
    struct h2t_alloc alloc;
    struct h2i_resumption resumption;
};

static void open_rig(struct rig *rig)
{
    h2t_alloc_init(&rig->alloc);
    h2i_resumption_init(&rig->resumption, &rig->alloc.allocator);
}

/* Nothing is left behind. */
static void close_rig(struct rig *rig)
{
    h2i_resumption_finish(&rig->resumption);
    h2t_alloc_check(&rig->alloc);
}

static void put(struct rig *rig, const char *key, const char *ticket)
{
    h2client_ticket_store *store = &rig->resumption.store;

    store->put(store, key, strlen(key), ticket, strlen(ticket));
}

/* The next one of this key is this; "": there is none. */
static void expect_taken(struct rig *rig, const char *key, const char *ticket)
{
    h2client_ticket_store *store = &rig->resumption.store;
    void *taken = NULL;
    size_t len = store->take(store, key, strlen(key), &taken);

    ck_assert_uint_eq(len, strlen(ticket));
    if (len)
        ck_assert_mem_eq(taken, ticket, len);
    else
        ck_assert_ptr_null(taken);
    h2i_free(&rig->alloc.allocator, taken);
}

TEST(resumption_gives_each_ticket_once)
{
    struct rig rig;
    open_rig(&rig);
    put(&rig, "key", "one");
    expect_taken(&rig, "key", "one");
    expect_taken(&rig, "key", "");
    close_rig(&rig);
}

TEST(resumption_gives_nothing_under_another_key)
{
    struct rig rig;
    open_rig(&rig);
    put(&rig, "key", "one");
    expect_taken(&rig, "kez", "");
    expect_taken(&rig, "ke", "");
    expect_taken(&rig, "keyo", "");
    expect_taken(&rig, "key", "one");
    close_rig(&rig);
}

TEST(resumption_gives_the_newest_first)
{
    struct rig rig;
    open_rig(&rig);
    put(&rig, "key", "one");
    put(&rig, "other", "two");
    put(&rig, "key", "three");
    expect_taken(&rig, "key", "three");
    expect_taken(&rig, "key", "one");
    close_rig(&rig);
}

TEST(resumption_keeps_a_few_of_a_key_and_forgets_its_oldest)
{
    struct rig rig;
    char ticket[2] = "a";
    open_rig(&rig);
    put(&rig, "other", "old");
    for (int i = 0; i <= H2I_RESUMPTION_MAX_TICKETS_A_KEY; i++, ticket[0]++)
        put(&rig, "key", ticket);
    ck_assert_uint_eq(rig.resumption.n_tickets, H2I_RESUMPTION_MAX_TICKETS_A_KEY + 1);
    for (int i = 0; i < H2I_RESUMPTION_MAX_TICKETS_A_KEY; i++) {
        ticket[0]--;
        expect_taken(&rig, "key", ticket);
    }
    expect_taken(&rig, "key", ""); /* "a" is gone */
    expect_taken(&rig, "other", "old");
    close_rig(&rig);
}

TEST(resumption_keeps_a_bounded_number_and_forgets_the_oldest)
{
    struct rig rig;
    char key[16];
    open_rig(&rig);
    for (int i = 0; i < 2 * H2I_RESUMPTION_MAX_TICKETS; i++) {
        snprintf(key, sizeof key, "%d", i);
        put(&rig, key, "ticket");
    }
    ck_assert_uint_eq(rig.resumption.n_tickets, H2I_RESUMPTION_MAX_TICKETS);
    expect_taken(&rig, "0", "");
    snprintf(key, sizeof key, "%d", H2I_RESUMPTION_MAX_TICKETS);
    expect_taken(&rig, key, "ticket");
    close_rig(&rig);
}

TEST(resumption_keeps_a_bounded_number_of_bytes)
{
    static char ticket[100001];
    struct rig rig;
    char key[16];
    open_rig(&rig);
    memset(ticket, 'x', sizeof ticket - 1);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "%d", i);
        put(&rig, key, ticket);
        ck_assert_uint_le(rig.resumption.n_bytes, H2I_RESUMPTION_MAX_BYTES);
    }
    ck_assert_uint_eq(rig.resumption.n_tickets, 10);
    close_rig(&rig);
}

TEST(resumption_keeps_no_ticket_without_an_end)
{
    static char ticket[H2I_RESUMPTION_MAX_BYTES / 4 + 2];
    struct rig rig;
    open_rig(&rig);
    put(&rig, "key", "one");
    memset(ticket, 'x', sizeof ticket - 1);
    put(&rig, "key", ticket);
    put(&rig, "key", "");
    expect_taken(&rig, "key", "one");
    close_rig(&rig);
}

TEST(resumption_does_without_when_there_is_no_memory)
{
    struct rig rig;
    open_rig(&rig);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    put(&rig, "key", "one");
    expect_taken(&rig, "key", "");
    put(&rig, "key", "two");
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    expect_taken(&rig, "key", "");
    ck_assert_uint_eq(rig.resumption.n_bytes, 0);
    close_rig(&rig);
}

/* ---- as the connector uses it ---- */

/* Opens a connection for this URL, and puts a ticket where it was told to. */
static void connect_and_put(struct h2t_rig *rig, const char *url, h2client_http_version version)
{
    size_t n_before = rig->tls.n_handshakes;
    h2client_call *call = h2client_get(rig->session, url, .http_version = version);

    rig->tls.alpn = version == H2CLIENT_HTTP_1_1 ? "http/1.1" : "h2";
    for (int i = 0; rig->tls.n_handshakes == n_before && i < 20; i++)
        h2t_rig_turn(rig, 1);
    ck_assert_uint_eq(rig->tls.n_handshakes, n_before + 1);
    ck_assert_ptr_nonnull(rig->tls.tickets);
    rig->tls.tickets->put(rig->tls.tickets, rig->tls.ticket_key, rig->tls.ticket_key_len, url,
                          strlen(url));
    h2client_call_destroy(call);
}

/* The last handshake's key finds what that URL left, and no more. */
static void expect_kept(struct h2t_rig *rig, const char *url)
{
    void *ticket = NULL;
    size_t len = rig->tls.tickets->take(rig->tls.tickets, rig->tls.ticket_key,
                                        rig->tls.ticket_key_len, &ticket);

    ck_assert_uint_eq(len, strlen(url));
    ck_assert_mem_eq(ticket, url, len);
    h2i_free(&rig->alloc.allocator, ticket);
    ck_assert_uint_eq(rig->tls.tickets->take(rig->tls.tickets, rig->tls.ticket_key,
                                             rig->tls.ticket_key_len, &ticket),
                      0);
}

static void expect_own_ticket(const char *url, h2client_http_version version)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    connect_and_put(&rig, H2T_ORIGIN "/", H2CLIENT_HTTP_AUTO);
    connect_and_put(&rig, url, version);
    expect_kept(&rig, url);
    h2t_rig_finish(&rig);
}

TEST(resumption_keeps_hosts_ports_and_versions_apart)
{
    expect_own_ticket("https://other.test/", H2CLIENT_HTTP_AUTO);
    expect_own_ticket(H2T_ORIGIN ":8443/", H2CLIENT_HTTP_AUTO);
    expect_own_ticket(H2T_ORIGIN "/", H2CLIENT_HTTP_1_1);
}

TEST_MAIN("resumption", {T(resumption_gives_each_ticket_once)},
          {T(resumption_gives_nothing_under_another_key)}, {T(resumption_gives_the_newest_first)},
          {T(resumption_keeps_a_few_of_a_key_and_forgets_its_oldest)},
          {T(resumption_keeps_a_bounded_number_and_forgets_the_oldest)},
          {T(resumption_keeps_a_bounded_number_of_bytes)},
          {T(resumption_keeps_no_ticket_without_an_end)},
          {T(resumption_does_without_when_there_is_no_memory)},
          {T(resumption_keeps_hosts_ports_and_versions_apart)})
