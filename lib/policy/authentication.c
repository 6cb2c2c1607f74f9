/* Authentication-Results, read as RFC 8601, section 2.2, writes it; see authentication.h. */
#include "policy/authentication.h"

#include <string.h>

#include "base/domain.h"

static const char *const result_names[] = {
    "pass", "fail", "none", "neutral", "softfail", "policy", "temperror", "permerror", "hardfail",
};
#define UNKNOWN_RECEIVED 2 /* where it is not said how many Received are of our own servers */

#define PASS      result_names[0] /* compared by address: known_result() gives no other */
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
    char *from, *domain, *identity, *mailfrom; /* header.from, header.d, header.i, smtp.mailfrom */
} Result;

static void
result_clear(Result *result)
{
    g_free(result->method);
    g_free(result->result);
    g_free(result->from);
    g_free(result->domain);
    g_free(result->identity);
    g_free(result->mailfrom);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Result, result_clear)

/* Of two that differ none is kept: "" is nobody's domain. */
static void
keep(char **field, const char *value)
{
    bool is_first = *field == NULL, is_same = !is_first && strcmp(*field, value) == 0;

    if (is_same)
        return;
    g_free(*field);
    *field = g_strdup(is_first ? value : "");
}

static void
keep_property(Result *result, const char *name, const char *value)
{
    if (g_ascii_strcasecmp(name, "header.from") == 0)
        keep(&result->from, value);
    else if (g_ascii_strcasecmp(name, "header.d") == 0)
        keep(&result->domain, value);
    else if (g_ascii_strcasecmp(name, "header.i") == 0)
        keep(&result->identity, value);
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

/* "1", or nothing: there is no other version of the field or of a method. */
static void
take_version(Reading *r, const char *ends)
{
    g_autofree char *version = take_value(r, ends);

    r->is_broken |= *version != '\0' && strcmp(version, "1") != 0;
}

/* Up to the next ";". What is no property of ours is read over. */
static void
take_result(Reading *r, Result *result)
{
    result->method = take_name(r);
    if (take(r, '/'))
        take_version(r, "=;");
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
static char *
domain_of(const char *text)
{
    const char *at = strrchr(text, '@');

    return mp_domain_fold(at != NULL ? at + 1 : text);
}

static bool
lies_below(const char *lower, const char *upper)
{
    gsize length = strlen(lower), tail = strlen(upper);

    return length > tail + 1 && lower[length - tail - 1] == '.' &&
           strcmp(lower + length - tail, upper) == 0 && !mp_domain_is_suffix(upper);
}

typedef bool (*Alignment)(const char *claimed, const char *from);

static bool
is_same(const char *claimed, const char *from)
{
    return strcmp(claimed, from) == 0;
}

/* A domain answers for what lies below it, and for nothing above. */
static bool
is_same_or_above(const char *claimed, const char *from)
{
    return is_same(claimed, from) || lies_below(from, claimed);
}

static bool
is_related(const char *claimed, const char *from)
{
    return is_same_or_above(claimed, from) || lies_below(claimed, from);
}

static bool
is_aligned(const char *claimed, const char *from, Alignment alignment)
{
    if (claimed == NULL || from == NULL)
        return false;
    g_autofree char *a = domain_of(claimed);
    g_autofree char *b = domain_of(from);
    return *a != '\0' && alignment(a, b);
}

bool
mp_is_signer_of(const char *signer, const char *from)
{
    return is_aligned(signer, from, is_same_or_above);
}

/* Whether the result says that it was checked and found wrong. */
static bool
is_bad(const char *said)
{
    static const char *const bad[] = {"fail", "hardfail", "softfail", "policy", UNALIGNED};

    for (gsize i = 0; said != NULL && i < G_N_ELEMENTS(bad); i++)
        if (strcmp(said, bad[i]) == 0)
            return true;
    return false;
}

/* Of several, a failure stands, and a pass is better than no verdict (RFC 7489, section 6.6.2: the
 * domain has no policy, or it could not be had). */
static void
take_dmarc(MpVerdicts *v, const Result *result, const char *from)
{
    const char *said = known_result(result->result);
    bool is_for_another = result->from != NULL && !is_aligned(result->from, from, is_same);

    if (is_bad(said) || (said == PASS && (from == NULL || is_for_another)))
        said = FAIL;
    if (v->dmarc == NULL || said == FAIL || (said == PASS && v->dmarc != FAIL))
        v->dmarc = said;
}

/* Of several signatures one that passes and is aligned is enough; without one, the worst is told.
 */
static void
take_aligned(const char **verdict, const Result *result, bool is_aligned)
{
    const char *said = known_result(result->result);

    if (said == PASS && !is_aligned)
        said = UNALIGNED;
    if (*verdict == NULL || said == PASS || (*verdict != PASS && is_bad(said)))
        *verdict = said;
}

static void
take_verdict(MpVerdicts *v, const Result *result, const char *from)
{
    const char *signer = result->domain != NULL ? result->domain : result->identity;

    if (g_ascii_strcasecmp(result->method, "dmarc") == 0)
        take_dmarc(v, result, from);
    else if (g_ascii_strcasecmp(result->method, "dkim") == 0)
        take_aligned(&v->dkim, result, mp_is_signer_of(signer, from));
    else if (g_ascii_strcasecmp(result->method, "spf") == 0)
        take_aligned(&v->spf, result, is_aligned(result->mailfrom, from, is_related));
}

/* SPF proves a server, which many senders may share: it refuses, and vouches for nobody. */
static MpSenderCheck
conclude(const MpVerdicts *v)
{
    if (v->is_unreadable || v->dmarc == FAIL)
        return MP_SENDER_UNAUTHENTICATED;
    if (v->dmarc == PASS || v->dkim == PASS)
        return MP_SENDER_AUTHENTIC;
    return is_bad(v->dkim) || is_bad(v->spf) ? MP_SENDER_UNAUTHENTICATED : MP_SENDER_UNCHECKED;
}

/* --- The fields ---------------------------------------------------------------------------------
 */

static bool
is_trusted(const char *id, char *const *trusted)
{
    for (; *trusted != NULL; trusted++)
        if (**trusted != '\0' && g_ascii_strcasecmp(*trusted, id) == 0)
            return true;
    return false;
}

/* Behind the id. */
static void
read_field(Reading *r, MpVerdicts *v, const char *from)
{
    take_version(r, ";");
    while (take(r, ';')) {
        g_auto(Result) result = {0};

        take_result(r, &result);
        take_verdict(v, &result, from);
    }
    skip_cfws(r);
    v->is_unreadable |= r->is_broken || *r->p != '\0';
}

static void
take_top(Reading r, MpVerdicts *v, const char *from)
{
    MpVerdicts alone = {.check = MP_SENDER_UNCHECKED};

    read_field(&r, &alone, from);
    v->top_dkim = alone.dkim;
}

static void
keep_bad(const char **verdict, const char *said)
{
    if (is_bad(said) && *verdict != PASS)
        *verdict = said;
}

/* What a client may have written is believed where it is bad. */
static void
take_bad(Reading r, MpVerdicts *v, const char *from)
{
    MpVerdicts below = {.check = MP_SENDER_UNCHECKED};

    read_field(&r, &below, from);
    if (below.dmarc == FAIL)
        v->dmarc = FAIL;
    keep_bad(&v->dkim, below.dkim);
    keep_bad(&v->spf, below.spf);
    v->is_unreadable |= below.is_unreadable;
}

MpVerdicts
mp_verdicts_read(const GPtrArray *fields, guint n_own, const char *trusted, const char *from)
{
    g_auto(GStrv) ids = g_strsplit_set(trusted, " ,", -1);
    MpVerdicts v = {.check = MP_SENDER_UNCHECKED};
    bool has_own = false;

    for (guint i = 0; *trusted != '\0' && i < fields->len; i++) {
        Reading r = {g_ptr_array_index(fields, i), false};
        g_autofree char *id = take_value(&r, ";");

        if (!is_trusted(id, ids))
            continue;
        has_own |= i < n_own;
        if (i < n_own && v.top_dkim == NULL)
            take_top(r, &v, from);
        if (i < n_own || !has_own)
            read_field(&r, &v, from);
        else
            take_bad(r, &v, from);
    }
    v.check = conclude(&v);
    return v;
}

/* How many of message->results stand above the n-th Received. */
static guint
results_above(const MpMessage *message, guint n)
{
    guint results = 0;

    for (guint i = 0; n > 0 && i < message->headers->len; i++) {
        const MpHeader *header = g_ptr_array_index(message->headers, i);

        n -= g_ascii_strcasecmp(header->name, "Received") == 0;
        results += n > 0 && g_ascii_strcasecmp(header->name, "Authentication-Results") == 0;
    }
    return MIN(results, message->results->len);
}

/* Of several authors none is checked: such a mail is refused anyway. */
MpVerdicts
mp_verdicts_of(const MpMessage *message, const MpConfig *config)
{
    guint own = MAX(config->own_received, 1);
    guint n = results_above(message, config->own_received > 0 ? own : UNKNOWN_RECEIVED);
    g_autoptr(GPtrArray) fields = g_ptr_array_new();

    for (guint i = 0; i < n; i++)
        g_ptr_array_add(fields, message->results->pdata[i]);
    return mp_verdicts_read(fields, results_above(message, own), config->authserv_id,
                            message->from->len == 1 ? message->from->pdata[0] : NULL);
}

char *
mp_verdicts_describe(const MpVerdicts *v)
{
    const struct {
        const char *name, *said;
    } all[] = {{"dmarc", v->dmarc}, {"dkim", v->dkim}, {"spf", v->spf}};
    GString *text = g_string_new(NULL);

    for (gsize i = 0; !v->is_unreadable && i < G_N_ELEMENTS(all); i++)
        if (all[i].said != NULL)
            g_string_append_printf(text, "%s%s=%s", text->len > 0 ? ", " : "", all[i].name,
                                   all[i].said);
    return g_string_free(text, text->len == 0);
}
