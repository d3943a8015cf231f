/* SPDX-License-Identifier: MIT */
/* The TLS client's handshake: what is agreed, what bounds it, how it ends. */
#include <string.h>

#include "base/fault.h"
#include "tests/support/tls_rig.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

static const char *const h2_and_1_1[] = {"h2", "http/1.1", NULL};
static const char *const only_h2[] = {"h2", NULL};
static const char *const only_1_1[] = {"http/1.1", NULL};

/* ---- scenarios ---- */

/* Both sides know h2; the server has this priority. */
static void init_for_h2(struct h2t_tls_rig *rig, const char *priority)
{
    h2t_tls_rig_init(rig);
    rig->params.alpn = h2_and_1_1;
    rig->config.alpn = only_h2;
    rig->config.priority = priority;
}

static void expect_connects(const char *priority, const char *version)
{
    struct h2t_tls_rig rig;

    init_for_h2(&rig, priority);
    h2t_tls_rig_connect(&rig);
    h2client_transport_info info = h2t_tls_rig_info(&rig);
    ck_assert_str_eq(info.alpn, "h2");
    ck_assert_str_eq(info.tls_version, version);
    ck_assert_str_ne(info.tls_cipher, "");
    ck_assert_ptr_null(info.fault);
    h2t_tls_rig_finish(&rig);
}

/* What comes of these bytes of one who speaks no TLS. */
static void answer_with(struct h2t_tls_rig *rig, const void *data, size_t len)
{
    rig->limits.max_buffered = 1024 * 1024;
    h2t_tls_rig_start_alone(rig);
    h2t_tls_rig_turn(rig, 2);
    ck_assert_int_eq(rig->ends[1]->ops->write(rig->ends[1], &(h2client_iovec){data, len}, 1),
                     (ptrdiff_t)len);
    h2t_tls_rig_run(rig);
    ck_assert_ptr_null(rig->client);
}

static void expect_fault(const struct h2t_tls_rig *rig, h2client_error_code code, const char *words)
{
    ck_assert_msg(rig->fault.code == code, "%s: %s", h2client_error_name(rig->fault.code),
                  rig->fault.text);
    ck_assert_msg(strstr(rig->fault.text, words) != NULL, "%s", rig->fault.text);
}

/* The second Oakley group (RFC 2409 6.2). */
static const gnutls_datum_t prime_1024 = {
    (unsigned char *)(uintptr_t) "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xC9\x0F\xDA\xA2\x21\x68\xC2\x34"
                                 "\xC4\xC6\x62\x8B\x80\xDC\x1C\xD1\x29\x02\x4E\x08\x8A\x67\xCC\x74"
                                 "\x02\x0B\xBE\xA6\x3B\x13\x9B\x22\x51\x4A\x08\x79\x8E\x34\x04\xDD"
                                 "\xEF\x95\x19\xB3\xCD\x3A\x43\x1B\x30\x2B\x0A\x6D\xF2\x5F\x14\x37"
                                 "\x4F\xE1\x35\x6D\x6D\x51\xC2\x45\xE4\x85\xB5\x76\x62\x5E\x7E\xC6"
                                 "\xF4\x4C\x42\xE9\xA6\x37\xED\x6B\x0B\xFF\x5C\xB6\xF4\x06\xB7\xED"
                                 "\xEE\x38\x6B\xFB\x5A\x89\x9F\xA5\xAE\x9F\x24\x11\x7C\x4B\x1F\xE6"
                                 "\x49\x28\x66\x51\xEC\xE6\x53\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
    128};

/* ---- versions and ciphers ---- */

TEST(tls_connects_with_tls_1_3)
{
    expect_connects("NORMAL", "TLS1.3");
}

TEST(tls_connects_with_tls_1_2_and_an_aead_cipher)
{
    expect_connects(TLS_1_2, "TLS1.2");
}

TEST(tls_refuses_tls_1_1)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, "NORMAL:-VERS-ALL:+VERS-TLS1.1");
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS handshake failed");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_a_cbc_cipher_for_h2)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, TLS_1_2 ":-CIPHER-ALL:+AES-128-CBC");
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_CIPHER, "AES-128-CBC");
    h2t_tls_rig_expect_alert(&rig, GNUTLS_A_INSUFFICIENT_SECURITY);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_a_key_exchange_without_forward_secrecy_for_h2)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, TLS_1_2 ":-KX-ALL:+RSA");
    h2t_tls_rig_certify(&rig,
                        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key = H2T_KEY_RSA_2048});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_CIPHER, "RSA with AES-");
    h2t_tls_rig_finish(&rig);
}

