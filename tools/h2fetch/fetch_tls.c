/* SPDX-License-Identifier: MIT */
#include "fetch_tls.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- -E ------------------------------------------------------------------------ */

void h2f_tls_take_cert(struct h2f_tls *tls, const char *text)
{
    char *end;

    h2f_tls_finish(tls);
    tls->cert = end = h2f_copy_part(text, strlen(text));
    for (; *text && *text != ':'; text++) {
        if (text[0] == '\\' && (text[1] == ':' || text[1] == '\\'))
            text++;
        *end++ = *text;
    }
    *end = 0;
    if (text[0] && text[1])
        tls->key_password = text + 1;
}

/* DER (X.690 8.1) begins with a SEQUENCE of more than 127 bytes, PEM with text. A pipe is not
 * looked into: what is read there is gone. */
static bool looks_like_der(const char *path)
{
    unsigned char first[2] = {0};
    struct stat status;
    bool is_der;
    int fd;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    is_der = read(fd, first, sizeof first) == sizeof first && first[0] == 0x30 && first[1] > 0x80;
    close(fd);
    return is_der;
}

static bool is_pkcs12(const struct h2f_tls *tls)
{
    if (!tls->cert || tls->cert_type == H2F_CERT_PEM)
        return false;
    return tls->cert_type == H2F_CERT_PKCS12 || looks_like_der(tls->cert);
}

/* ---- values ---------------------------------------------------------------------- */

const char *h2f_parse_cert_type(const char *text, enum h2f_cert_type *type)
{
    if (strcasecmp(text, "PEM") != 0 && strcasecmp(text, "P12") != 0)
        return "is neither PEM nor P12";
    *type = strcasecmp(text, "PEM") == 0 ? H2F_CERT_PEM : H2F_CERT_PKCS12;
    return NULL;
}

const char *h2f_parse_tls_max(const char *text, h2client_tls_version *version)
{
    static const struct {
        const char *text;
        h2client_tls_version version;
    } known[] = {
        {"default", H2CLIENT_TLS_ANY}, {"1.2", H2CLIENT_TLS_1_2}, {"1.3", H2CLIENT_TLS_1_3}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(text, known[i].text) == 0) {
            *version = known[i].version;
            return NULL;
        }
    }
    return "is neither 1.2 nor 1.3, nor default: there is nothing below TLS 1.2";
}

/* ---- for the library --------------------------------------------------------------- */

static const char *find_keylog_file(void)
{
    const char *path = getenv("SSLKEYLOGFILE");

    return path && path[0] ? path : NULL;
}

h2client_tls_options h2f_tls_options(const struct h2f_config *config)
{
    const struct h2f_tls *tls = &config->tls;
    bool has_pkcs12 = is_pkcs12(tls);

    return (h2client_tls_options){
        .size = sizeof(h2client_tls_options),
        .ca_file = config->ca_file,
        .verify = config->insecure ? H2CLIENT_OFF : H2CLIENT_ON,
        .ca_dir = tls->ca_dir,
        .crl_file = tls->crl_file,
        .cert_file = has_pkcs12 ? NULL : tls->cert,
        .key_file = tls->key,
        .pkcs12_file = has_pkcs12 ? tls->cert : NULL,
        .key_password = tls->key_password,
        .priority = tls->ciphers,
        .pins = tls->pins,
        .keylog_file = find_keylog_file(),
        .min_version = tls->min_version,
        .max_version = tls->max_version,
        .require_staple = tls->wants_staple ? H2CLIENT_ON : H2CLIENT_OFF,
    };
}

void h2f_tls_finish(struct h2f_tls *tls)
{
    free(tls->cert);
    tls->cert = NULL;
}
