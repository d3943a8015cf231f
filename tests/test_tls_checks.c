/* SPDX-License-Identifier: MIT */
/* What is checked beside the chain: pinned keys, staples (OCSP), the application's word; and
 * what is told of it: the server's certificate, and secrets to a key log. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test_papers.h"
#include "tests/support/tls_rig.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define WRONG_PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* The factory says so at once, and to each handshake. */
static void expect_unusable(struct h2t_tls_rig *rig, h2client_error_code code, const char *words)
{
    h2t_tls_rig_refuse(rig, code, words);
    ck_assert_int_eq(rig->factory_fault.code, code);
    h2t_tls_rig_finish(rig);
}

/* ---- pinned keys ---- */

static void expect_pinned(struct h2t_tls_rig *rig, const char *pins)
{
    rig->options.pins = pins;
    h2t_tls_rig_connect(rig);
    h2t_tls_rig_finish(rig);
}

TEST(tls_takes_the_pinned_key)
{
    struct h2t_tls_rig rig;
    char pin[80];
    h2t_tls_rig_init(&rig);
    h2t_pin_of(rig.leaf, pin, sizeof pin);
    expect_pinned(&rig, pin);
}

TEST(tls_takes_any_of_several_pinned_keys)
{
    struct h2t_tls_rig rig;
    char pin[80], pins[200];
    h2t_tls_rig_init(&rig);
    h2t_pin_of(rig.leaf, pin, sizeof pin);
    snprintf(pins, sizeof pins, WRONG_PIN ";%s", pin);
    expect_pinned(&rig, pins);
}

TEST(tls_takes_the_pinned_key_of_a_file)
{
    struct h2t_tls_rig rig;
    char path[64];
    h2t_tls_rig_init(&rig);
    char *pem = h2t_pem_of_public_key(rig.leaf);
    int fd = h2t_file_create(pem, strlen(pem), path, sizeof path);
    expect_pinned(&rig, path);
    close(fd);
    free(pem);
}

TEST(tls_refuses_another_key_and_tells_its_pin)
{
    struct h2t_tls_rig rig;
    char pin[80];
    h2t_tls_rig_init(&rig);
    h2t_pin_of(rig.leaf, pin, sizeof pin);
    rig.options.pins = WRONG_PIN;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_PINNED, pin);
    h2t_tls_rig_expect_alert(&rig, GNUTLS_A_BAD_CERTIFICATE);
    h2t_tls_rig_finish(&rig);
}

/* Only the server's own key counts. */
TEST(tls_refuses_the_key_of_the_authority)
{
    struct h2t_tls_rig rig;
    char pin[80];
    h2t_tls_rig_init(&rig);
    h2t_pin_of(rig.ca, pin, sizeof pin);
    rig.options.pins = pin;
    rig.config.chain[1] = rig.ca;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_PINNED, "the key of server.test is not pinned");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_checks_pinned_keys_when_told_not_to_verify)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.verify = H2CLIENT_OFF;
    rig.options.pins = WRONG_PIN;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_PINNED, "is not pinned");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_pinned_key_makes_no_untrusted_certificate_good)
{
    struct h2t_tls_rig rig;
    char pin[80];
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_self_sign(&rig, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}});
    h2t_pin_of(rig.leaf, pin, sizeof pin);
    rig.options.pins = pin;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "it is self-signed");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_refuses_pins_that_are_none)
{
    static const char *const bad[] = {"sha256//", "sha256//AAAA", "sha256//*", WRONG_PIN ";",
                                      WRONG_PIN ";sha1//AAAA"};
    for (size_t i = 0; i < 3; i++) {
        struct h2t_tls_rig rig;
        h2t_tls_rig_init(&rig);
        rig.options.pins = bad[i];
        expect_unusable(&rig, H2CLIENT_ERROR_TLS_PINNED, bad[i]);
    }
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.pins = bad[4];
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PINNED, "not each is sha256// and 32 bytes");
}

TEST(tls_bounds_the_number_of_pins)
{
    static char pins[65 * sizeof WRONG_PIN];
    struct h2t_tls_rig rig;
    for (size_t i = 0, len = 0; i < 65; i++)
        len += (size_t)snprintf(pins + len, sizeof pins - len, "%s" WRONG_PIN, i ? ";" : "");
    h2t_tls_rig_init(&rig);
    rig.options.pins = pins;
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PINNED, "too many");
}