/* What comes of a finite field of that size (RFC 9113 9.2.1). */
static void use_finite_field(struct h2t_tls_rig *rig, gnutls_dh_params_t *params, unsigned bits)
{
    init_for_h2(rig, TLS_1_2 ":-KX-ALL:+DHE-RSA:-GROUP-ALL:%PROFILE_VERY_WEAK");
    h2t_tls_rig_certify(rig,
                        &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}, .key = H2T_KEY_RSA_2048});
    rig->options.priority = "NORMAL:-GROUP-ALL:+GROUP-SECP256R1:+DHE-RSA:%PROFILE_LOW";
    ck_assert_int_eq(gnutls_dh_params_init(params), 0);
    ck_assert_int_eq(gnutls_dh_params_import_raw2(
                         *params, bits == 2048 ? &gnutls_ffdhe_2048_group_prime : &prime_1024,
                         &gnutls_ffdhe_2048_group_generator, 0),
                     0);
    h2t_tls_rig_start(rig);
    gnutls_certificate_set_dh_params(rig->server->credentials, *params);
    h2t_tls_rig_run(rig);
}

TEST(tls_refuses_a_small_finite_field_for_h2)
{
    struct h2t_tls_rig rig;
    gnutls_dh_params_t params;
    use_finite_field(&rig, &params, 1024);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_CIPHER, "the server chose DHE-RSA with");
    h2t_tls_rig_finish(&rig);
    gnutls_dh_params_deinit(params);
}

TEST(tls_takes_a_finite_field_of_2048_bits_for_h2)
{
    struct h2t_tls_rig rig;
    gnutls_dh_params_t params;
    use_finite_field(&rig, &params, 2048);
    ck_assert_msg(rig.client != NULL, "%s", rig.fault.text);
    h2t_tls_rig_finish(&rig);
    gnutls_dh_params_deinit(params);
}

/* RFC 9113 9.2.1: what is not offered cannot be chosen. The message (RFC 8446 4.1.2) stands
 * behind two heads of five and four bytes. */
TEST(tls_offers_no_compression)
{
    struct h2t_tls_rig rig;
    unsigned char hello[4096];
    init_for_h2(&rig, NULL);
    h2t_tls_rig_start_alone(&rig);
    h2t_tls_rig_turn(&rig, 2);
    ck_assert_int_gt(rig.ends[1]->ops->read(rig.ends[1], hello, sizeof hello), 100);
    size_t at = 5 + 4 + 2 + 32;                          /* version, random */
    at += 1u + hello[at];                                /* session id */
    at += 2u + (size_t)(hello[at] << 8 | hello[at + 1]); /* cipher suites */
    ck_assert_uint_lt(at, 2000);
    ck_assert_mem_eq(hello + at, "\1\0", 2); /* one method: none */
    h2t_tls_rig_finish(&rig);
}

TEST(tls_takes_a_cbc_cipher_for_http_1_1)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, TLS_1_2 ":-CIPHER-ALL:+AES-128-CBC");
    rig.config.alpn = only_1_1;
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_cipher, "AES-128-CBC");
    h2t_tls_rig_finish(&rig);
}

/* ---- ALPN (RFC 7301) ---- */

