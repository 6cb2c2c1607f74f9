/* Fact files as text and back; see facts.h. */
#include "tracker/facts.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "tracker/internal.h"

/* --- Reading: the first fault is kept, and everything after it reads as empty ------------------
 */

typedef struct {
    GKeyFile *file;
    const char *text, *path, *group;
    GError *fault;
} Reader;

/* The first line that no key file may have; 0 if there is none. */
static guint
odd_line(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool has_group = false;

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);

        if (*line == '\0' || *line == '#')
            continue;
        has_group |= *line == '[';
        if (!has_group ||
            (*line == '[' ? !g_str_has_suffix(line, "]") : strchr(line + 1, '=') == NULL))
            return i + 1;
    }
    return 0;
}

/* Where a key stands, the last of several; else its group; 0 if neither is there. */
static guint
line_of(const char *text, const char *group, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *header = g_strdup_printf("[%s]", group);
    guint found = 0;
    bool inside = false;

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);
        gsize length = strlen(key);

        if (*line == '[')
            inside = strcmp(line, header) == 0;
        if (inside && (*line == '[' ? found == 0
                                    : strncmp(line, key, length) == 0 &&
                                          line[length + strspn(line + length, " \t")] == '='))
            found = i + 1;
    }
    return found;
}

/* "PATH:LINE: WHY", as compilers have it. */
static void
fail_at(Reader *r, guint line, const char *why)
{
    g_autofree char *number = line > 0 ? g_strdup_printf("%u:", line) : g_strdup("");

    if (r->fault == NULL)
        mp_fail(&r->fault, MP_ERROR_INSTALLATION, "%s:%s %s", r->path, number, why);
}

static void
reader_init(Reader *r, const char *text, const char *path, const char *group)
{
    g_autoptr(GError) why = NULL;

    *r = (Reader){g_key_file_new(), text, path, group, NULL};
    if (!g_key_file_load_from_data(r->file, text, strlen(text), G_KEY_FILE_NONE, &why))
        fail_at(r, odd_line(text), why->message);
}

/* Frees the reader; true if all was well, else *error is set. */
static bool
reader_finish(Reader *r, GError **error)
{
    g_key_file_free(r->file);
    if (r->fault == NULL)
        return true;
    g_propagate_error(error, r->fault);
    return false;
}

static void
blame(Reader *r, const char *key, const char *why)
{
    g_autofree char *what = g_strdup_printf("[%s] %s: %s", r->group, key, why);

    fail_at(r, line_of(r->text, r->group, key), what);
}

static char *
optional_string(Reader *r, const char *key)
{
    char *value = r->fault == NULL ? g_key_file_get_string(r->file, r->group, key, NULL) : NULL;

    return value;
}

static char *
required_string(Reader *r, const char *key)
{
    char *value = optional_string(r, key);

    if (value == NULL)
        blame(r, key, "missing");
    return value;
}

static guint64
number(Reader *r, const char *key, guint64 least, guint64 most)
{
    g_autofree char *text = required_string(r, key);
    guint64 value = least;

    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, least, most, &value, NULL))
        blame(r, key, "not a number of the right range");
    return value;
}

static gint64
date(Reader *r, const char *key)
{
    g_autofree char *text = required_string(r, key);
    gint64 value = 0;

    if (text != NULL && !mp_time_parse(text, &value))
        blame(r, key, "not a date like 2026-01-31T12:00:00Z");
    return value;
}

static bool
boolean(Reader *r, const char *key)
{
    g_autofree char *text = optional_string(r, key);

    if (text == NULL || strcmp(text, "false") == 0)
        return false;
    if (strcmp(text, "true") != 0)
        blame(r, key, "neither true nor false");
    return true;
}

static GArray *
numbers(Reader *r, const char *key, guint64 least, guint64 most)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_auto(GStrv) texts = g_key_file_get_string_list(r->file, r->group, key, NULL, NULL);

    for (char **text = texts; text != NULL && *text != NULL; text++) {
        guint64 id;

        if (g_ascii_string_to_unsigned(*text, 10, least, most, &id, NULL))
            g_array_append_val(array, id);
        else
            blame(r, key, "not a list of numbers of the right range");
    }
    return array;
}

