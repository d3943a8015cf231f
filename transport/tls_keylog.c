/* SPDX-License-Identifier: MIT */
/*
 * The key log: a line a secret, in NSS's format, at the end of a file. GnuTLS would ask the
 * environment for one by itself; it is told to leave that.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

#define MAX_LINE 400 /* a label, 32 and at most 64 bytes in hexadecimal */

bool h2i_tls_keylog_open(struct h2i_tls_factory *factory, const char *path, h2client_fault *fault)
{
    char what[200];

    factory->keylog_fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR);
    if (factory->keylog_fd >= 0)
        return true;
    snprintf(what, sizeof what, "key log %s", path);
    *fault = h2i_fault_of_errno(errno, H2CLIENT_ERROR_TLS_KEYLOG_FILE, what);
    return false;
}

void h2i_tls_keylog_close(struct h2i_tls_factory *factory)
{
    if (factory->keylog_fd >= 0)
        close(factory->keylog_fd);
}

static void add_hex(struct h2i_text *line, const gnutls_datum_t *data)
{
    for (unsigned i = 0; i < data->size; i++)
        h2i_text_add(line, "%02x", data->data[i]);
}

/* In one write, so that lines of several processes do not mix. One that fails is lost:
 * no connection ends for that. */
static int write_line(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
    const struct h2i_tls *tls = gnutls_session_get_ptr(session);
    char buf[MAX_LINE];
    struct h2i_text line = h2i_text(buf, sizeof buf);
    gnutls_datum_t client, server;
    ssize_t n_written;

    if (tls->factory->keylog_fd < 0)
        return 0;
    gnutls_session_get_random(session, &client, &server);
    h2i_text_add(&line, "%s ", label);
    add_hex(&line, &client);
    h2i_text_add(&line, " ");
    add_hex(&line, secret);
    h2i_text_add(&line, "\n");
    n_written = write(tls->factory->keylog_fd, buf, line.len);
    (void)n_written;
    gnutls_memset(buf, 0, sizeof buf);
    return 0;
}

void h2i_tls_keylog_init(struct h2i_tls *tls)
{
    gnutls_session_set_keylog_function(tls->session, write_line);
}
