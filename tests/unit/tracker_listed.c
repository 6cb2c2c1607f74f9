/* The lines of listed/: what a thread is comes back as it was. */
#include <criterion/criterion.h>
#include <string.h>

#include "git/git.h"
#include "git/tree.h"
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
        g_autoptr(MpThread) read =
            mp_listed_line_parse(line->line, thread->is_open ? MP_LISTED_OPEN : MP_LISTED_CLOSED);

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

/* --- Pages --------------------------------------------------------------------------------------
 */

#define BASE    "listed/open/acme/rocket"
#define THREADS 3000

static char *
line_of_id(guint id)
{
    return g_strdup_printf("%u\tline", id);
}

/* What is there, in one go: "BASE/4/1:1000…", and the ids behind each other. */
static void
expect_pages(MpTree *tree, const bool *is_there)
{
    g_autoptr(GString) steps = g_string_new(NULL);
    guint id = 0;

    for (bool is_root = false; !is_root;) {
        g_autofree char *text = NULL;

        cr_assert(mp_listed_next_page(tree, BASE, steps, &text, NULL));
        if (text == NULL)
            break;
        is_root = steps->len == 0;
        g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
        cr_expect_leq(g_strv_length(lines), MP_LISTED_LINES, "%s", steps->str);
        for (char **line = lines; *line != NULL; line++) {
            char key[MP_LISTED_KEY];

            do
                id++;
            while (id < THREADS && !is_there[id]);
            cr_assert_eq(mp_listed_line_id(*line), id, "%s, not %u", *line, id);
            mp_listed_key(id, key);
            cr_expect(g_str_has_prefix(key, steps->str), "%u in %s", id, steps->str);
        }
    }
    while (++id < THREADS)
        cr_expect_not(is_there[id], "thread %u", id);
}

/* A tree of its own, which is nowhere but in memory. */
typedef struct {
    git_odb *odb;
    MpPack *pack;
    MpTree *tree;
} Memory;

static Memory
memory_make(void)
{
    Memory memory = {0};

    git_libgit2_init();
    cr_assert_eq(git_odb_new(&memory.odb), 0);
    memory.pack = mp_pack_new();
    memory.tree = mp_tree_new(memory.odb, memory.pack, NULL);
    return memory;
}

static git_oid
memory_write(Memory *memory)
{
    git_oid root;

    cr_assert(mp_tree_write(memory->tree, &root, NULL));
    return root;
}

static void
memory_clear(Memory *memory)
{
    mp_tree_free(memory->tree);
    mp_pack_free(memory->pack);
    git_odb_free(memory->odb);
    git_libgit2_shutdown();
}

static void
change_pages(MpTree *tree, GRand *random, bool *is_there, guint share)
{
    g_autoptr(GArray) edits = g_array_new(FALSE, FALSE, sizeof(MpListedEdit));
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    bool is_sound = true;

    for (guint id = 1; id < THREADS; id++) {
        bool wanted = (guint)g_rand_int_range(random, 0, 1000) < share;
        MpListedEdit one = {0};

        if (g_rand_int_range(random, 0, 4) > 0 || (!wanted && !is_there[id]))
            continue;
        mp_listed_key(id, one.key);
        if (wanted) {
            g_ptr_array_add(lines, line_of_id(id));
            one.line = lines->pdata[lines->len - 1];
        }
        is_there[id] = wanted;
        g_array_append_val(edits, one);
    }
    if (edits->len > 0)
        cr_assert(
            mp_listed_edit(tree, BASE, (MpListedEdit *)edits->data, edits->len, &is_sound, NULL));
    cr_expect(is_sound);
}

/* However the lines came and went, the tree is the one that they make by themselves. */
Test(tracker_listed, lines_alone_say_which_pages_there_are)
{
    static const guint shares[] = {20, 1000, 900, 30, 500, 3, 0, 40, 0};
    g_autoptr(GRand) random = g_rand_new_with_seed(17);
    Memory memory = memory_make();
    bool is_there[THREADS] = {false};

    for (guint turn = 0; turn < 6 * G_N_ELEMENTS(shares); turn++) {
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(MpListedEdit));
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
        Memory other = memory_make();
        bool is_sound = true;

        change_pages(memory.tree, random, is_there, shares[turn / 6]);
        expect_pages(memory.tree, is_there);
        for (guint id = 1; id < THREADS; id++) {
            MpListedEdit one = {.line = line_of_id(id)};

            g_ptr_array_add(lines, (char *)one.line);
            mp_listed_key(id, one.key);
            if (is_there[id])
                g_array_append_val(all, one);
        }
        cr_assert(all->len == 0 || mp_listed_edit(other.tree, BASE, (MpListedEdit *)all->data,
                                                  all->len, &is_sound, NULL));
        git_oid came = memory_write(&memory), alone = memory_write(&other);
        cr_expect(git_oid_equal(&came, &alone), "turn %u, %u lines", turn, all->len);
        memory_clear(&other);
    }
    memory_clear(&memory);
}

Test(tracker_listed, a_line_that_should_go_and_is_not_there_is_noticed)
{
    Memory memory = memory_make();
    MpListedEdit there = {"14", "4\tline"}, gone = {"15", NULL};
    bool is_sound = true;

    cr_assert(mp_listed_edit(memory.tree, BASE, &there, 1, &is_sound, NULL) && is_sound);
    cr_assert(mp_listed_edit(memory.tree, BASE, &gone, 1, &is_sound, NULL));
    cr_expect_not(is_sound);
    memory_clear(&memory);
}
