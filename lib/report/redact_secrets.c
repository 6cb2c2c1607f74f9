/* What secrets look like; see redact_internal.h. */
#include "report/redact_internal.h"

#include <string.h>

#define HEX_MIN       40 /* digits: MACs; keys have 64. KEYs of events, which are none, have 32 */
#define BASE64_MIN    16
#define MECHANISM_MAX 20 /* octets (RFC 4422, section 3.1) */
#define LOGIN_MAX     6  /* lines after AUTH: LOGIN has four */

/* --- Known ones ------------------------------------------------------------------------------- */

GString *
mp_secret_mask_known(const char *line, gsize length, const GPtrArray *secrets)
{
    GString *masked = NULL;

    for (guint i = 0; i < secrets->len; i++) {
        const char *secret = g_ptr_array_index(secrets, i);
        const char *from = masked != NULL ? masked->str : line;

        if (memmem(from, masked != NULL ? masked->len : length, secret, strlen(secret)) == NULL)
            continue;
        masked = masked != NULL ? masked : g_string_new_len(line, (gssize)length);
        g_string_replace(masked, secret, MP_MASKED, 0);
    }
    return masked;
}

/* --- Logins and private keys ------------------------------------------------------------------ */

static const char *
find(const char *text, gsize length, const char *word)
{
    gsize n = strlen(word);

    for (gsize i = 0; i + n <= length; i++)
        if (g_ascii_strncasecmp(text + i, word, n) == 0)
            return text + i;
    return NULL;
}

static bool
is_base64(char c)
{
    return g_ascii_isalnum(c) || c == '+' || c == '/' || c == '=';
}

/* The last word of the line, without the quote and \r\n that a transcript ends it with. */
static bool
last_word(const char *line, gsize length, gsize *begin, gsize *end)
{
    static const char *const ends[] = {"\"", "\\n", "\\r", "\r", " "};

    for (bool again = true; again;) {
        again = false;
        for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
            gsize n = strlen(ends[i]);

            if (length >= n && memcmp(line + length - n, ends[i], n) == 0) {
                length -= n;
                again = true;
            }
        }
    }
    *end = *begin = length;
    while (*begin > 0 && is_base64(line[*begin - 1]))
        --*begin;
    return *begin < *end;
}

/* Octets of a mechanism's name of which the beginning is known: "SCRAM-SHA-256". A word that goes
 * on with something else is none, and may be a secret. */
static gsize
mechanism_octets(const char *name, gsize length, gsize known)
{
    gsize p = known;

    if (length > known && name[known] != '-')
        return known;
    while (p < MIN(length, MECHANISM_MAX) &&
           (g_ascii_isupper(name[p]) || g_ascii_isdigit(name[p]) || strchr("-_", name[p]) != NULL))
        p++;
    return p == length || strchr(" \\\"\r", name[p]) != NULL ? p : known;
}

/* Behind "AUTH PLAIN "; NULL if nobody begins to log in here. The word alone is one of EHLO's
 * answers as well, which has no secret behind it. */
static const char *
find_login(const char *line, gsize length)
{
    static const char *const mechanisms[] = {
        "AUTH PLAIN", "AUTH LOGIN",       "AUTH CRAM-MD5", "AUTH XOAUTH2",  "AUTH DIGEST-MD5",
        "AUTH NTLM",  "AUTH OAUTHBEARER", "AUTH SCRAM",    "AUTH EXTERNAL", "AUTH GSSAPI"};
    const char *end = line + length;

    if (memmem(line, length, "UTH", 3) == NULL && memmem(line, length, "uth", 3) == NULL)
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        const char *found = find(line, length, mechanisms[i]);

        if (found == NULL || (found > line && (found[-1] == '-' || g_ascii_isalnum(found[-1]))))
            continue;
        const char *name = found + strlen("AUTH ");
        const char *behind = name + mechanism_octets(name, (gsize)(end - name),
                                                     strlen(mechanisms[i] + strlen("AUTH ")));
        while (behind < end && *behind == ' ')
            behind++;
        return behind;
    }
    return NULL;
}