TEST(tls_names_a_file_of_a_pinned_key_that_is_not_there)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.pins = "/no/such/key.pem";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PINNED,
                    "pinned key /no/such/key.pem: No such file or directory");
}

TEST(tls_names_a_file_that_is_no_key)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.pins = "/dev/null";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_PINNED, "/dev/null: ");
}

/* ---- staples ---- */

struct staple_rig {
    struct h2t_tls_rig tls;
    gnutls_datum_t staple;
};

static void open_stapled(struct staple_rig *rig, enum h2t_staple_kind kind, bool is_required)
{
    h2t_tls_rig_init(&rig->tls);
    rig->staple = h2t_cert_staple(rig->tls.leaf, rig->tls.ca, kind);
    rig->tls.config.staple = &rig->staple;
    rig->tls.options.require_staple = is_required ? H2CLIENT_ON : H2CLIENT_INHERIT;
}

static void close_stapled(struct staple_rig *rig)
{
    gnutls_free(rig->staple.data);
    h2t_tls_rig_finish(&rig->tls);
}

static void expect_staple_refused(struct staple_rig *rig, const char *words)
{
    h2t_tls_rig_refuse(&rig->tls, H2CLIENT_ERROR_TLS_STAPLE, words);
    close_stapled(rig);
}

TEST(tls_takes_a_good_staple)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_GOOD, true);
    h2t_tls_rig_connect(&rig.tls);
    close_stapled(&rig);
}

TEST(tls_takes_a_good_staple_with_tls_1_2)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_GOOD, true);
    rig.tls.config.priority = TLS_1_2;
    h2t_tls_rig_connect(&rig.tls);
    close_stapled(&rig);
}

TEST(tls_refuses_a_broken_staple)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_BROKEN, false);
    expect_staple_refused(&rig, "the stapled word about revocation is broken");
}

TEST(tls_refuses_a_staple_that_is_out_of_date)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_OLD, false);
    expect_staple_refused(&rig, "the stapled word about revocation is out of date");
}

TEST(tls_refuses_a_server_without_a_staple_where_it_is_required)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_GOOD, true);
    rig.tls.config.staple = NULL;
    expect_staple_refused(&rig, "the server stapled no word about revocation");
}

/* Of the same issuer, but of another certificate. */
TEST(tls_refuses_a_staple_of_another_certificate_where_it_is_required)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_GOOD, true);
    h2t_tls_rig_certify(&rig.tls, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}});
    expect_staple_refused(&rig, "word about revocation");
}

TEST(tls_takes_a_server_without_a_staple_by_default)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_GOOD, false);
    rig.tls.config.staple = NULL;
    h2t_tls_rig_connect(&rig.tls);
    close_stapled(&rig);
}

static void expect_must_staple(bool has_staple)
{
    static const struct h2t_cert_spec spec = {.dns = {H2T_TLS_HOST}, .demands_staple = true};
    struct h2t_tls_rig rig;
    gnutls_datum_t staple;

    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig, &spec);
    staple = h2t_cert_staple(rig.leaf, rig.ca, H2T_STAPLE_GOOD);
    rig.config.staple = has_staple ? &staple : NULL;
    if (has_staple)
        h2t_tls_rig_connect(&rig);
    else
        h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_STAPLE, "the certificate demands a stapled");
    gnutls_free(staple.data);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_honours_a_certificate_that_demands_a_staple)
{
    expect_must_staple(true);
    expect_must_staple(false);
}

TEST(tls_requires_a_staple_when_told_not_to_verify)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_GOOD, true);
    rig.tls.options.verify = H2CLIENT_OFF;
    rig.tls.config.staple = NULL;
    expect_staple_refused(&rig, "the server stapled no word about revocation");
}

TEST(tls_required_staple_may_say_revoked_when_told_not_to_verify)
{
    struct staple_rig rig;
    open_stapled(&rig, H2T_STAPLE_REVOKED, true);
    rig.tls.options.verify = H2CLIENT_OFF;
    h2t_tls_rig_refuse(&rig.tls, H2CLIENT_ERROR_TLS_REVOKED, "was revoked");
    close_stapled(&rig);
}

/* ---- the application's word ---- */

