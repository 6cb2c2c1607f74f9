/* Names and their rules: logins, repositories, Message-IDs; and the freeing of what has names. */
#include "tracker/tracker.h"

#include <string.h>

#include "base/domain.h"
#include "base/escape.h"
#include "git/tree_name.h"

#define LOGIN_MAX    39
#define PART_MAX     100
#define REVISION_MAX 200

#define PATH_OCTETS_MAX 1000

bool
mp_is_login(const char *login)
{
    gsize length = strlen(login);

    if (length == 0 || length > LOGIN_MAX || login[0] == '-' || login[length - 1] == '-')
        return false;
    for (const char *p = login; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && (*p != '-' || p[1] == '-'))
            return false;
    return true;
}

/* As a server would call its directory, or Git the lock of a file. */
static bool
ends_as_another(const char *part, gsize length)
{
    static const char *const endings[] = {".git", ".lock"};

    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        gsize n = strlen(endings[i]);

        if (length > n && g_ascii_strncasecmp(part + length - n, endings[i], n) == 0)
            return true;
    }
    return false;
}

static bool
is_repository_part(const char *part, gsize length)
{
    if (length == 0 || length > PART_MAX || part[0] == '.' || part[0] == '-')
        return false;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(part[i]) && strchr("._-", part[i]) == NULL)
            return false;
    return mp_tree_name_fault(part, length) == NULL && !ends_as_another(part, length);
}

bool
mp_is_repository_name(const char *name)
{
    const char *slash = strchr(name, '/');

    return slash != NULL && is_repository_part(name, (gsize)(slash - name)) &&
           is_repository_part(slash + 1, strlen(slash + 1));
}

bool
mp_is_revision(const char *revision)
{
    gsize length = strlen(revision);

    if (length == 0 || length > REVISION_MAX || revision[0] == '-')
        return false;
    for (const char *p = revision; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr("._/-+^~", *p) == NULL)
            return false;
    return true;
}

/* Git's rules (git-check-ref-format), as far as mp_is_revision() leaves room for breaking them. */
bool
mp_is_branch(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);

    for (char **part = parts; *part != NULL; part++)
        if (**part == '\0' || **part == '.' || g_str_has_suffix(*part, ".lock") ||
            g_str_has_suffix(*part, "."))
            return false;
    return mp_is_revision(name) && strpbrk(name, "^~") == NULL && strstr(name, "..") == NULL;
}

bool
mp_is_commented_path(const char *path)
{
    return *path != '\0' && *path != '/' && strlen(path) <= PATH_OCTETS_MAX &&
           mp_is_visible_line(path);
}

bool
mp_is_title(const char *title)
{
    return title[strspn(title, " ")] != '\0' && mp_is_visible_line(title) &&
           g_utf8_strlen(title, -1) <= MP_TITLE_MAX;
}

char
mp_thread_address_kind(MpThreadKind kind)
{
    return kind == MP_COMMIT ? 'c' : 'i';
}

bool
mp_is_nonce(const char *text)
{
    return strlen(text) == 2 * MP_NONCE_OCTETS &&
           strspn(text, "0123456789abcdef") == 2 * MP_NONCE_OCTETS;
}

char *
mp_thread_page(guint64 thread, guint64 comment)
{
    guint64 first = comment - comment % 100;

    return first == 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, thread)
                      : g_strdup_printf("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, thread, first);
}

/* A mail makes some thirty of these ids to compare others with, and formats would be most of that.
 */
static void
append_number(GString *text, const char *before, guint64 number)
{
    char digits[20]; /* of 2^64 */
    gsize at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    g_string_append(text, before);
    g_string_append_len(text, digits + at, (gssize)(sizeof digits - at));
}

/* "-01234567" */
static void
append_mark(GString *text, const char *key)
{
    g_string_append_c(text, '-');
    g_string_append_len(text, key, (gssize)strnlen(key, MP_MARK_DIGITS));
}

char *
mp_thread_message_id(const MpThread *thread, guint64 comment, const char *key, const char *hostname)
{
    g_autoptr(GString) id = g_string_sized_new(128);

    g_string_append_c(id, '<');
    g_string_append(id, thread->repository);
    if (thread->kind == MP_COMMIT) {
        g_string_append(id, "/commit/");
        g_string_append(id, thread->object != NULL ? thread->object : ""); /* fsck tells of it */
    } else {
        append_number(id, thread->kind == MP_PULL ? "/pull/" : "/issues/", thread->id);
    }
    if (thread->nonce != NULL)
        append_mark(id, thread->nonce);
    if (comment > 0)
        append_number(id, thread->kind == MP_PULL ? "/c" : "/", comment);
    if (comment > 0 && key != NULL)
        append_mark(id, key);
    g_string_append_c(id, '@');
    g_string_append(id, hostname);
    g_string_append_c(id, '>');
    return g_string_free(g_steal_pointer(&id), FALSE);
}

/* Behind the opening's id, up to its @, stands "/3-KEY" or "/c3-KEY". */
static bool
take_comment_number(const char *rest, guint64 *comment)
{
    char *end;

    if (rest[0] != '/')
        return false;
    rest += 1 + (rest[1] == 'c');
    *comment = g_ascii_isdigit(*rest) ? g_ascii_strtoull(rest, &end, 10) : 0;
    return *comment > 0 && (*end == '-' || *end == '@');
}

