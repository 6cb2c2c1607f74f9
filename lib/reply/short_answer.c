/* Words that are an answer by themselves; see short_answer.h. */
#include "reply/short_answer.h"

#include <string.h>

/* Small letters, in the order of the alphabet of their languages' codes. */
/* clang-format off */
static const char *const answers[] = {
    "نعم", "لا", "تم", "شكرا", "bəli", "так", "не", "да", "добре", "готово", "благодаря", "hà",
    "sí", "no", "fet", "gràcies", "fet", "ano", "jo", "ne", "ok", "hotovo", "díky", "děkuji", "ja",
    "nej", "jo", "færdig", "tak", "nein", "doch", "danke", "erledigt", "klar", "stimmt", "genau",
    "passt", "ναι", "όχι", "οχι", "εντάξει", "ευχαριστώ", "έγινε", "yes", "yep", "yeah", "nope",
    "okay", "done", "thanks", "thx", "fixed", "agreed", "sure", "works", "confirmed", "correct",
    "+1", "-1", "n/a", "lgtm", "ack", "nack", "maybe", "never", "always", "both", "none", "neither",
    "merged", "closed", "jes", "hecho", "listo", "gracias", "vale", "jah", "ei", "tehtud", "tänan",
    "aitäh", "bai", "ez", "eskerrik asko", "بله", "خیر", "نه", "kyllä", "joo", "en", "valmis",
    "kiitos", "oui", "non", "merci", "fait", "d'accord", "exact", "si", "feito", "grazas", "כן",
    "לא", "תודה", "बिल्कुल", "हाँ", "हां", "नहीं", "धन्यवाद", "da", "gotovo", "hvala", "igen",
    "nem", "kész", "köszönöm", "köszi", "այո", "ոչ", "ya", "tidak", "sudah", "selesai", "já",
    "nei", "takk", "sì", "fatto", "grazie", "va bene", "certo", "はい", "いいえ", "了解",
    "了解です", "できました", "ありがとう", "ありがとうございます", "კი", "არა", "иә", "жоқ",
    "рахмет", "네", "예", "아니요", "아니오", "확인", "감사합니다", "taip", "ačiū", "atlikta", "jā",
    "nē", "paldies", "gatavs", "nee", "klopt", "bedankt", "gedaan", "dank", "jau", "nie", "gotowe",
    "dzięki", "zgoda", "sim", "não", "feito", "obrigado", "obrigada", "nu", "gata", "mulțumesc",
    "нет", "ага", "спасибо", "сделано", "хорошо", "áno", "ďakujem", "vďaka",
    "faleminderit", "хвала", "nej", "klart", "tack", "ใช่", "ไม่", "ไม่ใช่", "ขอบคุณ", "evet",
    "hayır", "tamam", "teşekkürler", "ні", "дякую", "гаразд", "зроблено", "có", "không", "rồi",
    "vâng", "cảm ơn", "是", "是的", "不是", "不", "没有", "沒有", "有", "好", "好的", "对", "對",
    "可以", "不行", "收到", "谢谢", "謝謝", "已修复", "同意", NULL};
/* clang-format on */

bool
short_answer_is(const char *text, gsize length)
{
    char first[6];

    while (length > 0 && (text[length - 1] == ' ' || strchr(".,!;:", text[length - 1]) != NULL))
        length--;
    if (length == 0)
        return false;
    gsize small = (gsize)g_unichar_to_utf8(g_unichar_tolower(g_utf8_get_char(text)), first);
    gsize letter = (gsize)(g_utf8_next_char(text) - text);
    for (const char *const *answer = answers; *answer != NULL; answer++) {
        if (**answer == *first && strlen(*answer) == small + length - letter &&
            memcmp(*answer, first, small) == 0 &&
            memcmp(*answer + small, text + letter, length - letter) == 0)
            return true;
    }
    return false;
}
