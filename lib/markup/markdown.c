/*
 * Markdown to HTML that is fit for a mail. md4c parses; what is written is ours, since in a mail
 * a line break is one (a signature or an address block must not become one line), a picture of
 * a stranger's must not report who reads (so it is a link), and a link leads nowhere unsafe.
 * Each block finds its own direction, since one mail may quote another language's.
 */
#include "markup/markdown.h"

#include <string.h>

#include "markup/internal.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

#define NO_ELEMENT MP_N_ELEMENTS

/* Blocks and spans that are one tag, by md4c's number. */
typedef struct {
    const char *enter, *leave;
    MpElement element; /* whose attributes stand between `enter` and its > */
} Tag;

static const Tag blocks[] = {
    [MD_BLOCK_DOC] = {"", "", NO_ELEMENT},
    [MD_BLOCK_QUOTE] = {"<blockquote", "</blockquote>\n", MP_ELEMENT_QUOTE},
    [MD_BLOCK_UL] = {"<ul dir=\"auto\">\n", "</ul>\n", NO_ELEMENT},
    [MD_BLOCK_OL] = {"", "</ol>\n", NO_ELEMENT},
    [MD_BLOCK_LI] = {"", "</li>\n", NO_ELEMENT},
    [MD_BLOCK_HR] = {"<hr>\n", "", NO_ELEMENT},
    [MD_BLOCK_H] = {"", "", NO_ELEMENT},
    [MD_BLOCK_CODE] = {"<pre dir=\"ltr\"", "</code></pre>\n", MP_ELEMENT_PRE},
    [MD_BLOCK_HTML] = {"", "", NO_ELEMENT},
    [MD_BLOCK_P] = {"<p dir=\"auto\">", "</p>\n", NO_ELEMENT},
    [MD_BLOCK_TABLE] = {"<table dir=\"auto\"", "</table>\n", MP_ELEMENT_TABLE},
    [MD_BLOCK_THEAD] = {"<thead>\n", "</thead>\n", NO_ELEMENT},
    [MD_BLOCK_TBODY] = {"<tbody>\n", "</tbody>\n", NO_ELEMENT},
    [MD_BLOCK_TR] = {"<tr>\n", "</tr>\n", NO_ELEMENT},
    [MD_BLOCK_TH] = {"<th dir=\"auto\"", "</th>\n", MP_ELEMENT_CELL},
    [MD_BLOCK_TD] = {"<td dir=\"auto\"", "</td>\n", MP_ELEMENT_CELL},
};

static const Tag spans[] = {
    [MD_SPAN_EM] = {"<em>", "</em>", NO_ELEMENT},
    [MD_SPAN_STRONG] = {"<strong>", "</strong>", NO_ELEMENT},
    [MD_SPAN_A] = {"", "", NO_ELEMENT},
    [MD_SPAN_IMG] = {"", "", NO_ELEMENT},
    [MD_SPAN_CODE] = {"<code", "</code>", MP_ELEMENT_CODE},
    [MD_SPAN_DEL] = {"<del>", "</del>", NO_ELEMENT},
};

static void
append_attributes(const MpMarkdownWriter *w, MpElement element)
{
    const char *const *attributes = w->host != NULL ? w->host->attributes : NULL;

    if (attributes != NULL && attributes[element] != NULL)
        g_string_append(w->out, attributes[element]);
}

static void
enter_tag(const MpMarkdownWriter *w, const Tag *tag)
{
    g_string_append(w->out, tag->enter);
    if (tag->element != NO_ELEMENT)
        append_attributes(w, tag->element);
}

static void
enter_list(GString *out, const MD_BLOCK_OL_DETAIL *list)
{
    if (list->start == 1)
        g_string_append(out, "<ol dir=\"auto\">\n");
    else
        g_string_append_printf(out, "<ol dir=\"auto\" start=\"%u\">\n", list->start);
}

static void
enter_item(const MpMarkdownWriter *w, const MD_BLOCK_LI_DETAIL *item)
{
    bool is_done = item->is_task && strchr("xX", item->task_mark) != NULL;

    g_string_append(w->out, "<li");
    if (item->is_task)
        append_attributes(w, MP_ELEMENT_TASK);
    g_string_append_c(w->out, '>');
    if (item->is_task)
        g_string_append(w->out, is_done ? "\xe2\x98\x91 " : "\xe2\x98\x90 ");
}

static void
enter_cell(GString *out, const MD_BLOCK_TD_DETAIL *cell)
{
    static const char *const alignments[] = {
        [MD_ALIGN_DEFAULT] = ">",
        [MD_ALIGN_LEFT] = " align=\"left\">",
        [MD_ALIGN_CENTER] = " align=\"center\">",
        [MD_ALIGN_RIGHT] = " align=\"right\">",
    };

    g_string_append(out, alignments[cell->align]);
}

