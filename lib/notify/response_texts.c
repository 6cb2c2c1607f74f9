/*
 * The texts of responses, by reason (where a reason has several texts, by the name that its gate
 * gives) and language. One table, since the language is the recipient's and not the process's: a
 * run answers people of several languages. A new reason is a row, a new language a column; a test
 * walks both.
 *
 * {login} {limit} {noreply} {host} {verdicts} {repository} {commands} are replaced. Each text is
 * one paragraph.
 */
#include "notify/internal.h"

#include <string.h>

/* clang-format off */
static const MpResponseText texts[] = {
    {"suspended",
     {{"Your message was not posted: the account is suspended",
       "The account {login} is suspended on {host}. It cannot comment until it is activated again.",
       "If you think that this is a mistake, ask the administrators of {host}."},
      {"Votre message n’a pas été publié : le compte est suspendu",
       "Le compte {login} est suspendu sur {host}. Il ne peut rien publier tant qu’il n’est pas réactivé.",
       "Si vous pensez qu’il s’agit d’une erreur, adressez-vous aux administrateurs de {host}."}}},
    {"sender-mismatch",
     {{"A message was not posted: its sender is not one of your addresses",
       "A message came to a reply address of your account {login}, but from an address that is not verified for it. Nothing was posted.",
       "If you wrote it, send it again from an address of your account, or have that address added to the account. "
       "If you did not, somebody answered all who stand in a copy of your answer, and can answer from a notification of their own; or somebody has one of your notifications: do not forward them: the reply address in them is yours alone."},
      {"Un message n’a pas été publié : son expéditeur n’est pas l’une de vos adresses",
       "Un message est arrivé à une adresse de réponse de votre compte {login}, mais depuis une adresse qui n’est pas vérifiée pour ce compte. Rien n’a été publié.",
       "Si vous l’avez écrit, renvoyez-le depuis une adresse de votre compte, ou faites ajouter cette adresse au compte. "
       "Sinon, quelqu’un a répondu à tous depuis une copie de votre réponse, et peut répondre depuis l’une de ses propres notifications ; ou quelqu’un détient l’une de vos notifications : ne les transférez pas, car l’adresse de réponse qu’elles contiennent n’appartient qu’à vous."}}},
    {"unauthenticated",
     {{"A message was not posted: your mail provider’s authentication failed",
       "A message came to a reply address of your account {login}, and it names your address as its sender; but the server that received it could not confirm that it comes from there (found: {verdicts}). Nothing was posted.",
       "If you wrote it, send it through the mail server that your provider gives you for this address, and not through a forwarder, a mailing list or another provider’s server. If it happens again, show your provider the result above: SPF, DKIM or DMARC of the domain needs fixing. "
       "If you did not write it, somebody pretends to be you: nothing came of it, and you need do nothing."},
      {"Un message n’a pas été publié : l’authentification de votre fournisseur de messagerie a échoué",
       "Un message est arrivé à une adresse de réponse de votre compte {login}, et il donne votre adresse comme expéditeur ; mais le serveur qui l’a reçu n’a pas pu confirmer qu’il en provient (résultat : {verdicts}). Rien n’a été publié.",
       "Si vous l’avez écrit, envoyez-le par le serveur de messagerie que votre fournisseur prévoit pour cette adresse, et non par un service de transfert, une liste de diffusion ou le serveur d’un autre fournisseur. Si cela se reproduit, montrez à votre fournisseur le résultat ci-dessus : le SPF, le DKIM ou le DMARC du domaine est à corriger. "
       "Sinon, quelqu’un se fait passer pour vous : la tentative a échoué, et vous n’avez rien à faire."}}},
    {"unchecked",
     {{"A message was not posted: nothing confirmed that it came from you",
       "A message came to a reply address of your account {login}, and it names your address as its sender; but the server that received it found neither DKIM nor DMARC to confirm that. Nothing was posted.",
       "If you wrote it, send it through the mail server that your provider gives you for this address. If it happens again, ask your provider to sign mail of your domain with DKIM; if they do, tell the administrators of {host}, whose check may be out of order. "
       "If you did not write it, somebody may pretend to be you: nothing came of it, and you need do nothing."},
      {"Un message n’a pas été publié : rien n’a confirmé qu’il venait de vous",
       "Un message est arrivé à une adresse de réponse de votre compte {login}, et il donne votre adresse comme expéditeur ; mais le serveur qui l’a reçu n’a trouvé ni DKIM ni DMARC pour le confirmer. Rien n’a été publié.",
       "Si vous l’avez écrit, envoyez-le par le serveur de messagerie que votre fournisseur prévoit pour cette adresse. Si cela se reproduit, demandez à votre fournisseur de signer avec DKIM le courrier de votre domaine ; s’il le fait, prévenez les administrateurs de {host}, dont la vérification est peut-être en panne. "
       "Sinon, quelqu’un se fait peut-être passer pour vous : la tentative a échoué, et vous n’avez rien à faire."}}},
    {"no-thread",
     {{"Your message was not posted: the discussion is gone",
       "The discussion you replied to no longer exists.",
       "Open a new one on {host} if there is more to say."},
      {"Votre message n’a pas été publié : la discussion n’existe plus",
       "La discussion à laquelle vous avez répondu n’existe plus.",
       "Ouvrez-en une nouvelle sur {host} si nécessaire."}}},
    {"locked",
     {{"Your message was not posted: the discussion is locked",
       "The discussion you replied to is locked: only members of the repository can add to it.",
       "Ask one of them to unlock it if there is more to say."},
      {"Votre message n’a pas été publié : la discussion est verrouillée",
       "La discussion à laquelle vous avez répondu est verrouillée : seuls les membres du dépôt peuvent y contribuer.",
       "Demandez à l’un d’eux de la déverrouiller si nécessaire."}}},
    {"replies-off",
     {{"Your message was not posted: {repository} does not accept replies by mail",
       "The repository {repository} does not accept comments by mail.",
       "If you think it should, ask the administrators of {host}."},
      {"Votre message n’a pas été publié : {repository} n’accepte aucune réponse par courriel",
       "Le dépôt {repository} n’accepte pas de commentaires par courriel.",
       "Si vous pensez qu’il le devrait, adressez-vous aux administrateurs de {host}."}}},
    {"members-only",
     {{"Your message was not posted: {repository} accepts replies from its members only",
       "The repository {repository} accepts comments by mail from its members only, and your account {login} is not one of them.",
       "Ask one of them to pass it on, or to have you made a member."},
      {"Votre message n’a pas été publié : {repository} n’accepte que les réponses de ses membres",
       "Le dépôt {repository} n’accepte de commentaires par courriel que de ses membres, et votre compte {login} n’en fait pas partie.",
       "Demandez à l’un d’eux de le transmettre, ou de vous faire ajouter aux membres."}}},
    {"guest-elsewhere",
     {{"Your message was not posted: you do not take part in this discussion",
       "You are a guest here, and write only in discussions that you began, or that somebody has you told of.",
       "Begin one of your own, or ask the members of {repository} to add you to this one."},
      {"Votre message n’a pas été publié : vous ne participez pas à cette discussion",
       "Vous êtes invité ici : vous n’écrivez que dans les discussions que vous avez ouvertes, ou dont on vous fait part.",
       "Ouvrez-en une, ou demandez aux membres de {repository} de vous ajouter à celle-ci."}}},
    {"closed",
     {{"Your message was not posted: {repository} opens no discussions by mail",
       "Your message would have opened a discussion in {repository}, which opens none by mail.",
       "If it should, ask the administrators of {host}."},
      {"Votre message n’a pas été publié : {repository} n’ouvre aucune discussion par courriel",
       "Votre message aurait ouvert une discussion dans {repository}, qui n’en ouvre aucune par courriel.",
       "S’il le devrait, adressez-vous aux administrateurs de {host}."}}},
    {"open-members",
     {{"Your message was not posted: {repository} opens discussions by mail for its members only",
       "Your message would have opened a discussion in {repository}, which only its members do by mail, and your account {login} is not one of them.",
       "Ask one of them to open it, or to have you made a member."},
      {"Votre message n’a pas été publié : {repository} n’ouvre de discussions par courriel que pour ses membres",
       "Votre message aurait ouvert une discussion dans {repository}, ce que seuls ses membres peuvent faire par courriel, et votre compte {login} n’en fait pas partie.",
       "Demandez à l’un d’eux de l’ouvrir, ou de vous faire ajouter aux membres."}}},
    {"question",
     {{"Did you write to {repository}? Reply to this message to publish yours",
       "{host} received a message to {repository} that names you as its author, and nothing proves yet that you wrote it. So it is held, and nothing of it is published. "
       "If you confirm it, its text, the attached files, its date and your name can be read by everybody, for good; your address cannot.",
       "If you wrote it and want it published: reply to this message, from the same address. Your reply is not published; one that says no confirms nothing. "
       "If you did not, do nothing, and do not reply: after two weeks, the message is refused."},
      {"Avez-vous écrit à {repository} ? Répondez à ce message pour publier le vôtre",
       "{host} a reçu un message pour {repository} qui vous désigne comme auteur, et rien ne prouve encore que vous l’avez écrit. Il est donc retenu, et rien n’en est publié. "
       "Si vous le confirmez, son texte, les fichiers joints, sa date et votre nom seront lisibles par tous, définitivement ; votre adresse ne le sera pas.",
       "Si vous l’avez écrit et voulez qu’il soit publié : répondez à ce message, depuis la même adresse. Votre réponse n’est pas publiée ; si elle dit non, elle ne confirme rien. "
       "Sinon, ne faites rien, et ne répondez pas : après deux semaines, le message sera refusé."}}},
    {"held-list",
     {{"Messages wait on {host} until somebody knows who wrote them",
       "Messages that would open discussions in repositories of which you are a member are held on {host}, since nobody knows yet who wrote them. Nothing of them is published. Whoever has an account, or a signature of their domain, was asked; the others hear nothing.",
       "Those who run {host} accept or reject them (metroplex held); after two weeks they are refused. As long as any wait, this list comes once a day."},
      {"Des messages attendent sur {host} que l’on sache qui les a écrits",
       "Des messages qui ouvriraient des discussions dans des dépôts dont vous êtes membre sont retenus sur {host}, car on ne sait pas encore qui les a écrits. Rien n’en est publié. À qui a un compte, ou une signature de son domaine, la question a été posée ; les autres n’en savent rien.",
       "Les responsables de {host} les acceptent ou les refusent (metroplex held) ; après deux semaines, ils sont refusés. Tant qu’il en reste, cette liste arrive une fois par jour."}}},
    {"commands-refused",
     {{"Nothing was done: your message contains only commands that cannot be done",
       "Your message to {repository} contains nothing but lines that look like commands, and none of them could be done. Nothing was posted.",
       "The commands are {commands}, each on a line of its own above or below the text. If such a line is meant as text, write something before it."},
      {"Rien n’a été fait : votre message ne contient que des commandes impossibles",
       "Votre message à {repository} ne contient que des lignes prises pour des commandes, et aucune n’a pu être exécutée. Rien n’a été publié.",
       "Les commandes sont {commands}, chacune sur sa propre ligne au-dessus ou au-dessous du texte. Si une telle ligne fait partie du texte, écrivez quelque chose devant."}}},
    {"commands",
     {{"What was done of the commands in your message",
       "Your message to {repository} contains nothing but commands, so nothing was posted.",
       "The commands are {commands}, each on a line of its own above or below the text. If such a line is meant as text, write something before it."},
      {"Ce que sont devenues les commandes de votre message",
       "Votre message à {repository} ne contient que des commandes : rien n’a été publié.",
       "Les commandes sont {commands}, chacune sur sa propre ligne au-dessus ou au-dessous du texte. Si une telle ligne fait partie du texte, écrivez quelque chose devant."}}},
    {"commands-posted",
     {{"What was done of the commands in your message",
       "The text of your message to {repository} was posted, without the lines that look like commands.",
       "The commands are {commands}, each on a line of its own above or below the text. If such a line is meant as text, write something before it."},
      {"Ce que sont devenues les commandes de votre message",
       "Le texte de votre message à {repository} a été publié, sans les lignes prises pour des commandes.",
       "Les commandes sont {commands}, chacune sur sa propre ligne au-dessus ou au-dessous du texte. Si une telle ligne fait partie du texte, écrivez quelque chose devant."}}},
    {"commands-opened",
     {{"The commands in your first message were not done",
       "Your message to {repository} opened a discussion. Lines in it that look like commands are part of its text.",
       "In answers in the discussion the commands are {commands}, each on a line of its own above or below the text."},
      {"Les commandes de votre premier message n’ont pas été exécutées",
       "Votre message à {repository} a ouvert une discussion. Les lignes qui ressemblent à des commandes font partie de son texte.",
       "Dans les réponses à la discussion, les commandes sont {commands}, chacune sur sa propre ligne au-dessus ou au-dessous du texte."}}},
    {"help",
     {{"The commands you can send by mail",
       "In a reply to a discussion of {repository}, these are commands when they stand on a line of their own above or below the text.",
       "Nothing was posted."},
      {"Les commandes que vous pouvez envoyer par courriel",
       "Dans une réponse à une discussion de {repository}, ces lignes sont des commandes, si elles sont seules au-dessus ou au-dessous du texte.",
       "Rien n’a été publié."}}},
    {"rate-limited",
     {{"Your message was not posted: too many comments within an hour",
       "More comments came by mail within the last hour than {host} accepts from one account, in one discussion, or in all. You are told once a day, however many messages it concerns.",
       "Send it again later."},
      {"Votre message n’a pas été publié : trop de commentaires en une heure",
       "Il est arrivé par courriel, pendant la dernière heure, plus de commentaires que {host} n’en accepte d’un compte, dans une discussion ou en tout. Ceci n’est signalé qu’une fois par jour, quel que soit le nombre de messages concernés.",
       "Renvoyez-le plus tard."}}},
    {"server-refused",
     {{"Your message was not posted: {host} refuses something in it",
       "The server of {host} has rules for what it stores, and refused your message: because of a word, for instance, or an attached file.",
       "Send it again without what may be the cause. The administrators of {host} know its rules."},
      {"Votre message n’a pas été publié : {host} en refuse le contenu",
       "Le serveur de {host} a des règles sur ce qu’il conserve, et a refusé votre message : à cause d’un mot, par exemple, ou d’un fichier joint.",
       "Renvoyez-le sans ce qui peut en être la cause. Les administrateurs de {host} en connaissent les règles."}}},
    {"encrypted",
     {{"Your message was not posted: it is encrypted",
       "Your message is encrypted, and {host} has no key to read it with.",
       "Send it again without encryption. A signature does no harm."},
      {"Votre message n’a pas été publié : il est chiffré",
       "Votre message est chiffré, et {host} n’a pas de clé pour le lire.",
       "Renvoyez-le sans chiffrement. Une signature ne gêne pas."}}},
    {"empty",
     {{"Your message was not posted: nothing of your own was found in it",
       "Nothing but quoted text and a signature was found in your message.",
       "Write above the quoted text, or between its lines, and send it again."},
      {"Votre message n’a pas été publié : il ne contenait rien de vous",
       "Votre message ne contenait que du texte cité et une signature.",
       "Écrivez au-dessus du texte cité, ou entre ses lignes, et renvoyez-le."}}},
    {"too-long",
     {{"Your message was not posted: it is too long",
       "A comment may have at most {limit} characters, and your message has more.",
       "Shorten it, or attach the long part as a file, and send it again."},
      {"Votre message n’a pas été publié : il est trop long",
       "Un commentaire compte au plus {limit} caractères, et votre message en compte davantage.",
       "Abrégez-le, ou joignez la partie longue sous forme de fichier, et renvoyez-le."}}},
    {"no-reply-address",
     {{"Your message was not read: nobody monitors {noreply}",
       "You wrote to {noreply}. Nobody reads what comes to that address.",
       "To comment, press Reply in a notification: its Reply-To address is the right one."},
      {"Votre message n’a pas été lu : personne ne relève {noreply}",
       "Vous avez écrit à {noreply}. Personne ne lit ce qui arrive à cette adresse.",
       "Pour commenter, répondez à une notification : son adresse de réponse (Reply-To) est la bonne."}}},
    {"unsubscribed",
     {{"You will get no more mail about this discussion",
       "As you asked by mail, the discussion is muted for your account {login}.",
       "To follow it again, reply to one of its mails with /subscribe on a line of its own."},
      {"Vous ne recevrez plus de courriel à propos de cette discussion",
       "Comme demandé par courriel, la discussion a été mise en sourdine pour votre compte {login}.",
       "Pour la suivre à nouveau, répondez à l’un de ses courriels par /subscribe, seul sur sa ligne."}}},
};

