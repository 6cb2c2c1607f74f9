/* A thread in a file: what both formats share, and the reading of JSON; see thread_file.h. */
#include "thread_file.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/time.h"
#include "thread.h"

#define COMMENTS_MAX 100000
#define NESTING_MAX  16
#define LINES_MAX    16384 /* octets of the lines that a comment is about */
#define WORD_MAX     1000  /* octets of a short text: a host, a type, a name */

static void
comment_free(gpointer data)
{
    MpFileComment *comment = data;

    g_free(comment->id);
    g_free(comment->where);
    g_free(comment->login);
    g_free(comment->address);
    mp_user_free(comment->author);
    g_free(comment->key);
    g_free(comment->via);
    g_free(comment->host);
    g_free(comment->body);
    g_free(comment->elided);
    g_free(comment->message_id);
    g_free(comment->recipient);
    g_free(comment->part);
    g_free(comment->path);
    g_free(comment->quoted);
    g_clear_pointer(&comment->attachments, g_ptr_array_unref);
    g_free(comment);
}

static void
subscriber_free(gpointer data)
{
    g_free(((MpFileSubscriber *)data)->login);
    g_free(((MpFileSubscriber *)data)->reason);
    g_free(data);
}

MpFileThread *
mp_file_thread_new(void)
{
    MpFileThread *thread = g_new0(MpFileThread, 1);

    thread->facts = g_new0(MpThread, 1);
    thread->facts->is_open = true;
    thread->subscribers = g_ptr_array_new_with_free_func(subscriber_free);
    thread->comments = g_ptr_array_new_with_free_func(comment_free);
    thread->assignees = g_ptr_array_new_with_free_func(g_free);
    thread->events = mp_file_events_new();
    return thread;
}

void
mp_file_thread_free(MpFileThread *thread)
{
    if (thread == NULL)
        return;
    mp_thread_free(thread->facts);
    g_ptr_array_unref(thread->subscribers);
    g_ptr_array_unref(thread->comments);
    g_ptr_array_unref(thread->assignees);
    g_ptr_array_unref(thread->events);
    g_free(thread);
}

MpFileComment *
mp_file_thread_add(MpFileThread *thread, const char *where, GError **error)
{
    MpFileComment *comment;

    if (thread->comments->len > COMMENTS_MAX)
        return mp_fail_null(error, MP_ERROR_INPUT, "%s: more than %d comments", where,
                            COMMENTS_MAX);
    comment = g_new0(MpFileComment, 1);
    comment->where = g_strdup(where);
    comment->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)mp_new_attachment_free);
    g_ptr_array_add(thread->comments, comment);
    return comment;
}

char *
mp_file_text(const MpConfig *config, const char *text, const char *where, GError **error)
{
    g_autoptr(GString) visible = mp_visible_text(text);
    gsize end = visible->len;

    /* empty lines at the end say nothing, but what came by mail may end in blanks */
    while (end > 0 && g_ascii_isspace(visible->str[end - 1]))
        end--;
    g_string_truncate(visible, end == 0 ? 0 : end + strspn(visible->str + end, " \t"));
    glong length = g_utf8_strlen(visible->str, -1);
    if (length > config->max_comment)
        return mp_fail_null(error, MP_ERROR_INPUT,
                            "%s: the text has %ld characters, at most %d are allowed", where,
                            length, config->max_comment);
    g_string_append_c(visible, '\n');
    return mp_masked(config, visible->str, MP_MASK_MARKDOWN);
}

bool
mp_file_is_message_id(const char *id)
{
    gsize length = strlen(id);

    if (length < 3 || length > 500 || id[0] != '<' || id[length - 1] != '>')
        return false;
    for (gsize i = 1; i + 1 < length; i++)
        if (!g_ascii_isgraph(id[i]) || id[i] == '<' || id[i] == '>')
            return false;
    return true;
}

/* --- JSON: the first fault is kept, and everything after it reads as empty -----------------------
 */

typedef struct {
    MpInstance *instance;
    GError *why;
} Reader;

static void
blame(Reader *r, const char *where, const char *name, const char *why)
{
    if (r->why == NULL)
        mp_fail(&r->why, MP_ERROR_INPUT, "%s.%s: %s", where, name, why);
}