static bool
is_diff(const MD_ATTRIBUTE *language)
{
    static const char diff[] = "diff";

    return language->size == strlen(diff) && strncmp(language->text, diff, language->size) == 0;
}

static void
enter_code(const MpMarkdownWriter *w, const MD_BLOCK_CODE_DETAIL *code)
{
    GString *out = w->out;

    g_string_append(out, "><code");
    if (code->lang.text != NULL) {
        if (is_diff(&code->lang))
            append_attributes(w, MP_ELEMENT_DIFF);
        g_string_append(out, " class=\"language-");
        mp_markdown_append_attribute(out, &code->lang);
        g_string_append_c(out, '"');
    }
    g_string_append_c(out, '>');
}

static void
enter_heading(MpMarkdownWriter *w, const MD_BLOCK_H_DETAIL *heading)
{
    g_string_append_printf(w->out, "<h%u dir=\"auto\">", heading->level);
    w->heads++;
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    MpMarkdownWriter *w = user_data;

    enter_tag(w, &blocks[type]);
    if (type == MD_BLOCK_QUOTE || type == MD_BLOCK_TABLE)
        g_string_append(w->out, ">\n");
    else if (type == MD_BLOCK_H)
        enter_heading(w, detail);
    else if (type == MD_BLOCK_OL)
        enter_list(w->out, detail);
    else if (type == MD_BLOCK_LI)
        enter_item(w, detail);
    else if (type == MD_BLOCK_CODE)
        enter_code(w, detail);
    else if (type == MD_BLOCK_TH || type == MD_BLOCK_TD)
        enter_cell(w->out, detail);
    return 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    MpMarkdownWriter *w = user_data;

    if (type == MD_BLOCK_H) {
        g_string_append_printf(w->out, "</h%u>\n", ((const MD_BLOCK_H_DETAIL *)detail)->level);
        w->heads--;
    }
    g_string_append(w->out, blocks[type].leave);
    return 0;
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    MpMarkdownWriter *w = user_data;

    if (type == MD_SPAN_A) {
        mp_markdown_enter_link(w, &((const MD_SPAN_A_DETAIL *)detail)->href);
    } else if (type == MD_SPAN_IMG) {
        mp_markdown_enter_picture(w, &((const MD_SPAN_IMG_DETAIL *)detail)->src);
    } else if (w->alts == 0) {
        enter_tag(w, &spans[type]);
        if (type == MD_SPAN_CODE)
            g_string_append_c(w->out, '>');
    }
    return 0;
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    MpMarkdownWriter *w = user_data;

    if (type == MD_SPAN_A)
        mp_markdown_leave_link(w, &((const MD_SPAN_A_DETAIL *)detail)->href);
    else if (type == MD_SPAN_IMG)
        mp_markdown_leave_link(w, &((const MD_SPAN_IMG_DETAIL *)detail)->src);
    else if (w->alts == 0)
        g_string_append(w->out, spans[type].leave);
    return 0;
}

/* A heading is one line however it was wrapped, and so is what a link or a picture is called. */
static void
append_break(const MpMarkdownWriter *w)
{
    bool is_one_line = w->heads > 0 || w->anchors > 0 || w->alts > 0;

    g_string_append(w->out, is_one_line ? " " : "<br>\n");
}

static int
take_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user_data)
{
    MpMarkdownWriter *w = user_data;

    if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR)
        append_break(w);
    else if (type == MD_TEXT_NULLCHAR)
        g_string_append(w->out, REPLACEMENT);
    else if (type == MD_TEXT_ENTITY)
        mp_markdown_append_entity(w->out, text, size);
    else if (type == MD_TEXT_NORMAL)
        mp_markdown_append_prose(w, text, size);
    else
        mp_markdown_append_escaped(w->out, text, size);
    return 0;
}

char *
mp_markdown_to_html(const char *markdown, const MpMarkdownHost *host)
{
    g_autofree char *text = mp_markdown_hide_masks(markdown);
    g_autoptr(GArray) links = mp_markdown_links_new();
    MpMarkdownWriter w = {g_string_sized_new(strlen(text) * 2), host, links, 0, 0, 0};
    const MD_PARSER sink = {
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = take_text,
    };

    if (!mp_markdown_parse(text, &sink, &w)) {
        g_string_assign(w.out, "<pre>");
        mp_markdown_append_escaped(w.out, text, strlen(text));
        g_string_append(w.out, "</pre>\n");
    }
    return g_string_free(w.out, FALSE);
}
