/*
 * The words behind an @ in a comment; see mentions.h. md4c says what is code and what is a link,
 * so that the answer is that of the HTML people see.
 */
#include "markup/mentions.h"

#include <string.h>

#include "markup/internal.h"

typedef struct {
    GString *text; /* the prose, with a newline for whatever is none */
    guint depth;   /* of links and code around the place */
} Prose;

static bool
is_silent(MD_SPANTYPE type)
{
    return type == MD_SPAN_A || type == MD_SPAN_CODE;
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth += type == MD_BLOCK_CODE;
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth -= type == MD_BLOCK_CODE;
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth += is_silent(type);
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Prose *prose = user_data;

    (void)detail;
    prose->depth -= is_silent(type);
    g_string_append_c(prose->text, '\n');
    return 0;
}

static int
take_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user_data)
{
    Prose *prose = user_data;

    if (prose->depth > 0)
        return 0;
    if (type == MD_TEXT_NORMAL)
        g_string_append_len(prose->text, text, size);
    else
        g_string_append_c(prose->text, '\n');
    return 0;
}

static GString *
prose_of(const char *markdown)
{
    Prose prose = {g_string_new(NULL), 0};
    const MD_PARSER sink = {
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = take_text,
    };

    (void)mp_markdown_parse(markdown, &sink, &prose);
    return prose.text;
}

static bool
is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

/* No word before it (a mail address), and behind it the end of the word. @acme/team is a team,
 * @example.org a domain, @a@b an account elsewhere; the full stop of a sentence may follow. */
gsize
mp_mention_length(const char *start, const char *at)
{
    gsize length = 0, dots;

    if (at > start && (is_word(at[-1]) || strchr("@./+-", at[-1]) != NULL))
        return 0;
    while (g_ascii_isalnum(at[1 + length]) || at[1 + length] == '-')
        length++;
    const char *end = at + 1 + length;
    dots = strspn(end, ".");
    if (*end == '/' || *end == '@' || is_word(*end) || is_word(end[dots]))
        return 0;
    return length;
}

void
mp_foreach_mention(const char *markdown, MpMentionVisit visit, gpointer user_data)
{
    g_autoptr(GString) prose = NULL;

    if (strchr(markdown, '@') == NULL)
        return;
    prose = prose_of(markdown);
    for (const char *at = strchr(prose->str, '@'); at != NULL; at = strchr(at + 1, '@')) {
        gsize length = mp_mention_length(prose->str, at);
        g_autofree char *word = g_strndup(at + 1, length);

        if (length > 0 && !visit(word, user_data))
            break;
    }
}
