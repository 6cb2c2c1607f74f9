/*
 * Masking what leaves the installation; see redact.h. One scan over each line, which looks ahead
 * and back by bounded steps: what a stranger wrote may stand in it. What the secrets look like is
 * in redact_secrets.c.
 */
#include "report/redact.h"

#include <string.h>

#include "address/address.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "report/redact_internal.h"

#define LOCAL_MAX  256 /* octets before an @ that are looked at */
#define DOMAIN_MAX 256

struct MpRedaction {
    bool masks;
    char *hostname, *reply_domain, *noreply_domain;
    GPtrArray *secrets; /* char *, known ones; wiped when freed */
    GHashTable *shown;  /* addresses in lower case */
    char *key;          /* of the pseudonyms */
    MpSecretState state;
};

bool
mp_redaction_masks(const MpRedaction *r)
{
    return r->masks;
}

static void
free_secret(gpointer secret)
{
    mp_wipe(secret, strlen(secret));
    g_free(secret);
}

/* The lines of a file that holds secrets, for the length that makes them no word of a text. */
static void
add_secrets(MpRedaction *r, const char *path)
{
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!mp_read_path(path, 65536, &text, &length, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_strstrip(*line);
        if (strlen(*line) >= MP_SECRET_MIN && **line != '#')
            g_ptr_array_add(r->secrets, g_strdup(*line));
        mp_wipe(*line, strlen(*line));
    }
    mp_wipe(text, length);
}

MpRedaction *
mp_redaction_new(const MpConfig *config, bool masks, GError **error)
{
    g_autofree char *key = mp_random_hex(32, error);
    MpRedaction *r;

    if (key == NULL)
        return NULL;
    r = g_new0(MpRedaction, 1);
    r->masks = masks;
    r->key = g_steal_pointer(&key);
    r->secrets = g_ptr_array_new_with_free_func(free_secret);
    r->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (config == NULL)
        return r;
    r->hostname = g_strdup(config->hostname);
    r->reply_domain = mp_config_reply_domain(config);
    r->noreply_domain = mp_config_noreply_domain(config);
    add_secrets(r, config->keys);
    add_secrets(r, config->password_file);
    return r;
}

void
mp_redaction_free(MpRedaction *r)
{
    if (r == NULL)
        return;
    g_ptr_array_unref(r->secrets);
    g_hash_table_unref(r->shown);
    g_free(r->hostname);
    g_free(r->reply_domain);
    g_free(r->noreply_domain);
    free_secret(r->key);
    g_free(r);
}

void
mp_redaction_show(MpRedaction *r, const char *address)
{
    gsize length = strlen(address);
    bool is_id = length > 2 && address[0] == '<' && address[length - 1] == '>';

    g_hash_table_add(r->shown,
                     g_ascii_strdown(address + is_id, (gssize)(length - 2 * (gsize)is_id)));
}

void
mp_redaction_begin(MpRedaction *r)
{
    r->state = (MpSecretState){0};
}

/* --- Addresses -------------------------------------------------------------------------------- */

/* Length of an @, however it is written. */
static gsize
at_octets(const char *p, gsize left)
{
    static const char *const ats[] = {"@", "%40", "=40", "&#64;", "&#x40;", "\xEF\xBC\xA0"};

    for (gsize i = 0; i < G_N_ELEMENTS(ats); i++) {
        gsize length = strlen(ats[i]);

        if (left > length && g_ascii_strncasecmp(p, ats[i], length) == 0)
            return length;
    }
    return 0;
}

static bool
is_local(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80 || strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL;
}

static bool
is_domain(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80 || c == '.' || c == '-';
}

/* Where a local part begins, at the end of `out` and behind `floor`. */
static gsize
local_begin(const GString *out, gsize floor)
{
    gsize p = out->len, least = out->len - MIN(out->len - floor, LOCAL_MAX);

    if (p > floor && out->str[p - 1] == '"') { /* "tim example"@example.org */
        for (gsize q = p - 1; q > least; q--)
            if (out->str[q - 1] == '"')
                return q - 1;
        return p;
    }
    while (p > least && out->str[p - 1] != '\0' && is_local(out->str[p - 1]))
        p--;
    return p;
}

