/* SPDX-License-Identifier: MIT */
/* Making the h2client_fault of a port; and naming addresses. */
#ifndef H2I_FAULT_H
#define H2I_FAULT_H

#include "h2client/fault.h"

/* A fault with a text made like printf; errno, alert and status are "none". */
__attribute__((format(printf, 2, 3))) h2client_fault h2i_fault(h2client_error_code code,
                                                               const char *format, ...);
/* The same from an errno value: EMFILE and ENFILE become NO_DESCRIPTORS, ENOMEM
 * NO_MEMORY, ECONNREFUSED CONNECT_REFUSED, others `otherwise`; the text is
 * "<what>: <strerror>". */
h2client_fault h2i_fault_of_errno(int system_errno, h2client_error_code otherwise,
                                  const char *what);
/* TIMEOUT with its limit: "<limit name> timeout after N ms". */
h2client_fault h2i_fault_of_timeout(h2client_limit limit, int64_t timeout_ms);

#endif
