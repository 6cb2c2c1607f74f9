/* The records of questions asked; see questions.h. */
#include "outbox/questions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "outbox/internal.h"

#define CLOSED       "-"          /* in place of whom was asked */
#define KEPT_SECONDS (16 * 86400) /* longer than a mail is held */

static bool
is_hex(const char *text, gsize digits)
{
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

bool
mp_is_question(const char *question)
{
    g_auto(GStrv) piece = g_strsplit(question, ".", 4);

    return g_strv_length(piece) == 3 && is_hex(piece[0], 32) &&
           (is_hex(piece[1], 16) || strcmp(piece[1], CLOSED) == 0) && is_hex(piece[2], 16);
}

static char *
short_hash(const char *text)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    return g_strndup(sum, 16);
}

char *
mp_question_name(const char *key, const char *address, const char *domain)
{
    g_autofree char *whom = short_hash(address), *where = short_hash(domain);

    return g_strdup_printf("%s.%s.%s", key, whom, where);
}

void
mp_questions_free(MpQuestions *questions)
{
    if (questions == NULL)
        return;
    g_hash_table_unref(questions->keys);
    g_hash_table_unref(questions->open);
    g_hash_table_unref(questions->recent);
    g_free(questions);
}

static void
count_one(GHashTable *table, const char *what)
{
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(table, what));

    g_hash_table_insert(table, g_strdup(what), GUINT_TO_POINTER(n + 1));
}

void
mp_questions_add(MpQuestions *questions, const char *question, bool is_recent)
{
    g_auto(GStrv) piece = g_strsplit(question, ".", 4);

    bool is_open = strcmp(piece[1], CLOSED) != 0;
    g_hash_table_insert(questions->keys, g_strdup(piece[0]), GINT_TO_POINTER(is_open));
    if (is_open)
        count_one(questions->open, piece[1]);
    if (!is_recent)
        return;
    count_one(questions->recent, piece[2]);
    questions->n_recent++;
}

bool
mp_questions_have(const MpQuestions *questions, const char *key)
{
    return g_hash_table_contains(questions->keys, key);
}

bool
mp_questions_wait(const MpQuestions *questions, const char *key)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(questions->keys, key));
}

guint
mp_questions_open(const MpQuestions *questions, const char *question)
{
    g_auto(GStrv) piece = g_strsplit(question, ".", 4);

    return GPOINTER_TO_UINT(g_hash_table_lookup(questions->open, piece[1]));
}

guint
mp_questions_recent(const MpQuestions *questions, const char *question)
{
    g_auto(GStrv) piece = g_strsplit(question, ".", 4);

    return GPOINTER_TO_UINT(g_hash_table_lookup(questions->recent, piece[2]));
}

static bool
is_record(const struct dirent *entry, gpointer user_data)
{
    (void)user_data;
    return g_str_has_prefix(entry->d_name, MP_QUESTION_PREFIX) &&
           mp_is_question(entry->d_name + strlen(MP_QUESTION_PREFIX));
}

/* What nobody waits for any more is removed. */
static bool
take_record(MpQuestions *questions, int answered, const char *name, gint64 since, GError **error)
{
    struct stat st;

    if (fstatat(answered, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || mp_fail_errno(error, "cannot look at outbox/answered/%s", name);
    if (st.st_mtime < (gint64)time(NULL) - KEPT_SECONDS)
        unlinkat(answered, name, 0);
    else
        mp_questions_add(questions, name + strlen(MP_QUESTION_PREFIX), st.st_mtime >= since);
    return true;
}

static GPtrArray *
list_records(const MpOutbox *outbox, GError **error)
{
    g_autofree char *path = g_build_filename(outbox->path, "answered", NULL);

    return mp_list_directory(path, is_record, NULL, error);
}

MpQuestions *
mp_outbox_questions(MpOutbox *outbox, gint64 since, GError **error)
{
    g_autoptr(GPtrArray) names = list_records(outbox, error);

    if (names == NULL)
        return NULL;
    g_autoptr(MpQuestions) questions = g_new0(MpQuestions, 1);
    questions->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    questions->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    questions->recent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < names->len; i++)
        if (!take_record(questions, outbox->fd[DIRECTORY_RESPONDED], g_ptr_array_index(names, i),
                         since, error))
            return NULL;
    return g_steal_pointer(&questions);
}

bool
mp_outbox_close_questions(MpOutbox *outbox, GHashTable *keys, GError **error)
{
    g_autoptr(GPtrArray) names =
        g_hash_table_size(keys) > 0 ? list_records(outbox, error) : g_ptr_array_new();
    int answered = outbox->fd[DIRECTORY_RESPONDED];

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_auto(GStrv) piece = g_strsplit(name, ".", 4);

        if (!g_hash_table_contains(keys, piece[1]) || strcmp(piece[2], CLOSED) == 0)
            continue;
        g_autofree char *closed =
            g_strconcat(MP_QUESTION_PREFIX, piece[1], "." CLOSED ".", piece[3], NULL);
        if (renameat(answered, name, answered, closed) < 0 && errno != ENOENT)
            return mp_fail_errno(error, "cannot rename outbox/answered/%s", name);
    }
    return names != NULL;
}
