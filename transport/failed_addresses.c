/* SPDX-License-Identifier: MIT */
#include "transport/failed_addresses.h"

#include "transport/socket_address.h"

/* failed->n: it is not there. */
static size_t find(const struct h2i_failed_addresses *failed, const h2client_address *address)
{
    size_t i = 0;

    while (i < failed->n && !h2i_address_equals(&failed->list[i].address, address))
        i++;
    return i;
}

static size_t find_oldest(const struct h2i_failed_addresses *failed)
{
    size_t oldest = 0;

    for (size_t i = 1; i < failed->n; i++)
        if (failed->list[i].at_us < failed->list[oldest].at_us)
            oldest = i;
    return oldest;
}

void h2i_failed_addresses_note(struct h2i_failed_addresses *failed, const h2client_address *address,
                               int64_t now_us)
{
    size_t place = find(failed, address);

    if (place == H2I_MAX_FAILED_ADDRESSES)
        place = find_oldest(failed);
    else if (place == failed->n)
        failed->n++;
    failed->list[place].address = *address;
    failed->list[place].at_us = now_us;
}

void h2i_failed_addresses_forget(struct h2i_failed_addresses *failed,
                                 const h2client_address *address)
{
    size_t place = find(failed, address);

    if (place < failed->n)
        failed->list[place] = failed->list[--failed->n];
}

bool h2i_failed_addresses_has(const struct h2i_failed_addresses *failed,
                              const h2client_address *address, int64_t now_us)
{
    size_t place = find(failed, address);

    return place < failed->n && now_us - failed->list[place].at_us < failed->ttl_us;
}
