/* SPDX-License-Identifier: MIT */
/* h2fetch's command line: what each option leaves in the configuration, what is refused. */
#include "tests/support/test_main.h"

#include <string.h>

#include "tools/h2fetch/fetch_options.h"

#define MAX_WORDS 16

static struct h2f_config config;
static struct h2f_problem problem;

/* Words up to a NULL; the first one is not the program's name. */
static bool parse(const char *const *words)
{
    char *argv[MAX_WORDS + 1] = {(char *)(uintptr_t) "h2fetch"};
    int argc = 1;

    while (words[argc - 1]) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
        argc++;
    }
    h2f_config_init(&config);
    problem = (struct h2f_problem){0};
    return h2f_options_parse(&config, argc, argv, &problem);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void refused(const char *const *words, const char *text)
{
    ck_assert(!parse(words));
    ck_assert_int_eq(problem.exit_code, H2F_EXIT_USAGE);
    ck_assert_str_eq(problem.text, text);
    h2f_config_finish(&config);
}

#define REFUSED(text, ...) refused((const char *const[]){__VA_ARGS__, NULL}, text)

static const char *find(const struct h2f_headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->n; i++)
        if (strcmp(headers->list[i].name, name) == 0)
            return headers->list[i].value ? headers->list[i].value : "(removed)";
    return "(none)";
}

TEST(short_options_may_be_glued)
{
    ck_assert(PARSE("-sSf", "-ofile", "-m1.5", "-XPUT", "u"));
    ck_assert(config.silent && config.show_error && config.fail);
    ck_assert_str_eq(config.outputs.list[0].file, "file");
    ck_assert_int_eq(config.total_timeout_ms, 1500);
    ck_assert_str_eq(h2f_config_method(&config, false), "PUT");
    h2f_config_finish(&config);
}

TEST(a_flag_may_lead_an_option_with_its_argument)
{
    ck_assert(PARSE("-so", "-f", "u"));
    ck_assert(config.silent && !config.fail);
    ck_assert_str_eq(config.outputs.list[0].file, "-f");
    h2f_config_finish(&config);
}

TEST(two_dashes_end_the_options)
{
    ck_assert(PARSE("-s", "--", "-f", "--head"));
    ck_assert_uint_eq(config.urls.n, 2);
    ck_assert_str_eq(config.urls.list[1], "--head");
    ck_assert(!config.fail);
    h2f_config_finish(&config);
}

TEST(options_and_urls_may_be_mixed)
{
    ck_assert(PARSE("a", "-o", "1", "b", "-O", "c"));
    ck_assert_uint_eq(config.urls.n, 3);
    ck_assert_str_eq(config.outputs.list[0].file, "1");
    ck_assert_ptr_null(config.outputs.list[1].file);
    h2f_config_finish(&config);
}

TEST(a_switch_can_be_taken_back)
{
    ck_assert(PARSE("-sf", "--no-silent", "--no-fail", "--fail", "u"));
    ck_assert(!config.silent && config.fail);
    h2f_config_finish(&config);
    REFUSED("--no-output: unknown option", "--no-output", "u");
    REFUSED("--no-frob: unknown option", "--no-frob", "u");
    REFUSED("--no-no-progress-meter: unknown option", "--no-no-progress-meter", "u");
}

TEST(what_is_not_in_the_table_is_refused_by_name)
{
    REFUSED("--frob: unknown option", "--frob", "u");
    REFUSED("--output=x: unknown option", "--output=x", "u");
    REFUSED("--outpu: unknown option", "--outpu", "x", "u");
    REFUSED("-%: unknown option", "-s%", "u");
}

TEST(an_argument_that_is_missing_is_told)
{
    REFUSED("--output: needs an argument (FILE)", "u", "-so");
    REFUSED("--max-time: needs an argument (SECONDS)", "u", "--max-time");
}

TEST(numbers_that_are_none_are_quoted)
{
    REFUSED("--max-time: \"abc\" is not a number of seconds", "-m", "abc", "u");
    REFUSED("--parallel-max: \"0\" is not a number from 1 on", "--parallel-max", "0", "u");
}

