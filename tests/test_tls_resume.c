/* SPDX-License-Identifier: MIT */
/* Resumption by tickets, and the TLS client without memory. */
#include <string.h>

#include "tests/support/test_papers.h"
#include "tests/support/tls_rig.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* ---- a store of one ticket ---- */

struct store {
    h2client_ticket_store base; /* first */
    const h2client_allocator *allocator;
    char *ticket; /* NULL: none */
    size_t len;
    char key[32];
    size_t key_len;
    unsigned n_puts;
    unsigned n_takes;
};

static struct store *store_of(h2client_ticket_store *base)
{
    return (struct store *)(void *)base;
}

static void store_put(h2client_ticket_store *base, const void *key, size_t key_len,
                      const void *ticket, size_t len)
{
    struct store *store = store_of(base);

    ck_assert_uint_le(key_len, sizeof store->key);
    memcpy(store->key, key, key_len);
    store->key_len = key_len;
    h2i_free(store->allocator, store->ticket);
    store->ticket = h2i_copy_text(store->allocator, ticket, len);
    store->len = store->ticket ? len : 0;
    store->n_puts++;
}

static size_t store_take(h2client_ticket_store *base, const void *key, size_t key_len,
                         void **ticket)
{
    struct store *store = store_of(base);
    size_t len = store->len;

    store->n_takes++;
    if (key_len != store->key_len || memcmp(key, store->key, key_len) != 0)
        return 0;
    *ticket = store->ticket;
    store->ticket = NULL;
    store->len = 0;
    return len;
}

struct resume_rig {
    struct h2t_tls_rig tls;
    struct store store;
    gnutls_datum_t server_key;
};

static void open_rig(struct resume_rig *rig, const char *priority)
{
    memset(rig, 0, sizeof *rig);
    h2t_tls_rig_init(&rig->tls);
    ck_assert_int_eq(gnutls_session_ticket_key_generate(&rig->server_key), 0);
    rig->store = (struct store){
        .base = {.size = sizeof rig->store.base, .put = store_put, .take = store_take},
        .allocator = &rig->tls.alloc.allocator,
    };
    rig->tls.config.priority = priority;
    rig->tls.config.ticket_key = &rig->server_key;
    rig->tls.params.tickets = &rig->store.base;
    rig->tls.params.ticket_key = "key\0one";
    rig->tls.params.ticket_key_len = 7;
}

static void close_rig(struct resume_rig *rig)
{
    h2i_free(rig->store.allocator, rig->store.ticket);
    h2t_tls_rig_finish(&rig->tls);
    gnutls_free(rig->server_key.data);
}

/* A connection over which a word comes; was it resumed? */
static bool connect_and_read(struct resume_rig *rig)
{
    bool is_resumed;

    h2t_tls_rig_connect(&rig->tls);
    h2t_tls_server_say(rig->tls.server, "text");
    for (int i = 0; i < 20 && strcmp(h2t_tls_rig_read(&rig->tls).text, "text") != 0; i++)
        h2t_tls_rig_turn(&rig->tls, 1);
    is_resumed = h2t_tls_rig_info(&rig->tls).tls_resumed;
    ck_assert_int_eq(is_resumed, rig->tls.server->is_resumed);
    return is_resumed;
}

static bool connect_read_and_leave(struct resume_rig *rig)
{
    bool is_resumed = connect_and_read(rig);

    h2t_tls_rig_disconnect(&rig->tls);
    return is_resumed;
}

/* ---- resumption ---- */

static void expect_resumption(const char *priority)
{
    struct resume_rig rig;

    open_rig(&rig, priority);
    ck_assert(!connect_read_and_leave(&rig));
    ck_assert_uint_eq(rig.store.n_puts, 1);
    ck_assert_uint_eq(rig.store.key_len, 7);
    ck_assert_int_eq(memcmp(rig.store.key, "key\0one", 7), 0);
    ck_assert(connect_read_and_leave(&rig));
    close_rig(&rig);
}

TEST(tls_resumes_with_tls_1_3)
{
    expect_resumption(NULL);
}

