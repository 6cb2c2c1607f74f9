/*
 * The table. A flat list, long because the world's clients and languages are many; see rule.h.
 *
 * An attribution's capture group 1 is the word that opens it where the language has one; boundary.c
 * asks besides for a date or an address, so the patterns here need not know calendars.
 */
#include "patterns/rule.h"

/* A line break in a wrapped attribution arrives as one space. */
#define LEAD "[-–—*_•\\[\\s]{0,8}"
#define TAIL "\\s*(?:[-–—*_\\]]{0,6}|\\.{2,4}|…)"
#define END  "(?:\\s*[:：]?|\\s.{1,160}[:：]|\\s?\\(.{1,60}\\)[:：]?)"

/* "On DATE NAME wrote:", "NAME wrote:", "DATE NAME wrote:"; after the verb only `end`. */
#define WROTE_BEFORE(open, verb, end)                                                              \
    LEAD "(?:((?-i:" open "))\\b)?.{1,300}?" MP_RULE_KEY_BEGINS "(?:" verb ")(?:" end ")" TAIL, verb
/* Also "NAME wrote on DATE:" and "On DATE wrote NAME:". */
#define WROTE_NAME(open, verb) WROTE_BEFORE(open, verb, END)
/* The same where words are not set apart by spaces. */
#define WROTE_CJK(open, verb)                                                                      \
    LEAD "(?:((?-i:" open ")))?.{4,300}?(?:" verb ")\\s*[:：﹕]?" TAIL, MP_RULE_SCRIPT
#define NONE             "(?!)"
#define ANY(pattern)     pattern, NULL
#define FOREIGN(pattern) pattern, MP_RULE_SCRIPT
#define LINKED(pattern)  pattern, MP_RULE_LINK

/* The fields of a header block: from, date, to and cc, subject. */
#define FIELD_LEAD "[*_|•\\s]{0,6}"
#define FIELD_END  "[*_\\s]{0,4}[:：].*"
#define FIELDS(from, date, to, subject)                                                            \
    FIELD_LEAD "(?:(" from ")|(" date ")|(" to ")|(" subject "))" FIELD_END, NULL

/* A row of dashes with words in it; some phones put the header block into the same line. */
#define DASHED(words)                                                                              \
    "[-‐–—─_=*\\s]{2,}+(?:" words                                                                  \
    ")\\s*[:：]?[-‐–—─_=*\\s]{2,}+(?:\\p{L}[\\p{L} ]{1,20}[:：].{1,900})?",                        \
        NULL
#define EXCUSE                                                                                     \
    "(?:[\\s,.!;-]+(?:so |and )?(?:please )?(?:excuse|pardon|forgive|apologies for|sorry "         \
    "for)\\b.{0,80})?"
/* What a paragraph of law speaks of: that it is a secret, and whose. */
#define SECRET                                                                                     \
    "\\b(?:confidential|privileged|intended (?:only |solely |exclusively )?for|intended "          \
    "recipient|addressee)\\b"
#define MAIL_OR_READER                                                                             \
    "\\b(?:e-?mail|message|communication|transmission|transmitted|attachments?|recipients?|"       \
    "addressees?|addressed|named|individual|entity)\\b"
/* Releases of clang-format disagree about these. */
/* clang-format off */
/* ", the best mail app for work": it ends in what sends mail, so that no clause is one. */
#define SLOGAN \
    "(?:[,;–—-]++\\s?+(?!(?:not|but|and|so|no)\\b)(?=.{0,90}\\b(?:app|client|device|e-?mail|mail|" \
    "mobile|network|phone|" \
    "smartphone|" \
    "tablet|keyboard)(?:\\s(?:for|by|from|on|of|via)\\b.{0,50})?[.!\\s]*$).{1,100}?)?"
/* The same in the other languages, of which some write it into a sentence of its own. */
#define EXCUSE_OTHER \
    "(?:[,.!]\\s(?=.{0,60}(?:kürze|kurz|tippfehler|brièveté|fautes|brevedad|brevidade|brevità|" \
    "errores|kort|краткост|zwięzłość)).{3,80})?"
/* clang-format on */
/* What sends mail: it has a name, or is called what such things are called. "Sent with the new
 * version it works" has neither. */
#define DEVICE                                                                                     \
    "(?=.*(?:(?-i:(?<![,.!]\\s)(?<=[\\s<\\[*_'’-])\\w{0,20}[\\p{Lu}\\d])|" DEVICE_WORDS "))"
/* Releases of clang-format disagree about these. */
/* clang-format off */
#define DEVICE_WORDS \
    "mobi[el]|m[oó]vil|t[eé]l[eé](?:f|ph)|telem|cel+ul|cell|handy|phone|portable|tablet|" \
    "dispositi|appareil|gsm|toestel|apparaat|puhel|enhe[dt]|zařízení|urządzeni|komór|телефон|" \
    "смартфон|мобильн|мобільн|планшет|устройств|пристро|по[чш]т|apli[ck]ac|applicat|\\bapp\\b|" \
    "mail"
/* clang-format on */
#define SENTENCE "(?!.*\\b(?:is|are|was|were|to|which|that|will|can|then|than|you|we|they)\\b)"

