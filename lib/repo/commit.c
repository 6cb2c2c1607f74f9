/*
 * Commits and annotated tags, read by their lines: "FIELD SP VALUE", a blank line, the message.
 *
 * Parsed here, so that no repository of libgit2's is needed, which would look for grafts and
 * configuration.
 */
#include "repo/history.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "repo/internal.h"

#define PARENTS_MAX  64 /* an octopus has a dozen */
#define ENCODING_MAX 40
#define PEEL_MAX     8

void
mp_repo_node_clear(MpRepoNode *node)
{
    g_clear_pointer(&node->parents, g_array_unref);
}

static void
clear_person(MpRepoPerson *person)
{
    g_free(person->name);
    g_free(person->email);
}

void
mp_repo_commit_free(MpRepoCommit *commit)
{
    if (commit == NULL)
        return;
    g_array_unref(commit->parents);
    clear_person(&commit->author);
    clear_person(&commit->committer);
    g_free(commit->subject);
    g_free(commit->message);
    g_free(commit);
}

void
mp_repo_tag_free(MpRepoTag *tag)
{
    if (tag == NULL)
        return;
    clear_person(&tag->tagger);
    g_free(tag->message);
    g_free(tag);
}

/* --- Lines ---------------------------------------------------------------------------------- */

typedef struct {
    const char *at, *end;
} Header;

/* The next line's field and value; false at the blank line, behind which `at` then is. A line that
 * begins with a space goes on with the one before (a signature), and is passed over. */
static bool
next_field(Header *header, const char **field, const char **value, gsize *length)
{
    while (header->at < header->end && *header->at != '\n') {
        const char *line = header->at;
        const char *end = memchr(line, '\n', (gsize)(header->end - line));
        const char *stop = end != NULL ? end : header->end;
        const char *space = memchr(line, ' ', (gsize)(stop - line));

        header->at = end != NULL ? end + 1 : header->end;
        if (space == NULL || space == line)
            continue;
        *field = line;
        *value = space + 1;
        *length = (gsize)(stop - *value);
        return true;
    }
    if (header->at < header->end)
        header->at++;
    return false;
}

static bool
is_field(const char *field, const char *name)
{
    gsize length = strlen(name);

    return strncmp(field, name, length) == 0 && field[length] == ' ';
}

static bool
read_id(const char *value, gsize length, git_oid *id)
{
    return length >= GIT_OID_HEXSZ && git_oid_fromstrn(id, value, GIT_OID_HEXSZ) == 0;
}

/* The number behind the last '>': seconds; what is none, or beyond what a date can be, is 0. */
static gint64
read_time(const char *value, gsize length)
{
    g_autofree char *text = g_strndup(value, length);
    const char *end = strrchr(text, '>');
    gint64 time = end != NULL ? g_ascii_strtoll(end + 1, NULL, 10) : 0;

    return CLAMP(time, 0, G_GINT64_CONSTANT(253402300799)); /* the year 9999 */
}

static char *
convert(const char *bytes, gsize length, const char *encoding)
{
    g_autofree char *text = g_strndup(bytes, length);

    return encoding != NULL && !g_utf8_validate(text, -1, NULL)
               ? g_convert(text, (gssize)strlen(text), "UTF-8", encoding, NULL, NULL, NULL)
               : NULL;
}

static char *
as_text(const char *bytes, gsize length, const char *encoding)
{
    g_autofree char *converted = convert(bytes, length, encoding);
    GString *out = g_string_sized_new(length);

    if (converted != NULL)
        mp_repo_append_text(out, converted, strlen(converted));
    else
        mp_repo_append_text(out, bytes, length);
    return g_string_free(out, FALSE);
}

/* What is masked where it is published must not be cut to what is no address any more. */
static void
drop_half_address(char *line)
{
    char *space = strrchr(line, ' ');

    if (strchr(space != NULL ? space : line, '@') != NULL)
        *(space != NULL ? space + 1 : line) = '\0';
}

static char *
as_line(const char *bytes, gsize length, const char *encoding, glong max)
{
    g_autofree char *text = as_text(bytes, length, encoding);
    char *line = mp_one_line(text);

    if (g_utf8_strlen(line, -1) <= max)
        return line;
    g_autofree char *whole = line;
    g_autofree char *cut = g_utf8_substring(whole, 0, max - 1);
    drop_half_address(cut);
    return g_strconcat(cut, "…", NULL);
}

