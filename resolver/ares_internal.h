/* SPDX-License-Identifier: MIT */
/* Shared by the files over c-ares: a channel with its sockets, and the name servers. */
#ifndef H2I_ARES_INTERNAL_H
#define H2I_ARES_INTERNAL_H

#include <ares.h>

#include "base/alloc.h"
#include "base/list.h"
#include "resolver/ares_resolver.h"

#define H2I_MAX_NAME_SERVERS 16

/* In the order in which they are asked. */
struct h2i_name_servers {
    struct ares_addr_port_node list[H2I_MAX_NAME_SERVERS];
    size_t n;
};

/* "192.0.2.53,[2001:db8::53]:5353"; `port` for those without. False with *fault naming the
 * one that is none. */
bool h2i_name_servers_parse(struct h2i_name_servers *servers, const char *text, uint16_t port,
                            h2client_fault *fault);
/* The system's, as the channel read them. */
void h2i_name_servers_read(struct h2i_name_servers *servers, ares_channel channel);
/* The first n are asked last from now on; after the last comes the first again, as where
 * c-ares goes round. False when that leaves the order as it was. */
bool h2i_name_servers_demote(struct h2i_name_servers *servers, size_t n);

/* A socket of c-ares, as long as it is open. */
struct h2i_ares_socket {
    struct h2i_list in_channel;
    h2client_watch watch;
    struct h2i_ares_channel *channel;
    unsigned n_idle; /* receives that no end of a question has paid for; bounded */
};

/*
 * A c-ares channel driven by the reactor. Its name servers are fixed; when they change, a
 * new channel takes the new questions and this one ends with its last.
 */
struct h2i_ares_channel {
    struct h2i_list in_resolver;
    const h2client_allocator *allocator;
    h2client_reactor *reactor;
    ares_channel ares;
    struct h2i_list sockets; /* watched */
    struct h2i_list spare;   /* sockets c-ares has closed, to be used again */
    h2client_timer timer;
    size_t n_questions; /* whose callbacks are outstanding */
    size_t n_floods;    /* sockets left because too much came from them */
    bool is_retired;
};

/* NULL servers: those of resolv.conf. On failure NULL with *fault. */
struct h2i_ares_channel *h2i_ares_channel_create(const h2client_allocator *allocator,
                                                 h2client_reactor *reactor,
                                                 const struct h2i_ares_config *config,
                                                 struct h2i_name_servers *servers,
                                                 h2client_fault *fault);
/* Outstanding callbacks run with ARES_EDESTRUCTION. Not inside one of them. */
void h2i_ares_channel_destroy(struct h2i_ares_channel *channel);
/* After a question was asked: its time-out is planned. */
void h2i_ares_channel_plan(struct h2i_ares_channel *channel);
/* NULL: none with that descriptor. */
struct h2i_ares_socket *h2i_ares_channel_find(const struct h2i_ares_channel *channel, int fd);

/* ---- ares_sockets.c ------------------------------------------------------- */

/* What one socket may receive beyond what the ends of questions pay for. */
#define H2I_ARES_MAX_RECEIVES 1024u

void h2i_ares_use_own_sockets(struct h2i_ares_channel *channel);
/* A question has ended, which pays for what came on its way. */
void h2i_ares_sockets_pay(struct h2i_ares_channel *channel);

#endif
