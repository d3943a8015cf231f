/* SPDX-License-Identifier: MIT */
/*
 * URLs as text: what a user typed, completed as curl does, and as it may be shown. No
 * parser: what is wrong with a URL the library says. All results are the caller's to free.
 */
#ifndef H2F_URL_H
#define H2F_URL_H

#include <stdbool.h>
#include <stddef.h>

/* With http:// before it where there was no scheme. */
char *h2f_url_complete(const char *typed);
/* With `data` in the query (-G). */
char *h2f_url_add_query(const char *url, const char *data);
/* With the uploaded file's name behind a path that ends in a slash. */
char *h2f_url_add_upload_name(const char *url, const char *file);
/* The last part of the path (-O); NULL where there is none that could name a file. */
char *h2f_url_remote_name(const char *url);
/* Where a reference in a response from `base`, an absolute URL, leads (RFC 3986 5.2). */
char *h2f_url_resolve(const char *base, const char *reference);
/* Without userinfo and control characters: fit for a terminal and for logs. */
char *h2f_url_without_login(const char *url);
/* The same, without the fragment too. */
char *h2f_url_shown(const char *url);
/* Bytes that could steer a terminal become question marks. */
void h2f_make_printable(char *text);

#endif
