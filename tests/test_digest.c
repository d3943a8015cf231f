/* SPDX-License-Identifier: MIT */
/* Digest: challenges as servers write them, answers as RFC 7616 has them, and both through a
 * session. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "h2client/auth/challenge.h"
#include "h2client/auth/digest.h"
#include "h2client/auth/digest_hash.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* ---- challenges ------------------------------------------------------------ */

static size_t count_challenges(const char *text)
{
    struct h2i_str rest = h2i_str_of(text);
    struct h2i_challenge challenge;
    size_t n = 0;

    while (h2i_challenge_next(&rest, &challenge))
        n++;
    return n;
}

TEST(challenges_of_several_schemes_are_told_apart)
{
    ck_assert_uint_eq(count_challenges("Basic realm=\"a, b\", Digest nonce=x , realm=\"\""), 2);
    ck_assert_uint_eq(count_challenges("Negotiate, Basic realm=x"), 2);
    ck_assert_uint_eq(count_challenges("Negotiate YWJj==, Basic realm=x"), 2);
    ck_assert_uint_eq(count_challenges(", ,Newauth realm=\"a\\\"b\", type=1,Basic realm=c,"), 2);
    ck_assert_uint_eq(count_challenges(""), 0);
    ck_assert_uint_eq(count_challenges(" , ,"), 0);
}
END_TEST

TEST(challenges_end_where_the_list_is_broken)
{
    ck_assert_uint_eq(count_challenges("Basic realm=\"open"), 0);
    ck_assert_uint_eq(count_challenges("Basic realm=\"open\\"), 0);
    ck_assert_uint_eq(count_challenges("Basic a=b, realm="), 0);
    ck_assert_uint_eq(count_challenges("Basic realm=\"a\"b"), 0);
    ck_assert_uint_eq(count_challenges("Basic realm=a, \"x\""), 1);
    ck_assert_uint_eq(count_challenges("D a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,"
                                       "n=1,o=1,p=1,q=1"),
                      0);
}
END_TEST

/* To be freed. */
static char *many(const char *begin, const char *unit, size_t n, const char *end)
{
    size_t len = strlen(unit), at = strlen(begin), end_len = strlen(end);
    char *text = malloc(at + n * len + end_len + 1);

    memcpy(text, begin, at + 1);
    for (; n > 0; n--, at += len)
        memcpy(text + at, unit, len + 1);
    memcpy(text + at, end, end_len + 1);
    return text;
}

static size_t count_of_many(const char *unit, size_t n)
{
    char *text = many("Digest ", unit, n, "");
    size_t n_challenges = count_challenges(text);

    free(text);
    return n_challenges;
}

/* Were one of them quadratic, it would take longer than a test may. */
TEST(challenges_are_read_in_linear_time)
{
    size_t n = 200000;

    ck_assert_uint_eq(count_of_many(",", n), 1);
    ck_assert_uint_eq(count_of_many(" ", n), 1);
    ck_assert_uint_eq(count_of_many("a ", n), n);
    ck_assert_uint_eq(count_of_many("a, ", n), n);
    ck_assert_uint_eq(count_of_many("a=\"b\" ", n), 0);
    ck_assert_uint_eq(count_of_many("\\\"", n), 1);
    ck_assert_uint_eq(count_of_many("x/", n), 1);
}
END_TEST

struct bench {
    struct h2i_arena arena;
    struct h2i_digest_challenge challenge;
};

static bool choose(struct bench *bench, const char *text)
{
    const h2client_header fields[] = {{"WWW-Authenticate", text}, {NULL, NULL}};

    h2i_arena_init(&bench->arena, h2i_default_allocator(), 1024);
    return h2i_digest_choose(&bench->arena, fields, "www-authenticate", &bench->challenge);
}

static bool is_chosen(const char *text)
{
    struct bench bench;
    bool is_it = choose(&bench, text);

    h2i_arena_finish(&bench.arena);
    return is_it;
}

