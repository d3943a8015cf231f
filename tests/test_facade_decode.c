/* SPDX-License-Identifier: MIT */
/* Coded bodies through a whole session: whole, pulled, pushed; broken ones and bombs. */
#include <string.h>

#include "h2client/coding/coding.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define TEXT "The quick brown fox. The quick brown fox. The lazy dog."

static const uint8_t gzip_bytes[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x0b, 0xc9, 0x48, 0x55,
    0x28, 0x2c, 0xcd, 0x4c, 0xce, 0x56, 0x48, 0x2a, 0xca, 0x2f, 0xcf, 0x53, 0x48, 0xcb,
    0xaf, 0xd0, 0x53, 0x08, 0xc1, 0x25, 0x98, 0x93, 0x58, 0x55, 0xa9, 0x90, 0x92, 0x9f,
    0xae, 0x07, 0x00, 0x34, 0xc2, 0x65, 0x47, 0x37, 0x00, 0x00, 0x00,
};

static const uint8_t br_in_gzip_bytes[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x01, 0x31, 0x00, 0xce, 0xff,
    0x1b, 0x36, 0x00, 0xf8, 0x9d, 0x07, 0x76, 0x2c, 0xb0, 0x6c, 0x5d, 0x42, 0xec, 0x27, 0x94,
    0x54, 0x68, 0x6f, 0x45, 0x66, 0x56, 0x20, 0x2e, 0x75, 0x86, 0x07, 0x13, 0x39, 0x70, 0x68,
    0x0b, 0x24, 0xb1, 0x3b, 0xbf, 0x49, 0xd8, 0xa6, 0xa3, 0x97, 0xa4, 0x04, 0xc2, 0xeb, 0xf4,
    0xc1, 0x97, 0x3a, 0x16, 0xfb, 0xf2, 0x62, 0x83, 0x31, 0x00, 0x00, 0x00,
};

/* 64 MiB of zeros. */
static const uint8_t brotli_bomb[] = {
    0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff,
    0x7f, 0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x9f,
    0x00, 0x88, 0xc3, 0x02, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x3f, 0x01, 0x10, 0x87,
    0x05, 0x00, 0xba, 0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74,
    0xef, 0xff, 0xf8, 0xff, 0xff, 0x07, 0xff, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff, 0xf1,
    0xff, 0xff, 0x0f, 0xfe, 0x09, 0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0xff, 0xcb, 0xff, 0xff, 0x3f,
    0xfc, 0x13, 0x00, 0x71, 0x58, 0x00, 0xa0, 0x7b, 0xff, 0x07,
};

/* The samples are gzip's and brotli's: without both there is nothing to try. */
static bool can_decode(void)
{
    return h2i_coding_library_version("zlib") && h2i_coding_library_version("brotli");
}

struct reply {
    int status;
    const char *coding;
    const uint8_t *bytes;
    size_t len;
    h2client_header fields[2];
};

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    struct reply *reply = user;

    (void)peer, (void)request;
    reply->fields[0] = (h2client_header){"content-encoding", reply->coding};
    response->status = reply->status ? reply->status : 200;
    response->fields = reply->fields;
    response->body = reply->bytes ? (const void *)reply->bytes : "";
    response->body_len = reply->len;
}

static void start(struct h2t_rig *rig, struct reply *reply)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = reply;
    h2t_rig_open(rig, NULL);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

static struct reply gzip_reply(void)
{
    return (struct reply){.coding = "gzip", .bytes = gzip_bytes, .len = sizeof gzip_bytes};
}

static const char *seen_offer(const struct h2t_rig *rig)
{
    const h2client_header *field = h2t_peer_request(h2t_rig_peer(rig, 0), 0)->fields;

    for (; field->name; field++)
        if (strcmp(field->name, "accept-encoding") == 0)
            return field->value;
    return NULL;
}

static void expect_text(h2client_call *call)
{
    const h2client_response *resp = h2client_call_await(call);

    ck_assert_msg(resp != NULL, "%s", h2client_call_error(call)->message);
    ck_assert_str_eq(h2client_response_body(resp).data, TEXT);
    ck_assert_uint_eq(h2client_response_body(resp).len, strlen(TEXT));
}

static void expect_error(h2client_call *call, h2client_error_code code)
{
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_msg(h2client_call_error(call)->code == code, "%s",
                  h2client_call_error(call)->message);
}

/* ---- three ways to take it ----------------------------------------------------------- */

TEST(a_collected_body_is_decoded)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_text(call);
    ck_assert_ptr_nonnull(strstr(seen_offer(&rig), "gzip"));
    ck_assert_int_eq(h2client_call_get_info(call)->download_bytes, (int64_t)sizeof gzip_bytes);
    finish(&rig, call);
}
END_TEST