/* A string of at most `most` octets; NULL for null or absent, which is blamed where it is required.
 */
static char *
text(Reader *r, JsonObject *object, const char *where, const char *name, gsize most, bool required)
{
    JsonNode *node = json_object_get_member(object, name);
    const char *value;

    if (node == NULL || JSON_NODE_HOLDS_NULL(node)) {
        if (required)
            blame(r, where, name, "missing");
        return NULL;
    }
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
        blame(r, where, name, "not a string");
        return NULL;
    }
    value = json_node_get_string(node);
    if (strlen(value) > most) {
        blame(r, where, name, "too long");
        return NULL;
    }
    return g_strdup(value);
}

/* The same as one line without controls. */
static char *
line(Reader *r, JsonObject *object, const char *where, const char *name, bool required)
{
    g_autofree char *value = text(r, object, where, name, WORD_MAX, required);

    return value != NULL ? mp_one_line(value) : NULL;
}

static gint64
date(Reader *r, JsonObject *object, const char *where, const char *name)
{
    g_autofree char *value = line(r, object, where, name, true);
    gint64 seconds = 0;

    if (value != NULL && (!mp_time_parse(value, &seconds) || seconds < 0))
        blame(r, where, name, "not a date like 2026-01-31T12:00:00Z");
    return seconds;
}

/* The objects of an array; NULL where there is none. */
static JsonArray *
array(Reader *r, JsonObject *object, const char *where, const char *name, guint most)
{
    JsonNode *node = json_object_get_member(object, name);

    if (node == NULL || JSON_NODE_HOLDS_NULL(node))
        return NULL;
    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        blame(r, where, name, "not an array");
        return NULL;
    }
    JsonArray *found = json_node_get_array(node);
    if (json_array_get_length(found) > most)
        blame(r, where, name, "too many elements");
    for (guint i = 0; i < json_array_get_length(found); i++)
        if (!JSON_NODE_HOLDS_OBJECT(json_array_get_element(found, i)))
            blame(r, where, name, "not an array of objects");
    return r->why == NULL ? found : NULL;
}

/* As the text links it; of a file that does not say, as it would be called here. */
static char *
file_of_attachment(Reader *r, JsonObject *object, const MpFileComment *comment, const char *name,
                   const char *type)
{
    g_autofree char *file = line(r, object, comment->where, "file", false);

    if (file == NULL)
        file = mp_attachment_file(comment->attachments->len + 1, name, type);
    for (guint i = 0; i < comment->attachments->len; i++)
        if (strcmp(((MpNewAttachment *)g_ptr_array_index(comment->attachments, i))->file, file) ==
            0)
            blame(r, comment->where, "file", "there twice");
    if (!mp_is_attachment_file(file))
        blame(r, comment->where, "file", "not a number with one of the known extensions");
    return g_steal_pointer(&file);
}

static void
read_attachment(Reader *r, JsonObject *object, MpFileComment *comment)
{
    const MpConfig *config = r->instance->config;
    g_autofree char *name = line(r, object, comment->where, "name", true);
    g_autofree char *type = line(r, object, comment->where, "type", true);
    g_autofree char *data = text(r, object, comment->where, "data",
                                 (gsize)config->max_attachment_size / 3 * 4 + 8, true);
    MpNewAttachment *attachment;
    gsize length = 0;

    if (r->why == NULL && *name == '\0')
        blame(r, comment->where, "name", "empty");
    g_autofree char *file =
        r->why == NULL ? file_of_attachment(r, object, comment, name, type) : NULL;
    if (r->why != NULL)
        return;
    guchar *bytes = g_base64_decode(data, &length);
    attachment = g_new0(MpNewAttachment, 1);
    attachment->file = g_steal_pointer(&file);
    attachment->name = g_steal_pointer(&name);
    attachment->type = g_steal_pointer(&type);
    attachment->data = g_bytes_new_take(bytes, length);
    g_ptr_array_add(comment->attachments, attachment);
}

static bool
is_key(const char *key)
{
    return strlen(key) == 32 && strspn(key, "0123456789abcdef") == 32;
}

