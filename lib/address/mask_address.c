/* Tells mail addresses from text that only looks like one; see mask.h. */
#include "address/mask.h"

#include <string.h>

#define LOCAL_MAX 256 /* octets of a local part that are looked at; a longer run is one whole */

/* Not top-level domains. A file's suffix may follow an address ("tim@example.org.pdf"). */
static const struct {
    const char *suffix;
    bool is_file;
} suffixes[] = {
    {"automount", false}, {"device", false}, {"mount", false},  {"path", false}, {"scope", false},
    {"service", false},   {"slice", false},  {"socket", false}, {"swap", false}, {"target", false},
    {"timer", false},     {"bak", true},     {"bz", true},      {"cfg", true},   {"class", true},
    {"conf", true},       {"cpp", true},     {"css", true},     {"csv", true},   {"cxx", true},
    {"deb", true},        {"diff", true},    {"dll", true},     {"doc", true},   {"docx", true},
    {"eml", true},        {"exe", true},     {"gif", true},     {"gz", true},    {"heic", true},
    {"hpp", true},        {"hs", true},      {"htm", true},     {"html", true},  {"ics", true},
    {"ini", true},        {"jar", true},     {"java", true},    {"jpeg", true},  {"jpg", true},
    {"js", true},         {"json", true},    {"jsx", true},     {"kt", true},    {"lock", true},
    {"log", true},        {"mjs", true},     {"mkv", true},     {"odt", true},   {"patch", true},
    {"pdf", true},        {"pem", true},     {"php", true},     {"png", true},   {"ppt", true},
    {"pptx", true},       {"rb", true},      {"rpm", true},     {"rst", true},   {"rtf", true},
    {"scss", true},       {"sql", true},     {"svg", true},     {"swift", true}, {"tar", true},
    {"tgz", true},        {"tmp", true},     {"toml", true},    {"ts", true},    {"tsx", true},
    {"txt", true},        {"vcf", true},     {"webp", true},    {"whl", true},   {"xls", true},
    {"xlsx", true},       {"xml", true},     {"xz", true},      {"yaml", true},  {"yml", true},
    {"zst", true},
};

/* NAME=tim@example.org: the name is none of the address, as it would be in bounce-tim=x@y. */
static const char *const keys[] = {
    "address", "author", "bcc",      "cc",        "e-mail", "email", "from",
    "login",   "mail",   "mailfrom", "recipient", "sender", "to",    "user",
};

/* Labels that a digest begins with: img@sha256.abc. */
static const char *const digests[] = {"md5", "sha1", "sha256", "sha384", "sha512"};

/* --- Characters ------------------------------------------------------------------------------- */