bool
mp_secret_hides_line(MpSecretState *state, const char *line, gsize length, gsize *kept)
{
    const char *login;
    gsize begin, end;

    if (memmem(line, length, "PRIVATE KEY-----", 16) != NULL) {
        state->is_in_key = memmem(line, length, "-----BEGIN ", 11) != NULL &&
                           memmem(line, length, "-----END ", 9) == NULL;
        *kept = 0;
        return true;
    }
    *kept = 0;
    if (state->is_in_key)
        return true;
    login = find_login(line, length);
    if (login != NULL) {
        state->login = LOGIN_MAX;
        *kept = (gsize)(login - line);
        return *kept < length && last_word(line, length, &begin, &end) && end > *kept;
    }
    if (state->login == 0)
        return false;
    state->login--;
    *kept = last_word(line, length, &begin, &end) ? begin : length;
    return end - begin >= 4 && (end - begin) % 4 == 0;
}

/* --- By what they are called ------------------------------------------------------------------ */

typedef enum { NO_SECRET, ONE_WORD, REST_OF_LINE } Named;

/* Before the '=' or ':' at `at`. Passwords may have blanks in them. */
static Named
name_before(const char *line, gsize at)
{
    static const struct {
        const char *name;
        Named what;
    } names[] = {
        {"password", REST_OF_LINE},
        {"passwd", REST_OF_LINE},
        {"passphrase", REST_OF_LINE},
        {"authorization", REST_OF_LINE},
        {"cookie", REST_OF_LINE},
        {"secret", REST_OF_LINE},
        {"credentials", REST_OF_LINE},
        {"token", ONE_WORD},
        {"apikey", ONE_WORD},
        {"api_key", ONE_WORD},
        {"api-key", ONE_WORD},
        {"access_key", ONE_WORD},
        {"private_key", ONE_WORD},
        {"secret_key", ONE_WORD},
        {"auth_key", ONE_WORD},
        {"pwd", ONE_WORD},
        {"password_maps", REST_OF_LINE},
        {"token-command", REST_OF_LINE}, /* its arguments may hold a client's secret */
    };
    gsize end = at;

    while (end > 0 && at - end < 3 && strchr("\"' ", line[end - 1]) != NULL)
        end--;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        gsize n = strlen(names[i].name);

        if (end >= n && g_ascii_strncasecmp(line + end - n, names[i].name, n) == 0)
            return names[i].what;
    }
    return NO_SECRET;
}

static bool
ends_value(char c)
{
    return strchr(" \t\"'<>,;&)]}", c) != NULL; /* the zero, too */
}

/* Length of the value at `at`, if what stands before says that it is a secret; else 0. */
static gsize
named_octets(const char *line, gsize at, gsize length)
{
    gsize p = at, end = at;
    Named what = NO_SECRET;
    char quote = at > 0 && (line[at - 1] == '"' || line[at - 1] == '\'') ? line[at - 1] : '\0';

    while (p > 0 && at - p < 4 && strchr(" \"'", line[p - 1]) != NULL)
        p--;
    if (p > 0 && (line[p - 1] == '=' || line[p - 1] == ':'))
        what = name_before(line, p - 1);
    if (at >= 7 && g_ascii_strncasecmp(line + at - 7, "Bearer ", 7) == 0)
        what = ONE_WORD;
    if (what == NO_SECRET || strchr(" \"'", line[at]) != NULL)
        return 0;
    while (end < length &&
           (quote != '\0' ? line[end] != quote : what == REST_OF_LINE || !ends_value(line[end])))
        end++;
    return end - at;
}

/* --- By how they look ------------------------------------------------------------------------- */

static gsize
run_octets(const char *line, gsize at, gsize length, bool (*is_part)(char))
{
    gsize p = at;

    while (p < length && is_part(line[p]))
        p++;
    return p - at;
}

