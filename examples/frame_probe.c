/* SPDX-License-Identifier: MIT */
/*
 * Frames, legal or not, at a real HTTP/2 server, and its answers frame by frame.
 *
 *     frame_probe [-k] [--cacert FILE] https://HOST:PORT COMMAND...
 *     frame_probe http://HOST:PORT COMMAND...            (no TLS, prior knowledge)
 *
 * Each COMMAND is one argument; without any they are read from standard input, a line each:
 *
 *     SETTINGS [ID=VALUE]...              SETTINGS_ACK
 *     HEADERS STREAM [end] NAME=VALUE...  DATA STREAM [end] TEXT
 *     PING 8-BYTES-IN-HEX                 RST_STREAM STREAM CODE
 *     WINDOW_UPDATE STREAM INCREMENT      GOAWAY LAST-STREAM CODE
 *     FRAME TYPE FLAGS STREAM HEX         any frame; numbers as C writes them
 *     CLAIM LENGTH TYPE FLAGS STREAM      a head of a frame, and nothing behind it
 *     RAW HEX                             bytes, whatever they are
 *     WAIT MILLISECONDS                   shows what comes meanwhile
 *
 * The preface goes first. At the end it waits until the server has been silent for a second.
 * Exit: 0 the connection stands or was closed in good order, 1 the server ended it by GOAWAY
 * with an error, or by breaking it, 2 bad usage, 7 no connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <h2client-testing/raw_conn.h>
#include <h2client-testing/raw_frames.h>
#include <h2client/h2client.h>

#define MAX_WORDS 64
#define SILENCE_MS 1000

static int exit_code;

_Noreturn static void misuse(const char *what, const char *which)
{
    fprintf(stderr, "frame_probe: %s: %s\n", what, which);
    exit(2);
}

/* ---- what comes -------------------------------------------------------------------- */

/* False: the connection is over. */
static bool show(struct h2t_raw *raw, int64_t silence_ms)
{
    const struct h2t_seen_frame *frame;
    enum h2t_raw_result result;
    char line[4096];

    while ((result = h2t_raw_receive(raw, silence_ms, &frame)) == H2T_RAW_FRAME) {
        printf("< %s\n", h2t_frame_text(frame, line, sizeof line));
        if (frame->type == H2T_GOAWAY && frame->error_code != 0)
            exit_code = 1;
    }
    if (result == H2T_RAW_ENDED)
        puts("* the server closed the connection");
    if (result == H2T_RAW_FAILED) {
        printf("* the connection broke: %s\n", h2t_raw_failure(raw));
        exit_code = 1;
    }
    return result == H2T_RAW_SILENT;
}

/* ---- what goes ---------------------------------------------------------------------- */

struct command {
    char *words[MAX_WORDS];
    int n;
    const char *text; /* for complaints */
};

static const char *word(const struct command *command, int i)
{
    if (i >= command->n)
        misuse("something is missing", command->text);
    return command->words[i];
}

static uint32_t number(const struct command *command, int i)
{
    const char *text = word(command, i);
    char *end;
    unsigned long value = strtoul(text, &end, 0);

    if (!*text || *end || value > UINT32_MAX)
        misuse("not a number", text);
    return (uint32_t)value;
}

static void add_hex(struct h2t_bytes *bytes, const char *hex)
{
    unsigned byte;

    for (; *hex; hex += 2) {
        if (!hex[1] || sscanf(hex, "%2x", &byte) != 1)
            misuse("not hexadecimal", hex);
        h2t_bytes_add(bytes, &(uint8_t){(uint8_t)byte}, 1);
    }
}

static void add_settings(struct h2t_bytes *out, const struct command *command)
{
    uint16_t ids[MAX_WORDS];
    uint32_t values[MAX_WORDS];
    size_t n = 0;

    for (int i = 1; i < command->n; i++, n++) {
        char *end;
        ids[n] = (uint16_t)strtoul(command->words[i], &end, 0);
        if (*end != '=')
            misuse("not ID=VALUE", command->words[i]);
        values[n] = (uint32_t)strtoul(end + 1, NULL, 0);
    }
    h2t_settings(out, ids, values, n);
}

/* "name=value"; a pseudo field's colon stands first. */
static void add_headers(struct h2t_bytes *out, const struct command *command)
{
    h2client_header fields[MAX_WORDS + 1] = {{NULL, NULL}};
    bool is_end = command->n > 2 && strcmp(command->words[2], "end") == 0;
    size_t n = 0;

    for (int i = is_end ? 3 : 2; i < command->n; i++, n++) {
        char *equals = strchr(command->words[i], '=');
        if (!equals)
            misuse("not NAME=VALUE", command->words[i]);
        *equals = 0;
        fields[n] = (h2client_header){command->words[i], equals + 1};
    }
    h2t_headers(out, (int32_t)number(command, 1), fields, is_end, 0);
}

static void add_data(struct h2t_bytes *out, const struct command *command)
{
    bool is_end = command->n > 2 && strcmp(command->words[2], "end") == 0;
    const char *text = command->n > (is_end ? 3 : 2) ? command->words[is_end ? 3 : 2] : "";

    h2t_data(out, (int32_t)number(command, 1), text, strlen(text), -1, is_end);
}

