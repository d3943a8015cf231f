/* SPDX-License-Identifier: MIT */
/* The table of options, in the order of the help, and what the less simple ones do. */
#include "fetch_data.h"
#include "fetch_form.h"
#include "fetch_options.h"
#include "fetch_tls.h"
#include "fetch_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In the short help, or only in --help all. */
#define COMMON true
#define RARE false

#define PLACE(member) .place = offsetof(struct h2f_config, member)

static bool check(const char *wrong, const char *option, const char *argument,
                  struct h2f_problem *problem)
{
    if (!wrong)
        return true;
    return h2f_problem_set(problem, H2F_EXIT_USAGE, "--%s: \"%s\" %s", option, argument, wrong);
}

static bool cannot_read(const char *option, const char *path, struct h2f_problem *problem)
{
    return h2f_problem_set(problem, H2F_EXIT_READ, "--%s: cannot read \"%s\": %s", option, path,
                           strerror(errno));
}

/* ---- request --------------------------------------------------------------------- */

/* A field's value may be a secret: the error shows no more than the name. */
static char *shown_name(const char *field)
{
    return h2f_copy_part(field, strcspn(field, ":; \t"));
}

static bool take_header(struct h2f_config *config, const char *place, const char *field,
                        struct h2f_problem *problem)
{
    const char *wrong = h2f_parse_header(field, &config->headers);
    char *name;

    if (!wrong)
        return true;
    name = shown_name(field);
    h2f_problem_set(problem, H2F_EXIT_USAGE, "%s: \"%s\" %s", place, name, wrong);
    free(name);
    return false;
}

/* A line of @FILE names its place when it makes no sense. */
static bool take_header_lines(struct h2f_config *config, const char *path, char *text,
                              struct h2f_problem *problem)
{
    bool is_fine = true;

    for (int n = 1; text && is_fine; n++) {
        char *line = text;
        size_t len = strcspn(line, "\n");
        char *place = h2f_format("%s:%d", path, n);

        text = line[len] ? line + len + 1 : NULL;
        line[len] = 0;
        if (len && line[len - 1] == '\r')
            line[len - 1] = 0;
        is_fine = !line[0] || take_header(config, place, line, problem);
        free(place);
    }
    return is_fine;
}

static bool add_header(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    struct h2f_text text = {0};
    bool is_fine;

    if (argument[0] != '@')
        return take_header(config, "--header", argument, problem);
    is_fine = h2f_read_file(config, argument + 1, &text)
                  ? take_header_lines(config, argument + 1, text.data, problem)
                  : cannot_read("header", argument + 1, problem);
    h2f_text_finish(&text);
    return is_fine;
}

static bool add_data(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    return h2f_data_add(config, H2F_DATA_TEXT, argument, problem);
}

static bool add_data_raw(struct h2f_config *config, const char *argument,
                         struct h2f_problem *problem)
{
    return h2f_data_add(config, H2F_DATA_RAW, argument, problem);
}

static bool add_data_binary(struct h2f_config *config, const char *argument,
                            struct h2f_problem *problem)
{
    return h2f_data_add(config, H2F_DATA_BINARY, argument, problem);
}

static bool add_data_urlencode(struct h2f_config *config, const char *argument,
                               struct h2f_problem *problem)
{
    return h2f_data_add(config, H2F_DATA_URLENCODE, argument, problem);
}

static bool add_url_query(struct h2f_config *config, const char *argument,
                          struct h2f_problem *problem)
{
    return h2f_data_add(config, H2F_DATA_QUERY, argument, problem);
}

static bool add_json(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    return h2f_data_add(config, H2F_DATA_JSON, argument, problem);
}

static bool add_upload(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)problem;
    config->uploads.list =
        h2f_realloc(config->uploads.list, (config->uploads.n + 1) * sizeof *config->uploads.list);
    config->uploads.list[config->uploads.n++] = argument;
    return true;
}

/* ---- response --------------------------------------------------------------------- */

static bool add_output(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)problem;
    config->outputs.list =
        h2f_realloc(config->outputs.list, (config->outputs.n + 1) * sizeof *config->outputs.list);
    config->outputs.list[config->outputs.n++] = (struct h2f_output){.file = argument};
    return true;
}

