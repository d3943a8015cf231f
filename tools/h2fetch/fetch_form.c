/* SPDX-License-Identifier: MIT */
#include "fetch_form.h"

#include "fetch_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACES " \t"

/* What one argument says. Owns its strings. */
struct draft {
    char sign; /* '@', '<', or 0: the word is the value */
    char *name;
    char *word; /* value or path */
    char *filename;
    char *type;
};

static void draft_finish(struct draft *draft)
{
    free(draft->name);
    free(draft->word);
    free(draft->filename);
    free(draft->type);
}

/* ---- reading ------------------------------------------------------------------ */

/* A list of files ends each of them at a comma; nothing but ; ends a value. */
static const char *ends_of(const struct draft *draft)
{
    return draft->sign == '@' ? ";," : ";";
}

static char *copy_trimmed(const char *text, size_t len)
{
    while (len && strchr(SPACES, text[len - 1]))
        len--;
    return h2f_copy_part(text, len);
}

/* The closing quote, or NULL. */
static const char *find_quote(const char *text)
{
    for (; *text && *text != '"'; text++)
        if (text[0] == '\\' && (text[1] == '"' || text[1] == '\\'))
            text++;
    return *text ? text : NULL;
}

static char *copy_unescaped(const char *text, const char *end)
{
    struct h2f_text copy = {0};

    h2f_text_puts(&copy, "");
    for (; text < end; text++) {
        if (text[0] == '\\' && (text[1] == '"' || text[1] == '\\'))
            text++;
        h2f_text_add(&copy, text, 1);
    }
    return h2f_text_take(&copy);
}

/* One in quotes is what is inside them; a quote without another is one as any character. */
static const char *take_word(const char **at, const char *ends, char **word)
{
    const char *start = *at + strspn(*at, SPACES);
    const char *quote = start[0] == '"' ? find_quote(start + 1) : NULL;

    free(*word);
    if (quote) {
        *word = copy_unescaped(start + 1, quote);
        *at = quote + 1 + strspn(quote + 1, SPACES);
        return **at && !strchr(ends, **at) ? "has something behind a closing quote" : NULL;
    }
    *at = start + strcspn(start, ends);
    *word = copy_trimmed(start, (size_t)(*at - start));
    return NULL;
}

/* Where the value of that parameter stands, or NULL. */
static const char *behind(const char *text, const char *parameter)
{
    size_t len = strlen(parameter);

    text += strspn(text, SPACES);
    return strncasecmp(text, parameter, len) == 0 ? text + len : NULL;
}

/* A type has parameters of its own: text/plain; charset=utf-8. */
static const char *take_type(const char **at, const char *ends, char **type)
{
    const char *start = *at + strspn(*at, SPACES);
    const char *end = start + strcspn(start, ends);
    const char *slash;

    while (*end == ';' && !behind(end + 1, "type=") && !behind(end + 1, "filename="))
        end += 1 + strcspn(end + 1, ends);
    free(*type);
    *type = copy_trimmed(start, (size_t)(end - start));
    *at = end;
    slash = strchr(*type, '/');
    return slash && slash > *type && slash[1] && slash[1] != ';' ? NULL : "has a malformed type";
}

static const char *take_parameter(const char **at, struct draft *draft)
{
    const char *filename = behind(*at, "filename=");
    const char *type = behind(*at, "type=");

    if (type) {
        *at = type;
        return take_type(at, ends_of(draft), &draft->type);
    }
    if (!filename)
        return "has a ; that neither type= nor filename= follows: put the value in quotes";
    if (draft->sign == '<')
        return "is no file to its receiver (<), so it cannot have a filename";
    *at = filename;
    return take_word(at, ends_of(draft), &draft->filename);
}

static const char *read_draft(const char *argument, struct draft *draft)
{
    const char *at = argument + strcspn(argument, "=");
    const char *wrong;

    draft->name = h2f_copy_part(argument, (size_t)(at - argument));
    if (!*at)
        return "has no = behind its name";
    if (at == argument)
        return "has no name";
    at++;
    if (*at == '(')
        return "is a group, which is not supported: put the value in quotes";
    if (*at == '@' || *at == '<')
        draft->sign = *at++;
    wrong = take_word(&at, ends_of(draft), &draft->word);
    while (!wrong && *at == ';') {
        at++;
        wrong = take_parameter(&at, draft);
    }
    return !wrong && *at == ',' ? "names several files: repeat it, or put the path in quotes"
                                : wrong;
}

