/* SPDX-License-Identifier: MIT */
/* --report: one JSON object a URL, on one line. What was not reached or needed is null. */
#ifndef H2F_REPORT_H
#define H2F_REPORT_H

#include "fetch_facts.h"
#include "fetch_text.h"

void h2f_report_add(struct h2f_text *line, const struct h2f_facts *facts);

#endif
