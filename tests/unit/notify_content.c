/* What a comment becomes in a mail: where its links lead, what becomes of its attachments, how much
 * of it there is. The source of all look-ups is here: threads 17 and 18, the login ada, three
 * files.
 */
#include <criterion/criterion.h>

#include <gmime/gmime.h>
#include <string.h>

#include "golden.h"
#include "notify/notify.h"
#include "notify_fixture.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeMessage, g_object_unref)

#define LINK(url, text) "<a rel=\"nofollow noopener noreferrer\" href=\"" url "\">" text "</a>"
#define COMMIT          "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
#define PNG             "\x89PNG\r\n\x1a\n"
#define KEY             "0123456789abcdef0123456789abcdef"

static MpConfig *config;
static MpKeyRing *ring;
static int reads, lookups;

static void
set_up(void)
{
    notify_fixture_load("https://h.example", &config, &ring);
}

static void
tear_down(void)
{
    mp_key_ring_free(ring);
    mp_config_free(config);
}

TestSuite(notify_content, .init = set_up, .fini = tear_down);

/* --- What there is ---------------------------------------------------------------------------- */

typedef struct {
    const char *file, *name, *type, *octets;
    guint64 size;   /* as the record says; 0: as it is */
    gsize n_octets; /* 0: they are a string */
} File;

static gsize
length_of(const File *file)
{
    return file->n_octets != 0 ? file->n_octets : strlen(file->octets);
}

typedef struct {
    const char *body, *link; /* the repository's template, or NULL */
    const File *files;
    gsize n_files;
    const char *object;
    MpMailFormat format;
    const char *language;
} Case;

static GBytes *
attachment(const MpComment *comment, const char *file, gpointer data)
{
    const Case *c = data;

    (void)comment;
    reads++;
    for (gsize i = 0; i < c->n_files; i++)
        if (strcmp(c->files[i].file, file) == 0)
            return g_bytes_new_static(c->files[i].octets, length_of(&c->files[i]));
    return NULL;
}

static char *
thread_page(const char *repository, guint64 id, gpointer data)
{
    (void)data;
    lookups++;
    if ((id != 17 && id != 18) || strcmp(repository, "acme/rocket") != 0)
        return NULL;
    return g_strdup_printf("https://h.example/%s/issues/%" G_GUINT64_FORMAT, repository, id);
}

static bool
is_login(const char *word, gpointer data)
{
    (void)data;
    lookups++;
    return g_ascii_strcasecmp(word, "ada") == 0;
}

static GPtrArray *
records_of(const Case *c)
{
    GPtrArray *records = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; i < c->n_files; i++) {
        MpAttachmentRecord *record = g_new0(MpAttachmentRecord, 1);

        *record = (MpAttachmentRecord){.file = (char *)c->files[i].file,
                                       .name = (char *)c->files[i].name,
                                       .type = (char *)c->files[i].type,
                                       .size = c->files[i].size != 0 ? c->files[i].size
                                                                     : strlen(c->files[i].octets)};
        g_ptr_array_add(records, record);
    }
    return records;
}

/* The mails of two readers of one event are the same but for the addresses; the first is given. */
static MpOutgoingMail *
render(const Case *c)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new(), records = records_of(c);
    g_autoptr(GArray) nobody = g_array_new(FALSE, FALSE, sizeof(guint64));
    const MpNotificationSource source = {attachment, thread_page, is_login, (gpointer)c};
    MpThread thread = {.id = 17,
                       .kind = c->object != NULL ? MP_COMMIT : MP_ISSUE,
                       .repository = (char *)"acme/rocket",
                       .title = (char *)"Engine",
                       .is_open = true,
                       .nonce = (char *)"00112233aabbccdd",
                       .object = (char *)c->object};
    MpRepository repository = {
        .name = thread.repository, .link = (char *)c->link, .watchers = nobody, .members = nobody};
    MpUser tim = {.id = 5, .login = (char *)"tim", .name = (char *)"Tim", .emails = none};
    MpUser ada = {.id = 6,
                  .login = (char *)"ada",
                  .name = (char *)"Ada",
                  .emails = none,
                  .format = c->format,
                  .language = (char *)c->language};
    MpComment comment = {
        .number = 3, .key = (char *)KEY, .body = (char *)c->body, .attachments = records};
    g_autoptr(MpNotification) n =
        mp_notification_new(&(MpNotificationFacts){.config = config,
                                                   .ring = ring,
                                                   .thread = &thread,
                                                   .repository = &repository,
                                                   .actor = &tim,
                                                   .kind = MP_EVENT_COMMENT,
                                                   .comment = &comment,
                                                   .key = KEY,
                                                   .date = 1700000000,
                                                   .source = &source});

    reads = lookups = 0;
    g_autoptr(MpOutgoingMail) again = mp_notification_render(n, &tim, "t@example.com", "", NULL);
    MpOutgoingMail *mail = mp_notification_render(n, &ada, "ada@example.com", "mention", NULL);
    cr_assert(again != NULL && mail != NULL);
    return mail;
}

