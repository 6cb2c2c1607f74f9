/* Mails in the manner of many clients, languages and styles: tests/fixtures/replies/cases.txt. */
#include "reply/reply.h"

#include <criterion/criterion.h>
#include <string.h>

#define CASES "tests/fixtures/replies/cases.txt"
#define MARK  "%%% "

enum { FEWEST = 100 };

/* What stands between one mark and the next, without the last line break; `*p` moves on to it. */
static char *
take_text(const char **p)
{
    const char *end = strstr(*p, "\n" MARK);
    gsize length = end != NULL ? (gsize)(end - *p) : strlen(*p);
    char *text = g_strndup(*p, length);

    *p += length + (end != NULL);
    return text;
}

static bool
take_mark(const char **p, const char *name)
{
    g_autofree char *mark = g_strconcat(MARK, name, "\n", NULL);

    if (!g_str_has_prefix(*p, mark))
        return false;
    *p += strlen(mark);
    return true;
}

static void
check_case(const char **p)
{
    const char *line = *p + strlen(MARK);
    g_autofree char *name = g_strndup(line, strcspn(line, "\n"));

    *p = strchr(line, '\n') + 1;
    g_autofree char *mail = take_text(p);
    g_autofree char *sent = take_mark(p, "sent") ? take_text(p) : NULL;
    cr_assert(take_mark(p, "reply"), "%s: no reply", name);
    g_autofree char *expected = g_strchomp(take_text(p));
    const char *const sents[] = {sent, NULL};
    g_autoptr(MpReply) reply = mp_reply_extract(mail, sents);
    g_autoptr(MpReply) again = mp_reply_extract(reply->reply, sents);

    cr_expect_str_eq(reply->reply, expected, "%s: \"%s\"", name, reply->reply);
    cr_expect_str_eq(again->reply, reply->reply, "%s, once more: \"%s\"", name, again->reply);
}

Test(reply_cases, what_the_person_wrote_is_kept_and_nothing_else)
{
    g_autofree char *all = NULL;
    guint n = 0;

    cr_assert(g_file_get_contents(CASES, &all, NULL, NULL));
    for (const char *p = strstr(all, "\n" MARK) + 1; *p != '\0'; n++)
        check_case(&p);
    cr_expect_geq(n, FEWEST, "only %u cases", n);
}