static bool add_named_output(struct h2f_config *config, const char *argument,
                             struct h2f_problem *problem)
{
    if (!argument[0])
        return h2f_problem_set(problem, H2F_EXIT_USAGE, "--output: the file has no name");
    return add_output(config, argument, problem);
}

static bool set_write_out(struct h2f_config *config, const char *argument,
                          struct h2f_problem *problem)
{
    config->write_out = argument;
    if (argument[0] != '@')
        return true;
    h2f_text_finish(&config->write_out_file);
    if (!h2f_read_file(config, argument + 1, &config->write_out_file))
        return cannot_read("write-out", argument + 1, problem);
    config->write_out = h2f_text_string(&config->write_out_file);
    return true;
}

/* ---- the rest ----------------------------------------------------------------------- */

static bool add_connect_to(struct h2f_config *config, const char *argument,
                           struct h2f_problem *problem)
{
    return check(h2f_parse_connect_to(argument, &config->reroutes), "connect-to", argument,
                 problem);
}

static bool add_resolve(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    return check(h2f_parse_resolve(argument, &config->overrides), "resolve", argument, problem);
}

static bool set_dns_servers(struct h2f_config *config, const char *argument,
                            struct h2f_problem *problem)
{
    config->dns_servers = argument;
    return check(h2f_check_servers(argument), "dns-servers", argument, problem);
}

static bool set_http2(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->http_version = H2CLIENT_HTTP_AUTO;
    return true;
}

static bool set_prior_knowledge(struct h2f_config *config, const char *argument,
                                struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE;
    return true;
}

static bool set_http1(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->http_version = H2CLIENT_HTTP_1_1;
    return true;
}

static bool set_ipv4(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->ip_family = H2CLIENT_IP_V4;
    return true;
}

static bool set_ipv6(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->ip_family = H2CLIENT_IP_V6;
    return true;
}

static bool set_continue(struct h2f_config *config, const char *argument,
                         struct h2f_problem *problem)
{
    config->continue_at = H2F_CONTINUE_AUTO;
    return strcmp(argument, "-") == 0 || check(h2f_parse_offset(argument, &config->continue_at),
                                               "continue-at", argument, problem);
}

static bool set_range(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    config->range = argument;
    return check(h2f_check_range(argument), "range", argument, problem);
}

/* curl tells of the URL before after redirects; ours would send the text as it is. */
static bool set_referer(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    const char *auto_at = strstr(argument, ";auto");

    config->referer = argument;
    return !auto_at || auto_at[strlen(";auto")] ||
           h2f_problem_set(problem, H2F_EXIT_USAGE, "--referer: ;auto is not there");
}

static bool set_rate(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    return check(h2f_parse_rate(argument, &config->start_interval_us), "rate", argument, problem);
}

static bool set_netrc(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    if (!config->netrc_file)
        config->netrc_file = "~/.netrc";
    return true;
}

static bool set_login(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    config->login = argument;
    return strchr(argument, ':') ||
           h2f_problem_set(problem, H2F_EXIT_USAGE,
                           "--user: it has no : between user and password");
}

/* What has a = is cookies, anything else a file of them. */
static bool add_cookie(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    size_t n = config->cookie_files.n;

    (void)problem;
    if (strchr(argument, '=')) {
        h2f_text_puts(&config->cookie_text, config->cookie_text.len ? "; " : "");
        h2f_text_puts(&config->cookie_text, argument);
        return true;
    }
    config->cookie_files.list =
        h2f_realloc(config->cookie_files.list, (n + 1) * sizeof *config->cookie_files.list);
    config->cookie_files.list[config->cookie_files.n++] = argument;
    return true;
}

static bool set_location_trusted(struct h2f_config *config, const char *argument,
                                 struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->follows = config->trusts_all = true;
    return true;
}

/* As in curl: -1 is without end. */
static bool set_max_redirects(struct h2f_config *config, const char *argument,
                              struct h2f_problem *problem)
{
    config->n_max_redirects = H2CLIENT_NONE;
    if (strcmp(argument, "0") == 0)
        return true;
    config->n_max_redirects = INT32_MAX;
    return strcmp(argument, "-1") == 0 || check(h2f_parse_count(argument, &config->n_max_redirects),
                                                "max-redirs", argument, problem);
}