static GMimeMessage *
parse(const MpOutgoingMail *mail)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail->text, mail->length);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    return message;
}

/* --- Walking a mail --------------------------------------------------------------------------- */

typedef struct {
    const char *type;
    char *text;
} Wanted;

static void
take_if_wanted(GMimeObject *parent, GMimeObject *part, gpointer user_data)
{
    Wanted *wanted = user_data;

    (void)parent;
    if (wanted->text == NULL && GMIME_IS_TEXT_PART(part) &&
        g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", wanted->type))
        wanted->text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
}

/* The decoded text of the first part of this subtype. */
static char *
text_of(const MpOutgoingMail *mail, const char *subtype)
{
    g_autoptr(GMimeMessage) message = parse(mail);
    Wanted wanted = {subtype, NULL};

    g_mime_message_foreach(message, take_if_wanted, &wanted);
    cr_assert_not_null(wanted.text);
    g_auto(GStrv) lines = g_strsplit(wanted.text, "\r\n", -1);
    g_free(wanted.text);
    return g_strjoinv("\n", lines);
}

/* "mixed(related(alternative(plain html) png) octet-stream)" */
static void
append_tree(GMimeObject *part, GString *out)
{
    g_string_append(out,
                    g_mime_content_type_get_media_subtype(g_mime_object_get_content_type(part)));
    if (!GMIME_IS_MULTIPART(part))
        return;
    g_string_append_c(out, '(');
    for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(part)); i++) {
        g_string_append(out, i > 0 ? " " : "");
        append_tree(g_mime_multipart_get_part(GMIME_MULTIPART(part), i), out);
    }
    g_string_append_c(out, ')');
}

static char *
tree_of(const MpOutgoingMail *mail)
{
    g_autoptr(GMimeMessage) message = parse(mail);
    GString *out = g_string_new(NULL);

    append_tree(g_mime_message_get_mime_part(message), out);
    return g_string_free(out, FALSE);
}

/* --- Links ------------------------------------------------------------------------------------ */

Test(notify_content, what_has_a_page_is_a_link_and_nothing_else)
{
    static const struct {
        const char *body, *html;
    } cases[] = {
        {"see #18.", "see " LINK("https://h.example/acme/rocket/issues/18", "#18") "."},
        {"(#17)", "(" LINK("https://h.example/acme/rocket/issues/17", "#17") ")"},
        {"\u00ab\u00a0#17\u00a0\u00bb", LINK("https://h.example/acme/rocket/issues/17", "#17")},
        {"acme/rocket#17", LINK("https://h.example/acme/rocket/issues/17", "acme/rocket#17")},
        {"**#17**", "<strong>" LINK("https://h.example/acme/rocket/issues/17", "#17")},
        {"#19", ">#19</p>"},
        {"acme/other#17", ">acme/other#17</p>"},
        {"a#17 #17a #017 ##17 #17/2 b/c/d#17", ">a#17 #17a #017 ##17 #17/2 b/c/d#17</p>"},
        {"#99999999999999999999", ">#99999999999999999999</p>"},
        {"`#17` @ada", "#17</code> " LINK("https://h.example/ada", "@ada")},
        {"@Ada, @ada's",
         LINK("https://h.example/Ada", "@Ada") ", " LINK("https://h.example/ada", "@ada") "'s"},
        {"@bob @ada/team @ada.org x@ada @ada@x", ">@bob @ada/team @ada.org x@ada @ada@x</p>"},
        {"[@ada #17](https://e.org)", LINK("https://e.org", "@ada #17")},
        {COMMIT, LINK("https://h.example/acme/rocket/commit/" COMMIT, COMMIT)},
        {"1a2b3c4 1234567 deadbee", ">1a2b3c4 1234567 deadbee</p>"},
        {"x" COMMIT " " COMMIT "x", ">x" COMMIT " " COMMIT "x</p>"},
        {"https://e.org/#17", LINK("https://e.org/#17", "https://e.org/#17")},
        {"ask ***@***#17", ">ask ***@***#17</p>"},
        {"\\#17 &#35;18", "#17"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) mail = render(&(Case){.body = cases[i].body});
        g_autofree char *html = text_of(mail, "html");

        cr_expect_not_null(strstr(html, cases[i].html), "%s\n%s", cases[i].body, html);
    }
}