TEST(tls_reports_what_the_server_chose)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, NULL);
    rig.config.alpn = only_1_1;
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).alpn, "http/1.1");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_reports_nothing_when_the_server_knows_no_alpn)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, NULL);
    rig.config.alpn = NULL;
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).alpn, "");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_reports_nothing_when_nothing_was_offered)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, NULL);
    rig.params.alpn = NULL;
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).alpn, "");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_an_answer_that_was_not_offered)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, TLS_1_2);
    /* ServerHello: extension 16, its length, the list's, the name's. */
    rig.config.tampering.from = "\0\x10\0\5\0\3\2h2";
    rig.config.tampering.to = "\0\x10\0\5\0\3\2xx";
    rig.config.tampering.len = 9;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_ALPN, "not offered");
    ck_assert_int_eq(rig.server->alert, GNUTLS_A_NO_APPLICATION_PROTOCOL);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_passes_on_the_servers_alert_about_alpn)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, NULL);
    rig.params.alpn = only_1_1;
    h2t_tls_rig_start(&rig);
    gnutls_alpn_set_protocols(rig.server->session,
                              &(gnutls_datum_t){(unsigned char *)(uintptr_t) "h2", 2}, 1,
                              GNUTLS_ALPN_MANDATORY);
    h2t_tls_rig_run(&rig);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "alert 120 (");
    ck_assert_int_eq(rig.fault.tls_alert, GNUTLS_A_NO_APPLICATION_PROTOCOL);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_offers_no_more_than_it_can_compare)
{
    static const char *const many[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", NULL};
    struct h2t_tls_rig rig;
    init_for_h2(&rig, NULL);
    rig.params.alpn = many;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS cannot be set up");
    h2t_tls_rig_finish(&rig);
}

/* ---- a server that fails ---- */

TEST(tls_names_the_alert_the_server_sent_and_does_not_answer_it)
{
    struct h2t_tls_rig rig;
    char answer;
    init_for_h2(&rig, TLS_1_2 ":-KX-ALL:+DHE-RSA"); /* for which it has no key */
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "the server sent alert 40 (Handshake");
    ck_assert_int_eq(rig.fault.tls_alert, GNUTLS_A_HANDSHAKE_FAILURE);
    ck_assert_int_eq(rig.ends[1]->ops->read(rig.ends[1], &answer, 1), 0);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_tells_the_number_of_an_alert_without_a_name)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    answer_with(&rig, "\x15\3\3\0\2\2\xc8", 7);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "the server sent alert 200 (unknown)");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_a_server_that_closes_in_the_handshake)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start_alone(&rig);
    h2t_tls_rig_turn(&rig, 2);
    rig.ends[1]->ops->half_close(rig.ends[1]);
    h2t_tls_rig_run(&rig);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE,
                 "the server closed the connection during the TLS handshake");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_a_server_that_closes_inside_a_record)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start_alone(&rig);
    h2t_tls_rig_turn(&rig, 2);
    rig.ends[1]->ops->write(rig.ends[1], &(h2client_iovec){"\x16\3\3\0\x40\2", 6}, 1);
    rig.ends[1]->ops->half_close(rig.ends[1]);
    h2t_tls_rig_run(&rig);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE,
                 "the server closed the connection during the TLS handshake");
    h2t_tls_rig_finish(&rig);
}

#define WARNING "\x15\3\3\0\2\1\x5a" /* a record: user_canceled */

TEST(tls_names_the_warning_of_a_server_that_then_closes)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start_alone(&rig);
    h2t_tls_rig_turn(&rig, 2);
    rig.ends[1]->ops->write(rig.ends[1], &(h2client_iovec){WARNING, 7}, 1);
    rig.ends[1]->ops->half_close(rig.ends[1]);
    h2t_tls_rig_run(&rig);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE,
                 "during the TLS handshake, after alert 90 (User canceled)");
    ck_assert_int_eq(rig.fault.tls_alert, GNUTLS_A_USER_CANCELED);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_names_the_last_of_many_warnings)
{
    static const char warnings[] = WARNING WARNING WARNING WARNING WARNING WARNING WARNING WARNING
        WARNING WARNING WARNING WARNING WARNING WARNING WARNING WARNING WARNING WARNING;
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    answer_with(&rig, warnings, sizeof warnings - 1);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE,
                 "one warning after the other, the last one alert 90 (User canceled)");
    ck_assert_int_eq(rig.fault.tls_alert, GNUTLS_A_USER_CANCELED);
    h2t_tls_rig_finish(&rig);
}

/* Before ServerHello, as unrecognized_name once was (RFC 6066 3). */
TEST(tls_takes_a_few_warnings_before_the_servers_first_word)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, TLS_1_2);
    h2t_tls_rig_start(&rig);
    rig.ends[1]->ops->write(rig.ends[1], &(h2client_iovec){WARNING WARNING WARNING, 21}, 1);
    h2t_tls_rig_run(&rig);
    ck_assert_msg(rig.client != NULL, "%s", rig.fault.text);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_passes_a_reset_up_unchanged)
{
    struct h2t_tls_rig rig;
    h2client_fault reset = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "reading from 192.0.2.1");
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start_alone(&rig);
    h2t_tls_rig_turn(&rig, 2);
    h2i_memory_break(rig.ends[0], &reset);
    h2t_tls_rig_run(&rig);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECTION_RESET, reset.text);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_passes_a_reset_before_the_first_byte_up_unchanged)
{
    struct h2t_tls_rig rig;
    h2client_fault reset = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "writing to 192.0.2.1");
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start_alone(&rig);
    h2i_memory_break(rig.ends[0], &reset);
    h2t_tls_rig_run(&rig);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECTION_RESET, reset.text);
    h2t_tls_rig_finish(&rig);
}

