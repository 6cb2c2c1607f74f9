/* Names of charsets: what mail programs write, and which conversion is meant. */
#include "message/charset.h"

#include <iconv.h>
#include <string.h>

#define LABEL_MAX 60

/*
 * The Encoding Standard's labels (https://encoding.spec.whatwg.org/#names-and-labels), with - for
 * _, and what is seen in mail besides. What the standard refuses to read (ISO-2022-KR, HZ, …) is
 * read here: a mail runs no script.
 */
static const struct {
    const char *charset, *labels;
} table[] = {
    {MP_ASCII, "us-ascii ascii ansi-x3.4-1968 iso646-us csascii 646 iso-ir-6"},
    {MP_UTF_8, "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8mb4 "
               "utf8mb4 cp65001"},
    {MP_WINDOWS_1252,
     "windows-1252 iso-8859-1 iso8859-1 iso88591 iso-8859-1:1987 iso-ir-100 latin1 "
     "latin-1 l1 csisolatin1 cp819 ibm819 x-ansi x-user-defined"},
    {"iso-8859-2", "iso-8859-2 iso8859-2 iso88592 iso-8859-2:1987 iso-ir-101 latin2 latin-2 l2 "
                   "csisolatin2"},
    {"iso-8859-3", "iso-8859-3 iso8859-3 iso88593 iso-8859-3:1988 iso-ir-109 latin3 latin-3 l3 "
                   "csisolatin3"},
    {"iso-8859-4", "iso-8859-4 iso8859-4 iso88594 iso-8859-4:1988 iso-ir-110 latin4 latin-4 l4 "
                   "csisolatin4"},
    {"iso-8859-5", "iso-8859-5 iso8859-5 iso88595 iso-8859-5:1988 iso-ir-144 cyrillic "
                   "csisolatincyrillic"},
    {"iso-8859-6", "iso-8859-6 iso8859-6 iso88596 iso-8859-6:1987 iso-8859-6-e iso-8859-6-i "
                   "iso-ir-127 arabic asmo-708 ecma-114 csisolatinarabic csiso88596e csiso88596i"},
    {"iso-8859-7", "iso-8859-7 iso8859-7 iso88597 iso-8859-7:1987 iso-ir-126 greek greek8 elot-928 "
                   "ecma-118 sun-eu-greek csisolatingreek"},
    {"iso-8859-8", "iso-8859-8 iso8859-8 iso88598 iso-8859-8:1988 iso-8859-8-e iso-8859-8-i "
                   "iso-ir-138 hebrew visual logical csisolatinhebrew csiso88598e csiso88598i"},
    {"iso-8859-10", "iso-8859-10 iso8859-10 iso885910 iso-ir-157 latin6 latin-6 l6 csisolatin6"},
    {"iso-8859-13", "iso-8859-13 iso8859-13 iso885913 latin7 latin-7"},
    {"iso-8859-14", "iso-8859-14 iso8859-14 iso885914 latin8 latin-8"},
    {"iso-8859-15", "iso-8859-15 iso8859-15 iso885915 latin9 latin-9 l9 csisolatin9"},
    {"iso-8859-16", "iso-8859-16 iso8859-16 iso885916 latin10 latin-10"},
    {"cp874", "windows-874 dos-874 tis-620 iso-8859-11 iso8859-11 iso885911"},
    {"cp1250", "windows-1250 x-cp1250"},
    {"cp1251", "windows-1251 x-cp1251"},
    {"cp1253", "windows-1253 x-cp1253"},
    {"cp1254", "windows-1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 iso-8859-9:1989 iso-ir-148 "
               "latin5 latin-5 l5 csisolatin5"},
    {"cp1255", "windows-1255 x-cp1255"},
    {"cp1256", "windows-1256 x-cp1256"},
    {"cp1257", "windows-1257 x-cp1257"},
    {"cp1258", "windows-1258 x-cp1258"},
    {"koi8-r", "koi8-r koi8 koi cskoi8r"},
    {"koi8-u", "koi8-u koi8-ru"},
    {"ibm866", "ibm866 cp866 866 csibm866"},
    {"macintosh", "macintosh mac x-mac-roman macroman mac-roman csmacintosh"},
    {"mac-uk", "x-mac-cyrillic x-mac-ukrainian mac-cyrillic"},
    {MP_ISO_2022_JP, "iso-2022-jp csiso2022jp iso-2022-jp-ms iso-2022-jp-1 cp50220 cp50221 cp50222 "
                     "jis"},
    {"cp932", "shift-jis shiftjis sjis x-sjis ms-kanji ms932 windows-31j csshiftjis cswindows31j "
              "x-ms-cp932"},
    {"eucjp-ms", "euc-jp x-euc-jp eucjp eucjp-ms cp51932 cseucpkdfmtjapanese x-euc"},
    {"gb18030", "gb18030 gb2312 gbk gb-2312 gb-2312-80 x-gbk chinese csgb2312 csiso58gb231280 "
                "iso-ir-58 gb-18030 ms936 euc-cn x-euc-cn"},
    {MP_HZ, "hz-gb-2312 hz"},
    {"big5-hkscs", "big5 big-5 big5-hkscs cn-big5 csbig5 x-x-big5 x-big5 ms950"},
    {"cp949",
     "euc-kr euckr cseuckr korean ks-c-5601 ks-c-5601-1987 ks-c-5601-1989 ksc5601 ksc-5601 "
     "csksc56011987 iso-ir-149 x-windows-949 uhc ms949"},
    {"iso-2022-kr", "iso-2022-kr csiso2022kr"},
    {"iso-2022-cn", "iso-2022-cn iso-2022-cn-ext"},
    {"iso-2022-jp-2", "iso-2022-jp-2 csiso2022jp2"},
    {"euc-tw", "euc-tw x-euc-tw"},
    {"utf-7", "utf-7 unicode-1-1-utf-7 unicode-2-0-utf-7 csunicode11utf7"},
    {"utf-16le", "utf-16le utf-16 ucs-2 ucs-2le unicode unicodefeff csunicode iso-10646-ucs-2"},
    {"utf-16be", "utf-16be ucs-2be unicodefffe"},
    {"utf-32", "utf-32 ucs-4"},
    {"utf-32le", "utf-32le"},
    {"utf-32be", "utf-32be"},
    {"koi8-t", "koi8-t"},
    {"ibm437", "ibm437"},
    {"ibm850", "ibm850"},
    {"ibm852", "ibm852"},
    {"ibm855", "ibm855"},
    {"viscii", "viscii"},
    {"tcvn5712-1", "tcvn tcvn5712-1"},
    {"armscii-8", "armscii-8"},
    {"georgian-ps", "georgian-ps"},
};