Test(notify_content, a_short_commit_is_one_where_it_is_the_threads_own)
{
    g_autoptr(MpOutgoingMail) mail =
        render(&(Case){.body = "in 1a2b3c4 and 1a2b3c5", .object = COMMIT});
    g_autofree char *html = text_of(mail, "html");

    cr_expect_not_null(strstr(html, LINK("https://h.example/acme/rocket/commit/" COMMIT,
                                         "1a2b3c4") " and 1a2b3c5"),
                       "%s", html);
}

Test(notify_content, a_relative_link_leads_to_the_repository_or_is_text)
{
    static const struct {
        const char *body, *link, *html;
    } cases[] = {
        {"[x](docs/a.md)", NULL, LINK("https://h.example/acme/rocket/docs/a.md", "x")},
        {"[x](../b/c?d#e)", NULL, LINK("https://h.example/acme/b/c?d#e", "x")},
        {"[x](../../../../b)", NULL, LINK("https://h.example/b", "x")},
        {"[x](#end)", NULL, LINK("https://h.example/acme/rocket/#end", "x")},
        {"[x](<a b>)", NULL, LINK("https://h.example/acme/rocket/a%20b", "x")},
        {"[x](//e.org/y)", NULL, LINK("https://e.org/y", "x")},
        {"![x](docs/a.png)", NULL, LINK("https://h.example/acme/rocket/docs/a.png", "x")},
        {"[x](docs/a.md)", "", ">x</p>"},
        {"[x](docs/a.md)", "https://v.example/?r={repository}&t={number}", ">x</p>"},
        {"[x](docs/a.md)", "https://v.example/{repository}/-/{number}",
         LINK("https://v.example/acme/rocket/docs/a.md", "x")},
        {"[x](javascript:a) [y](data:,a) [z](JavaScript&#58;a)", NULL, ">x y z</p>"},
        {"[x](java&#115;cript:a) [y](&#x2f;a) [z](a&#58;b)", NULL, ">x y z</p>"},
        {"[x](vbscript:a/b) [y](attachments/1.png) [z](%zz)", NULL, ">x y z</p>"},
        {"a[x]()b ![]() [y](<>) [z][1]\n\n[1]: <>", NULL, ">axb  y z</p>"},
        {"[](docs/)", NULL, LINK("https://h.example/acme/rocket/docs/", "docs/")},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) mail =
            render(&(Case){.body = cases[i].body, .link = cases[i].link});
        g_autofree char *html = text_of(mail, "html");

        cr_expect_not_null(strstr(html, cases[i].html), "%s\n%s", cases[i].body, html);
    }
}

Test(notify_content, without_a_page_nothing_links_to_one)
{
    g_free(config->url);
    config->url = g_strdup("");
    g_autoptr(MpOutgoingMail) mail =
        render(&(Case){.body = "@ada " COMMIT " [x](docs/a.md) [y](/z)"});
    g_autofree char *html = text_of(mail, "html");

    cr_expect_null(strstr(html, "href"), "%s", html);
}