/* ---- the part ------------------------------------------------------------------ */

/* The bytes live as long as the run: no call has to copy them. */
static void keep(void *user)
{
    (void)user;
}

static void fill_bytes(h2client_body *body, char *bytes, size_t len)
{
    body->data = bytes;
    body->len = (int64_t)len;
    body->release = keep;
}

/* Takes the word. */
static bool fill_body(h2client_body *body, struct h2f_config *config, struct draft *draft,
                      struct h2f_problem *problem)
{
    struct h2f_text text = {0};

    if (draft->sign && strcmp(draft->word, "-") != 0) {
        body->file = draft->word;
        body->len = H2CLIENT_LENGTH_UNKNOWN;
    } else if (!draft->sign) {
        fill_bytes(body, draft->word, strlen(draft->word));
    } else if (h2f_read_file(config, "-", &text)) {
        size_t len = text.len;
        h2f_text_puts(&text, "");
        fill_bytes(body, h2f_text_take(&text), len);
        return true;
    } else {
        h2f_text_finish(&text);
        return h2f_problem_set(problem, H2F_EXIT_READ, "--form: cannot read stdin: %s",
                               strerror(errno));
    }
    draft->word = NULL;
    return true;
}

/* The types that curl knows by a name's end, which scripts count on; NULL: none of them. */
static char *guess_type(const char *filename)
{
    static const char *const types[][2] = {
        {".gif", "image/gif"},       {".htm", "text/html"},     {".html", "text/html"},
        {".jpg", "image/jpeg"},      {".jpeg", "image/jpeg"},   {".pdf", "application/pdf"},
        {".png", "image/png"},       {".svg", "image/svg+xml"}, {".txt", "text/plain"},
        {".xml", "application/xml"},
    };
    const char *end = strrchr(filename, '.');

    for (size_t i = 0; end && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(end, types[i][0]) == 0)
            return h2f_copy(types[i][1]);
    return NULL;
}

/* Takes the draft's strings. */
static void add_part(struct h2f_form *form, struct draft *draft, h2client_body *body)
{
    const char *filename = draft->filename;

    if (!draft->type && (filename || (draft->sign == '@' && body->file)))
        draft->type = guess_type(filename ? filename : body->file);
    if (!filename && draft->sign == '@')
        filename = h2f_copy(body->file ? H2CLIENT_FILENAME_OF_PATH : "-");
    form->list = h2f_realloc(form->list, (form->n + 2) * sizeof *form->list);
    form->list[form->n++] = (h2client_part){
        .name = draft->name, .filename = filename, .content_type = draft->type, .body = body};
    form->list[form->n] = (h2client_part){.name = NULL};
    draft->name = draft->filename = draft->type = NULL;
}

bool h2f_form_add(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    struct draft draft = {0};
    const char *wrong = read_draft(argument, &draft);
    h2client_body *body = h2f_alloc(sizeof *body);
    bool is_fine;

    body->size = sizeof *body;
    if (wrong) /* the value may be a secret */
        is_fine = h2f_problem_set(problem, H2F_EXIT_USAGE, "--form: \"%s\" %s", draft.name, wrong);
    else
        is_fine = fill_body(body, config, &draft, problem);
    if (is_fine)
        add_part(&config->form, &draft, body);
    else
        free(body);
    draft_finish(&draft);
    return is_fine;
}

static void finish_part(const h2client_part *part)
{
    free((void *)(uintptr_t)part->name);
    free((void *)(uintptr_t)part->filename);
    free((void *)(uintptr_t)part->content_type);
    free((void *)(uintptr_t)part->body->data);
    free((void *)(uintptr_t)part->body->file);
    free((void *)(uintptr_t)part->body);
}

void h2f_form_finish(struct h2f_form *form)
{
    for (size_t i = 0; i < form->n; i++)
        finish_part(&form->list[i]);
    free(form->list);
}