struct judge {
    struct h2t_tls_rig *rig;
    bool answer;
    bool cancels;
    unsigned n_asked;
    h2client_error_code found; /* of the checks */
    char host[32];
    size_t n_chain;
    size_t first_len;
};

static bool judge_verdict(const h2client_tls_verdict *verdict, void *user)
{
    struct judge *judge = user;

    ck_assert_uint_eq(verdict->size, sizeof *verdict);
    judge->n_asked++;
    judge->found = verdict->fault ? verdict->fault->code : H2CLIENT_OK;
    snprintf(judge->host, sizeof judge->host, "%s", verdict->host);
    judge->n_chain = verdict->n_chain;
    judge->first_len = verdict->n_chain ? verdict->chain[0].len : 0;
    if (judge->cancels) {
        judge->rig->factory->ops->cancel(judge->rig->factory, judge->rig->handshake);
        judge->rig->handshake = NULL;
    }
    return judge->answer;
}

static void init_judged(struct h2t_tls_rig *rig, struct judge *judge, bool answer)
{
    h2t_tls_rig_init(rig);
    *judge = (struct judge){.rig = rig, .answer = answer};
    rig->options.verify_fn = judge_verdict;
    rig->options.verify_user = judge;
}

TEST(tls_asks_the_application_once)
{
    struct h2t_tls_rig rig;
    struct judge judge;
    init_judged(&rig, &judge, true);
    rig.config.chain[1] = rig.ca;
    h2t_tls_rig_connect(&rig);
    ck_assert_uint_eq(judge.n_asked, 1);
    ck_assert_int_eq(judge.found, H2CLIENT_OK);
    ck_assert_str_eq(judge.host, H2T_TLS_HOST);
    ck_assert_uint_eq(judge.n_chain, 2);
    ck_assert_uint_gt(judge.first_len, 100);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_application_can_refuse)
{
    struct h2t_tls_rig rig;
    struct judge judge;
    init_judged(&rig, &judge, false);
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "the application refused");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_application_cannot_accept_what_the_checks_refuse)
{
    struct h2t_tls_rig rig;
    struct judge judge;
    init_judged(&rig, &judge, true);
    h2t_tls_rig_self_sign(&rig, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}});
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "it is self-signed");
    ck_assert_uint_eq(judge.n_asked, 0);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_application_decides_when_told_not_to_verify)
{
    struct h2t_tls_rig rig;
    struct judge judge;
    init_judged(&rig, &judge, true);
    h2t_tls_rig_self_sign(&rig, &(struct h2t_cert_spec){.dns = {H2T_TLS_HOST}});
    rig.options.verify = H2CLIENT_OFF;
    h2t_tls_rig_connect(&rig);
    ck_assert_int_eq(judge.found, H2CLIENT_ERROR_TLS_UNTRUSTED);
    h2t_tls_rig_disconnect(&rig);
    judge.answer = false;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_UNTRUSTED, "the application refused");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_application_cannot_accept_another_key_than_the_pinned)
{
    struct h2t_tls_rig rig;
    struct judge judge;
    init_judged(&rig, &judge, true);
    rig.options.verify = H2CLIENT_OFF;
    rig.options.pins = WRONG_PIN;
    h2t_tls_rig_refuse(&rig, H2CLIENT_ERROR_TLS_PINNED, "is not pinned");
    h2t_tls_rig_finish(&rig);
}

TEST(tls_application_may_cancel_while_it_is_asked)
{
    struct h2t_tls_rig rig;
    struct judge judge;
    init_judged(&rig, &judge, true);
    judge.cancels = true;
    h2t_tls_rig_start(&rig);
    h2t_tls_rig_turn(&rig, 20);
    ck_assert_uint_eq(judge.n_asked, 1);
    ck_assert_uint_eq(rig.n_done, 0);
    h2t_tls_rig_finish(&rig);
}

/* ---- what the server showed ---- */

