/* The records of responses given: see outbox.h. */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "outbox/internal.h"

#define RECORD_LIMIT 256
#define KEPT_SECONDS                                                                               \
    (7 * 86400) /* a mail that stays in new/ longer than this may be responded to again */

MpResponse *
mp_response_new(void)
{
    return g_rc_box_new0(MpResponse);
}

MpResponse *
mp_response_ref(MpResponse *response)
{
    return g_rc_box_acquire(response);
}

static void
clear_response(gpointer data)
{
    MpResponse *response = data;

    g_free(response->reason);
    g_free(response->text);
    g_free(response->right);
    g_free(response->repository);
    g_free(response->question);
    g_free(response->author);
    g_clear_pointer(&response->commands, g_ptr_array_unref);
    g_free(response->day);
    g_free(response->hash);
    g_free(response->language);
    g_free(response->message_id);
    g_free(response->sender);
    g_free(response->subject);
    g_free(response->verdicts);
    g_free(response->quote);
}

void
mp_response_unref(MpResponse *response)
{
    if (response != NULL)
        g_rc_box_release_full(response, clear_response);
}

static void
command_free(gpointer data)
{
    MpResponseCommand *command = data;

    g_free(command->fate);
    g_free(command->nearest);
    g_free(command->about);
    g_free(command->line);
    g_free(command);
}

void
mp_response_add_command(MpResponse *response, const char *fate, const char *nearest,
                        const char *about, const char *line)
{
    MpResponseCommand *command = g_new0(MpResponseCommand, 1);

    if (response->commands == NULL)
        response->commands = g_ptr_array_new_with_free_func(command_free);
    command->fate = g_strdup(fate);
    command->nearest = g_strdup(nearest);
    command->about = g_strdup(about);
    command->line = g_strdup(line);
    g_ptr_array_add(response->commands, command);
}

char *
mp_response_name(const MpResponse *response)
{
    bool is_each = response->commands != NULL;

    if (response->question != NULL)
        return g_strconcat(MP_QUESTION_PREFIX, response->question, NULL);
    return g_strdup_printf("%s.%" G_GUINT64_FORMAT ".%s%s%.16s.%" G_GUINT64_FORMAT, response->day,
                           response->user, response->reason, is_each ? "-" : "",
                           is_each ? response->hash : "", response->thread);
}

char *
mp_response_question_key(const MpResponse *response)
{
    return g_strndup(response->question, strcspn(response->question, "."));
}

MpResponded
mp_outbox_responded(MpOutbox *outbox, const MpResponse *response, GError **error)
{
    int answered = outbox->fd[DIRECTORY_RESPONDED];
    g_autofree char *name = mp_response_name(response), *hash = NULL;

    if (faccessat(answered, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return MP_RESPONDED_NOT;
    if (!mp_read_file(answered, name, RECORD_LIMIT, &hash, NULL, error)) {
        g_prefix_error(error, "outbox/answered: ");
        return MP_RESPONDED_ERROR;
    }
    return strcmp(g_strchomp(hash), response->hash) == 0 ? MP_RESPONDED_THIS : MP_RESPONDED_OTHER;
}

/* Under a name of its own first, then renamed: there is no moment at which a record is torn. */
MpResponded
mp_outbox_record_response(MpOutbox *outbox, const MpResponse *response, GError **error)
{
    int answered = outbox->fd[DIRECTORY_RESPONDED];
    g_autofree char *name = mp_response_name(response),
                    *text = g_strconcat(response->hash, "\n", NULL);
    g_autofree char *whole = g_strconcat(".", name, NULL);

    if (!mp_write_file(answered, whole, text, strlen(text), 0640, false, error)) {
        g_prefix_error(error, "outbox/answered: ");
        return MP_RESPONDED_ERROR;
    }
    if (mp_rename_new(answered, whole, answered, name) == 0)
        return MP_RESPONDED_THIS;
    if (errno != EEXIST) {
        mp_fail_errno(error, "cannot make outbox/answered/%s", name);
        return MP_RESPONDED_ERROR;
    }
    unlinkat(answered, whole, 0);
    return mp_outbox_responded(outbox, response, error);
}

bool
mp_outbox_sync_responded(MpOutbox *outbox, GError **error)
{
    return mp_sync_directory(outbox->fd[DIRECTORY_RESPONDED], "outbox/answered", error);
}

/* True if the entry counts; what is old goes, and so does what a killed run left behind. */
static bool
look_at(int answered, const char *name, gint64 since, gint64 now)
{
    struct stat st;

    if (g_str_has_prefix(name, MP_QUESTION_PREFIX) ||
        fstatat(answered, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return false;
    if (name[0] == '.' || st.st_mtime < now - KEPT_SECONDS) {
        if (unlinkat(answered, name, 0) < 0)
            mp_warn("cannot remove outbox/answered/%s: %s", name, g_strerror(errno));
        return false;
    }
    return st.st_mtime >= since;
}

static bool
is_any(const struct dirent *entry, gpointer user_data)
{
    (void)entry, (void)user_data;
    return true;
}

void
mp_responses_count(GHashTable *of_each, guint64 user)
{
    guint before = GPOINTER_TO_UINT(g_hash_table_lookup(of_each, &user));

    g_hash_table_insert(of_each, g_memdup2(&user, sizeof user), GUINT_TO_POINTER(before + 1));
}

/* "DAY.ACCOUNT.…" */
static guint64
account_of(const char *name)
{
    const char *account = strchr(name, '.');

    return account != NULL ? g_ascii_strtoull(account + 1, NULL, 10) : 0;
}

int
mp_outbox_count_responses(MpOutbox *outbox, gint64 since, GHashTable **of_each, GError **error)
{
    g_autofree char *path = g_build_filename(outbox->path, "answered", NULL);
    gint64 now = (gint64)time(NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(path, is_any, NULL, error);
    int count = 0;

    if (names == NULL)
        return -1;
    *of_each = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < names->len; i++)
        if (look_at(outbox->fd[DIRECTORY_RESPONDED], names->pdata[i], since, now)) {
            mp_responses_count(*of_each, account_of(names->pdata[i]));
            count++;
        }
    return count;
}
