/*
 * The table. A flat list, long because the world's clients and languages are many; see rule.h.
 *
 * An attribution's capture group 1 is the word that opens it where the language has one;
 * reply/attribution.c asks besides for a date or an address, so the patterns here need not know
 * calendars.
 */
#include "patterns/rule.h"

/* A line break in a wrapped attribution arrives as one space. */
#define LEAD "[-–—*_•\\[\\s]{0,8}"
#define TAIL "\\s*(?:[-–—*_\\]]{0,6}|\\.{2,4}|…)"
#define END  "(?:\\s*[:：]?|\\s.{1,160}[:：]|\\s?\\(.{1,60}\\)[:：]?)"

/* "On DATE NAME wrote:", "NAME wrote:", "DATE NAME wrote:"; after the verb only `end`. */
#define WROTE_BEFORE(open, verb, end)                                                              \
    LEAD "(?:((?-i:" open "))\\b)?.{1,300}?" MP_RULE_KEY_BEGINS "(?:" verb ")(?:" end ")" TAIL, verb
/* Also "NAME wrote on DATE:" and "On DATE wrote NAME:". */
#define WROTE_NAME(open, verb) WROTE_BEFORE(open, verb, END)
/* The same where words are not set apart by spaces. */
#define WROTE_CJK(open, verb)                                                                      \
    LEAD "(?:((?-i:" open ")))?.{4,300}?(?:" verb ")\\s*[:：﹕]?" TAIL, MP_RULE_SCRIPT
#define NONE             "(?!)"
#define ANY(pattern)     pattern, NULL
#define FOREIGN(pattern) pattern, MP_RULE_SCRIPT
#define LINKED(pattern)  pattern, MP_RULE_LINK

/* The fields of a header block: from, date, to and cc, subject. */
#define FIELD_LEAD "[*_|•\\s]{0,6}"
#define FIELD_END  "[*_\\s]{0,4}[:：].*"
#define FIELDS(from, date, to, subject)                                                            \
    FIELD_LEAD "(?:(" from ")|(" date ")|(" to ")|(" subject "))" FIELD_END, NULL

/* A row of dashes with words in it; some phones put the header block into the same line. */
#define DASHED(words)                                                                              \
    "[-‐–—─_=*\\s]{2,}+(?:" words                                                                  \
    ")\\s*[:：]?[-‐–—─_=*\\s]{2,}+(?:\\p{L}[\\p{L} ]{1,20}[:：].{1,900})?",                        \
        NULL
#define EXCUSE                                                                                     \
    "(?:[\\s,.!;-]+(?:so |and )?(?:please )?(?:excuse|pardon|forgive|apologies for|sorry "         \
    "for)\\b.{0,80})?"
/* What a paragraph of law speaks of: that it is a secret, and whose. */
#define SECRET                                                                                     \
    "\\b(?:confidential|privileged|intended (?:only |solely |exclusively )?for|intended "          \
    "recipient|addressee)\\b"
#define MAIL_OR_READER                                                                             \
    "\\b(?:e-?mail|message|communication|transmission|transmitted|attachments?|recipients?|"       \
    "addressees?|addressed|named|individual|entity)\\b"
/* Releases of clang-format disagree about these. */
/* clang-format off */
/* ", the best mail app for work": it ends in what sends mail, so that no clause is one. */
#define SLOGAN \
    "(?:[,;–—-]++\\s?+(?!(?:not|but|and|so|no)\\b)(?=.{0,90}\\b(?:app|client|device|e-?mail|mail|" \
    "mobile|network|phone|" \
    "smartphone|" \
    "tablet|keyboard)(?:\\s(?:for|by|from|on|of|via)\\b.{0,50})?[.!\\s]*$).{1,100}?)?"
/* The same in the other languages, of which some write it into a sentence of its own. */
#define EXCUSE_OTHER \
    "(?:[,.!]\\s(?=.{0,60}(?:kürze|kurz|tippfehler|brièveté|fautes|brevedad|brevidade|brevità|" \
    "errores|kort|краткост|zwięzłość)).{3,80})?"
/* clang-format on */
/* What sends mail: it has a name, or is called what such things are called. "Sent with the new
 * version it works" has neither. */
#define DEVICE                                                                                     \
    "(?=.*(?:(?-i:(?<![,.!]\\s)(?<=[\\s<\\[*_'’-])\\w{0,20}[\\p{Lu}\\d])|" DEVICE_WORDS "))"
/* Releases of clang-format disagree about these. */
/* clang-format off */
#define DEVICE_WORDS \
    "mobi[el]|m[oó]vil|t[eé]l[eé](?:f|ph)|telem|cel+ul|cell|handy|phone|portable|tablet|" \
    "dispositi|appareil|gsm|toestel|apparaat|puhel|enhe[dt]|zařízení|urządzeni|komór|телефон|" \
    "смартфон|мобильн|мобільн|планшет|устройств|пристро|по[чш]т|apli[ck]ac|applicat|\\bapp\\b|" \
    "mail"
/* clang-format on */
#define SENTENCE "(?!.*\\b(?:is|are|was|were|to|which|that|will|can|then|than|you|we|they)\\b)"

/* clang-format off */
const MpRule mp_rules[] = {
#include "patterns/rows_attributions.inc"
#include "patterns/rows_headers.inc"
#include "patterns/rows_separators.inc"
#include "patterns/rows_devices.inc"
#include "patterns/rows_footers.inc"
};
/* clang-format on */

const gsize mp_n_rules = G_N_ELEMENTS(mp_rules);