TEST(tls_resumes_with_tls_1_2)
{
    expect_resumption(TLS_1_2);
}

TEST(tls_uses_a_ticket_once)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_read_and_leave(&rig);
    h2t_tls_rig_connect(&rig.tls); /* has taken it, and reads nothing: none is put */
    ck_assert_ptr_null(rig.store.ticket);
    h2t_tls_rig_disconnect(&rig.tls);
    ck_assert(!connect_read_and_leave(&rig));
    close_rig(&rig);
}

TEST(tls_does_not_resume_under_another_key)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_read_and_leave(&rig);
    rig.tls.params.ticket_key = "key\0two";
    ck_assert(!connect_read_and_leave(&rig));
    close_rig(&rig);
}

TEST(tls_does_not_resume_without_a_store)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_read_and_leave(&rig);
    rig.tls.params.tickets = NULL;
    ck_assert(!connect_read_and_leave(&rig));
    ck_assert_uint_eq(rig.store.n_takes, 1);
    close_rig(&rig);
}

/* Tickets are hundreds of bytes of the server's. */
TEST(tls_1_2_asks_for_no_ticket_without_a_store)
{
    struct resume_rig rig;
    open_rig(&rig, TLS_1_2);
    connect_and_read(&rig);
    uint64_t n_with = h2i_memory_bytes_written(rig.tls.ends[1]);
    h2t_tls_rig_disconnect(&rig.tls);
    rig.tls.params.tickets = NULL;
    connect_and_read(&rig);
    ck_assert_uint_lt(h2i_memory_bytes_written(rig.tls.ends[1]) + 200, n_with);
    close_rig(&rig);
}

TEST(tls_keeps_one_ticket_of_a_connection)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_and_read(&rig);
    for (int i = 0; i < 4; i++) {
        h2t_tls_server_say(rig.tls.server, "more");
        h2t_tls_rig_expect_text(&rig.tls, "more");
    }
    ck_assert_uint_eq(rig.store.n_puts, 1);
    close_rig(&rig);
}

TEST(tls_keeps_nothing_when_the_server_gives_no_ticket)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    rig.tls.config.ticket_key = NULL;
    connect_and_read(&rig);
    ck_assert_uint_eq(rig.store.n_puts, 0);
    close_rig(&rig);
}

TEST(tls_shakes_hands_in_full_when_the_ticket_is_broken)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    store_put(&rig.store.base, rig.tls.params.ticket_key, 7, "no ticket", 9);
    ck_assert(!connect_read_and_leave(&rig));
    close_rig(&rig);
}

/* ---- the same checks on a resumed session ---- */

static void expect_refused_on_resumption(const char *priority)
{
    struct resume_rig rig;

    open_rig(&rig, priority);
    connect_read_and_leave(&rig);
    rig.tls.params.host = "other.test";
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_WRONG_NAME, "certificate is for: server.test");
    close_rig(&rig);
}

TEST(tls_verifies_the_name_of_a_resumed_session)
{
    expect_refused_on_resumption(NULL);
    expect_refused_on_resumption(TLS_1_2);
}

TEST(tls_verifies_the_chain_of_a_resumed_session)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    rig.tls.options.verify = H2CLIENT_OFF;
    h2t_tls_rig_self_sign(&rig.tls, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}});
    connect_read_and_leave(&rig);
    rig.tls.factory->ops->destroy(rig.tls.factory);
    rig.tls.factory = NULL;
    rig.tls.options.verify = H2CLIENT_ON;
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_UNTRUSTED, "it is self-signed");
    close_rig(&rig);
}

/* The same store, and a factory with other options. */
static void forget_factory(struct resume_rig *rig)
{
    rig->tls.factory->ops->destroy(rig->tls.factory);
    rig->tls.factory = NULL;
}

TEST(tls_checks_the_pinned_key_of_a_resumed_session)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_read_and_leave(&rig);
    forget_factory(&rig);
    rig.tls.options.pins = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_PINNED, "the key of server.test is not pinned");
    close_rig(&rig);
}

