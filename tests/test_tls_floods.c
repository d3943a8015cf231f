/* SPDX-License-Identifier: MIT */
/* A server that says much and sends next to no data, over an established TLS connection. */
#include "base/fault.h"
#include "tests/support/tls_rig.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define FEW_BYTES_OF_DATA "262144 bytes of TLS with hardly any data"

static void open_rig(struct h2t_tls_rig *rig, const char *priority)
{
    h2t_tls_rig_init(rig);
    rig->config.priority = priority;
    h2t_tls_rig_connect(rig);
}

/* Reads until it is not AGAIN, or n times. */
static ptrdiff_t read_patiently(struct h2t_tls_rig *rig, int n)
{
    ptrdiff_t last = H2CLIENT_IO_AGAIN;

    for (int i = 0; i < n && last == H2CLIENT_IO_AGAIN; i++) {
        h2t_tls_rig_turn(rig, 1);
        last = h2t_tls_rig_read(rig).last;
    }
    return last;
}

static void send_warnings(struct h2t_tls_rig *rig, int n)
{
    while (n-- > 0)
        h2t_tls_server_alert(rig->server, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED);
}

/* n times, 30 kB of warnings and then four bytes of data. pause_us lies between. False:
 * the client gave up. */
static bool send_texts_among_warnings(struct h2t_tls_rig *rig, int n, int64_t pause_us)
{
    for (int i = 0; i < n; i++) {
        rig->world.now_us += pause_us;
        send_warnings(rig, 1000);
        h2t_tls_server_say(rig->server, "text");
        if (read_patiently(rig, 200) == H2CLIENT_IO_FAILED)
            return false;
    }
    return true;
}

TEST(tls_bounds_key_updates)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    for (int i = 0; i < 100; i++)
        h2t_tls_server_key_update(rig.server, false);
    ck_assert_int_eq(read_patiently(&rig, 200), H2CLIENT_IO_FAILED);
    ck_assert_int_eq(h2t_tls_rig_info(&rig).fault->code, H2CLIENT_ERROR_TLS_RECORD);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_bounds_what_comes_without_data)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, TLS_1_2);
    send_warnings(&rig, 12000);
    ck_assert_int_eq(read_patiently(&rig, 200), H2CLIENT_IO_FAILED);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, FEW_BYTES_OF_DATA);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_bounds_what_comes_with_hardly_any_data)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, TLS_1_2);
    ck_assert(!send_texts_among_warnings(&rig, 12, 0));
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, FEW_BYTES_OF_DATA);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_takes_any_number_of_warnings_at_a_pace)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, TLS_1_2);
    ck_assert(send_texts_among_warnings(&rig, 30, 500000));
    h2t_tls_rig_finish(&rig);
}

static ptrdiff_t send_and_read_records(struct h2t_tls_rig *rig, const char *text, int n)
{
    ptrdiff_t last = 0;

    for (int i = 0; i < n && last != H2CLIENT_IO_FAILED; i++) {
        h2t_tls_server_say(rig->server, text);
        h2t_tls_rig_turn(rig, 1);
        last = h2t_tls_rig_read(rig).last;
    }
    return last;
}

TEST(tls_bounds_records_of_a_byte)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    ck_assert_int_eq(send_and_read_records(&rig, "x", 20000), H2CLIENT_IO_FAILED);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, FEW_BYTES_OF_DATA);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_takes_any_number_of_records_as_small_as_a_frame)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    ck_assert_int_ne(send_and_read_records(&rig, "a frame\n", 20000), H2CLIENT_IO_FAILED);
    h2t_tls_rig_finish(&rig);
}

TEST_MAIN("tls_floods", {T(tls_bounds_key_updates)}, {T(tls_bounds_what_comes_without_data)},
          {T(tls_bounds_what_comes_with_hardly_any_data)},
          {T(tls_takes_any_number_of_warnings_at_a_pace)}, {T(tls_bounds_records_of_a_byte)},
          {T(tls_takes_any_number_of_records_as_small_as_a_frame)})
