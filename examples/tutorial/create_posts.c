/* SPDX-License-Identifier: MIT */
/*
 * Several POSTs with JSON at once, and the JSON that comes back.
 *
 *     ./create_posts [BASE_URL]
 */
#include <h2client/h2client.h>
#include <jansson.h>
#include <stdio.h>

#define N_POSTS 3

static h2client_call *create_post(h2client_session *session, const char *title, const char *body,
                                  int user_id)
{
    json_t *post = json_pack("{s:s, s:s, s:i}", "title", title, "body", body, "userId", user_id);
    h2client_call *call = h2client_post(session, "posts", .body = H2CLIENT_JSON(post));

    json_decref(post); /* it was written when the call started */
    return call;
}

static bool tell(h2client_call *call)
{
    const h2client_response *resp = h2client_call_response(call);
    json_t *post = h2client_response_json(resp, NULL);
    bool is_created = post && h2client_response_status(resp) == 201;

    if (is_created)
        printf("Created post %d: %s\n", (int)json_integer_value(json_object_get(post, "id")),
               json_string_value(json_object_get(post, "title")));
    else if (resp)
        fprintf(stderr, "Error: %d\n", h2client_response_status(resp));
    else
        fprintf(stderr, "Request failed: %s\n", h2client_call_error(call)->message);
    json_decref(post);
    return is_created;
}

int main(int argc, char **argv)
{
    static const char *const titles[N_POSTS] = {"First Post", "Second Post", "Third Post"};
    const char *base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    h2client_auto(session) session =
        h2client_session_create(H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.base_url = base)));
    h2client_call *calls[N_POSTS];
    int n_created = 0;

    for (int i = 0; i < N_POSTS; i++)
        calls[i] = create_post(session, titles[i], "Content", i + 1);
    h2client_gather(calls, N_POSTS);
    for (int i = 0; i < N_POSTS; i++) {
        n_created += tell(calls[i]);
        h2client_call_destroy(calls[i]);
    }
    return n_created == N_POSTS ? 0 : 1;
}
