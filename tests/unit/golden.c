/* Mails that are kept whole; see golden.h. */
#include "golden.h"

#include <criterion/criterion.h>

void
golden_expect(const char *file, const MpOutgoingMail *mail)
{
    g_autofree char *path = g_strconcat("tests/fixtures/notify/", file, ".eml", NULL);
    g_autofree char *golden = NULL;

    if (g_getenv("METROPLEX_UPDATE_GOLDEN") != NULL)
        cr_assert(g_file_set_contents(path, mail->text, (gssize)mail->length, NULL), "%s", path);
    cr_assert(g_file_get_contents(path, &golden, NULL, NULL), "%s", path);
    cr_expect_str_eq(mail->text, golden, "%s differs:\n%s", path, mail->text);
}
