/* SPDX-License-Identifier: MIT */
/*
 * The frame of a test program: Check, TAP on stdout, one process a test.
 *
 *     TEST(buf_refuses_to_grow_above_its_maximum) { ... ck_assert(...); }
 *     TEST_MAIN("buf", {T(buf_refuses_to_grow_above_its_maximum)}, ...)
 *
 * After each test the frame checks that no descriptor was leaked and, in a
 * sanitizer build, that no memory was. H2T_SEED chooses the random seed; it is
 * printed. Names given on the command line run only these tests. In a quick run
 * (CK_FORK=no) all tests share the process.
 */
#ifndef H2T_TEST_MAIN_H
#define H2T_TEST_MAIN_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h2t_test {
    const char *name;
    const TTest *const *test;
    const char *left_out; /* why this program does not run it; NULL: it does */
};

#define TEST(claim) START_TEST(claim)
#define T(claim) .name = #claim, .test = &claim

int h2t_main(const char *suite, const struct h2t_test *tests, size_t n_tests, int argc,
             char **argv);

/* The seed of this run; for tests that draw. */
uint64_t h2t_seed(void);

#define TEST_MAIN(suite, ...)                                                      \
    int main(int argc, char **argv)                                                \
    {                                                                              \
        static const struct h2t_test tests[] = {__VA_ARGS__};                      \
        return h2t_main(suite, tests, sizeof tests / sizeof tests[0], argc, argv); \
    }

#endif