/* clang-format off */
const MpRule mp_rules[] = {
    /* ---- attributions: who wrote what is quoted below, in the order of the alphabet of codes ---- */
    {"attribution-en", MP_RULE_ATTRIBUTION, "English: Gmail, Apple Mail, Thunderbird, mutt, K-9, Proton, Yahoo",
     WROTE_BEFORE("On|At|In", "wrote|writes|has written|wrote the following|sent the following message",
                        "\\s*[:：]?|\\s(?:on|at|in)\\s.{1,160}[:：]|\\sin message\\s\\S{3,120}|\\s?\\(.{1,60}\\)[:：]?"),
     "On Mon, Nov 17, 2025 at 9:12 AM Ada Example <ada@example.org> wrote:",
     "On 17 November 2025 we shipped the release that Ada wrote about."},
    {"attribution-quoting", MP_RULE_ATTRIBUTION, "Horde in several languages, Gmail in Catalan, Apple Mail in Polish",
     ANY(LEAD "(Quoting|Zitat von|Missatge de|Wiadomość napisana przez|Citando(?: a)?|Citaat van|Citazione di|Cytowanie|Citerar|Quoting from)\\s.{0,150}\\S@\\w.{1,100}[:：]" TAIL),
     "Zitat von Ada Example <ada@example.org>:", "Quoting the manual:"},
    {"attribution-quoting-dated", MP_RULE_ATTRIBUTION, "alot, and Request Tracker",
     ANY(LEAD "(?:(Quoting)\\s.{2,150}\\(\\d.{6,40}\\)|(?<=\\[)()\\S{1,200}@\\S{1,200} [-–—] \\p{L}{2,5}\\.? .{4,40}\\]:)"),
     "Quoting Ada Example (2025-11-17 09:12:44)\n> Quoted text.", "Quoting the manual (page 12 and 13)"},
    {"attribution-thus", MP_RULE_ATTRIBUTION, "Usenet's programs, and who likes them",
     ANY(LEAD "(Thus (?:wrote|spake|spoke|quoth))\\s.{2,150}[:：]" TAIL),
     "Thus spake Ada Example (ada@example.org):", "Thus wrote the parser its last line:"},
    {"attribution-said", MP_RULE_ATTRIBUTION, "English, said and not written: Entourage, VM",
     ANY(LEAD "((?-i:On))\\s.{0,12}\\d.{4,200}\\ssaid\\s?[:：]" TAIL),
     "On 11/17/25 9:12 AM, Ada Example said:", "On 17 November 2025 Ada said: it works, and so it does."},
    {"attribution-excerpts", MP_RULE_ATTRIBUTION, "sup, alot, astroid",
     ANY(LEAD "(Excerpts from)\\s.{2,100}(?:['’]s?|\\sof) message\\s.{4,60}[:：]" TAIL),
     "Excerpts from Ada Example's message of Mon Nov 17 09:12:44 +0100 2025:", "Excerpts from the message of the server:"},
    {"attribution-you-wrote", MP_RULE_ATTRIBUTION, "The Bat in languages that put the verb first",
     ANY(LEAD "(Вы (?:писали|написали)|Ви писали|Vous écriviez|Vous avez écrit|Du schriebst|Sie schrieben)\\s.{0,20}\\d.{4,60}[:：]" TAIL),
     "Вы писали 17 ноября 2025 г., 9:12:44:", "Вы писали тесты, и они прошли:"},
    {"attribution-af", MP_RULE_ATTRIBUTION, "Afrikaans", WROTE_NAME("Op", "geskryf|het geskryf|skryf"),
     "Op Ma. 17 Nov. 2025 om 09:12 het Ada Example <ada@example.org> geskryf:", "Op 17 November 2025 het Ada dit geskryf en gestuur."},
    {"attribution-ar", MP_RULE_ATTRIBUTION, "Arabic: Gmail, Apple Mail",
     WROTE_NAME("في|بتاريخ", "كتابة ما يلي|كتب|كتبت|كَتَب"),
     "في الاثنين، 17 نوفمبر 2025 في 9:12 ص تمت كتابة ما يلي بواسطة Ada Example <ada@example.org>:", "في 17 نوفمبر 2025 كتب الجميع عن هذا الموضوع كثيرا"},
    {"attribution-az", MP_RULE_ATTRIBUTION, "Azerbaijani", WROTE_NAME(NONE, "tarixində (?:yazdı|yazıb)"),
     "Ada Example <ada@example.org> 17 noy 2025 09:12 tarixində yazdı:", "Ada 17 noyabrda yazdı ki hər şey işləyir."},
    {"attribution-be", MP_RULE_ATTRIBUTION, "Belarusian",
     WROTE_NAME(NONE, "піша|напісаў(?:\\(-?ла\\))?|напісала"),
     "пн, 17 ліс 2025 у 09:12 Ada Example <ada@example.org> піша:", "Ада 17 лістапада піша тэсты."},
    {"attribution-bg", MP_RULE_ATTRIBUTION, "Bulgarian: Gmail", WROTE_NAME("На", "написа"),
     "На пн, 17.11.2025 г. в 9:12 Ada Example <ada@example.org> написа:", "На 17.11.2025 г. Ада написа тестовете."},
    {"attribution-ca", MP_RULE_ATTRIBUTION, "Catalan: Gmail, Thunderbird",
     WROTE_NAME("El|A", "va escriure|ha escrit|escrigué"),
     "El dl., 17 de nov. 2025 a les 9:12, Ada Example <ada@example.org> va escriure:", "El 17 de novembre de 2025 va escriure la Maria una carta."},
    {"attribution-cs", MP_RULE_ATTRIBUTION, "Czech: Gmail, Seznam, Thunderbird",
     WROTE_NAME("Dne", "napsal(?:\\(a\\)|/a|a)?|píše"),
     "po 17. 11. 2025 v 9:12 odesílatel Ada Example <ada@example.org> napsal:", "Dne 17. 11. 2025 napsal Karel opravu a je hotovo."},
    {"attribution-cy", MP_RULE_ATTRIBUTION, "Welsh", WROTE_NAME("Ar", "ysgrifennodd"),
     "Ar Llun, 17 Tach 2025 am 09:12 ysgrifennodd Ada Example <ada@example.org>:", "Ar 17 Tachwedd 2025 ysgrifennodd pawb hyn."},
    {"attribution-da", MP_RULE_ATTRIBUTION, "Danish, Norwegian, Swedish: Gmail, Apple Mail",
     WROTE_NAME("Den|På|Kl|Vid", "skrev"),
     "Den man. 17. nov. 2025 kl. 09.12 skrev Ada Example <ada@example.org>:", "Den 17. november 2025 skrev vi en ny test."},
    {"attribution-de", MP_RULE_ATTRIBUTION, "German: Gmail, Apple Mail, Thunderbird, Roundcube",
     WROTE_NAME("Am|Um|Den", "schrieb|schreibt|hat geschrieben|geschrieben"),
     "Am Mo., 17. Nov. 2025 um 09:12 Uhr schrieb Ada Example <ada@example.org>:", "Am 17. November 2025 schrieb Ada den Test, der fehlte."},
    {"attribution-el", MP_RULE_ATTRIBUTION, "Greek: Gmail, Thunderbird",
     WROTE_NAME("Στις|Την|Το", "έγραψε"),
     "Στις Δευ, 17 Νοε 2025 στις 9:12 π.μ., ο χρήστης Ada Example <ada@example.org> έγραψε:", "Στις 17 Νοε 2025 έγραψε η Άντα τον κώδικα."},
    {"attribution-es", MP_RULE_ATTRIBUTION, "Spanish: Gmail, Apple Mail, Thunderbird",
     WROTE_NAME("El|En", "escribió|ha escrito|escribe"),
     "El lun, 17 nov 2025 a las 9:12, Ada Example (<ada@example.org>) escribió:", "El 17 de noviembre de 2025 escribió Ada la prueba."},
    {"attribution-et", MP_RULE_ATTRIBUTION, "Estonian: Gmail", WROTE_NAME(NONE, "kirjutas"),
     "Ada Example <ada@example.org> kirjutas kuupäeval E, 17. november 2025 kell 09:12:", "Ada kirjutas 17. novembril testi."},
    {"attribution-eu", MP_RULE_ATTRIBUTION, "Basque",
     WROTE_NAME(NONE, "igorleak hau idatzi du|idatzi du|(?:hau )?idatzi zuen"),
     "Ada Example <ada@example.org> igorleak hau idatzi du (2025 aza. 17, al. (09:12)):", "Adak 2025eko azaroan idatzi du proba."},
    {"attribution-fa", MP_RULE_ATTRIBUTION, "Persian", WROTE_NAME("در|در تاریخ", "نوشت|نوشته است"),
     "در تاریخ دوشنبه 17 نوامبر 2025 ساعت 9:12 Ada Example <ada@example.org> نوشت:", "در 17 نوامبر 2025 آدا نوشت که کار می‌کند"},
    {"attribution-fi", MP_RULE_ATTRIBUTION, "Finnish: Gmail, Apple Mail", WROTE_NAME(NONE, "kirjoitti"),
     "ma 17. marrask. 2025 klo 9.12 Ada Example (ada@example.org) kirjoitti:", "Ada kirjoitti 17.11.2025 uuden testin."},
    {"attribution-fr", MP_RULE_ATTRIBUTION, "French: Gmail, Apple Mail, Thunderbird, Zimbra",
     WROTE_NAME("Le|En date du", "a [ée]crit|écrivait|écrit"),
     "Le lun. 17 nov. 2025 à 09:12, Ada Example <ada@example.org> a écrit :", "Le 17 novembre 2025 Ada a écrit le test."},
    {"attribution-ga", MP_RULE_ATTRIBUTION, "Irish", WROTE_NAME("Ar|Maidir le", "scríobh"),
     "Ar Luan 17 Samh 2025 ag 09:12 scríobh Ada Example <ada@example.org>:", "Ar 17 Samhain 2025 scríobh mé é."},
    {"attribution-gl", MP_RULE_ATTRIBUTION, "Galician: Gmail",
     WROTE_NAME("O|Em|En", "escribiu|escribiu o seguinte"),
     "O luns, 17 nov 2025 ás 9:12, Ada Example (<ada@example.org>) escribiu:", "O 17 de novembro de 2025 Ada escribiu a proba."},
    {"attribution-he", MP_RULE_ATTRIBUTION, "Hebrew: Gmail, Apple Mail",
     WROTE_NAME("בתאריך|ב-?", "כתב(?:/ה|ה)?|מאת"),
     "בתאריך יום ב׳, 17 בנוב׳ 2025 ב-9:12 מאת Ada Example <ada@example.org>:", "בתאריך 17.11.2025 כתב מישהו את הבדיקה"},
    {"attribution-hi", MP_RULE_ATTRIBUTION, "Hindi: Gmail", WROTE_NAME(NONE, "ने लिखा|लिखा"),
     "सोम, 17 नव॰ 2025 को 9:12 am बजे को Ada Example <ada@example.org> ने लिखा:", "अदा ने लिखा कि 17 नवंबर 2025 ठीक है"},
    {"attribution-hr", MP_RULE_ATTRIBUTION, "Croatian, Bosnian, Serbian in Latin script",
     WROTE_NAME("Dana|U", "napisao(?:/la)?(?: je)?|je napisao(?:/la)?|napisala je|piše"),
     "pon, 17. stu 2025. u 09:12 Ada Example <ada@example.org> napisao je:", "Ada je napisala test 17. studenoga 2025."},
    {"attribution-hu", MP_RULE_ATTRIBUTION, "Hungarian: Gmail, Thunderbird",
     WROTE_NAME(NONE, "(?:ezt )?írta"),
     "Ada Example <ada@example.org> ezt írta (időpont: 2025. nov. 17., H, 9:12):", "Ada 2025. november 17-én írta a tesztet."},
    {"attribution-hy", MP_RULE_ATTRIBUTION, "Armenian", WROTE_NAME(NONE, "գրել է|գրեց|գրել ա"),
     "Երկ, 17 նոյ, 2025թ. 09:12-ին Ada Example <ada@example.org> գրել է:", "Ադան գրել է 17 նոյեմբերի 2025 թեստը"},
    {"attribution-in", MP_RULE_ATTRIBUTION, "languages of India and its neighbours: Gmail",
     WROTE_NAME(NONE, "লিখেছেন|লিখলেন|எழுதியது|எழுதினார்|(?:ఇలా )?రాశారు|ने लिहिले|ले लेख्नुभयो|એ લખ્યું|ಬರೆದಿದ್ದಾರೆ|എഴുതി|ਨੇ ਲਿਖਿਆ|نے لکھا|ලියා ඇත"),
     "সোম, ১৭ নভেম্বর, ২০২৫ তারিখে ৯:১২ AM টায় Ada Example <ada@example.org> লিখেছেন:", "আদা ২০২৫ সালে এটি লিখেছেন।"},
    {"attribution-steppe", MP_RULE_ATTRIBUTION, "Mongolian, Kazakh, Kyrgyz, Uzbek: Gmail",
     WROTE_NAME(NONE, "бичсэн(?: нь)?|бичжээ|жазды|жазган|yozdi|деп жазды"),
     "дс, 2025 ж. 17 қар., сағат 09:12 Ada Example <ada@example.org> жазды:", "Ада 2025 жылы тест жазды."},
    {"attribution-fil", MP_RULE_ATTRIBUTION, "Filipino: Gmail", WROTE_NAME("Noong", "isinulat ni|sumulat si"),
     "Noong Lun, Nob 17, 2025 nang 9:12 AM, isinulat ni Ada Example <ada@example.org>:", "Noong 17 Nobyembre 2025 isinulat ni Ada ang pagsubok."},
    {"attribution-id", MP_RULE_ATTRIBUTION, "Indonesian, Malay: Gmail",
     WROTE_NAME("Pada(?: tanggal| hari)?", "menulis|tulis"),
     "Pada Sen, 17 Nov 2025 pukul 09.12 Ada Example <ada@example.org> menulis:", "Pada 17 November 2025 saya menulis tes baru."},
    {"attribution-is", MP_RULE_ATTRIBUTION, "Icelandic: Gmail", WROTE_NAME("Þann|Hinn", "skrifaði|reit"),
     "Þann mán., 17. nóv. 2025 kl. 09:12 skrifaði Ada Example <ada@example.org>:", "Þann 17. nóvember 2025 skrifaði ég próf."},
    {"attribution-it", MP_RULE_ATTRIBUTION, "Italian: Gmail, Apple Mail, Libero",
     WROTE_NAME("Il(?: giorno)?|In data|Alle", "ha scritto|scrisse|scrive"),
     "Il giorno lun 17 nov 2025 alle ore 09:12 Ada Example <ada@example.org> ha scritto:", "Il 17 novembre 2025 Ada ha scritto il test."},
    {"attribution-ja", MP_RULE_ATTRIBUTION, "Japanese: Gmail, Apple Mail, Thunderbird",
     WROTE_CJK(NONE, "(?:さん)?(?:は|が|の)?(?:書きました|のメール|のメッセージ|書き込み|wrote)"),
     "2025年11月17日(月) 9:12 山田 <ada@example.org>さんは書きました：", "2025年11月17日に山田さんは書きましたと聞いています。"},
    {"attribution-ka", MP_RULE_ATTRIBUTION, "Georgian", WROTE_NAME(NONE, "დაწერა|წერს"),
     "ორშ, 17 ნოე 2025, 09:12-ზე Ada Example <ada@example.org> დაწერა:", "ადამ დაწერა ტესტი 17 ნოემბერს 2025 წელს"},
    {"attribution-ko", MP_RULE_ATTRIBUTION, "Korean: Gmail, Apple Mail",
     WROTE_CJK(NONE, "님이 작성(?:한 메시지)?|(?:님이|이\\(가\\)) 쓴 글|작성|썼습니다"),
     "2025년 11월 17일 (월) 오전 9:12, Ada Example <ada@example.org>님이 작성:", "2025년 11월 17일에 작성한 문서를 봐 주세요."},
    {"attribution-lt", MP_RULE_ATTRIBUTION, "Lithuanian: Gmail", WROTE_NAME(NONE, "rašė|parašė"),
     "2025-11-17, pr, 09:12 Ada Example <ada@example.org> rašė:", "Ada 2025-11-17 rašė apie tai laiške."},
    {"attribution-lv", MP_RULE_ATTRIBUTION, "Latvian: Gmail", WROTE_NAME(NONE, "rakstīja|raksta"),
     "Pirmd., 2025. g. 17. nov., plkst. 09:12 lietotājs Ada Example (<ada@example.org>) rakstīja:", "Ada 2025. gadā rakstīja testus."},
    {"attribution-mk", MP_RULE_ATTRIBUTION, "Macedonian", WROTE_NAME("На", "напиша|пишува"),
     "На пон., 17 ное. 2025 во 09:12 Ada Example <ada@example.org> напиша:", "На 17 ноември 2025 Ада напиша тест."},
    {"attribution-nl", MP_RULE_ATTRIBUTION, "Dutch: Gmail, Apple Mail, Thunderbird",
     WROTE_NAME("Op", "schreef|geschreven|schrijft"),
     "Op ma 17 nov 2025 om 09:12 schreef Ada Example <ada@example.org>:", "Op 17 november 2025 schreef Ada de test die ontbrak."},
    {"attribution-no", MP_RULE_ATTRIBUTION, "Norwegian (Nynorsk)", WROTE_NAME("På|Den|Kl", "skreiv"),
     "På mån. 17. nov. 2025 kl. 09:12 skreiv Ada Example <ada@example.org>:", "På måndag 17. november skreiv vi testen."},
    {"attribution-pl", MP_RULE_ATTRIBUTION, "Polish: Gmail, Onet, Thunderbird",
     WROTE_NAME("W dniu|Dnia|W", "napisał(?:\\(a\\)|a)?|pisze|napisali"),
     "pon., 17 lis 2025 o 09:12 Ada Example <ada@example.org> napisał(a):", "W dniu 17 listopada 2025 Ada napisała test."},
    {"attribution-pt", MP_RULE_ATTRIBUTION, "Portuguese: Gmail, Apple Mail",
     WROTE_NAME("Em|No dia|A|Às|Na|No", "escreveu|escreveu o seguinte"),
     "Em seg., 17 de nov. de 2025 às 09:12, Ada Example <ada@example.org> escreveu:", "Em 17 de novembro de 2025 Ada escreveu o teste."},
    {"attribution-ro", MP_RULE_ATTRIBUTION, "Romanian: Gmail",
     WROTE_NAME("În|In|Pe(?: data de)?|La", "a scris|scrie"),
     "În lun., 17 nov. 2025 la 09:12, Ada Example <ada@example.org> a scris:", "În 17 noiembrie 2025 Ada a scris testul."},
    {"attribution-ru", MP_RULE_ATTRIBUTION, "Russian: Gmail, Mail.ru, Thunderbird",
     WROTE_NAME(NONE, "(?:на)?писала?|(?:на)?писал\\(а\\)|пишет"),
     "понедельник, 17 ноября 2025 г. пользователь Ada Example <ada@example.org> написал:", "Ада 17 ноября 2025 г. написала тест."},
    {"attribution-sk", MP_RULE_ATTRIBUTION, "Slovak: Gmail",
     WROTE_NAME("Dňa", "napísal(?:\\(a\\)|/a|a)?|píše"),
     "po 17. 11. 2025 o 9:12 Ada Example <ada@example.org> napísal(a):", "Dňa 17. 11. 2025 napísala Ada test."},
    {"attribution-sl", MP_RULE_ATTRIBUTION, "Slovenian: Gmail",
     WROTE_NAME("V|Dne", "napisala?|je napisala?|piše"),
     "V V pon., 17. nov. 2025 ob 09:12 je oseba Ada Example <ada@example.org> napisala:", "Dne 17. novembra 2025 je napisala test."},
    {"attribution-sq", MP_RULE_ATTRIBUTION, "Albanian", WROTE_NAME("Më|Me", "shkroi|ka shkruar"),
     "Më hën, 17 nën 2025 në 09:12 Ada Example <ada@example.org> shkroi:", "Më 17 nëntor 2025 Ada shkroi testin."},
    {"attribution-sr", MP_RULE_ATTRIBUTION, "Serbian",
     WROTE_NAME("Дана|У", "(?:је )?написао(?:/ла)?|је написала"),
     "пон, 17. нов 2025. у 09:12 Ada Example <ada@example.org> је написао/ла:", "Дана 17. новембра 2025. Ада је написала тест."},
    {"attribution-sv", MP_RULE_ATTRIBUTION, "Swedish: Apple Mail",
     WROTE_NAME("Den|Vid", "följande skrevs av|skrivit|skriver"),
     "17 nov. 2025 kl. 09:12 följande skrevs av Ada Example <ada@example.org>:", "Den 17 november 2025 skrev vi testet."},
    {"attribution-sw", MP_RULE_ATTRIBUTION, "Swahili", WROTE_NAME("Mnamo|Tarehe", "aliandika|ameandika"),
     "Mnamo Jtt, 17 Nov 2025 saa 09:12 Ada Example <ada@example.org> aliandika:", "Mnamo 17 Novemba 2025 Ada aliandika jaribio."},
    {"attribution-th", MP_RULE_ATTRIBUTION, "Thai: Gmail",
     WROTE_CJK("ในวันที่|เมื่อ", "เขียนว่า|เขียน|ได้เขียน"),
     "ในวันที่ จ. 17 พ.ย. 2025 เวลา 09:12 Ada Example <ada@example.org> เขียนว่า:", "ในวันที่ 17 พ.ย. 2025 เราเขียนโปรแกรมใหม่"},
    {"attribution-tr", MP_RULE_ATTRIBUTION, "Turkish: Gmail",
     WROTE_NAME(NONE, "(?:şunu |şunları )?yazdı|yazmış"),
     "Ada Example <ada@example.org>, 17 Kas 2025 Pzt, 09:12 tarihinde şunu yazdı:", "Ada 17 Kasım 2025 günü testi yazdı."},
    {"attribution-uk", MP_RULE_ATTRIBUTION, "Ukrainian: Gmail",
     WROTE_NAME(NONE, "пише|(?:на)?писа(?:в|ла)(?:\\(-?ла\\))?"),
     "пн, 17 лист. 2025 р. о 09:12 Ada Example <ada@example.org> пише:", "Ада 17 листопада 2025 р. пише тест."},
    {"attribution-vi", MP_RULE_ATTRIBUTION, "Vietnamese: Gmail", WROTE_NAME("Vào|Ngày", "đã viết|viết"),
     "Vào Th 2, 17 thg 11, 2025 vào lúc 09:12 Ada Example <ada@example.org> đã viết:", "Vào 17 tháng 11, 2025 Ada đã viết bài kiểm tra."},
    {"attribution-zh", MP_RULE_ATTRIBUTION, "Chinese: Gmail, Apple Mail, 163",
     WROTE_CJK("在|寄件者", "写道|寫道|写到|寫入|的信中说|来信"),
     "Ada Example <ada@example.org> 于2025年11月17日周一 09:12写道：", "在2025年11月17日我写道路的测试，请看一下。"},
    {"attribution-neutral", MP_RULE_ATTRIBUTION, "any language: a date, a name, an address, a colon",
     ANY(LEAD "()(?:\\p{L}[\\p{L}\\p{M}.'’׳]{0,14}[,،]?\\s+){0,3}[(\\[]?\\d.{4,300}[\\s<(\\[\"]\\S{1,200}@\\S{1,200}\\s?[>)\\]\"]{0,3}\\s?[:：]?" TAIL),
     "17.11.2025, 09:12, \"Ada Example\" <ada@example.org>:", "2025-11-17 09:12 mail ada@example.org about it"},

    {"attribution-name", MP_RULE_ATTRIBUTION, "any language: a name and an address right above a quote",
     ANY(LEAD "()[\"“]?(?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{0,30})(?: (?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{0,30})){0,4}[\"”]? <\\S{1,200}@\\S{1,200}>\\s?[:：]" TAIL),
     "Ada Example <ada@example.org>:\n> Quoted text.", "Mail to Ada Example <ada@example.org>:"},
    {"attribution-name-dated", MP_RULE_ATTRIBUTION, "any language: a name and a day right above a quote",
     ANY(LEAD "()[\"“]?(?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{0,30})(?: (?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{0,30})){0,4}[\"”]?(?:,| [(\\[–-])\\s?(?:\\p{L}{2,12}[.,]{0,2} ){0,2}\\d[^@]{3,40}[\\d)MmrhZ]\\s?[:：]" TAIL
         "|()\\d[^@]{8,40}, (?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{1,30})(?: (?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{0,30})){1,3}\\s?[:：]?"
         "|()(?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{1,30})(?: (?-i:\\p{Lu}[\\p{L}\\p{M}.'’-]{0,30})){1,3},? (?:\\p{Ll}{1,3} )?(?:\\p{L}{2,14}[.,]{0,2} ){0,2}\\d[^@]{6,36}\\d{1,2}[:.]\\d{2}\\s?[:：]?"),
     "Ada Example, 17.11.2025 09:12:\n> Quoted text.", "Release Notes, second part, 17 changes:"},
    {"attribution-above-quote", MP_RULE_ATTRIBUTION, "mutt and others, any language: an address and a date right above a quote",
     ANY(LEAD "()\\S.{2,300}[<(\\[\"]\\S{1,200}@\\S{1,200}[>)\\]\"].{0,120}[:：៖፦]" TAIL),
     "* Ada Example <ada@example.org> [2025-11-17 09:12]:\n> Quoted text.", "Mail to Ada Example <ada@example.org>:"},

    /* ---- header blocks ---- */
    {"header-en", MP_RULE_HEADER, "English: Outlook, Apple Mail, Lotus Notes",
     FIELDS("From|Sender|Reply[- ]from", "Sent(?: on| at)?|Date(?: sent)?|Received", "To|Cc|Bcc|Reply-To|Recipients?", "Subject|Re|Importance|Attachments"),
     "From: Ada Example <ada@example.org>\nSent: Monday, November 17, 2025 9:13 AM\nTo: Bob\nSubject: Build",
     "From: which server?\nTo be honest I do not know."},
    {"header-ar", MP_RULE_HEADER, "Arabic",
     FIELDS("من", "التاريخ|تاريخ الإرسال|أرسل|تم الإرسال", "إلى|الى|نسخة", "الموضوع"),
     "من: Ada Example <ada@example.org>\nتاريخ الإرسال: 17/11/2025 9:13\nإلى: Bob\nالموضوع: Build", "من: البيت\nثم ذهبنا"},
    {"header-sr", MP_RULE_HEADER, "Serbian",
     FIELDS("Шаље|Пошиљалац|Пошиљаоц|Од", "Послато|Датум|Време слања", "Прима|Прималац|За|Коме|Копија|Kопија", "Тема|Наслов|Предмет"),
     "Пошиљалац: Ada Example <ada@example.org>\nПослато: понедељак, 17. новембар 2025. 9:13\nПрима: Bob\nНаслов: Build", "Од: јуче\nради"},
    {"header-bg", MP_RULE_HEADER, "Bulgarian, Macedonian, Serbian",
     FIELDS("От|Од|Шаље", "Изпратено|Испратено|Послато|Дата|Датум", "До|За|Коме|Копие", "Относно|Тема|Предмет|Наслов"),
     "От: Ada Example <ada@example.org>\nИзпратено: 17 ноември 2025 г. 9:13\nДо: Bob\nОтносно: Build", "От: вчера\nвсичко работи"},
    {"header-ca", MP_RULE_HEADER, "Catalan",
     FIELDS("De|Remitent", "Enviat(?: el)?|Data d.enviament", "Per a|A|A/c", "Assumpte|Tema"),
     "De: Ada Example <ada@example.org>\nEnviat el: dilluns, 17 de novembre de 2025 9:13\nPer a: Bob\nAssumpte: Build", "De: moment\nno funciona"},
    {"header-cs", MP_RULE_HEADER, "Czech, Slovak: Outlook, Seznam",
     FIELDS("Od|Odosielateľ|Odesílatel", "Odesláno|Odoslané|Dátum|Datum|Poslané", "Komu|Pre|Kopie|Kópia|Kopia", "Předmět|Predmet"),
     "Od: Ada Example <ada@example.org>\nOdesláno: pondělí 17. listopadu 2025 9:13\nKomu: Bob\nPředmět: Build", "Od: včerejška\nto nefunguje"},
    {"header-da", MP_RULE_HEADER, "Danish, Norwegian: Outlook",
     FIELDS("Fra|Afsender|Avsender", "Sendt|Dato", "Til|Kopi|Kopi til", "Emne"),
     "Fra: Ada Example <ada@example.org>\nSendt: 17. november 2025 09:13\nTil: Bob\nEmne: Build", "Fra: i dag\nvirker det"},
    {"header-de", MP_RULE_HEADER, "German: Outlook, GMX, Apple Mail",
     FIELDS("Von|Absender", "Gesendet(?: am)?|Datum|Verschickt", "An|Kopie|Empfänger|Antwort an|Cc", "Betreff|Thema"),
     "Von: Ada Example <ada@example.org>\nGesendet: Montag, 17. November 2025 09:13\nAn: Bob\nBetreff: Build", "Von: hier an\ngeht es nicht weiter"},
    {"header-el", MP_RULE_HEADER, "Greek",
     FIELDS("Από|Αποστολέας", "Στάλθηκε|Ημερομηνία|Απεστάλη", "Προς|Κοιν\\.?|Κοινοποίηση", "Θέμα"),
     "Από: Ada Example <ada@example.org>\nΣτάλθηκε: Δευτέρα, 17 Νοεμβρίου 2025 9:13\nΠρος: Bob\nΘέμα: Build", "Από: χθες\nδουλεύει"},
    {"header-es", MP_RULE_HEADER, "Spanish, Galician: Outlook, Yahoo",
     FIELDS("De|Remitente", "Enviado(?: el| o)?|Fecha(?: de env[ií]o)?", "Para|A|CC|Responder a", "Asunto"),
     "De: Ada Example <ada@example.org>\nEnviado el: lunes, 17 de noviembre de 2025 9:13\nPara: Bob\nAsunto: Build", "De: momento\nno funciona"},
    {"header-et", MP_RULE_HEADER, "Estonian",
     FIELDS("Saatja|Kellelt", "Saadetud|Kuupäev|Saatmisaeg", "Adressaat|Saaja|Kellele|Koopia", "Teema"),
     "Saatja: Ada Example <ada@example.org>\nSaadetud: esmaspäev, 17. november 2025 9:13\nAdressaat: Bob\nTeema: Build", "Saatja: tundmatu\nväljas sajab"},
    {"header-fa", MP_RULE_HEADER, "Persian, Urdu",
     FIELDS("از|فرستنده|منجانب", "ارسال ?شده|تاریخ|بھیجا گیا", "به|گیرنده|رونوشت|بنام", "موضوع|عنوان"),
     "از: Ada Example <ada@example.org>\nارسال شده: دوشنبه 17 نوامبر 2025 09:13\nبه: Bob\nموضوع: Build", "از: دیروز\nکار می‌کند"},
    {"header-fi", MP_RULE_HEADER, "Finnish: Outlook",
     FIELDS("Lähettäjä|Keneltä", "Lähetetty|Päivämäärä|Päiväys|Lähetysaika", "Vastaanottaja|Kenelle|Kopio", "Aihe"),
     "Lähettäjä: Ada Example <ada@example.org>\nLähetetty: maanantai 17. marraskuuta 2025 9.13\nVastaanottaja: Bob\nAihe: Build", "Lähettäjä: tuntematon\nkukaan ei tiedä"},
    {"header-fr", MP_RULE_HEADER, "French: Outlook, Yahoo, Thunderbird, Windows Mail",
     FIELDS("De|Exp[ée]diteur|De la part de", "Envoyé(?: le| par)?|Date(?: d.envoi)?", "À|A|Pour|Cc|Copie(?: à)?|Répondre à|Destinataires?", "Objet|Sujet"),
     "De : Ada Example <ada@example.org>\nEnvoyé : lundi 17 novembre 2025 09:13\nÀ : Bob\nObjet : Build", "De : là-bas\non voit la mer"},
    {"header-he", MP_RULE_HEADER, "Hebrew",
     FIELDS("מאת|מ-?", "נשלח|תאריך|בתאריך", "אל|ל-?|עותק|העתק", "נושא|הנדון"),
     "מאת: Ada Example <ada@example.org>\nנשלח: יום שני 17 נובמבר 2025 09:13\nאל: Bob\nנושא: Build", "מאת: אף אחד\nלא יודע"},
    {"header-hr", MP_RULE_HEADER, "Croatian, Serbian, Slovenian",
     FIELDS("Šalje|Pošiljatelj|Pošiljalac|Pošiljatelj|Od|Šalje", "Poslano|Poslato|Datum", "Prima|Za|Kome|Komu|Kp|Primatelj", "Predmet|Naslov|Zadeva|Tema"),
     "Šalje: Ada Example <ada@example.org>\nPoslano: 17. studenog 2025. 9:13\nPrima: Bob\nPredmet: Build", "Šalje: netko\nne znam tko"},
    {"header-hu", MP_RULE_HEADER, "Hungarian: Outlook",
     FIELDS("Feladó|Küldő", "Elküldve|Küldve|Dátum|Küldés dátuma|Küldés ideje", "Címzett|Másolat|Másolatot kap", "Tárgy"),
     "Feladó: Ada Example <ada@example.org>\nElküldve: 2025. november 17., hétfő 9:13\nCímzett: Bob\nTárgy: Build", "Feladó: ismeretlen\nnem tudom"},
    {"header-id", MP_RULE_HEADER, "Indonesian, Malay",
     FIELDS("Dari|Daripada", "Dikirim|Dihantar|Tanggal|Tarikh", "Kepada|Ke|Tembusan|Salinan", "Perihal|Subjek|Subyek"),
     "Dari: Ada Example <ada@example.org>\nDikirim: Senin, 17 November 2025 9:13\nKepada: Bob\nPerihal: Build", "Dari: rumah\nsaya coba"},
    {"header-it", MP_RULE_HEADER, "Italian: Outlook, Libero",
     FIELDS("Da|Mittente", "Inviato(?: il)?|Data(?: invio)?", "A|Cc|Ccn|Destinatario|Per|Rispondi a", "Oggetto"),
     "Da: Ada Example <ada@example.org>\nInviato: lunedì 17 novembre 2025 09:13\nA: Bob\nOggetto: Build", "Da: qui\nnon si vede"},
    {"header-ja", MP_RULE_HEADER, "Japanese: Outlook",
     FIELDS("差出人|送信者|From", "送信日時|日時|日付|送信日", "宛先|Cc|CC|返信先", "件名"),
     "差出人: Ada Example <ada@example.org>\n送信日時: 2025年11月17日 9:13\n宛先: Bob\n件名: Build", "差出人: 不明\nわかりません"},
    {"header-ko", MP_RULE_HEADER, "Korean: Outlook, Naver",
     FIELDS("보낸 ?사람|발신인?", "보낸 ?날짜|날짜|전송", "받는 ?사람|수신인?|참조", "제목"),
     "보낸 사람: Ada Example <ada@example.org>\n보낸 날짜: 2025년 11월 17일 월요일 오전 9:13\n받는 사람: Bob\n제목: Build", "보낸 사람: 모름\n모르겠습니다"},
    {"header-lt", MP_RULE_HEADER, "Lithuanian",
     FIELDS("Nuo|Siuntėjas", "Išsiųsta|Data", "Kam|Kopija|Gavėjas", "Tema"),
     "Nuo: Ada Example <ada@example.org>\nIšsiųsta: 2025 m. lapkričio 17 d. 9:13\nKam: Bob\nTema: Build", "Nuo: vakar\nneveikia"},
    {"header-lv", MP_RULE_HEADER, "Latvian",
     FIELDS("No|Sūtītājs", "Nosūtīts|Nosūtīta|Datums", "Kam|Adresāts|Kopija", "Tēma|Temats"),
     "No: Ada Example <ada@example.org>\nNosūtīts: pirmdiena, 2025. gada 17. novembris 9:13\nKam: Bob\nTēma: Build", "No: rīta\nnestrādā"},
    {"header-nl", MP_RULE_HEADER, "Dutch: Outlook, Apple Mail",
     FIELDS("Van|Afzender", "Verzonden(?: op)?|Datum|Verstuurd", "Aan|CC|Kopie|Antwoord aan", "Onderwerp|Betreft"),
     "Van: Ada Example <ada@example.org>\nVerzonden: maandag 17 november 2025 09:13\nAan: Bob\nOnderwerp: Build", "Van: huis uit\nwerkt het niet"},
    {"header-pl", MP_RULE_HEADER, "Polish: Outlook, Onet, WP",
     FIELDS("Od|Nadawca|OD", "Wysłano|Wysłane|Data|Data wysłania", "Do|DW|UDW|Adresat|Odpowiedz do|Kopia", "Temat"),
     "Od: Ada Example <ada@example.org>\nWysłano: poniedziałek, 17 listopada 2025 09:13\nDo: Bob\nTemat: Build", "Od: wczoraj\nnie działa"},
    {"header-pt", MP_RULE_HEADER, "Portuguese: Outlook",
     FIELDS("De|Remetente", "Enviad[oa](?: em)?|Data(?: de envio)?", "Para|A|Cc|Responder a", "Assunto"),
     "De: Ada Example <ada@example.org>\nEnviada em: segunda-feira, 17 de novembro de 2025 09:13\nPara: Bob\nAssunto: Build", "De: manhã\nfunciona"},
    {"header-ro", MP_RULE_HEADER, "Romanian",
     FIELDS("De la|Expeditor|De", "Trimis(?: la)?|Data|Trimise", "Către|Catre|La|Pentru", "Subiect"),
     "De la: Ada Example <ada@example.org>\nTrimis: luni, 17 noiembrie 2025 09:13\nCătre: Bob\nSubiect: Build", "De la: început\nnu merge"},
    {"header-ru", MP_RULE_HEADER, "Russian: Outlook, Windows Mail",
     FIELDS("От|От кого|Отправитель", "Отправлено|Дата|Дата отправки|Послано", "Кому|Копия|Получатель", "Тема"),
     "От кого: Ada Example <ada@example.org>\nОтправлено: 17 ноября 2025 г. 9:13\nКому: Bob\nТема: Build", "От кого: неизвестно\nне знаю"},
    {"header-sq", MP_RULE_HEADER, "Albanian",
     FIELDS("Nga|Prej", "Dërguar|Data", "Për|Tek", "Subjekti|Tema|Lënda"),
     "Nga: Ada Example <ada@example.org>\nDërguar: 17 nëntor 2025 9:13\nPër: Bob\nSubjekti: Build", "Nga: shtëpia\nnuk punon"},
    {"header-sv", MP_RULE_HEADER, "Swedish: Outlook",
     FIELDS("Från|Avsändare", "Skickat|Datum|Skickades", "Till|Kopia|Mottagare", "Ämne"),
     "Från: Ada Example <ada@example.org>\nSkickat: den 17 november 2025 09:13\nTill: Bob\nÄmne: Build", "Från: och med nu\nfungerar det"},
    {"header-th", MP_RULE_HEADER, "Thai",
     FIELDS("จาก|ผู้ส่ง", "ส่งเมื่อ|ส่ง|วันที่", "ถึง|สำเนา(?:ถึง)?", "เรื่อง|หัวเรื่อง"),
     "จาก: Ada Example <ada@example.org>\nส่งเมื่อ: 17 พฤศจิกายน 2025 9:13\nถึง: Bob\nเรื่อง: Build", "จาก: บ้าน\nไม่ทราบ"},
    {"header-tr", MP_RULE_HEADER, "Turkish",
     FIELDS("Kimden|Gönderen", "Gönderilme|Gönderme Tarihi|Gönderildi|Tarih", "Kime|Alıcı|Bilgi|Alıcılar", "Konu"),
     "Kimden: Ada Example <ada@example.org>\nGönderilme: 17 Kasım 2025 Pazartesi 09:13\nKime: Bob\nKonu: Build", "Kimden: bilinmiyor\nbilmiyorum"},
    {"header-uk", MP_RULE_HEADER, "Ukrainian",
     FIELDS("Від|Від кого|Відправник", "Надіслано|Дата|Відправлено", "Кому|Копія|Одержувач", "Тема"),
     "Від: Ada Example <ada@example.org>\nНадіслано: 17 листопада 2025 р. 9:13\nКому: Bob\nТема: Build", "Від: учора\nпрацює"},
    {"header-vi", MP_RULE_HEADER, "Vietnamese",
     FIELDS("Từ|Người gửi", "Đã gửi|Ngày|Ngày gửi|Gửi lúc", "Đến|Tới|Người nhận|Gửi", "Chủ đề|Tiêu đề"),
     "Từ: Ada Example <ada@example.org>\nĐã gửi: 17 tháng 11, 2025 9:13\nĐến: Bob\nChủ đề: Build", "Từ: hôm qua\nvẫn chạy"},
    {"header-zh", MP_RULE_HEADER, "Chinese: Outlook, QQ, 163",
     FIELDS("发件人|寄件者|寄件人|發件人|发送人", "发送时间|發送時間|日期|寄件日期|发送日期|時間|时间|已发送", "收件人|收件者|抄送|副本|主送", "主题|主旨|主題"),
     "发件人: Ada Example <ada@example.org>\n发送时间: 2025年11月17日 9:13\n收件人: Bob\n主题: Build", "发件人: 不知道\n请看一下"},
    {"header-orange", MP_RULE_HEADER, "Orange and La Poste, whose block begins with the date",
     ANY(FIELD_LEAD "(?:((?!))|(Message (?:du|envoyé(?: le)?)\\s?[:：]?\\s?\\d{1,2}[/.].{4,40}))"),
     "Message du : 17/11/2025 09:13\nDe : \"Ada Example\" <ada@example.org>\nA : \"Bob\"\nObjet : Build", "Message du matin : bonjour\nà tous"},
    {"header-eu", MP_RULE_HEADER, "Basque",
     FIELDS("Nork|Igorlea|Bidaltzailea|Nondik", "Bidalia|Bidaltze-data|Data|Noiz", "Nori|Hartzailea|Norentzat|Kopia", "Gaia"),
     "Nork: Ada Example <ada@example.org>\nBidalia: 2025(e)ko azaroaren 17(a), astelehena 9:13\nNori: Bob\nGaia: Build", "Nork: inork ez\nez dakit"},
    {"header-hi", MP_RULE_HEADER, "Hindi",
     FIELDS("प्रेषक|द्वारा|से", "भेजा गया|भेजने की तारीख|दिनांक|तारीख|प्रेषित", "प्रति|को|प्राप्तकर्ता|सेवा में|प्रतिलिपि", "विषय"),
     "प्रेषक: Ada Example <ada@example.org>\nभेजा गया: सोमवार, 17 नवंबर 2025 9:13\nप्रति: Bob\nविषय: Build", "से: कल\nकाम करता है"},
    {"header-kk", MP_RULE_HEADER, "Kazakh",
     FIELDS("Кімнен|Жіберуші|Жөнелтуші", "Жіберілді|Жіберілген(?: күні| уақыты)?|Жөнелтілді|Күні", "Кімге|Алушы|Көшірме(?:сі)?", "Тақырып|Тақырыбы"),
     "Кімнен: Ada Example <ada@example.org>\nЖіберілді: 17 қараша 2025 ж. 9:13\nКімге: Bob\nТақырып: Build", "Кімнен: белгісіз\nбілмеймін"},
    {"header-is", MP_RULE_HEADER, "Icelandic",
     FIELDS("Frá|Sendandi", "Sent|Dagsetning|Dags\\.?", "Til|Viðtakandi|Viðtakendur|Afrit", "Efni"),
     "Frá: Ada Example <ada@example.org>\nDagsetning: mánudagur, 17. nóvember 2025 09:13\nTil: Bob\nEfni: Build", "Frá: því í gær\nvirkar það"},

    /* ---- separators ---- */
    {"separator-en", MP_RULE_SEPARATOR, "Outlook, AOL, Zimbra, Samsung, Proton",
     DASHED("Original (?:Message|Mail|E-?mail|Appointment|Text)|Reply Message|Previous Message"),
     "-----Original Message-----", "--- the original message was shorter ---"},
    {"separator-de", MP_RULE_SEPARATOR, "German",
     DASHED("(?:Ursprüngliche|Urspr\\.|Weitergeleitete|Originale) (?:Nachricht|E-?Mail)|Original-?Nachricht|Original-?Mail|Antwort Nachricht|Originalnachricht|Ursprünglicher Termin"),
     "-----Ursprüngliche Nachricht-----", "Die ursprüngliche Nachricht war kürzer."},
    {"separator-fr", MP_RULE_SEPARATOR, "French",
     DASHED("Message (?:d.origine|original|initial|de réponse)|Courriel original|E-?mail d.origine|Mail original|Rendez-vous d.origine"),
     "-----Message d'origine-----", "Le message d'origine est plus bas."},
    {"separator-es", MP_RULE_SEPARATOR, "Spanish, Portuguese, Catalan, Galician",
     DASHED("Mensa(?:je|gem|xe|tge) (?:original|de resposta)|Missatge original|Correo original"),
     "-----Mensaje original-----", "El mensaje original era corto."},
    {"separator-it", MP_RULE_SEPARATOR, "Italian",
     DASHED("Messaggio (?:originale|di risposta)|E-?mail originale"),
     "-----Messaggio originale-----", "Il messaggio originale era corto."},
    {"separator-nl", MP_RULE_SEPARATOR, "Dutch, Afrikaans",
     DASHED("Oorspronkelijke? (?:bericht|boodskap|e-?mail)|Origineel bericht|Antwoordbericht"),
     "-----Oorspronkelijk bericht-----", "Het oorspronkelijke bericht was kort."},
    {"separator-da", MP_RULE_SEPARATOR, "Danish, Norwegian",
     DASHED("(?:Op(?:rindelig|prinnelig)|Original) (?:meddelelse|besked|melding|e-?post|mail)|Originalmeddelelse|Svarmeddelelse"),
     "-------- Oprindelig besked --------", "Den oprindelige besked var kort."},
    {"separator-sv", MP_RULE_SEPARATOR, "Swedish",
     DASHED("Ursprungligt meddelande|Originalmeddelande|Svarsmeddelande|Ursprungligt mail|Vidarebefordrat meddelande"),
     "-----Ursprungligt meddelande-----", "Ett ursprungligt meddelande fanns."},
    {"separator-fi", MP_RULE_SEPARATOR, "Finnish, Estonian, Latvian, Lithuanian",
     DASHED("Alkuperäinen viesti|Algne (?:sõnum|kiri)|Vastausviesti|Sākotnēj(?:ā ziņa|ais ziņojums)|Oriģinālā ziņa|Originalus (?:laiškas|pranešimas)|Pirminis (?:laiškas|pranešimas)"),
     "-----Alkuperäinen viesti-----", "Alkuperäinen viesti oli lyhyt."},
    {"separator-pl", MP_RULE_SEPARATOR, "Polish",
     DASHED("Oryginalna wiadomość|Wiadomość (?:oryginalna|pierwotna)|Treść oryginalnej wiadomości"),
     "-----Wiadomość oryginalna-----", "Wiadomość oryginalna jest niżej."},
    {"separator-cs", MP_RULE_SEPARATOR, "Czech, Slovak, Slovenian, Croatian",
     DASHED("Původní (?:e-?mail|zpráva)|Pôvodn[áý] (?:správa|e-?mail)|Izvirno sporočilo|Prvotno sporočilo|Izvorna poruka|Originalna poruka"),
     "---------- Původní e-mail ----------", "Původní zpráva byla kratší."},
    {"separator-ru", MP_RULE_SEPARATOR, "Russian, Ukrainian, Bulgarian",
     DASHED("(?:Исходное|Оригинальное) сообщение|(?:Вихідне|Оригінальне|Початкове) повідомлення|Оригинално съобщение"),
     "-----Исходное сообщение-----", "Исходное сообщение было коротким."},
    {"separator-tr", MP_RULE_SEPARATOR, "Turkish, Hungarian, Romanian, Greek",
     DASHED("(?:Özgün|Orijinal) (?:İleti|Mesaj)|Eredeti üzenet|Mesaj original|Αρχικό μήνυμα"),
     "-----Eredeti üzenet-----", "Az eredeti üzenet rövid volt."},
    {"separator-asia", MP_RULE_SEPARATOR, "Chinese, Japanese, Korean, Thai, Vietnamese, Indonesian",
     DASHED("原始邮件|原始郵件|原件|邮件原件|原邮件|元のメッセージ|オリジナル ?メッセージ|원본 ?(?:메시지|메일)|ข้อความต้นฉบับ|Tin nhắn gốc|Thư gốc|Pesan [Aa]sli"),
     "------------------ 原始邮件 ------------------", "原始邮件在下面。"},
    {"separator-rtl", MP_RULE_SEPARATOR, "Arabic, Hebrew, Persian",
     DASHED("الرسالة الأصلية|رسالة أصلية|הודעה מקורית|ההודעה המקורית|پیام اصلی"),
     "-----הודעה מקורית-----", "ההודעה המקורית היתה קצרה"},

    {"separator-notes", MP_RULE_SEPARATOR, "Lotus Notes",
     ANY("Inactive hide details for .{2,100}---.*\\d.{0,800}|[-–—]{3,}+\\s?Forwarded by .{2,80}\\son\\s.{0,10}\\d.{4,40}[-–—]{2,}"),
     "----- Forwarded by Ada Example/ACME on 11/17/2025 09:13 AM -----", "Inactive hide details for now."},
    {"separator-wrote", MP_RULE_SEPARATOR, "Android's mail program and Zoho: ---- NAME wrote ----",
     ANY("[-‐–—─_=*]{2,}+\\s?.{2,120}\\s(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napisał|написал\\(?а?\\)?)\\s?[:：]?\\s?[-‐–—─_=*]{2,}"),
     "---- Ada Example wrote ----", "-- the one that Ada wrote -"},

    {"separator-groupwise", MP_RULE_SEPARATOR, "GroupWise, any language: >>> NAME DATE >>>",
     ANY(">{3}\\s?(?=.*\\d).{3,300}>{3}"),
     ">>> Ada Example <ada@example.org> 11/17/2025 9:12 AM >>>", ">>> def >>> is what it prints"},

    /* ---- forwarded messages ---- */
    {"forward-en", MP_RULE_FORWARD, "Gmail, Apple Mail, Thunderbird",
     ANY("[-‐–—─_=*\\s]{0,30}+(?:Begin )?forwarded (?:message|e-?mail)(?: from .{1,80})?\\s*[:：]?[-‐–—─_=*\\s]{0,30}"),
     "---------- Forwarded message ----------", "Forwarded messages are a pain."},
    {"forward-de", MP_RULE_FORWARD, "German",
     ANY("(?:[-‐–—─_=*\\s]{2,}+(?:Weitergeleitete Nachricht|Weitergeleitet)[-‐–—─_=*\\s:]{2,}|Anfang der weitergeleiteten (?:Nachricht|E-?Mail):)"),
     "Anfang der weitergeleiteten Nachricht:", "Weitergeleitet habe ich es gestern."},
    {"forward-fr", MP_RULE_FORWARD, "French",
     ANY("(?:[-‐–—─_=*\\s]{2,}Message (?:transféré|transmis)[-‐–—─_=*\\s:]{2,}|Début du (?:message|courriel) (?:réexpédié|transféré) ?:)"),
     "-------- Message transféré --------", "Message transféré hier."},
    {"forward-romance", MP_RULE_FORWARD, "Spanish, Portuguese, Italian, Catalan",
     ANY("(?:[-‐–—─_=*\\s]{2,}+(?:Mensaje reenviado|Mensagem encaminhada|Mensagem reencaminhada|Messaggio inoltrato|Missatge reenviat|Mesaj redirecționat)[-‐–—─_=*\\s:]{2,}|(?:Inicio del mensaje reenviado|Início da mensagem (?:re)?encaminhada|Inizio messaggio inoltrato):)"),
     "---------- Mensaje reenviado ----------", "El mensaje reenviado no llegó."},
    {"forward-nordic", MP_RULE_FORWARD, "Dutch, Danish, Norwegian, Swedish, Finnish",
     ANY("(?:[-‐–—─_=*\\s]{2,}+(?:Doorgestuurd bericht|Videresendt (?:meddelelse|besked|melding)|Vidarebefordrat (?:meddelande|brev)|Välitetty viesti|Edelleenlähetetty viesti)[-‐–—─_=*\\s:]{2,}|(?:Begin doorgestuurd bericht|Start på videresendt (?:besked|melding)|Vidarebefordrat brev|Välitetty viesti alkaa):)"),
     "Begin doorgestuurd bericht:", "Het doorgestuurde bericht is weg."},
    {"forward-slavic", MP_RULE_FORWARD, "Russian, Ukrainian, Polish, Czech, Slovak",
     ANY("[-‐–—─_=*\\s]{2,}+(?:Пересылаемое сообщение|Пересланное сообщение|Пересланное письмо|Начало переадресованного сообщения|Переслане повідомлення|Forwarded message|Wiadomość przekazana dalej|Przekazana wiadomość|Přeposlaná zpráva|Preposlaná správa)[-‐–—─_=*\\s:]{2,}"),
     "-------- Пересылаемое сообщение --------", "Пересланное сообщение пропало."},

    {"forward-other", MP_RULE_FORWARD, "Hungarian, Turkish, Greek, Bulgarian, Croatian, Slovenian, Romanian, Vietnamese, Indonesian, Hebrew, Arabic, Persian",
     ANY("[-‐–—─_=*\\s]{2,}+(?:Továbbított (?:üzenet|levél)|Yönlendirilen (?:İleti|Mesaj)|(?:Yönlendirilmiş|İletilmiş) (?:İleti|Mesaj)|Προωθημένο μήνυμα|Προωθούμενο μήνυμα|Препратено съобщение|Препратен имейл|Proslijeđena poruka|Prosleđena poruka|Прослеђена порука|Posredovano sporočilo|Mesaj (?:redirecționat|transmis mai departe)|Tin nhắn được chuyển tiếp|Thư được chuyển tiếp|Thư chuyển tiếp|Pesan terusan|Mesej yang dimajukan|הודעה שהועברה|رسالة (?:معاد توجيهها|مُعاد توجيهها|محولة|مُحوّلة)|پیام (?:ارسالی|بازارسال‌شده)|Edastatud kiri|Pārsūtītā ziņa|Persiųstas laiškas|Áframsent (?:bréf|skeyti)|Mezu birbidalia|Mensaxe reenviada)[-‐–—─_=*\\s:]{2,}"),
     "-------- Továbbított üzenet --------", "A továbbított üzenet elveszett."},
    {"forward-asia", MP_RULE_FORWARD, "Chinese, Japanese, Korean, Thai, Hindi",
     ANY("[-‐–—─_=*\\s]{2,}+(?:转发的?(?:邮件|消息|信息)|轉寄的?(?:郵件|訊息)|轉發的?(?:郵件|訊息)|転送(?:された)?メッセージ|전달된 (?:메일|메시지)|ข้อความที่ส่งต่อ|फ़ॉरवर्ड किया गया संदेश|अग्रेषित संदेश)[-‐–—─_=*\\s:]{2,}"),
     "---------- 转发的邮件 ---------", "转发的邮件没有收到。"},

    /* ---- reactions, which are no comments ---- */
    {"reaction-outlook", MP_RULE_REACTION, "Outlook and Exchange, a dozen languages",
     ANY("(?=[^rр]*+(?:[rр](?![eéе][aа])[^rр]*+)*+[rр])(?:\\[[^\\]]{1,30}\\]\\s?|[^\\p{L}\\p{N}]{1,24})?(?:[^.:!?]{2,80}\\s(?:reacted to your message|hat (?:auf|mit .{1,12} auf) (?:Ihre|deine) Nachricht reagiert|a réagi à votre message|(?:ha )?reaccion(?:ó|ado) a (?:su|tu) mensaje|ha (?:reagito|risposto con una reazione) al tuo messaggio|reagiu à (?:sua|tua) mensagem|heeft (?:gereageerd op uw bericht|op uw bericht gereageerd)|reagerade på ditt meddelande|reagerede på din (?:meddelelse|besked)|reagerte på meldingen din|zareagował(?:\\(a\\)|a)? na (?:Twoją|Twoja) wiadomość|reagoval(?:\\(a\\)|a)? na vaši zprávu|отреагировал(?:\\(а\\)|а)? на (?:ваше|Ваше) сообщение)|(?:Reagierte auf Ihre|Reacted to your) (?:Nachricht|message))\\s?[:：]"),
     "Ada Example reacted to your message:", "Nobody reacted to your message, so I ask again."},
    {"reaction-gmail", MP_RULE_REACTION, "Gmail, a dozen languages",
     ANY("(?=[^rр]*+(?:[rр](?![eéе][aа])[^rр]*+)*+[rр])[^.:!?]{2,80}\\s(?:reacted via|hat (?:über|via) Gmail reagiert|a réagi (?:via|avec|depuis)|reaccionó (?:mediante|a través de|con)|ha reagito (?:tramite|con)|reagiu (?:por meio do|pelo|via)|heeft gereageerd via|reagerade via|reagerede via|reagerte via|zareagował(?:\\(a\\)|a)? (?:przez|za pomocą)|reagoval(?:\\(a\\)|a)? (?:přes|prostřednictvím)|отреагировал(?:\\(а\\)|а)? (?:через|в))(?: \\[?Gmail\\]?)?\\s?"),
     "Ada Example reacted via Gmail", "Ada reacted via mail and by telephone."},

    /* ---- markers that a service puts above its text ---- */
    {"marker-reply-above", MP_RULE_MARKER, "helpdesks and forges, ours too",
     ANY("[-‐–—─_=*#\\s]{0,40}+(?:please )?(?:(?:reply|write|type|respond|add your (?:reply|comment))(?: your (?:reply|message|answer))?(?: to this (?:e-?mail|message))?|in replies all text|all text|(?:only )?text) above this line(?:[-‐–—─_=*#\\s.!:]{0,40}|[,;]?\\s(?:to|if|when|in order|for|and it|or|so)\\b.{0,120})"),
     "--- Reply above this line ---", "Write your reply above this line of the form."},
    {"marker-other", MP_RULE_MARKER, "the same in other languages",
     ANY("[-‐–—─_=*#\\s]{2,40}+(?:Bitte (?=.{0,60}(?:Antwort|antworten|schreiben|eingeben))(?:\\S+ ){0,5}(?:oberhalb|über) dieser (?:Zeile|Linie)|(?:Veuillez )?(?:répondre|écrire|saisir|taper|entrer|ajouter)(?: \\S+){0,4} au-dessus de cette ligne"
         "|(?:Por favor,? )?(?:responda|responde|escriba|escribe|escreva|digite|añada)(?: \\S+){0,4} (?:encima|acima|arriba) (?:de |d)est?a l[ií](?:nea|nha)|(?:Scrivi|Scrivere|Inserisci|Rispondi|Rispondere)(?: \\S+){0,4} (?:sopra|al di sopra di) questa (?:riga|linea)"
         "|(?:Typ|Schrijf|Plaats|Antwoord)(?: \\S+){0,4} boven deze (?:regel|lijn)|(?:Skriv|Svara|Svar)(?: \\S+){0,4} (?:ovanför|over|ovenfor) (?:den här|denne|denna) (?:raden|linjen|linje)|Kirjoita(?: \\S+){0,3} tämän rivin yläpuolelle"
         "|(?:Wpisz|Napisz|Dodaj)(?: \\S+){0,3} (?:powyżej|nad) te(?:j|go) (?:linii|wiersza)|(?:Пожалуйста, )?(?:введите|напишите|пишите|ответьте)(?: \\S+){0,3} (?:над|выше) эт(?:ой|ого) (?:линией|строкой|строки|линии)"
         "|この(?:行|線)(?:より|の)上に.{0,20}|请在此行(?:之上|上方|以上).{0,12}|請在此行(?:之上|上方|以上).{0,12}|이 (?:줄|선) 위에.{0,20}).{0,120}"),
     "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##", "Bitte schreiben Sie das auf diese Zeile."},

    /* ---- what the device wrote ---- */
    {"mobile-en", MP_RULE_MOBILE, "iOS, Android, BlackBerry, Outlook, webmail",
     ANY("[<(\\[*_«\\s-]{0,6}+(?:(?:(?:Securely )?Sent (?:from|via|with|by|using|on)|(?:Written|Composed|Typed) (?:on|with|from)) " SENTENCE "(?:my |a |an |the )?(?!desk\\b|home\\b|office\\b|work\\b)(?:[\\w.+'’/®™-]+ ?){1,7}|(?:\\w+ )?from (?:my )?(?:mobile|iPhone|iPad|Android|BlackBerry)(?: [\\w.+-]+){0,3}|Please (?:excuse|forgive|pardon) .{3,40}[,;:.–—-]\\s?sent from (?:my |a )?(?:mobile|phone|iPhone|iPad|Android|smartphone|tablet)(?: \\w+)?)[>)\\]*_».!\\s]{0,6}" SLOGAN EXCUSE "[.!\\s]{0,3}"),
     "Sent from my iPhone", "Sent from my desk, is much easier then my mobile phone."},
    {"mobile-get-outlook", MP_RULE_MOBILE, "Outlook and others, in several languages",
     ANY("(?:Outlook (?:für|for|voor|til|för|pour) (?:iOS|Android) ?(?:herunterladen|downloaden|ophalen|beziehen|abrufen|を?入手|を?取得|다운로드)|(?:Get|Download|Skaffa|Obtenir|Obtenez|Télécharge[rz]|Obtener|Obtén|Obtenga|Descarga|Scarica|Ottieni|Holen Sie sich|Laden Sie|Download|Hämta|Hent|Hanki|Obter|Obtenha|Pobierz|Získat|Stáhn[ěi]te|Скачать|Загрузить|获取|取得|下载) (?!.*\\b(?:is|are|was|from|first|add-?ins?|and|then|instead)\\b)(?:the |o |il |l.)?(?:Outlook|BlueMail|Spark|Yahoo Mail|Proton ?Mail|Edison Mail|Mail|myMail|TypeApp|Newton|Tutanota|Canary)(?: (?:for|pour|para|per|für|voor|för|til|dla|pro|для) [^,;!?]{1,40})?[^,;!?]{0,60})"),
     "Get Outlook for iOS", "Get the latest build from the server, please."},
    {"mobile-get-outlook-more", MP_RULE_MOBILE, "Outlook in Slavic, Asian and other languages",
     ANY("(?:(?:Pobierz|Získejte|Stáhn(?:ěte|out)|Získajte|Stiahnite|Получите|Скачайте|Отримайте|Завантажте|Изтеглете|Вземете|Преузмите|Preuzmite|Nabavite|Prenesite|Obțineți|Descărcați|Αποκτήστε|Κατεβάστε|Szerezze be|Töltse le|Få|Skaff|Lataa|Tải|Lấy|Dapatkan|从|รับ|ดาวน์โหลด|קבל|הורד|الحصول|احصل|تنزيل) (?=.{0,30}Outlook)[^,;!?]{7,70}"
         "|(?:iOS|Android) ?(?:için |版 ?|용 ?|向け ?|用 ?)?(?:の ?)?Outlook[^,;!?]{0,20}(?:入手|取得|ダウンロード|다운로드|가져오기|edinin|alın|indirin)(?:する)?)[.]?"),
     "Pobierz aplikację Outlook dla systemu iOS", "Tải bản dựng mới cho Android rồi thử lại."},
    {"mobile-link", MP_RULE_MOBILE, "Outlook on telephones in any language: its link",
     LINKED("[^.!?;]{0,90}(?:Outlook.{0,40}|[<(\\[]{1,2})https?://aka\\.ms/(?:o0ukef|AAb9ysg|[gG]hei36|qtex0l)\\b[>)\\]]{0,2}[.]?"),
     "Outlook ar gyfer iOS<https://aka.ms/o0ukef>", "I have it from https://aka.ms/o0ukef, which is slow."},
    {"mobile-secured", MP_RULE_MOBILE, "Tuta, Superhuman, Boxer, Proton and others that say so in other words",
     ANY("(?:(?:Secured|Securely sent|Sent securely|Sent) with (?:Tuta|Tutanota|Proton)\\b[^.!?]{0,80}[.:]?(?:\\shttps?://\\S+)?|(?:Gesichert|Sicher gesendet|Gesendet|Sichere? .{2,20} gesendet) mit (?:Tuta|Tutanota|Proton)\\b[^.!?]{0,80}[.:]?|(?:Sécurisé|Envoyé) avec (?:Tuta|Tutanota|Proton)\\b[^.!?]{0,80}[.:]?|(?:Securely sent|Sent securely|Sicher gesendet|Gesendet|Envoyé|Sécurisé|Enviad[oa]|Inviat[oa]|Veilig (?:verzonden|verstuurd)|Bezpiecznie wysłan[eoy]|Wysłan[eoy]|Безопасно отправлено|Отправлено|Надіслано|Säkert skickat|Skickat säkert|Sikkert sendt|Sendt sikkert|Turvallisesti lähetetty|Lähetetty|Bezpečně odesláno|Odesláno|Trimis|Biztonságosan küldve) [^.!?]{1,30}\\bTuta(?:nota)?[.!]? [^.!?]{4,110}[:：]|Sent (?:via|with|from) (?:Superhuman|Spark|Hey|Canary|Shortwave|Missive|Front|(?:VMware |Workspace ONE |AirWatch )?Boxer)\\b[^.!?]{0,80}|Sent via \\[?Superhuman.{0,120})"),
     "Sent via Superhuman ( https://sprh.mn/?vip=ada@example.org )", "Sent with Tuta it arrives. Sent with mutt it does not."},
    {"mobile-slogan", MP_RULE_MOBILE, "Yahoo's and AOL's programs",
     ANY("(?:Yahoo|AOL) Mail\\s?[:：-]\\s.{3,60}"),
     "Yahoo Mail: Search, Organize, Conquer", "Yahoo Mail is where it bounces."},
    {"mobile-de", MP_RULE_MOBILE, "German",
     ANY("(?:(?:Von|Vom|Mit) (?:meinem?|der|dem|einem)? ?[^,;]{2,60} (?:gesendet|geschickt|verschickt|geschrieben)|(?:Diese (?:Nachricht|E-?Mail|Mail) wurde (?:von|mit) [^,;]{2,80} (?:gesendet|verschickt|geschrieben))|(?:Gesendet|Verschickt|Geschrieben) (?:von|mit|aus|vom|über) [^,;]{0,60}?(?-i:[\\p{Lu}\\d])[^\\s,;]{0,60})" EXCUSE_OTHER "[.!]?"),
     "Von meinem iPhone gesendet", "Von meinem Büro aus sehe ich den Fehler."},
    {"mobile-fr", MP_RULE_MOBILE, "French",
     ANY("(?:(?:Envoyé|Expédié|Téléchargé|Provenance) *(?:depuis|de|à partir de|avec|par|via|:)" DEVICE "(?: mon| ma| l.application| un| une)? [^,;]{2,60}|Envoyé" DEVICE " à partir d['’][^,;]{2,60})" EXCUSE_OTHER),
     "Envoyé depuis mon iPhone", "Envoyer depuis mon poste marche aussi."},
    {"mobile-romance", MP_RULE_MOBILE, "Spanish, Portuguese, Italian, Catalan, Romanian",
     ANY("(?:(?:Enviado|Enviada|Inviato|Inviata|Enviat|Mandado|Trimis|Escrito|Scritto) (?:desde|con|do|da|dal|dalla|pelo|pela|a partir d[eo]|des del?|de pe|d[eo]|via|por|tramite|con)" DEVICE "(?: mi| meu| mio| il mio| minha| el meu)? [^,;]{2,60})" EXCUSE_OTHER),
     "Enviado desde mi iPhone", "Enviamos desde mi casa el paquete."},
    {"mobile-nl", MP_RULE_MOBILE, "Dutch",
     ANY("(?:Verzonden|Verstuurd) (?:vanaf|vanuit|met|via|van|door)" DEVICE "(?: mijn| een)? [^,;]{2,60}"),
     "Verstuurd vanaf mijn iPhone", "Verzend het vanaf mijn server."},
    {"mobile-nordic", MP_RULE_MOBILE, "Danish, Norwegian, Swedish, Finnish, Icelandic, Estonian, Latvian, Lithuanian",
     ANY("(?:(?:Sendt|Skickat|Skickades|Lähetetty|Sent|Saadetud|Sendi|Nosūtīts|Išsiųsta) (?:fra|från|med|via|ved hjælp af|úr|minu|no|iš)" DEVICE "(?: min| mitt| mit)? [^,;]{2,60}|Lähetetty" DEVICE " [^,;]{2,50}|Sendt [^,;]{2,40} (?:iPhone|iPad|telefon))"),
     "Skickat från min iPhone", "Skicka från min server i kväll."},
    {"mobile-slavic", MP_RULE_MOBILE, "Russian, Ukrainian, Polish, Czech, Slovak, Croatian, Slovenian, Bulgarian",
     ANY("(?:Отправлено|Послано|Надіслано|Відправлено|Изпратено|Послато|Испратено|Wysłan[eoy]|Odesláno|Odoslané|Poslano|Poslato)" DEVICE "(?: из| с| со| з| із| от| z| ze| zo| s| iz| sa| од| мојот| mojego| mobilní)? [^,;]{2,60}"),
     "Отправлено с iPhone", "Отправили с утра, ждём."},
    {"mobile-other", MP_RULE_MOBILE, "Turkish, Hungarian, Greek, Vietnamese, Indonesian",
     ANY("(?:(?=.*+(?<=gönderildi|küldve))[^,;]{2,40}(?:(?:['’]?[dt][ae]n|cihazımdan|uygulamasından|(?:için .{3,20}|uygulaması) ile) gönderildi|(?:r[őó]l|ról|ből|ból|készülékről|eszközről) küldve)|(?:(?:El)?küldve|Στάλθηκε από|Εστάλη από|Được gửi từ|Gửi từ|Đã gửi từ|Dikirim dari|Terkirim dari|Dihantar dari(?:pada)?) [^,;]{2,60}|(?=[^b]*+(?:b(?!idali)[^b]*+)*+bidali)(?:Nire )?[^,;]{2,40}(?:tik|gailutik|bidez) bidali(?:a|ta)(?: .{0,20})?)"),
     "iPhone'umdan gönderildi", "Gönderildi mi bilmiyorum."},
    {"mobile-cjk", MP_RULE_MOBILE, "Chinese, Japanese, Korean",
     FOREIGN("(?=[^发發傳传寄送来來보전]*+[发發傳传寄送来來보전])(?:(?:从|從|由|自|使用)?我?的? ?[^，、]{2,30}(?:发送|傳送|寄出|發送|传送)|(?:[发發](?:自|送自)(?:我的)?|[来來寄]自我的) ?[^，、。]{2,30}|[来來]自.{2,16}(?:邮件|郵件|邮箱|手机版?|手機版?|客户端|移动版)|.{2,30}(?:から送信|からの送信|で送信)(?:しました|されました|しています)?|(?:나의 |내 )?.{2,30}에서 (?:보냄|보낸 메일|전송))[.。]?"),
     "iPhoneから送信", "発送しましたのでご確認ください。"},
    {"mobile-rtl", MP_RULE_MOBILE, "Arabic, Hebrew, Persian, Hindi, Thai",
     FOREIGN("(?:أ?رسلت? من|تم الإرسال من|أُرسلت من|نُ?شر من ال|נשלח מ|נשלח באמצעות|ارسال ?شده از|ส่งจาก|Ուղարկվել է (?:իմ )?|გაგზავნილია (?:ჩემი )?)[^,;]{2,60}|Менің [^,;]{2,40}(?:нан|нен|дан|ден|тан|тен) (?:жіберілді|жіберілген)|আমার [^,;]{2,40} থেকে পাঠানো(?: হয়েছে)?|(?:मेरे |मेरी )?[^,;]{2,40} से भेजा(?: गया)?[।.]?"),
     "נשלח מה-iPhone שלי", "נשלחו אתמול כל הקבצים"},
    {"tracker", MP_RULE_MOBILE, "Mailtrack and other senders' advertisements",
     ANY("(?:ᐧ|.{0,3}Sender notified by.{0,60}|Mailtrack[\\s\\d/.:,]{0,30}(?:[AP]\\.?M\\.?)?|Virus-free\\.?(?:\\s?(?:www\\.|by |avast|avg).{0,50})?|(?=.{0,30}(?:[vw][ií]r(?:u|ů|en)|вирус|вірус))[^.:!?]{5,40}[.:]\\s?(?:www\\.)?(?:avast|avg)\\.[a-z]{2,3}/?)"),
     "Sender notified by Mailtrack", "Virus checks are free of charge."},

    /* ---- paragraphs of law ---- */
    {"disclaimer-en", MP_RULE_DISCLAIMER, "English",
     ANY("[*_\\s]{0,4}(?:(?:CONFIDENTIALITY|PRIVACY|LEGAL|DISCLAIMER|CONFIDENTIAL)(?: AND PRIVILEGED)? (?:NOTICE|STATEMENT|NOTE|WARNING|INFORMATION)[*_]{0,2}(?:\\s*[:.–—-].{0,900}|\\s(?=.*" SECRET ").{20,900})?"
         "|(?:IMPORTANT|LEGAL|CONFIDENTIAL|DISCLAIMER)\\b(?=.*" SECRET ")(?=.*" MAIL_OR_READER ").{20,900}|DISCLAIMER[:.]?"
         "|(?:The (?:information|content)s?|This (?:e-?mail|message|communication|transmission))(?: message| transmission| communication)?(?:,|\\s?\\(|\\s(?:is(?! not)|are|was|may|might|can|and|or|with|contains?|contained|containing|has|in|of|including|included|transmitted|from|sent|together|plus|its|should)\\b)(?=.*" SECRET ")(?=.*" MAIL_OR_READER ").{30,900}"
         "|If you (?:are not (?:the|an?) (?:intended|named) (?:recipient|addressee|person|individual|reader)|(?:have )?received this\\b.{0,40}\\b(?:error|mistake|mistakenly|inadvertently)).{0,900}|(?:\\S{1,3} )?(?:Please )?consider the environment before printing.{0,200})"),
     "This email and any attachments are confidential and intended solely for the addressee.", "This message queue is confidential, show it to nobody outside."},
    {"disclaimer-banner", MP_RULE_DISCLAIMER, "mail gateways, above or below what comes from outside",
     ANY("[*_\\[(\\s]{0,4}(?:(?:CAUTION|WARNING|NOTICE|ATTENTION|EXTERNAL(?: E-?MAIL| SENDER)?)[*_\\])]{0,3}[:!.\\s–—-]{1,4}(?:This (?:e-?mail|message) (?:is|was|has|originated|came|comes|originates)\\b.{0,30}\\b(?:outside(?! the (?!organi|company|network|firm))|external)|External (?:e-?mail|sender)|Do not click (?=.{0,80}(?:attachment|unless|sender|recogni[sz]e|unknown|outside|external|trust))|(?:Please )?(?:be (?:careful|cautious|vigilant|aware)|(?:exercise|use) caution|think before)\\b).{0,400}|This (?:e-?mail|message) (?:originated|came|was sent|comes) from (?:outside (?:of )?(?:the|your|our|this|my)(?: \\S+){0,2} (?:organi[sz]ation|company|network|domain|institution|firm|university|corporation|agency|district|school|hospital|group|business|enterprise)|an external (?:source|sender|e-?mail)).{0,400})"),
     "CAUTION: This email originated from outside of the organization. Do not click links.", "CAUTION: this email is long."},
    {"disclaimer-banner-bare", MP_RULE_DISCLAIMER, "mail gateways: the word alone, in a box",
     ANY("[*_\\[(<\\s]{1,6}(?:EXTERNAL|EXTERN|EXTERNE|EXTERNO|ESTERNO)(?: (?:E-?MAIL|SENDER|MESSAGE|MAIL))?[*_\\])>:!\\s]{1,6}(?:[^.]{0,60}\\b(?:links?|attachments?|Anh[äa]nge|liens|enlaces|sender|Absender)\\b.{0,160})?|(?:Dies ist eine externe E-?Mail|External (?:e-?mail|sender)|Externe[rs]? (?:E-?Mail|Absender)|Expéditeur externe|Remitente externo|Mittente esterno|Externe afzender)[.!]?(?:\\s.{0,200}(?:\\b(?:link|attachment|Anh[äa]ng|lien|enlace|collegament|bijlage)).{0,200})?"),
     "[EXTERNAL EMAIL]", "External drives are slow."},
    {"disclaimer-banner-proofpoint", MP_RULE_DISCLAIMER, "Proofpoint: ZjQcmQRYFpfptBannerStart and what stands in it",
     ANY("ZjQcmQRYFpfptBanner(?:Start|End)|This Message Is From an (?:External|Untrusted|Unknown) Sender|This message came from outside your organization\\.?"),
     "This Message Is From an External Sender", "This message came from outside, through the window."},
    {"disclaimer-banner-seldom", MP_RULE_DISCLAIMER, "Outlook, of whom one seldom writes to: \"You don't often get email from …\"",
     ANY("[*_\\[(\\s]{0,4}(?:You don['’]t often get e-?mail from|Some people who received this message don['’]t often get e-?mail from|Sie erhalten nicht (?:oft|häufig) E-?Mails? von|Vous (?:n['’]obtenez|ne recevez) pas souvent d.{1,30}(?:de|à partir de)|No suele recibir correos? electrónicos? de|Non si ricevono spesso messaggi di posta elettronica da|(?:Você n|N)ão costuma receber e-?mails? de|U ontvangt niet vaak e-?mail van|Nie otrzymujesz często wiadomości e-?mail z|Du får inte ofta e-?post från|Du får ikke ofte (?:mails?|e-?post) fra|Et saa usein sähköpostia)\\s.{0,60}\\S@\\S.{0,300}"),
     "[You don't often get email from ada@example.org. Learn why this is important at https://aka.ms/LearnAboutSenderIdentification ]", "You don't often get email from our server, do you?"},
    {"disclaimer-banner-link", MP_RULE_DISCLAIMER, "the same in any other language, by its link",
     LINKED(".{0,240}https?://aka\\.ms/LearnAboutSenderIdentification\\b.{0,200}"),
     "ada@example.org からメールを受け取ることはあまりありません。 https://aka.ms/LearnAboutSenderIdentification", "aka.ms has the page LearnAboutSenderIdentification."},
    {"disclaimer-other", MP_RULE_DISCLAIMER, "German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Polish, Russian",
     ANY("[*_\\s]{0,4}(?:(?:Diese (?:E-?Mail|Nachricht)|(?:Der Inhalt|Die Informationen in) dieser (?:E-?Mail|Nachricht))(?=.*(?:vertraulich|Adressat|Empfänger)).{30,900}|(?:Ce (?:message|courriel)|Cet e-?mail|L[ae]s? (?:contenu|informations?)\\b.{0,30}\\bce(?:t e-?mail| message| courriel))(?=.*(?:confidentiel|destinataire)).{30,900}"
         "|(?:AVISO (?:LEGAL|DE CONFIDENCIALIDADE?|DE CONFIDENCIALIDAD)[:.]? )?(?:Est[ea] (?:mensaje|correo|mensagem|e-?mail)|La información contenida en est[ea]|As informações contidas n?est[ea])(?=.*(?:confidencia[li]|destinat)).{30,900}|(?:Questo messaggio|Questa e-?mail|Le informazioni)(?=.*(?:riservat|confidenzial|destinatari)).{30,900}"
         "|(?:Dit (?:bericht|e-?mailbericht)|Deze e-?mail|De (?:informatie|inhoud)\\b.{0,24}\\b(?:dit (?:e-?mail)?bericht|deze e-?mail))(?=.*(?:vertrouwelijk|geadresseerde)).{30,900}|(?:Detta|Det här) (?:meddelande|e-?post)(?=.*(?:konfidentiell|mottagare)).{30,900}|Denne (?:e-?mail|e-?post|meddelelsen?)(?=.*(?:fortrolig|modtager|mottaker)).{30,900}"
         "|(?:Ta wiadomość|Niniejsza wiadomość|Treść tej wiadomości)(?=.*(?:poufn|adresat)).{30,900}|(?:Это (?:электронное )?(?:сообщение|письмо)|Настоящее (?:электронное )?(?:сообщение|письмо)|Содержание (?:данного|этого) (?:сообщения|письма))(?=.*(?:конфиденциальн|адресат)).{30,900})"),
     "Diese E-Mail enthält vertrauliche Informationen und ist nur für den Adressaten bestimmt.", "Diese Nachricht ist nicht angekommen."},

        {"disclaimer-more", MP_RULE_DISCLAIMER, "Chinese, Japanese, Korean, Indonesian, Vietnamese, Turkish, Ukrainian, Czech, Hungarian, Greek, Finnish, Norwegian, Romanian",
     ANY("[*_【\\[\\s]{0,4}(?:본 (?:메일|이메일|메시지)(?=.*(?:기밀|비밀))(?=.*(?:수신|받)).{8,900}|(?:このメール|本メール|この電子メール)(?=.*(?:機密|秘密))(?=.*(?:宛先|受信|受取)).{8,900}|(?:本邮件|此邮件|本郵件|此郵件|本电子邮件)(?=.*(?:机密|保密|機密))(?=.*(?:收件人|接收)).{8,900}|(?:Pesan|E-?mail|Surel) ini(?=.*(?:rahasia))(?=.*(?:penerima)).{8,900}|(?:Email|Thư|Thư điện tử) này(?=.*(?:mật))(?=.*(?:người nhận)).{8,900}|Bu (?:e-?posta|ileti|mesaj)(?=.*(?:gizli))(?=.*(?:alıcı|kişi)).{8,900}|(?:Це|Цей) (?:повідомлення|лист)(?=.*(?:конфіденційн))(?=.*(?:адресат|одержувач)).{8,900}|(?:Tato|Tento|Táto) (?:zpráva|e-?mail|správa)(?=.*(?:důvěrn|dôvern))(?=.*(?:adresát|příjemc|príjemc)).{8,900}|(?:Ez az|Jelen) (?:üzenet|e-?mail|levél)(?=.*(?:bizalmas))(?=.*(?:címzett)).{8,900}|(?:Αυτό το|Το παρόν) (?:μήνυμα|e-?mail)(?=.*(?:εμπιστευτικ))(?=.*(?:παραλήπτ)).{8,900}|Tämä (?:viesti|sähköposti)(?=.*(?:luottamuksel))(?=.*(?:vastaanottaj)).{8,900}|(?:Denne|Dette) (?:e-?posten|meldingen|e-?post)(?=.*(?:konfidensiell|fortrolig))(?=.*(?:mottaker)).{8,900}|Acest (?:mesaj|e-?mail)(?=.*(?:confiden))(?=.*(?:destinatar)).{8,900}|(?:Wiadomość|Ta wiadomość)(?=.*(?:poufn))(?=.*(?:adresat|odbiorc)).{8,900})"),
     "本メールには機密情報が含まれている場合があります。宛先以外の方は破棄してください。", "このメールが届きません。"},
    {"disclaimer-rest", MP_RULE_DISCLAIMER, "Bulgarian, Macedonian, Serbian, Croatian, Slovenian, Slovak, Estonian, Latvian, Lithuanian, Catalan, Galician, Basque, Icelandic, Kazakh, and what the rows above lack",
     ANY("[*_【\\[\\s]{0,4}(?:(?:Това|Настоящото|Ова|Оваа) (?:(?:електронно|електронска) )?(?:съобщение|писмо|порака|порука|пошта)(?=.*(?:повери|поверљив|конфиденциалн|доверл))(?=.*(?:получател|адресат|прима)).{8,900}|(?:Ova|Ovaj|To|Ta) (?:elektronička |elektronska |elektronsko )?(?:poruka|e-?mail|e-?pošta|sporočilo)(?=.*(?:povjerljiv|poverljiv|zaupn))(?=.*(?:primatelj|primaoc|prejemnik|naslovnik|namijenjen|namenjen)).{8,900}"
         "|(?:See|Käesolev) (?:kiri|e-?kiri|sõnum|e-?mail)(?=.*(?:konfidentsiaal))(?=.*(?:saaja|adressaa|mõeldud)).{8,900}|Š(?:is|ī) (?:e-?pasta )?(?:ziņojums|ziņa|vēstule|e-?pasts)(?=.*konfidenciāl)(?=.*(?:adresāt|saņēmēj)).{8,900}|Šis (?:el\\. |elektroninis )?(?:laiškas|pranešimas)(?=.*konfidencial)(?=.*(?:gavėj|adresat|skirt)).{8,900}"
         "|Aquest(?:a)? (?:missatge|correu|e-?mail)(?=.*confidencial)(?=.*destinat).{8,900}|(?:Esta mensaxe|Este correo)(?=.*confidencial)(?=.*destinat).{8,900}|(?:Mezu|E-?mail|Posta) hau(?=.*(?:isilpekoa|konfidentzial))(?=.*(?:hartzaile)).{8,900}|(?:Þess[iu]|Þetta) (?:tölvupóstur|skeyti|póstur|skilaboð)(?=.*(?:trúnað))(?=.*(?:viðtakand)).{8,900}|Бұл (?:хат|хабарлама)(?=.*құпия)(?=.*(?:алушы|адресат)).{8,900}"
         "|Denne (?:mail|besked|melding)(?=.*(?:fortrolig|konfidensiell))(?=.*(?:modtager|mottaker)).{8,900}|(?:Detta|Det här|Den här) (?:mail|mejl|mejlet|mailet|e-?postmeddelande)(?=.*(?:konfidentiell|sekretess))(?=.*(?:mottagare|avse)).{8,900}|(?:Dieses|Diese) (?:Mail|Schreiben)(?=.*vertraulich)(?=.*(?:Empfänger|Adressat|bestimmt)).{8,900}|(?:Deze|Dit) (?:mail|e-?mail|e-?mailbericht)(?=.*vertrouwelijk)(?=.*(?:ontvanger|geadresseerde|bestemd)).{8,900})"),
     "Това съобщение е поверително и е предназначено само за получателя.", "Това съобщение не пристигна."},
    {"disclaimer-rest-foreign", MP_RULE_DISCLAIMER, "Arabic, Hebrew, Persian, Hindi, Thai",
     FOREIGN("[*_\\[\\s]{0,4}(?:(?:هذه الرسالة|هذا البريد)(?=.*سري).{8,900}|(?:הודעה זו|דוא.ל זה|מייל זה|הודעת דוא.ל זו|המידע ב)(?=.*(?:חסוי|סודי)).{8,900}|این (?:ایمیل|پیام|نامه)(?=.*محرمانه).{8,900}|यह (?:ई-?मेल|संदेश)(?=.*गोपनीय).{8,900}|(?:อีเมล|ข้อความ|จดหมาย)[^ ]{0,40}นี้(?=.*ความลับ).{8,900})"),
     "הודעה זו חסויה ומיועדת לנמען בלבד.", "הודעה זו לא הגיעה אלי"},
    {"disclaimer-error", MP_RULE_DISCLAIMER, "to whom it was not sent, in a dozen languages",
     ANY("[*_\\s]{0,4}(?:(?:Wenn|Falls|Sollten) Sie (?:nicht der (?:richtige|beabsichtigte|vorgesehene) (?:Adressat|Empfänger)|diese (?:E-?Mail|Nachricht) irrtümlich)|Si (?:vous (?:n['’]êtes pas (?:le|un) destinataire|avez reçu ce(?:t e-?mail| message| courriel) par erreur)|(?:ha|usted ha|has) recibido este (?:mensaje|correo|e-?mail)(?: electrónico)? por error|no es usted el destinatario|heu rebut aquest (?:missatge|correu) per error)"
         "|Se (?:(?:você )?(?:recebeu esta (?:mensagem|e-?mail)|recebeu este e-?mail) por (?:engano|erro)|(?:avete|ha|hai) ricevuto (?:questo messaggio|questa e-?mail) per errore)|(?:Indien|Als|Mocht) u (?:dit (?:bericht|e-?mailbericht)|deze e-?mail) (?:ten onrechte|per abuis|abusievelijk|per ongeluk)|Om du (?:har )?(?:fått|mottagit) (?:detta|det här) (?:meddelande|mejl|e-?post)\\w* av misstag|(?:Har du|Hvis du har) (?:modtaget|fået|mottatt) denne (?:mail|e-?mail|e-?post\\w*|meddelelse|besked) ved en (?:fejl|feil)|Jos olet saanut tämän (?:viestin|sähköpostin) (?:vahingossa|erehdyksessä)"
         "|Je(?:śli|żeli) (?:nie (?:są Państwo|jest(?:eś| Pan\\S*)) (?:zamierzonym )?(?:adresatem|odbiorcą)|otrzymał\\S* (?:Państwo )?tę wiadomość (?:omyłkowo|przez pomyłkę))|Если (?:вы|Вы) (?:не являетесь (?:адресатом|получателем)|получили это (?:письмо|сообщение) (?:по ошибке|ошибочно))|Ако (?:сте получили|не сте) .{0,40}(?:погрешка|получател)|(?:Pokud|Ak|Jestliže) (?:jste|ste) (?:obdržel|dostal|prijal)\\S* (?:tento|tuto|túto) (?:e-?mail|zprávu|správu) omyl).{3,900}"),
     "Falls Sie diese Nachricht irrtümlich erhalten haben, löschen Sie sie bitte.", "Wenn Sie die Nachricht sehen, geht es."},
    {"disclaimer-environment", MP_RULE_DISCLAIMER, "whether it has to be printed, in many languages",
     ANY("(?:\\S{1,3} )?(?:Before (?:you )?print|Please (?:do not|don['’]t|think)|Think before|Do you need to print|Save (?:a tree|paper)|Antes de imprimir|Por favor,? (?:no|piense|considere|pense)|Piense|Pense (?:bem )?antes|Pensez|N['’]imprimez|Avant d['’]imprimer|(?:Bitte )?(?:denken|prüfen|bedenken) Sie|Muss diese|Drucken Sie|Schützen Sie|Denk|Moet|Print deze|Overweeg|Prima di stampare|Rispetta|Pensa|Non stampare|Abans d['’]imprimir|Tænk|Tenk|Tänk|Skriv|Behöver|Ajattele|Harkitse|Zanim|Pomyśl|Czy (?:musisz|na pewno)|Chroń|Prosím|Myslete|Šetř|Než|Pred|Prije|Kérjük|Mielőtt|Gondol|Lütfen|Bu(?= e-?posta| ileti| mesaj)|Перед|Прежде|Пожалуйста|Берегите|Подумайте|Перш|Преди|Моля|Πριν|Σκεφτείτε|Παρακαλ|Înainte|Vă rugăm|Hãy|Vui lòng|Mohon|Pertimbangkan)"
         "(?=.*(?:environ|medio ?ambiente|ambient|Umwelt|milieu|miljø|miljö|środowisk|životní|životné|környezet|çevre|mediu\\b|ympäristö|okoliš|okolj|природ|окружа|довкілл|околна|περιβάλλον|môi trường|lingkungan))(?=.*(?:mail|mensaj|mensagem|messag|courriel|correo|nachricht|bericht|meddelan|melding|besked|e-?post|mejl|viesti|wiadomoś|zpráv|správ|üzenet|ileti|mesaj|poruk|sporočil|письм|сообщени|лист|повідомлен|съобщени|писмо|μήνυμα|thư|surel)).{10,200}"),
     "Antes de imprimir este mensaje, piense en el medio ambiente.", "Antes de imprimir conviene leer el mensaje."},
    {"disclaimer-environment-cjk", MP_RULE_DISCLAIMER, "the same in Chinese, Japanese and Korean",
     FOREIGN("(?:.{0,16}(?:打印|列印).{0,20}(?:环境|環境|环保|環保).{0,40}|.{0,20}印刷.{0,20}(?:環境|地球).{0,40}|.{0,30}인쇄.{0,30}환경.{0,30})"),
     "打印本邮件前请考虑环境。", "打印邮件失败。"},
    {"disclaimer-antivirus-more", MP_RULE_DISCLAIMER, "who checked the mail, in more languages",
     ANY("(?:Ez az (?:üzenet|e-?mail|levél)|Ce(?:t)? (?:e-?mail|message|courriel)|Este (?:mensaje|correo|e-?mail)|Esta (?:mensagem|mensaje)|Questo messaggio|Aquest (?:missatge|correu)|Acest (?:e-?mail|mesaj)|(?:Deze|Dit) (?:e-?mail|bericht)|(?:Denne|Den här|Detta|Det här) (?:e-?mail\\w*|mail|e-?post\\w*|meddelande|mejl\\w*|besked|melding\\w*)|Tämä (?:viesti|sähköposti)|T[aę] wiadomość|Niniejsza wiadomość|Wiadomość|T[aáu][tj]?o (?:zpráva|správa|poruka)|Tento e-?mail|Ova (?:poruka|e-?pošta)|To sporočilo|Ta e-?pošta|Bu (?:e-?posta|ileti|mesaj)|Это (?:письмо|сообщение)|Цей лист|Це повідомлення|Това (?:съобщение|писмо)|Αυτό το (?:μήνυμα|e-?mail)|Το μήνυμα αυτό|See (?:kiri|e-?kiri)|Šis (?:e-?pasts|ziņojums|laiškas)|Diese (?:E-?Mail|Nachricht)|Email này|Thư này|E-?mail ini|Pesan ini|此邮件|本邮件|此郵件|本郵件|このメール|本メール|이 (?:메일|이메일|메시지))(?=.*(?:[vw][iíī]{1,2}r[uü]s|vi-?rút|viry|virů|вирус|вірус|ιούς|ウイルス|ウィルス|病毒|바이러스)).{0,90}(?:átesett|ellenőri|vérifi|contrôl|analys|analiz|comprob|escane|verific|controlla|scanner|scanned|gecontroleerd|gescand|kontroller|skannad|skannet|scannet|tarkist|sprawdzon|przeskanowan|zkontrolov|prověřen|skontrolovan|preverjen|provjeren|proveren|pregledan|taran|kontrol ed|проверен|перевірен|ελέγχ|σαρώ|kontrollitud|pārbaudīt|patikrint|überprüft|geprüft|quét|kiểm tra|diperiksa|dipindai|检查|检测|扫描|檢查|掃描|確認|検査|スキャン|チェック|검사).{0,90}"),
     "Ez az üzenet vírusellenőrzésen átesett.", "Ez az üzenet vírust tartalmazott."},
    {"disclaimer-antivirus", MP_RULE_DISCLAIMER, "Avast, AVG and mail gateways",
     ANY("(?:This (?:e-?mail|message) (?:has been|was) (?:checked|scanned) (?:for|by) .{2,120}|(?:Diese|Dieses) E-?Mail wurde .{0,60}auf Viren .{0,60}|L.absence de virus dans ce .{2,120}|Questa e-?mail è stata (?:controllata|esaminata) .{2,120}|Este (?:correo electrónico|e-?mail) .{0,40}(?:virus|vírus) .{0,60})"),
     "This email has been checked for viruses by Avast antivirus software.", "This email was sent to the virus lab."},

    /* ---- footers ---- */
    {"footer-list", MP_RULE_FOOTER, "Mailman, Google Groups, Sympa",
     ANY("(?:\\p{L}[\\w+]{0,30}[-._][\\w.+-]{1,60} mailing list(?: --? .{0,80})?|To (?:unsubscribe|view this discussion|post to this group)(?!.*\\b(?-i:I|we)\\b)(?=.*(?:@|\\b(?:send|visit|click here|go to|please)\\b|:$)).{10,200}|You received this message because you are subscribed to.{5,200}|(?:Un)?subscribe(?:/unsubscribe)?\\s?(?::|here|<).{0,200}|https?://\\S{3,120}/mailman/listinfo/\\S{1,80})"),
     "kernel-users mailing list", "To unsubscribe from the list, one has to confirm twice."},
    {"footer-list-below-rule", MP_RULE_FOOTER, "Mailman, where a row of underscores stands above",
     ANY("(?:[a-z\\p{L}][a-z0-9_+\\w]{0,30}+ ){1,4}(?:mailing list|Mailingliste|mailinglist)(?: --? .{0,80})?"),
     "_______________________________________________\nKernel mailing list\nkernel@example.org", "The mailing list"},
    {"footer-notification", MP_RULE_FOOTER, "GitHub, GitLab, Gitea and our own notifications",
     ANY("(?:[—-]{1,3}\\s?)?(?:Reply to this e-?mail directly(?:[.:]?|,? (?:or )?(?:view|see|unsubscribe)\\b.{0,200})|You are receiving this because (?:you (?:are|were|have|authored|comment|open|creat|subscri|modif|watch|follow|participat|own|maintain|review)|of (?:your|a)\\b|your\\b).{0,200}|Message ID: <[^<>\\s]{3,200}>|You're receiving this (?:e-?mail|notification|message) because.{0,200}|To (?:respond|reply), reply to this e-?mail.{0,200}|Visit Topic or reply to this e-?mail.{0,120}|To stop receiving (?:these|this|such|e-?mails?|notifications?|further|messages|updates|mail)\\b.{0,190})"),
     "Reply to this email directly or view it on GitHub:", "Reply to this when you can."},

    {"footer-openpgp", MP_RULE_FOOTER, "OpenPGP in the text itself: what stands above it",
     ANY("-----BEGIN PGP SIGNED MESSAGE-----"),
     "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256", "BEGIN PGP SIGNED MESSAGE is how it begins."},

        /* ---- companies: kept, but no answer below a quote of the whole message ---- */
    {"company-registered", MP_RULE_COMPANY, "where companies are registered, and under which number",
     ANY("(?=.*\\d{3})(?=.*(?:\\b(?:Registered (?:in|office|number|no)|Company (?:no|number|registration)|Reg(?:istration)?\\.? ?(?:No|Nr|kood)|VAT|USt|HR[AB]|Handelsregister|Amtsgericht|Registergericht|Geschäftsführer|RCS|R\\.C\\.S|SIRET?N?|Registro Mercantil|C\\.?I\\.?F|N\\.?I\\.?F|CNPJ|NIPC|P\\.? ?IVA|Partita IVA|REA|KvK|BTW|CVR|Org\\.? ?n(?:r|ummer)|Y-tunnus|KRS|NIP|REGON|IČO?|DIČ|Cégjegyzékszám|Cg|Adószám|CUI|OIB|MBS|Matična|Matični|Registrikood|Reg\\. ?nr|Įmonės kodas|Mersis|Ticaret Sicil|ИНН|ОГРН|ЕИК|БУЛСТАТ|ЄДРПОУ|БИН|ΑΦΜ|ΓΕΜΗ|Kennitala|NPWP|MST)\\b|法人番号|登録番号|사업자|统一社会信用代码|統一編號|营业执照)).{4,400}"),
     "Example Ltd. Registered in England No. 01234567. Registered office: 1 Example Way, Leeds.", "Registered in England, as we are."},
    {"company", MP_RULE_COMPANY, "what companies call themselves, and where they are registered",
     ANY("(?=.*(?:\\b(?-i:Ltd|Limited|LLC|LLP|Inc|Corp|PLC|GmbH|gGmbH|AG|KG|UG|OHG|e\\.V|e\\.K|SARL|SAS|SASU|SA|S\\.A|S\\.L|SL|S\\.r\\.l|S\\.p\\.A|SpA|Srl|Ltda|Lda|B\\.V|BV|N\\.V|NV|AB|AS|ASA|A/S|ApS|Oy|Oyj|OÜ|SIA|UAB|Sp\\. ?z ?o\\.? ?o|s\\.r\\.o|a\\.s|d\\.o\\.o|Kft|Zrt|EOOD|OOD|ЕООД|ООД|ООО|АО|ТОВ|ТОО|A\\.Ş|Ltd\\. Şti|S\\.R\\.L|S\\.C|PT|Tbk|Pty|Pvt|Sdn|Bhd|SE)\\b|株式会社|有限会社|合同会社|有限公司|股份公司|주식회사|\\(주\\)|บริษัท|公司)).{4,300}"),
     "Example Software Inc. | 1 Example Plaza | Springfield", "Example"},

    /* ---- closings, in kept text ---- */
    {"closing", MP_RULE_CLOSING, "a dozen languages",
     ANY("(?:(?:(?:Best|Kind|Warm|Kindest)(?: regards| wishes)?|Regards|Cheers|Thanks(?: again| a lot| in advance)?|Many thanks|Thank you|Sincerely|Yours(?: sincerely| truly)?|BR|Mit freundlichen Grüßen|(?:Viele|Liebe|Beste|Schöne) Grüße|Gruß|MfG|LG|VG|Cordialement|Bien à vous|Amicalement|Merci|Saludos|Un saludo|Gracias|Abraços|Atenciosamente|Obrigad[oa]|Cordiali saluti|Saluti|Grazie|(?:Met vriendelijke|Vriendelijke) groet(?:en)?|Groet(?:en|jes)?|Mvh|Med vänliga? hälsning(?:ar)?|Hilsen|Kh|Venlig hilsen|Terveisin|Pozdrawiam|С уважением|Спасибо|З повагою|此致|よろしくお願いします)[,.! ]{0,4}(?:\\p{L}[\\p{L}.'-]{0,20}[ ,.]{0,2}){0,4})"),
     "Regards, Bob", "Regards of that kind are what the parser drops first"},
};
/* clang-format on */

const gsize mp_n_rules = G_N_ELEMENTS(mp_rules);
