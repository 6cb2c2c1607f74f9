/* What makes a notice; see notify_fixture.h. */
#include "notify_fixture.h"

#include <criterion/criterion.h>

#include <glib/gstdio.h>

#include "scratch.h"

static char *
write_private(const ScratchPath *scratch, const char *name, const char *text)
{
    char *path = scratch_path(scratch, name);

    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(g_chmod(path, 0600), 0);
    return path;
}

void
notify_fixture_load(const char *url, MpConfig **config, MpKeyRing **ring)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *settings =
        g_strdup_printf("[instance]\nhostname = git.example.org\nurl = %s\n", url);
    g_autofree char *keys = write_private(scratch, "keys", "0123456789abcdef0123456789abcdef\n");
    g_autofree char *conf = write_private(scratch, "conf", settings);
    g_autoptr(GError) error = NULL;

    *config = mp_config_load(conf, NULL, &error);
    cr_assert(*config != NULL, "%s", error != NULL ? error->message : "");
    *ring = mp_key_ring_load(keys, &error);
    cr_assert(*ring != NULL, "%s", error != NULL ? error->message : "");
}
