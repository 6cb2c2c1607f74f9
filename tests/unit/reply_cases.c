/* Mails in the manner of many clients, languages and styles, and lines that these clients write:
 * tests/fixtures/replies/cases.txt and lines.txt. */
#include "markup/html.h"
#include "reply/reply.h"

#include <criterion/criterion.h>
#include <string.h>

#define CASES "tests/fixtures/replies/cases.txt"
#define LINES "tests/fixtures/replies/lines.txt"
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
    bool is_html = g_str_has_prefix(name, "html, ");
    g_autofree char *text = is_html ? mp_html_to_markdown(mail, strlen(mail)) : g_strdup(mail);
    g_autoptr(MpReply) reply = mp_reply_extract(text, sents);
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

/* ---- single lines ---- */

static const char *const above_marked[] = {"Kept.\n\n%\n> Quoted text.\n> More.\n",
                                           "Kept.\n\n%\n\n> Quoted text.\n",
                                           "%\n> Quoted text.\n\nKept.\n", NULL};
static const char *const above_bare[] = {"Kept.\n\n%\n\nQuoted text.\n\nMore.\n", NULL};
static const char *const below[] = {
    "Kept.\n\n%", "Kept.\n%\n",
    "Kept.\n\n%\n\nOn Thu, Nov 5, 2015 at 11:11 AM Foo <x@y.example> wrote:\n> q\n", NULL};

/* Of each section the mails into which its lines are put. */
static const struct {
    const char *name;
    const char *const *mails[2];
} sections[] = {
    {"# attributions", {above_marked, above_bare}},
    {"# attributions above >", {above_marked, NULL}},
    {"# signatures", {below, NULL}},
};

static void
check_line(const char *line, const char *const *mails)
{
    for (; mails != NULL && *mails != NULL; mails++) {
        const char *place = strchr(*mails, '%');
        g_autofree char *before = g_strndup(*mails, (gsize)(place - *mails));
        g_autofree char *mail = g_strconcat(before, line, place + 1, NULL);
        g_autoptr(MpReply) reply = mp_reply_extract(mail, NULL);

        cr_expect_str_eq(reply->reply, "Kept.", "\"%s\" left \"%s\"", mail, reply->reply);
    }
}

Test(reply_cases, lines_that_clients_write_are_cut_with_what_they_announce)
{
    g_autofree char *all = NULL;
    guint n = 0;
    gsize section = G_N_ELEMENTS(sections);

    cr_assert(g_file_get_contents(LINES, &all, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        for (gsize i = 0; **line == '#' && i < G_N_ELEMENTS(sections); i++)
            section = strcmp(*line, sections[i].name) == 0 ? i : section;
        if (**line == '#' || **line == '\0')
            continue;
        cr_assert_lt(section, G_N_ELEMENTS(sections));
        check_line(*line, sections[section].mails[0]);
        check_line(*line, sections[section].mails[1]);
        n++;
    }
    cr_expect_geq(n, FEWEST, "only %u lines", n);
}