/* 0, as in curl: none. */
static bool set_retries(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    config->n_retries = 0;
    return strcmp(argument, "0") == 0 ||
           check(h2f_parse_count(argument, &config->n_retries), "retry", argument, problem);
}

static bool set_cert(struct h2f_config *config, const char *argument, struct h2f_problem *problem)
{
    (void)problem;
    h2f_tls_take_cert(&config->tls, argument);
    return true;
}

static bool set_cert_type(struct h2f_config *config, const char *argument,
                          struct h2f_problem *problem)
{
    return check(h2f_parse_cert_type(argument, &config->tls.cert_type), "cert-type", argument,
                 problem);
}

static bool set_tls_1_2(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->tls.min_version = H2CLIENT_TLS_1_2;
    return true;
}

static bool set_tls_1_3(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->tls.min_version = H2CLIENT_TLS_1_3;
    return true;
}

static bool set_tls_max(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    return check(h2f_parse_tls_max(argument, &config->tls.max_version), "tls-max", argument,
                 problem);
}

static bool set_version(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    (void)argument, (void)problem;
    config->action = H2F_VERSION;
    return true;
}

/* For those that say what is so anyway: -Z, -q; and for --help, which the walk handles. */
static bool accept_only(struct h2f_config *config, const char *argument,
                        struct h2f_problem *problem)
{
    (void)config, (void)argument, (void)problem;
    return true;
}

