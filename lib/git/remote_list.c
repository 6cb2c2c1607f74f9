/* Where the remote has refs; see remote.h. */
#include "git/remote_inside.h"

#include <string.h>

#include "base/error.h"

#define VERB "ls-remote"

struct MpRefList {
    MpRemote *remote;
    char *path;
    GPtrArray *refs;
    MpExchange *exchange; /* ours, or */
    MpRunning *git;       /* the program's */
};

void
mp_ref_list_free(MpRefList *list)
{
    if (list == NULL)
        return;
    mp_exchange_free(list->exchange);
    mp_running_free(list->git);
    g_ptr_array_unref(list->refs);
    g_free(list->path);
    g_free(list);
}

static bool
ask_git(MpRefList *list, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    g_ptr_array_add(words, (gpointer)VERB);
    g_ptr_array_add(words, (gpointer) "--quiet");
    g_ptr_array_add(words, (gpointer) "--");
    g_ptr_array_add(words, list->remote->url);
    for (guint i = 0; i < list->refs->len; i++)
        g_ptr_array_add(words, g_ptr_array_index(list->refs, i));
    g_ptr_array_add(words, NULL);
    list->git =
        mp_remote_start(list->remote, list->path, (const char *const *)words->pdata, -1, error);
    return list->git != NULL;
}

MpRefList *
mp_remote_list_begin(MpRemote *remote, const char *path, const char *const *refs, guint n,
                     GError **error)
{
    g_autoptr(MpRefList) list = g_new0(MpRefList, 1);

    list->remote = remote;
    list->path = g_strdup(path);
    list->refs = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(list->refs, g_strdup(refs[i]));
    list->exchange = mp_remote_exchange(remote, path, MP_UPLOAD_PACK);
    return list->exchange != NULL || ask_git(list, error) ? g_steal_pointer(&list) : NULL;
}

bool
mp_ref_list_is_over(const MpRefList *list)
{
    return list->exchange != NULL ? mp_exchange_is_heard(list->exchange)
                                  : mp_running_is_over(list->git);
}

/* Lines "ID TAB REF". */
static void
read_listed(const MpRefList *list, const char *text, git_oid *at)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    memset(at, 0, list->refs->len * sizeof *at);
    for (char **line = lines; *line != NULL; line++)
        for (guint i = 0; i < list->refs->len; i++)
            if (strlen(*line) > GIT_OID_HEXSZ && (*line)[GIT_OID_HEXSZ] == '\t' &&
                strcmp(*line + GIT_OID_HEXSZ + 1, g_ptr_array_index(list->refs, i)) == 0)
                (void)git_oid_fromstrn(&at[i], *line, GIT_OID_HEXSZ);
}

typedef enum { HEARD, TOO_SLOW, NOTHING } Heard;

static Heard
hear(MpRefList *list, git_oid *at)
{
    bool too_slow;

    if (list->exchange == NULL)
        return NOTHING;
    if (!mp_exchange_has_refs(list->exchange, &too_slow)) {
        if (!too_slow)
            mp_remote_leave_to_git(list->remote);
        return too_slow ? TOO_SLOW : NOTHING;
    }
    for (guint i = 0; i < list->refs->len; i++)
        at[i] = mp_exchange_ref(list->exchange, g_ptr_array_index(list->refs, i));
    return HEARD;
}

static bool
hear_git(MpRefList *list, git_oid *at, GError **error)
{
    g_auto(MpProcess) git = {0};

    if (list->git == NULL && !ask_git(list, error))
        return false;
    mp_process_end(list->git, &git, list->remote->seconds);
    if (git.status != 0)
        return mp_remote_complain(list->remote, VERB, &git, MP_ERROR_TEMPORARY, error);
    read_listed(list, git.out, at);
    return true;
}

bool
mp_remote_list_end(MpRefList *list, git_oid *at, GError **error)
{
    const MpProcess late = {.is_too_slow = true};
    Heard heard = hear(list, at);

    if (heard == TOO_SLOW)
        return mp_remote_complain(list->remote, VERB, &late, MP_ERROR_TEMPORARY, error);
    return heard == HEARD || hear_git(list, at, error);
}

bool
mp_remote_list(MpRemote *remote, const char *path, const char *const *refs, git_oid *at, guint n,
               GError **error)
{
    g_autoptr(MpRefList) list = mp_remote_list_begin(remote, path, refs, n, error);

    return list != NULL && mp_remote_list_end(list, at, error);
}
