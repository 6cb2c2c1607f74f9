/*
 * What notifications and the test mail say themselves, a row a language, since the language is the
 * recipient's and not the process's: gettext follows the locale, which is C under cron, and
 * switching that is nothing for threads. A new language is a row here, and a column of the reasons
 * (reason.c) and of the responses (response_texts.c); a test walks them.
 */
#include "notify/internal.h"

#include <stdarg.h>

/* clang-format off */
static const MpNoticeTexts texts[MP_N_LANGUAGES] = {
    [MP_LANGUAGE_EN] = {
        .reply_or_view = "Reply to this email directly or [view it on {host}]",
        .view = "[View it on {host}]",
        .colon = ":",
        .reply = "Reply to this email directly.",
        .stop_by_reply = "To stop: reply with just /mute, or unsubscribe in your mail program.",
        .stop = "To stop: unsubscribe in your mail program.",
        .message_id = "Message ID: ",
        .closed = "Closed {thread}.",
        .reopened = "Reopened {thread}.",
        .locked = "Locked {thread}: only members can answer.",
        .unlocked = "Unlocked {thread}.",
        .renamed = "Renamed {thread} from “{was}” to “{title}”.",
        .labeled = "Added to the labels of {thread}: {labels}.",
        .unlabeled = "Removed from the labels of {thread}: {labels}.",
        .assigned = "Assigned {thread} to {assignees}.",
        .unassigned = "{thread} is not assigned to {assignees} any more.",
        .branch_created = "Created branch {ref} at {after}.",
        .branch_updated = "Pushed to {ref}, which is at {after} now.",
        .branch_rewound = "Rewound {ref} from {before} to {after}.",
        .branch_deleted = "Deleted branch {ref}, which was at {before}.",
        .tag_created = "Created tag {ref} at {after}.",
        .tag_moved = "Moved tag {ref} from {before} to {after}.",
        .tag_deleted = "Deleted tag {ref}, which was at {before}.",
        .push_added = "New commits: {count}.",
        .push_removed = "Commits that it does not lead to any more: {count}.",
        .push_lost = "Commits that no branch leads to any more: {count}.",
        .tagged_by = "Tagged by {author}:",
        .push_others = "Other branches and tags that changed: {count}.",
        .files = "Files: {count}. Lines added: {added}, removed: {removed}.",
        .push_uncounted = "Binary, or too much to be compared: {count}.",
        .push_unread = "The files that it changes could not be read.",
        .and_more = "and others",
        .pushed = "Commits added to {thread}: {added}.",
        .taken_back = " Commits taken back: {removed}.",
        .merged = "Merged {thread} into {base}.",
        .head_deleted = "Closed {thread}: its branch {head} was deleted.",
        .closed_by = "Closed {thread} by a commit of {source}:",
        .referenced = "A commit of {source} names {thread}:",
        .branches = "From {head} into {base}.",
        .commits = "Commits: {count}",
        .more = "and more: {count}",
        .more_files = "and more",
        .diff_cut = "The diff is longer; the rest is left out here.",
        .line = ", line {line}",
        .redacted = "This text was removed.\n",
        .attached = "Attached: ",
        .not_sent = "not sent with this mail",
        .left_out = "Characters left out here: {count}",
        .test_opening = "This is a test email generated from {url}",
        .test_subject = "Test email from {host}",
        .test_body = "It was sent by `notifier test` on {host},\n"
                     "the same way and from the same sender as its notifications: whoever can\n"
                     "read this will get those as well.\n",
        .mended_subject = "The mail server accepts mail from {host} again",
        .mended_body = "The server {server} refused the notifications of {host}\n"
                       "from {since} to {until}, and said:\n\n"
                       "    {reply}\n\n"
                       "It accepts them again. Nothing was lost: what was waiting is being sent now,\n"
                       "and that time does not count towards the age of a message.\n"},
    [MP_LANGUAGE_FR] = {
        .reply_or_view = "Répondez directement à ce courriel ou [consultez-le sur {host}]",
        .view = "[Voir la discussion sur {host}]",
        .colon = " :",
        .reply = "Répondez directement à ce courriel.",
        .stop_by_reply = "Pour ne plus rien recevoir : répondez simplement /mute, ou désabonnez-vous dans votre messagerie.",
        .stop = "Pour ne plus rien recevoir : désabonnez-vous dans votre messagerie.",
        .message_id = "Identifiant du message : ",
        .closed = "{thread} a été fermé.",
        .reopened = "{thread} a été rouvert.",
        .locked = "{thread} a été verrouillé : seuls les membres peuvent répondre.",
        .unlocked = "{thread} a été déverrouillé.",
        .renamed = "{thread} a été renommé de « {was} » en « {title} ».",
        .labeled = "Ajouté aux étiquettes de {thread} : {labels}.",
        .unlabeled = "Retiré des étiquettes de {thread} : {labels}.",
        .assigned = "{thread} a été attribué à {assignees}.",
        .unassigned = "{thread} n’est plus attribué à {assignees}.",
        .branch_created = "Création de la branche {ref}, à {after}.",
        .branch_updated = "Nouveautés sur {ref}, qui est maintenant à {after}.",
        .branch_rewound = "{ref} est revenue en arrière, de {before} à {after}.",
        .branch_deleted = "Suppression de la branche {ref}, qui était à {before}.",
        .tag_created = "Création de l’étiquette Git {ref}, à {after}.",
        .tag_moved = "L’étiquette Git {ref} est passée de {before} à {after}.",
        .tag_deleted = "Suppression de l’étiquette Git {ref}, qui était à {before}.",
        .push_added = "Nouveaux commits : {count}.",
        .push_removed = "Commits auxquels elle ne mène plus : {count}.",
        .push_lost = "Commits auxquels aucune branche ne mène plus : {count}.",
        .tagged_by = "Étiquette faite par {author} :",
        .push_others = "Autres branches et étiquettes Git modifiées : {count}.",
        .files = "Fichiers : {count}. Lignes ajoutées : {added}, retirées : {removed}.",
        .push_uncounted = "Binaires, ou trop longs à comparer : {count}.",
        .push_unread = "Les fichiers modifiés n’ont pas pu être lus.",
        .and_more = "et d’autres",
        .pushed = "Commits ajoutés à {thread} : {added}.",
        .taken_back = " Commits retirés : {removed}.",
        .merged = "{thread} a été fusionné dans {base}.",
        .head_deleted = "{thread} a été fermé : sa branche {head} a été supprimée.",
        .closed_by = "{thread} a été fermé par un commit de {source} :",
        .referenced = "Un commit de {source} mentionne {thread} :",
        .branches = "De {head} vers {base}.",
        .commits = "Commits : {count}",
        .more = "et d’autres : {count}",
        .more_files = "et d’autres",
        .diff_cut = "Le diff est plus long ; la suite est omise ici.",
        .line = ", ligne {line}",
        .redacted = "Ce texte a été supprimé.\n",
        .attached = "Pièce jointe : ",
        .not_sent = "non jointe à ce courriel",
        .left_out = "Caractères omis ici : {count}",
        .test_opening = "Ceci est un courriel d’essai émis par {url}",
        .test_subject = "Courriel d’essai de {host}",
        .test_body = "Il a été envoyé par `notifier test` sur {host},\n"
                     "par la même voie et avec le même expéditeur que les notifications : qui peut\n"
                     "le lire les recevra aussi.\n",
        .mended_subject = "Le serveur de messagerie accepte de nouveau le courrier de {host}",
        .mended_body = "Le serveur {server} a refusé les notifications de {host}\n"
                       "du {since} au {until}, et a dit :\n\n"
                       "    {reply}\n\n"
                       "Il les accepte de nouveau. Rien n’a été perdu : ce qui attendait entre-temps est\n"
                       "en cours d’envoi, et cette durée ne compte pas dans l’âge d’un message.\n"},
};
/* clang-format on */

const MpNoticeTexts *
mp_notice_texts(MpLanguage language)
{
    return &texts[language];
}

char *
mp_text_fill(const char *text, ...)
{
    GString *out = g_string_new(text);
    const char *name;
    va_list pairs;

    va_start(pairs, text);
    while ((name = va_arg(pairs, const char *)) != NULL)
        g_string_replace(out, name, va_arg(pairs, const char *), 0);
    va_end(pairs);
    return g_string_free(out, FALSE);
}

MpLanguage
mp_notification_language(const MpConfig *config, const MpUser *user)
{
    MpLanguage language = (MpLanguage)config->language;

    if (user != NULL && user->language != NULL)
        mp_language_parse(user->language, &language);
    return language;
}