/* Nothing will ever come to read. */
TEST(tls_ends_when_its_first_bytes_cannot_be_written)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start_alone(&rig);
    rig.alloc.fail_at = rig.alloc.n_calls + 1; /* the pair's room for them */
    h2t_tls_rig_run(&rig);
    expect_fault(&rig, H2CLIENT_ERROR_NO_MEMORY, "no memory for bytes under way");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_an_answer_that_is_no_tls)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    answer_with(&rig, answer, sizeof answer - 1);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS handshake failed: ");
    h2t_tls_rig_finish(&rig);
}

/* A certificate in several records, which all come at once. */
TEST(tls_takes_a_message_of_many_records)
{
    static char name[40001];
    struct h2t_tls_rig rig;
    memset(name, 'x', sizeof name - 1);
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST, name}});
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_finish(&rig);
}

/* A first message that says it has 16 MiB, and a third of a mebibyte of it. */
TEST(tls_bounds_the_bytes_of_a_handshake)
{
    static unsigned char flood[20 * 16389];
    struct h2t_tls_rig rig;
    for (size_t i = 0; i < sizeof flood; i += 16389)
        memcpy(flood + i, "\x16\3\3\x40\0\2\xff\xff\xff", 9);
    h2t_tls_rig_init(&rig);
    answer_with(&rig, flood, sizeof flood);
    expect_fault(&rig, H2CLIENT_ERROR_TLS_HANDSHAKE, "sent more than 262144 bytes");
    h2t_tls_rig_finish(&rig);
}

/* ---- time ---- */

TEST(tls_gives_up_on_a_silent_server_at_its_limit)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.params.timeout_ms = 10000;
    h2t_tls_rig_start_alone(&rig);
    h2t_tls_rig_turn(&rig, 4);
    int64_t began_us = rig.world.now_us;
    ck_assert_int_eq(h2i_reactor_turn(&rig.reactor, 9999 * 1000), H2CLIENT_OK);
    ck_assert_uint_eq(rig.n_done, 0);
    ck_assert_int_eq(h2i_reactor_turn(&rig.reactor, -1), H2CLIENT_OK);
    ck_assert_int_eq(rig.world.now_us - began_us, 10000 * 1000);
    expect_fault(&rig, H2CLIENT_ERROR_TIMEOUT, "after 10000 ms");
    ck_assert_int_eq(rig.fault.limit, H2CLIENT_LIMIT_TLS);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_time_limit_ends_with_the_handshake)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.params.timeout_ms = 10000;
    h2t_tls_rig_connect(&rig);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_waits_for_ever_without_a_limit)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start_alone(&rig);
    h2t_tls_rig_turn(&rig, 4);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    h2t_tls_rig_finish(&rig);
}

/* ---- in pieces, cut short, without memory ---- */

TEST(tls_handshake_works_byte_by_byte)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, NULL);
    rig.limits = (struct h2i_memory_limits){.max_read = 1, .max_write = 1};
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_handshake_works_through_one_byte_of_room)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, TLS_1_2);
    rig.limits = (struct h2i_memory_limits){.max_buffered = 1};
    h2t_tls_rig_connect(&rig);
    h2t_tls_rig_finish(&rig);
}

/* The client's Finished was taken; it arrives though nobody wants anything any more. */
TEST(tls_sends_the_end_of_the_handshake_without_another_call)
{
    struct h2t_tls_rig rig;
    init_for_h2(&rig, NULL);
    rig.limits = (struct h2i_memory_limits){.max_buffered = 16};
    h2t_tls_rig_start(&rig);
    h2t_tls_rig_run(&rig);
    h2t_tls_rig_turn(&rig, 100);
    ck_assert(rig.server->is_up);
    h2t_tls_rig_finish(&rig);
}

/* Cancelled after n turns of a handshake in small steps; true when it had ended. */
static bool cancel_after(int n_turns)
{
    struct h2t_tls_rig rig;
    bool has_ended;

    h2t_tls_rig_init(&rig);
    rig.limits = (struct h2i_memory_limits){.max_buffered = 20};
    rig.params.timeout_ms = 10000;
    h2t_tls_rig_start(&rig);
    h2t_tls_rig_turn(&rig, n_turns);
    has_ended = rig.n_done > 0;
    if (!has_ended) {
        rig.factory->ops->cancel(rig.factory, rig.handshake);
        rig.handshake = NULL;
        h2t_tls_rig_turn(&rig, 4);
        ck_assert_uint_eq(rig.n_done, 0);
    }
    h2t_tls_rig_finish(&rig);
    return has_ended;
}