/* --- Writing -------------------------------------------------------------------------------- */

static void
set_number(GKeyFile *file, const char *group, const char *key, guint64 value)
{
    g_key_file_set_uint64(file, group, key, value);
}

static void
set_date(GKeyFile *file, const char *group, const char *key, gint64 value)
{
    g_autofree char *text = mp_time_format(value);

    g_key_file_set_string(file, group, key, text);
}

static void
set_optional(GKeyFile *file, const char *group, const char *key, const char *value)
{
    if (value != NULL)
        g_key_file_set_string(file, group, key, value);
}

static void
set_numbers(GKeyFile *file, const char *group, const char *key, const GArray *array)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; array != NULL && i < array->len; i++)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT ";", g_array_index(array, guint64, i));
    if (text->len > 0)
        g_key_file_set_value(file, group, key, text->str);
}

/* --- Threads -------------------------------------------------------------------------------- */

static const char *const kind_names[] = {"issue", "pull", "commit"};

const char *
mp_thread_kind_name(MpThreadKind kind)
{
    return kind_names[kind];
}

bool
mp_thread_kind_parse(const char *name, MpThreadKind *kind)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *kind = (MpThreadKind)i;
            return true;
        }
    }
    return false;
}

MpThread *
mp_facts_parse_thread(const char *text, const char *path, guint64 id, GError **error)
{
    g_autoptr(MpThread) thread = g_new0(MpThread, 1);
    Reader r;

    reader_init(&r, text, path, "thread");
    g_autofree char *kind = required_string(&r, "kind");
    g_autofree char *state = required_string(&r, "state");
    thread->id = id;
    thread->repository = required_string(&r, "repository");
    thread->title = required_string(&r, "title");
    thread->object = optional_string(&r, "object");
    thread->author = number(&r, "author", 1, MP_MAX_ID);
    thread->author_login = required_string(&r, "login");
    thread->created = date(&r, "created");
    thread->nonce = required_string(&r, "nonce");
    thread->is_locked = boolean(&r, "locked");
    thread->is_open = g_strcmp0(state, "open") == 0;
    if (thread->nonce != NULL && !mp_is_nonce(thread->nonce))
        blame(&r, "nonce", "not 16 hexadecimal digits");
    if (kind != NULL && !mp_thread_kind_parse(kind, &thread->kind))
        blame(&r, "kind", "none of: issue, pull, commit");
    if (state != NULL && !thread->is_open && strcmp(state, "closed") != 0)
        blame(&r, "state", "neither open nor closed");
    if (thread->repository != NULL && !mp_is_repository_name(thread->repository))
        blame(&r, "repository", "not of the form owner/name");
    return reader_finish(&r, error) ? g_steal_pointer(&thread) : NULL;
}

char *
mp_facts_thread(const MpThread *thread)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    const char *g = "thread";

    g_key_file_set_string(file, g, "kind", mp_thread_kind_name(thread->kind));
    g_key_file_set_string(file, g, "repository", thread->repository);
    g_key_file_set_string(file, g, "title", thread->title);
    g_key_file_set_string(file, g, "state", thread->is_open ? "open" : "closed");
    g_key_file_set_string(file, g, "locked", thread->is_locked ? "true" : "false");
    set_optional(file, g, "object", thread->object);
    set_number(file, g, "author", thread->author);
    g_key_file_set_string(file, g, "login", thread->author_login);
    set_date(file, g, "created", thread->created);
    g_key_file_set_string(file, g, "nonce", thread->nonce);
    return g_key_file_to_data(file, NULL, NULL);
}

/* --- Comments ------------------------------------------------------------------------------- */

static void
attachment_free(gpointer data)
{
    MpAttachmentFact *fact = data;

    g_free(fact->file);
    g_free(fact->name);
    g_free(fact->type);
    g_free(fact);
}