/* clang-format off */
static const struct h2f_option table[] = {
    /* The request. */
    {"request", 'X', COMMON, H2F_TEXT, "METHOD", "method to send", PLACE(method)},
    {"header", 'H', COMMON, H2F_APPLY, "FIELD|@FILE", "add a field; 'Name:' removes, 'Name;' sends empty", .apply = add_header},
    {"data", 'd', COMMON, H2F_APPLY, "DATA|@FILE", "POST data; several are joined by &", .apply = add_data},
    {"data-raw", 0, RARE, H2F_APPLY, "DATA", "the same, @ means nothing", .apply = add_data_raw},
    {"data-binary", 0, RARE, H2F_APPLY, "DATA|@FILE", "the same, a file as it is", .apply = add_data_binary},
    {"data-urlencode", 0, RARE, H2F_APPLY, "DATA", "the same, URL-encoded: [NAME]=TEXT, [NAME]@FILE", .apply = add_data_urlencode},
    {"json", 0, COMMON, H2F_APPLY, "DATA|@FILE", "POST JSON, with its content-type and accept", .apply = add_json},
    {"form", 'F', COMMON, H2F_APPLY, "NAME=VALUE|@FILE|<FILE", "POST a form with files; [;type=TYPE][;filename=NAME]", .apply = h2f_form_add},
    {"upload-file", 'T', COMMON, H2F_APPLY, "FILE", "PUT a file (-: stdin); the nth goes to the nth URL", .apply = add_upload},
    {"get", 'G', RARE, H2F_FLAG, NULL, "put the data into the URL's query, and GET", PLACE(is_get)},
    {"url-query", 0, RARE, H2F_APPLY, "DATA", "add to each URL's query: as --data-urlencode; +TEXT as it is", .apply = add_url_query},
    {"head", 'I', COMMON, H2F_FLAG, NULL, "HEAD: the response's fields only", PLACE(is_head)},
    {"compressed", 0, RARE, H2F_FLAG, NULL, "ask for a compressed body, and write it decompressed", PLACE(is_compressed)},
    {"user-agent", 'A', RARE, H2F_TEXT, "TEXT", "user-agent to send; empty: none", PLACE(user_agent)},
    {"range", 'r', RARE, H2F_APPLY, "RANGE", "these bytes only: 0-499, 500-, -500", .apply = set_range},
    {"continue-at", 'C', RARE, H2F_APPLY, "N|-", "go on from byte N; -: from where it was left", .apply = set_continue},
    {"referer", 'e', RARE, H2F_APPLY, "URL", "referer to send", .apply = set_referer},
    /* The response. */
    {"output", 'o', COMMON, H2F_APPLY, "FILE", "write the body there; the nth is the nth URL's of the command line", .apply = add_named_output},
    {"remote-name", 'O', COMMON, H2F_SET, NULL, "the same, to a file named like the URL's end", .apply = add_output},
    {"output-dir", 0, RARE, H2F_TEXT, "DIR", "folder for -o and -O", PLACE(output_dir)},
    {"create-dirs", 0, RARE, H2F_FLAG, NULL, "make the folders -o needs", PLACE(create_dirs)},
    {"include", 'i', COMMON, H2F_FLAG, NULL, "write the response's fields before the body", PLACE(include)},
    {"dump-header", 'D', RARE, H2F_TEXT, "FILE", "write the responses' fields there", PLACE(dump_header)},
    {"write-out", 'w', COMMON, H2F_APPLY, "FORMAT|@FILE", "print this after each URL", .apply = set_write_out},
    {"fail", 'f', COMMON, H2F_FLAG, NULL, "a status of 400 and above is a failure (22), no body", PLACE(fail)},
    {"fail-with-body", 0, RARE, H2F_FLAG, NULL, "the same, but the body is written", PLACE(fail_with_body)},
    {"silent", 's', COMMON, H2F_FLAG, NULL, "no progress, no errors", PLACE(silent)},
    {"show-error", 'S', COMMON, H2F_FLAG, NULL, "with -s: errors all the same", PLACE(show_error)},
    {"progress-bar", '#', RARE, H2F_FLAG, NULL, "progress with a bar", PLACE(has_bar)},
    {"no-progress-meter", 0, RARE, H2F_FLAG, NULL, "no progress", PLACE(no_progress)},
    {"verbose", 'v', COMMON, H2F_FLAG, NULL, "tell what happens, with every HTTP/2 frame", PLACE(verbose)},
    {"trace-frames", 0, RARE, H2F_TEXT, "FILE", "a JSON line a frame, both ways (-: stdout)", PLACE(trace_frames)},
    {"report", 0, COMMON, H2F_TEXT, "FILE", "a JSON line a URL (-: stdout)", PLACE(report)},
    /* Many. */
    {"input-file", 0, COMMON, H2F_TEXT, "FILE", "more URLs, one a line, with TAB FILE or without (-: stdin); # comments; -o and -O are not theirs", PLACE(input_file)},
    {"parallel", 'Z', RARE, H2F_SET, NULL, "all at once, which is the default", .apply = accept_only},
    {"parallel-max", 0, COMMON, H2F_COUNT, "N", "at most so many at once (100); 1: one after the other", PLACE(n_parallel_max)},
    {"retry", 0, COMMON, H2F_APPLY, "N", "again so often, after passing errors and 408, 429, 500, 502, 503, 504", .apply = set_retries},
    {"retry-delay", 0, RARE, H2F_SECONDS, "SECONDS", "between two tries, instead of 1, 2, 4 ...", PLACE(retry_delay_ms)},
    {"retry-max-time", 0, RARE, H2F_SECONDS, "SECONDS", "no try begins later", PLACE(retry_max_time_ms)},
    {"retry-all-errors", 0, RARE, H2F_FLAG, NULL, "again after every error", PLACE(retry_all_errors)},
    {"rate", 0, RARE, H2F_APPLY, "N/UNIT", "start so many a second (N/s), minute (m), hour or day", .apply = set_rate},
    {"fail-early", 0, RARE, H2F_FLAG, NULL, "stop at the first failure", PLACE(fail_early)},
    /* Redirects, logins, cookies. */
    {"location", 'L', COMMON, H2F_FLAG, NULL, "follow redirects", PLACE(follows)},
    {"location-trusted", 0, RARE, H2F_SET, NULL, "the same, with credentials for every host", .apply = set_location_trusted},
    {"max-redirs", 0, RARE, H2F_APPLY, "N", "redirects to follow at most (50); -1: without end", .apply = set_max_redirects},
    {"user", 'u', RARE, H2F_APPLY, "USER:PASSWORD", "log in with these (Basic)", .apply = set_login},
    {"digest", 0, RARE, H2F_FLAG, NULL, "by Digest, where the server asks for it", PLACE(is_digest)},
    {"netrc", 'n', RARE, H2F_SET, NULL, "look logins up in ~/.netrc", .apply = set_netrc},
    {"netrc-file", 0, RARE, H2F_TEXT, "FILE", "look logins up there", PLACE(netrc_file)},
    {"basic", 0, RARE, H2F_SET, NULL, "by Basic, which is the default", .apply = accept_only},
    {"oauth2-bearer", 0, RARE, H2F_TEXT, "TOKEN", "log in with this token", PLACE(bearer_token)},
    {"cookie", 'b', RARE, H2F_APPLY, "DATA|FILE", "cookies to send (NAME=VALUE; ...), or a file with some, for a jar that is kept", .apply = add_cookie},
    {"cookie-jar", 'c', RARE, H2F_TEXT, "FILE", "keep cookies, and write them there in the end (-: stdout)", PLACE(cookie_jar)},
    {"post301", 0, RARE, H2F_FLAG, NULL, "a POST stays one after a 301", PLACE(keep_post_301)},
    {"post302", 0, RARE, H2F_FLAG, NULL, "a POST stays one after a 302", PLACE(keep_post_302)},
    {"post303", 0, RARE, H2F_FLAG, NULL, "a POST stays one after a 303", PLACE(keep_post_303)},
    /* Time. */
    {"max-time", 'm', COMMON, H2F_SECONDS, "SECONDS", "limit for a URL as a whole", PLACE(total_timeout_ms)},
    {"connect-timeout", 0, RARE, H2F_SECONDS, "SECONDS", "limit for DNS, connect and TLS together", PLACE(connect_timeout_ms)},
    {"read-timeout", 0, RARE, H2F_SECONDS, "SECONDS", "limit between two bytes of a response", PLACE(read_timeout_ms)},
    {"dns-timeout", 0, RARE, H2F_SECONDS, "SECONDS", "limit for looking the name up", PLACE(dns_timeout_ms)},
    {"queue-timeout", 0, RARE, H2F_SECONDS, "SECONDS", "limit for waiting for room on a connection", PLACE(queue_timeout_ms)},
    {"expect100-timeout", 0, RARE, H2F_SECONDS, "SECONDS", "ask before a body is sent (Expect), and wait so long", PLACE(expect100_timeout_ms)},
    {"limit-rate", 0, COMMON, H2F_SPEED, "SPEED", "bytes a second for a URL's body, each way; K, M, G", PLACE(limit_rate)},
    {"speed-limit", 'Y', RARE, H2F_SPEED, "SPEED", "give a URL up when it is slower than that (1) ...", PLACE(slow_limit.per_s)},
    {"speed-time", 'y', RARE, H2F_SECONDS, "SECONDS", "... for so long (30)", PLACE(slow_limit.time_ms)},
    /* Protocol, TLS, route. */
    {"http1.1", 0, RARE, H2F_SET, NULL, "HTTP/1.1 only", .apply = set_http1},
    {"http2", 0, RARE, H2F_SET, NULL, "HTTP/2 by ALPN, which is the default", .apply = set_http2},
    {"http2-prior-knowledge", 0, COMMON, H2F_SET, NULL, "HTTP/2 without asking, also over http://", .apply = set_prior_knowledge},
    {"max-conns-per-host", 0, RARE, H2F_COUNT, "N", "connections to one host (HTTP/1.1: 32, HTTP/2: 4)", PLACE(max_conns_per_host)},
    {"max-streams", 0, RARE, H2F_COUNT, "N", "streams on one connection, where the server allows more", PLACE(max_streams)},
    {"window", 0, RARE, H2F_SIZE, "BYTES", "what one stream may send ahead at most (4M)", PLACE(window_bytes)},
    {"cacert", 0, COMMON, H2F_TEXT, "FILE", "authorities to trust (PEM), instead of the system's", PLACE(ca_file)},
    {"capath", 0, RARE, H2F_TEXT, "DIR", "the same, a folder of them", PLACE(tls.ca_dir)},
    {"crlfile", 0, RARE, H2F_TEXT, "FILE", "lists of revoked certificates (PEM)", PLACE(tls.crl_file)},
    {"insecure", 'k', COMMON, H2F_FLAG, NULL, "do not check the server's certificate", PLACE(insecure)},
    {"pinnedpubkey", 0, RARE, H2F_TEXT, "KEYS", "take no other keys: sha256//BASE64;..., or the file of one", PLACE(tls.pins)},
    {"cert-status", 0, RARE, H2F_FLAG, NULL, "demand a stapled word about revocation (OCSP)", PLACE(tls.wants_staple)},
    {"cert", 'E', RARE, H2F_APPLY, "FILE[:PASSWORD]", "our certificate: PEM or PKCS#12", .apply = set_cert},
    {"cert-type", 0, RARE, H2F_APPLY, "PEM|P12", "which of the two it is, instead of looking", .apply = set_cert_type},
    {"key", 0, RARE, H2F_TEXT, "FILE", "its key (PEM), where that is not in the same file", PLACE(tls.key)},
    {"pass", 0, RARE, H2F_TEXT, "PASSWORD", "of the key", PLACE(tls.key_password)},
    {"tlsv1.2", 0, RARE, H2F_SET, NULL, "TLS 1.2 or higher, which is the default", .apply = set_tls_1_2},
    {"tlsv1.3", 0, RARE, H2F_SET, NULL, "TLS 1.3 or higher", .apply = set_tls_1_3},
    {"tls-max", 0, RARE, H2F_APPLY, "1.2|1.3", "not higher than that", .apply = set_tls_max},
    {"ciphers", 0, RARE, H2F_TEXT, "WORDS", "what may be agreed on, in GnuTLS's words, instead of NORMAL", PLACE(tls.ciphers)},
    {"proxy", 'x', COMMON, H2F_TEXT, "URL", "through this proxy: http, https, socks5, socks5h; empty: none", PLACE(proxy)},
    {"proxy-user", 'U', RARE, H2F_TEXT, "USER:PASSWORD", "log in there with these", PLACE(proxy_login)},
    {"noproxy", 0, RARE, H2F_TEXT, "LIST", "hosts to reach without it, by commas; *: all", PLACE(no_proxy)},
    {"resolve", 0, RARE, H2F_APPLY, "HOST:PORT:ADDR[,ADDR]", "addresses for a host, instead of asking", .apply = add_resolve},
    {"connect-to", 0, RARE, H2F_APPLY, "HOST1:PORT1:HOST2:PORT2", "connections for the first lead to the second; parts may be empty: any, and the same", .apply = add_connect_to},
    {"dns-servers", 0, RARE, H2F_APPLY, "ADDR[,ADDR]", "name servers to ask", .apply = set_dns_servers},
    {"unix-socket", 0, RARE, H2F_TEXT, "PATH", "connect to this Unix socket, whatever the URL's host; @NAME: an abstract one", PLACE(unix_socket)},
    {"proxy-command", 0, RARE, H2F_TEXT, "COMMAND", "each connection is this command's input and output; %h: host, %p: port", PLACE(proxy_command)},
    {"interface", 0, RARE, H2F_TEXT, "NAME|ADDR", "connect through this interface, or from this address", PLACE(interface)},
    {"ipv4", '4', RARE, H2F_SET, NULL, "connect to IPv4 addresses only", .apply = set_ipv4},
    {"ipv6", '6', RARE, H2F_SET, NULL, "connect to IPv6 addresses only", .apply = set_ipv6},
    {"happy-eyeballs-timeout-ms", 0, RARE, H2F_COUNT, "MS", "after so long try the next address beside the first (250, at least 10)", PLACE(attempt_delay_ms)},
    /* About itself. */
    {"help", 'h', COMMON, H2F_SET, NULL, "this; --help all: every option", .apply = accept_only},
    {"version", 'V', COMMON, H2F_SET, NULL, "versions and features", .apply = set_version},
    {"disable", 'q', RARE, H2F_SET, NULL, "no hidden configuration file: there is none", .apply = accept_only},
    {NULL},
};
/* clang-format on */

const struct h2f_option *h2f_option_table(void)
{
    return table;
}