Test(notify_content, our_own_pages_have_no_files_people_and_commits)
{
    g_free(config->url);
    config->url = g_strdup("https://p.example/r/{repository}/{page}.html#comment-{comment}");
    config->links_to_pages = true;
    g_autoptr(MpOutgoingMail) mail = render(&(Case){.body = "@ada " COMMIT " [x](docs/a.md)"});
    g_autofree char *html = text_of(mail, "html");

    cr_expect_not_null(strstr(html, ">@ada " COMMIT " x</p>"), "%s", html);
}

Test(notify_content, a_text_full_of_names_is_looked_up_a_hundred_times_at_most)
{
    g_autoptr(GString) body = g_string_new(NULL);

    for (int i = 0; i < 5000; i++)
        g_string_append_printf(body, "#%d @u%d\n", i + 1, i);
    g_autoptr(MpOutgoingMail) mail = render(&(Case){.body = body->str});
    cr_expect(lookups <= 200, "%d, of two makings", lookups);
}

/* --- Attachments ------------------------------------------------------------------------------ */

static const File files[] = {
    {"1.png", "shot.png", "image/png", PNG "octets"},
    {"2.log", "boot.log", "text/x-log", "a\nb\n"},
    {"3", "core.bin", "application/octet-stream",
     "\x7f"
     "ELF"},
};

Test(notify_content, pictures_are_at_their_place_and_other_files_attached)
{
    const char *body = "Look: ![shot](attachments/1.png)\n\nAttached: "
                       "[boot.log](attachments/2.log) (4 bytes)\n";
    g_autoptr(MpOutgoingMail) mail = render(&(Case){body, .files = files, .n_files = 3});
    g_autofree char *tree = tree_of(mail), *html = text_of(mail, "html");
    g_autofree char *text = text_of(mail, "plain");

    cr_expect_str_eq(tree, "mixed(related(alternative(plain html) png) x-log octet-stream)");
    cr_expect_not_null(strstr(html, "Look: <img src=\"cid:1.png.0123456789abcdef@git.example.org\" "
                                    "alt=\"shot\" style=\"max-width:100%;height:auto\"></p>"),
                       "%s", html);
    cr_expect_not_null(strstr(html, "Attached: boot.log (4 bytes)"), "%s", html);
    cr_expect(g_str_has_prefix(text, "Look: [image: shot.png]\n\nAttached: boot.log (4 bytes)\n\n"
                                     "Attached: core.bin (4"),
              "%s", text);
    cr_expect_null(strstr(text, "attachments/"));
    cr_expect_eq(reads, 3, "once an event, not once a recipient: %d", reads);
}

Test(notify_content, who_wants_text_gets_the_files_and_no_picture_without_a_place)
{
    g_autoptr(MpOutgoingMail) mail = render(&(Case){"![shot](attachments/1.png)", .files = files,
                                                    .n_files = 1, .format = MP_MAIL_TEXT});
    g_autofree char *tree = tree_of(mail);

    cr_expect_str_eq(tree, "mixed(plain png)");
    cr_expect_not_null(strstr(mail->text, "Content-Disposition: attachment; filename="));
}

Test(notify_content, what_does_not_travel_is_named_with_its_size)
{
    static const File large[] = {
        {"1.png", "a.png", "image/png", PNG, 60},
        {"2.zip", "b.zip", "application/zip", "PK\3\4", 50},
        {"3", "run.exe", "application/octet-stream", "MZ"},
        {"4.txt", "c.txt", "text/plain", "c"},
    };
    const char *body = "![a](attachments/1.png) [b](attachments/2.zip) (50 bytes)\n"
                       "[run.exe](attachments/3) [c](attachments/4.txt)";
    static const struct {
        const char *link, *language, *html;
    } cases[] = {
        {NULL, "en", LINK("https://h.example/acme/rocket/issues/17#comment-3", "b") " (50"},
        {"", "en", "> b (50"},
        {"", "fr", "non jointe \xc3\xa0 ce courriel)<br>\nrun.exe ("},
    };

    config->max_notification_attachments = 100;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MpOutgoingMail) mail = render(&(Case){
            body, cases[i].link, large, G_N_ELEMENTS(large), .language = cases[i].language});
        g_autofree char *tree = tree_of(mail), *html = text_of(mail, "html");

        cr_expect_str_eq(tree, "mixed(related(alternative(plain html) png) plain)");
        cr_expect_not_null(strstr(html, cases[i].html), "%s", html);
        cr_expect_null(strstr(html, "(50 bytes)"), "its size is said once: %s", html);
    }
    config->max_notification_attachments = 0;
    g_autoptr(MpOutgoingMail) mail = render(&(Case){body, "", large, G_N_ELEMENTS(large)});
    g_autofree char *tree = tree_of(mail), *html = text_of(mail, "html");
    cr_expect_str_eq(tree, "alternative(plain html)");
    cr_expect_null(strstr(html, "href"));
    cr_expect_eq(reads, 0);
}

