/* SPDX-License-Identifier: MIT */
#include "h2client/auth/netrc.h"

struct reader {
    struct h2i_arena *arena;
    struct h2i_str rest;
    unsigned line; /* of what is read next, from 1 on */
    struct h2i_text *why;
};

struct entry {
    const char *host; /* NULL: default */
    const char *user;
    const char *password;
};

/* Words of a file, unquoted. */
enum word { WORD, NO_WORD, BAD_WORD };

static h2client_error_code refuse(const struct reader *reader, const char *what)
{
    h2i_text_add(reader->why, "netrc, line %u: %s", reader->line, what);
    return H2CLIENT_ERROR_NETRC;
}

static char take_char(struct reader *reader)
{
    char c = reader->rest.data[0];

    reader->rest.data++;
    reader->rest.len--;
    reader->line += c == '\n';
    return c;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_line(struct reader *reader)
{
    while (reader->rest.len > 0 && take_char(reader) != '\n')
        ;
}

static void skip_space(struct reader *reader)
{
    while (reader->rest.len > 0) {
        if (reader->rest.data[0] == '#')
            skip_line(reader);
        else if (is_space(reader->rest.data[0]))
            take_char(reader);
        else
            return;
    }
}

static char escaped(char c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* Up to the closing quote, which stands in the same line. */
static enum word take_quoted(struct reader *reader, char *text, size_t *len)
{
    take_char(reader);
    while (reader->rest.len > 0 && reader->rest.data[0] != '\n') {
        char c = take_char(reader);
        if (c == '"')
            return WORD;
        if (c == '\\' && reader->rest.len > 0 && reader->rest.data[0] != '\n')
            c = escaped(take_char(reader));
        text[(*len)++] = c;
    }
    return BAD_WORD;
}

/* With its first quote and escapes. */
static size_t word_len(struct h2i_str text)
{
    bool is_quoted = text.data[0] == '"', is_escaped = false;
    size_t n = 1;

    while (n < text.len && text.data[n] != '\n' &&
           (is_quoted ? is_escaped || text.data[n] != '"' : !is_space(text.data[n]))) {
        is_escaped = !is_escaped && text.data[n] == '\\';
        n++;
    }
    return n;
}

static bool has_controls(struct h2i_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

/* *text lives in the arena. */
static h2client_error_code take_word(struct reader *reader, const char **text, enum word *kind)
{
    struct h2i_str raw;
    size_t len = 0;
    char *room;

    *text = NULL;
    *kind = NO_WORD;
    skip_space(reader);
    if (reader->rest.len == 0)
        return H2CLIENT_OK;
    raw = h2i_str(reader->rest.data, word_len(reader->rest));
    room = h2i_arena_alloc(reader->arena, raw.len + 1);
    if (!room)
        return H2CLIENT_ERROR_NO_MEMORY;
    *kind = WORD;
    if (reader->rest.data[0] == '"')
        *kind = take_quoted(reader, room, &len);
    else
        while (reader->rest.len > 0 && !is_space(reader->rest.data[0]))
            room[len++] = take_char(reader);
    if (*kind == BAD_WORD)
        return refuse(reader, "a quote that is not closed");
    if (has_controls(raw))
        return refuse(reader, "a control character");
    room[len] = 0;
    *text = room;
    return H2CLIENT_OK;
}

/* A macro ends at an empty line. */
static void skip_macro(struct reader *reader)
{
    skip_line(reader);
    while (reader->rest.len > 0 && reader->rest.data[0] != '\n' && reader->rest.data[0] != '\r')
        skip_line(reader);
}

static h2client_error_code take_value(struct reader *reader, const char **value)
{
    unsigned line = reader->line;
    enum word kind;
    h2client_error_code code = take_word(reader, value, &kind);

    if (code || kind == WORD)
        return code;
    reader->line = line; /* of the word that wants a value */
    return refuse(reader, "a word is missing at the end");
}

struct search {
    const char *host;
    const char *user;
    bool takes_default;
    struct entry best;
    bool is_found;
};

static bool is_better(const struct search *search, const struct entry *entry)
{
    if (!entry->user || (search->user && strcmp(entry->user, search->user) != 0))
        return false;
    if (!entry->host)
        return search->takes_default && !search->is_found;
    return (!search->is_found || !search->best.host) &&
           h2i_str_equals_nocase(h2i_str_of(entry->host), h2i_str_of(search->host));
}

/* The entry is whole. */
static void judge(struct search *search, struct entry *entry, bool has_entry)
{
    if (has_entry && is_better(search, entry)) {
        search->best = *entry;
        search->is_found = true;
    }
    *entry = (struct entry){NULL, NULL, NULL};
}

static h2client_error_code take_item(struct reader *reader, const char *word, struct search *search,
                                     struct entry *entry, bool *has_entry)
{
    const char *unused;

    if (strcmp(word, "machine") == 0 || strcmp(word, "default") == 0) {
        judge(search, entry, *has_entry);
        *has_entry = true;
        return word[0] == 'm' ? take_value(reader, &entry->host) : H2CLIENT_OK;
    }
    if (strcmp(word, "macdef") == 0) {
        skip_macro(reader);
        return H2CLIENT_OK;
    }
    if (!*has_entry)
        return refuse(reader, "neither machine nor default stands before it");
    if (strcmp(word, "login") == 0 || strcmp(word, "user") == 0)
        return take_value(reader, &entry->user);
    if (strcmp(word, "password") == 0 || strcmp(word, "passwd") == 0)
        return take_value(reader, &entry->password);
    if (strcmp(word, "account") == 0)
        return take_value(reader, &unused);
    return refuse(reader, "a word that means nothing there");
}

h2client_error_code h2i_netrc_find(struct h2i_arena *arena, struct h2i_str text, const char *host,
                                   const char *user, bool takes_default,
                                   struct h2i_netrc_login *login, struct h2i_text *why)
{
    struct reader reader = {arena, text, 1, why};
    struct search search = {.host = host, .user = user, .takes_default = takes_default};
    struct entry entry = {NULL, NULL, NULL};
    bool has_entry = false;
    enum word kind = WORD;
    const char *word;
    h2client_error_code code = H2CLIENT_OK;

    *login = (struct h2i_netrc_login){NULL, NULL};
    while (!code && kind == WORD) {
        code = take_word(&reader, &word, &kind);
        if (!code && kind == WORD)
            code = take_item(&reader, word, &search, &entry, &has_entry);
    }
    if (code)
        return code;
    judge(&search, &entry, has_entry);
    if (search.is_found) {
        login->user = search.best.user;
        login->password = search.best.password ? search.best.password : "";
    }
    return H2CLIENT_OK;
}