static bool
is_hex(char c)
{
    return g_ascii_isxdigit(c);
}

static bool
is_base64_digit(char c)
{
    return g_ascii_isalnum(c) || c == '+' || c == '/';
}

static bool
is_token(char c)
{
    return g_ascii_isalnum(c) || strchr("-_.~", c) != NULL;
}

/* As their services begin them. */
static gsize
known_token_octets(const char *line, gsize at, gsize length)
{
    static const char *const prefixes[] = {
        "ghp_",  "gho_",     "ghu_",     "ghs_",  "ghr_",  "github_pat_", "glpat-",
        "xoxb-", "xoxp-",    "xoxa-",    "xapp-", "ya29.", "1//0",        "AKIA",
        "ASIA",  "sk_live_", "rk_live_", "SG.",   "eyJ",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        gsize n = strlen(prefixes[i]);

        if (length - at > n && line[at] == prefixes[i][0] &&
            memcmp(line + at, prefixes[i], n) == 0) {
            gsize octets = n + run_octets(line, at + n, length, is_token);
            return octets >= n + 12 ? octets : 0;
        }
    }
    return 0;
}

/* Whether decoded base64 is what SASL sends: PLAIN, CRAM-MD5, OAuth; or holds a known secret. */
static bool
is_login(const guchar *bytes, gsize length, const GPtrArray *secrets)
{
    const guchar *blank = memchr(bytes, ' ', length);

    if (length > 3 && bytes[0] == '\0' && memchr(bytes + 1, '\0', length - 1) != NULL)
        return true;
    if (memmem(bytes, length, "\001auth=", 6) != NULL)
        return true;
    if (blank != NULL && length - (gsize)(blank + 1 - bytes) == 32 &&
        run_octets((const char *)blank + 1, 0, 32, is_hex) == 32)
        return true;
    for (guint i = 0; i < secrets->len; i++)
        if (memmem(bytes, length, secrets->pdata[i], strlen(secrets->pdata[i])) != NULL)
            return true;
    return false;
}

static bool
is_encoded_login(const char *run, gsize length, const GPtrArray *secrets)
{
    g_autofree guchar *bytes = g_malloc(length + 3);
    gint state = 0;
    guint save = 0;
    gsize n = g_base64_decode_step(run, length, bytes, &state, &save);

    n += g_base64_decode_step("===", (4 - length % 4) % 4, bytes + n, &state, &save);
    return is_login(bytes, n, secrets);
}

/* At the userinfo of a URL, behind "://". */
static gsize
userinfo_octets(const char *line, gsize at, gsize length)
{
    gsize p = at, last = 0;

    if (at < 3 || memcmp(line + at - 3, "://", 3) != 0)
        return 0;
    for (; p < length && p - at < 1024 && strchr("/?# \t\"<>", line[p]) == NULL; p++)
        if (line[p] == '@')
            last = p - at;
    return last;
}

gsize
mp_secret_octets(const char *line, gsize at, gsize length, const GPtrArray *secrets)
{
    gsize octets;

    if (at > 0 && strchr("=: \"'/", line[at - 1]) != NULL) {
        if ((octets = userinfo_octets(line, at, length)) > 0 ||
            (octets = named_octets(line, at, length)) > 0)
            return octets;
    }
    if (!g_ascii_isalnum(line[at]) || (at > 0 && g_ascii_isalnum(line[at - 1])))
        return 0;
    octets = run_octets(line, at, length, is_hex);
    if (octets >= HEX_MIN)
        return octets;
    if ((octets = known_token_octets(line, at, length)) > 0)
        return octets;
    if (at > 0 && is_base64(line[at - 1]) && line[at - 1] != '=')
        return 0; /* within a run that was looked at */
    octets = run_octets(line, at, length, is_base64_digit);
    return octets >= BASE64_MIN && is_encoded_login(line + at, octets, secrets) ? octets : 0;
}