Test(notify_content, a_record_that_lies_about_its_size_does_not_pass_the_limit)
{
    static const File lies[] = {{"1.png", "a.png", "image/png", PNG "and very much more", 1}};

    config->max_notification_attachments = 10;
    g_autoptr(MpOutgoingMail) mail =
        render(&(Case){"![a](attachments/1.png)", .files = lies, .n_files = 1});
    g_autofree char *tree = tree_of(mail);
    cr_expect_str_eq(tree, "alternative(plain html)");
}

Test(notify_content, types_and_names_of_strangers_do_no_harm)
{
    static const struct {
        const char *name, *type, *octets, *sent_name, *sent_type;
    } cases[] = {
        {"../../etc/passwd", "text/plain", "x", "passwd", "text/plain"},
        {"C:\\Users\\a.txt", "text/plain", "x", "a.txt", "text/plain"},
        {".bashrc", "text/plain", "x", "bashrc", "text/plain"},
        {"a\r\nBcc: x@y", "text/plain", "x", "a Bcc_ x@y", "text/plain"},
        {"gpj.\xe2\x80\xae"
         "exe.txt",
         "text/plain", "x", "gpj. exe.txt", "text/plain"},
        {"con.txt", "text/plain", "x", "_con.txt", "text/plain"},
        {"Com7 .txt", "text/plain", "x", "_Com7 .txt", "text/plain"},
        {"lpt\xc2\xb2", "text/plain", "x", "_lpt\xc2\xb2", "text/plain"},
        {"conout$", "text/plain", "x", "_conout$", "text/plain"},
        {"console.txt", "text/plain", "x", "console.txt", "text/plain"},
        {"a.txt. .", "text/plain", "x", "a.txt", "text/plain"},
        {"...", "text/plain", "x", "1", "text/plain"},
        {"page.html", "text/html", "<script>", "page.html", "application/octet-stream"},
        {"pic.svg", "image/svg+xml", "<svg/>", "pic.svg", "application/octet-stream"},
        {"a.ics", "text/calendar", "BEGIN:VCALENDAR", "a.ics", "application/octet-stream"},
        {"latin.txt", "text/plain", "\xe9", "latin.txt", "application/octet-stream"},
        {"x.eml", "message/rfc822", "To: x\n\n", "x.eml", "application/octet-stream"},
        {"a", "text/html; charset=x\r\nX-Evil: 1", "x", "a", "application/octet-stream"},
        {"page.html", "text/html", PNG "<script>", "page.html.png", "image/png"},
        {"fake.png", "image/png", "<html>", "fake.png", "application/octet-stream"},
        {"p.pdf", "application/pdf", "%PDF-", "p.pdf", "application/pdf"},
        {"\xe5\x86\x99\xe7\x9c\x9f \xc3\xa9.jpg", "image/jpeg", "\xff\xd8\xff\xe0",
         "\xe5\x86\x99\xe7\x9c\x9f \xc3\xa9.jpg", "image/jpeg"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const File file = {"1", cases[i].name, cases[i].type, cases[i].octets};
        g_autoptr(MpOutgoingMail) mail =
            render(&(Case){.body = "See.", .files = &file, .n_files = 1});
        g_autoptr(GMimeMessage) message = parse(mail);
        GMimeObject *part =
            g_mime_multipart_get_part(GMIME_MULTIPART(g_mime_message_get_mime_part(message)), 1);
        g_autofree char *type =
            g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));

        cr_expect_str_eq(g_mime_part_get_filename(GMIME_PART(part)), cases[i].sent_name);
        cr_expect_str_eq(type, cases[i].sent_type, "%s: %s", cases[i].name, type);
        cr_expect_null(strstr(mail->text, "X-Evil"));
    }
}