bool
mp_thread_comment_of_id(const MpThread *thread, const char *id, const char *hostname,
                        guint64 *comment)
{
    MpThread unmarked = *thread;
    const MpThread *const variants[] = {thread, &unmarked};
    const char *at = strrchr(id, '@');

    unmarked.nonce = NULL;
    for (gsize i = 0; at != NULL && i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *opening = mp_thread_message_id(variants[i], 0, NULL, hostname);
        const char *end = strrchr(opening, '@');
        gsize length = (gsize)(end - opening);

        *comment = 0;
        if (strcmp(id, opening) == 0)
            return true;
        if (strncmp(id, opening, length) == 0 && strcmp(at, end) == 0 &&
            take_comment_number(id + length, comment))
            return true;
    }
    return false;
}

bool
mp_user_has_address(const MpUser *user, const char *address, bool case_matters)
{
    for (guint i = 0; i < user->emails->len; i++)
        if (mp_same_address(g_ptr_array_index(user->emails, i), address, case_matters))
            return true;
    return false;
}

bool
mp_thread_is_fitting(const MpThread *thread)
{
    const char *object = thread->object;
    bool has_branches = thread->base != NULL && object != NULL && mp_is_branch(thread->base) &&
                        mp_is_branch(object);

    if (thread->is_merged && (thread->kind != MP_PULL || thread->is_open))
        return false;
    if (thread->base != NULL && (thread->kind != MP_PULL || !has_branches))
        return false;
    if (object == NULL)
        return thread->kind != MP_COMMIT;
    return thread->kind != MP_ISSUE && mp_is_revision(object);
}

void
mp_thread_free(MpThread *thread)
{
    if (thread == NULL)
        return;
    g_free(thread->repository);
    g_free(thread->title);
    g_free(thread->object);
    g_free(thread->base);
    g_free(thread->author_login);
    g_free(thread->author_name);
    g_free(thread->nonce);
    g_clear_pointer(&thread->labels, g_ptr_array_unref);
    g_clear_pointer(&thread->assignees, g_ptr_array_unref);
    g_free(thread);
}

void
mp_comment_free(MpComment *comment)
{
    if (comment == NULL)
        return;
    g_free(comment->author_login);
    g_free(comment->author_name);
    g_free(comment->via);
    g_free(comment->host);
    g_free(comment->recipient);
    g_free(comment->part);
    g_free(comment->path);
    g_free(comment->quoted);
    g_free(comment->body);
    g_free(comment->elided);
    g_free(comment->message_id);
    g_free(comment->key);
    g_clear_pointer(&comment->attachments, g_ptr_array_unref);
    g_free(comment);
}

bool
mp_is_ref_patterns(const char *text)
{
    return strlen(text) <= 1000 && strspn(text, " ") < strlen(text) &&
           strpbrk(text, "?[]\\~^:;") == NULL && mp_is_visible_line(text);
}

bool
mp_repository_tells_ref(const MpRepository *repository, const char *ref)
{
    if (repository->push_refs == NULL)
        return true;
    g_auto(GStrv) patterns = g_strsplit(repository->push_refs, " ", -1);
    for (char **pattern = patterns; *pattern != NULL; pattern++)
        if (**pattern != '\0' && g_pattern_match_simple(*pattern, ref))
            return true;
    return false;
}

const char *
mp_thread_author(const MpThread *thread)
{
    return thread->author_name != NULL ? thread->author_name : thread->author_login;
}

const char *
mp_comment_author(const MpComment *comment)
{
    return comment->author_name != NULL ? comment->author_name : comment->author_login;
}

void
mp_repository_free(MpRepository *repository)
{
    if (repository == NULL)
        return;
    g_free(repository->name);
    g_free(repository->link);
    g_free(repository->address);
    g_free(repository->push_refs);
    g_clear_pointer(&repository->watchers, g_array_unref);
    g_clear_pointer(&repository->members, g_array_unref);
    g_free(repository);
}

void
mp_user_free(MpUser *user)
{
    if (user == NULL)
        return;
    g_free(user->login);
    g_free(user->name);
    g_free(user->language);
    g_clear_pointer(&user->ignored, g_ptr_array_unref);
    g_clear_pointer(&user->emails, g_ptr_array_unref);
    g_clear_pointer(&user->bounces, g_ptr_array_unref);
    g_clear_pointer(&user->hasty, g_ptr_array_unref);
    g_clear_pointer(&user->revoked, g_array_unref);
    g_free(user);
}

bool
mp_user_ignores(const MpUser *user, const char *repository)
{
    for (guint i = 0; user->ignored != NULL && i < user->ignored->len; i++)
        if (strcmp(user->ignored->pdata[i], repository) == 0)
            return true;
    return false;
}

bool
mp_has_id(const GArray *ids, guint64 id)
{
    for (guint i = 0; i < ids->len; i++)
        if (g_array_index(ids, guint64, i) == id)
            return true;
    return false;
}

bool
mp_set_id(GArray *ids, guint64 id, bool is_in)
{
    if (mp_has_id(ids, id) == is_in)
        return false;
    if (is_in)
        g_array_append_val(ids, id);
    for (guint i = ids->len; !is_in && i-- > 0;)
        if (g_array_index(ids, guint64, i) == id)
            g_array_remove_index(ids, i);
    return true;
}

bool
mp_user_is_unconfirmed(const MpUser *user)
{
    return user->is_guest && user->emails->len == 0 && user->account == 0;
}

bool
mp_user_is_known(const MpUser *user)
{
    return user->is_active && !user->is_guest;
}

const char *
mp_user_state(const MpUser *user)
{
    return user->account != 0             ? "former"
           : !user->is_active             ? "suspended"
           : mp_user_is_unconfirmed(user) ? "unconfirmed"
           : user->is_guest               ? "guest"
                                          : "active";
}
