/* What companies and their servers write below mails; see legal.h. */
#include "reply/legal.h"

#include <glib.h>
#include <string.h>

/* The stems are in small letters. */
static bool
holds_any(const char *core, const char *const *stems)
{
    g_autofree char *small = g_utf8_strdown(core, -1);

    for (; *stems != NULL; stems++) {
        if (strstr(small, *stems) != NULL)
            return true;
    }
    return false;
}

/* Stems, since a row for each language would say no more. */
bool
legal_speaks_of_mail(const char *core)
{
    /* clang-format off */
    static const char *const stems[] = {
        "mail", "message", "e-post", "epost", "e-past", "transmission", "communication", "correo", "wiadomość", "sender", "recipient", "nachricht",
        "courriel", "mensaje", "mensagem", "mensaxe", "missatge", "messaggio", "bericht", "meddela",
        "melding", "besked", "mejl", "viesti", "wiadomo", "zpráv", "správ", "üzenet", "mesaj",
        "e-posta", "ileti", "сообщени", "письм", "повідомлен", "лист", "съобщени", "порук", "порак",
        "poruka", "sporočil", "μήνυμα", "λεκτρονικ", "kiri", "sõnum", "ziņ", "vēstul", "laišk",
        "pranešim", "skeyti", "tölvupóst", "mezu", "хабарлама", "surel", "pesan", "thư", "メール",
        "邮件", "郵件", "메일", "메시지", "הודע", "דוא", "رسالة", "البريد", "ایمیل", "پیام", "ईमेल",
        "ई-मेल", "संदेश", "อีเมล", "ข้อความ", NULL};
    /* clang-format on */

    return holds_any(core, stems);
}

bool
legal_is_secret(const char *core)
{
    /* clang-format off */
    static const char *const stems[] = {
        "confiden", "konfiden", "privileged", "vertraulich", "vertrouwelijk", "riservat",
        "fortrolig", "sekretess", "luottamuks", "poufn", "důvěrn", "dôvern", "zaupn", "povjerljiv",
        "poverljiv", "bizalmas", "gizli", "trúnað", "isilpeko", "rahasia", "конфиденц", "конфіденц",
        "повери", "поверљив", "доверлив", "құпия", "εμπιστευτικ", "機密", "机密", "保密", "秘密",
        "기밀", "비밀", "bảo mật", "סודי", "חסוי", "سري", "محرمانه", "गोपनीय", "ความลับ", NULL};
    /* clang-format on */

    return legal_speaks_of_mail(core) && holds_any(core, stems);
}

bool
legal_is_notice(const char *core)
{
    /* clang-format off */
    static const char *const stems[] = {
        "virus", "vírus", "вирус", "вірус", "ウイルス", "病毒", "바이러스", "environment", "umwelt",
        "environnement", "medio ambiente", "meio ambiente", "ambiente", "milieu", "miljø", "miljö",
        "środowisk", "životní prostředí", "környezet", "çevre", "περιβάλλον", "addressee",
        "recipient", "adressat", "empfänger", "destinat", "geadresseerd", "mottagar", "modtager",
        "mottaker", "vastaanottaj", "adresat", "adresát", "címzett", "alıcı", "получател",
        "адресат", "одержувач", "παραλήπτ", "primatelj", "prejemnik", NULL};
    /* clang-format on */

    return legal_is_secret(core) || (legal_speaks_of_mail(core) && holds_any(core, stems));
}

bool
legal_warns(const char *core)
{
    /* clang-format off */
    static const char *const outside[] = {
        "extern", "außerhalb", "outside", "fuera", "fora d", "estern", "buiten", "zewnętrz",
        "spoza", "mimo organiz", "внешн", "зовніш", "за пределами", "kuruluş dışı", "harici",
        "ekstern", "ulkopuol", "utanför", "udenfor", "utenfor", "külső", "kívül", "εξωτερικ", "外部",
        "외부", "bên ngoài", "luar organisasi", "חיצוני", "خارج", NULL};
    static const char *const risks[] = {
        "click", "klick", "klik", "cliqu", "clic", "link", "länk", "lenke", "enlace", "collegament",
        "attach", "anhang", "anhäng", "anlage", "pièce", "adjunt", "anexo", "allegat", "bijlage",
        "bilag", "bifog", "vedlegg", "liite", "załącz", "příloh", "prílo", "вложен", "вкладен",
        "ссыл", "посилан", "csatol", "ekleri", "ekler", "bağlantı", "συνημμέν", "附件", "链接", "連結",
        "鏈接", "添付", "リンク", "첨부", "링크", "tệp đính", "lampiran", "tautan", "vorsicht", "care",
        "caution", NULL};
    /* clang-format on */

    return holds_any(core, outside) && holds_any(core, risks) && legal_speaks_of_mail(core);
}

bool
legal_spares_paper(const char *core)
{
    /* clang-format off */
    static const char *const prints[] = {
        "print", "imprim", "drucken", "ausdruck", "stamp", "udskriv", "skriv ut", "skriva ut",
        "tulost", "druk", "tisk", "tlač", "nyomtat", "yazdır", "печат", "распечат", "друк",
        "εκτυπ", "打印", "列印", "印刷", "인쇄", "cetak", "in thư", "הדפס", "طباعة", NULL};
    static const char *const reasons[] = {
        "necess", "need", "wirklich", "nötig", "notwendig", "nécess", "vraiment", "neces", "noodzak",
        "nödvänd", "nødvend", "nodvend", "tarpeellis", "koniecz", "potrzeb", "nutn", "szüksé",
        "gerek", "необходим", "потреб", "éco", "eco-", "öko", "tree", "paper", "papier", "papel",
        "carta", "papír", "paperi", "kağıt", "бумаг", "дерев", "environ", "ambient", "umwelt",
        "milieu", "milj", "środowisk", "prostředí", "környezet", "çevre", "природ", "🌱", "🌳", "🌲",
        "♻", "🌍", "環境", "环境", "环保", "환경", NULL};
    /* clang-format on */

    return holds_any(core, prints) && holds_any(core, reasons) && legal_speaks_of_mail(core);
}