static bool
is_atext(char c) /* RFC 5322, section 3.2.3, and the dot */
{
    return g_ascii_isalnum(c) || (c > ' ' && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* Length of a letter, digit, mark or joiner beyond ASCII at `p`, else 0. */
static gsize
foreign_octets(const char *p)
{
    gunichar c;

    if ((guchar)*p < 0x80)
        return 0;
    c = g_utf8_get_char_validated(p, -1);
    if (c >= (gunichar)-2)
        return 1;                   /* no UTF-8: as good as a letter */
    if (c >= 0xFF01 && c <= 0xFF5E) /* the wide forms of ASCII */
        return g_unichar_isalnum(c) ? 3 : 0;
    bool is_joined = g_unichar_type(c) == G_UNICODE_FORMAT;
    return g_unichar_isalnum(c) || g_unichar_ismark(c) || is_joined
               ? (gsize)(g_utf8_next_char(p) - p)
               : 0;
}

/* Of a script that is written without blanks between its words, so that prose touches addresses. */
static bool
is_unspaced(const char *p)
{
    gunichar c = (guchar)*p < 0x80 ? 0 : g_utf8_get_char_validated(p, -1);

    return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7FF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF66 && c <= 0xFFDC) ||
           (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0x0E00 && c <= 0x0EFF);
}

gsize
mp_mask_local_octets(const char *p)
{
    if (*p == '\\')
        return is_atext(p[1]) ? 2 : 0;
    return is_atext(*p) ? 1 : foreign_octets(p);
}

gsize
mp_mask_at(const char *p)
{
    static const char *const forms[] = {"\\@",      "%40",          "=40",
                                        "&commat;", "\xEF\xBC\xA0", "\xEF\xB9\xAB"};

    if (*p == '@')
        return 1;
    if (g_ascii_isalnum(*p) || *p == ' ' || strchr("\\%=&\xEF", *p) == NULL)
        return 0;
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
        if (g_str_has_prefix(p, forms[i]))
            return strlen(forms[i]);
    if (p[0] != '&' || p[1] != '#')
        return 0;
    bool is_hex = (p[2] | 0x20) == 'x';
    gsize zeros = strspn(p + 2 + is_hex, "0");
    const char *digits = p + 2 + is_hex + zeros;
    return zeros <= 6 && g_str_has_prefix(digits, is_hex ? "40;" : "64;") ? (gsize)(digits + 3 - p)
                                                                          : 0;
}

/* --- Domains ---------------------------------------------------------------------------------- */

static gsize
dot_octets(const char *p, bool may_be_wide)
{
    static const char *const forms[] = {".", "\\.", "&#46;", "&period;"};
    static const char *const wide[] = {"\xE3\x80\x82", "\xEF\xBC\x8E", "\xEF\xBD\xA1"};

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
        if (g_str_has_prefix(p, forms[i]))
            return strlen(forms[i]);
    for (gsize i = 0; may_be_wide && i < G_N_ELEMENTS(wide); i++)
        if (g_str_has_prefix(p, wide[i]))
            return strlen(wide[i]);
    return 0;
}

static gsize
label_octets(const char *label)
{
    const char *p = label;
    bool is_ascii = g_ascii_isalnum(*label);

    for (gsize n; *p != '\0'; p += n) {
        n = g_ascii_isalnum(*p) || *p == '-' ? 1 : foreign_octets(p);
        if (*p == '\\' && p[1] == '-')
            n = 2;
        if (n == 0 || (is_ascii && is_unspaced(p)))
            break;
    }
    return (gsize)(p - label);
}

typedef struct {
    const char *begin;
    gsize length;
} Label;

/* The last labels of a domain and the first three: all that is asked for. */
typedef struct {
    Label first[3], last, last_but_one;
    guint n;
} Domain;

static Domain
read_domain(const char *p)
{
    Domain domain = {.n = 0};
    gsize dot = 0;

    do {
        const Label label = {p + dot, label_octets(p + dot)};

        if (label.length == 0)
            break;
        if (domain.n < 3)
            domain.first[domain.n] = label;
        domain.last_but_one = domain.last;
        domain.last = label;
        domain.n++;
        p = label.begin + label.length;
        dot = dot_octets(p, (guchar)*label.begin >= 0x80);
    } while (dot > 0);
    return domain;
}

static bool
begins_with_digit(Label label)
{
    return label.length > 0 && g_ascii_isdigit(*label.begin);
}

/* 4.17.21, v1.2.3-rc.next: three numbers, however it goes on. */
static bool
is_version(const Domain *domain)
{
    Label first = domain->first[0];

    if (first.length > 1 && (*first.begin | 0x20) == 'v')
        first = (Label){first.begin + 1, first.length - 1};
    return domain->n >= 3 && begins_with_digit(first) && begins_with_digit(domain->first[1]) &&
           begins_with_digit(domain->first[2]) && strspn(first.begin, "0123456789") >= first.length;
}

static bool
label_is(Label label, const char *text)
{
    return label.length == strlen(text) &&
           g_ascii_strncasecmp(label.begin, text, label.length) == 0;
}

static bool
is_digest(const Domain *domain)
{
    for (gsize i = 0; i < G_N_ELEMENTS(digests); i++)
        if (label_is(domain->first[0], digests[i]))
            return true;
    return false;
}

/* How much of the label is a top-level domain: letters, or "xn--…"; "org-Adresse" begins with one.
 */
static gsize
top_level_octets(Label label)
{
    gsize length = 0;
    bool is_encoded = label.length > 4 && g_ascii_strncasecmp(label.begin, "xn--", 4) == 0;

    if (is_encoded || (guchar)*label.begin >= 0x80)
        return label.length;
    while (length < label.length && g_ascii_isalpha(label.begin[length]))
        length++;
    if (length < 2 || (length < label.length && g_ascii_isdigit(label.begin[length])))
        return 0;
    return length < label.length && (guchar)label.begin[length] >= 0x80 ? label.length : length;
}

static gsize
literal_octets(const char *p)
{
    const char *inner = p + 1;

    if (*p != '[')
        return 0;
    if (g_ascii_strncasecmp(inner, "IPv6:", 5) == 0)
        inner += 5;
    gsize length = strspn(inner, "0123456789abcdefABCDEF:.");
    return length > 1 && length < 64 && inner[length] == ']' ? (gsize)(inner + length + 1 - p) : 0;
}

/* Domain and no file: length up to its end, or 0. */
static gsize
end_of(const Domain *domain, Label last, guint n, const char *p)
{
    gsize top = n >= 2 ? top_level_octets(last) : 0;

    for (gsize i = 0; top > 0 && i < G_N_ELEMENTS(suffixes); i++) {
        if (!label_is((Label){last.begin, top}, suffixes[i].suffix))
            continue;
        return suffixes[i].is_file && n == domain->n
                   ? end_of(domain, domain->last_but_one, n - 1, p)
                   : 0;
    }
    return top > 0 ? (gsize)(last.begin + top - p) : 0;
}

gsize
mp_mask_domain(const char *p)
{
    if (*p == '[')
        return literal_octets(p);
    if (!g_ascii_isalnum(*p) && (guchar)*p < 0x80)
        return 0;
    const Domain domain = read_domain(p);
    return domain.n < 2 || is_version(&domain) || is_digest(&domain)
               ? 0
               : end_of(&domain, domain.last, domain.n, p);
}

/* --- Local parts ------------------------------------------------------------------------------ */

static bool
is_key(const char *begin, const char *equals)
{
    while (begin < equals && *begin == '-')
        begin++;
    for (const char *p = begin; p < equals; p++)
        if (*p == '.')
            begin = p + 1;
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (label_is((Label){begin, (gsize)(equals - begin)}, keys[i]))
            return true;
    return false;
}

/* Behind the last of what is no part of it: a path, a key, prose in a script without blanks. */
static const char *
behind_prose(const char *begin, const char *at)
{
    bool ends_ascii = (guchar)at[-1] < 0x80;

    for (const char *p = begin; p < at; p++) {
        if (*p == '/')
            begin = p + 1;
        else if (*p == '=' && is_key(begin, p))
            begin = p + 1;
        else if (ends_ascii && ((guchar)*p & 0xC0) == 0xC0 && is_unspaced(p))
            begin = g_utf8_next_char(p);
    }
    return MIN(begin, at);
}

static bool
has_word(const char *p, const char *end)
{
    while (p < end && !g_ascii_isalnum(*p) && *p != '_' && (guchar)*p < 0x80)
        p++;
    return p < end;
}

const char *
mp_mask_local(const char *run, const char *at, gsize *emphasis)
{
    const char *begin = run;

    *emphasis = 0;
    if (at - run > LOCAL_MAX)
        return run;
    if (at == run || (begin = behind_prose(run, at)) == at || !has_word(begin, at))
        return NULL;
    while (begin < at && strchr("'{|+=?^&!#}.-`\\", *begin) != NULL)
        begin += *begin == '\\' && !g_ascii_isalnum(begin[1]) ? 2 : 1;
    *emphasis = MIN(strspn(begin, "*_~"), (gsize)(at - begin));
    return begin;
}
