/* Authentication-Results, read as RFC 8601, section 2.2, writes it; see authentication.h. */
#include "policy/authentication.h"

#include <string.h>

#include "base/domain.h"

static const char *const result_names[] = {
    "pass", "fail", "none", "neutral", "softfail", "policy", "temperror", "permerror", "hardfail",
};
#define PASS      result_names[0]
#define FAIL      result_names[1]
#define UNALIGNED "unaligned"

/* The field, and where we are in it. */
typedef struct {
    const char *p;
    bool is_broken; /* a quote or comment that never ends: whatever it hides counts as bad news */
} Reading;

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_comment(Reading *r)
{
    guint depth = 0;

    do {
        if (*r->p == '\\' && r->p[1] != '\0')
            r->p++;
        else if (*r->p == '(')
            depth++;
        else if (*r->p == ')')
            depth--;
        r->p += *r->p != '\0';
    } while (depth > 0 && *r->p != '\0');
    r->is_broken |= depth > 0;
}

/* White space and comments, which may stand between any two parts. */
static void
skip_cfws(Reading *r)
{
    while (is_space(*r->p) || *r->p == '(')
        if (*r->p == '(')
            skip_comment(r);
        else
            r->p++;
}

static void
take_quoted(Reading *r, GString *into)
{
    for (r->p++; *r->p != '"' && *r->p != '\0'; r->p++) {
        if (*r->p == '\\' && r->p[1] != '\0')
            r->p++;
        g_string_append_c(into, *r->p);
    }
    r->is_broken |= *r->p == '\0';
    r->p += *r->p != '\0';
}

/* A value: tokens and quoted strings up to white space, a comment, or one of `ends`. */
static char *
take_value(Reading *r, const char *ends)
{
    GString *value = g_string_new(NULL);

    skip_cfws(r);
    while (*r->p != '\0' && !is_space(*r->p) && *r->p != '(' && strchr(ends, *r->p) == NULL)
        if (*r->p == '"')
            take_quoted(r, value);
        else
            g_string_append_c(value, *r->p++);
    return g_string_free(value, FALSE);
}

/* The character, with what may stand around it. */
static bool
take(Reading *r, char c)
{
    skip_cfws(r);
    if (*r->p != c)
        return false;
    r->p++;
    skip_cfws(r);
    return true;
}

/* --- One result: method[/version]=result [reason=value] [ptype.property=value …] ---------------
 */

typedef struct {
    char *method, *result;
    char *from, *domain, *mailfrom; /* header.from; header.d or header.i; smtp.mailfrom */
} Result;

static void
result_clear(Result *result)
{
    g_free(result->method);
    g_free(result->result);
    g_free(result->from);
    g_free(result->domain);
    g_free(result->mailfrom);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Result, result_clear)

static void
keep(char **field, const char *value)
{
    if (*field == NULL)
        *field = g_strdup(value);
}

static void
keep_property(Result *result, const char *name, const char *value)
{
    if (g_ascii_strcasecmp(name, "header.from") == 0)
        keep(&result->from, value);
    else if (g_ascii_strcasecmp(name, "header.d") == 0 || g_ascii_strcasecmp(name, "header.i") == 0)
        keep(&result->domain, value);
    else if (g_ascii_strcasecmp(name, "smtp.mailfrom") == 0 ||
             g_ascii_strcasecmp(name, "smtp.mail") == 0 ||
             g_ascii_strcasecmp(name, "smtp.envelope-from") == 0)
        keep(&result->mailfrom, value);
}

/* "header . d", of which spaces and comments are no part. */
static char *
take_name(Reading *r)
{
    GString *name = g_string_new(NULL);

    do {
        g_autofree char *part = take_value(r, "=;./");
        g_string_append(name, name->len > 0 ? "." : "");
        g_string_append(name, part);
    } while (take(r, '.'));
    return g_string_free(name, FALSE);
}

/* Up to the next ";". What is no property of ours is read over. */
static void
take_result(Reading *r, Result *result)
{
    result->method = take_name(r);
    if (take(r, '/'))
        g_free(take_value(r, "=;"));
    result->result = take(r, '=') ? take_value(r, ";") : NULL;
    for (skip_cfws(r); *r->p != ';' && *r->p != '\0'; skip_cfws(r)) {
        const char *start = r->p;
        g_autofree char *name = take_name(r);
        g_autofree char *value = take(r, '=') ? take_value(r, ";") : NULL;

        if (value != NULL)
            keep_property(result, name, value);
        r->p += r->p == start; /* never stand still */
    }
}

/* --- What it says of the author -----------------------------------------------------------------
 */

static const char *
known_result(const char *text)
{
    for (gsize i = 0; text != NULL && i < G_N_ELEMENTS(result_names); i++)
        if (g_ascii_strcasecmp(result_names[i], text) == 0)
            return result_names[i];
    return "none"; /* "…treated as if it were none", section 2.7.7 */
}

/* The domain of an address, or what is one already. */
static const char *
domain_of(const char *text)
{
    const char *at = strrchr(text, '@');

    return at != NULL ? at + 1 : text;
}

