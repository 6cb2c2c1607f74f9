/* The lines of listed/: what a thread is comes back as it was. */
#include <criterion/criterion.h>
#include <string.h>

#include "tracker/listed.h"
#include "tracker/records.h"

/* Of a record with these lines in [thread], and behind it. */
static MpThread *
thread_of(const char *facts, const char *behind)
{
    g_autofree char *text = g_strdup_printf(
        "[thread]\nrepository=acme/rocket\nlogin=tim\nauthor=1\ncreated=2026-01-31T12:00:00Z\n"
        "locked=false\nnonce=0123456789abcdef\n%s\n%s",
        facts, behind);
    GError *error = NULL;
    MpThread *thread = mp_record_parse_thread(text, "thread", 17, &error);

    cr_assert(thread != NULL, "%s: %s", facts, error != NULL ? error->message : "");
    return thread;
}

static void
expect_same(const MpThread *a, const MpThread *b, const char *line)
{
    g_autofree char *labels = mp_labels_text(a->labels, ";"),
                    *others = mp_labels_text(b->labels, ";");
    g_autofree char *assignees = mp_assignees_text(a->assignees, ";"),
                    *also = mp_assignees_text(b->assignees, ";");

    cr_expect(a->id == b->id && a->kind == b->kind && a->is_open == b->is_open &&
                  a->is_locked == b->is_locked && a->is_merged == b->is_merged &&
                  a->created == b->created,
              "%s", line);
    cr_expect_str_eq(a->title, b->title);
    cr_expect_str_eq(a->repository, b->repository);
    cr_expect_str_eq(a->author_login, b->author_login);
    cr_expect(g_strcmp0(a->author_name, b->author_name) == 0, "%s", line);
    cr_expect(g_strcmp0(a->object, b->object) == 0, "%s", line);
    cr_expect(g_strcmp0(a->base, b->base) == 0, "%s", line);
    cr_expect_str_eq(labels, others);
    cr_expect((a->labels == NULL) == (b->labels == NULL), "%s", line);
    cr_expect_str_eq(assignees, also);
}

Test(tracker_listed, a_line_says_all_that_is_listed)
{
    static const struct {
        const char *facts, *behind;
    } rows[] = {
        {"kind=issue\nstate=open\ntitle=Rocket does not start", ""},
        {"kind=issue\nstate=open\ntitle=-", ""},
        {"kind=issue\nstate=open\ntitle=\\\\x2d", ""},
        {"kind=issue\nstate=open\ntitle=", ""},
        {"kind=issue\nstate=closed\ntitle=a\\tb\\nc\\\\d \\\\- \u202e\u00ad\u00fc", ""},
        {"kind=commit\nstate=open\ntitle=T\nobject=-", ""},
        {"kind=commit\nstate=closed\ntitle=T\nobject=", ""},
        {"kind=pull\nstate=closed\ntitle=T\nobject=topic\nbase=main\nmerged=true\nlocked=true", ""},
        {"kind=issue\nstate=open\ntitle=T\nlabels=bug;ui-gr\u00f6\u00dfe;a:b;", ""},
        {"kind=issue\nstate=open\ntitle=T\nlogin=guest-77\nauthor=77\nname=Kate \\\\ K (guest)",
         ""},
        {"kind=issue\nstate=open\ntitle=T", "[assignees]\n5=kate\n6=tim\n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MpThread) thread = thread_of(rows[i].facts, rows[i].behind);
        MpListedLine *line = mp_listed_line_of(17, thread);
        g_autoptr(MpThread) read = mp_listed_line_parse(line->line, line->list);

        cr_expect(strchr(line->line, '\n') == NULL && g_str_has_prefix(line->line, "17\t"), "%s",
                  line->line);
        cr_assert(read != NULL, "%s", line->line);
        expect_same(thread, read, line->line);
        mp_listed_line_free(line);
    }
}

Test(tracker_listed, what_is_no_line_is_none)
{
    static const char *const lines[] = {
        "",
        "17",
        "17\tissue\t-\ta/b\t1\ttim\t-\t-\t-\t-\t-",
        "x\tissue\t-\ta/b\t1\ttim\t-\t-\t-\t-\t-\tT",
        "17\tissues\t-\ta/b\t1\ttim\t-\t-\t-\t-\t-\tT",
        "17\tissue\t-\ta/b\tx\ttim\t-\t-\t-\t-\t-\tT",
        "17\tissue\t-\ta/b\t1\ttim\t-\t-\t-\t-\tkate\tT",
        "17\tissue\t-\t-\t1\ttim\t-\t-\t-\t-\t-\tT",
        "17\tissue\t-\ta/b\t1\ttim\t-\t-\t-\t-\t-\tT\tU",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(MpThread) thread = mp_listed_line_parse(lines[i], MP_LISTED_OPEN);

        cr_expect(thread == NULL, "%s", lines[i]);
    }
}