Test(notify_content, a_long_name_keeps_its_extension_and_breaks_no_line)
{
    g_autofree char *many = g_strnfill(400, 'n'),
                    *name = g_strconcat("\xc3\xa9", many, ".log", NULL);
    const File file = {"1", name, "text/plain", "x"};
    g_autoptr(MpOutgoingMail) mail = render(&(Case){.body = "See.", .files = &file, .n_files = 1});
    g_auto(GStrv) lines = g_strsplit(mail->text, "\r\n", -1);

    for (char **line = lines; *line != NULL; line++)
        cr_expect(strlen(*line) <= 998 && strchr(*line, '\n') == NULL, "%s", *line);
    g_autoptr(GMimeMessage) message = parse(mail);
    GMimeObject *part =
        g_mime_multipart_get_part(GMIME_MULTIPART(g_mime_message_get_mime_part(message)), 1);
    const char *sent = g_mime_part_get_filename(GMIME_PART(part));
    cr_expect(strlen(sent) <= 120 && g_str_has_suffix(sent, "n.log"), "%s", sent);
}

/* Who knows what their file and text give for a boundary cannot write it into that text. */
Test(notify_content, no_text_can_end_the_part_that_it_is_in)
{
    const File file = {"1", "a.txt", "text/plain", "x"};
    g_autoptr(MpOutgoingMail) one = render(&(Case){.body = "See.", .files = &file, .n_files = 1});
    const char *start = strstr(one->text, "--mp-mixed-");
    g_autofree char *boundary = g_strndup(start, strcspn(start, "\r"));
    g_autofree char *body = g_strconcat("See.\n", boundary, "\nX: y\n", boundary, "--\n", NULL);
    g_autoptr(MpOutgoingMail) two = render(&(Case){.body = body, .files = &file, .n_files = 1});
    g_autofree char *tree = tree_of(two);

    cr_expect_str_eq(tree, "mixed(alternative(plain html) plain)");
}

/* The line of a text that names a file is made of the file's name, whatever the text calls it. */
Test(notify_content, no_name_of_a_file_can_end_the_part_that_it_is_in)
{
    const char *body = "[log](attachments/1)";
    const File file = {"1", "a.txt", "text/plain", "x"};
    g_autoptr(MpOutgoingMail) one = render(&(Case){.body = body, .files = &file, .n_files = 1});
    const char *start = strstr(one->text, "--mp-mixed-");
    g_autofree char *boundary = g_strndup(start, strcspn(start, "\r"));
    const File named = {"1", boundary, "text/plain", "x"};
    g_autoptr(MpOutgoingMail) two = render(&(Case){.body = body, .files = &named, .n_files = 1});
    g_autofree char *tree = tree_of(two);

    cr_expect_str_eq(tree, "mixed(alternative(plain html) plain)", "%s", tree);
}

