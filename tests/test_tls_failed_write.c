/* SPDX-License-Identifier: MIT */
/*
 * A TLS connection of which a write has failed: what the server said before is there to be
 * read. Two kinds: the server is gone, and what it said is followed by an end; or only the
 * client's direction is closed below TLS, and the server goes on.
 */
#include <string.h>

#include "tests/support/tls_rig.h"

#define BELOW "written to after half_close" /* why a write fails in the second kind */
#define GONE "the other end is gone"        /* and in the first */

static ptrdiff_t write_text(struct h2t_tls_rig *rig, const char *text)
{
    return rig->client->ops->write(rig->client, &(h2client_iovec){text, strlen(text)}, 1);
}

static void fail_write(struct h2t_tls_rig *rig)
{
    rig->ends[0]->ops->half_close(rig->ends[0]);
    ck_assert_int_eq(write_text(rig, "lost"), H2CLIENT_IO_FAILED);
}

static void open_failed(struct h2t_tls_rig *rig, const char *priority)
{
    h2t_tls_rig_init(rig);
    rig->config.priority = priority;
    h2t_tls_rig_connect(rig);
    fail_write(rig);
}

/* The server says `text` and is gone; then a write fails. */
static void open_reset(struct h2t_tls_rig *rig, const char *text, bool has_close_notify)
{
    h2t_tls_rig_init(rig);
    h2t_tls_rig_connect(rig);
    h2t_tls_server_say(rig->server, text);
    if (has_close_notify)
        h2t_tls_server_close_notify(rig->server);
    h2t_tls_server_destroy(rig->server);
    rig->server = NULL;
    rig->ends[1] = NULL;
    ck_assert_int_eq(write_text(rig, "lost"), H2CLIENT_IO_FAILED);
}

static void expect_reading(const char *priority)
{
    struct h2t_tls_rig rig;

    open_failed(&rig, priority);
    for (int i = 0; i < 3; i++) {
        h2t_tls_server_say(rig.server, "early answer");
        h2t_tls_rig_expect_text(&rig, "early answer");
        ck_assert_int_eq(write_text(&rig, "lost"), H2CLIENT_IO_FAILED);
        ck_assert_str_eq(h2t_tls_rig_info(&rig).fault->text, BELOW);
    }
    h2t_tls_rig_finish(&rig);
}

TEST(tls_reads_on_after_a_failed_write)
{
    expect_reading(NULL);
    expect_reading("NORMAL:-VERS-ALL:+VERS-TLS1.2");
}
END_TEST

TEST(tls_reads_on_byte_by_byte_after_a_failed_write)
{
    struct h2t_tls_rig rig;
    struct h2t_tls_read result = {.len = 0};
    h2t_tls_rig_init(&rig);
    rig.limits = (struct h2i_memory_limits){.max_read = 1, .max_write = 1};
    h2t_tls_rig_connect(&rig);
    h2t_tls_server_say(rig.server, "early answer");
    fail_write(&rig);
    for (int i = 0; i < 1000 && !result.len; i++) {
        h2t_tls_rig_turn(&rig, 1);
        result = h2t_tls_rig_read(&rig);
    }
    ck_assert_str_eq(result.text, "early answer");
    h2t_tls_rig_finish(&rig);
}
END_TEST

TEST(tls_end_without_close_notify_after_a_failed_write_is_its_failure)
{
    struct h2t_tls_rig rig;
    open_reset(&rig, "413", false);
    ck_assert_str_eq(h2t_tls_rig_read(&rig).text, "413");
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_CONNECTION_RESET, GONE);
    h2t_tls_rig_finish(&rig);
}
END_TEST

TEST(tls_close_notify_after_a_failed_write_is_a_good_end)
{
    struct h2t_tls_rig rig;
    open_reset(&rig, "413", true);
    struct h2t_tls_read result = h2t_tls_rig_read(&rig);
    ck_assert_str_eq(result.text, "413");
    ck_assert_int_eq(result.last, 0);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).fault->text, GONE);
    h2t_tls_rig_finish(&rig);
}
END_TEST

TEST(tls_alert_after_a_failed_write_says_why)
{
    struct h2t_tls_rig rig;
    open_failed(&rig, NULL);
    h2t_tls_server_alert(rig.server, GNUTLS_AL_FATAL, GNUTLS_A_CERTIFICATE_REQUIRED);
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_TLS_RECORD, "alert 116");
    h2t_tls_rig_finish(&rig);
}
END_TEST