/* Code pages by their number, whatever a program puts before it. */
static const struct {
    const char *number, *charset;
} pages[] = {
    {"437", "ibm437"},  {"850", "ibm850"},         {"852", "ibm852"},     {"855", "ibm855"},
    {"858", "ibm850"},  {"866", "ibm866"},         {"874", "cp874"},      {"932", "cp932"},
    {"936", "gb18030"}, {"949", "cp949"},          {"950", "big5-hkscs"}, {"1250", "cp1250"},
    {"1251", "cp1251"}, {"1252", MP_WINDOWS_1252}, {"1253", "cp1253"},    {"1254", "cp1254"},
    {"1255", "cp1255"}, {"1256", "cp1256"},        {"1257", "cp1257"},    {"1258", "cp1258"},
};

static const char *const page_prefixes[] = {
    "windows-cp", "x-windows-", "windows-", "windows", "win-", "win", "x-cp",
    "cp-",        "cp",         "ibm-",     "ibm",     "ms-",  "dos-"};

/* In lower case, - for _, without the quotes and blanks around it. */
static void
fold(const char *label, char folded[LABEL_MAX])
{
    gsize n = 0;

    label += strspn(label, " \t\r\n\"'");
    for (; *label != '\0' && strchr(" \t\r\n\"';,", *label) == NULL && n + 1 < LABEL_MAX; label++)
        folded[n++] = *label == '_' ? '-' : g_ascii_tolower(*label);
    folded[n] = '\0';
}

static bool
has_label(const char *labels, const char *label)
{
    gsize length = strlen(label);

    for (const char *p = labels; length > 0 && (p = strstr(p, label)) != NULL; p += length)
        if ((p == labels || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0'))
            return true;
    return false;
}

static const char *
code_page(const char *label)
{
    const char *number = NULL;

    for (gsize i = 0; number == NULL && i < G_N_ELEMENTS(page_prefixes); i++)
        if (g_str_has_prefix(label, page_prefixes[i]))
            number = label + strlen(page_prefixes[i]);
    for (gsize i = 0; number != NULL && i < G_N_ELEMENTS(pages); i++)
        if (strcmp(pages[i].number, number) == 0)
            return pages[i].charset;
    return NULL;
}

const char *
mp_charset_of(const char *label)
{
    char folded[LABEL_MAX];

    fold(label, folded);
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (has_label(table[i].labels, folded))
            return table[i].charset;
    return code_page(folded);
}

void
mp_hold_charsets(void)
{
    /* Never closed: a module stays loaded as long as a descriptor of it is open. */
    static iconv_t held[G_N_ELEMENTS(table) + 1];

    if (held[0] != NULL)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        held[i] = iconv_open("UTF-8", table[i].charset);
    held[G_N_ELEMENTS(table)] = iconv_open("UTF-16LE", "UTF-8"); /* GMime asks for this way, too */
}
