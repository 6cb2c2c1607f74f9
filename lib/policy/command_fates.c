/* Commands by mail: which of those that were given are done; see commands.h. */
#include <string.h>

#include "base/escape.h"
#include "base/names.h"
#include "policy/commands.h"

static const char *const fate_names[MP_N_FATES] = {
    [MP_FATE_DONE] = "done",       [MP_FATE_UNKNOWN] = "unknown", [MP_FATE_OFF] = "off",
    [MP_FATE_AUTHOR] = "author",   [MP_FATE_MEMBERS] = "members", [MP_FATE_NOTHING] = "nothing",
    [MP_FATE_ARGUMENT] = "needed", [MP_FATE_TITLE] = "title",     [MP_FATE_MANY] = "many",
    [MP_FATE_LABEL] = "label",     [MP_FATE_LABELS] = "labels",   [MP_FATE_LOGIN] = "login",
    [MP_FATE_LOGINS] = "logins",   [MP_FATE_ABSENT] = "absent",   [MP_FATE_OPENING] = "opening",
    [MP_FATE_GUESTS] = "guests",
};

MP_DEFINE_NAMES(mp_mail_fate, MpMailFate, fate_names)

/* A thread's labels and assignees, as the commands before made them. */
typedef struct {
    const MpConfig *config;
    MpAccounts *accounts;
    MpMailRight right;
    GPtrArray *labels;      /* char * */
    GArray *assignees;      /* guint64 */
    const GPtrArray *there; /* MpAssignee, before all commands */
} Judge;

GStrv
mp_command_words(const char *argument)
{
    g_auto(GStrv) all = g_strsplit_set(argument, " ,\t", -1);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    for (char **word = all; *word != NULL; word++)
        if (**word != '\0')
            g_strv_builder_add(words, *word);
    return g_strv_builder_end(words);
}

/* --- Labels --------------------------------------------------------------------------------------
 */

static MpMailFate
stop_at(MpGivenCommand *given, const char *word, MpMailFate fate)
{
    given->about = g_strdup(word);
    return fate;
}

/* Takes the words as labels, each once. So many that some must be one too many, or absent, are
 * enough: each is compared with all before it. */
static MpMailFate
read_labels(const Judge *judge, MpGivenCommand *given, char **words)
{
    guint most = MAX(MP_LABELS_MAX, judge->labels->len);

    given->labels = g_ptr_array_new_with_free_func(g_free);
    for (char **word = words; *word != NULL && given->labels->len <= most; word++) {
        g_autofree char *label = g_utf8_normalize(*word, -1, G_NORMALIZE_NFC);

        if (label == NULL || !mp_is_label(label))
            return stop_at(given, *word, MP_FATE_LABEL);
        if (mp_labels_find(given->labels, label) == NULL)
            g_ptr_array_add(given->labels, g_steal_pointer(&label));
    }
    return MP_FATE_DONE;
}

static MpMailFate
fate_of_labels(const Judge *judge, MpGivenCommand *given)
{
    bool adds = given->command->act == MP_MAIL_LABEL;
    guint count = judge->labels->len;

    for (guint i = 0; i < given->labels->len; i++) {
        bool is_there = mp_labels_find(judge->labels, given->labels->pdata[i]) != NULL;

        if (!adds && !is_there)
            return stop_at(given, given->labels->pdata[i], MP_FATE_ABSENT);
        count += !is_there;
    }
    return adds && count > MP_LABELS_MAX ? MP_FATE_LABELS : MP_FATE_DONE;
}

/* What is done, the commands behind it find done. */
static void
take_labels(Judge *judge, const MpGivenCommand *given)
{
    for (guint i = 0; i < given->labels->len; i++) {
        const char *label = given->labels->pdata[i], *there = mp_labels_find(judge->labels, label);

        if (given->command->act == MP_MAIL_UNLABEL)
            g_ptr_array_remove(judge->labels, (gpointer)there);
        else if (there == NULL)
            g_ptr_array_add(judge->labels, g_strdup(label));
    }
}

/* --- Assignees -----------------------------------------------------------------------------------
 */

/* The account, or else the login that stands in the thread. */
static const MpAssignee *
find_there(const GPtrArray *there, const MpUser *user, const char *login)
{
    for (guint i = 0; there != NULL && i < there->len; i++) {
        const MpAssignee *assignee = there->pdata[i];

        if (user != NULL ? assignee->id == user->id : strcmp(assignee->login, login) == 0)
            return assignee;
    }
    return NULL;
}

GPtrArray *
mp_command_assignees(MpAccounts *accounts, const GPtrArray *there, const char *const *words,
                     char **missing, GError **error)
{
    g_autoptr(GPtrArray) assignees = mp_assignees_new();

    *missing = NULL;
    for (; *words != NULL && *missing == NULL; words++) {
        const char *login = *words + (**words == '@');
        g_autoptr(MpUser) user = NULL;

        if (mp_is_login(login) && !mp_accounts_user_by_login(accounts, login, &user, error))
            return NULL;
        bool is_active = user != NULL && mp_user_is_known(user);
        const MpAssignee *known = is_active ? NULL : find_there(there, user, login);
        guint64 id = is_active ? user->id : known != NULL ? known->id : 0;

        if (id == 0)
            *missing = g_strdup(*words);
        else if (!mp_assignees_have(assignees, id))
            mp_assignees_add(assignees, id, is_active ? user->login : known->login);
    }
    return g_steal_pointer(&assignees);
}

