/* SPDX-License-Identifier: MIT */
/* libh2client: many HTTP requests at once. This header is all an application needs. */
#ifndef H2CLIENT_H2CLIENT_H
#define H2CLIENT_H2CLIENT_H

#include "allocator.h"
#include "auth.h"
#include "body.h"
#include "call.h"
#include "cookies.h"
#include "dialer.h"
#include "error.h"
#include "fault.h"
#include "json.h"
#include "log.h"
#include "loop.h"
#include "reactor.h"
#include "proxy.h"
#include "redirect.h"
#include "resolver.h"
#include "response.h"
#include "session.h"
#include "sse.h"
#include "system.h"
#include "tls.h"
#include "trace.h"
#include "transport.h"
#include "transports.h"
#include "types.h"
#include "version.h"

#endif