TEST(a_referer_that_would_have_to_change_is_refused)
{
    REFUSED("--referer: ;auto is not there", "-e", "http://h/;auto", "u");
    REFUSED("--referer: ;auto is not there", "-e", ";auto", "u");
    ck_assert(PARSE("-e", "http://h/;automatic", "u"));
    ck_assert_str_eq(config.referer, "http://h/;automatic");
    h2f_config_finish(&config);
}

TEST(options_that_contradict_each_other_are_refused)
{
    REFUSED("no URL given (h2fetch --help)", "-s");
    REFUSED("there are more outputs (-o, -O) than URLs", "-o", "a", "-O", "u");
    REFUSED("--fail and --fail-with-body exclude each other", "-f", "--fail-with-body", "u");
    REFUSED("--data and --head exclude each other", "-I", "-d", "x", "u");
    REFUSED("--data and --upload-file exclude each other", "-T", "f", "-d", "x", "u");
    REFUSED("--form and --data exclude each other", "-F", "a=b", "-d", "x", "u");
    REFUSED("--form and --upload-file exclude each other", "-T", "f", "-F", "a=b", "u");
    REFUSED("--form and --get or --head exclude each other", "-G", "-F", "a=b", "u");
    REFUSED("--form and --get or --head exclude each other", "-I", "-F", "a=b", "u");
    REFUSED("stdin can be read for one thing only "
            "(-d @-, -F a=@-, -H @-, -T -, -w @-, -b -, --input-file -)",
            "-T", "-", "--input-file", "-", "u");
    REFUSED("--report - and a body without -o are two things on stdout", "--report", "-", "-o", "a",
            "u", "v");
}

TEST(the_method_follows_from_the_options)
{
    ck_assert(PARSE("u"));
    ck_assert_str_eq(h2f_config_method(&config, false), "GET");
    ck_assert_str_eq(h2f_config_method(&config, true), "PUT");
    h2f_config_finish(&config);
    ck_assert(PARSE("-d", "x", "u"));
    ck_assert_str_eq(h2f_config_method(&config, false), "POST");
    h2f_config_finish(&config);
    ck_assert(PARSE("-F", "a=b", "u"));
    ck_assert_str_eq(h2f_config_method(&config, false), "POST");
    h2f_config_finish(&config);
    ck_assert(PARSE("-I", "-G", "-d", "x", "u"));
    ck_assert_str_eq(h2f_config_method(&config, false), "HEAD");
    h2f_config_finish(&config);
}

TEST(fields_are_added_removed_and_emptied)
{
    ck_assert(PARSE("-H", "One:  1 \t", "-H", "Two:", "-H", "Three;", "-H", "Four: a:b;c", "u"));
    ck_assert_str_eq(find(&config.headers, "One"), "1");
    ck_assert_str_eq(find(&config.headers, "Two"), "(removed)");
    ck_assert_str_eq(find(&config.headers, "Three"), "");
    ck_assert_str_eq(find(&config.headers, "Four"), "a:b;c");
    h2f_config_finish(&config);
}

TEST(fields_that_are_none_are_quoted)
{
    REFUSED("--header: \"frob\" is not a header field (Name: value)", "-H", "frob", "u");
    REFUSED("--header: \"Authorization\" is not a header field (Name: value)", "-H",
            "Authorization secret", "u");
    REFUSED("--header: \"\" has no name before the colon", "-H", ": x", "u");
}

TEST(data_is_joined_and_brings_its_type)
{
    ck_assert(PARSE("-d", "a=1", "--data-raw", "@x", "--data-urlencode", "b= &", "u"));
    ck_assert_str_eq(config.data.data, "a=1&@x&b=+%26");
    ck_assert_str_eq(find(&config.defaults, "content-type"), "application/x-www-form-urlencoded");
    h2f_config_finish(&config);
}

TEST(json_is_joined_by_nothing_and_brings_its_fields)
{
    ck_assert(PARSE("--json", "{", "--json", "}", "u"));
    ck_assert_str_eq(config.data.data, "{}");
    ck_assert_str_eq(find(&config.defaults, "content-type"), "application/json");
    ck_assert_str_eq(find(&config.defaults, "accept"), "application/json");
    h2f_config_finish(&config);
}

