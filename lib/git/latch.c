/* A latch on a push; see latch.h. */
#include "git/latch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/program.h"

#define HOOKS "hooks"
#define WORD  "go\n" /* as metroplex/hooks/pre-push reads it */

bool
mp_latch_is_there(void)
{
    g_autofree char *hook = mp_inner_program_path(HOOKS "/pre-push");

    return access(hook, X_OK) == 0;
}

bool
mp_latch_make(MpLatch *latch, GError **error)
{
    g_autofree char *hooks = mp_inner_program_path(HOOKS);
    int ends[2];

    *latch = (MpLatch){-1, -1, NULL};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return mp_fail_errno(error, "cannot make a pipe for git push");
    *latch = (MpLatch){ends[0], ends[1], g_strconcat("core.hooksPath=", hooks, NULL)};
    return true;
}

/* It fits, and somebody can read it: we have the other end as well. */
void
mp_latch_lift(const MpLatch *latch)
{
    if (write(latch->ours, WORD, strlen(WORD)) < 0)
        mp_warn("git push hears nothing of us, and sends nothing: %s", g_strerror(errno));
}

void
mp_latch_clear(MpLatch *latch)
{
    mp_fd_clear(&latch->theirs);
    mp_fd_clear(&latch->ours);
    g_clear_pointer(&latch->option, g_free);
}