static MpMailFate
fate_of_assignees(const Judge *judge, MpGivenCommand *given)
{
    bool adds = given->command->act == MP_MAIL_ASSIGN;
    guint count = judge->assignees->len;

    for (guint i = 0; i < given->assignees->len; i++) {
        const MpAssignee *assignee = given->assignees->pdata[i];
        bool is_there = mp_has_id(judge->assignees, assignee->id);

        if (!adds && !is_there)
            return stop_at(given, assignee->login, MP_FATE_ABSENT);
        count += !is_there;
    }
    return adds && count > MP_ASSIGNEES_MAX ? MP_FATE_LOGINS : MP_FATE_DONE;
}

static void
take_assignees(Judge *judge, const MpGivenCommand *given)
{
    bool adds = given->command->act == MP_MAIL_ASSIGN;

    for (guint i = 0; i < given->assignees->len; i++)
        mp_set_id(judge->assignees, ((const MpAssignee *)given->assignees->pdata[i])->id, adds);
}

/* --- A command -----------------------------------------------------------------------------------
 */

/* False for errors only: what stands behind it is looked at. */
static bool
judge_argument(Judge *judge, MpGivenCommand *given, GError **error)
{
    bool is_label = given->command->act == MP_MAIL_LABEL || given->command->act == MP_MAIL_UNLABEL;
    g_auto(GStrv) words = mp_command_words(given->argument);

    if (given->command->act == MP_MAIL_TITLE) {
        given->fate = mp_is_title(given->argument) ? MP_FATE_DONE : MP_FATE_TITLE;
    } else if (is_label) {
        given->fate = read_labels(judge, given, words);
        if (given->fate == MP_FATE_DONE)
            given->fate = fate_of_labels(judge, given);
        if (given->fate == MP_FATE_DONE)
            take_labels(judge, given);
    } else {
        bool removes = given->command->act == MP_MAIL_UNASSIGN;

        given->assignees = mp_command_assignees(judge->accounts, removes ? judge->there : NULL,
                                                (const char *const *)words, &given->about, error);
        if (given->assignees == NULL)
            return false;
        given->fate = given->about != NULL ? MP_FATE_LOGIN : fate_of_assignees(judge, given);
        if (given->fate == MP_FATE_DONE)
            take_assignees(judge, given);
    }
    return true;
}

/* Without an argument /unlabel and /unassign are about all there are. */
static void
judge_word(Judge *judge, MpGivenCommand *given)
{
    if (given->command->act == MP_MAIL_UNLABEL)
        g_ptr_array_set_size(judge->labels, 0);
    if (given->command->act == MP_MAIL_UNASSIGN)
        g_array_set_size(judge->assignees, 0);
    given->fate = MP_FATE_DONE;
}

static bool
judge_command(Judge *judge, MpGivenCommand *given, GError **error)
{
    const MpMailCommand *command = given->command;

    if (command == NULL)
        given->fate = MP_FATE_UNKNOWN;
    else if (command->right > MP_RIGHT_OF_ALL && !judge->config->commands)
        given->fate = MP_FATE_OFF;
    else if (judge->right == MP_RIGHT_OF_GUESTS && command->right > judge->right)
        given->fate = MP_FATE_GUESTS;
    else if (command->right > judge->right)
        given->fate = command->right == MP_RIGHT_OF_AUTHOR ? MP_FATE_AUTHOR : MP_FATE_MEMBERS;
    else if (command->argument == NULL && given->argument != NULL)
        given->fate = MP_FATE_NOTHING;
    else if (command->argument != NULL && command->argument[0] != '[' && given->argument == NULL)
        given->fate = MP_FATE_ARGUMENT;
    else if (given->argument != NULL)
        return judge_argument(judge, given, error);
    else
        judge_word(judge, given);
    return true;
}

static void
judge_begin(Judge *judge, const MpThread *thread)
{
    judge->labels = g_ptr_array_new_with_free_func(g_free);
    judge->assignees = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; thread->labels != NULL && i < thread->labels->len; i++)
        g_ptr_array_add(judge->labels, g_strdup(thread->labels->pdata[i]));
    for (guint i = 0; thread->assignees != NULL && i < thread->assignees->len; i++)
        g_array_append_val(judge->assignees, ((MpAssignee *)thread->assignees->pdata[i])->id);
}

bool
mp_mail_commands_judge(const GPtrArray *given, const MpConfig *config, MpAccounts *accounts,
                       const MpThread *thread, MpMailRight right, GError **error)
{
    Judge judge = {config, accounts, right, NULL, NULL, thread->assignees};
    bool good = true;

    judge_begin(&judge, thread);
    for (guint i = 0; good && i < given->len; i++) {
        MpGivenCommand *one = g_ptr_array_index(given, i);

        if (i < MP_COMMANDS_MAX)
            good = judge_command(&judge, one, error);
        else
            one->fate = MP_FATE_MANY;
    }
    g_ptr_array_unref(judge.labels);
    g_array_unref(judge.assignees);
    return good;
}

bool
mp_mail_commands_any(const GPtrArray *given, bool is_done)
{
    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if ((one->fate == MP_FATE_DONE) == is_done)
            return true;
    }
    return false;
}

bool
mp_mail_commands_has(const GPtrArray *given, MpMailAct act)
{
    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if (one->fate == MP_FATE_DONE && one->command->act == act)
            return true;
    }
    return false;
}

const MpGivenCommand *
mp_mail_commands_undone(const GPtrArray *given)
{
    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if (one->fate != MP_FATE_DONE)
            return one;
    }
    return NULL;
}

char *
mp_mail_commands_text(const GPtrArray *given)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if (one->fate != MP_FATE_DONE)
            continue;
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", one->command->word);
        if (one->argument != NULL)
            g_string_append_printf(text, " %s", one->argument);
    }
    return text->len > 0 ? g_strdup(text->str) : NULL;
}