/* What a log calls an address, "to=", is not its beginning. */
static gsize
skip_name(const char *local, gsize length)
{
    static const char *const names[] = {
        "from",
        "to",
        "orig_to",
        "sasl_username",
        "sender",
        "recipient",
        "message-id",
        "header.from",
        "resent-message-id",
        "smtp.mailfrom",
        "smtp.mail",
        "smtp.rcpttodomain",
        "header.i",
        "mailfrom",
        "user",
        "username",
        "i",
        "d",
        "b",
    };
    const char *equals = memchr(local, '=', length);

    for (gsize i = 0; equals != NULL && i < G_N_ELEMENTS(names); i++)
        if (strlen(names[i]) == (gsize)(equals - local) &&
            g_ascii_strncasecmp(local, names[i], strlen(names[i])) == 0)
            return strlen(names[i]) + 1;
    return 0;
}

static bool
begins_with(const char *text, const char *prefix)
{
    return g_ascii_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* Of our own form: which thread, which account (by number), no more. */
static bool
is_ours(const MpRedaction *r, const char *local, const char *domain)
{
    if (r->hostname == NULL)
        return false;
    if (g_ascii_strcasecmp(domain, r->reply_domain) == 0)
        return (begins_with(local, "reply+") || begins_with(local, "unsub+") ||
                begins_with(local, "bounce+") || begins_with(local, "ok+")) &&
               strstr(local, MP_MASKED) != NULL;
    if (g_ascii_strcasecmp(domain, r->hostname) == 0)
        return begins_with(local, "answer-") || begins_with(local, "noreply") ||
               strstr(local, "/issues/") != NULL || strstr(local, "/pull/") != NULL ||
               strstr(local, "/commit/") != NULL;
    return false;
}

static void
append_pseudonym(const MpRedaction *r, const char *address, GString *out)
{
    g_autofree char *folded = g_ascii_strdown(address, -1);
    g_autofree char *sum = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)r->key,
                                                     strlen(r->key), folded, -1);

    g_string_append_len(out, sum, 10);
    g_string_append(out, "@***");
}

/* At an @ in the line, whose local part is the end of `out`: masks the address. Gives how many
 * octets of the line were taken, 0 if it is none. */
static gsize
take_address(const MpRedaction *r, const char *p, gsize left, GString *out, gsize floor)
{
    gsize at = at_octets(p, left), length = 0, begin;

    if (at == 0 || out->len == floor)
        return 0;
    if (p[at] == '[') /* an address literal */
        while (at + length < left && length < DOMAIN_MAX && p[at + length++] != ']')
            continue;
    else
        while (at + length < left && length < DOMAIN_MAX && is_domain(p[at + length]))
            length++;
    begin = local_begin(out, floor);
    begin += skip_name(out->str + begin, out->len - begin);
    if (length == 0 || begin >= out->len)
        return 0;
    g_autofree char *local = g_strndup(out->str + begin, out->len - begin);
    g_autofree char *domain = g_strndup(p + at, length);
    g_autofree char *address = g_strconcat(local, "@", domain, NULL);
    g_autofree char *folded = g_ascii_strdown(address, -1);
    if (is_ours(r, local, domain) || g_hash_table_contains(r->shown, folded)) {
        g_string_append_len(out, p, (gssize)(at + length));
        return at + length;
    }
    g_string_truncate(out, begin);
    append_pseudonym(r, address, out);
    return at + length;
}

/* --- The scan --------------------------------------------------------------------------------- */

static bool
may_be_at(char c)
{
    return c == '@' || c == '%' || c == '=' || c == '&' || c == '\xEF';
}

static void
scan(MpRedaction *r, const char *line, gsize length, GString *out)
{
    gsize floor = out->len; /* what is masked already is no part of what follows */

    for (gsize i = 0; i < length;) {
        gsize taken =
            r->masks && may_be_at(line[i]) ? take_address(r, line + i, length - i, out, floor) : 0;

        if (taken > 0) {
            floor = out->len;
        } else {
            taken = mp_secret_octets(line, i, length, r->secrets);
            if (taken > 0) {
                g_string_append(out, MP_MASKED);
                if (i + taken < length && line[i + taken] == '@') /* what is behind is a URL's */
                    floor = out->len;
            } else {
                g_string_append_c(out, line[i]);
                taken = 1;
            }
        }
        i += taken;
    }
}

void
mp_redact(MpRedaction *r, const char *line, gsize length, GString *out)
{
    g_autoptr(GString) known = mp_secret_mask_known(line, length, r->secrets);
    const char *text = known != NULL ? known->str : line;
    gsize octets = known != NULL ? known->len : length, kept;

    if (mp_secret_hides_line(&r->state, text, octets, &kept)) {
        scan(r, text, kept, out);
        g_string_append(out, MP_MASKED);
        return;
    }
    scan(r, text, octets, out);
}

char *
mp_redacted(MpRedaction *r, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (text == NULL)
        return NULL;
    mp_redaction_begin(r);
    mp_redact(r, text, strlen(text), out);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