TEST(two_codings_are_undone_in_their_order)
{
    struct h2t_rig rig;
    struct reply reply = {
        .coding = "br, gzip", .bytes = br_in_gzip_bytes, .len = sizeof br_in_gzip_bytes};

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_text(call);
    finish(&rig, call);
}
END_TEST

TEST(a_pulled_body_is_decoded)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();
    char text[100] = "";
    size_t n, total = 0;

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    while (h2client_call_read(call, text + total, 3, &n) == H2CLIENT_OK && n > 0)
        total += n;
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    ck_assert_str_eq(text, TEXT);
    finish(&rig, call);
}
END_TEST

struct taker {
    size_t total;
    size_t n_zeros;
    size_t takes;
    bool pauses;
    bool is_done;
};

static size_t take(h2client_call *call, const void *data, size_t len, void *user)
{
    struct taker *taker = user;

    taker->total += len;
    for (size_t i = 0; i < len; i++)
        taker->n_zeros += ((const char *)data)[i] == 0;
    if (taker->pauses)
        h2client_call_pause(call);
    return len < taker->takes ? len : taker->takes;
}

static void note_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ((struct taker *)user)->is_done = true;
}

TEST(a_pushed_body_is_decoded)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();
    struct taker taker = {.takes = SIZE_MAX};

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take,
                                       .on_done = note_done, .user = &taker);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(taker.total, strlen(TEXT));
    finish(&rig, call);
}
END_TEST

TEST(kept_bytes_hold_the_decoder_back)
{
    struct h2t_rig rig;
    struct reply reply = {.coding = "br", .bytes = brotli_bomb, .len = sizeof brotli_bomb};
    struct taker taker = {.takes = 0};

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take,
                                       .on_done = note_done, .user = &taker);
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_uint_eq(taker.total, 65536);
    ck_assert_int_eq(h2client_call_credit(call, 65536), H2CLIENT_OK);
    h2t_rig_turn(&rig, 20);
    ck_assert_uint_eq(taker.total, 131072);
    ck_assert(!taker.is_done);
    finish(&rig, call);
}
END_TEST

TEST(a_paused_reader_is_decoded_for_when_it_goes_on)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();
    struct taker taker = {.takes = SIZE_MAX};

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take,
                                       .on_done = note_done, .user = &taker);
    h2client_call_pause(call);
    h2t_rig_run_ms(&rig, 100000); /* past the read idle limit, which rests */
    ck_assert_uint_eq(taker.total, 0);
    h2client_call_resume(call);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(taker.total, strlen(TEXT));
    finish(&rig, call);
}
END_TEST

/* ---- what is not decoded --------------------------------------------------------------- */

TEST(switched_off_the_body_stays_as_it_came)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();

    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .decompress = H2CLIENT_OFF);
    ck_assert_uint_eq(h2client_response_body(h2client_call_await(call)).len, sizeof gzip_bytes);
    ck_assert_ptr_null(seen_offer(&rig));
    finish(&rig, call);
}
END_TEST

TEST(a_callers_own_offer_is_sent_and_the_answer_decoded)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call = h2client_get(
        rig.session, H2T_ORIGIN "/", .headers = H2CLIENT_HEADERS({"Accept-Encoding", "gzip;q=1"}));
    expect_text(call);
    ck_assert_str_eq(seen_offer(&rig), "gzip;q=1");
    finish(&rig, call);
}
END_TEST

TEST(a_response_without_a_body_has_nothing_to_decode)
{
    static const struct {
        const char *method, *coding;
        int status;
    } rows[] = {{"HEAD", "gzip", 200},
                {"GET", "gzip", 204},
                {"GET", "compress", 304},
                {"GET", "gzip", 200},
                {"GET", "compress", 200}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_rig rig;
        struct reply reply = {.status = rows[i].status, .coding = rows[i].coding};

        start(&rig, &reply);
        h2client_call *call = h2client_start(rig.session, rows[i].method, H2T_ORIGIN "/", NULL);
        ck_assert_ptr_nonnull(h2client_call_await(call));
        finish(&rig, call);
    }
}
END_TEST

/* ---- what is wrong ------------------------------------------------------------------------ */

TEST(an_unknown_coding_is_an_error_that_names_it)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();

    reply.coding = "compress";
    start(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_error(call, H2CLIENT_ERROR_CODING_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "\"compress\""));
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 61);
    finish(&rig, call);
}
END_TEST