/* A key for each file, with "TYPE;NAME;": what was sent is a value, never a key or a path. */
static GPtrArray *
attachments(Reader *r)
{
    GPtrArray *array = g_ptr_array_new_with_free_func(attachment_free);
    g_auto(GStrv) keys = g_key_file_get_keys(r->file, "attachments", NULL, NULL);

    for (char **key = keys; key != NULL && *key != NULL; key++) {
        g_auto(GStrv) pair = g_key_file_get_string_list(r->file, "attachments", *key, NULL, NULL);
        MpAttachmentFact *fact;

        if (pair == NULL || g_strv_length(pair) != 2) {
            blame(r, *key, "not of the form TYPE;NAME;");
            break;
        }
        if (!mp_is_attachment_file(*key)) {
            blame(r, *key, "not the file of an attachment");
            break;
        }
        fact = g_new0(MpAttachmentFact, 1);
        fact->file = g_strdup(*key);
        fact->type = g_strdup(pair[0]);
        fact->name = g_strdup(pair[1]);
        g_ptr_array_add(array, fact);
    }
    return array;
}

static void
set_attachments(GKeyFile *file, const GPtrArray *array)
{
    for (guint i = 0; array != NULL && i < array->len; i++) {
        const MpNewAttachment *attachment = g_ptr_array_index(array, i);
        const char *pair[] = {attachment->type, attachment->name};

        g_key_file_set_string_list(file, "attachments", attachment->file, pair, 2);
    }
}

MpComment *
mp_facts_parse_comment(const char *text, const char *path, guint64 comment_number, GError **error)
{
    g_autoptr(MpComment) comment = g_new0(MpComment, 1);
    Reader r;

    reader_init(&r, text, path, "comment");
    comment->number = comment_number;
    comment->author = number(&r, "author", 1, MP_MAX_ID);
    comment->author_login = required_string(&r, "login");
    comment->date = date(&r, "date");
    comment->via = required_string(&r, "via");
    comment->host = optional_string(&r, "host");
    comment->key = required_string(&r, "key");
    r.group = "mail";
    comment->message_id = optional_string(&r, "message-id");
    comment->recipient = optional_string(&r, "recipient");
    comment->part = optional_string(&r, "part");
    r.group = "attachments";
    comment->attachments = attachments(&r);
    return reader_finish(&r, error) ? g_steal_pointer(&comment) : NULL;
}

char *
mp_facts_comment(const MpNewComment *comment, const MpActor *actor)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    set_number(file, "comment", "author", actor->user);
    g_key_file_set_string(file, "comment", "login", actor->login);
    set_date(file, "comment", "date", actor->date);
    g_key_file_set_string(file, "comment", "via", comment->via);
    set_optional(file, "comment", "host", comment->host);
    g_key_file_set_string(file, "comment", "key", comment->key);
    set_optional(file, "mail", "message-id", comment->message_id);
    set_optional(file, "mail", "recipient", comment->recipient);
    set_optional(file, "mail", "part", comment->part);
    set_optional(file, "mail", "commands", comment->commands);
    set_optional(file, "mail", "dmarc", comment->dmarc);
    set_optional(file, "mail", "dkim", comment->dkim);
    set_optional(file, "mail", "spf", comment->spf);
    set_attachments(file, comment->attachments);
    return g_key_file_to_data(file, NULL, NULL);
}

/* --- Repositories ---------------------------------------------------------------------------- */

static const char *const policy_names[] = {"on", "members", "off"};

const char *
mp_reply_policy_name(MpReplyPolicy policy)
{
    return policy_names[policy];
}

bool
mp_reply_policy_parse(const char *name, MpReplyPolicy *policy)
{
    for (gsize i = 0; i < G_N_ELEMENTS(policy_names); i++) {
        if (strcmp(name, policy_names[i]) == 0) {
            *policy = (MpReplyPolicy)i;
            return true;
        }
    }
    return false;
}