TEST(tls_checks_the_staple_of_a_resumed_session)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    gnutls_datum_t staple = h2t_cert_staple(rig.tls.leaf, rig.tls.ca, H2T_STAPLE_GOOD);
    rig.tls.config.staple = &staple;
    rig.tls.options.require_staple = H2CLIENT_ON;
    ck_assert(!connect_read_and_leave(&rig));
    ck_assert(connect_read_and_leave(&rig));
    gnutls_free(staple.data);
    close_rig(&rig);
}

TEST(tls_requires_a_staple_of_a_resumed_session)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_read_and_leave(&rig);
    forget_factory(&rig);
    rig.tls.options.require_staple = H2CLIENT_ON;
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_STAPLE, "the server stapled no word");
    close_rig(&rig);
}

static bool count_and_accept(const h2client_tls_verdict *verdict, void *user)
{
    unsigned *n_asked = user;

    ck_assert_uint_eq(verdict->n_chain, 1);
    ++*n_asked;
    return true;
}

TEST(tls_asks_the_application_about_a_resumed_session)
{
    struct resume_rig rig;
    unsigned n_asked = 0;
    open_rig(&rig, NULL);
    rig.tls.options.verify_fn = count_and_accept;
    rig.tls.options.verify_user = &n_asked;
    connect_read_and_leave(&rig);
    ck_assert(connect_read_and_leave(&rig));
    ck_assert_uint_eq(n_asked, 2);
    close_rig(&rig);
}

TEST(tls_tells_the_certificate_of_a_resumed_session)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_read_and_leave(&rig);
    ck_assert(connect_and_read(&rig));
    ck_assert_str_eq(h2t_tls_rig_info(&rig.tls).tls_certificate->issuer, "CN=authority");
    close_rig(&rig);
}

TEST(tls_neither_keeps_nor_uses_tickets_when_told_not_to)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    rig.tls.options.session_tickets = H2CLIENT_OFF;
    connect_read_and_leave(&rig);
    ck_assert(!connect_read_and_leave(&rig));
    ck_assert_uint_eq(rig.store.n_puts + rig.store.n_takes, 0);
    close_rig(&rig);
}

TEST(tls_covers_hosts_on_a_resumed_session)
{
    struct resume_rig rig;
    open_rig(&rig, NULL);
    connect_read_and_leave(&rig);
    ck_assert(connect_and_read(&rig));
    ck_assert(rig.tls.client->ops->covers_host(rig.tls.client, H2T_TLS_HOST));
    ck_assert(!rig.tls.client->ops->covers_host(rig.tls.client, "other.test"));
    close_rig(&rig);
}

TEST(tls_agrees_on_a_protocol_on_resumption_too)
{
    static const char *const offers[] = {"h2", "http/1.1", NULL};
    struct resume_rig rig;
    open_rig(&rig, NULL);
    rig.tls.params.alpn = rig.tls.config.alpn = offers;
    connect_read_and_leave(&rig);
    ck_assert(connect_and_read(&rig));
    ck_assert_str_eq(h2t_tls_rig_info(&rig.tls).alpn, "h2");
    close_rig(&rig);
}

/* ---- without memory ---- */

#define PIECE_BYTES 16384u

static bool is_out_of_memory(struct h2t_tls_rig *rig)
{
    const h2client_fault *fault = h2t_tls_rig_info(rig).fault;

    return fault && fault->code == H2CLIENT_ERROR_NO_MEMORY;
}

/* What the server has got goes back. */
static void send_back(struct h2t_tls_server *server)
{
    static char buf[PIECE_BYTES];
    ptrdiff_t n = server->transport.ops->read(&server->transport, buf, sizeof buf);

    if (n > 0)
        server->transport.ops->write(&server->transport, &(h2client_iovec){buf, (size_t)n}, 1);
}

