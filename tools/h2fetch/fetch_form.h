/* SPDX-License-Identifier: MIT */
/*
 * -F: the parts of a multipart/form-data body, as curl has them. NAME=VALUE is a field,
 * NAME=@FILE a file, NAME=<FILE a field whose value is a file's bytes; ;type=TYPE and
 * ;filename=NAME may follow, and what has a ; in it stands in quotes. No groups, and one file
 * a part.
 */
#ifndef H2F_FORM_H
#define H2F_FORM_H

#include "fetch_config.h"

/* Files are opened by each call; stdin (-) is read at once. */
bool h2f_form_add(struct h2f_config *config, const char *argument, struct h2f_problem *problem);
void h2f_form_finish(struct h2f_form *form);

#endif
