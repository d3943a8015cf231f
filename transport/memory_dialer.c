/* SPDX-License-Identifier: MIT */
/* Pairs of transports in memory for everybody, and a dialer whose connections are such pairs. */
#include "base/alloc.h"
#include "base/fault.h"
#include "base/options.h"
#include "h2client/transports.h"
#include "transport/local_dial.h"
#include "transport/memory.h"

struct memory_dialer {
    struct h2i_local_dialer base; /* first */
    struct h2i_memory_limits limits;
    h2client_memory_accept_fn on_accept;
    void *user;
};

/* NULL: defaults. INVALID_ARGUMENT: what is asked for is not known here. */
static h2client_fault take_limits(struct h2i_memory_limits *limits,
                                  const h2client_memory_limits *given)
{
    h2client_fault fault = h2i_fault(H2CLIENT_OK, "%s", "");
    struct h2i_text why = h2i_text(fault.text, sizeof fault.text);
    h2client_memory_limits known;

    fault.code = h2i_options_take(&known, sizeof known, given, "memory", &why);
    *limits = (struct h2i_memory_limits){.max_buffered = known.max_buffered,
                                         .max_read = known.max_read,
                                         .max_write = known.max_write};
    return fault;
}

bool h2client_memory_pair_create(h2client_reactor *reactor, const h2client_memory_limits *limits,
                                 h2client_transport *ends[2])
{
    struct h2i_memory_limits known;
    h2client_fault fault = take_limits(&known, limits);

    ends[0] = ends[1] = NULL;
    return !fault.code && h2i_memory_pair_create(reactor, &known, ends);
}

static void memory_connect(struct h2i_local_dialer *base, h2client_reactor *reactor,
                           const h2client_target *target, h2client_transport **transport,
                           h2client_fault *fault)
{
    struct memory_dialer *dialer = (struct memory_dialer *)(void *)base;
    h2client_transport *ends[2];

    if (!h2i_memory_pair_create(reactor, &dialer->limits, ends)) {
        *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        return;
    }
    *transport = ends[0];
    dialer->on_accept(ends[1], reactor, target, dialer->user);
}

h2client_dialer *h2client_memory_dialer_create(h2client_memory_accept_fn on_accept, void *user,
                                               const h2client_memory_limits *limits,
                                               const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    struct h2i_memory_limits known;
    h2client_fault fault = take_limits(&known, limits);
    struct memory_dialer *dialer;

    if (fault.code)
        return h2i_refusing_dialer_create(used, &fault);
    dialer = h2i_alloc_zeroed(used, sizeof *dialer);
    if (!dialer)
        return NULL;
    h2i_local_dialer_init(&dialer->base, used);
    dialer->base.connect = memory_connect;
    dialer->base.destroy = h2i_local_dialer_free;
    dialer->base.place = "memory";
    dialer->limits = known;
    dialer->on_accept = on_accept;
    dialer->user = user;
    return &dialer->base.dialer;
}
