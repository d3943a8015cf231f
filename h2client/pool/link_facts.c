/* SPDX-License-Identifier: MIT */
#include "h2client/pool/link_facts.h"

#include <string.h>

#include "base/arena.h"

#define ARENA_BLOCK_BYTES 2048

struct h2i_link_tls {
    const h2client_allocator *allocator; /* outlives the session where calls do */
    size_t n_refs;
    h2client_transport *transport; /* NULL: gone */
    struct h2i_arena arena;
    bool is_told;
    h2client_tls_info info; /* while is_told; all of it in the arena */
};

h2client_transport_info h2i_link_transport_info(const struct h2i_link *link)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    link->transport->ops->info(link->transport, &info);
    return info;
}

/* ---- at once ------------------------------------------------------------- */

static void note_addresses(struct h2i_link *link, h2client_transport_info *info)
{
    if (info->remote.family) {
        h2client_address_format(&info->remote, link->peer, sizeof link->peer);
        link->remote_port = info->remote.port;
        info->remote.port = 0;
        h2client_address_format(&info->remote, link->remote_host, sizeof link->remote_host);
    }
    if (info->local.family) {
        link->local_port = info->local.port;
        info->local.port = 0;
        h2client_address_format(&info->local, link->local_host, sizeof link->local_host);
    }
}

bool h2i_link_note_facts(struct h2i_link *link)
{
    const h2client_allocator *allocator = link->pool->config.allocator;
    h2client_transport_info info = h2i_link_transport_info(link);

    note_addresses(link, &info);
    if (!info.tls_version)
        return true;
    strncpy(link->tls_version, info.tls_version, sizeof link->tls_version - 1);
    link->tls = h2i_alloc_zeroed(allocator, sizeof *link->tls);
    if (!link->tls)
        return false;
    link->tls->allocator = allocator;
    link->tls->n_refs = 1;
    link->tls->transport = link->transport;
    h2i_arena_init(&link->tls->arena, allocator, ARENA_BLOCK_BYTES);
    return true;
}

/* ---- for who asks ---------------------------------------------------------- */

static const char *copy_text(struct h2i_arena *arena, const char *text)
{
    return text ? h2i_arena_copy_text(arena, text, strlen(text)) : "";
}

static const h2client_bytes *copy_chain(struct h2i_arena *arena, const h2client_certificate *from)
{
    h2client_bytes *chain = h2i_arena_alloc_zeroed(arena, from->n_chain * sizeof *chain);

    for (size_t i = 0; chain && i < from->n_chain; i++) {
        chain[i].len = from->chain[i].len;
        chain[i].data = h2i_arena_copy_text(arena, from->chain[i].data, from->chain[i].len);
        if (!chain[i].data)
            return NULL;
    }
    return chain;
}

static const h2client_certificate *copy_certificate(struct h2i_arena *arena,
                                                    const h2client_certificate *from)
{
    h2client_certificate *to = h2i_arena_alloc(arena, sizeof *to);

    if (!to)
        return NULL;
    *to = (h2client_certificate){.size = sizeof *to,
                                 .chain = copy_chain(arena, from),
                                 .n_chain = from->n_chain,
                                 .subject = copy_text(arena, from->subject),
                                 .issuer = copy_text(arena, from->issuer),
                                 .sha256 = copy_text(arena, from->sha256),
                                 .not_before_s = from->not_before_s,
                                 .not_after_s = from->not_after_s};
    return to->chain && to->subject && to->issuer && to->sha256 ? to : NULL;
}

static bool take(struct h2i_link_tls *tls, const h2client_transport_info *from)
{
    const h2client_certificate *certificate = from->tls_certificate;
    struct h2i_arena *arena = &tls->arena;
    h2client_tls_info *to = &tls->info;

    *to = (h2client_tls_info){
        .size = sizeof *to,
        .version = copy_text(arena, from->tls_version),
        .cipher = copy_text(arena, from->tls_cipher),
        .group = copy_text(arena, from->tls_group),
        .signature = copy_text(arena, from->tls_signature),
        .alpn = copy_text(arena, from->alpn),
        .certificate = certificate ? copy_certificate(arena, certificate) : NULL,
        .is_resumed = from->tls_resumed,
    };
    return to->version && to->cipher && to->group && to->signature && to->alpn &&
           (!certificate || to->certificate);
}

const h2client_tls_info *h2i_link_tls_tell(struct h2i_link_tls *tls)
{
    h2client_transport_info info = {.size = sizeof info};

    if (!tls)
        return NULL;
    if (!tls->is_told && tls->transport) {
        tls->transport->ops->info(tls->transport, &info);
        tls->is_told = take(tls, &info);
        if (!tls->is_told)
            h2i_arena_finish(&tls->arena);
    }
    return tls->is_told ? &tls->info : NULL;
}

/* ---- life ------------------------------------------------------------------ */

struct h2i_link_tls *h2i_link_tls_ref(struct h2i_link_tls *tls)
{
    if (tls)
        tls->n_refs++;
    return tls;
}

void h2i_link_tls_unref(struct h2i_link_tls *tls)
{
    if (!tls || --tls->n_refs > 0)
        return;
    h2i_arena_finish(&tls->arena);
    h2i_free(tls->allocator, tls);
}

void h2i_link_release_tls(struct h2i_link *link)
{
    struct h2i_link_tls *tls = link->tls;

    link->tls = NULL;
    if (!tls)
        return;
    if (tls->n_refs > 1)
        (void)h2i_link_tls_tell(tls);
    tls->transport = NULL;
    h2i_link_tls_unref(tls);
}