static char *
masked(char *value, MpMaskScope scope)
{
    g_autofree char *taken = value;

    return value != NULL ? mp_address_mask(value, scope) : NULL;
}

/* What of a commit it is about. */
static void
read_place(Reader *r, JsonObject *object, MpFileComment *comment)
{
    JsonNode *number = json_object_get_member(object, "line");
    gint64 line = number != NULL && JSON_NODE_HOLDS_VALUE(number) ? json_node_get_int(number) : 0;

    g_autofree char *lines = text(r, object, comment->where, "lines", LINES_MAX, false);

    comment->path = text(r, object, comment->where, "path", WORD_MAX, false);
    if (comment->path != NULL && !mp_is_commented_path(comment->path))
        blame(r, comment->where, "path", "not the path of a file");
    if (line < 0 || line > MP_LINE_MAX || (line > 0 && comment->path == NULL))
        blame(r, comment->where, "line", "not the number of a line, or of no file");
    comment->line = (guint64)MAX(line, 0);
    if (lines != NULL && comment->line != 0) {
        g_autoptr(GString) visible = mp_visible_text(lines);
        comment->quoted = mp_masked(r->instance->config, visible->str, MP_MASK_TEXT);
    }
}

static void
read_comment(Reader *r, MpFileThread *thread, JsonObject *object, guint i)
{
    const MpConfig *config = r->instance->config;
    g_autofree char *where = g_strdup_printf("comments[%u]", i);
    MpFileComment *comment = r->why == NULL ? mp_file_thread_add(thread, where, &r->why) : NULL;

    if (comment == NULL)
        return;
    g_autofree char *body = text(r, object, where, "body", G_MAXSIZE, true);
    g_autofree char *elided = text(r, object, where, "elided", (gsize)config->max_mail_size, false);
    comment->id = line(r, object, where, "id", true);
    comment->login = line(r, object, where, "author", true);
    comment->date = date(r, object, where, "date");
    if (json_object_has_member(object, "redacted"))
        comment->redacted = date(r, object, where, "redacted");
    comment->via = line(r, object, where, "via", true);
    comment->host = line(r, object, where, "host", false);
    comment->key = line(r, object, where, "key", false);
    comment->message_id = line(r, object, where, "message_id", false);
    comment->recipient = masked(line(r, object, where, "recipient", false), MP_MASK_MACS);
    comment->part = line(r, object, where, "part", false);
    read_place(r, object, comment);
    comment->elided = masked(g_steal_pointer(&elided), MP_MASK_TEXT);
    if (comment->id != NULL && !mp_file_is_message_id(comment->id))
        blame(r, where, "id", "not a Message-ID");
    if (comment->key != NULL && !is_key(comment->key))
        blame(r, where, "key", "not 32 hexadecimal digits");
    if (body != NULL && r->why == NULL)
        comment->body = mp_file_text(config, body, where, &r->why);
    JsonArray *attachments = array(r, object, where, "attachments", (guint)config->max_attachments);
    for (guint k = 0; attachments != NULL && k < json_array_get_length(attachments); k++)
        read_attachment(r, json_array_get_object_element(attachments, k), comment);
}

static void
read_subscriber(Reader *r, MpFileThread *thread, JsonObject *object, guint i)
{
    g_autofree char *where = g_strdup_printf("subscribers[%u]", i);
    MpFileSubscriber *subscriber = g_new0(MpFileSubscriber, 1);

    subscriber->login = line(r, object, where, "login", true);
    subscriber->reason = line(r, object, where, "reason", true);
    g_ptr_array_add(thread->subscribers, subscriber);
    if (subscriber->reason != NULL &&
        (*subscriber->reason == '\0' || strlen(subscriber->reason) > 40))
        blame(r, where, "reason", "empty or too long");
}

