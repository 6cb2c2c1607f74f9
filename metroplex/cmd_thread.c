/* metroplex thread: its subcommands and options; the work is in thread_change.c and thread_show.c. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "commands.h"
#include "thread_change.h"
#include "thread_show.h"

typedef struct {
    MpThreadRequest request;
    const char *state; /* list */
    bool json;
    guint64 id;
    char **arguments; /* what follows the subcommand */
} Invocation;

static bool
run_open(MpSite *site, Invocation *i, GError **error)
{
    guint64 id;

    i->request.file = i->arguments[0];
    if (!mp_thread_open(site, &i->request, &id, error))
        return false;
    printf("%" G_GUINT64_FORMAT "\n", id);
    return true;
}

static bool
run_comment(MpSite *site, Invocation *i, GError **error)
{
    guint64 number;

    i->request.file = i->arguments[1];
    if (!mp_thread_comment(site, i->id, &i->request, &number, error))
        return false;
    printf("%" G_GUINT64_FORMAT "\n", number);
    return true;
}

static bool
set_state(MpSite *site, Invocation *i, MpThreadChange change, const char *state, GError **error)
{
    bool changed;

    if (!mp_thread_set(site, i->id, change, i->request.as, &changed, error))
        return false;
    if (!changed)
        printf("thread %" G_GUINT64_FORMAT " is %s already\n", i->id, state);
    return true;
}

static bool
run_close(MpSite *site, Invocation *i, GError **error)
{
    return set_state(site, i, MP_CLOSE, "closed", error);
}

static bool
run_reopen(MpSite *site, Invocation *i, GError **error)
{
    return set_state(site, i, MP_REOPEN, "open", error);
}

static bool
run_lock(MpSite *site, Invocation *i, GError **error)
{
    return set_state(site, i, MP_LOCK, "locked", error);
}

static bool
run_unlock(MpSite *site, Invocation *i, GError **error)
{
    return set_state(site, i, MP_UNLOCK, "unlocked", error);
}

static bool
run_subscribe(MpSite *site, Invocation *i, GError **error)
{
    return mp_thread_subscribe(site, i->id, i->arguments[1], "manual", error);
}

static bool
run_unsubscribe(MpSite *site, Invocation *i, GError **error)
{
    return mp_thread_subscribe(site, i->id, i->arguments[1], NULL, error);
}

static bool
run_show(MpSite *site, Invocation *i, GError **error)
{
    return mp_thread_show(site, i->id, i->json, error);
}

static bool
run_list(MpSite *site, Invocation *i, GError **error)
{
    return mp_thread_list(site, i->request.repository, i->state, i->json, error);
}

static const struct {
    const char *name, *usage;
    bool (*run)(MpSite *, Invocation *, GError **);
    int least, most; /* arguments behind the subcommand */
    bool takes_id;   /* the first of them */
} subcommands[] = {
    {"open", "--repository OWNER/NAME --kind issue|pull|commit [--object REV] --title T --as LOGIN [FILE|-]", run_open, 0, 1, false},
    {"comment", "ID --as LOGIN [FILE|-]", run_comment, 1, 2, true},
    {"close", "ID --as LOGIN", run_close, 1, 1, true},
    {"reopen", "ID --as LOGIN", run_reopen, 1, 1, true},
    {"lock", "ID --as LOGIN", run_lock, 1, 1, true},
    {"unlock", "ID --as LOGIN", run_unlock, 1, 1, true},
    {"subscribe", "ID LOGIN", run_subscribe, 2, 2, true},
    {"unsubscribe", "ID LOGIN", run_unsubscribe, 2, 2, true},
    {"show", "ID [--json]", run_show, 1, 1, true},
    {"list", "[--json] [--repository OWNER/NAME] [--state open|closed]", run_list, 0, 0, false},
};

static const char details[] =
    "  open …                    open a thread with the text of FILE; prints its id\n"
    "  comment ID …              comment; prints the comment's number\n"
    "  close|reopen ID …         and tell the subscribers\n"
    "  lock|unlock ID …          only members may comment on a locked thread\n"
    "  subscribe|unsubscribe ID LOGIN\n"
    "  show ID [--json]          the thread and all that was said\n"
    "  list [--json]             all threads";

static int
run(const MpOptions *options, gsize which, Invocation *invocation)
{
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;

    if (subcommands[which].takes_id && !mp_parse_id(invocation->arguments[0], "thread", &invocation->id, &error))
        return mp_report(error);
    if (!mp_site_open(&site, options, &error) || !subcommands[which].run(&site, invocation, &error))
        return mp_report(error);
    return EX_OK;
}

int
cmd_thread(int argc, char **argv)
{
    g_autofree char *repository = NULL, *kind = NULL, *object = NULL, *title = NULL, *as = NULL, *state = NULL;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"repository", 0, 0, G_OPTION_ARG_STRING, &repository, "open, list: which repository", "OWNER/NAME"},
        {"kind", 0, 0, G_OPTION_ARG_STRING, &kind, "open: issue, pull or commit", "KIND"},
        {"object", 0, 0, G_OPTION_ARG_STRING, &object, "open: the commit, or the pull request's branch", "REV"},
        {"title", 0, 0, G_OPTION_ARG_STRING, &title, "open: the title", "T"},
        {"as", 0, 0, G_OPTION_ARG_STRING, &as, "who does it", "LOGIN"},
        {"state", 0, 0, G_OPTION_ARG_STRING, &state, "list: open or closed", "STATE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "show, list: print JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};

    mp_options_parse(&options, entries, "thread", "SUBCOMMAND …", details, 1, 3, &argc, &argv);
    for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++) {
        Invocation invocation = {
            .request = {.repository = repository, .kind = kind, .object = object, .title = title, .as = as},
            .state = state,
            .json = json,
            .arguments = argv + 2,
        };

        if (strcmp(subcommands[i].name, argv[1]) != 0)
            continue;
        if (argc - 2 < subcommands[i].least || argc - 2 > subcommands[i].most)
            return mp_usage_error("usage: metroplex thread %s %s", subcommands[i].name, subcommands[i].usage);
        return run(&options, i, &invocation);
    }
    return mp_usage_error("no such subcommand of thread: try 'metroplex thread --help'");
}