TEST(digest_is_chosen_where_it_can_be_answered)
{
    if (!h2i_digest_hash_is_built_in())
        return;
    ck_assert(is_chosen("Digest realm=\"r\", nonce=\"n\""));
    ck_assert(is_chosen("digest realm=r, nonce=n, qop=\"auth-int, auth\", algorithm=sha-256"));
    ck_assert(!is_chosen("Basic realm=\"r\""));
    ck_assert(!is_chosen("Digest realm=\"r\""));
    ck_assert(!is_chosen("Digest nonce=\"n\""));
    ck_assert(!is_chosen("Digest realm=\"r\", nonce=\"\""));
    ck_assert(!is_chosen("Digest realm=\"r\", nonce=\"n\", nonce=\"m\""));
    ck_assert(!is_chosen("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""));
    ck_assert(!is_chosen("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1"));
    ck_assert(!is_chosen("Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess"));
    ck_assert(!is_chosen("Digest realm=\"a\tb\", nonce=\"n\""));
}
END_TEST

TEST(digest_challenge_that_says_anything_twice_is_not_answered)
{
    if (!h2i_digest_hash_is_built_in())
        return;
    ck_assert(is_chosen("Digest realm=r, nonce=n, x=1, y=1"));
    ck_assert(!is_chosen("Digest realm=r, nonce=n, x=1, X=2"));
    ck_assert(!is_chosen("Digest realm=r, nonce=n, realm=r"));
    ck_assert(!is_chosen("Digest realm=r, nonce=n, stale=true, stale=true"));
    ck_assert(!is_chosen("Digest realm=r, nonce=n, userhash=true, userhash=false"));
    ck_assert(!is_chosen("Digest realm=r, nonce=n, qop=auth, qop=auth"));
    ck_assert(is_chosen("Digest realm=r, nonce=n, x=1, X=2, Digest realm=r, nonce=n"));
}
END_TEST

TEST(digest_takes_the_strongest_of_all_fields)
{
    const h2client_header fields[] = {
        {"www-authenticate", "Digest realm=a, nonce=1, algorithm=MD5"},
        {"x", "Digest realm=x, nonce=9, algorithm=SHA-512-256"},
        {"www-authenticate", "Basic realm=b, Digest realm=c, nonce=3, algorithm=SHA-256, stale=TRUE"
                             ", Digest realm=d, nonce=4"},
        {NULL, NULL}};
    struct h2i_digest_challenge challenge;
    struct h2i_arena arena;

    h2i_arena_init(&arena, h2i_default_allocator(), 1024);
    if (h2i_digest_hash_is_built_in()) {
        ck_assert(h2i_digest_choose(&arena, fields, "www-authenticate", &challenge));
        ck_assert_str_eq(challenge.realm, "c");
        ck_assert_int_eq(challenge.algorithm, H2I_DIGEST_SHA256);
        ck_assert(challenge.is_stale);
    }
    h2i_arena_finish(&arena);
}
END_TEST

TEST(digest_challenge_that_is_huge_is_not_answered)
{
    char *text = many("Digest realm=r, nonce=\"", "n", 100000, "\"");

    ck_assert_uint_eq(count_challenges(text), 1);
    ck_assert(!is_chosen(text));
    free(text);
}
END_TEST

/* ---- answers ----------------------------------------------------------------- */

static void expect_in(const char *challenge, const struct h2i_digest_request *request,
                      const char *expected)
{
    struct bench bench;
    char buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    const char *value;

    if (!h2i_digest_hash_is_built_in())
        return;
    ck_assert(choose(&bench, challenge));
    ck_assert_int_eq(h2i_digest_answer(&bench.arena, &bench.challenge, request, &value, &why),
                     H2CLIENT_OK);
    ck_assert_msg(strstr(value, expected) != NULL, "%s\nis not in\n%s", expected, value);
    h2i_arena_finish(&bench.arena);
}

static const struct h2i_digest_request mufasa = {.user = "Mufasa",
                                                 .password = "Circle of Life",
                                                 .method = "GET",
                                                 .uri = "/dir/index.html",
                                                 .cnonce =
                                                     "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                                                 .nc = 1};

/* RFC 7616 3.9.1. */
#define OF_MUFASA                                                      \
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", " \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "         \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", algorithm="

TEST(digest_answers_as_the_rfc_does)
{
    expect_in(OF_MUFASA "MD5", &mufasa, "response=\"8ca523f5e9506fed4657c9700eebdbec\"");
    expect_in(OF_MUFASA "SHA-256", &mufasa,
              "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"");
    expect_in(OF_MUFASA "MD5", &mufasa,
              "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
              "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
              "algorithm=MD5, qop=auth, nc=00000001, "
              "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"");
    expect_in(OF_MUFASA "MD5", &mufasa,
              ", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
}
END_TEST

/* The RFC has no example of "-sess": reckoned by hashlib. */
TEST(digest_of_a_session_is_of_both_nonces_too)
{
    expect_in(OF_MUFASA "MD5-sess", &mufasa, "algorithm=MD5-sess, qop=auth, ");
    expect_in(OF_MUFASA "MD5-sess", &mufasa, "response=\"e783283f46242139c486a698fec7211d\"");
    expect_in(OF_MUFASA "SHA-256-sess", &mufasa,
              "response=\"2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7\"");
    expect_in(OF_MUFASA "SHA-512-256-sess", &mufasa,
              "response=\"3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e\"");
}
END_TEST

/* The request of RFC 7616 3.9.2, whose user's name is not ASCII. The proof that is printed there
 * is of another hash than it says; this one was reckoned by hashlib. */
TEST(digest_hashes_a_user_with_sha_512_256)
{
    const struct h2i_digest_request jason = {.user = "J\xc3\xa4s\xc3\xb8n Doe",
                                             .password = "Secret, or not?",
                                             .method = "GET",
                                             .uri = "/doe.json",
                                             .cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
                                             .nc = 1};
    const char *challenge =
        "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
        "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
        "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";

    expect_in(challenge, &jason,
              "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", "
              "userhash=true");
    expect_in(challenge, &jason,
              "response=\"7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c\"");
}
END_TEST

/* RFC 2617 3.5, and the same without qop (RFC 2069). */
TEST(digest_knows_its_elders)
{
    const struct h2i_digest_request elder = {.user = "Mufasa",
                                             .password = "Circle Of Life",
                                             .method = "GET",
                                             .uri = "/dir/index.html",
                                             .cnonce = "0a4f113b",
                                             .nc = 1};
#define OF_ELDERS \
    "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""

    expect_in(OF_ELDERS ", qop=auth", &elder, "response=\"6629fae49393a05397450978507c4ef1\"");
    expect_in(OF_ELDERS, &elder, "response=\"670fd8c2df070c60b045671b8b24ff02\"");
}
END_TEST

TEST(digest_writes_names_so_that_they_can_be_read)
{
    struct h2i_digest_request request = mufasa;

    request.user = "a\"b\\c";
    expect_in("Digest realm=\"r\\\"s\", nonce=n", &request,
              "username=\"a\\\"b\\\\c\", realm=\"r\\\"s\"");
    request.user = "J\xc3\xa4s n";
    expect_in("Digest realm=r, nonce=n", &request, "username*=UTF-8''J%C3%A4s%20n");
}
END_TEST

static h2client_error_code answer_as(const char *user, const char *password)
{
    struct h2i_digest_request request = mufasa;
    struct h2i_digest_challenge challenge = {.realm = "r", .nonce = "n"};
    struct h2i_arena arena;
    char buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    const char *value;
    h2client_error_code code;

    h2i_arena_init(&arena, h2i_default_allocator(), 1024);
    request.user = user;
    request.password = password;
    code = h2i_digest_answer(&arena, &challenge, &request, &value, &why);
    ck_assert_msg((code == H2CLIENT_OK) == (buf[0] == 0), "code %d: %s", code, buf);
    ck_assert_ptr_null(strstr(buf, "secret"));
    h2i_arena_finish(&arena);
    return code;
}

TEST(digest_refuses_controls_without_showing_them)
{
    if (!h2i_digest_hash_is_built_in())
        return;
    ck_assert_int_eq(answer_as("a", "b"), H2CLIENT_OK);
    ck_assert_int_eq(answer_as("secret\r\n", "b"), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(answer_as("a", "secret\n"), H2CLIENT_ERROR_INVALID_ARGUMENT);
}
END_TEST

TEST(digest_without_hashes_is_a_missing_feature)
{
    ck_assert_int_eq(answer_as("a", "b"),
                     h2i_digest_hash_is_built_in() ? H2CLIENT_OK : H2CLIENT_ERROR_FEATURE_MISSING);
    ck_assert_int_eq(is_chosen("Digest realm=r, nonce=n"), h2i_digest_hash_is_built_in());
}
END_TEST

/* ---- through a session ------------------------------------------------------------ */

/* A server that takes one answer to each nonce it has given, if asked to. */
struct guard {
    bool is_deaf;     /* no answer is right */
    bool forgets;     /* a nonce serves once; then the proof is stale */
    bool forgets_all; /* every proof is stale */
    int n_asked;
    int n_let_in;
    const char *first_nonce;
};

static void guard(struct h2t_peer *peer, const struct h2t_seen_request *request,
                  struct h2t_response *response, void *user)
{
    static const h2client_header ask[] = {
        {"www-authenticate", "Basic realm=x, Digest realm=\"r\", nonce=\"one\", qop=\"auth\""},
        {NULL, NULL}};
    static const h2client_header again[] = {
        {"www-authenticate", "Digest realm=\"r\", nonce=\"two\", qop=\"auth\", stale=true"},
        {NULL, NULL}};
    struct guard *self = user;
    const char *proof = h2t_field(request->fields, "authorization");
    bool is_old =
        proof && (self->forgets_all || (self->forgets && !strstr(proof, "nonce=\"two\"")));

    (void)peer;
    response->waits_for_body = true;
    response->status = proof && !is_old && !self->is_deaf ? 200 : 401;
    response->fields = is_old ? again : ask;
    if (response->status == 401)
        self->n_asked++;
    else
        self->n_let_in++;
}

static h2client_call *visit(struct h2t_rig *rig, const h2client_call_options *options)
{
    h2client_call *call = h2client_start(rig->session, "POST", H2T_ORIGIN "/a?b", options);

    ck_assert_msg(h2client_call_await(call) != NULL, "%s", h2client_call_error(call)->message);
    return call;
}

static void open_guarded(struct h2t_rig *rig, struct guard *self)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = guard;
    rig->plan.peer.user = self;
    h2t_rig_open(
        rig, H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.auth = H2CLIENT_DIGEST("me", "secret"))));
}

static int status_of(h2client_call *call)
{
    int status = h2client_response_status(h2client_call_response(call));

    h2client_call_destroy(call);
    return status;
}

TEST(digest_answers_a_401_with_the_whole_body)
{
    struct guard self = {0};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    h2client_call *call = visit(&rig, H2CLIENT_CALL(.body = H2CLIENT_TEXT("the body")));
    ck_assert_int_eq(h2client_call_get_info(call)->n_attempts, 2);
    ck_assert_str_eq(h2client_call_attempt(call, 0)->reason, "status 401 asks for a login");
    ck_assert_int_eq(status_of(call), 200);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->body, "the body");
    ck_assert_ptr_nonnull(
        strstr(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->fields, "authorization"),
               "uri=\"/a?b\""));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_brings_its_proof_at_once_from_then_on)
{
    struct guard self = {0};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(status_of(visit(&rig, NULL)), 200);
    ck_assert_int_eq(self.n_asked, 1);
    ck_assert_int_eq(self.n_let_in, 3);
    ck_assert_ptr_nonnull(
        strstr(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 3)->fields, "authorization"),
               "nc=00000003"));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_asks_again_where_the_proof_was_stale)
{
    struct guard self = {.forgets = true};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    ck_assert_int_eq(status_of(visit(&rig, NULL)), 200);
    ck_assert_int_eq(self.n_asked, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_gives_up_on_a_server_that_forgets_everything)
{
    struct guard self = {.forgets_all = true};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    ck_assert_int_eq(status_of(visit(&rig, NULL)), 401);
    ck_assert_int_eq(self.n_asked, 3);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_leaves_the_401_where_the_credentials_are_wrong)
{
    struct guard self = {.is_deaf = true};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    ck_assert_int_eq(status_of(visit(&rig, NULL)), 401);
    ck_assert_int_eq(self.n_asked, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_needs_a_body_that_can_be_sent_again)
{
    struct guard self = {0};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_int_eq(h2client_call_write(call, "once", 4, NULL), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_REWIND);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_of_another_user_is_asked_for_anew)
{
    struct guard self = {0};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    ck_assert_int_eq(status_of(visit(&rig, NULL)), 200);
    ck_assert_int_eq(
        status_of(visit(&rig, H2CLIENT_CALL(.auth = H2CLIENT_DIGEST("you", "secret")))), 200);
    ck_assert_int_eq(self.n_asked, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_takes_user_and_password_of_the_url)
{
    struct guard self = {0};
    struct h2t_rig rig;

    if (!h2i_digest_hash_is_built_in())
        return;
    open_guarded(&rig, &self);
    h2client_call *call = h2client_get(rig.session, "https://me:secret@server.test/",
                                       .auth = H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_DIGEST));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_int_eq(status_of(call), 200);
    ck_assert_ptr_nonnull(
        strstr(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->fields, "authorization"),
               "username=\"me\""));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(digest_that_is_not_built_in_says_so)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .auth = H2CLIENT_DIGEST("me", "secret"));
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_error(call)->code,
                     h2i_digest_hash_is_built_in() ? H2CLIENT_OK : H2CLIENT_ERROR_FEATURE_MISSING);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("digest", {T(challenges_of_several_schemes_are_told_apart)},
          {T(challenges_end_where_the_list_is_broken)}, {T(challenges_are_read_in_linear_time)},
          {T(digest_is_chosen_where_it_can_be_answered)},
          {T(digest_challenge_that_says_anything_twice_is_not_answered)},
          {T(digest_takes_the_strongest_of_all_fields)},
          {T(digest_challenge_that_is_huge_is_not_answered)}, {T(digest_answers_as_the_rfc_does)},
          {T(digest_of_a_session_is_of_both_nonces_too)},
          {T(digest_hashes_a_user_with_sha_512_256)}, {T(digest_knows_its_elders)},
          {T(digest_writes_names_so_that_they_can_be_read)},
          {T(digest_refuses_controls_without_showing_them)},
          {T(digest_without_hashes_is_a_missing_feature)},
          {T(digest_answers_a_401_with_the_whole_body)},
          {T(digest_brings_its_proof_at_once_from_then_on)},
          {T(digest_asks_again_where_the_proof_was_stale)},
          {T(digest_gives_up_on_a_server_that_forgets_everything)},
          {T(digest_leaves_the_401_where_the_credentials_are_wrong)},
          {T(digest_needs_a_body_that_can_be_sent_again)},
          {T(digest_of_another_user_is_asked_for_anew)},
          {T(digest_takes_user_and_password_of_the_url)}, {T(digest_that_is_not_built_in_says_so)})
