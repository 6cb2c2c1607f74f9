/*
 * The attachments of a mail's comments: which travel with it, and how its text speaks of each. As
 * many as [limits] notification-attachments allows travel, in their order: pictures at their place
 * in the HTML, the others, and whatever the text does not show, attached. One that does not is
 * a link to the page of its comment, or named with its size: nothing looks like a link that cannot
 * be opened.
 */
#include "notify/internal.h"

#include <string.h>

#define MAX_UNNAMED 50

typedef struct {
    const MpComment *comment;
    const MpAttachmentRecord *record;
    GBytes *data; /* of one that travels, if it was read */
    char *name;   /* clean */
    char *id;     /* Content-ID, without brackets */
    bool travels, is_picture, is_shown, is_named;
} Enclosure;

struct MpEnclosures {
    const MpNotificationFacts *facts;
    bool with_data;
    GArray *all;    /* Enclosure */
    guint64 octets; /* of those that travel */
};

static void
enclosure_clear(gpointer data)
{
    Enclosure *enclosure = data;

    g_clear_pointer(&enclosure->data, g_bytes_unref);
    g_free(enclosure->name);
    g_free(enclosure->id);
}

static GBytes *
read_data(const MpEnclosures *e, const Enclosure *enclosure)
{
    const MpNotificationSource *source = e->facts->source;

    return source != NULL
               ? source->attachment(enclosure->comment, enclosure->record->file, source->data)
               : NULL;
}

/* Within the limit by the size in the record, and by that of what is read: a record may lie. */
static void
admit(MpEnclosures *e, Enclosure *enclosure)
{
    guint64 room = (guint64)e->facts->config->max_notification_attachments - e->octets;
    guint64 size = enclosure->record->size;

    if (size > room || mp_enclosure_is_program(enclosure->name))
        return;
    if (e->with_data) {
        g_autoptr(GBytes) data = read_data(e, enclosure);
        if (data == NULL || g_bytes_get_size(data) > room)
            return;
        size = MAX(size, g_bytes_get_size(data));
        enclosure->is_picture = mp_enclosure_is_picture(data);
        enclosure->data = g_steal_pointer(&data);
    }
    enclosure->travels = true;
    e->octets += size;
}

static void
add(MpEnclosures *e, const MpComment *comment, const MpAttachmentRecord *record)
{
    Enclosure enclosure = {.comment = comment, .record = record, .name = mp_enclosure_name(record)};

    enclosure.id =
        g_strdup_printf("%s.%.16s@%s", record->file, comment->key != NULL ? comment->key : "",
                        e->facts->config->hostname);
    admit(e, &enclosure);
    g_array_append_val(e->all, enclosure);
}

MpEnclosures *
mp_enclosures_new(const MpNotificationFacts *facts, bool with_data)
{
    MpEnclosures *e = g_new0(MpEnclosures, 1);

    e->facts = facts;
    e->with_data = with_data;
    e->all = g_array_new(FALSE, FALSE, sizeof(Enclosure));
    g_array_set_clear_func(e->all, enclosure_clear);
    return e;
}

void
mp_enclosures_add(MpEnclosures *e, const MpComment *comment)
{
    for (guint i = 0; comment->attachments != NULL && i < comment->attachments->len; i++)
        add(e, comment, comment->attachments->pdata[i]);
}

void
mp_enclosures_free(MpEnclosures *e)
{
    if (e == NULL)
        return;
    g_array_unref(e->all);
    g_free(e);
}

static Enclosure *
at(const MpEnclosures *e, guint i)
{
    return &g_array_index(e->all, Enclosure, i);
}

static Enclosure *
find(const MpEnclosures *e, const MpComment *comment, const char *file, gsize length)
{
    for (guint i = 0; i < e->all->len; i++) {
        Enclosure *enclosure = at(e, i);

        if (enclosure->comment == comment && strlen(enclosure->record->file) == length &&
            strncmp(enclosure->record->file, file, length) == 0)
            return enclosure;
    }
    return NULL;
}

char *
mp_enclosures_picture(MpEnclosures *e, const MpComment *comment, const char *url)
{
    const char *file = url + strlen(MP_ATTACHMENTS);
    Enclosure *enclosure =
        g_str_has_prefix(url, MP_ATTACHMENTS) ? find(e, comment, file, strlen(file)) : NULL;

    if (enclosure == NULL || !enclosure->travels || !enclosure->is_picture)
        return NULL;
    enclosure->is_shown = true;
    return g_strconcat("cid:", enclosure->id, NULL);
}

