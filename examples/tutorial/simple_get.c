/* SPDX-License-Identifier: MIT */
/*
 * One GET with all its errors: fetches a user and says his name.
 *
 *     ./simple_get [BASE_URL]
 */
#include <h2client/h2client.h>
#include <jansson.h>
#include <stdio.h>

/* NULL after telling why. The caller gives it back with json_decref. */
static json_t *fetch_user(h2client_session *session, int id)
{
    char url[64];
    h2client_json_error why;
    json_t *user;

    snprintf(url, sizeof url, "users/%d", id);
    h2client_auto(call) call = h2client_get(session, url);
    const h2client_response *resp = h2client_call_await(call);
    if (!resp) {
        fprintf(stderr, "Request failed: %s\n", h2client_call_error(call)->message);
        return NULL;
    }
    if (h2client_response_status(resp) != 200) {
        fprintf(stderr, "Error: %d\n", h2client_response_status(resp));
        return NULL;
    }
    user = h2client_response_json(resp, &why);
    if (!user)
        fprintf(stderr, "No JSON: %s\n", why.text);
    return user;
}

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    h2client_auto(session) session =
        h2client_session_create(H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.base_url = base)));
    json_t *user = fetch_user(session, 1);

    if (!user)
        return 1;
    printf("User: %s\n", json_string_value(json_object_get(user, "name")));
    json_decref(user);
    return 0;
}
