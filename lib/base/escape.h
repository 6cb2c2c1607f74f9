/*
 * Text from outside, made safe to show in a log, on a terminal, in a table. All text of a mail goes
 * through here before it is written anywhere but into a comment.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * One line of printable UTF-8: controls, line and paragraph separators, bidirectional controls and
 * other invisible format characters become \n, \t, \xNN or \u{NNNN}, bytes that are not UTF-8
 * become \xNN, a backslash is doubled. NULL gives "-". The result is the caller's.
 */
char *mp_escape(const char *text);
char *mp_escape_bytes(const void *bytes, gsize length);

/*
 * The same of a line in which what came from outside was escaped when it was written, as in our
 * logs and reasons: its backslashes stay as they are, so that \r\n is not shown as \\r\\n.
 */
char *mp_escape_again(const char *line);
char *mp_escape_bytes_again(const void *line, gsize length);

/* The same of a word of a command line, in quotes where one could not see it whole: '', 'a b'. */
char *mp_escape_word(const char *word);

/* The text from which mp_escape made this one; any other backslash stays as it is. The result is
 * UTF-8 and the caller's. */
char *mp_unescape(const char *text);

/* As Ruby's String#inspect prints it, quotes included: "220 ready\r\n". The result is the caller's.
 */
char *mp_ruby_quote(const void *bytes, gsize length);

/*
 * True for code points that show nothing or change the order of what is shown (bidirectional
 * overrides and isolates, zero-width characters, controls other than tab and newline): fit for no
 * log, and made visible in comments. ZWJ and ZWNJ are kept, since languages and emoji need them.
 */
bool mp_is_deceptive(gunichar c);

/* True for those of them that change the order of what is shown: bidirectional embeddings,
 * overrides and isolates. Comments show them as \u{NNNN}. */
bool mp_reorders(gunichar c);

/* True for one line of UTF-8 in which nothing is a tab or deceptive: it is shown as it is, and a
 * reader sees all of it. */
bool mp_is_visible_line(const char *text);

/* Single line for a commit header or a mail header: controls and newlines become spaces, runs of
 * them one, ends trimmed, invalid bytes U+FFFD. The result is the caller's. */
char *mp_one_line(const char *text);

/* The same of at most `most` characters, the last of which is "…" if there were more; NULL where
 * nothing is left. */
char *mp_visible_line(const char *text, glong most);
