/*
 * Header blocks of which no row of the table knows the first line: those in a language that has no
 * rows, and those of Lotus Notes, which begin with a name and have no colons.
 */
#include "reply/boundary.h"

#include <string.h>

enum {
    NAME = 60,  /* bytes of a field's name */
    FIELDS = 3, /* at least */
    FIELDS_MOST = 8,
    PREFIX = 8, /* bytes of "Re:" and its like */
    DATE = 40,  /* bytes of a line that is a date */
    NOTES_LINES = 16,
};

static const MpRule unknown = {
    .name = "header-unknown", .kind = MP_RULE_HEADER, .client = "any language"};

/* The value if the line is "Name: value", or NULL. */
static const char *
field_value(const Line *line)
{
    const char *p = line->core;

    if (line->kind != LINE_TEXT || line->fenced || g_unichar_islower(g_utf8_get_char(p)))
        return NULL;
    while (g_unichar_isalpha(g_utf8_get_char(p)) || g_unichar_ismark(g_utf8_get_char(p)) ||
           *p == ' ')
        p = g_utf8_next_char(p);
    return p > line->core && p - line->core <= NAME && p[0] == ':' && p[1] == ' ' ? p + 2 : NULL;
}

/* "Re: …", in any language. */
static bool
is_reply_subject(const char *value)
{
    const char *p = value;

    while (g_unichar_isalpha(g_utf8_get_char(p)))
        p = g_utf8_next_char(p);
    return p > value && p - value <= PREFIX && p[0] == ':' && p[1] == ' ';
}

/* "[acme/rocket] Build": the subject of a mail of ours, or of a list. */
static bool
is_tagged_subject(const char *value)
{
    const char *end = value[0] == '[' ? strchr(value, ']') : NULL;

    return end != NULL && end > value + 1 && end[1] == ' ';
}

static bool
is_ascii_name(const Line *line)
{
    const char *p = line->core;

    while (*p != ':' && (guchar)*p < 0x80)
        p++;
    return *p == ':';
}

/* "Oddi wrth: Ada Example <ada@example.org>", a date, and at the end "Pwnc: Re: Build": the answer
 * to an answer, or to what we sent, is told from the fields that a person writes; so are four of
 * them in letters that few programs write names of fields in. */
static guint
unknown_language_end(const GArray *lines, guint i, MpMatcher *matcher)
{
    const char *value = LINE(lines, i)->has_at ? field_value(LINE(lines, i)) : NULL;
    const char *bracket = value != NULL ? strchr(value, '<') : NULL;
    guint end = i;
    bool date = false, subject = false;

    if (bracket == NULL || bracket == value)
        return 0;
    for (; end < lines->len && end < i + FIELDS_MOST; end++) {
        const Line *line = LINE(lines, end);

        value = field_value(line);
        if (value == NULL)
            break;
        date |= line->has_digit && mp_matcher_has_day(matcher, line->core);
        subject = is_reply_subject(value) || is_tagged_subject(value);
    }
    bool foreign = end >= i + FIELDS + 1 && !is_ascii_name(LINE(lines, i));
    return end >= i + FIELDS && date && (subject || foreign) && end < lines->len &&
                   LINE(lines, end)->kind == LINE_BLANK
               ? end
               : 0;
}

/* The field that a line of its own names, without a colon. Each line is matched once, but for the
 * row that knows a subject: several lines of notes look at the same ones below them. */
static HeaderField
named_field(Line *line, MpMatcher *matcher, const MpRule **rule)
{
    if (line->kind != LINE_TEXT || line->fenced || line->has_digit || line->has_at ||
        strchr(line->core, ':') != NULL || strlen(line->core) > NAME)
        return FIELD_NONE;
    if (line->names_known && line->names != FIELD_SUBJECT)
        return line->names;
    g_autofree char *text = g_strconcat(line->core, ":", NULL);
    line->names = line_field(text, matcher, rule);
    line->names_known = true;
    return line->names;
}

/* "Ada Example", "17.11.2025 09:12", "An", the addressees, "Thema", "Build". */
static guint
notes_end(const GArray *lines, guint i, MpMatcher *matcher, const MpRule **rule)
{
    guint limit = MIN(lines->len, i + NOTES_LINES);
    bool to = false;

    if (i + 1 >= lines->len || LINE(lines, i)->kind != LINE_TEXT)
        return 0;
    const Line *date = LINE(lines, i + 1);
    if (date->kind != LINE_TEXT || !g_ascii_isdigit(date->core[0]) || strlen(date->core) > DATE ||
        strchr(date->core, ':') == NULL || !mp_matcher_has_day(matcher, date->core))
        return 0;
    for (guint k = i + 2; k < limit; k++) {
        HeaderField field = named_field(LINE(lines, k), matcher, rule);

        to |= field == FIELD_TO;
        if (to && field == FIELD_SUBJECT) {
            guint value = lines_skip_blank(lines, k + 1);
            return MIN(lines->len, value + 1);
        }
    }
    return 0;
}

void
headers_mark_unknown(GArray *lines, guint i, MpMatcher *matcher)
{
    const MpRule *rule = &unknown;

    if (i == 0 || LINE(lines, i - 1)->kind != LINE_BLANK || LINE(lines, i)->kind != LINE_TEXT ||
        LINE(lines, i)->fenced)
        return;
    guint end = unknown_language_end(lines, i, matcher);
    if (end == 0)
        end = notes_end(lines, i, matcher, &rule);
    if (end > 0)
        boundary_mark_block(lines, i, end, LINE_HEADERS, rule);
}
