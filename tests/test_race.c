/* SPDX-License-Identifier: MIT */
/*
 * The race of addresses, in virtual time. Addresses are words: "6a" is 2001:db8::a, "4b" is
 * 192.0.2.11. A story says when which become known, and what connecting to each comes to;
 * what the machine does is a line: "0 6a, 250 4a, 270 won 4a".
 */
#include "transport/race.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tests/support/test_main.h"

#define MS INT64_C(1000)
#define SILENT (-1)

/* When, and which; the last one with more == false. */
struct arrival {
    int64_t at_ms;
    const char *words;
    bool more;
};

/* Connecting to `word` comes to `outcome` after so long. Others are silent. */
struct host {
    const char *word;
    int64_t after_ms;
    int outcome;
};

struct rig {
    struct h2i_race_config config;
    struct h2i_failed_addresses memory;
    struct h2i_race race;
    const struct arrival *arrivals; /* ends with words NULL */
    const struct host *hosts;       /* ends with word NULL */
    int64_t now_us;
    int64_t began_us;
    struct {
        int64_t due_us; /* INT64_MAX: never, or over */
        int outcome;
    } answers[H2CLIENT_MAX_ADDRESSES];
    struct h2i_text told;
    char text[4096];
};

static h2client_address address_of(const char *word)
{
    h2client_address address = {.family = word[0] == '6' ? 6 : 4, .port = 443};
    uint8_t number = (uint8_t)strtol(word + 1, NULL, 16);

    if (address.family == 6)
        memcpy(address.bytes, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
    else
        memcpy(address.bytes, (uint8_t[]){192, 0, 2}, 3);
    address.bytes[address.family == 6 ? 15 : 3] = number;
    return address;
}

static const char *word_of(const h2client_address *address, char word[4])
{
    snprintf(word, 4, "%c%x", address->family == 6 ? '6' : '4',
             address->bytes[address->family == 6 ? 15 : 3]);
    return word;
}

static size_t read_words(const char *words, h2client_address *list)
{
    char copy[512];
    char *rest = copy;
    size_t n = 0;

    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(rest, " ", &rest); word; word = strtok_r(rest, " ", &rest))
        list[n++] = address_of(word);
    return n;
}

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->config = (struct h2i_race_config){250 * MS, 50 * MS, 10000 * MS, 0};
    rig->memory.ttl_us = 60000 * MS;
    rig->now_us = 1000000000;
}

static int64_t elapsed_ms(const struct rig *rig)
{
    return (rig->now_us - rig->began_us) / MS;
}

static void tell(struct rig *rig, const char *verb, size_t entrant)
{
    char word[4];

    h2i_text_add(&rig->told, "%s%d %s%s", rig->told.len ? ", " : "", (int)elapsed_ms(rig), verb,
                 entrant == SIZE_MAX ? "" : word_of(&rig->race.entrants[entrant].address, word));
}

static void connect_to(struct rig *rig, size_t entrant)
{
    char word[4];

    tell(rig, "", entrant);
    rig->answers[entrant].due_us = INT64_MAX;
    word_of(&rig->race.entrants[entrant].address, word);
    for (const struct host *host = rig->hosts; host->word; host++) {
        if (strcmp(host->word, word) != 0 || host->after_ms == SILENT)
            continue;
        rig->answers[entrant].due_us = rig->now_us + host->after_ms * MS;
        rig->answers[entrant].outcome = host->outcome;
    }
}

static void let_arrive(struct rig *rig)
{
    h2client_address list[H2CLIENT_MAX_ADDRESSES * 2];

    for (; rig->arrivals->words && rig->arrivals->at_ms <= elapsed_ms(rig); rig->arrivals++)
        h2i_race_add(&rig->race, list, read_words(rig->arrivals->words, list), rig->arrivals->more,
                     rig->now_us);
}

static void let_answer(struct rig *rig)
{
    for (size_t i = 0; i < rig->race.n; i++)
        if (rig->race.entrants[i].outcome == H2I_RACE_UNDER_WAY &&
            rig->answers[i].due_us <= rig->now_us)
            h2i_race_report(&rig->race, i, rig->answers[i].outcome, rig->now_us);
}

/* The next thing that can happen, which must be something. */
static void pass_time(struct rig *rig, int64_t until_us)
{
    int64_t next_us = until_us;

    if (rig->arrivals->words && rig->began_us + rig->arrivals->at_ms * MS < next_us)
        next_us = rig->began_us + rig->arrivals->at_ms * MS;
    for (size_t i = 0; i < rig->race.n; i++)
        if (rig->race.entrants[i].outcome == H2I_RACE_UNDER_WAY && rig->answers[i].due_us < next_us)
            next_us = rig->answers[i].due_us;
    ck_assert_msg(next_us != INT64_MAX, "nothing will ever happen after: %s", rig->text);
    ck_assert_msg(next_us > rig->now_us, "it spins after: %s", rig->text);
    rig->now_us = next_us;
}

