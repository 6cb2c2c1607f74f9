/* The configuration file at first; see init_config.h. */
#include "init_config.h"

#include <string.h>

#include "base/config.h"
#include "base/error.h"
#include "base/escape.h"

#define DEFAULT_DATA "/data/user"
#define DEFAULT_LOGS "/var/log/mail-replies"

/* @name@ stands for a value. */
static const char template[] =
    "# Metroplex. Every key is described in metroplex.conf(5); those that start with # are "
    "defaults "
    "or examples.\n"
    "\n"
    "[instance]\n"
    "# Replies go to reply.HOSTNAME, everything else to noreply.HOSTNAME.\n"
    "hostname = @hostname@\n"
    "# Where threads can be read, if anywhere. A template may hold {repository} {kind} {number} "
    "{comment}.\n"
    "#url = https://@hostname@\n"
    "# Mail, tracker, accounts and outbox.\n"
    "data = @data@\n"
    "log-directory = @logs@\n"
    "# debug, info, warn or error.\n"
    "log-level = debug\n"
    "# Of mail to people, where an account has no other: en or fr.\n"
    "#language = en\n"
    "\n"
    "[address]\n"
    "# Secret: one key a line. The first signs, all verify. Without it no reply finds its thread.\n"
    "keys = @keys@\n"
    "# strict: the sender must own the address; token: the address alone decides.\n"
    "identity = strict\n"
    "# The name in the Authentication-Results of your own mail server, if its filters write them.\n"
    "#authserv-id = mx.example.org\n"
    "\n"
    "[smtp]\n"
    "# false stops both directions: mail stays where it is.\n"
    "enabled = true\n"
    "# maildir writes messages into a directory instead of sending them, until a server is known;\n"
    "# then say smtp, and what is below.\n"
    "transport = maildir\n"
    "maildir = @sent@\n"
    "#address = smtp.example.org\n"
    "#port = 587\n"
    "# The name that is said in HELO.\n"
    "#domain = @hostname@\n"
    "# none, plain, login, cram-md5, xoauth2 or oauthbearer; the password is in a file that only "
    "we can read.\n"
    "#authentication = login\n"
    "#username = postmaster\n"
    "#password-file = /etc/metroplex/smtp-password\n"
    "# starttls, implicit or none; never falls back to clear text.\n"
    "#tls = starttls\n"
    "# true: mail that comes unencrypted is to be refused; POSTFIX in metroplex(8) says how.\n"
    "#enforce-tls = false\n"
    "noreply-address = noreply@@hostname@\n"
    "# true: mail to the noreply address is dropped; false: its sender hears that nobody reads "
    "it.\n"
    "#discard-to-noreply-address = false\n"
    "# What people are told to turn to: a URL, or a mail address with support-address-type = "
    "email.\n"
    "#support-address = https://help.example.org\n"
    "#support-address-type = url\n"
    "\n"
    "[inbound]\n"
    "# true: lines such as /close at the top of a reply are obeyed.\n"
    "#commands = true\n"
    "\n"
    "[limits]\n"
    "# Of one account, by mail; and answers to refused mail, in all.\n"
    "#comments-per-hour = 100\n"
    "#answers-per-hour = 100\n"
    "\n"
    "[tracker]\n"
    "# Hides other people's mail addresses in comments, since the tracker is fit to be published.\n"
    "mask-addresses = true\n"
    "# Two Git repositories that several hosts share: see SEVERAL HOSTS in metroplex(8).\n"
    "#remote = git@git.example.org:tracker.git\n"
    "#accounts-remote = git@git.example.org:accounts.git\n"
    "\n"
    "[repositories]\n"
    "# Pushes, merges and commits that close are told of DIRECTORY/OWNER/NAME.git below it.\n"
    "#root = /srv/git\n"
    "# Where a hook leaves word of a push, so that it is told at once: metroplex repository hook.\n"
    "#pushes = /var/spool/metroplex/pushes\n"
    "# Users whose hooks may say who pushed, beside the owner of the repository.\n"
    "#pusher-uids = 998\n";

/* Absolute, and fit for one line of a key file: no blank at the end that would be cut. */
static bool
is_fit(const char *path)
{
    return path[0] == '/' && mp_is_visible_line(path) && !g_str_has_suffix(path, " ");
}

static bool
check(const char *hostname, const char *data, const char *file, GError **error)
{
    g_autofree char *longest = g_strconcat("noreply.", hostname, NULL);

    if (!mp_is_hostname(longest)) {
        g_autofree char *shown = mp_escape_word(hostname);
        return mp_fail(error, MP_ERROR_INPUT, "%s is not a host name", shown);
    }
    for (int i = 0; i < 2; i++) {
        const char *path = i == 0 ? data : file;
        g_autofree char *shown = mp_escape(path);

        if (!is_fit(path))
            return mp_fail(error, MP_ERROR_INPUT, "a configuration file cannot hold the path %s",
                           shown);
    }
    return true;
}

static void
fill(GString *text, const char *name, const char *value)
{
    g_autoptr(GString) escaped = g_string_new(value);

    g_string_replace(escaped, "\\", "\\\\", 0);
    g_string_replace(text, name, escaped->str, 0);
}

char *
mp_init_config(const char *file, const char *hostname, const char *data, GError **error)
{
    g_autofree char *host = g_ascii_strdown(hostname, -1);
    g_autofree char *directory = g_path_get_dirname(file);
    g_autofree char *keys = g_build_filename(directory, "address-keys", NULL);
    const char *where = data != NULL ? data : DEFAULT_DATA;
    g_autofree char *logs = strcmp(where, DEFAULT_DATA) == 0 ? g_strdup(DEFAULT_LOGS)
                                                             : g_build_filename(where, "log", NULL);
    g_autofree char *sent = g_build_filename(where, "sent", NULL);
    g_autoptr(GString) text = g_string_new(template);

    if (!check(hostname, where, file, error))
        return NULL;
    fill(text, "@hostname@", host);
    fill(text, "@data@", where);
    fill(text, "@logs@", logs);
    fill(text, "@keys@", keys);
    fill(text, "@sent@", sent);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
