/* SPDX-License-Identifier: MIT */
/* h2fetch's -F: what part each argument makes, and what makes none. */
#include "tests/support/test_main.h"

#include <string.h>

#include "tools/h2fetch/fetch_form.h"

static struct h2f_config config;
static struct h2f_problem problem;

/* The part of one argument; freed by the next call. */
static const h2client_part *add(const char *argument)
{
    h2f_config_finish(&config);
    h2f_config_init(&config);
    problem = (struct h2f_problem){0};
    ck_assert_msg(h2f_form_add(&config, argument, &problem), "%s", problem.text);
    ck_assert_uint_eq(config.form.n, 1);
    ck_assert_ptr_null(config.form.list[1].name);
    return config.form.list;
}

static void expect_value(const char *argument, const char *value)
{
    const h2client_part *part = add(argument);

    ck_assert_str_eq(part->name, "a");
    ck_assert_str_eq(part->body->data, value);
    ck_assert_int_eq(part->body->len, (int64_t)strlen(value));
    ck_assert_ptr_null(part->filename);
    ck_assert_ptr_null(part->content_type);
}

static void expect_file(const char *argument, const char *path, const char *filename,
                        const char *type)
{
    const h2client_part *part = add(argument);

    ck_assert_str_eq(part->name, "a");
    ck_assert_str_eq(part->body->file, path);
    ck_assert_int_eq(part->body->len, H2CLIENT_LENGTH_UNKNOWN);
    ck_assert_pstr_eq(part->filename, filename);
    ck_assert_pstr_eq(part->content_type, type);
}

static void refused(const char *argument, const char *text)
{
    h2f_config_finish(&config);
    h2f_config_init(&config);
    problem = (struct h2f_problem){0};
    ck_assert(!h2f_form_add(&config, argument, &problem));
    ck_assert_int_eq(problem.exit_code, H2F_EXIT_USAGE);
    ck_assert_str_eq(problem.text, text);
    ck_assert_uint_eq(config.form.n, 0);
}

TEST(a_value_is_a_field)
{
    expect_value("a=b", "b");
    expect_value("a=", "");
    expect_value("a=b=c@d", "b=c@d");
    expect_value("a= b ", "b");
    expect_value("a=\"b", "\"b");
    h2f_config_finish(&config);
}
END_TEST

TEST(quotes_keep_what_is_in_them)
{
    expect_value("a=\" b;c,@ \"", " b;c,@ ");
    expect_value("a=\"(x)\"", "(x)");
    expect_value("a=\"@x\"", "@x");
    expect_value("a=\"1\\\"2\\\\3\\4\"", "1\"2\\3\\4");
    expect_file("a=@\"x,y;z\"", "x,y;z", H2CLIENT_FILENAME_OF_PATH, NULL);
    h2f_config_finish(&config);
}
END_TEST

TEST(a_file_has_the_last_part_of_its_path_as_its_name)
{
    expect_file("a=@dir/x", "dir/x", H2CLIENT_FILENAME_OF_PATH, NULL);
    expect_file("a=@x;filename=y", "x", "y", NULL);
    expect_file("a=@x;filename=\"y \\\";\" ", "x", "y \";", NULL);
    expect_file("a=@x; FileName=dir/y", "x", "dir/y", NULL);
    expect_file("a=<x", "x", NULL, NULL);
    h2f_config_finish(&config);
}
END_TEST

TEST(a_type_is_said_or_guessed_by_the_names_end)
{
    expect_file("a=@x;type=text/x; charset=utf-8", "x", "/", "text/x; charset=utf-8");
    expect_file("a=@x;type=text/x;q=1;filename=y", "x", "y", "text/x;q=1");
    expect_file("a=@x;filename=y;type=text/x ", "x", "y", "text/x");
    expect_file("a=@x.d/y.JPG", "x.d/y.JPG", "/", "image/jpeg");
    expect_file("a=@x.txt;filename=y.html", "x.txt", "y.html", "text/html");
    expect_file("a=@x.txt;type=a/b", "x.txt", "/", "a/b");
    expect_file("a=<x.txt", "x.txt", NULL, NULL);
    ck_assert_str_eq(add("a=b;type=text/html")->content_type, "text/html");
    ck_assert_str_eq(add("a=b;filename=c.svg")->content_type, "image/svg+xml");
    h2f_config_finish(&config);
}
END_TEST

TEST(parts_stand_in_the_order_of_their_options)
{
    h2f_config_init(&config);
    ck_assert(h2f_form_add(&config, "a=1", &problem));
    ck_assert(h2f_form_add(&config, "b=@2", &problem));
    ck_assert(h2f_form_add(&config, "a=3", &problem));
    ck_assert_uint_eq(config.form.n, 3);
    ck_assert_str_eq(config.form.list[1].name, "b");
    ck_assert_str_eq(config.form.list[2].body->data, "3");
    ck_assert_ptr_null(config.form.list[3].name);
    h2f_config_finish(&config);
}
END_TEST

/* The value, which may be a secret, is not in the message. */
TEST(what_makes_no_part_is_refused)
{
    refused("a", "--form: \"a\" has no = behind its name");
    refused("=b", "--form: \"\" has no name");
    refused("a=(b", "--form: \"a\" is a group, which is not supported: put the value in quotes");
    refused("a=@b,c", "--form: \"a\" names several files: repeat it, or put the path in quotes");
    refused("a=\"b\"c", "--form: \"a\" has something behind a closing quote");
    refused("a=b;c", "--form: \"a\" has a ; that neither type= nor filename= follows: "
                     "put the value in quotes");
    refused("a=b;type=text", "--form: \"a\" has a malformed type");
    refused("a=b;type=/b", "--form: \"a\" has a malformed type");
    refused("a=b;type=a/;c=d", "--form: \"a\" has a malformed type");
    refused("a=<b;filename=c",
            "--form: \"a\" is no file to its receiver (<), so it cannot have a filename");
    h2f_config_finish(&config);
}
END_TEST

TEST_MAIN("h2fetch_form", {T(a_value_is_a_field)}, {T(quotes_keep_what_is_in_them)},
          {T(a_file_has_the_last_part_of_its_path_as_its_name)},
          {T(a_type_is_said_or_guessed_by_the_names_end)},
          {T(parts_stand_in_the_order_of_their_options)}, {T(what_makes_no_part_is_refused)})
