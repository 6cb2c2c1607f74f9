/* What a response says of commands by mail: a row a command or a fate, a column a language. */
#include "notify/internal.h"

/* clang-format off */
static const char *const acts[][MP_N_LANGUAGES] = {
    [MP_MAIL_CLOSE] = {"closes the discussion", "ferme la discussion"},
    [MP_MAIL_REOPEN] = {"opens it again", "la rouvre"},
    [MP_MAIL_LOCK] = {"lets only members of the repository answer", "ne laisse répondre que les membres du dépôt"},
    [MP_MAIL_UNLOCK] = {"lets everybody answer again", "laisse de nouveau répondre tout le monde"},
    [MP_MAIL_TITLE] = {"gives it another title", "lui donne un autre titre"},
    [MP_MAIL_LABEL] = {"adds labels", "ajoute des étiquettes"},
    [MP_MAIL_UNLABEL] = {"removes labels, or all of them", "retire des étiquettes, ou toutes"},
    [MP_MAIL_ASSIGN] = {"says who is to see to it", "dit qui s’en charge"},
    [MP_MAIL_UNASSIGN] = {"takes that back, for some or for all", "l’annule, pour certains ou pour tous"},
    [MP_MAIL_MUTE] = {"you hear no more of it", "vous n’en recevez plus rien"},
    [MP_MAIL_SUBSCRIBE] = {"you hear of it", "vous en recevez les messages"},
    [MP_MAIL_HELP] = {"this list", "cette liste"},
};

static const char *const fates[MP_N_FATES][MP_N_LANGUAGES] = {
    [MP_FATE_DONE] = {"done", "fait"},
    [MP_FATE_UNKNOWN] = {"there is no such command; {command} is near it", "cette commande n’existe pas ; {command} en est proche"},
    [MP_FATE_OFF] = {"this command is not taken here", "cette commande n’est pas acceptée ici"},
    [MP_FATE_GUESTS] = {"who has no account here gives no command but /mute", "sans compte ici, on ne peut donner que la commande /mute"},
    [MP_FATE_AUTHOR] = {"only the members of {repository} and the author of the discussion may give it", "seuls les membres de {repository} et l’auteur de la discussion peuvent la donner"},
    [MP_FATE_MEMBERS] = {"only the members of {repository} may give it", "seuls les membres de {repository} peuvent la donner"},
    [MP_FATE_NOTHING] = {"nothing may stand behind {command}", "rien ne peut suivre {command}"},
    [MP_FATE_ARGUMENT] = {"something must stand behind {command}, on the same line", "quelque chose doit suivre {command}, sur la même ligne"},
    [MP_FATE_TITLE] = {"this is no title: at most 256 characters, all of them visible", "ce n’est pas un titre : au plus 256 caractères, tous visibles"},
    [MP_FATE_LABEL] = {"{about} is no label: a word of at most 50 letters, digits and - _ . : / + # & = ! ? %", "{about} n’est pas une étiquette : un mot d’au plus 50 lettres, chiffres et - _ . : / + # & = ! ? %"},
    [MP_FATE_LABELS] = {"a discussion has at most 20 labels", "une discussion a au plus 20 étiquettes"},
    [MP_FATE_LOGIN] = {"{about} is nobody’s login here", "{about} n’est l’identifiant de personne ici"},
    [MP_FATE_LOGINS] = {"a discussion is assigned to at most 10 persons", "une discussion est attribuée à 10 personnes au plus"},
    [MP_FATE_ABSENT] = {"the discussion does not have {about}", "la discussion n’a pas {about}"},
    [MP_FATE_OPENING] = {"the first message of a discussion gives no commands; give it in an answer", "le premier message d’une discussion ne donne pas de commandes ; donnez-la dans une réponse"},
    [MP_FATE_MANY] = {"there are more than 10 commands in this message", "il y a plus de 10 commandes dans ce message"},
};
/* clang-format on */

const char *
mp_command_act_text(MpMailAct act, MpLanguage language)
{
    return acts[act][language];
}

const char *
mp_command_fate_text(MpMailFate fate, MpLanguage language)
{
    return fates[fate][language];
}
