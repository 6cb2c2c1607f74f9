/*
 * Which watched repositories, and which of their pull requests, cannot be read: a line in the log
 * when that begins and when it is over, and not one a minute. DATA/watched has them, "STATE NAME" a
 * line; whoever removes it has it said once more.
 */
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "watch/internal.h"

#define FILE_NAME  "watched"
#define UNREADABLE "unreadable" /* a pull request */
#define OCTETS_MAX (4 * 1024 * 1024)

GHashTable *
mp_watch_read_states(const MpConfig *config)
{
    GHashTable *states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *text = NULL;
    g_auto(MpFd) data = mp_open_directory(config->data, NULL);

    if (data < 0 || !mp_read_file(data, FILE_NAME, OCTETS_MAX, &text, NULL, NULL))
        return states;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char *space = strchr(*line, ' ');

        if (space != NULL)
            g_hash_table_insert(states, g_strdup(space + 1),
                                g_strndup(*line, (gsize)(space - *line)));
    }
    return states;
}

static bool
write_states(const MpConfig *config, GHashTable *states, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GHashTableIter iter;
    gpointer name, state;

    g_hash_table_iter_init(&iter, states);
    while (g_hash_table_iter_next(&iter, &name, &state))
        g_string_append_printf(text, "%s %s\n", (char *)state, (char *)name);
    g_auto(MpFd) data = mp_open_directory(config->data, error);
    return data >= 0 && mp_write_file(data, FILE_NAME, text->str, text->len, 0640, true, error);
}

static void
say(const char *name, MpRepoState state, const char *why)
{
    static const char *const what[] = {
        [MP_REPO_READABLE] = "can be read again",
        [MP_REPO_MISSING] = "is gone",
        [MP_REPO_CLOSED] = "cannot be read: no permission",
        [MP_REPO_AWAY] = "is not read: a link or alternates in it lead elsewhere",
        [MP_REPO_SHA256] = "is not read: its ids are SHA-256",
        [MP_REPO_REFTABLE] = "is not read: its refs are in a reftable",
        [MP_REPO_LARGE] = "is not read: it has too many branches and tags",
        [MP_REPO_DAMAGED] = "is not read: it is no bare repository, or damaged",
    };

    if (state == MP_REPO_DAMAGED && why != NULL)
        mp_warn("What happens in repository %s cannot be told: %s", name, why);
    else if (state == MP_REPO_READABLE)
        mp_info("Repository %s %s", name, what[state]);
    else
        mp_warn("Repository %s %s; what happens there is not told until that is mended", name,
                what[state]);
}

bool
mp_watch_note_state(const MpConfig *config, GHashTable **states, const char *name,
                    MpRepoState state, const char *why, GError **error)
{
    if (*states == NULL)
        *states = mp_watch_read_states(config);
    const char *before = g_hash_table_lookup(*states, name);
    const char *now = state != MP_REPO_READABLE ? mp_repo_state_name(state) : NULL;

    if (g_strcmp0(before, now) == 0)
        return true;
    say(name, state, why);
    if (now != NULL)
        g_hash_table_insert(*states, g_strdup(name), g_strdup(now));
    else
        g_hash_table_remove(*states, name);
    return write_states(config, *states, error);
}

/* Those of before that are over. */
static bool
forget_readable(GHashTable *states, const char *repository, GHashTable *unreadable)
{
    g_autofree char *prefix = g_strconcat(repository, "#", NULL);
    GHashTableIter iter;
    gpointer name;
    bool has_changed = false;

    g_hash_table_iter_init(&iter, states);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (g_str_has_prefix(name, prefix) && !g_hash_table_contains(unreadable, name)) {
            mp_info("What becomes of %s can be told again", (char *)name);
            g_hash_table_iter_remove(&iter);
            has_changed = true;
        }
    return has_changed;
}

bool
mp_watch_note_pulls(const MpConfig *config, GHashTable **states, const char *repository,
                    GHashTable *unreadable, GError **error)
{
    GHashTableIter iter;
    gpointer name, why;

    if (*states == NULL)
        *states = mp_watch_read_states(config);
    bool has_changed = forget_readable(*states, repository, unreadable);
    g_hash_table_iter_init(&iter, unreadable);
    while (g_hash_table_iter_next(&iter, &name, &why))
        if (!g_hash_table_contains(*states, name)) {
            mp_warn("What became of %s cannot be told: %s", (char *)name, (char *)why);
            g_hash_table_insert(*states, g_strdup(name), g_strdup(UNREADABLE));
            has_changed = true;
        }
    return !has_changed || write_states(config, *states, error);
}

/* --- What is not looked at any more ---------------------------------------------------------- */

bool
mp_watch_forget(const MpConfig *config, GHashTable **states, const char *name, GError **error)
{
    if (*states == NULL)
        *states = mp_watch_read_states(config);
    return !g_hash_table_remove(*states, name) || write_states(config, *states, error);
}

bool
mp_watch_forget_others(const MpConfig *config, GHashTable **states, bool are_pulls,
                       GHashTable *still, GError **error)
{
    GHashTableIter iter;
    gpointer name;
    bool has_changed = false;

    if (*states == NULL)
        *states = mp_watch_read_states(config);
    g_hash_table_iter_init(&iter, *states);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        const char *hash = strchr(name, '#');
        g_autofree char *repository =
            hash != NULL ? g_strndup(name, (gsize)(hash - (char *)name)) : g_strdup(name);

        if ((hash != NULL) != are_pulls || g_hash_table_contains(still, repository))
            continue;
        mp_info("%s is not looked at any more", (char *)name);
        g_hash_table_iter_remove(&iter);
        has_changed = true;
    }
    return !has_changed || write_states(config, *states, error);
}

bool
mp_watch_is_untold(GHashTable *states, const char *repository)
{
    g_autofree char *prefix = g_strconcat(repository, "#", NULL);
    GHashTableIter iter;
    gpointer name;

    if (states == NULL)
        return false;
    g_hash_table_iter_init(&iter, states);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (strcmp(name, repository) == 0 || g_str_has_prefix(name, prefix))
            return true;
    return false;
}