/* One of everything: this is what the pictures of README are made of. */
Test(notify_content, a_golden_mail_has_one_of_everything)
{
    static const char body[] =
        "Thanks @ada, it is the **fuse** \u2013 see #18 and " COMMIT ":\n\n"
        "![The rocket](attachments/1.png)\n\n"
        "> It does not start.\n> I tried twice.\n\n"
        "| part | before | after |\n|---|--:|--:|\n| fuse | 5 A | 10 A |\n| relay | off | on |\n\n"
        "```c\nif (fuel(tank) > 0 && is_open(valve) && temperature(engine) < limit_of(engine, "
        "today))\n"
        "    start(engine);\n```\n\n"
        "1. Replace it, as `docs/fuse.md` says ([here](docs/fuse.md)).\n2. Try again.\n\n"
        "\u05e9\u05dc\u05d5\u05dd, \u05d6\u05d4 \u05e2\u05d5\u05d1\u05d3!\n\n"
        "Best,\nTim\n\nAttached: [boot.log](attachments/2.log) (8 bytes)\n";
    g_autofree char *photo = NULL;
    gsize length;

    cr_assert(g_file_get_contents("tests/fixtures/notify/photo.png", &photo, &length, NULL));
    const File all[] = {{"1.png", "IMG_0042.png", "image/png", photo, 0, length},
                        {"2.log", "boot.log", "text/plain", "ready\n\xc3\xa9"}};
    for (int is_french = 0; is_french < 2; is_french++) {
        g_autoptr(MpOutgoingMail) mail =
            render(&(Case){body, .files = all, .n_files = 2, .language = is_french ? "fr" : "en"});

        golden_expect(is_french ? "everything.fr" : "everything", mail);
    }
}

/* --- Length ----------------------------------------------------------------------------------- */

/* Each piece of a text, as many times as it takes. */
static const char *const pieces[] = {
    "a line of prose that is neither long nor short\n",
    "- item with **bold** and `code`\n",
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
    "<<<>>>&&&\"",
    "> > > deep\n> > quote\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "```\ncode & more\n",
    "a\n\n",
    "**",
    "[x](https://example.org/a/very/long/path/to/somewhere) ",
    "@ada #17 ",
};

static void
expect_closed(const char *html)
{
    static const char *const tags[] = {"p",  "pre",   "code", "blockquote", "ul",
                                       "li", "table", "tr",   "td",         "strong",
                                       "em", "a",     "div",  "body",       "html"};

    for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
        g_autofree char *opening = g_strdup_printf("<%s[ >]", tags[i]);
        g_autofree char *closing = g_strdup_printf("</%s>", tags[i]);
        g_autoptr(GRegex) open = g_regex_new(opening, 0, 0, NULL);
        g_auto(GStrv) opened = g_regex_split(open, html, 0), closed = g_strsplit(html, closing, -1);

        cr_expect_eq(g_strv_length(opened), g_strv_length(closed), "<%s>", tags[i]);
    }
}

Test(notify_content, a_body_has_at_most_90_kib_and_says_what_is_left_out)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) body = g_string_new(NULL);
        while (body->len < 300000)
            g_string_append(body, pieces[i]);
        for (int has_page = 0; has_page < 2; has_page++) {
            g_autoptr(MpOutgoingMail) mail =
                render(&(Case){.body = body->str, .link = has_page ? NULL : ""});
            g_autofree char *text = text_of(mail, "plain"), *html = text_of(mail, "html");

            cr_expect(strlen(text) <= 92160 && strlen(html) <= 92160, "%s: %zu, %zu", pieces[i],
                      strlen(text), strlen(html));
            cr_expect(g_utf8_validate(text, -1, NULL) && g_utf8_validate(html, -1, NULL));
            cr_expect_not_null(strstr(text, "\n[Characters left out here: "));
            cr_expect_not_null(strstr(html, has_page ? "#comment-3\">Characters left out here"
                                                     : "<p lang=\"en\">[Characters left out here"));
            expect_closed(html);
        }
    }
}

Test(notify_content, what_is_shown_and_what_is_left_out_are_all_there_is)
{
    g_autoptr(GString) body = g_string_new(NULL);
    g_autoptr(GRegex) count = g_regex_new("here: (\\d+)", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    while (body->len < 300000)
        g_string_append(body, "one \xe2\x82\xac two three four\n");
    g_autoptr(MpOutgoingMail) mail = render(&(Case){.body = body->str});
    g_autofree char *text = text_of(mail, "plain");
    cr_assert(g_regex_match(count, text, 0, &match));
    g_autofree char *number = g_match_info_fetch(match, 1);
    const char *end = strstr(text, "\n[Characters left out");
    cr_expect_eq(g_utf8_strlen(text, end - text) + g_ascii_strtoll(number, NULL, 10),
                 g_utf8_strlen(body->str, -1));
}