MpRepository *
mp_facts_parse_repository(const char *text, const char *path, const char *name, GError **error)
{
    g_autoptr(MpRepository) repository = g_new0(MpRepository, 1);
    Reader r;

    reader_init(&r, text, path, "repository");
    g_autofree char *reply = required_string(&r, "reply");
    repository->name = g_strdup(name);
    repository->watchers = numbers(&r, "watchers", 1, MP_MAX_ID);
    repository->members = numbers(&r, "members", 1, MP_MAX_ID);
    repository->link = optional_string(&r, "link");
    if (reply != NULL && !mp_reply_policy_parse(reply, &repository->reply))
        blame(&r, "reply", "none of: on, members, off");
    return reader_finish(&r, error) ? g_steal_pointer(&repository) : NULL;
}

char *
mp_facts_repository(const MpRepository *repository)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    const char *g = "repository";

    g_key_file_set_string(file, g, "reply", mp_reply_policy_name(repository->reply));
    set_numbers(file, g, "watchers", repository->watchers);
    set_numbers(file, g, "members", repository->members);
    set_optional(file, g, "link", repository->link);
    return g_key_file_to_data(file, NULL, NULL);
}

/* --- Users ---------------------------------------------------------------------------------- */

static bool
is_mark(const char *text)
{
    return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

/* "20000-0123456789abcdef": the day, and which bounce it was. */
static void
add_bounce(Reader *r, const char *key, GPtrArray *list, const char *text)
{
    const char *dash = strchr(text, '-');
    g_autofree char *digits = g_strndup(text, dash != NULL ? (gsize)(dash - text) : 0);
    guint64 day;

    if (dash != NULL && is_mark(dash + 1) &&
        g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT32, &day, NULL))
        mp_bounces_add(list, (gint64)day, dash + 1);
    else
        blame(r, key, "not of the form DAY-MARK");
}

/* Keys 1, 2, … with "ADDRESS;STATE;hard;DAY-MARK;…;soft;DAY-MARK;…;": an address may hold what a
 * key must not. */
static void
read_bounces(Reader *r, MpUser *user)
{
    g_auto(GStrv) keys = g_key_file_get_keys(r->file, "bounces", NULL, NULL);

    r->group = "bounces";
    for (char **key = keys; key != NULL && *key != NULL; key++) {
        g_auto(GStrv) field = g_key_file_get_string_list(r->file, "bounces", *key, NULL, NULL);
        MpBounces *bounces;
        GPtrArray *list = NULL;

        if (field == NULL || g_strv_length(field) < 2) {
            blame(r, *key, "not of the form ADDRESS;STATE;…");
            return;
        }
        bounces = mp_user_add_bounces(user, field[0]);
        bounces->is_suppressed = strcmp(field[1], "suppressed") == 0;
        for (char **text = field + 2; *text != NULL; text++) {
            if (strcmp(*text, "hard") == 0)
                list = bounces->hard;
            else if (strcmp(*text, "soft") == 0)
                list = bounces->soft;
            else if (list != NULL)
                add_bounce(r, *key, list, *text);
        }
    }
}

MpUser *
mp_facts_parse_user(const char *text, const char *path, guint64 id, GError **error)
{
    g_autoptr(MpUser) user = g_new0(MpUser, 1);
    Reader r;

    reader_init(&r, text, path, "user");
    g_autofree char *state = required_string(&r, "state");
    g_auto(GStrv) emails = g_key_file_get_string_list(r.file, "user", "emails", NULL, NULL);
    user->id = id;
    user->login = required_string(&r, "login");
    user->name = required_string(&r, "name");
    user->epoch = number(&r, "epoch", 0, G_MAXUINT64);
    user->revoked = numbers(&r, "revoked", 0, G_MAXUINT64);
    user->is_active = g_strcmp0(state, "active") == 0;
    user->emails = g_ptr_array_new_with_free_func(g_free);
    for (char **email = emails; email != NULL && *email != NULL; email++)
        g_ptr_array_add(user->emails, g_strdup(*email));
    if (state != NULL && !user->is_active && strcmp(state, "suspended") != 0)
        blame(&r, "state", "neither active nor suspended");
    if (user->login != NULL && !mp_is_login(user->login))
        blame(&r, "login", "not a login");
    user->language = optional_string(&r, "language");
    read_bounces(&r, user);
    return reader_finish(&r, error) ? g_steal_pointer(&user) : NULL;
}