static bool
lies_below(const char *lower, const char *upper)
{
    gsize length = strlen(lower), tail = strlen(upper);

    return length > tail + 1 && lower[length - tail - 1] == '.' &&
           strcmp(lower + length - tail, upper) == 0 && strchr(upper, '.') != NULL;
}

static bool
is_aligned(const char *claimed, const char *from)
{
    if (claimed == NULL || from == NULL)
        return false;
    g_autofree char *a = mp_domain_fold(domain_of(claimed));
    g_autofree char *b = mp_domain_fold(domain_of(from));
    return *a != '\0' && (strcmp(a, b) == 0 || lies_below(a, b) || lies_below(b, a));
}

/* Of several, one that does not pass spoils DMARC: no more than one is ever written. */
static void
take_dmarc(MpVerdicts *v, const Result *result, const char *from)
{
    const char *said = known_result(result->result);

    /* a verdict about another domain than the one we read in From is none about this author */
    if (said == PASS && result->from != NULL && from != NULL) {
        g_autofree char *a = mp_domain_fold(domain_of(result->from));
        g_autofree char *b = mp_domain_fold(domain_of(from));
        said = strcmp(a, b) == 0 ? said : FAIL;
    }
    if (v->dmarc == NULL || v->dmarc == PASS || said == FAIL)
        v->dmarc = said;
}

/* Of several signatures one that passes and is aligned is enough. */
static void
take_aligned(const char **verdict, const Result *result, const char *domain, const char *from)
{
    const char *said = known_result(result->result);

    if (said == PASS && !is_aligned(domain, from))
        said = UNALIGNED;
    if (*verdict == NULL || (*verdict != PASS && (said == PASS || strcmp(said, UNALIGNED) == 0)))
        *verdict = said;
}

static void
take_verdict(MpVerdicts *v, const Result *result, const char *from)
{
    if (g_ascii_strcasecmp(result->method, "dmarc") == 0)
        take_dmarc(v, result, from);
    else if (g_ascii_strcasecmp(result->method, "dkim") == 0)
        take_aligned(&v->dkim, result, result->domain, from);
    else if (g_ascii_strcasecmp(result->method, "spf") == 0)
        take_aligned(&v->spf, result, result->mailfrom, from);
}

/* RFC 7489, section 6.6.2: where a domain has no policy, or it could not be had. */
static bool
has_dmarc_verdict(const MpVerdicts *v)
{
    return v->dmarc == PASS || v->dmarc == FAIL;
}

static MpSenderCheck
conclude(const MpVerdicts *v)
{
    if (v->dmarc == NULL && v->dkim == NULL && v->spf == NULL)
        return MP_SENDER_UNCHECKED;
    if (has_dmarc_verdict(v))
        return v->dmarc == PASS ? MP_SENDER_AUTHENTIC : MP_SENDER_UNAUTHENTICATED;
    return v->dkim == PASS || v->spf == PASS ? MP_SENDER_AUTHENTIC : MP_SENDER_UNAUTHENTICATED;
}

/* --- The field ----------------------------------------------------------------------------------
 */

static bool
is_trusted(const char *id, const char *trusted)
{
    g_auto(GStrv) ids = g_strsplit_set(trusted, " ,", -1);

    for (char **each = ids; *each != NULL; each++)
        if (**each != '\0' && g_ascii_strcasecmp(*each, id) == 0)
            return true;
    return false;
}

/* Behind the id: nothing, or "1", the only version there is. */
static bool
is_known_version(Reading *r)
{
    g_autofree char *version = take_value(r, ";");

    return *version == '\0' || strcmp(version, "1") == 0;
}

static MpVerdicts
read_results(Reading *r, const char *from)
{
    MpVerdicts v = {.check = MP_SENDER_UNCHECKED};

    if (!is_known_version(r))
        r->is_broken = true;
    while (take(r, ';')) {
        g_auto(Result) result = {0};

        take_result(r, &result);
        take_verdict(&v, &result, from);
    }
    skip_cfws(r);
    v.check = r->is_broken || *r->p != '\0' ? MP_SENDER_UNAUTHENTICATED : conclude(&v);
    return v;
}

MpVerdicts
mp_verdicts_read(const GPtrArray *fields, const char *trusted, const char *from)
{
    for (guint i = 0; *trusted != '\0' && i < fields->len; i++) {
        Reading r = {g_ptr_array_index(fields, i), false};
        g_autofree char *id = take_value(&r, ";");

        if (is_trusted(id, trusted))
            return read_results(&r, from);
    }
    return (MpVerdicts){.check = MP_SENDER_UNCHECKED};
}

char *
mp_verdicts_describe(const MpVerdicts *v)
{
    const struct {
        const char *name, *said;
    } all[] = {{"dmarc", v->dmarc}, {"dkim", v->dkim}, {"spf", v->spf}};
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i].said != NULL)
            g_string_append_printf(text, "%s%s=%s", text->len > 0 ? ", " : "", all[i].name,
                                   all[i].said);
    return g_string_free(text, text->len == 0);
}
