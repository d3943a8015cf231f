/* SPDX-License-Identifier: MIT */
/* List: intrusive, doubly linked, circular. A node is zeroed while on no list. */
#ifndef H2I_LIST_H
#define H2I_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct h2i_list {
    struct h2i_list *next;
    struct h2i_list *prev;
};

#define H2I_CONTAINER_OF(node, type, member) \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void h2i_list_init(struct h2i_list *head)
{
    head->next = head->prev = head;
}
static inline bool h2i_list_is_empty(const struct h2i_list *head)
{
    return head->next == head;
}
static inline bool h2i_list_is_linked(const struct h2i_list *node)
{
    return node->next != NULL;
}

/* To go through a list: first, after, ..., NULL at the end. */
static inline struct h2i_list *h2i_list_first(const struct h2i_list *head)
{
    return head->next == head ? NULL : head->next;
}
static inline struct h2i_list *h2i_list_after(const struct h2i_list *head,
                                              const struct h2i_list *node)
{
    return node->next == head ? NULL : node->next;
}

static inline void h2i_list_append(struct h2i_list *head, struct h2i_list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* Nothing happens to a node that is on no list. */
static inline void h2i_list_remove(struct h2i_list *node)
{
    if (!node->next)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = NULL;
}

/* Takes the first node off; NULL when empty. */
static inline struct h2i_list *h2i_list_pop(struct h2i_list *head)
{
    struct h2i_list *node = head->next;
    if (node == head)
        return NULL;
    h2i_list_remove(node);
    return node;
}

/* Moves all nodes to the end of `to`. */
static inline void h2i_list_splice(struct h2i_list *to, struct h2i_list *from)
{
    if (h2i_list_is_empty(from))
        return;
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    h2i_list_init(from);
}

#endif