TEST(tls_handshake_can_be_cancelled_at_any_turn)
{
    int n_turns = 0;
    while (!cancel_after(n_turns))
        n_turns++;
    ck_assert_int_gt(n_turns, 5);
}

TEST(tls_failure_found_at_the_start_can_be_cancelled)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.ca_file = "/no/such/file.pem";
    h2t_tls_rig_start(&rig);
    rig.factory->ops->cancel(rig.factory, rig.handshake);
    rig.handshake = NULL;
    h2t_tls_rig_turn(&rig, 4);
    ck_assert_uint_eq(rig.n_done, 0);
    h2t_tls_rig_finish(&rig);
}

static void destroy_at_once(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    unsigned *n_done = user;

    ck_assert_ptr_null(fault);
    transport->ops->destroy(transport);
    ++*n_done;
}

TEST(tls_transport_can_go_in_the_callback_that_brings_it)
{
    struct h2t_tls_rig rig;
    unsigned n_done = 0;
    init_for_h2(&rig, NULL);
    h2t_tls_rig_start(&rig);
    rig.factory->ops->cancel(rig.factory, rig.handshake);
    rig.handshake = NULL;
    h2t_tls_server_destroy(rig.server);
    ck_assert(h2i_memory_pair_create(&rig.reactor, &rig.limits, rig.ends));
    rig.server = h2t_tls_server_create(&rig.reactor, &rig.config, rig.ends[1]);
    ck_assert_ptr_nonnull(rig.factory->ops->start(rig.factory, &rig.reactor, &rig.params,
                                                  rig.ends[0], destroy_at_once, &n_done));
    h2t_tls_rig_turn(&rig, 20);
    ck_assert_uint_eq(n_done, 1);
    h2t_tls_rig_finish(&rig);
}

TEST_MAIN("tls_handshake", {T(tls_connects_with_tls_1_3)},
          {T(tls_connects_with_tls_1_2_and_an_aead_cipher)}, {T(tls_refuses_tls_1_1)},
          {T(tls_refuses_a_cbc_cipher_for_h2)},
          {T(tls_refuses_a_key_exchange_without_forward_secrecy_for_h2)},
          {T_OURS(tls_refuses_a_small_finite_field_for_h2, "by priority words")},
          {T_OURS(tls_takes_a_finite_field_of_2048_bits_for_h2, "by priority words")},
          {T(tls_offers_no_compression)}, {T(tls_takes_a_cbc_cipher_for_http_1_1)},
          {T(tls_reports_what_the_server_chose)},
          {T(tls_reports_nothing_when_the_server_knows_no_alpn)},
          {T(tls_reports_nothing_when_nothing_was_offered)},
          {T_OURS(tls_refuses_an_answer_that_was_not_offered,
                  "OpenSSL itself refuses it, by other words")},
          {T(tls_passes_on_the_servers_alert_about_alpn)},
          {T(tls_offers_no_more_than_it_can_compare)},
          {T(tls_names_the_alert_the_server_sent_and_does_not_answer_it)},
          {T(tls_tells_the_number_of_an_alert_without_a_name)},
          {T(tls_names_a_server_that_closes_in_the_handshake)},
          {T(tls_names_a_server_that_closes_inside_a_record)},
          {T(tls_names_the_warning_of_a_server_that_then_closes)},
          {T(tls_names_the_last_of_many_warnings)},
          {T(tls_takes_a_few_warnings_before_the_servers_first_word)},
          {T(tls_passes_a_reset_up_unchanged)},
          {T(tls_passes_a_reset_before_the_first_byte_up_unchanged)},
          {T(tls_ends_when_its_first_bytes_cannot_be_written)},
          {T(tls_refuses_an_answer_that_is_no_tls)}, {T(tls_takes_a_message_of_many_records)},
          {T_OURS(tls_bounds_the_bytes_of_a_handshake, "OpenSSL bounds each message")},
          {T(tls_gives_up_on_a_silent_server_at_its_limit)},
          {T(tls_time_limit_ends_with_the_handshake)}, {T(tls_waits_for_ever_without_a_limit)},
          {T(tls_handshake_works_byte_by_byte)}, {T(tls_handshake_works_through_one_byte_of_room)},
          {T(tls_sends_the_end_of_the_handshake_without_another_call)},
          {T(tls_handshake_can_be_cancelled_at_any_turn)},
          {T(tls_failure_found_at_the_start_can_be_cancelled)},
          {T(tls_transport_can_go_in_the_callback_that_brings_it)})