TEST(tls_tells_the_servers_certificate)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(&rig,
                        &(struct h2t_cert_spec){.common_name = "A server", .dns = {H2T_TLS_HOST}});
    rig.config.chain[1] = rig.ca;
    h2t_tls_rig_connect(&rig);
    const h2client_certificate *told = h2t_tls_rig_info(&rig).tls_certificate;
    ck_assert_ptr_nonnull(told);
    ck_assert_uint_eq(told->n_chain, 2);
    ck_assert_str_eq(told->subject, "CN=A server");
    ck_assert_str_eq(told->issuer, "CN=authority");
    ck_assert_int_eq(told->not_before_s,
                     gnutls_x509_crt_get_activation_time(rig.leaf->certificate));
    ck_assert_int_eq(told->not_after_s, gnutls_x509_crt_get_expiration_time(rig.leaf->certificate));
    ck_assert_ptr_eq(told, h2t_tls_rig_info(&rig).tls_certificate); /* made once */
    h2t_tls_rig_finish(&rig);
}

TEST(tls_tells_the_certificates_bytes_and_their_digest)
{
    struct h2t_tls_rig rig;
    char hex[65];
    unsigned char digest[32];
    size_t len = sizeof digest;
    gnutls_datum_t der;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_connect(&rig);
    const h2client_certificate *told = h2t_tls_rig_info(&rig).tls_certificate;
    gnutls_x509_crt_export2(rig.leaf->certificate, GNUTLS_X509_FMT_DER, &der);
    gnutls_x509_crt_get_fingerprint(rig.leaf->certificate, GNUTLS_DIG_SHA256, digest, &len);
    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(told->sha256, hex);
    ck_assert_uint_eq(told->chain[0].len, der.size);
    ck_assert_mem_eq(told->chain[0].data, der.data, der.size);
    gnutls_free(der.data);
    h2t_tls_rig_finish(&rig);
}

TEST(tls_tells_how_keys_were_agreed_on)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.config.priority = "NORMAL:-GROUP-ALL:+GROUP-X25519";
    h2t_tls_rig_connect(&rig);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_group, "X25519");
    ck_assert_str_eq(h2t_tls_rig_info(&rig).tls_signature, "ECDSA-SECP256R1-SHA256");
    h2t_tls_rig_finish(&rig);
}

/* For those who ask at each connection. */
TEST(tls_makes_no_certificate_for_who_does_not_ask)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_connect(&rig);
    uint64_t n_calls = rig.alloc.n_calls;
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};
    rig.client->ops->info(rig.client, &info);
    ck_assert_ptr_null(info.tls_certificate);
    ck_assert_uint_eq(rig.alloc.n_calls, n_calls);
    ck_assert_ptr_nonnull(h2t_tls_rig_info(&rig).tls_certificate);
    h2t_tls_rig_finish(&rig);
}

/* Names of a certificate are the server's to choose. */
TEST(tls_escapes_what_the_certificates_names_hold)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_certify(
        &rig, &(struct h2t_cert_spec){.common_name = "a\r\nb\x1b[2J", .dns = {H2T_TLS_HOST}});
    h2t_tls_rig_connect(&rig);
    const char *subject = h2t_tls_rig_info(&rig).tls_certificate->subject;
    ck_assert_ptr_null(strpbrk(subject, "\r\n\x1b"));
    h2t_tls_rig_finish(&rig);
}

/* ---- the key log ---- */

struct log_rig {
    struct h2t_tls_rig tls;
    char path[64];
};

