/* SPDX-License-Identifier: MIT */
#include "h2client/call_login.h"

#include <errno.h>

#include "base/fault.h"
#include "h2client/attempt_parts.h"
#include "h2client/auth/credentials.h"
#include "h2client/auth/digest_login.h"
#include "h2client/auth/netrc.h"
#include "h2client/session_internal.h"

#define MAX_NETRC_BYTES (1u << 20)

/* ---- options ------------------------------------------------------------------ */

static bool copy_text(struct h2i_arena *arena, const char **text)
{
    if (*text)
        *text = h2i_arena_copy_text(arena, *text, strlen(*text));
    return *text != NULL;
}

static h2client_error_code make_login(struct h2i_settings *settings, struct h2i_arena *arena,
                                      const struct h2i_login *given)
{
    struct h2i_login *login = h2i_arena_alloc(arena, sizeof *login);

    if (!login)
        return H2CLIENT_ERROR_NO_MEMORY;
    *login = *given;
    if ((login->user && !copy_text(arena, &login->user)) ||
        (login->password && !copy_text(arena, &login->password)))
        return H2CLIENT_ERROR_NO_MEMORY;
    settings->login = login;
    return H2CLIENT_OK;
}

static h2client_error_code check(const h2client_auth *auth, struct h2i_text *why)
{
    if (auth->scheme == H2CLIENT_AUTH_SIGNED && !auth->sign) {
        h2i_text_add(why, "auth: SIGNED needs the function that signs");
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
#ifndef H2I_HAVE_NETTLE
    if (auth->scheme == H2CLIENT_AUTH_DIGEST) {
        h2i_text_add(why, "auth: Digest is not built in");
        return H2CLIENT_ERROR_FEATURE_MISSING;
    }
#endif
    return H2CLIENT_OK;
}

h2client_error_code h2i_login_apply(struct h2i_settings *settings, struct h2i_arena *arena,
                                    const h2client_auth *auth, struct h2i_text *why)
{
    h2client_auth known;
    h2client_error_code code = h2i_options_take(&known, sizeof known, auth, "auth", why);
    const struct h2i_login login = {.scheme = known.scheme,
                                    .user = known.user,
                                    .password = known.password ? known.password : "",
                                    .sign = known.sign,
                                    .sign_user = known.sign_user};

    if (!code)
        code = check(&known, why);
    if (code || known.scheme == H2CLIENT_AUTH_INHERIT)
        return code;
    settings->auth_scheme = known.scheme;
    settings->login = NULL;
    if (known.scheme == H2CLIENT_AUTH_DIGEST || known.scheme == H2CLIENT_AUTH_SIGNED)
        code = make_login(settings, arena, &login);
    return code;
}

h2client_error_code h2i_login_mean(const h2client_auth *auth, struct h2i_arena *arena,
                                   struct h2i_meant_fields *meant, struct h2i_text *why)
{
    h2client_auth known;
    const char *value;
    h2client_error_code code = h2i_options_take(&known, sizeof known, auth, "auth", why);

    if (code || known.scheme == H2CLIENT_AUTH_INHERIT)
        return code;
    code = h2i_credentials(arena, &known, &value, why);
    if (!code)
        h2i_meant_fields_add(meant, "authorization", value);
    return code;
}

/* ---- netrc ---------------------------------------------------------------------- */

static const char *at_home(struct h2i_arena *arena, h2client_system *system, const char *path)
{
    const char *home = system->ops->environment(system, "HOME");
    size_t home_len = home ? strlen(home) : 0;
    char *whole = h2i_arena_alloc(arena, home_len + strlen(path));

    if (!whole)
        return NULL;
    if (home_len)
        memcpy(whole, home, home_len);
    memcpy(whole + home_len, path + 1, strlen(path));
    return whole;
}

static h2client_error_code refuse_netrc(struct h2i_text *why, const char *path, int error)
{
    h2client_fault fault = h2i_fault_of_errno(error, H2CLIENT_ERROR_NETRC, path);

    h2i_text_add(why, "%s", fault.text);
    return H2CLIENT_ERROR_NETRC;
}

static h2client_error_code read_text(struct h2i_str *text, struct h2i_arena *arena,
                                     h2client_system *system, h2client_file *file, const char *path,
                                     struct h2i_text *why)
{
    char *room = h2i_arena_alloc(arena, MAX_NETRC_BYTES);
    size_t len = 0;
    ptrdiff_t n = 1;

    if (!room)
        return H2CLIENT_ERROR_NO_MEMORY;
    while (n > 0 && len < MAX_NETRC_BYTES) {
        n = system->ops->file_read(system, file, (int64_t)len, room + len, MAX_NETRC_BYTES - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return refuse_netrc(why, path, (int)-n);
    if (len == MAX_NETRC_BYTES) {
        h2i_text_add(why, "%s: larger than %u bytes", path, MAX_NETRC_BYTES);
        return H2CLIENT_ERROR_NETRC;
    }
    *text = h2i_str(room, len);
    return H2CLIENT_OK;
}

h2client_error_code h2i_login_read_netrc(struct h2i_settings *settings, struct h2i_arena *arena,
                                         h2client_system *system, const char *path,
                                         struct h2i_text *why)
{
    bool is_at_home = path && strncmp(path, "~/", 2) == 0;
    h2client_error_code code;
    h2client_file *file;
    int64_t file_len;
    int error;

    if (!path)
        return H2CLIENT_OK;
    settings->netrc = h2i_str(NULL, 0);
    if (!*path)
        return H2CLIENT_OK;
    if (is_at_home && !(path = at_home(arena, system, path)))
        return H2CLIENT_ERROR_NO_MEMORY;
    error = system->ops->file_open(system, path, H2CLIENT_OPEN_READ, &file, &file_len);
    if (error)
        return is_at_home && error == ENOENT ? H2CLIENT_OK : refuse_netrc(why, path, error);
    code = read_text(&settings->netrc, arena, system, file, path, why);
    system->ops->file_close(system, file);
    return code;
}

/* ---- who it is --------------------------------------------------------------------- */

static h2client_error_code find(h2client_call *call, const char **user, const char **password,
                                struct h2i_text *why)
{
    struct h2i_netrc_login login = {NULL, NULL};
    h2client_error_code code = H2CLIENT_OK;

    *user = *password = NULL;
    if (call->url.userinfo)
        code = h2i_userinfo_read(&call->arena, call->url.userinfo, user, password, why);
    if (!code && !*password && call->settings.netrc.data)
        code = h2i_netrc_find(&call->arena, call->settings.netrc, call->url.host, *user, true,
                              &login, why);
    if (code)
        return code;
    if (login.user) {
        *user = login.user;
        *password = login.password;
    }
    if (!*password)
        *password = "";
    return H2CLIENT_OK;
}

h2client_error_code h2i_login_look_up(h2client_call *call, struct h2i_meant_fields *meant,
                                      struct h2i_text *why)
{
    struct h2i_settings *settings = &call->settings;
    const struct h2i_request_fields *below = &call->session->default_fields;
    bool has_field = h2i_fields_find(h2i_fields_list(&below->fields), "authorization") != NULL;
    bool is_open = settings->auth_scheme == H2CLIENT_AUTH_INHERIT && !has_field;
    bool is_digest = settings->auth_scheme == H2CLIENT_AUTH_DIGEST && !settings->login->user;
    h2client_auth basic = {.size = sizeof basic, .scheme = H2CLIENT_AUTH_BASIC};
    struct h2i_login digest = {.scheme = H2CLIENT_AUTH_DIGEST};
    h2client_error_code code;
    const char *value;

    if ((!is_open && !is_digest) || (!call->url.userinfo && !settings->netrc.data))
        return H2CLIENT_OK;
    code = find(call, &basic.user, &basic.password, why);
    if (code || !basic.user)
        return code;
    digest.user = basic.user;
    digest.password = basic.password;
    if (is_digest)
        return make_login(settings, &call->arena, &digest);
    code = h2i_credentials(&call->arena, &basic, &value, why);
    if (!code)
        h2i_meant_fields_add(meant, "authorization", value);
    return code;
}

/* ---- an attempt: Digest ---------------------------------------------------------------- */

static void end_with(h2client_call *call, h2client_error_code code, const char *text)
{
    h2client_fault fault = h2i_fault(code, "%s", text);

    h2i_call_abort(call, &fault);
}

/* What is asked of one user by one origin: "origin NUL user". data NULL: no memory. */
static struct h2i_str space_of(h2client_call *call)
{
    struct h2i_pool_key origin = h2i_attempt_origin_key(&call->url);
    size_t user_len = strlen(call->login->user);
    char *text = h2i_arena_alloc(&call->arena, origin.len + 1 + user_len);

    if (!text)
        return h2i_str(NULL, 0);
    memcpy(text, origin.text, origin.len);
    text[origin.len] = 0;
    memcpy(text + origin.len + 1, call->login->user, user_len);
    return h2i_str(text, origin.len + 1 + user_len);
}

static struct h2i_digest_login digest_of(h2client_call *call)
{
    return (struct h2i_digest_login){.store = &call->session->digests,
                                     .system = call->session->reactor.system,
                                     .space = space_of(call),
                                     .user = call->login->user,
                                     .password = call->login->password};
}

static bool prove(h2client_call *call, const h2client_header **fields)
{
    char buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    struct h2i_digest_login login = digest_of(call);
    h2client_error_code code = H2CLIENT_ERROR_NO_MEMORY;
    const char *value = NULL;

    if (login.space.data)
        code = h2i_digest_login_prove(&login, &call->arena, call->request.method,
                                      call->request.path, &value, &why);
    if (code == H2CLIENT_ERROR_NO_MEMORY)
        return false;
    if (code)
        end_with(call, code, buf);
    else if (value)
        *fields = h2i_fields_with(&call->arena, *fields, "authorization", h2i_str_of(value));
    return *fields != NULL;
}

/* ---- the proxy's, which reads the request ------------------------------------------------ */

bool h2i_call_log_in_at_proxy(h2client_call *call, const h2client_header **fields)
{
    char buf[160] = "";
    struct h2i_text why = h2i_text(buf, sizeof buf);
    const char *value;
    h2client_error_code code =
        h2i_proxy_log_in(&call->session->pool.config.logins, call->proxy, &call->arena,
                         call->request.method, call->request.whole_url, &value, &why);

    if (code == H2CLIENT_ERROR_NO_MEMORY)
        return false;
    if (code)
        end_with(call, code, buf);
    else if (value)
        *fields = h2i_fields_with(&call->arena, *fields, "proxy-authorization", h2i_str_of(value));
    return *fields != NULL;
}

static bool is_challenged_by_proxy(h2client_call *call, const struct h2i_head *head)
{
    return call->request.whole_url && /* otherwise it is the server that says so */
           h2i_proxy_is_challenged(&call->session->pool.config.logins, call->proxy, &call->arena,
                                   head->fields, &call->n_proxy_challenges);
}

bool h2i_call_is_challenged(h2client_call *call, const struct h2i_head *head)
{
    struct h2i_digest_login login;

    if (head->status == 407)
        return is_challenged_by_proxy(call, head);
    if (!call->login || call->login->scheme != H2CLIENT_AUTH_DIGEST || !call->login->user)
        return false;
    login = digest_of(call);
    return login.space.data &&
           h2i_digest_login_is_challenged(&login, &call->arena, head->fields, "www-authenticate",
                                          &call->n_challenges);
}

/* ---- an attempt: a signature -------------------------------------------------------------- */

struct h2client_signature {
    struct h2i_arena *arena;
    const h2client_header *fields;
    bool is_out_of_memory;
};

h2client_error_code h2client_sign(h2client_signature *signature, const char *name,
                                  const char *value)
{
    char unused[1];
    struct h2i_text why = h2i_text(unused, sizeof unused);
    h2client_error_code code = h2i_field_check(name, value, &why);
    enum h2i_field_kind kind;
    const h2client_header *fields;
    struct h2i_str lower;

    if (!signature)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    if (code)
        return code;
    kind = h2i_field_classify(h2i_str_of(name), h2i_str_of(value));
    if (kind == H2I_FIELD_HOST || kind == H2I_FIELD_CONTENT_LENGTH)
        return H2CLIENT_ERROR_HEADER_FORBIDDEN;
    lower = h2i_field_lower_name(signature->arena, name);
    fields = lower.data ? h2i_fields_with(signature->arena, signature->fields, lower.data,
                                          h2i_str_of(value))
                        : NULL;
    signature->is_out_of_memory = signature->is_out_of_memory || !fields;
    if (fields)
        signature->fields = fields;
    return fields ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_signable describe(const h2client_call *call, const h2client_header *fields)
{
    const struct h2i_request *request = &call->request;
    bool has_bytes = call->source.kind == H2I_SOURCE_BYTES;

    return (h2client_signable){.size = sizeof(h2client_signable),
                               .method = request->method,
                               .url = call->url.display,
                               .scheme = request->scheme,
                               .authority = request->authority,
                               .path = request->path,
                               .fields = fields,
                               .body = has_bytes ? call->source.bytes : NULL,
                               .body_len = request->has_body ? request->body_len : 0,
                               .n_attempt = call->attempt.n_started + 1};
}

static bool sign(h2client_call *call, const h2client_header **fields)
{
    h2client_signature signature = {.arena = &call->arena, .fields = *fields};
    h2client_signable request = describe(call, *fields);
    bool is_signed = call->login->sign(&signature, &request, call->login->sign_user);

    if (signature.is_out_of_memory)
        return false;
    if (!is_signed)
        end_with(call, H2CLIENT_ERROR_SIGN_FAILED, "");
    *fields = signature.fields;
    return true;
}

bool h2i_call_log_in(h2client_call *call, const h2client_header **fields)
{
    if (call->login->sign)
        return sign(call, fields);
    return !call->login->user || prove(call, fields);
}
