/* Running git; see program.h. */
#include "git/program.h"

#include "base/error.h"
#include "base/process.h"

bool
mp_git_run(const char *path, const char *const *words, int input, int seconds, char **out,
           GError **error)
{
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                              NULL};
    /* what is packed becomes one pack, whatever the configuration says of their size */
    const char *const first[] = {"git", "-C", path, "-c", "pack.packSizeLimit=0"};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_auto(MpProcess) git = {0};

    for (gsize i = 0; i < G_N_ELEMENTS(first); i++)
        g_ptr_array_add(argv, (gpointer)first[i]);
    for (const char *const *word = words; *word != NULL; word++)
        g_ptr_array_add(argv, (gpointer)*word);
    g_ptr_array_add(argv, NULL);
    if (!mp_process_feed(&git, (const char *const *)argv->pdata, environment, input, seconds,
                         error))
        return false;
    if (git.status != 0) {
        g_strdelimit(git.err, "\n", ' ');
        return mp_fail(error, MP_ERROR_TEMPORARY, "git %s of %s: %s", words[0], path,
                       git.is_too_slow ? "took too long" : g_strstrip(git.err));
    }
    if (out != NULL)
        *out = g_strdup(g_strstrip(git.out));
    return true;
}