static void
read_facts(Reader *r, MpFileThread *thread, JsonObject *object)
{
    MpThread *facts = thread->facts;
    g_autofree char *format = line(r, object, "thread", "format", true);
    g_autofree char *kind = line(r, object, "thread", "kind", true);
    g_autofree char *state = line(r, object, "thread", "state", true);
    JsonNode *id = json_object_get_member(object, "id"),
             *locked = json_object_get_member(object, "locked"),
             *unlisted = json_object_get_member(object, "unlisted"),
             *merged = json_object_get_member(object, "merged");

    facts->repository = line(r, object, "thread", "repository", true);
    facts->title = masked(line(r, object, "thread", "title", true),
                          r->instance->config->mask_addresses ? MP_MASK_TEXT : MP_MASK_MACS);
    facts->object = line(r, object, "thread", "object", false);
    facts->base = line(r, object, "thread", "base", false);
    facts->created = date(r, object, "thread", "created");
    facts->is_open = g_strcmp0(state, "open") == 0;
    facts->is_locked =
        locked != NULL && JSON_NODE_HOLDS_VALUE(locked) && json_node_get_boolean(locked);
    facts->is_unlisted =
        unlisted != NULL && JSON_NODE_HOLDS_VALUE(unlisted) && json_node_get_boolean(unlisted);
    facts->is_merged =
        merged != NULL && JSON_NODE_HOLDS_VALUE(merged) && json_node_get_boolean(merged);
    if (id != NULL && JSON_NODE_HOLDS_VALUE(id) && json_node_get_int(id) > 0)
        thread->id = (guint64)json_node_get_int(id);
    if (format != NULL && strcmp(format, MP_THREAD_FORMAT) != 0)
        blame(r, "thread", "format", "not " MP_THREAD_FORMAT);
    if (state != NULL && !facts->is_open && strcmp(state, "closed") != 0)
        blame(r, "thread", "state", "neither open nor closed");
    if (kind != NULL && !mp_thread_kind_parse(kind, &facts->kind))
        blame(r, "thread", "kind", "none of: issue, pull, commit");
}

static void
read_thread(Reader *r, MpFileThread *thread, JsonObject *object)
{
    JsonArray *subscribers, *comments;

    read_facts(r, thread, object);
    subscribers = array(r, object, "thread", "subscribers", G_MAXUINT);
    comments = array(r, object, "thread", "comments", COMMENTS_MAX);
    thread->has_subscribers = subscribers != NULL;
    for (guint i = 0; subscribers != NULL && i < json_array_get_length(subscribers); i++)
        read_subscriber(r, thread, json_array_get_object_element(subscribers, i), i);
    for (guint i = 0; comments != NULL && i < json_array_get_length(comments); i++)
        read_comment(r, thread, json_array_get_object_element(comments, i), i);
    if (r->why == NULL)
        mp_file_read_events(r->instance, object, thread, &r->why);
    if (thread->comments->len == 0)
        blame(r, "thread", "comments", "there is not even an opening post");
}

/* The parser goes down a level by a call a level: not into the depths that anybody may write. */
static bool
check_nesting(const GString *bytes, GError **error)
{
    int depth = 0, lines = 1;
    bool in_string = false;

    for (gsize i = 0; i < bytes->len; i++) {
        char c = bytes->str[i];

        if (c == '\n')
            lines++;
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > NESTING_MAX)
            return mp_fail(error, MP_ERROR_INPUT, "line %d: nested deeper than %d levels", lines,
                           NESTING_MAX);
        else if (!in_string && (c == ']' || c == '}'))
            depth--;
    }
    return true;
}

MpFileThread *
mp_file_read_json(MpInstance *instance, const GString *bytes, GError **error)
{
    g_autoptr(MpFileThread) thread = mp_file_thread_new();
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) why = NULL;
    Reader r = {instance, NULL};

    if (!g_utf8_validate(bytes->str, (gssize)bytes->len, NULL))
        return mp_fail_null(error, MP_ERROR_INPUT, "not UTF-8 text");
    if (!check_nesting(bytes, error))
        return NULL;
    if (!json_parser_load_from_data(parser, bytes->str, (gssize)bytes->len, &why))
        return mp_fail_null(error, MP_ERROR_INPUT, "line %s",
                            g_str_has_prefix(why->message, "<data>:")
                                ? why->message + strlen("<data>:")
                                : why->message);
    JsonNode *root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root))
        return mp_fail_null(error, MP_ERROR_INPUT, "line 1: not a JSON object");
    read_thread(&r, thread, json_node_get_object(root));
    if (r.why == NULL)
        return g_steal_pointer(&thread);
    g_propagate_error(error, r.why);
    return NULL;
}
