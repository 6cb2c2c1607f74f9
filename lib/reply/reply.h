/*
 * What the person wrote: the reply in a mail, without quotes, signatures and footers.
 *
 * Input is one decoded text part, or an HTML part turned into Markdown by mp_html_to_markdown.
 * Every line of it ends up kept or elided, with the name of the rule that decided; nothing is
 * dropped. The rules are a table (patterns/rule.h); in doubt a line is kept.
 *
 * All functions are pure: no files, no network, no state but patterns compiled once, so they may
 * run in a sandboxed child and in any thread. Time is linear in the size of the input.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { MP_REPLY_TEXT, MP_REPLY_HTML } MpReplyKind;

typedef struct {
    const char *text; /* the line without its line break, deceptive characters removed or shown */
    bool kept;        /* part of the reply */
    const char
        *rule; /* static; why: the name of a row of mp_rules, or one of the decisions in elide.c */
} MpReplyLine;

typedef struct {
    GPtrArray *lines; /* of const MpReplyLine *, all lines of the mail in order */
    char *reply;  /* the kept lines joined by \n, outer blank lines trimmed; "" if all is quote */
    char *elided; /* the other lines, likewise */
    /* private: what `lines` points into */
    MpReplyLine *storage;
    char *texts;
} MpReply;

/*
 * Decides on each line of `text` (UTF-8, LF or CRLF; invalid bytes become U+FFFD).
 * `sent` is NULL or a NULL-terminated list of texts that we sent to this thread; lines that repeat
 * them decide before the patterns do. A text may begin with the head it was sent under: "From: "
 * and "Subject: " lines and an empty one. Then a boundary that names neither and has nothing of
 * ours below it is the person's own text. Characters that mp_is_deceptive() names are removed, and
 * those that reorder text are written out as \u{202E}. Never fails. The caller owns the result. An
 * empty `reply` means that nothing but quotes and signatures was there.
 */
MpReply *mp_reply_extract(const char *text, const char *const *sent);
/* Whether anything of the texts sent stands in the text: else another one was answered. */
bool mp_reply_repeats(const char *text, const char *const *sent);

/* Whether nothing was kept, and some line tells of a reaction: what a program wrote for a click. */
bool mp_reply_is_reaction(const MpReply *reply);

void mp_reply_free(MpReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpReply, mp_reply_free)

/* Translates all patterns to machine code, some twenty milliseconds: worth it for tens of mails.
 * Otherwise the first texts that ask for a pattern compile it, and an interpreter matches. */
void mp_reply_prepare(void);

/* Undoes format=flowed (RFC 3676): soft breaks joined, space-stuffing removed, quote depth kept,
 * "-- " left alone; with `delsp` the trailing space goes too (DelSp=yes). The result is the
 * caller's. */
char *mp_reply_unflow(const char *text, bool delsp);

/* True if a text/plain part holds nothing worth reading and its HTML twin should be taken: NULL,
 * blank, or a remark such as "Please view this in an HTML client". */
bool mp_reply_part_is_stub(const char *plain);