/* One piece there and back. False: it did not come back whole. */
static bool echo_piece(struct h2t_tls_rig *rig, int fill)
{
    static char out[PIECE_BYTES], back[PIECE_BYTES];
    ptrdiff_t n;
    size_t total = 0;

    memset(out, fill, sizeof out);
    n = rig->client->ops->write(rig->client, &(h2client_iovec){out, sizeof out}, 1);
    ck_assert(n == PIECE_BYTES || (n == H2CLIENT_IO_FAILED && is_out_of_memory(rig)));
    for (int i = 0; i < 10 && n != H2CLIENT_IO_FAILED && total < PIECE_BYTES; i++) {
        send_back(rig->server);
        n = rig->client->ops->read(rig->client, back + total, PIECE_BYTES - total);
        total += n > 0 ? (size_t)n : 0;
        h2t_tls_rig_turn(rig, 1);
    }
    return total == PIECE_BYTES && memcmp(out, back, PIECE_BYTES) == 0;
}

static bool echo_mebibyte(struct h2t_tls_rig *rig)
{
    int n_pieces = 0;

    while (n_pieces < 64 && echo_piece(rig, n_pieces))
        n_pieces++;
    return n_pieces == 64;
}

/* A whole connection whose nth allocation fails. True: there was no nth. */
static bool run_without_memory(uint64_t fail_at)
{
    struct resume_rig rig;
    char pin[80];
    bool is_whole, has_failed;

    open_rig(&rig, NULL);
    h2t_pin_of(rig.tls.leaf, pin, sizeof pin);
    rig.tls.options.pins = pin;
    rig.tls.params.timeout_ms = 10000;
    rig.tls.alloc.fail_at = fail_at;
    h2t_tls_rig_start(&rig.tls);
    for (int i = 0; i < 50 && !rig.tls.n_done; i++)
        h2t_tls_rig_turn(&rig.tls, 1);
    is_whole = rig.tls.client && echo_mebibyte(&rig.tls);
    if (rig.tls.client)
        h2t_tls_rig_info(&rig.tls); /* which makes the certificate's text */
    if (rig.tls.n_done && !rig.tls.client)
        ck_assert_int_eq(rig.tls.fault.code, H2CLIENT_ERROR_NO_MEMORY);
    has_failed = rig.tls.alloc.n_calls >= fail_at;
    ck_assert(is_whole || has_failed);
    close_rig(&rig);
    return !has_failed;
}

TEST(tls_survives_every_failed_allocation)
{
    uint64_t fail_at = 1;
    while (!run_without_memory(fail_at))
        fail_at++;
    ck_assert_uint_gt(fail_at, 6);
}

TEST_MAIN(
    "tls_resume", {T(tls_resumes_with_tls_1_3)}, {T(tls_resumes_with_tls_1_2)},
    {T(tls_uses_a_ticket_once)}, {T(tls_does_not_resume_under_another_key)},
    {T(tls_does_not_resume_without_a_store)}, {T(tls_1_2_asks_for_no_ticket_without_a_store)},
    {T(tls_keeps_one_ticket_of_a_connection)},
    {T(tls_keeps_nothing_when_the_server_gives_no_ticket)},
    {T(tls_shakes_hands_in_full_when_the_ticket_is_broken)},
    {T(tls_verifies_the_name_of_a_resumed_session)},
    {T(tls_verifies_the_chain_of_a_resumed_session)},
    {T_OURS(tls_checks_the_pinned_key_of_a_resumed_session, "an option of the built-in one")},
    {T_OURS(tls_checks_the_staple_of_a_resumed_session, "an option of the built-in one")},
    {T_OURS(tls_requires_a_staple_of_a_resumed_session, "an option of the built-in one")},
    {T_OURS(tls_asks_the_application_about_a_resumed_session, "an option of the built-in one")},
    {T_OURS(tls_tells_the_certificate_of_a_resumed_session, "it tells of none")},
    {T_OURS(tls_neither_keeps_nor_uses_tickets_when_told_not_to, "an option of the built-in one")},
    {T(tls_covers_hosts_on_a_resumed_session)}, {T(tls_agrees_on_a_protocol_on_resumption_too)},
    {T(tls_survives_every_failed_allocation)})