/* --- What the text says of them --------------------------------------------------------------- */

typedef struct {
    bool is_image;
    const char *label; /* as it is written */
    gsize label_length;
    Enclosure *enclosure;
} Reference;

/* The closing bracket of a label that begins at `p`; NULL where another opens before. */
static const char *
label_end(const char *p)
{
    for (; *p != '\0' && *p != '\n' && *p != '[' && *p != ']'; p++)
        if (*p == '\\' && p[1] != '\0' && p[1] != '\n')
            p++;
    return *p == ']' ? p : NULL;
}

/* The octets of "[label](attachments/1.png)" or the same with ! at `p`, of one of the comment's
 * attachments; else 0. */
static gsize
reference_at(const MpEnclosures *e, const MpComment *comment, const char *p, Reference *r)
{
    const char *end, *file, *start = p;

    r->is_image = *p == '!';
    p += r->is_image;
    if (*p != '[')
        return 0;
    r->label = p + 1;
    end = label_end(r->label);
    if (end == NULL || !g_str_has_prefix(end, "](" MP_ATTACHMENTS))
        return 0;
    r->label_length = (gsize)(end - r->label);
    file = end + strlen("](" MP_ATTACHMENTS);
    gsize length = strcspn(file, " ()<>\n");
    if (file[length] != ')')
        return 0;
    r->enclosure = find(e, comment, file, length);
    return r->enclosure != NULL ? (gsize)(file + length + 1 - start) : 0;
}

/* The octets of " (4.2 MB)" at `p`, which stands behind attachments that were named below a text;
 * else 0. */
static gsize
size_at(const char *p)
{
    gsize length = strcspn(p, ")\n");

    return g_str_has_prefix(p, " (") && g_ascii_isdigit(p[2]) && p[length] == ')' && length < 24
               ? length + 1
               : 0;
}

/* "(20.0 MB, not sent with this mail)". */
static void
append_absence(GString *out, const Enclosure *enclosure, MpLanguage language)
{
    g_autofree char *size = g_format_size(enclosure->record->size);

    g_string_append_printf(out, " (%s, %s)", size, mp_notice_texts(language)->not_sent);
}

/* For people who read no HTML. */
static gsize
append_plain(GString *out, const Reference *r, const MpContentPlace *place, const char *behind)
{
    const Enclosure *enclosure = r->enclosure;
    bool is_image = r->is_image && enclosure->travels;

    g_string_append_printf(out, is_image ? "[image: %s]" : "%s", enclosure->name);
    if (enclosure->travels)
        return 0;
    append_absence(out, enclosure, place->language);
    return size_at(behind);
}

/* As Markdown: a picture that is here stays what it was. */
static gsize
append_markdown(GString *out, const Reference *r, const MpContentPlace *place, const char *behind)
{
    const Enclosure *enclosure = r->enclosure;
    bool is_here = enclosure->travels, is_link = !is_here && place->link != NULL;
    bool is_picture = r->is_image && is_here && enclosure->is_picture;

    if (is_picture)
        g_string_append_c(out, '!');
    if (is_picture || is_link)
        g_string_append_c(out, '[');
    g_string_append_len(out, r->label, (gssize)r->label_length);
    if (is_picture)
        g_string_append_printf(out, "](" MP_ATTACHMENTS "%s)", enclosure->record->file);
    else if (is_link)
        g_string_append_printf(out, "](<%s>)", place->link);
    if (is_here)
        return 0;
    append_absence(out, enclosure, place->language);
    return size_at(behind);
}

static char *
rewrite(MpEnclosures *e, const MpContentPlace *place, const char *markdown,
        gsize (*append)(GString *, const Reference *, const MpContentPlace *, const char *))
{
    GString *out = g_string_sized_new(strlen(markdown) + 64);
    Reference r;

    for (const char *p = markdown; *p != '\0';) {
        gsize plain = strcspn(p, "![\\");
        g_string_append_len(out, p, (gssize)plain);
        p += plain;
        gsize length = reference_at(e, place->comment, p, &r);
        if (length > 0) {
            r.enclosure->is_named = true;
            p += length;
            p += append(out, &r, place, p);
            continue;
        }
        for (int n = *p == '\\' && p[1] != '\0' ? 2 : 1; n > 0 && *p != '\0'; n--)
            g_string_append_c(out, *p++);
    }
    return g_string_free(out, FALSE);
}

