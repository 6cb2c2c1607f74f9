/*
 * The tables: regexp_table(5), so that they need no postmap(1) and no library of Debian's extra
 * packages. Each is a file of ours, named by its content: main.cf, which names it, is what switches
 * from one set to the next.
 */
#include <string.h>

#include "postfix/internal.h"

#define HEAD "# Written by `metroplex configure`, which replaces it; see metroplex(8).\n"

/* A text that an expression takes as it is. */
static char *
literal(const char *text)
{
    GString *quoted = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (strchr("\\/.^$|()[]{}*+?", *p) != NULL)
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *p);
    }
    return g_string_free(quoted, FALSE);
}

static char *
name_of(const char *kind, const char *text)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    return g_strdup_printf("%s-%.16s.regexp", kind, sum);
}

static char *
add(MpPostfix *postfix, const char *kind, char *text)
{
    MpTable *table = g_new0(MpTable, 1);

    table->text = text;
    table->name = name_of(kind, text);
    g_ptr_array_add(postfix->files, table);
    return g_strdup_printf("regexp:%s/%s", postfix->tables, table->name);
}

bool
mp_table_is_as_written(const char *name, const char *text)
{
    g_autofree char *kind = g_strdup(name);
    char *dash = strrchr(kind, '-');

    if (dash == NULL)
        return false;
    *dash = '\0';
    g_autofree char *right = name_of(kind, text);
    return strcmp(right, name) == 0;
}

/* Our no-reply domains, as an alternative: of now, and noreply.HOSTNAME, which may stand in mails
 * of another time. */
static char *
noreply_domains(const MpConfig *config)
{
    g_autofree char *domain = mp_config_noreply_domain(config);
    g_autofree char *always = g_strconcat("noreply.", config->hostname, NULL);
    g_autofree char *now = literal(domain), *then = literal(always);

    return g_ascii_strcasecmp(now, then) == 0 ? g_strdup(now)
                                              : g_strdup_printf("(%s|%s)", now, then);
}

/* Whom there is mail for: what has the shape of a signed address; where first mails open threads,
 * of an address for that (address/opening.h), or for who is asked about one (address/question.h);
 * and all no-reply names. */
char *
mp_table_recipients(MpPostfix *postfix)
{
    g_autofree char *host = literal(postfix->config->hostname);
    g_autofree char *noreply = noreply_domains(postfix->config);
    GString *text = g_string_new(HEAD);

    g_string_append_printf(text,
                           "/^(reply|unsub|bounce)\\+[ic]-[0-9]{1,14}-[0-9a-f]{40}-"
                           "[0-9]{1,14}@reply\\.%s$/  reply/\n",
                           host);
    if (postfix->facts->has_openings)
        g_string_append_printf(
            text,
            "/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?@reply\\.%s$/  reply/\n"
            "/^[a-z0-9_][a-z0-9._-]*\\/[a-z0-9_][a-z0-9._-]*@reply\\.%s$/  reply/\n"
            "/^ok\\+[0-9a-f]{32}-[0-9a-f]{28}@reply\\.%s$/  reply/\n",
            host, host, host);
    g_string_append_printf(text, "/^[^@]+@%s$/  reply/\n", noreply);
    return add(postfix, "recipients", g_string_free(text, FALSE));
}

/* Who reads the mail for the names that every domain must have (RFC 5321, section 4.5.1, and RFC
 * 2142); and the address that notifications come from, which may be in another domain of ours. */
char *
mp_table_aliases(MpPostfix *postfix)
{
    const MpConfig *config = postfix->config;
    g_autofree char *host = literal(config->hostname);
    g_autofree char *noreply = literal(config->noreply_address);
    g_autofree char *ours = noreply_domains(config);
    g_autofree char *domain = mp_config_noreply_domain(config);
    GString *text = g_string_new(HEAD);

    g_string_append_printf(text, "/^(postmaster|abuse)@(reply\\.%s|%s)$/  %s\n", host, ours,
                           postfix->person);
    if (g_ascii_strcasecmp(strrchr(config->noreply_address, '@') + 1, domain) != 0)
        g_string_append_printf(text, "/^%s$/  noreply@%s\n", noreply, domain);
    return add(postfix, "aliases", g_string_free(text, FALSE));
}

/* Drops one recipient of a mail, and not the mail, as an access table would. */
char *
mp_table_transport(MpPostfix *postfix)
{
    g_autofree char *noreply = noreply_domains(postfix->config);

    return add(postfix, "transport",
               g_strdup_printf(HEAD "/^[^@]+@%s$/  discard:no-reply\n", noreply));
}

/* What lies below the host. */
char *
mp_table_subdomains(MpPostfix *postfix)
{
    g_autofree char *host = literal(postfix->config->hostname);

    return add(postfix, "subdomains", g_strdup_printf(HEAD "/\\.%s$/  below\n", host));
}
