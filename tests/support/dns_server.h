/* SPDX-License-Identifier: MIT */
/*
 * A name server on loopback, UDP and TCP, on the test's own reactor: it answers from a
 * list, one entry a name and a type, and everything else with NXDOMAIN.
 */
#ifndef H2T_DNS_SERVER_H
#define H2T_DNS_SERVER_H

#include "h2client/reactor.h"

#define H2T_DNS_A 1
#define H2T_DNS_AAAA 28

#define H2T_DNS_SERVFAIL 2
#define H2T_DNS_NXDOMAIN 3
#define H2T_DNS_REFUSED 5

/* Without addresses and rcode it is NODATA. */
struct h2t_dns_answer {
    const char *name; /* NULL: all */
    int type;         /* 0: both */
    int rcode;
    bool is_silent;
    bool is_truncated;       /* over UDP; whole over TCP */
    const char *alias;       /* the addresses' owner; NULL: the name itself */
    uint32_t alias_ttl;      /* of the CNAME */
    const char *addresses;   /* "192.0.2.1 192.0.2.2": of the type asked for */
    uint32_t ttls[4];        /* of the addresses, in order; from the fifth on the fourth's */
    size_t n_more_addresses; /* so many further ones, of an A answer */
    size_t n_forged;         /* so often with a wrong id first; over TCP if it is truncated */
};

struct h2t_dns_server;

/* Answers from `answers`, borrowed, ended by an entry that is all zero. */
struct h2t_dns_server *h2t_dns_server_create(h2client_reactor *reactor,
                                             const struct h2t_dns_answer *answers);
/* Another one on 127.0.0.2, with the same port. */
struct h2t_dns_server *h2t_dns_server_create_beside(const struct h2t_dns_server *neighbour,
                                                    const struct h2t_dns_answer *answers);
void h2t_dns_server_destroy(struct h2t_dns_server *server);
/* From the next question on. */
void h2t_dns_server_change(struct h2t_dns_server *server, const struct h2t_dns_answer *answers);
/* "127.0.0.1:PORT". */
const char *h2t_dns_server_name(const struct h2t_dns_server *server);
uint16_t h2t_dns_server_port(const struct h2t_dns_server *server);

/* Questions that came so far. */
size_t h2t_dns_server_n_asked(const struct h2t_dns_server *server, int type);
size_t h2t_dns_server_n_over_tcp(const struct h2t_dns_server *server);
/* The last question's name, "" before the first. */
const char *h2t_dns_server_last_name(const struct h2t_dns_server *server);
/* All that were asked for with A, in order, separated by spaces; a thousand bytes of them. */
const char *h2t_dns_server_names(const struct h2t_dns_server *server);

#endif