/* "Name <address> seconds zone" */
static void
read_person(MpRepoPerson *person, const char *value, gsize length, const char *encoding)
{
    const char *open = memchr(value, '<', length);
    const char *close = open != NULL ? memchr(open, '>', length - (gsize)(open - value)) : NULL;
    gsize n = open != NULL ? (gsize)(open - value) : length;

    clear_person(person);
    person->name = as_line(value, n, encoding, MP_REPO_NAME_MAX);
    person->email =
        close != NULL ? as_line(open + 1, (gsize)(close - open) - 1, encoding, 254) : g_strdup("");
    person->time = read_time(value, length);
}

/* A charset's name, and nothing that could be more than that to who looks it up. */
static char *
read_encoding(const char *value, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(value[i]) && strchr("-_.:", value[i]) == NULL)
            return NULL;
    return length > 0 && length <= ENCODING_MAX ? g_strndup(value, length) : NULL;
}

/* The message behind a header; ends with a newline where it is not empty. */
static char *
read_message(const Header *header, const char *encoding, bool *is_cut)
{
    gsize length = (gsize)(header->end - header->at);

    *is_cut = length > MP_REPO_MESSAGE_MAX;
    if (*is_cut) {
        length = MP_REPO_MESSAGE_MAX;
        while (length > 0 && ((guchar)header->at[length] & 0xc0) == 0x80)
            length--;
    }
    g_autofree char *text = as_text(header->at, length, encoding);
    g_strchomp(text);
    return *text != '\0' ? g_strconcat(text, "\n", NULL) : g_strdup("");
}

/* The first paragraph, as git log has it. */
static char *
subject_of(const char *message)
{
    const char *begin = message + strspn(message, "\n");
    const char *end = strstr(begin, "\n\n");

    return as_line(begin, end != NULL ? (gsize)(end - begin) : strlen(begin), NULL,
                   MP_REPO_SUBJECT_MAX);
}

/* Of NULL, one without lines. */
static Header
header_of(git_odb_object *object)
{
    const char *data = object != NULL ? git_odb_object_data(object) : "";

    return (Header){data, data + (object != NULL ? git_odb_object_size(object) : 0)};
}

/* --- Commits -------------------------------------------------------------------------------- */

bool
mp_repo_node(MpRepo *repo, const git_oid *id, MpRepoNode *node, bool *found, GError **error)
{
    g_autoptr(git_odb_object) object = NULL;
    const char *field, *value;
    gsize length;

    *node = (MpRepoNode){0};
    *found = false;
    if (!mp_repo_object(repo, id, GIT_OBJECT_COMMIT, MP_REPO_COMMIT_MAX, &node->is_partial, &object,
                        error))
        return false;
    *found = object != NULL || node->is_partial;
    if (!*found)
        return true;
    node->parents = g_array_new(FALSE, FALSE, sizeof(git_oid));
    for (Header header = header_of(object); next_field(&header, &field, &value, &length);) {
        git_oid parent;

        if (is_field(field, "tree"))
            read_id(value, length, &node->tree);
        else if (is_field(field, "parent") && read_id(value, length, &parent)) {
            if (node->parents->len < PARENTS_MAX)
                g_array_append_val(node->parents, parent);
            else
                node->is_partial = true;
        } else if (is_field(field, "committer"))
            node->time = read_time(value, length);
    }
    return true;
}

static void
read_people(MpRepoCommit *commit, git_odb_object *object)
{
    g_autofree char *encoding = NULL;
    const char *field, *value, *author = "", *committer = "";
    gsize length, n_author = 0, n_committer = 0;
    Header header = header_of(object);

    while (next_field(&header, &field, &value, &length)) {
        if (is_field(field, "author") && n_author == 0) {
            author = value;
            n_author = length;
        } else if (is_field(field, "committer") && n_committer == 0) {
            committer = value;
            n_committer = length;
        } else if (is_field(field, "encoding") && encoding == NULL)
            encoding = read_encoding(value, length);
    }
    read_person(&commit->author, author, n_author, encoding);
    read_person(&commit->committer, committer, n_committer, encoding);
    commit->message = read_message(&header, encoding, &commit->is_cut);
    commit->subject = subject_of(commit->message);
}

