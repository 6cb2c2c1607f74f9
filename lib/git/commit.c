/* A commit as text; see commit.h and internal.h. */
#include "git/internal.h"

#include "base/escape.h"
#include "base/time.h"

#define PROGRAM "metroplex" /* who commits what no account did */

MpActor
mp_program_actor(void)
{
    gint64 now = mp_time_now();

    return (MpActor){0, PROGRAM, "Metroplex", now, now};
}

/* A name fit for a commit header: one line, without the angle brackets that end it. */
static char *
header_name(const char *name)
{
    char *line = mp_one_line(name);

    g_strdelimit(line, "<>", ' ');
    g_strstrip(line);
    if (*line != '\0')
        return line;
    g_free(line);
    return g_strdup("unknown");
}

GString *
mp_commit_object(const git_oid *root, const git_oid *parent, const char *message,
                 const MpActor *actor, const char *hostname)
{
    GString *text = g_string_new(NULL);
    g_autofree char *name = header_name(actor->name);
    g_autofree char *login = header_name(actor->user != 0 ? actor->login : PROGRAM);
    g_autofree char *identity = g_strdup_printf("%s <%s@users.noreply.%s>", name, login, hostname);

    g_string_append_printf(text, "tree %s\n", git_oid_tostr_s(root));
    if (!git_oid_is_zero(parent))
        g_string_append_printf(text, "parent %s\n", git_oid_tostr_s(parent));
    g_string_append_printf(text, "author %s %" G_GINT64_FORMAT " +0000\n", identity,
                           MAX(actor->date, 0));
    g_string_append_printf(text, "committer %s %" G_GINT64_FORMAT " +0000\n\n%s\n", identity,
                           MAX(actor->received, 0), message);
    return text;
}