/* Those that the text does not name, as of imported comments, are named below it. */
static void
append_unnamed(const MpEnclosures *e, const MpContentPlace *place, GString *out, bool is_markdown)
{
    guint n = 0;

    for (guint i = 0; i < e->all->len && n < MAX_UNNAMED; i++) {
        const Enclosure *enclosure = at(e, i);

        if (enclosure->comment != place->comment || enclosure->is_named)
            continue;
        n++;
        g_autofree char *size = g_format_size(enclosure->record->size);
        g_autofree char *shown =
            is_markdown ? mp_markdown_quote(enclosure->name) : g_strdup(enclosure->name);
        g_string_append_printf(out, "\n%s%s", mp_notice_texts(place->language)->attached, shown);
        if (enclosure->travels)
            g_string_append_printf(out, " (%s)", size);
        else
            append_absence(out, enclosure, place->language);
        g_string_append_c(out, '\n');
    }
}

static char *
speak(MpEnclosures *e, const MpContentPlace *place, const char *markdown, bool is_markdown)
{
    for (guint i = 0; i < e->all->len; i++)
        at(e, i)->is_named = at(e, i)->is_named && at(e, i)->comment != place->comment;
    g_autofree char *text =
        rewrite(e, place, markdown, is_markdown ? append_markdown : append_plain);
    GString *out = g_string_new(text);

    append_unnamed(e, place, out, is_markdown);
    return g_string_free(out, FALSE);
}

char *
mp_enclosures_plain(MpEnclosures *e, const MpContentPlace *place, const char *markdown)
{
    return speak(e, place, markdown, false);
}

char *
mp_enclosures_markdown(MpEnclosures *e, const MpContentPlace *place, const char *markdown)
{
    for (guint i = 0; i < e->all->len; i++)
        at(e, i)->is_shown = at(e, i)->is_shown && at(e, i)->comment != place->comment;
    return speak(e, place, markdown, true);
}

/* --- The parts of the mail -------------------------------------------------------------------- */

static void
append_boundary(GString *out, const char *kind, const char *mark, const char *end)
{
    g_string_append_printf(out, "\r\n--mp-%s-%s%s\r\n", kind, mark, end);
}

static void
append_parts(const MpEnclosures *e, bool shown, bool has_html, const char *mark, GString *out)
{
    for (guint i = 0; i < e->all->len; i++) {
        const Enclosure *enclosure = at(e, i);
        bool is_shown = enclosure->is_shown && has_html;

        if (enclosure->data == NULL || is_shown != shown)
            continue;
        g_autofree char *part =
            mp_enclosure_part(enclosure->record, enclosure->data, is_shown ? enclosure->id : NULL);
        append_boundary(out, shown ? "related" : "mixed", mark, "");
        g_string_append(out, part);
    }
    if (out->len > 0)
        append_boundary(out, shown ? "related" : "mixed", mark, "--");
}

static void
append_opening(GString *out, const char *kind, const char *more, const char *mark)
{
    g_string_append_printf(out,
                           "Content-Type: multipart/%s;%s\r\n\tboundary=\"mp-%s-%s\"\r\n\r\n"
                           "--mp-%s-%s\r\n",
                           kind, more, kind, mark, kind, mark);
}

/* Of all that people wrote and called their files, so that no line between can be a boundary. */
static char *
boundary_mark(const MpEnclosures *e, const char *text)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
    for (guint i = 0; i < e->all->len; i++) {
        const char *name = at(e, i)->name;
        g_checksum_update(checksum, (const guchar *)name, (gssize)strlen(name) + 1);
    }
    return g_strndup(g_checksum_get_string(checksum), 32);
}

void
mp_enclosures_frame(const MpEnclosures *e, bool has_html, const char *text, char **before,
                    char **behind)
{
    g_autofree char *mark = boundary_mark(e, text);
    g_autoptr(GString) related = g_string_new(NULL), mixed = g_string_new(NULL);
    GString *head = g_string_new(NULL);

    append_parts(e, true, has_html, mark, related);
    append_parts(e, false, has_html, mark, mixed);
    if (mixed->len > 0)
        append_opening(head, "mixed", "", mark);
    if (related->len > 0)
        append_opening(head, "related", "\r\n\ttype=\"multipart/alternative\";", mark);
    *before = g_string_free(head, FALSE);
    *behind = g_strconcat(related->str, mixed->str, NULL);
}