static const char *run(struct rig *rig, const struct arrival *arrivals, const struct host *hosts)
{
    static const char *const ends[] = {
        [H2I_RACE_WON] = "won ", [H2I_RACE_LOST] = "lost", [H2I_RACE_LATE] = "late"};
    struct h2i_race_step step;

    rig->arrivals = arrivals;
    rig->hosts = hosts;
    rig->began_us = rig->now_us;
    rig->told = h2i_text(rig->text, sizeof rig->text);
    h2i_race_init(&rig->race, &rig->config, &rig->memory, rig->now_us);
    for (;;) {
        let_answer(rig);
        let_arrive(rig);
        step = h2i_race_next(&rig->race, rig->now_us);
        if (step.verb == H2I_RACE_START)
            connect_to(rig, step.entrant);
        else if (step.verb == H2I_RACE_WAIT)
            pass_time(rig, step.until_us);
        else
            break;
    }
    tell(rig, ends[step.verb], step.entrant);
    return rig->text;
}

static const char *run_once(const struct arrival *arrivals, const struct host *hosts)
{
    static struct rig rig;

    rig_init(&rig);
    return run(&rig, arrivals, hosts);
}

#define ARRIVALS(...) ((const struct arrival[]){__VA_ARGS__, {0, NULL, false}})
#define HOSTS(...) ((const struct host[]){__VA_ARGS__, {NULL, 0, 0}})
#define NOBODY HOSTS({"", SILENT, 0})

/* ---- order and pace (RFC 8305 4, 5) ------------------------------------------------------ */

TEST(first_address_that_answers_wins)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a", false}), HOSTS({"6a", 20, 0})), "0 6a, 20 won 6a");
}

TEST(families_take_turns_and_ipv6_begins)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "4a 4b 4c 6a 6b", false}), HOSTS({"4c", 10, 0})),
                     "0 6a, 250 4a, 500 6b, 750 4b, 1000 4c, 1010 won 4c");
}

TEST(order_within_a_family_is_the_resolvers)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "4c 4a 4b", false}), HOSTS({"4b", 1, 0})),
                     "0 4c, 250 4a, 500 4b, 501 won 4b");
}

TEST(black_holed_ipv6_costs_one_attempt_delay)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a 4a", false}), HOSTS({"4a", 20, 0})),
                     "0 6a, 250 4a, 270 won 4a");
}

TEST(black_holed_ipv4_costs_nothing)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "4a 6a", false}), HOSTS({"6a", 20, 0})),
                     "0 6a, 20 won 6a");
}

TEST(slow_address_goes_on_beside_the_next_and_can_win)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a 4a", false}), HOSTS({"6a", 300, 0}, {"4a", 60, 0})),
                     "0 6a, 250 4a, 300 won 6a");
}

TEST(refusal_starts_the_next_at_once)
{
    ck_assert_str_eq(
        run_once(ARRIVALS({0, "6a 4a", false}), HOSTS({"6a", 1, ECONNREFUSED}, {"4a", 20, 0})),
        "0 6a, 1 4a, 21 won 4a");
}

TEST(failure_gives_the_next_a_whole_attempt_delay)
{
    ck_assert_str_eq(
        run_once(ARRIVALS({0, "6a 6b 4a", false}), HOSTS({"6a", 100, ETIMEDOUT}, {"6b", 1, 0})),
        "0 6a, 100 4a, 350 6b, 351 won 6b");
}

TEST(attempt_delay_is_an_option)
{
    struct rig rig;

    rig_init(&rig);
    rig.config.attempt_delay_us = 10 * MS;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 6b 4a", false}), HOSTS({"6b", 1, 0})),
                     "0 6a, 10 4a, 20 6b, 21 won 6b");
    rig.config.attempt_delay_us = INT64_MAX;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6c 4c", false}), HOSTS({"6c", 9000, 0})),
                     "0 6c, 9000 won 6c");
}

/* ---- answers that come one after the other (RFC 8305 3) ----------------------------------- */

TEST(ipv4_waits_a_little_for_ipv6)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "4a", true}, {30, "6a", false}), HOSTS({"6a", 20, 0})),
                     "30 6a, 50 won 6a");
}