TEST(a_cut_coding_is_an_error_in_every_way_of_taking)
{
    if (!can_decode())
        return;
    for (int way = 0; way < 3; way++) {
        struct h2t_rig rig;
        struct reply reply = gzip_reply();
        struct taker taker = {.takes = SIZE_MAX};
        char buf[100];
        size_t n;

        reply.len -= 1;
        start(&rig, &reply);
        h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/",
                                           .on_data = way == 2 ? take : NULL, .user = &taker);
        if (way == 1)
            while (h2client_call_read(call, buf, sizeof buf, &n) == H2CLIENT_OK && n > 0)
                ;
        expect_error(call, H2CLIENT_ERROR_CODING_BROKEN);
        finish(&rig, call);
    }
}
END_TEST

TEST(a_bomb_ends_the_call_in_bounded_memory)
{
    if (!can_decode())
        return;
    for (int way = 0; way < 2; way++) {
        struct h2t_rig rig;
        struct reply reply = {.coding = "br", .bytes = brotli_bomb, .len = sizeof brotli_bomb};
        struct taker taker = {.takes = SIZE_MAX};

        start(&rig, &reply);
        h2client_call *call =
            h2client_get(rig.session, H2T_ORIGIN "/", .on_data = way ? take : NULL, .user = &taker);
        expect_error(call, H2CLIENT_ERROR_CODING_RATIO);
        ck_assert_int_eq(h2client_call_error(call)->exit_code, 63);
        ck_assert_uint_lt(rig.alloc.peak_bytes, 12u << 20);
        finish(&rig, call);
    }
}
END_TEST

TEST(the_bound_of_a_body_means_decoded_bytes)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .max_body_bytes = (int64_t)strlen(TEXT) - 1);
    expect_error(call, H2CLIENT_ERROR_BODY_TOO_LARGE);
    h2client_call_destroy(call);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .max_body_bytes = (int64_t)strlen(TEXT));
    expect_text(call);
    finish(&rig, call);
}
END_TEST

TEST(the_body_of_a_raised_status_is_decoded)
{
    struct h2t_rig rig;
    struct reply reply = gzip_reply();

    reply.status = 404;
    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .raise_for_status = H2CLIENT_ON);
    expect_error(call, H2CLIENT_ERROR_STATUS);
    ck_assert_str_eq(h2client_response_body(h2client_call_partial_response(call)).data, TEXT);
    finish(&rig, call);
}
END_TEST

TEST(a_call_can_go_while_it_is_decoded)
{
    struct h2t_rig rig;
    struct reply reply = {.coding = "br", .bytes = brotli_bomb, .len = sizeof brotli_bomb};
    struct taker taker = {.takes = SIZE_MAX, .pauses = true};

    if (!can_decode())
        return;
    start(&rig, &reply);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take, .user = &taker);
    h2t_rig_turn(&rig, 20);
    ck_assert_uint_gt(taker.total, 0);
    finish(&rig, call);
}
END_TEST

TEST(what_is_built_in_is_a_feature)
{
    ck_assert_int_eq(h2client_has_feature("gzip"), h2client_library_version("zlib") != NULL);
    ck_assert_int_eq(h2client_has_feature("br"), h2client_library_version("brotli") != NULL);
    ck_assert_int_eq(h2client_has_feature("zstd"), h2client_library_version("zstd") != NULL);
    ck_assert_int_eq(h2client_has_feature("json"), h2client_library_version("jansson") != NULL);
    ck_assert(h2client_has_feature("HTTP2") && !h2client_has_feature("lzma"));
    ck_assert_ptr_null(h2client_library_version("lzma"));
}
END_TEST

TEST_MAIN("facade_decode", {T(a_collected_body_is_decoded)},
          {T(two_codings_are_undone_in_their_order)}, {T(a_pulled_body_is_decoded)},
          {T(a_pushed_body_is_decoded)}, {T(kept_bytes_hold_the_decoder_back)},
          {T(a_paused_reader_is_decoded_for_when_it_goes_on)},
          {T(switched_off_the_body_stays_as_it_came)},
          {T(a_callers_own_offer_is_sent_and_the_answer_decoded)},
          {T(a_response_without_a_body_has_nothing_to_decode)},
          {T(an_unknown_coding_is_an_error_that_names_it)},
          {T(a_cut_coding_is_an_error_in_every_way_of_taking)},
          {T(a_bomb_ends_the_call_in_bounded_memory)}, {T(the_bound_of_a_body_means_decoded_bytes)},
          {T(the_body_of_a_raised_status_is_decoded)}, {T(a_call_can_go_while_it_is_decoded)},
          {T(what_is_built_in_is_a_feature)})