TEST(tls_follows_key_updates_after_a_failed_write)
{
    struct h2t_tls_rig rig;
    open_failed(&rig, NULL);
    h2t_tls_server_key_update(rig.server, true);
    h2t_tls_server_say(rig.server, "new keys");
    if (!h2t_tls_rig_read(&rig).len) /* the update alone */
        h2t_tls_rig_expect_text(&rig, "new keys");
    h2t_tls_rig_finish(&rig);
}
END_TEST

/* ---- readiness ---- */

TEST(tls_reader_waits_at_rest_after_a_failed_write)
{
    struct h2t_tls_rig rig;
    open_failed(&rig, NULL);
    h2t_tls_rig_want(&rig, H2CLIENT_READABLE);
    h2t_tls_rig_turn(&rig, 4);
    h2t_tls_rig_read(&rig); /* what the handshake left */
    h2t_tls_rig_turn(&rig, 2);
    rig.n_ready = 0;
    h2t_tls_rig_turn(&rig, 4);
    ck_assert_uint_eq(rig.n_ready, 0);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    h2t_tls_server_say(rig.server, "early answer");
    h2t_tls_rig_turn(&rig, 2);
    ck_assert_uint_eq(rig.ready, H2CLIENT_READABLE);
    h2t_tls_rig_expect_text(&rig, "early answer");
    h2t_tls_rig_finish(&rig);
}
END_TEST

TEST(tls_failed_write_is_reported_to_who_waits_to_write)
{
    struct h2t_tls_rig rig;
    open_failed(&rig, NULL);
    h2t_tls_rig_want(&rig, H2CLIENT_WRITABLE);
    h2t_tls_rig_turn(&rig, 1);
    ck_assert_uint_eq(rig.ready, H2CLIENT_WRITABLE);
    h2t_tls_rig_finish(&rig);
}
END_TEST

/* What was taken waits for room, and then the server is gone. */
TEST(tls_write_that_fails_behind_its_back_leaves_reading)
{
    struct h2t_tls_rig rig;
    char data[2000] = {0};
    h2t_tls_rig_init(&rig);
    rig.limits.max_buffered = 1000;
    h2t_tls_rig_connect(&rig);
    ck_assert_int_eq(rig.client->ops->write(rig.client, &(h2client_iovec){data, sizeof data}, 1),
                     2000);
    h2t_tls_server_say(rig.server, "413");
    h2t_tls_server_destroy(rig.server);
    rig.server = NULL;
    rig.ends[1] = NULL;
    h2t_tls_rig_turn(&rig, 2);
    ck_assert_str_eq(h2t_tls_rig_info(&rig).fault->text, GONE);
    ck_assert_str_eq(h2t_tls_rig_read(&rig).text, "413");
    h2t_tls_rig_expect_failure(&rig, H2CLIENT_ERROR_CONNECTION_RESET, GONE);
    h2t_tls_rig_finish(&rig);
}
END_TEST

/* ---- the handshake ---- */

TEST(tls_failed_write_fails_the_handshake)
{
    struct h2t_tls_rig rig;
    h2t_tls_rig_init(&rig);
    h2t_tls_rig_start(&rig);
    rig.ends[0]->ops->half_close(rig.ends[0]);
    h2t_tls_rig_run(&rig);
    ck_assert_ptr_null(rig.client);
    ck_assert_str_eq(rig.fault.text, BELOW);
    h2t_tls_rig_finish(&rig);
}
END_TEST

TEST_MAIN("tls_failed_write", {T(tls_reads_on_after_a_failed_write)},
          {T(tls_reads_on_byte_by_byte_after_a_failed_write)},
          {T(tls_end_without_close_notify_after_a_failed_write_is_its_failure)},
          {T(tls_close_notify_after_a_failed_write_is_a_good_end)},
          {T(tls_alert_after_a_failed_write_says_why)},
          {T(tls_follows_key_updates_after_a_failed_write)},
          {T(tls_reader_waits_at_rest_after_a_failed_write)},
          {T(tls_failed_write_is_reported_to_who_waits_to_write)},
          {T(tls_write_that_fails_behind_its_back_leaves_reading)},
          {T(tls_failed_write_fails_the_handshake)})
