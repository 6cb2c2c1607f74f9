/* What a push did, in a file of a thread: read from JSON, and as untrusted as the rest. */
#include "thread_file.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"

#define WORD_MAX 1000 /* octets */

static char *
read_text(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    const char *value = node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                                json_node_get_value_type(node) == G_TYPE_STRING
                            ? json_node_get_string(node)
                            : NULL;

    return value != NULL && strlen(value) <= MP_PUSH_TEXT ? g_strdup(value) : NULL;
}

static char *
read_line(JsonObject *object, const char *name)
{
    g_autofree char *text = read_text(object, name);

    return text != NULL && strlen(text) <= WORD_MAX ? mp_one_line(text) : NULL;
}

static guint64
read_number(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    gint64 value = node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_int(node) : 0;

    return (guint64)CLAMP(value, 0, G_MAXUINT32);
}

static JsonArray *
read_array(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

/* NULL where it is none. */
static char *
read_id(JsonObject *object, const char *name)
{
    g_autofree char *id = read_line(object, name);

    return id != NULL && strlen(id) == 40 && strspn(id, "0123456789abcdef") == 40
               ? g_steal_pointer(&id)
               : NULL;
}

static void
read_commits(JsonObject *object, const char *name, GPtrArray *commits)
{
    JsonArray *array = read_array(object, name);
    guint n = array != NULL ? json_array_get_length(array) : 0;

    for (guint i = 0; i < MIN(n, MP_PUSH_LISTED); i++) {
        JsonNode *element = json_array_get_element(array, i);
        JsonObject *commit = JSON_NODE_HOLDS_OBJECT(element) ? json_node_get_object(element) : NULL;
        g_autofree char *id = commit != NULL ? read_id(commit, "id") : NULL;
        g_autofree char *author = commit != NULL ? read_line(commit, "author") : NULL;
        g_autofree char *subject = commit != NULL ? read_line(commit, "subject") : NULL;

        if (id != NULL && author != NULL && subject != NULL)
            mp_push_add_commit(commits, id, author, subject);
    }
}

static void
read_files(JsonObject *object, GPtrArray *files)
{
    JsonArray *array = read_array(object, "files");
    guint n = array != NULL ? json_array_get_length(array) : 0;

    for (guint i = 0; i < MIN(n, MP_PUSH_LISTED); i++) {
        JsonNode *element = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_VALUE(element) && json_node_get_value_type(element) == G_TYPE_STRING)
            g_ptr_array_add(files, mp_one_line(json_node_get_string(element)));
    }
}

MpRefPush *
mp_file_read_push(JsonObject *parent, const char *where, GError **error)
{
    JsonNode *node = json_object_get_member(parent, "push");
    JsonObject *object =
        node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    g_autofree char *ref = object != NULL ? read_line(object, "ref") : NULL;

    if (ref == NULL || !g_str_has_prefix(ref, "refs/"))
        return mp_fail_null(error, MP_ERROR_INPUT, "%s.push: without a ref", where);
    g_autoptr(MpRefPush) push = mp_push_new(ref);
    push->before = read_id(object, "before");
    push->after = read_id(object, "after");
    if (push->before == NULL && push->after == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "%s.push: from no commit to no commit", where);
    push->n_added = read_number(object, "n-added");
    push->n_removed = read_number(object, "n-removed");
    push->is_unsure = json_object_get_boolean_member_with_default(object, "unsure", FALSE);
    push->n_files = read_number(object, "n-files");
    push->n_lines_added = read_number(object, "lines-added");
    push->n_lines_removed = read_number(object, "lines-removed");
    push->n_uncounted = read_number(object, "uncounted");
    push->has_more_files = json_object_get_boolean_member_with_default(object, "more-files", FALSE);
    push->n_others = read_number(object, "others");
    push->message = read_text(object, "message");
    push->tagger = read_line(object, "tagger");
    read_commits(object, "added", push->added);
    read_commits(object, "removed", push->removed);
    read_files(object, push->files);
    return g_steal_pointer(&push);
}

MpUser *
mp_file_committer(const MpFileComment *comment)
{
    if (comment->login == NULL || g_strcmp0(comment->via, "push") != 0)
        return NULL;
    MpUser *user = g_new0(MpUser, 1);
    user->login = g_strdup(comment->login);
    user->name = g_strdup(comment->login);
    return user;
}