bool
mp_repo_commit(MpRepo *repo, const git_oid *id, MpRepoCommit **commit, GError **error)
{
    g_autoptr(git_odb_object) object = NULL;
    g_auto(MpRepoNode) node = {0};
    bool found, is_large = false;

    *commit = NULL;
    if (!mp_repo_node(repo, id, &node, &found, error))
        return false;
    if (!found)
        return true;
    if (!mp_repo_object(repo, id, GIT_OBJECT_COMMIT, MP_REPO_COMMIT_MAX, &is_large, &object, error))
        return false;
    *commit = g_new0(MpRepoCommit, 1);
    (*commit)->id = *id;
    (*commit)->tree = node.tree;
    (*commit)->parents = g_steal_pointer(&node.parents);
    (*commit)->is_partial = node.is_partial;
    read_people(*commit, object);
    (*commit)->is_cut |= is_large;
    return true;
}

bool
mp_repo_tag(MpRepo *repo, const git_oid *id, MpRepoTag **tag, GError **error)
{
    g_autoptr(git_odb_object) object = NULL;
    git_object_t type;
    bool is_large = false;
    gsize size, length;
    const char *field, *value;

    *tag = NULL;
    if (!mp_repo_object_header(repo, id, &size, &type, error))
        return false;
    if (type != GIT_OBJECT_TAG)
        return true;
    if (!mp_repo_object(repo, id, GIT_OBJECT_TAG, MP_REPO_COMMIT_MAX, &is_large, &object, error) ||
        (object == NULL && !is_large))
        return object != NULL;
    *tag = g_new0(MpRepoTag, 1);
    Header header = header_of(object);
    while (next_field(&header, &field, &value, &length)) {
        if (is_field(field, "object"))
            read_id(value, length, &(*tag)->target);
        else if (is_field(field, "tagger"))
            read_person(&(*tag)->tagger, value, length, NULL);
    }
    if ((*tag)->tagger.name == NULL)
        read_person(&(*tag)->tagger, "", 0, NULL);
    (*tag)->message = read_message(&header, NULL, &(*tag)->is_cut);
    (*tag)->is_cut |= is_large;
    return true;
}

bool
mp_repo_peel(MpRepo *repo, const git_oid *id, git_oid *commit, bool *found, GError **error)
{
    git_oid at = *id;

    *found = false;
    for (int i = 0; i < PEEL_MAX; i++) {
        g_autoptr(MpRepoTag) tag = NULL;
        git_object_t type;
        gsize size;

        if (!mp_repo_object_header(repo, &at, &size, &type, error))
            return false;
        if (type != GIT_OBJECT_TAG) {
            *found = type == GIT_OBJECT_COMMIT;
            *commit = at;
            return true;
        }
        if (!mp_repo_tag(repo, &at, &tag, error))
            return false;
        at = tag->target;
    }
    return true;
}

static bool
find_named(MpRepo *repo, const char *revision, git_oid *id)
{
    static const char *const prefixes[] = {"", MP_REPO_BRANCHES, MP_REPO_TAGS};
    const char *first = mp_repo_default_branch(repo);

    if (strcmp(revision, "HEAD") == 0 && first != NULL)
        revision = first;
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        g_autofree char *full = g_strconcat(prefixes[i], revision, NULL);
        g_autofree char *name = mp_escape(full);
        const MpRepoRef *ref = mp_repo_ref(repo, name);

        if (ref != NULL && !ref->is_broken) {
            *id = ref->id;
            return true;
        }
    }
    return false;
}

bool
mp_repo_find_commit(MpRepo *repo, const char *revision, git_oid *commit, bool *found,
                    GError **error)
{
    gsize length = strlen(revision);
    git_oid id;

    *found = false;
    if (find_named(repo, revision, &id))
        return mp_repo_peel(repo, &id, commit, found, error);
    if (length < 7 || length > GIT_OID_HEXSZ || git_oid_fromstrn(&id, revision, length) < 0)
        return true;
    int code = git_odb_exists_prefix(&id, repo->odb, &id, length);
    if (code == GIT_ENOTFOUND || code == GIT_EAMBIGUOUS)
        return true;
    return code == 0 ? mp_repo_peel(repo, &id, commit, found, error)
                     : mp_repo_fail(error, repo, &id);
}
