/* SPDX-License-Identifier: MIT */
#include "h2client/http/http_date.h"

/*
 * Patterns: `w` and `W` the name of a day, short and long, `d` and `_` two digits of the
 * day, the second perhaps with a space for the first, `m` a month's name, `Y` and `y` four
 * and two digits of a year, `t` 08:49:37; other characters stand for themselves. What a
 * weekday says is not held against the date.
 */
static const char *const patterns[] = {
    "w, d m Y t GMT", /* IMF-fixdate */
    "W, d-m-y t GMT", /* RFC 850 */
    "w m _ t Y",      /* asctime */
};

static bool take_number(struct h2i_str *rest, size_t n_digits, int64_t *value)
{
    uint64_t number;

    if (rest->len < n_digits ||
        !h2i_str_parse_uint(h2i_str(rest->data, n_digits), INT32_MAX, &number))
        return false;
    *value = (int64_t)number;
    *rest = h2i_str(rest->data + n_digits, rest->len - n_digits);
    return true;
}

static bool take_char(struct h2i_str *rest, char wanted)
{
    if (rest->len == 0 || rest->data[0] != wanted)
        return false;
    *rest = h2i_str(rest->data + 1, rest->len - 1);
    return true;
}

/* The place of the name that the text begins with, from 1; 0: none of them. */
static int take_name(struct h2i_str *rest, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++) {
        struct h2i_str name = h2i_str_of(names[i]);
        if (rest->len >= name.len && h2i_str_equals(h2i_str(rest->data, name.len), name)) {
            *rest = h2i_str(rest->data + name.len, rest->len - name.len);
            return (int)i + 1;
        }
    }
    return 0;
}

static bool take_weekday(struct h2i_str *rest, bool is_long)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const long_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                             "Friday", "Saturday", "Sunday"};

    return take_name(rest, is_long ? long_names : names, 7) != 0;
}

static bool take_month(struct h2i_str *rest, int64_t *month)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    *month = take_name(rest, names, 12);
    return *month != 0;
}

static bool take_day(struct h2i_str *rest, bool may_be_padded, int64_t *day)
{
    if (may_be_padded && take_char(rest, ' '))
        return take_number(rest, 1, day);
    return take_number(rest, 2, day);
}

static bool take_time(struct h2i_str *rest, struct h2i_date *date)
{
    return take_number(rest, 2, &date->hour) && take_char(rest, ':') &&
           take_number(rest, 2, &date->minute) && take_char(rest, ':') &&
           take_number(rest, 2, &date->second);
}

static bool take_piece(struct h2i_str *rest, char piece, struct h2i_date *date)
{
    switch (piece) {
    case 'w':
    case 'W':
        return take_weekday(rest, piece == 'W');
    case 'd':
    case '_':
        return take_day(rest, piece == '_', &date->day);
    case 'm':
        return take_month(rest, &date->month);
    case 'Y':
    case 'y':
        return take_number(rest, piece == 'Y' ? 4 : 2, &date->year);
    case 't':
        return take_time(rest, date);
    default:
        return take_char(rest, piece);
    }
}

static bool matches(struct h2i_str text, const char *pattern, struct h2i_date *date)
{
    *date = (struct h2i_date){0};
    for (; *pattern; pattern++)
        if (!take_piece(&text, *pattern, date))
            return false;
    return text.len == 0;
}

static bool is_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap_year(year));
}

/* A leap second is the second before it. */
static bool is_possible(const struct h2i_date *date)
{
    return date->year >= 1 && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
           date->day <= days_of_month(date->year, date->month) && date->hour <= 23 &&
           date->minute <= 59 && date->second <= 60;
}

static int64_t days_before_year(int64_t year)
{
    int64_t past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400;
}

static int64_t seconds_of(const struct h2i_date *date)
{
    int64_t days = days_before_year(date->year) - days_before_year(1970) + date->day - 1;
    int64_t second = date->second == 60 ? 59 : date->second;

    for (int64_t month = 1; month < date->month; month++)
        days += days_of_month(date->year, month);
    return ((days * 24 + date->hour) * 60 + date->minute) * 60 + second;
}

bool h2i_date_seconds(const struct h2i_date *date, int64_t *date_s)
{
    if (!is_possible(date))
        return false;
    *date_s = seconds_of(date);
    return true;
}

/* RFC 9110 5.6.7: what seems to be more than 50 years ahead is in the past. */
static void complete_year(struct h2i_date *date, int64_t now_s)
{
    int64_t this_year = 1970 + now_s / (365 * 86400 + 20952); /* a year of 365.2425 days */

    date->year += this_year - this_year % 100;
    if (date->year > this_year + 50)
        date->year -= 100;
}

bool h2i_http_date_parse(struct h2i_str text, int64_t now_s, int64_t *date_s)
{
    struct h2i_date date;

    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (!matches(text, patterns[i], &date))
            continue;
        if (strchr(patterns[i], 'y'))
            complete_year(&date, now_s);
        return h2i_date_seconds(&date, date_s);
    }
    return false;
}
