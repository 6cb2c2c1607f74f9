/* Making and joining the repositories of trackers and accounts. */
#include "base/file.h"
#include "git/store.h"
#include "git/turn.h"
#include "tracker/tracker.h"
#include "tracker/share.h"

static const char tracker_readme[] =
    "This repository is a tracker of Metroplex: issues, pull requests and commit threads, "
    "followed\n"
    "and answered by mail. Its format is described in tracker(5).\n\n"
    "    threads/000/0/0/0/1/7/thread                 what thread 17 is about\n"
    "    threads/000/0/0/0/1/7/comments/3/comment.md  what was written\n"
    "    threads/000/0/0/0/1/7/comments/3/elided.txt  what was cut from the reply\n"
    "    threads/000/0/0/0/1/7/comments/3/mail        where it came from\n"
    "    repositories/acme/rocket                   a repository's policy\n\n"
    "Every comment is a commit by its author: git log reads like the discussion.\n";

static const char accounts_readme[] =
    "The accounts of a Metroplex installation. Private: it holds people's mail addresses.\n";

static bool
join(const char *path, const char *hostname, const char *url, bool takes_turns, char **did,
     GError **error)
{
    MpStore store = {0};

    *did = NULL;
    bool good = mp_store_open(&store, path, hostname, error);
    if (good) {
        mp_store_share(&store, url, 0, NULL);
        good = mp_store_join(&store, did, error) && (!takes_turns || mp_turn_join(&store, error)) &&
               mp_sync_file_system(path, error);
    }
    mp_store_close(&store);
    return good;
}

bool
mp_tracker_join(const char *path, const char *hostname, const char *url, char **did, GError **error)
{
    return join(path, hostname, url, true, did, error);
}

bool
mp_accounts_join(const char *path, const char *hostname, const char *url, char **did,
                 GError **error)
{
    return join(path, hostname, url, false, did, error);
}

bool
mp_tracker_init(const char *path, const char *hostname, bool *made, GError **error)
{
    return mp_store_init(path, hostname, tracker_readme, 0755, made, error);
}

bool
mp_accounts_init(const char *path, const char *hostname, bool *made, GError **error)
{
    return mp_store_init(path, hostname, accounts_readme, 0700, made, error);
}