TEST(ipv4_does_not_wait_longer_than_the_resolution_delay)
{
    ck_assert_str_eq(run_once(ARRIVALS({5, "4a", true}, {900, "6a", false}), HOSTS({"4a", 20, 0})),
                     "55 4a, 75 won 4a");
}

TEST(ipv4_does_not_wait_when_nothing_more_will_come)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "4a", true}, {7, "", false}), HOSTS({"4a", 20, 0})),
                     "7 4a, 27 won 4a");
}

TEST(ipv6_does_not_wait_for_ipv4)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a", true}, {900, "4a", false}), HOSTS({"6a", 20, 0})),
                     "0 6a, 20 won 6a");
}

TEST(late_ipv6_takes_the_next_turn)
{
    ck_assert_str_eq(
        run_once(ARRIVALS({0, "4a 4b", true}, {100, "6a", false}), HOSTS({"6a", 20, 0})),
        "50 4a, 300 6a, 320 won 6a");
}

TEST(address_that_comes_after_the_delay_is_tried_at_once)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a", true}, {700, "4a", false}), HOSTS({"4a", 20, 0})),
                     "0 6a, 700 4a, 720 won 4a");
}

TEST(race_waits_for_more_addresses_when_all_have_failed)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a", true}, {400, "4a", false}),
                              HOSTS({"6a", 1, ECONNREFUSED}, {"4a", 20, 0})),
                     "0 6a, 400 4a, 420 won 4a");
}

TEST(address_that_comes_twice_is_tried_once)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a 6a", true}, {10, "6a 4a", false}),
                              HOSTS({"6a", 1, ECONNREFUSED}, {"4a", 1, ECONNREFUSED})),
                     "0 6a, 10 4a, 11 lost");
}

/* ---- the end ----------------------------------------------------------------------------- */

TEST(race_is_lost_when_the_last_has_failed)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a 4a", false}),
                              HOSTS({"6a", 300, ETIMEDOUT}, {"4a", 1, ECONNREFUSED})),
                     "0 6a, 250 4a, 300 lost");
}

TEST(race_without_addresses_is_lost_at_once)
{
    ck_assert_str_eq(run_once(ARRIVALS({5, "", false}), NOBODY), "5 lost");
}

TEST(all_silent_addresses_end_with_the_limit)
{
    struct rig rig;

    rig_init(&rig);
    rig.config.limit_us = 600 * MS;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 6b 4a 4b", false}), NOBODY),
                     "0 6a, 250 4a, 500 6b, 600 late");
    ck_assert_int_eq(rig.race.entrants[0].outcome, H2I_RACE_UNDER_WAY);
    ck_assert_int_eq(rig.race.entrants[3].outcome, H2I_RACE_NOT_TRIED);
}

TEST(limit_holds_while_no_address_comes)
{
    struct rig rig;

    rig_init(&rig);
    rig.config.limit_us = 40 * MS;
    ck_assert_str_eq(run(&rig, ARRIVALS({900, "6a", false}), NOBODY), "40 late");
}

TEST(connection_in_the_last_moment_counts)
{
    struct rig rig;

    rig_init(&rig);
    rig.config.limit_us = 600 * MS;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a", false}), HOSTS({"6a", 600, 0})),
                     "0 6a, 600 won 6a");
}

TEST(race_without_limit_goes_on)
{
    struct rig rig;

    rig_init(&rig);
    rig.config.limit_us = INT64_MAX;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a", false}), HOSTS({"6a", 100000000, 0})),
                     "0 6a, 100000000 won 6a");
}

/* "40 41 42 ...", n of them. */
static void write_many(char *words, char family, int n)
{
    words[0] = 0;
    for (int i = 0; i < n; i++)
        sprintf(words + strlen(words), "%c%x ", family, i);
}

TEST(sixty_four_addresses_are_tried_and_no_more)
{
    struct rig rig;
    char words[400];

    rig_init(&rig);
    rig.config.limit_us = INT64_MAX;
    rig.config.attempt_delay_us = 10 * MS;
    write_many(words, '4', 70);
    ck_assert_str_eq(run(&rig, ARRIVALS({0, words, true}, {5, "6a", false}), HOSTS({"43f", 1, 0})) +
                         strlen(rig.text) - strlen("635 43f, 636 won 43f"),
                     "635 43f, 636 won 43f");
    ck_assert_uint_eq(rig.race.n, 64);
}

