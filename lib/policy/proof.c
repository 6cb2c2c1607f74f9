/* What proves an author without a signed address; see proof.h. */
#include "policy/proof.h"

#include <string.h>

#include "base/domain.h"
#include "base/escape.h"

#define DAY_S 86400

static bool
has_one_author(const MpMessage *message, char **why)
{
    if (message->from->len == 1 && strchr(g_ptr_array_index(message->from, 0), '@') != NULL)
        return true;
    *why = g_strdup(message->from->len == 0 ? "the mail has no sender"
                                            : "the mail has not one sender alone");
    return false;
}

static bool
is_named(const MpHeader *header, const char *name)
{
    return g_ascii_strcasecmp(header->name, name) == 0;
}

/* The value of a tag of DKIM-Signature (RFC 6376, section 3.2) without white space, or NULL; the
 * caller's. */
static char *
take_tag(const char *signature, const char *name)
{
    g_auto(GStrv) tags = g_strsplit(signature, ";", -1);

    for (gsize i = 0; tags[i] != NULL; i++) {
        char *value = strchr(tags[i], '=');

        if (value == NULL)
            continue;
        *value++ = '\0';
        if (strcmp(g_strstrip(tags[i]), name) == 0) {
            g_auto(GStrv) parts = g_strsplit_set(value, " \t\r\n", -1);
            return g_strjoinv("", parts);
        }
    }
    return NULL;
}

static bool
is_signature_of_author(const MpHeader *header, const MpMessage *message)
{
    g_autofree char *domain =
        is_named(header, "DKIM-Signature") ? take_tag(header->value, "d") : NULL;

    return mp_is_signer_of(domain, g_ptr_array_index(message->from, 0));
}

static bool
is_signed(const MpVerdicts *verdicts, char **why)
{
    if (verdicts->check == MP_SENDER_AUTHENTIC && g_strcmp0(verdicts->top_dkim, "pass") == 0)
        return true;
    g_autofree char *said = mp_verdicts_describe(verdicts);
    bool is_below = g_strcmp0(verdicts->dkim, "pass") == 0 && verdicts->top_dkim == NULL;
    *why = g_strdup_printf("no DKIM signature of the sender's domain: %s%s",
                           verdicts->is_unreadable ? "Authentication-Results cannot be read"
                           : said != NULL          ? said
                                                   : "no verdict of a trusted id",
                           is_below ? ", below our own Received, where anybody can write it" : "");
    return false;
}

static bool
stands_in(const MpMessage *message, const char *field, const char *address)
{
    for (guint i = 0; i < message->recipients->len; i++) {
        const MpAddressee *to = g_ptr_array_index(message->recipients, i);

        if (strcmp(to->field, field) == 0 && mp_same_address(to->address, address, false))
            return true;
    }
    return false;
}

static bool
is_addressed(const MpMessage *message, const char *address, char **why)
{
    if (stands_in(message, "To", address) || stands_in(message, "Cc", address))
        return true;
    g_autofree char *shown = mp_escape(address);
    *why = g_strdup_printf("%s stands neither in To nor in Cc", shown);
    return false;
}

static bool
is_recent(const MpMessage *message, gint64 received, char **why)
{
    gint64 most = (gint64)MP_PROOF_DAYS * DAY_S;

    if (message->date != G_MININT64 && message->date >= received - most &&
        message->date <= received + most)
        return true;
    *why = message->date == G_MININT64
               ? g_strdup("the mail has no Date")
               : g_strdup_printf("its Date is more than %d days from when it came", MP_PROOF_DAYS);
    return false;
}

static guint
count(const MpMessage *message, const char *name)
{
    guint n = 0;

    for (guint i = 0; i < message->headers->len; i++) {
        const MpHeader *header = g_ptr_array_index(message->headers, i);
        n += is_named(header, name);
    }
    return n;
}

static bool
has_each_once(const MpMessage *message, char **why)
{
    static const char *const once[] = {
        "From",       "Date",         "To",           "Cc",
        "Subject",    "Sender",       "Message-ID",   "In-Reply-To",
        "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(once); i++)
        if (count(message, once[i]) > 1) {
            *why = g_strdup_printf("it has several fields %s, of which one may be signed", once[i]);
            return false;
        }
    return true;
}

static bool
names(char *const *fields, const char *name)
{
    for (; fields != NULL && *fields != NULL; fields++)
        if (g_ascii_strcasecmp(*fields, name) == 0)
            return true;
    return false;
}

/* What a signature must cover, so that the mail is what its author sent, to whom they sent it. Some
 * sign neither To nor Cc (Microsoft 365): these are believed. */
static bool
covers(const char *signature, const MpMessage *message, const char *address)
{
    g_autofree char *h = take_tag(signature, "h");
    g_autofree char *length = take_tag(signature, "l");
    g_auto(GStrv) fields = g_strsplit(h != NULL ? h : "", ":", -1);
    bool has_to = names(fields, "To"), has_cc = names(fields, "Cc");

    return length == NULL && names(fields, "Date") &&
           ((!has_to && !has_cc) || (has_to && stands_in(message, "To", address)) ||
            (has_cc && stands_in(message, "Cc", address)));
}

/* All of the author's domain or above must: which of them was found good is not known. */
static bool
is_covered(const MpMessage *message, const char *address, char **why)
{
    for (guint i = 0; i < message->headers->len; i++) {
        const MpHeader *header = g_ptr_array_index(message->headers, i);

        if (!is_signature_of_author(header, message) || covers(header->value, message, address))
            continue;
        *why =
            g_strdup("its DKIM signature leaves out the Date, our address or an end of the text");
        return false;
    }
    return true;
}

bool
mp_is_proved(const MpMessage *message, const MpVerdicts *verdicts, const char *address,
             gint64 received, char **why)
{
    return has_one_author(message, why) && is_signed(verdicts, why) &&
           is_addressed(message, address, why) && is_recent(message, received, why) &&
           has_each_once(message, why) && is_covered(message, address, why);
}
