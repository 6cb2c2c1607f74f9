/* HTML mails become Markdown, and what clients mark in them is found. */
#include "markup/html.h"
#include "reply/reply.h"

#include <criterion/criterion.h>
#include <string.h>

typedef struct {
    const char *html, *markdown;
} Case;

Test(reply_html, becomes_markdown)
{
    static const Case cases[] = {
        {"", ""},
        {"plain", "plain\n"},
        {"<p>One</p><p>Two</p>", "One\n\nTwo\n"},
        {"<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo\n"},
        {"a<br>b<br><br>c", "a\nb\n\nc\n"},
        {"  a \n  b&nbsp;c ", "a b c\n"},
        {"<h2>Title</h2>text", "## Title\n\ntext\n"},
        {"<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c\n"},
        {"<ol><li>a</li> <li>b</li></ol>", "1. a\n2. b\n"},
        {"<ol start=3><li>a<ol><li>b</ol><li>c</ol><ol><li>d</ol>",
         "3. a\n   1. b\n4. c\n\n1. d\n"},
        {"<table><tr><th>a<tr><td><table><tr><td>in</table></table>", "| a |\n| --- |\n| in |\n"},
        {"<b>bold</b> and <i>slanted</i> and <code>x</code>", "**bold** and *slanted* and `x`\n"},
        {"<b> </b>x<b></b>", "x\n"},
        {"x<pre>a\n  b\n</pre>", "x\n\n```\na\n  b\n```\n"},
        {"<pre>a mail\n&gt; q\n</pre>", "a mail\n> q\n"},
        {"x<pre class='text-plain'>a mail\n&gt; q\n</pre>", "x\n\na mail\n> q\n"},
        {"<a href='https://example.org/'>here</a>", "[here](https://example.org/)\n"},
        {"<a href='https://example.org/'>https://example.org/</a>", "https://example.org/\n"},
        {"<a href='javascript:x()'>here</a> <a href='mailto:a@b.c'>a@b.c</a>", "here a@b.c\n"},
        {"<img src='https://tracker.example/1.gif'><img alt='a cat' src='https://x.example/c.png'>",
         "[image: a cat]\n"},
        {"<img src='cid:part1' alt='shot.png'>", "![shot.png](cid:part1)\n"},
        {"a<hr>b", "a\n\n* * *\n\nb\n"},
        {"<blockquote>q<br>r</blockquote>x", "> q\n> r\n\nx\n"},
        {"<blockquote>q<p>r</p></blockquote>", "> q\n>\n> r\n"},
        {"<table><tr><th>a<th>b<tr><td>1<td>2</table>", "| a | b |\n| --- | --- |\n| 1 | 2 |\n"},
        {"<table><tr><td>laid<td>out</table>", "laid out\n"},
        {"<table><tr><td>a<td>b<tr><td>1<td>2</table>", "| a | b |\n| --- | --- |\n| 1 | 2 |\n"},
        {"x<table><tr><td>a<td>b<tr><td><td>2</table>y",
         "x\n\n| a | b |\n| --- | --- |\n| | 2 |\n\ny\n"},
        {"<table><tr><th><th>b<tr><td><td>2<tr><td> <td>&nbsp;<tr><td>3</table>",
         "| | b |\n| --- | --- |\n| | 2 |\n| 3 |\n"},
        {"<table><tr><th>a<td>1<tr><th>b<td>2</table>", "| a | 1 |\n| --- | --- |\n| b | 2 |\n"},
        {"<table><tr><td>a<tr><td>1<td>2<tr><th>3<td>4<td>5</table>",
         "| a | | |\n| --- | --- | --- |\n| 1 | 2 |\n| 3 | 4 | 5 |\n"},
        {"<table border=1><tr><td colspan=2>both<tr><td>1<td>2</table>",
         "| both | |\n| --- | --- |\n| 1 | 2 |\n"},
        {"<table><tr><td>a|b<td>c<tr><td><code>x|y</code><td>2\\|3</table>",
         "| a\\|b | c |\n| --- | --- |\n| `x\\|y` | 2\\&#124;3 |\n"},
        {"<table class=MsoTableGrid border=1><tr><td><p class=MsoNormal>a</p><td><p "
         "class=MsoNormal>b</p><tr><td><p class=MsoNormal>A longer text that stands in one of the "
         "cells,</p><p class=MsoNormal>in two paragraphs.</p><td><h2>2</h2></table>",
         "| a | b |\n| --- | --- |\n| A longer text that stands in one of the cells, in two "
         "paragraphs. | 2 |\n"},
        {"<ul><li>x<table><tr><th>a<th>b<tr><td>1<td>2</table></ul>",
         "- x\n\n  | a | b |\n  | --- | --- |\n  | 1 | 2 |\n"},
        {"<style>p{}</style><script>x</script><title>t</title>text<!-- c -->", "text\n"},
        {"<div style='display:none'>preview</div>text", "text\n"},
        {"Yes.<div class=gmail_signature><div class=gmail_signature>Bob</div></div>",
         "Yes.\n\n-- \nBob\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *markdown = mp_html_to_markdown(cases[i].html, strlen(cases[i].html));
        cr_expect_str_eq(markdown, cases[i].markdown, "%s became \"%s\"", cases[i].html, markdown);
    }
}

Test(reply_html, clients_quotes_and_signatures_are_found)
{
    static const struct {
        const char *client, *html, *reply;
    } cases[] = {
        {"Gmail",
         "<div dir=ltr>Yes.</div><br><div class=gmail_quote><div class=gmail_attr>On Mon, Nov 17, "
         "2025 at 9:12 AM Ada &lt;<a href='mailto:a@b.c'>a@b.c</a>&gt; wrote:<br></div><blockquote "
         "class=gmail_quote>Is it?</blockquote></div>",
         "Yes."},
        {"Gmail, unknown language",
         "<div>Yes.</div><div class=gmail_quote>Xyz abc:<div>Is it?</div></div>", "Yes."},
        {"Gmail, signature",
         "<div>Yes.</div>-- <br><div class=gmail_signature><div>Bob</div></div>", "Yes."},
        {"Gmail, inline",
         "<div class=gmail_quote>On Mon, Nov 17, 2025 at 9:12 AM Ada &lt;a@b.c&gt; "
         "wrote:<blockquote>One?</blockquote><div>Yes.</div><blockquote>Two?</blockquote><div>No.</"
         "div></div>",
         "> One?\n\nYes.\n\n> Two?\n\nNo."},
        {"Outlook desktop",
         "<p class=MsoNormal>Yes.<o:p></o:p></p><div style='border:none;border-top:solid #E1E1E1 "
         "1.0pt'><p class=MsoNormal><b>From:</b> Ada &lt;a@b.c&gt;<br><b>Sent:</b> "
         "Monday<br><b>To:</b> Bob<br><b>Subject:</b> x</p></div><p class=MsoNormal>Is it?</p>",
         "Yes."},
        {"Outlook, unknown language",
         "<p class=MsoNormal>Yes.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p "
         "class=MsoNormal><b>Zxy:</b> Ada<br><b>Qwe:</b> Monday</p></div><p class=MsoNormal>Is "
         "it?</p>",
         "Yes."},
        {"Outlook on the web",
         "<div>Yes.</div><hr><div id=divRplyFwdMsg><b>From:</b> Ada<br><b>Sent:</b> "
         "Monday<br><b>To:</b> Bob</div><div>Is it?</div>",
         "Yes."},
        {"Apple Mail",
         "Yes.<div><br><blockquote type=cite><div>On Nov 17, 2025, at 9:12 AM, Ada &lt;a@b.c&gt; "
         "wrote:</div><div>Is it?</div></blockquote></div>",
         "Yes."},
        {"Thunderbird",
         "<p>Yes.</p><div class=moz-cite-prefix>On 17.11.25 9:12, Ada wrote:<br></div><blockquote "
         "type=cite>Is it?</blockquote>",
         "Yes."},
        {"Yahoo",
         "<div>Yes.</div><div class=yahoo_quoted><div>On Monday, November 17, 2025 at 09:12:40 AM "
         "GMT, Ada &lt;a@b.c&gt; wrote:</div><div>Is it?</div></div>",
         "Yes."},
        {"Proton",
         "<div>Yes.</div><div class=protonmail_signature_block-user>Bob</div><div "
         "class=protonmail_quote>On Monday, Ada wrote:<br><blockquote type=cite>Is "
         "it?</blockquote></div>",
         "Yes."},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *markdown = mp_html_to_markdown(cases[i].html, strlen(cases[i].html));
        g_autoptr(MpReply) reply = mp_reply_extract(markdown, NULL);
        cr_expect_str_eq(reply->reply, cases[i].reply, "%s: kept \"%s\" of \"%s\"", cases[i].client,
                         reply->reply, markdown);
    }
}

/* Words of two cells are never one, and no layout gains a pipe. */
Test(reply_html, layout_tables_are_text)
{
    static const Case cases[] = {
        {"<table><tr><td><table><tr><td>in<td>side</table><td>out<tr><td>a<td>b</table>",
         "in side\n\nout\na b\n"},
        {"<table><tr><td><table><tr><td>a<td>b<tr><td>1<td>2</table></table>",
         "| a | b |\n| --- | --- |\n| 1 | 2 |\n"},
        {"<table border=0><tr><td>x<tr><td>y</table>", "x\ny\n"},
        {"<table border=1><tr><td>in a box</table>", "in a box\n"},
        {"<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a b\nc d\n"},
        {"<table><tr><td>From:<td>Ada<tr><td>To:<td>Bob</table>", "From: Ada\nTo: Bob\n"},
        {"<table><tr><td><img src='cid:logo'><td>Ada<tr><td>Acme<td>Leeds</table>",
         "![image](cid:logo) Ada\nAcme Leeds\n"},
        {"<table><tr><td>This is the left one of two columns, and it is long enough to be text."
         "<td>right<tr><td>a<td>b</table>",
         "This is the left one of two columns, and it is long enough to be text. right\na b\n"},
        {"<table><tr><th>Yes.<td>x<tr><td><blockquote>q</blockquote><td>y</table>",
         "Yes. x\n\n> q\n\ny\n"},
        {"<table><tr><td><b>a</b><td><b>b</b><td><a href='https://example.org/'>c</a></table>",
         "**a** **b** [c](https://example.org/)\n"},
        {"<table><tr><td><div>a</div><td><p>b</p></table>", "a\n\nb\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *markdown = mp_html_to_markdown(cases[i].html, strlen(cases[i].html));
        cr_expect_str_eq(markdown, cases[i].markdown, "%s became \"%s\"", cases[i].html, markdown);
    }
}

/* 100 KB of a row, of rows, and of tables in tables become no more than a few times as much. */
Test(reply_html, large_tables_stay_of_their_size)
{
    static const struct {
        const char *begin, *part, *end;
    } tables[] = {
        {"<table><tr><th>a", "<td>b", ""},
        {"<table border=1><tr><td>a", "<tr><td>b<td>c", ""},
        {"<table><tr><td>a|b<td>", "x|", ""},
        {"<table><tr><th>a", "<tr><td colspan=999>b", ""},
        {"", "<table><tr><td>a<td>b</table>", ""},
        {"<table><tr>", "<th>a", "</table>"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(GString) html = g_string_new(tables[i].begin);
        while (html->len < 100000)
            g_string_append(html, tables[i].part);
        g_string_append(html, tables[i].end);
        g_autofree char *markdown = mp_html_to_markdown(html->str, html->len);
        cr_expect_leq(strlen(markdown), 4 * html->len, "%s", tables[i].part);
    }
}

Test(reply_html, deep_nesting_is_not_parsed_but_read)
{
    static const char *const tags[] = {"<div>",       "<b>",       "<blockquote>",
                                       "<table><td>", "<svg><td>", "<font><p>"};

    for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
        g_autoptr(GString) html = g_string_new("first");
        for (guint n = 0; n < 50000; n++)
            g_string_append(html, tags[i]);
        g_string_append(html, "last");
        g_autofree char *markdown = mp_html_to_markdown(html->str, html->len);
        cr_expect_not_null(strstr(markdown, "first"));
        cr_expect_not_null(strstr(markdown, "last"));
    }
}

Test(reply_html, nul_and_broken_bytes_do_no_harm)
{
    static const char html[] = "a\0b\xff<p>c";
    g_autofree char *markdown = mp_html_to_markdown(html, sizeof html - 1);

    cr_expect(g_utf8_validate(markdown, -1, NULL));
    cr_expect_not_null(strstr(markdown, "c"));
}