TEST(sixty_four_refusals_take_no_time)
{
    struct rig rig;
    struct host hosts[65] = {{NULL, 0, 0}};
    char words[400], each[64][4];

    rig_init(&rig);
    write_many(words, '4', 64);
    for (int i = 0; i < 64; i++) {
        snprintf(each[i], sizeof each[i], "4%x", i);
        hosts[i] = (struct host){each[i], 0, ECONNREFUSED};
    }
    run(&rig, ARRIVALS({0, words, false}), hosts);
    ck_assert_str_eq(rig.text + rig.told.len - strlen(", 0 lost"), ", 0 lost");
    ck_assert_uint_eq(rig.race.n, 64);
}

TEST(shortage_begins_no_further_attempt)
{
    ck_assert_str_eq(run_once(ARRIVALS({0, "6a 4a", true}), HOSTS({"6a", 0, EMFILE})),
                     "0 6a, 0 lost");
}

TEST(shortage_leaves_those_under_way_their_chance)
{
    ck_assert_str_eq(
        run_once(ARRIVALS({0, "6a 4a 6b", false}), HOSTS({"6a", 400, 0}, {"4a", 0, EMFILE})),
        "0 6a, 250 4a, 400 won 6a");
}

/* A story of chance: two answers, addresses that connect, fail or are silent. It must come to an
 * end without spinning, which run sees to, and in time. */
TEST(any_story_ends_in_time)
{
    static const int outcomes[] = {0, ECONNREFUSED, ETIMEDOUT, EMFILE, H2I_RACE_FILTERED};
    static const char *const words[] = {"4a 4b 4c", "6a 6b", "6c", "4a 6a", ""};
    static const char *const hosts[] = {"4a", "4b", "4c", "6a", "6b", "6c"};
    struct host all[7] = {{NULL, 0, 0}};
    struct rig rig;

    srand((unsigned)h2t_seed());
    rig_init(&rig);
    for (int story = 0; story < 300; story++) {
        const struct arrival arrivals[] = {{rand() % 100, words[rand() % 5], true},
                                           {rand() % 900, words[rand() % 5], false},
                                           {0, NULL, false}};
        for (int i = 0; i < 6; i++)
            all[i] =
                (struct host){hosts[i], rand() % 2 ? SILENT : rand() % 2000, outcomes[rand() % 5]};
        rig.config.limit_us = 1500 * MS;
        run(&rig, arrivals, all);
        ck_assert_msg(elapsed_ms(&rig) <= 1500, "%s", rig.text);
    }
}

/* ---- the memory of those that failed ------------------------------------------------------- */

TEST(failed_address_is_tried_last)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6a 4a", false}), HOSTS({"6a", 1, ECONNREFUSED}, {"4a", 1, 0}));
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 6b 4a 4b", false}), NOBODY),
                     "0 6b, 250 4a, 500 4b, 750 6a, 10000 late");
}

TEST(failed_address_is_forgotten_after_a_minute)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6a 4a", false}), HOSTS({"6a", 0, ECONNREFUSED}, {"4a", 0, 0}));
    rig.now_us += 60000 * MS - 1;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 4a", false}), HOSTS({"4a", 0, 0})),
                     "0 4a, 0 won 4a");
    rig.now_us += 1;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 4a", false}), HOSTS({"6a", 1, 0})),
                     "0 6a, 1 won 6a");
}

TEST(failed_address_waits_a_little_for_others)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6a", false}), HOSTS({"6a", 0, ECONNREFUSED}));
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a", true}, {9, "4a", false}), HOSTS({"4a", 1, 0})),
                     "9 4a, 10 won 4a");
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a", true}, {90, "4a", false}), HOSTS({"6a", 1, 0})),
                     "50 6a, 51 won 6a");
}

TEST(overtaken_address_is_tried_last)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6a 4a", false}), HOSTS({"4a", 20, 0}));
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 4a", false}), HOSTS({"4a", 20, 0})),
                     "0 4a, 20 won 4a");
}

TEST(address_that_lost_to_one_before_it_keeps_its_place)
{
    struct rig rig;
    const struct arrival both[] = {{0, "6a 4a", false}, {0, NULL, false}};

    rig_init(&rig);
    run(&rig, both, HOSTS({"6a", 300, 0}));
    ck_assert_str_eq(run(&rig, both, HOSTS({"6a", 0, ECONNREFUSED}, {"4a", 1, 0})),
                     "0 6a, 0 4a, 1 won 4a");
    ck_assert_uint_eq(rig.memory.n, 1);
}

TEST(address_that_connects_again_is_not_remembered)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6a", false}), HOSTS({"6a", 0, ECONNREFUSED}));
    ck_assert_uint_eq(rig.memory.n, 1);
    run(&rig, ARRIVALS({0, "6a", false}), HOSTS({"6a", 0, 0}));
    ck_assert_uint_eq(rig.memory.n, 0);
}

