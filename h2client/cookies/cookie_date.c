/* SPDX-License-Identifier: MIT */
/*
 * The date of an Expires attribute, by the lenient algorithm of RFC 6265bis 5.1.1: the text
 * falls into words, each word is the first of time, day, month and year that it can be and
 * that has not been seen. What servers have sent for thirty years is read so; the strict
 * forms of HTTP are in h2client/http/http_date.c.
 */
#include "h2client/cookies/cookie_date.h"

#include "h2client/http/http_date.h"

enum part { TIME = 1, DAY = 2, MONTH = 4, YEAR = 8, ALL_PARTS = 15 };

static bool is_delimiter(char c)
{
    unsigned char byte = (unsigned char)c;

    return byte == 0x09 || (byte >= 0x20 && byte <= 0x2f) || (byte >= 0x3b && byte <= 0x40) ||
           (byte >= 0x5b && byte <= 0x60) || (byte >= 0x7b && byte <= 0x7e);
}

static bool take_word(struct h2i_str *rest, struct h2i_str *word)
{
    size_t start = 0, end;

    while (start < rest->len && is_delimiter(rest->data[start]))
        start++;
    end = start;
    while (end < rest->len && !is_delimiter(rest->data[end]))
        end++;
    *word = h2i_str(rest->data + start, end - start);
    *rest = h2i_str(rest->data + end, rest->len - end);
    return word->len > 0;
}

/* Takes a run of digits off; false when it has not as many as wanted. */
static bool take_digits(struct h2i_str *word, size_t least, size_t most, int64_t *value)
{
    size_t n = 0;

    *value = 0;
    while (n < word->len && h2i_is_digit(word->data[n]) && n <= most)
        *value = *value * 10 + (word->data[n++] - '0');
    *word = h2i_str(word->data + n, word->len - n);
    return n >= least && n <= most;
}

static bool take_colon(struct h2i_str *word)
{
    if (word->len == 0 || word->data[0] != ':')
        return false;
    *word = h2i_str(word->data + 1, word->len - 1);
    return true;
}

static bool read_time(struct h2i_str word, struct h2i_date *date)
{
    struct h2i_date time = *date;

    if (!take_digits(&word, 1, 2, &time.hour) || !take_colon(&word) ||
        !take_digits(&word, 1, 2, &time.minute) || !take_colon(&word) ||
        !take_digits(&word, 1, 2, &time.second))
        return false;
    *date = time;
    return true;
}

static bool read_number(struct h2i_str word, size_t least, size_t most, int64_t *place)
{
    int64_t value;

    if (!take_digits(&word, least, most, &value))
        return false;
    *place = value;
    return true;
}

static bool read_month(struct h2i_str word, int64_t *month)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

    for (int64_t i = 0; i < 12 && word.len >= 3; i++)
        if (h2i_str_equals_nocase(h2i_str(word.data, 3), h2i_str(names + 3 * i, 3))) {
            *month = i + 1;
            return true;
        }
    return false;
}

/* The part that the word is, of those that are missing; 0: none. */
static unsigned read_word(struct h2i_str word, unsigned found, struct h2i_date *date)
{
    if (!(found & TIME) && read_time(word, date))
        return TIME;
    if (!(found & DAY) && read_number(word, 1, 2, &date->day))
        return DAY;
    if (!(found & MONTH) && read_month(word, &date->month))
        return MONTH;
    if (!(found & YEAR) && read_number(word, 2, 4, &date->year))
        return YEAR;
    return 0;
}

static void complete_year(struct h2i_date *date)
{
    if (date->year >= 70 && date->year <= 99)
        date->year += 1900;
    else if (date->year <= 69)
        date->year += 2000;
}

bool h2i_cookie_date_parse(struct h2i_str text, int64_t *date_s)
{
    struct h2i_date date = {0};
    struct h2i_str word;
    unsigned found = 0;

    while (take_word(&text, &word))
        found |= read_word(word, found, &date);
    if (found != ALL_PARTS)
        return false;
    complete_year(&date);
    /* No leap seconds here, and no year before the calendar's first whole century. */
    return date.year >= 1601 && date.second <= 59 && h2i_date_seconds(&date, date_s);
}