static void
add_bounces(GPtrArray *fields, const char *kind, const GPtrArray *list)
{
    g_ptr_array_add(fields, g_strdup(kind));
    for (guint i = 0; i < list->len; i++) {
        const MpBounce *bounce = g_ptr_array_index(list, i);

        g_ptr_array_add(fields,
                        g_strdup_printf("%" G_GINT64_FORMAT "-%s", bounce->day, bounce->mark));
    }
}

static void
set_bounces(GKeyFile *file, const GPtrArray *all)
{
    for (guint i = 0; all != NULL && i < all->len; i++) {
        const MpBounces *bounces = g_ptr_array_index(all, i);
        g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *key = g_strdup_printf("%u", i + 1);

        g_ptr_array_add(fields, g_strdup(bounces->address));
        g_ptr_array_add(fields, g_strdup(bounces->is_suppressed ? "suppressed" : "counting"));
        add_bounces(fields, "hard", bounces->hard);
        add_bounces(fields, "soft", bounces->soft);
        g_key_file_set_string_list(file, "bounces", key, (const char *const *)fields->pdata,
                                   fields->len);
    }
}

char *
mp_facts_user(const MpUser *user)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    const char *g = "user";

    g_key_file_set_string(file, g, "login", user->login);
    g_key_file_set_string(file, g, "name", user->name);
    g_key_file_set_string_list(file, g, "emails", (const char *const *)user->emails->pdata,
                               user->emails->len);
    set_number(file, g, "epoch", user->epoch);
    set_numbers(file, g, "revoked", user->revoked);
    g_key_file_set_string(file, g, "state", user->is_active ? "active" : "suspended");
    set_optional(file, g, "language", user->language);
    set_bounces(file, user->bounces);
    return g_key_file_to_data(file, NULL, NULL);
}

/* --- Subscribers ----------------------------------------------------------------------------- */

static void
subscriber_free(gpointer data)
{
    g_free(((MpSubscriber *)data)->reason);
    g_free(data);
}

static MpSubscriber *
parse_subscriber(const char *line)
{
    const char *space = strchr(line, ' ');
    g_autofree char *id_text = space != NULL ? g_strndup(line, (gsize)(space - line)) : NULL;
    g_autofree char *reason = space != NULL ? g_strstrip(g_strdup(space + 1)) : NULL;
    guint64 id;

    /* written without its reason it could not be read again */
    if (id_text == NULL || *reason == '\0' ||
        !g_ascii_string_to_unsigned(id_text, 10, 1, MP_MAX_ID, &id, NULL))
        return NULL;
    MpSubscriber *subscriber = g_new0(MpSubscriber, 1);
    subscriber->user = id;
    subscriber->reason = g_steal_pointer(&reason);
    return subscriber;
}

GPtrArray *
mp_facts_parse_subscribers(const char *text, const char *path, GError **error)
{
    g_autoptr(GPtrArray) subscribers = g_ptr_array_new_with_free_func(subscriber_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] == '\0')
            continue;
        MpSubscriber *subscriber = parse_subscriber(lines[i]);
        if (subscriber == NULL)
            return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s:%u: not \"ID REASON\"", path,
                                i + 1);
        g_ptr_array_add(subscribers, subscriber);
    }
    return g_steal_pointer(&subscribers);
}

char *
mp_facts_subscribers(const GPtrArray *subscribers)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(subscribers, i);

        g_string_append_printf(text, "%" G_GUINT64_FORMAT " %s\n", s->user, s->reason);
    }
    return g_string_free(text, FALSE);
}