TEST(silent_addresses_are_remembered_at_the_limit)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6a", false}), NOBODY);
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 4a", false}), HOSTS({"4a", 1, 0})),
                     "0 4a, 1 won 4a");
}

TEST(shortages_and_refusals_of_our_own_are_not_remembered)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6a 6b 4a", false}),
        HOSTS({"6a", 0, H2I_RACE_FILTERED}, {"4a", 0, H2I_RACE_WRONG_FAMILY}, {"6b", 0, EMFILE}));
    ck_assert_str_eq(rig.text, "0 6a, 0 4a, 0 6b, 0 lost");
    ck_assert_uint_eq(rig.memory.n, 0);
}

/* ---- spreading ------------------------------------------------------------------------------ */

TEST(each_race_begins_with_the_next_address)
{
    static const char *const begins[] = {"0 6a, ", "0 6b, ", "0 6c, ", "0 6a, "};
    struct rig rig;

    rig_init(&rig);
    rig.memory.ttl_us = 0;
    for (size_t i = 0; i < 4; i++) {
        rig.config.rotation = i;
        run(&rig, ARRIVALS({0, "6a 6b 6c 4a 4b", false}), NOBODY);
        ck_assert_msg(!strncmp(rig.text, begins[i], strlen(begins[i])), "%s", rig.text);
    }
}

TEST(each_family_is_turned_by_itself)
{
    struct rig rig;

    rig_init(&rig);
    rig.config.rotation = 4;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 6b 6c 4a 4b 4c", false}), NOBODY),
                     "0 6b, 250 4b, 500 6c, 750 4c, 1000 6a, 1250 4a, 10000 late");
}

TEST(failed_address_does_not_come_first_by_rotation)
{
    struct rig rig;

    rig_init(&rig);
    run(&rig, ARRIVALS({0, "6b", false}), HOSTS({"6b", 0, ECONNREFUSED}));
    rig.config.rotation = 1;
    ck_assert_str_eq(run(&rig, ARRIVALS({0, "6a 6b 6c", false}), NOBODY),
                     "0 6c, 250 6a, 500 6b, 10000 late");
}

TEST_MAIN("race", {T(first_address_that_answers_wins)}, {T(families_take_turns_and_ipv6_begins)},
          {T(order_within_a_family_is_the_resolvers)},
          {T(black_holed_ipv6_costs_one_attempt_delay)}, {T(black_holed_ipv4_costs_nothing)},
          {T(slow_address_goes_on_beside_the_next_and_can_win)},
          {T(refusal_starts_the_next_at_once)}, {T(failure_gives_the_next_a_whole_attempt_delay)},
          {T(attempt_delay_is_an_option)}, {T(ipv4_waits_a_little_for_ipv6)},
          {T(ipv4_does_not_wait_longer_than_the_resolution_delay)},
          {T(ipv4_does_not_wait_when_nothing_more_will_come)}, {T(ipv6_does_not_wait_for_ipv4)},
          {T(late_ipv6_takes_the_next_turn)},
          {T(address_that_comes_after_the_delay_is_tried_at_once)},
          {T(race_waits_for_more_addresses_when_all_have_failed)},
          {T(address_that_comes_twice_is_tried_once)}, {T(race_is_lost_when_the_last_has_failed)},
          {T(race_without_addresses_is_lost_at_once)}, {T(all_silent_addresses_end_with_the_limit)},
          {T(limit_holds_while_no_address_comes)}, {T(connection_in_the_last_moment_counts)},
          {T(race_without_limit_goes_on)}, {T(sixty_four_addresses_are_tried_and_no_more)},
          {T(sixty_four_refusals_take_no_time)}, {T(shortage_begins_no_further_attempt)},
          {T(shortage_leaves_those_under_way_their_chance)}, {T(any_story_ends_in_time)},
          {T(failed_address_is_tried_last)}, {T(failed_address_is_forgotten_after_a_minute)},
          {T(failed_address_waits_a_little_for_others)}, {T(overtaken_address_is_tried_last)},
          {T(address_that_lost_to_one_before_it_keeps_its_place)},
          {T(address_that_connects_again_is_not_remembered)},
          {T(silent_addresses_are_remembered_at_the_limit)},
          {T(shortages_and_refusals_of_our_own_are_not_remembered)},
          {T(each_race_begins_with_the_next_address)}, {T(each_family_is_turned_by_itself)},
          {T(failed_address_does_not_come_first_by_rotation)})
