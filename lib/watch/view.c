/* What of a repository is told, as it is now; see view.h. */
#include "watch/view.h"

#include <string.h>

#include "base/text.h"
#include "tracker/repositories.h"
#include "watch/internal.h"

#define NAMED_MAX 10 /* of what is left out */

static const struct {
    const char *found, *advice;
} states[] = {
    [MP_REPO_READABLE] = {NULL, NULL},
    [MP_REPO_MISSING] = {N_("it is not there"),
                         N_("Put it there, or take its policy back: --push-mail off; of one that "
                            "is gone for good remove told/OWNER/NAME from the tracker")},
    [MP_REPO_CLOSED] = {N_("it cannot be read"),
                        N_("Let the user metroplex read it, by its group or by an ACL")},
    [MP_REPO_AWAY] = {N_("it leads elsewhere by a link or by alternates"),
                      N_("See PUSHES in metroplex(8): root may make such links; copy what is "
                         "borrowed: git repack -a, then remove objects/info/alternates")},
    [MP_REPO_SHA256] = {N_("its ids are SHA-256, which are not read"),
                        N_("Take its policy back: --push-mail off")},
    [MP_REPO_REFTABLE] = {N_("its refs are in a reftable, which is not read"),
                          N_("git refs migrate --ref-format=files")},
    [MP_REPO_LARGE] = {N_("it has more branches and tags than are read"), N_("Delete some")},
    [MP_REPO_DAMAGED] = {N_("it is no bare repository, or damaged"), N_("git fsck, there")},
};

const char *
mp_watch_state_found(MpRepoState state)
{
    return states[state].found;
}

const char *
mp_watch_state_advice(MpRepoState state)
{
    return states[state].advice;
}

static void
free_news(gpointer data)
{
    MpWatchNews *news = data;

    g_free(news->ref);
    g_free(news->before);
    g_free(news->after);
    g_free(news);
}

void
mp_watch_view_clear(MpWatchView *view)
{
    g_clear_pointer(&view->path, g_free);
    g_clear_pointer(&view->why, g_free);
    g_clear_pointer(&view->news, g_ptr_array_unref);
    g_clear_pointer(&view->left_out, g_ptr_array_unref);
}

static void
add_news(MpWatchView *view, const MpRepository *repository, const MpRefChange *change)
{
    MpWatchNews *news = g_new0(MpWatchNews, 1);

    news->ref = g_strdup(change->ref);
    news->before = g_strdup(change->before);
    news->after = g_strdup(change->after);
    news->is_wanted = mp_repository_tells_ref(repository, change->ref);
    g_ptr_array_add(view->news, news);
}

static void
find_left_out(MpWatchView *view, const MpRepository *repository, MpRepo *repo)
{
    const GPtrArray *refs = mp_repo_refs(repo);

    view->n_refs = refs->len;
    for (guint i = 0; i < refs->len; i++) {
        const MpRepoRef *ref = refs->pdata[i];

        if (mp_repository_tells_ref(repository, ref->name))
            continue;
        if (view->n_left_out++ < NAMED_MAX)
            g_ptr_array_add(view->left_out, g_strdup(ref->name));
    }
}

/* As a look does: what it finds, and what stops it. */
static void
look(MpWatchView *view, const char *root, const MpRepository *repository, const MpTold *told)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpRepo) repo = mp_repo_open(root, repository->name, &view->state, &why);
    g_autoptr(GPtrArray) changes =
        repo != NULL && told != NULL ? mp_watch_compare(repo, told, &why) : NULL;

    for (guint i = 0; changes != NULL && i < changes->len; i++)
        add_news(view, repository, changes->pdata[i]);
    if (repo != NULL)
        find_left_out(view, repository, repo);
    view->why = why != NULL ? g_strdup(why->message) : NULL;
}

bool
mp_watch_view(const MpInstance *instance, const MpRepository *repository, MpWatchView *view,
              GError **error)
{
    const char *root = instance->config->repositories_root;
    g_autoptr(MpTold) told = NULL;

    *view = (MpWatchView){.news = g_ptr_array_new_with_free_func(free_news),
                          .left_out = g_ptr_array_new_with_free_func(g_free)};
    if (!mp_tracker_told(instance->tracker, repository->name, &told, error))
        return false;
    view->is_known = told != NULL;
    view->n_known = told != NULL ? told->refs->len : 0;
    view->is_watched = view->is_known || repository->is_recorded;
    if (*root == '\0')
        return true;
    view->path = g_strdup_printf("%s/%s.git", root, repository->name);
    look(view, root, repository, told);
    return true;
}

char *
mp_watch_view_blame(const MpWatchView *view, const MpConfig *config, const char **advice)
{
    *advice = NULL;
    if (view->path == NULL) {
        *advice = "metroplex settings set repositories.root=DIRECTORY";
        return g_strdup_printf("[repositories] root in %s names no directory", config->file);
    }
    if (view->why != NULL)
        return g_strdup_printf("%s: %s", view->path, view->why);
    if (view->state == MP_REPO_READABLE && !view->is_watched) {
        *advice = "metroplex repository set OWNER/NAME has it watched";
        return g_strdup_printf("%s has no policy, and no thread was opened in it", view->path);
    }
    if (view->state == MP_REPO_READABLE)
        return NULL;
    *advice = mp_watch_state_advice(view->state);
    return g_strdup_printf("%s: %s", view->path, mp_watch_state_found(view->state));
}

static gint
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *
mp_watch_unread(const MpConfig *config)
{
    GPtrArray *unread = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) unreadable =
        *config->repositories_root != '\0' ? mp_watch_read_states(config) : NULL;
    GHashTableIter iter;
    gpointer name, state;

    if (unreadable == NULL)
        return unread;
    g_hash_table_iter_init(&iter, unreadable);
    while (g_hash_table_iter_next(&iter, &name, &state))
        g_ptr_array_add(unread, g_strdup_printf("%s (%s)", (char *)name, (char *)state));
    g_ptr_array_sort(unread, by_text);
    return unread;
}