static void add_frame(struct h2t_bytes *out, const struct command *command)
{
    struct h2t_bytes payload = {NULL, 0, 0};

    if (command->n > 4)
        add_hex(&payload, command->words[4]);
    h2t_frame(out, (uint8_t)number(command, 1), (uint8_t)number(command, 2),
              (int32_t)number(command, 3), payload.len ? (const void *)payload.data : "",
              payload.len);
    h2t_bytes_free(&payload);
}

static void add_claim(struct h2t_bytes *out, const struct command *command)
{
    h2t_frame_head(out, number(command, 1), (uint8_t)number(command, 2),
                   (uint8_t)number(command, 3), (int32_t)number(command, 4));
}

static void add_ping(struct h2t_bytes *out, const struct command *command)
{
    h2t_ping(out, false, strtoull(word(command, 1), NULL, 16));
}

static void add_raw(struct h2t_bytes *out, const struct command *command)
{
    add_hex(out, word(command, 1));
}

static void add_ack(struct h2t_bytes *out, const struct command *command)
{
    (void)command;
    h2t_settings_ack(out);
}

static void add_rst(struct h2t_bytes *out, const struct command *command)
{
    h2t_rst_stream(out, (int32_t)number(command, 1), number(command, 2));
}

static void add_window(struct h2t_bytes *out, const struct command *command)
{
    h2t_window_update(out, (int32_t)number(command, 1), number(command, 2));
}

static void add_goaway(struct h2t_bytes *out, const struct command *command)
{
    h2t_goaway(out, (int32_t)number(command, 1), number(command, 2), "");
}

static void add(struct h2t_bytes *out, const struct command *command)
{
    static const struct {
        const char *name;
        void (*add)(struct h2t_bytes *out, const struct command *command);
    } commands[] = {{"SETTINGS", add_settings},
                    {"SETTINGS_ACK", add_ack},
                    {"HEADERS", add_headers},
                    {"DATA", add_data},
                    {"PING", add_ping},
                    {"RST_STREAM", add_rst},
                    {"WINDOW_UPDATE", add_window},
                    {"GOAWAY", add_goaway},
                    {"FRAME", add_frame},
                    {"CLAIM", add_claim},
                    {"RAW", add_raw}};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(command->words[0], commands[i].name) == 0) {
            commands[i].add(out, command);
            return;
        }
    misuse("no such command", command->words[0]);
}

/* False: the connection is over. */
static bool obey(struct h2t_raw *raw, const char *text)
{
    struct command command = {.text = text};
    struct h2t_bytes out = {NULL, 0, 0};
    char *copy = strdup(text), *rest = copy, *next;
    bool goes_on = true;

    while (command.n < MAX_WORDS && (next = strtok_r(rest, " \t\n", &rest)))
        command.words[command.n++] = next;
    if (command.n > 0 && command.words[0][0] != '#') {
        printf("> %s\n", text);
        if (strcmp(command.words[0], "WAIT") == 0) {
            goes_on = show(raw, number(&command, 1));
        } else {
            add(&out, &command);
            goes_on = h2t_raw_send(raw, &out);
        }
    }
    h2t_bytes_free(&out);
    free(copy);
    return goes_on;
}

/* ---- the whole ----------------------------------------------------------------------- */

static struct h2t_raw *open_url(const char *url, const struct h2t_raw_options *given)
{
    struct h2t_raw_options options = *given;
    char host[256] = "", why[500];
    unsigned port = 0;
    struct h2t_raw *raw;

    options.is_cleartext = strncmp(url, "http://", 7) == 0;
    if (sscanf(url, "http%*[s]://%255[^:/]:%u", host, &port) != 2 &&
        sscanf(url, "http://%255[^:/]:%u", host, &port) != 2)
        misuse("not http(s)://HOST:PORT", url);
    raw = h2t_raw_open(host, port, &options, why, sizeof why);
    if (raw)
        return raw;
    fprintf(stderr, "frame_probe: %s: %s\n", url, why);
    exit(7);
}

static void talk(struct h2t_raw *raw, char **commands, int n)
{
    struct h2t_bytes preface = {NULL, 0, 0};
    char line[8192];
    bool goes_on;

    h2t_raw_preface(&preface);
    goes_on = h2t_raw_send(raw, &preface);
    h2t_bytes_free(&preface);
    for (int i = 0; i < n && goes_on; i++)
        goes_on = obey(raw, commands[i]);
    while (n == 0 && goes_on && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        goes_on = obey(raw, line);
    }
    show(raw, SILENCE_MS);
}

int main(int argc, char **argv)
{
    h2client_tls_options tls = {.size = sizeof tls};
    const struct h2t_raw_options options = {.tls = &tls};
    struct h2t_raw *raw;
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-k") == 0)
            tls.verify = H2CLIENT_OFF;
        else if (strcmp(argv[i], "--cacert") == 0 && i + 1 < argc)
            tls.ca_file = argv[++i];
        else
            misuse("no such option", argv[i]);
    }
    if (i == argc)
        misuse("usage", "frame_probe [-k] [--cacert FILE] URL COMMAND...");
    raw = open_url(argv[i], &options);
    talk(raw, argv + i + 1, argc - i - 1);
    h2t_raw_close(raw);
    return exit_code;
}
