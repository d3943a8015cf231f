/* SPDX-License-Identifier: MIT */
/*
 * Values of options, from the text a user typed. Each function returns NULL when all is
 * well, else what is wrong with the text ("is not a number of seconds"), for a sentence
 * that begins with the option and the text.
 */
#ifndef H2F_VALUES_H
#define H2F_VALUES_H

#include "fetch_config.h"

/* Decimals allowed. 0 means no limit; what is above 0 is at least one millisecond. */
const char *h2f_parse_seconds(const char *text, int64_t *ms);
/* A whole number from 1 on. */
const char *h2f_parse_count(const char *text, int64_t *count);
/* Bytes from 1 on; K, M and G stand for 1,024 and its powers. */
const char *h2f_parse_size(const char *text, int64_t *n_bytes);
/* Bytes a second, decimals and units as above allowed. 0 means no limit; what is above 0 is
 * at least one byte. */
const char *h2f_parse_speed(const char *text, int64_t *per_s);
/* N/s, N/m, N/h or N/d, N from 1 on; N alone is an hour's, as in curl. The time between two. */
const char *h2f_parse_rate(const char *text, int64_t *interval_us);
/* "0-499", "500-", "-500", several with commas between them; or "500", which is "500-". */
const char *h2f_check_range(const char *text);
/* Bytes from 0 on. */
const char *h2f_parse_offset(const char *text, int64_t *offset);
/* `Name: value`; `Name:` takes the field away, `Name;` sends it empty. */
const char *h2f_parse_header(const char *text, struct h2f_headers *headers);
/* HOST:PORT:ADDR[,ADDR]..., a leading + is taken; ADDR in brackets or not. */
const char *h2f_parse_connect_to(const char *text, struct h2f_reroutes *reroutes);
const char *h2f_parse_resolve(const char *text, struct h2f_overrides *overrides);
/* ADDR[:PORT][,...], an IPv6 address with a port in brackets; only looked at. */
const char *h2f_check_servers(const char *text);

/* Appends a file ("-": stdin, which is counted) as it is; on failure errno says why. */
bool h2f_read_file(struct h2f_config *config, const char *path, struct h2f_text *text);
/* The same without -. */
bool h2f_read_path(const char *path, struct h2f_text *text);

#endif