static const MpResponsePhrases phrases[] = {
    {"The discussion: ", "Questions: ", "Your message, as it arrived:", "The message, as it arrived:", "What waits:",
     "From: ", "Subject: ", "(The rest is left out here; it is in your own copy.)",
     "This is an automatic reply; you get at most one a day for each discussion and reason.", "nothing that can be read",
     "This is an automatic reply.", "Done:", "Not done:", "and {count} more", "Commands:"},
    {"La discussion : ", "Questions : ", "Votre message, tel qu’il est arrivé :", "Le message, tel qu’il est arrivé :", "Ce qui attend :",
     "De : ", "Objet : ", "(La suite est omise ici ; elle figure dans votre propre copie.)",
     "Ceci est une réponse automatique ; vous en recevez au plus une par jour, par discussion et par motif.", "rien de lisible",
     "Ceci est une réponse automatique.", "Fait :", "Pas fait :", "et {count} de plus", "Commandes :"},
};
/* clang-format on */

const MpResponseText *
mp_response_text_find(const MpResponse *response)
{
    const char *name = response->text != NULL ? response->text : response->reason;

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strcmp(texts[i].name, name) == 0)
            return &texts[i];
    return NULL;
}

const MpResponsePhrases *
mp_response_phrases(MpLanguage language)
{
    return &phrases[language];
}
