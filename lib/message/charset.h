/* Inside of lib/message. Charsets: their names, what a text is in that does not say, and Japanese
 * mail's own encoding. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Those that are read without iconv. */
#define MP_ASCII        "us-ascii"
#define MP_UTF_8        "utf-8"
#define MP_WINDOWS_1252 "windows-1252"
#define MP_ISO_2022_JP  "iso-2022-jp"
#define MP_HZ           "hz"

/* The charset that a label means, in the Encoding Standard's sense (ISO-8859-1 is windows-1252):
 * one of the names above, or one that iconv knows. NULL if the label is unknown. */
const char *mp_charset_of(const char *label);

/* Loads the conversions of the charsets that mail is written in, and holds them for good: from
 * then on mp_decode_text and GMime need no file. */
void mp_hold_charsets(void);

/* Text in a charset as UTF-8; what makes no sense is U+FFFD, *bad times, and the text goes on
 * behind it. NULL if the charset is unknown. */
GString *mp_charset_decode(const char *bytes, gsize length, const char *charset, gsize *bad);

/* The same of ISO-2022-JP as it is written: with NEC's row 13, kana of half width (also of eight
 * bits) and JIS X 0212, whatever RFC 1468 says. */
GString *mp_decode_iso_2022_jp(const char *bytes, gsize length, gsize *bad);

/* The same of HZ (RFC 1843), which iconv does not know. */
GString *mp_decode_hz(const char *bytes, gsize length, gsize *bad);

/* The same of UTF-8; *good is how many sequences beyond ASCII make sense, *spoiled at how many
 * places some do not. */
GString *mp_decode_utf8(const char *bytes, gsize length, gsize *good, gsize *spoiled, gsize *bad);

/* The charset of octets without a label that are no UTF-8, where letters' frequencies leave no
 * doubt: Japanese, Korean, Chinese, Russian; else NULL. */
const char *mp_charset_detect(const char *bytes, gsize length);

/* True for the escape sequences of ISO-2022-JP, and no octets beyond ASCII. */
bool mp_charset_is_iso_2022_jp(const char *bytes, gsize length);