TEST(an_empty_agent_is_none)
{
    ck_assert(PARSE("-A", "", "-e", "from", "u"));
    ck_assert_str_eq(find(&config.defaults, "user-agent"), "(removed)");
    ck_assert_str_eq(find(&config.defaults, "referer"), "from");
    h2f_config_finish(&config);
}

TEST(help_and_version_need_no_url)
{
    ck_assert(PARSE("-h"));
    ck_assert_int_eq(config.action, H2F_HELP);
    ck_assert(PARSE("--help", "all"));
    ck_assert_int_eq(config.action, H2F_HELP_ALL);
    ck_assert(PARSE("-sV"));
    ck_assert_int_eq(config.action, H2F_VERSION);
}

TEST(every_option_has_its_own_name_and_letter)
{
    const struct h2f_option *table = h2f_option_table();

    for (const struct h2f_option *a = table; a->name; a++) {
        ck_assert(a->argument ? a->kind != H2F_FLAG && a->kind != H2F_SET
                              : a->kind == H2F_FLAG || a->kind == H2F_SET);
        for (const struct h2f_option *b = a + 1; b->name; b++) {
            ck_assert_str_ne(a->name, b->name);
            ck_assert(!a->letter || a->letter != b->letter);
        }
    }
}

static void expect_slow_limit(int64_t per_s, int64_t time_ms)
{
    ck_assert_int_eq(config.slow_limit.per_s, per_s);
    ck_assert_int_eq(config.slow_limit.time_ms, time_ms);
    h2f_config_finish(&config);
}

TEST(a_speed_brings_its_time_and_a_time_its_speed)
{
    ck_assert(PARSE("-Y", "1.5K", "u"));
    expect_slow_limit(1536, 30000);
    ck_assert(PARSE("-y", "5", "u"));
    expect_slow_limit(1, 5000);
    ck_assert(PARSE("-y5", "-Y2k", "u"));
    expect_slow_limit(2048, 5000);
}

TEST(without_a_speed_or_a_time_nothing_is_too_slow)
{
    ck_assert(PARSE("u"));
    ck_assert_int_eq(config.slow_limit.per_s, 0);
    h2f_config_finish(&config);
    ck_assert(PARSE("-Y0", "-y5", "u"));
    ck_assert_int_eq(config.slow_limit.per_s, 0);
    h2f_config_finish(&config);
    ck_assert(PARSE("-Y5", "-y0", "u"));
    ck_assert_int_eq(config.slow_limit.per_s, 0);
    h2f_config_finish(&config);
}

TEST(options_of_the_way_to_a_host_are_kept)
{
    ck_assert(PARSE("-6", "--interface", "eth0", "--happy-eyeballs-timeout-ms", "300", "u"));
    ck_assert_int_eq(config.ip_family, H2CLIENT_IP_V6);
    ck_assert_str_eq(config.interface, "eth0");
    ck_assert_int_eq(config.attempt_delay_ms, 300);
    h2f_config_finish(&config);
    ck_assert(PARSE("--ipv6", "-4", "u"));
    ck_assert_int_eq(config.ip_family, H2CLIENT_IP_V4);
    h2f_config_finish(&config);
}

TEST_MAIN("h2fetch_options", {T(short_options_may_be_glued)},
          {T(a_flag_may_lead_an_option_with_its_argument)}, {T(two_dashes_end_the_options)},
          {T(options_and_urls_may_be_mixed)}, {T(a_switch_can_be_taken_back)},
          {T(what_is_not_in_the_table_is_refused_by_name)},
          {T(an_argument_that_is_missing_is_told)}, {T(numbers_that_are_none_are_quoted)},
          {T(a_referer_that_would_have_to_change_is_refused)},
          {T(options_that_contradict_each_other_are_refused)},
          {T(the_method_follows_from_the_options)}, {T(fields_are_added_removed_and_emptied)},
          {T(fields_that_are_none_are_quoted)}, {T(data_is_joined_and_brings_its_type)},
          {T(json_is_joined_by_nothing_and_brings_its_fields)}, {T(an_empty_agent_is_none)},
          {T(help_and_version_need_no_url)}, {T(every_option_has_its_own_name_and_letter)},
          {T(a_speed_brings_its_time_and_a_time_its_speed)},
          {T(without_a_speed_or_a_time_nothing_is_too_slow)},
          {T(options_of_the_way_to_a_host_are_kept)})
