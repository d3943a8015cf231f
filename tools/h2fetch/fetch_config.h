/* SPDX-License-Identifier: MIT */
/*
 * What the command line asks for. Strings from argv are borrowed; the lists own what they
 * hold. Filled by fetch_options.c, checked and completed by h2f_config_complete.
 */
#ifndef H2F_CONFIG_H
#define H2F_CONFIG_H

#include "fetch_problem.h"
#include "fetch_speed.h"
#include "fetch_text.h"

#include <h2client/h2client.h>

enum h2f_action {
    H2F_FETCH = 0,
    H2F_HELP,
    H2F_HELP_ALL,
    H2F_VERSION,
};

/* Where the nth body goes: NULL by the URL's own last part (-O). */
struct h2f_output {
    const char *file;
};

/* A list of fields as the library takes it, ended by a NULL name; owns its strings. */
struct h2f_headers {
    h2client_header *list;
    size_t n;
};

struct h2f_overrides {
    h2client_dns_override *list; /* ended by a NULL host; owns its strings */
    size_t n;
};

/* Ended by a NULL host; owns its strings. */
struct h2f_reroutes {
    h2client_connect_to *list;
    size_t n;
};

/* Parts as the library takes them, ended by a NULL name; owns strings and bodies. */
struct h2f_form {
    h2client_part *list;
    size_t n;
};

enum h2f_cert_type {
    H2F_CERT_BY_LOOK = 0,
    H2F_CERT_PEM,
    H2F_CERT_PKCS12,
};

/* What --cacert and --insecure do not say about TLS. */
struct h2f_tls {
    const char *ca_dir;
    const char *crl_file;
    char *cert; /* -E, without its password; owned */
    enum h2f_cert_type cert_type;
    const char *key;
    const char *key_password; /* of -E or --pass, whichever came last */
    const char *pins;
    const char *ciphers;
    h2client_tls_version min_version;
    h2client_tls_version max_version;
    bool wants_staple;
};

#define H2F_CONTINUE_NOT ((int64_t)-1)
#define H2F_CONTINUE_AUTO ((int64_t)-2) /* from where it was left */

struct h2f_config {
    enum h2f_action action;

    struct {
        const char **list;
        size_t n;
    } urls, uploads;
    struct {
        struct h2f_output *list;
        size_t n;
    } outputs;
    const char *input_file;
    size_t n_stdin_reads; /* by options that were read at once: -d @-, -H @-, -w @- */

    /* The request. */
    const char *method;
    const char *user_agent; /* "": none at all */
    const char *referer;
    const char *range;   /* -r, without the unit */
    int64_t continue_at; /* -C: H2F_CONTINUE_NOT, H2F_CONTINUE_AUTO, or the offset */
    const char *login;   /* -u: USER:PASSWORD */
    const char *bearer_token;
    const char *netrc_file;  /* "~/.netrc" with -n */
    const char *proxy;       /* -x; "": none; NULL: the environment says */
    const char *proxy_login; /* -U: USER:PASSWORD */
    const char *no_proxy;
    struct h2f_text cookie_text; /* of all -b NAME=VALUE, joined */
    struct {
        const char **list;
        size_t n;
    } cookie_files;              /* of all -b FILE */
    const char *cookie_jar;      /* -c */
    struct h2f_headers headers;  /* -H, in its order */
    struct h2f_headers defaults; /* what the other options imply; -H replaces them */
    struct h2f_text data;        /* of all -d and their kin, joined */
    struct h2f_form form;        /* of all -F */
    struct h2f_text query;       /* of all --url-query, joined; "": none */
    bool is_digest;              /* of login, or of whatever the URL or netrc says */
    bool has_data;
    bool is_json;
    bool is_get;  /* -G */
    bool is_head; /* -I */
    bool is_compressed;

    /* The response. */
    const char *output_dir;
    const char *dump_header;
    const char *write_out;
    struct h2f_text write_out_file; /* owns the format of -w @FILE */
    const char *report;
    const char *trace_frames;
    bool create_dirs;
    bool include;
    bool fail;
    bool fail_with_body;
    bool fail_early;
    bool silent;
    bool show_error;
    bool verbose;
    bool no_progress;
    bool has_bar; /* -# */
    bool retry_all_errors;

    /* Milliseconds; 0: the library's own. */
    int64_t total_timeout_ms;
    int64_t connect_timeout_ms;
    int64_t dns_timeout_ms;
    int64_t read_timeout_ms;
    int64_t queue_timeout_ms;
    int64_t expect100_timeout_ms;
    int64_t n_parallel_max;
    int64_t start_interval_us; /* --rate: from one start to the next; 0: none */

    int64_t limit_rate;                /* bytes a second; 0: no limit */
    struct h2f_speed_limit slow_limit; /* -Y and -y, both or none */
    /* Redirects. */
    bool follows;
    bool trusts_all; /* --location-trusted */
    bool keep_post_301;
    bool keep_post_302;
    bool keep_post_303;
    int64_t n_max_redirects; /* as the library takes it */

    int64_t n_retries;
    int64_t retry_delay_ms;
    int64_t retry_max_time_ms;

    int64_t max_conns_per_host;
    int64_t max_streams;
    int64_t window_bytes;

    h2client_http_version http_version;
    bool insecure;
    const char *ca_file;
    struct h2f_tls tls;
    struct h2f_overrides overrides;
    const char *dns_servers;
    struct h2f_reroutes reroutes;
    const char *interface; /* its name, or an address to come from */
    h2client_ip_family ip_family;
    int64_t attempt_delay_ms;
    const char *unix_socket;   /* instead of TCP */
    const char *proxy_command; /* the same */
};

void h2f_config_init(struct h2f_config *config);
void h2f_config_finish(struct h2f_config *config);
/* Looks at the options together, and adds what they imply. */
bool h2f_config_complete(struct h2f_config *config, struct h2f_problem *problem);

/* Owns both hosts from here on. */
void h2f_reroutes_add(struct h2f_reroutes *reroutes, char *host, int64_t port, char *to_host,
                      int64_t to_port);
/* Both strings are copied; a NULL value takes the field away. */
void h2f_headers_add(struct h2f_headers *headers, const char *name, size_t name_len,
                     const char *value, size_t value_len);
void h2f_overrides_add(struct h2f_overrides *overrides, char *host, int64_t port, char *addresses);
/* -s without -S: no error line. */
bool h2f_config_is_silent(const struct h2f_config *config);
/* GET, POST ... as the options have it; `is_upload`: this URL has a -T of its own. */
const char *h2f_config_method(const struct h2f_config *config, bool is_upload);
/* NULL, - and /dev/stdout. */
bool h2f_output_is_stdout(const char *file);
bool h2f_config_reports_to_stdout(const struct h2f_config *config);
bool h2f_config_traces_to_stdout(const struct h2f_config *config);
/* May anything go there, a body or a line? */
bool h2f_config_uses_stdout(const struct h2f_config *config);

#endif
