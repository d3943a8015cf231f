/* SPDX-License-Identifier: MIT */
/*
 * The frame: each test is a Check runner of its own, and its line of TAP is
 * written here, after its process has ended. A test passes only if Check says so
 * and its teardown has said that it came to its end: a process that left early,
 * with whatever status, has not passed. The plan comes first, so that a program
 * that dies between two tests is seen to be short of lines.
 */
#include "tests/support/test_main.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define TEST_TIMEOUT_S 30

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECK 1
#endif
#endif

static struct {
    uint64_t seed;
    bool is_forking;
    bool has_test_begun;   /* in this process */
    bool is_leak_check_on; /* in a test's process: while its teardown asks */
    int n_fds_before;
    bool *has_test_ended; /* shared with the tests' processes */
} frame;

#ifdef HAS_LEAK_CHECK
#include <sanitizer/lsan_interface.h>

int __lsan_is_turned_off(void);

/* LSan asks each time. A test's process is judged in its teardown only: at exit a
 * leak would hide the message of the assertion that failed. */
int __lsan_is_turned_off(void)
{
    return frame.is_forking && frame.has_test_begun && !frame.is_leak_check_on;
}

static bool has_leak(void)
{
    frame.is_leak_check_on = true;
    bool found = __lsan_do_recoverable_leak_check() != 0;
    frame.is_leak_check_on = false;
    return found;
}
#else
static bool has_leak(void)
{
    return false;
}
#endif

uint64_t h2t_seed(void)
{
    return frame.seed;
}

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_msg(dir != NULL, "/proc/self/fd cannot be read");
    int n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void begin_test(void)
{
    frame.has_test_begun = true;
    frame.n_fds_before = count_fds();
}

/* Where all tests share the process, what one leaks is found when that exits. */
static void end_test(void)
{
    int n_more = count_fds() - frame.n_fds_before;
    ck_assert_msg(n_more == 0, "%d file descriptors more than before", n_more);
    ck_assert_msg(!frame.is_forking || !has_leak(), "memory leaked (see above)");
    *frame.has_test_ended = true;
}

static SRunner *create_runner(const char *suite_name, const struct h2t_test *test)
{
    Suite *suite = suite_create(suite_name);
    TCase *test_case = tcase_create(test->name);
    tcase_set_timeout(test_case, TEST_TIMEOUT_S);
    tcase_add_checked_fixture(test_case, begin_test, end_test);
    tcase_add_test(test_case, *test->test);
    suite_add_tcase(suite, test_case);
    return srunner_create(suite);
}

/* A message of several lines stays a comment in each. */
static void print_comment(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        printf("# %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void print_failure(TestResult *result)
{
    const char *message = tr_msg(result);
    printf("# %s:%d:\n", tr_lfile(result), tr_lno(result));
    if (tr_rtype(result) == CK_PASS)
        message = "the test's process left before the test's end";
    print_comment(message ? message : "no message");
}

static bool run_test(const char *suite, const struct h2t_test *test, int number)
{
    SRunner *runner = create_runner(suite, test);
    *frame.has_test_ended = false;
    frame.is_forking = srunner_fork_status(runner) == CK_FORK;
    srunner_run_all(runner, CK_SILENT);

    TestResult **results = srunner_results(runner);
    bool has_passed =
        srunner_ntests_run(runner) == 1 && tr_rtype(results[0]) == CK_PASS && *frame.has_test_ended;
    printf("%s %d - %s\n", has_passed ? "ok" : "not ok", number, test->name);
    if (!has_passed && srunner_ntests_run(runner) == 1)
        print_failure(results[0]);
    free(results);
    srunner_free(runner);
    return has_passed;
}

static bool is_wanted(const struct h2t_test *test, char *const *names, int n_names)
{
    if (test->left_out)
        return false;
    for (int i = 0; i < n_names; i++) {
        if (strcmp(names[i], test->name) == 0)
            return true;
    }
    return n_names == 0;
}

static int count_wanted(const struct h2t_test *tests, size_t n_tests, char *const *names,
                        int n_names)
{
    int n = 0;
    for (size_t i = 0; i < n_tests; i++)
        n += is_wanted(&tests[i], names, n_names);
    return n;
}

static void choose_seed(void)
{
    const char *wish = getenv("H2T_SEED");
    if (wish)
        frame.seed = strtoull(wish, NULL, 0);
    else if (getrandom(&frame.seed, sizeof frame.seed, 0) != (ssize_t)sizeof frame.seed)
        abort();
    printf("# H2T_SEED=%" PRIu64 "\n", frame.seed);
}

static void share_end_mark(void)
{
    void *page =
        mmap(NULL, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    frame.has_test_ended = page;
}

int h2t_main(const char *suite, const struct h2t_test *tests, size_t n_tests, int argc, char **argv)
{
    int n_wanted = count_wanted(tests, n_tests, argv + 1, argc - 1);
    int n_run = 0;
    int n_passed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (n_wanted == 0 || n_wanted < argc - 1) {
        fprintf(stderr, "%s: no such test\n", suite);
        return EXIT_FAILURE;
    }
    choose_seed();
    share_end_mark();
    printf("1..%d\n", n_wanted);
    for (size_t i = 0; i < n_tests; i++) {
        if (tests[i].left_out)
            printf("# left out: %s: %s\n", tests[i].name, tests[i].left_out);
        if (is_wanted(&tests[i], argv + 1, argc - 1))
            n_passed += run_test(suite, &tests[i], ++n_run);
    }
    return n_passed == n_wanted ? EXIT_SUCCESS : EXIT_FAILURE;
}