static void open_logged(struct log_rig *rig, const char *priority)
{
    h2t_tls_rig_init(&rig->tls);
    snprintf(rig->path, sizeof rig->path, "/tmp/h2t-keys.XXXXXX");
    int fd = mkstemp(rig->path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    unlink(rig->path);
    rig->tls.options.keylog_file = rig->path;
    rig->tls.config.priority = priority;
}

static void close_logged(struct log_rig *rig)
{
    h2t_tls_rig_finish(&rig->tls);
    unlink(rig->path);
}

/* How many lines begin like this? */
static unsigned count_lines(const char *path, const char *beginning)
{
    char line[512];
    unsigned n = 0;
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        n += strncmp(line, beginning, strlen(beginning)) == 0;
    fclose(file);
    return n;
}

TEST(tls_logs_the_secrets_of_tls_1_3)
{
    struct log_rig rig;
    open_logged(&rig, NULL);
    h2t_tls_rig_connect(&rig.tls);
    ck_assert_uint_eq(count_lines(rig.path, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "), 1);
    ck_assert_uint_eq(count_lines(rig.path, "SERVER_TRAFFIC_SECRET_0 "), 1);
    close_logged(&rig);
}

/* 32 bytes each of the client's random, 48 of the secret, in hexadecimal. */
TEST(tls_logs_the_secret_of_tls_1_2)
{
    struct log_rig rig;
    struct stat facts;
    open_logged(&rig, TLS_1_2);
    h2t_tls_rig_connect(&rig.tls);
    ck_assert_uint_eq(count_lines(rig.path, "CLIENT_RANDOM "), 1);
    ck_assert_int_eq(stat(rig.path, &facts), 0);
    ck_assert_int_eq(facts.st_size, 14 + 64 + 1 + 96 + 1);
    ck_assert_int_eq(facts.st_mode & 0777, 0600);
    close_logged(&rig);
}

TEST(tls_adds_to_a_key_log)
{
    struct log_rig rig;
    open_logged(&rig, TLS_1_2);
    h2t_tls_rig_connect(&rig.tls);
    h2t_tls_rig_disconnect(&rig.tls);
    h2t_tls_rig_connect(&rig.tls);
    ck_assert_uint_eq(count_lines(rig.path, "CLIENT_RANDOM "), 2);
    close_logged(&rig);
}

TEST(tls_names_a_key_log_that_cannot_be_made)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    rig.options.keylog_file = "/no/such/directory/keys";
    expect_unusable(&rig, H2CLIENT_ERROR_TLS_KEYLOG_FILE,
                    "key log /no/such/directory/keys: No such file or directory");
}

/* GnuTLS itself would. */
TEST(tls_does_not_ask_the_environment_for_a_key_log)
{
    struct log_rig rig;
    open_logged(&rig, NULL);
    setenv("SSLKEYLOGFILE", rig.path, 1);
    rig.tls.options.keylog_file = NULL;
    h2t_tls_rig_connect(&rig.tls);
    ck_assert_int_ne(access(rig.path, F_OK), 0);
    unsetenv("SSLKEYLOGFILE");
    close_logged(&rig);
}

TEST_MAIN("tls_checks", {T(tls_takes_the_pinned_key)}, {T(tls_takes_any_of_several_pinned_keys)},
          {T(tls_takes_the_pinned_key_of_a_file)}, {T(tls_refuses_another_key_and_tells_its_pin)},
          {T(tls_refuses_the_key_of_the_authority)},
          {T(tls_checks_pinned_keys_when_told_not_to_verify)},
          {T(tls_pinned_key_makes_no_untrusted_certificate_good)},
          {T(tls_refuses_pins_that_are_none)}, {T(tls_bounds_the_number_of_pins)},
          {T(tls_names_a_file_of_a_pinned_key_that_is_not_there)},
          {T(tls_names_a_file_that_is_no_key)}, {T(tls_takes_a_good_staple)},
          {T(tls_takes_a_good_staple_with_tls_1_2)}, {T(tls_refuses_a_broken_staple)},
          {T(tls_refuses_a_staple_that_is_out_of_date)},
          {T(tls_refuses_a_server_without_a_staple_where_it_is_required)},
          {T(tls_refuses_a_staple_of_another_certificate_where_it_is_required)},
          {T(tls_takes_a_server_without_a_staple_by_default)},
          {T(tls_honours_a_certificate_that_demands_a_staple)},
          {T(tls_requires_a_staple_when_told_not_to_verify)},
          {T(tls_required_staple_may_say_revoked_when_told_not_to_verify)},
          {T(tls_asks_the_application_once)}, {T(tls_application_can_refuse)},
          {T(tls_application_cannot_accept_what_the_checks_refuse)},
          {T(tls_application_decides_when_told_not_to_verify)},
          {T(tls_application_cannot_accept_another_key_than_the_pinned)},
          {T(tls_application_may_cancel_while_it_is_asked)}, {T(tls_tells_the_servers_certificate)},
          {T(tls_tells_the_certificates_bytes_and_their_digest)},
          {T(tls_tells_how_keys_were_agreed_on)},
          {T(tls_makes_no_certificate_for_who_does_not_ask)},
          {T(tls_escapes_what_the_certificates_names_hold)}, {T(tls_logs_the_secrets_of_tls_1_3)},
          {T(tls_logs_the_secret_of_tls_1_2)}, {T(tls_adds_to_a_key_log)},
          {T(tls_names_a_key_log_that_cannot_be_made)},
          {T(tls_does_not_ask_the_environment_for_a_key_log)})
