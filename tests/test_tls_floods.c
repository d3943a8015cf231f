/* SPDX-License-Identifier: MIT */
/* A server that says much and sends next to no data, over an established TLS connection. */
#include <gnutls/crypto.h>
#include <string.h>

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

/* Records that are well encrypted and hold nothing. TLS 1.3: padding, which GnuTLS adds. */
static void send_empty_records(struct h2t_tls_rig *rig, int n)
{
    const gnutls_range_st length = {.low = 0, .high = 100};

    while (n-- > 0)
        gnutls_record_send_range(rig->server->session, "", 0, &length);
    h2t_tls_server_raw(rig->server, "", 0); /* sends them */
}

static void count_up(unsigned char *seq)
{
    if (++seq[7] == 0)
        seq[6]++;
}

/* TLS 1.2 with AES-GCM, which GnuTLS does not make: RFC 5288 3, RFC 5246 6.2.3.3. */
static void send_empty_records_1_2(struct h2t_tls_rig *rig, int n)
{
    enum { SEQ = 8, HEAD = 5, TAG = 16 };
    static unsigned char record[HEAD + SEQ + TAG] = "\x17\3\3\0\x18";
    unsigned char seq[SEQ], nonce[4 + SEQ], about[SEQ + HEAD] = {0};
    gnutls_datum_t iv, key;
    gnutls_aead_cipher_hd_t cipher;
    size_t tag_len = TAG;

    gnutls_record_get_state(rig->server->session, 0, NULL, &iv, &key, seq);
    ck_assert_int_eq(gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_GCM, &key), 0);
    for (; n > 0; n--, count_up(seq)) {
        memcpy(record + HEAD, seq, SEQ);
        memcpy(nonce, iv.data, 4);
        memcpy(nonce + 4, seq, SEQ);
        memcpy(about, seq, SEQ);
        memcpy(about + SEQ, record, 3); /* and a length of 0 */
        gnutls_aead_cipher_encrypt(cipher, nonce, sizeof nonce, about, sizeof about, TAG, "", 0,
                                   record + HEAD + SEQ, &tag_len);
        h2t_tls_server_raw(rig->server, record, sizeof record);
    }
    gnutls_aead_cipher_deinit(cipher);
}

TEST(tls_bounds_empty_records)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    send_empty_records(&rig, 3000);
    ck_assert_int_eq(read_patiently(&rig, 20000), H2CLIENT_IO_FAILED);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, FEW_BYTES_OF_DATA);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_bounds_empty_records_of_tls_1_2)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, TLS_1_2 ":-CIPHER-ALL:+AES-128-GCM");
    send_empty_records_1_2(&rig, 1000);
    ck_assert_int_eq(read_patiently(&rig, 2000), H2CLIENT_IO_FAILED);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, "Too many empty record packets");
    h2t_tls_rig_finish(&rig);
}

/* RFC 8446 4.6.2: who has not offered it is not asked, or the connection ends. */
TEST(tls_offers_no_authentication_after_the_handshake)
{
    struct h2t_tls_rig rig;
    open_rig(&rig, NULL);
    ck_assert_int_eq(gnutls_reauth(rig.server->session, 0), GNUTLS_E_INVALID_REQUEST);
    h2t_tls_server_say(rig.server, "text");
    h2t_tls_rig_expect_text(&rig, "text");
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
          {T(tls_bounds_empty_records)}, {T(tls_bounds_empty_records_of_tls_1_2)},
          {T(tls_offers_no_authentication_after_the_handshake)},
          {T(tls_takes_any_number_of_records_as_small_as_a_frame)})
