#!/usr/bin/env python3
"""Replies of many clients in many languages: what the person wrote is what is left.

24 clients, 28 languages, plain text, HTML and both, with the text that was sent known and not, and
seven ways to answer: 28,224 mails, made here from the forms that the clients write. `make check` takes
every eighth; MATRIX=all takes all.
"""
import html
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, check_names, conclude  # noqa: E402

STRIDE = 1 if os.environ.get("MATRIX") == "all" else 8
FEWEST = 15000

NAME, ADDRESS, SUBJECT = "Grace Sample", "reply@git.example.org", "[acme/rocket] The index is read twice (Issue #4)"
PARAGRAPHS = ["The index is read twice when the cache is cold, as the trace shows.",
              "1. Which version is it?\n2. Is the disk a slow one?",
              "I would like to read it once, before the cache is filled. Any objection?"]
FOOTER = ["Reply to this email directly or view it on git.example.org:", "https://git.example.org/acme/rocket/issues/4",
          "You are receiving this because you commented."]
SENT = {"text": "\n\n".join(PARAGRAPHS) + "\n\n-- \n" + "\n".join(FOOTER) + "\n\nMessage ID: <acme/rocket/issues/4@git.example.org>\n",
        "from_name": NAME, "from_addr": ADDRESS, "subject": SUBJECT}

# code: the answer, what Gmail, Apple's programs and Thunderbird write above a quote, the labels of
# Outlook's block (from, sent, to, subject), the date in it, the signature of a telephone
LANGUAGES = {
    "en": ("It works here, thank you.", "On Thu, Nov 26, 2026 at 11:03 AM {n} <{a}> wrote:", "On 26 Nov 2026, at 11:03, {n} <{a}> wrote:", "On 26/11/2026 11:03, {n} wrote:", "From|Sent|To|Subject", "Thursday, November 26, 2026 11:03 AM", "Sent from my iPhone"),
    "de": ("Bei mir geht es, danke.", "Am Do., 26. Nov. 2026 um 11:03 Uhr schrieb {n} <{a}>:", "Am 26.11.2026 um 11:03 schrieb {n} <{a}>:", "Am 26.11.26 um 11:03 schrieb {n}:", "Von|Gesendet|An|Betreff", "Donnerstag, 26. November 2026 11:03", "Von meinem iPhone gesendet"),
    "fr": ("Ça marche chez moi, merci.", "Le jeu. 26 nov. 2026 à 11:03, {n} <{a}> a écrit :", "Le 26 nov. 2026 à 11:03, {n} <{a}> a écrit :", "Le 26/11/2026 à 11:03, {n} a écrit :", "De|Envoyé|À|Objet", "jeudi 26 novembre 2026 11:03", "Envoyé de mon iPhone"),
    "es": ("Aquí funciona, gracias.", "El jue, 26 nov 2026 a las 11:03, {n} (<{a}>) escribió:", "El 26 nov 2026, a las 11:03, {n} <{a}> escribió:", "El 26/11/2026 a las 11:03, {n} escribió:", "De|Enviado|Para|Asunto", "jueves, 26 de noviembre de 2026 11:03", "Enviado desde mi iPhone"),
    "pt": ("Aqui funciona, obrigado.", "Em qui., 26 de nov. de 2026 às 11:03, {n} <{a}> escreveu:", "Em 26 de nov. de 2026, à(s) 11:03, {n} <{a}> escreveu:", "Em 26/11/2026 11:03, {n} escreveu:", "De|Enviado|Para|Assunto", "quinta-feira, 26 de novembro de 2026 11:03", "Enviado do meu iPhone"),
    "it": ("Da me funziona, grazie.", "Il giorno gio 26 nov 2026 alle ore 11:03 {n} <{a}> ha scritto:", "Il giorno 26 nov 2026, alle ore 11:03, {n} <{a}> ha scritto:", "Il 26/11/2026 11:03, {n} ha scritto:", "Da|Inviato|A|Oggetto", "giovedì 26 novembre 2026 11:03", "Inviato da iPhone"),
    "nl": ("Hier werkt het, bedankt.", "Op do 26 nov 2026 om 11:03 schreef {n} <{a}>:", "Op 26 nov 2026, om 11:03 heeft {n} <{a}> het volgende geschreven:", "Op 26-11-2026 om 11:03 schreef {n}:", "Van|Verzonden|Aan|Onderwerp", "donderdag 26 november 2026 11:03", "Verstuurd vanaf mijn iPhone"),
    "da": ("Det virker her, tak.", "Den tors. 26. nov. 2026 kl. 11.03 skrev {n} <{a}>:", "Den 26. nov. 2026 kl. 11.03 skrev {n} <{a}>:", "Den 26.11.2026 kl. 11.03 skrev {n}:", "Fra|Sendt|Til|Emne", "26. november 2026 11:03", "Sendt fra min iPhone"),
    "nb": ("Det virker her, takk.", "tor. 26. nov. 2026 kl. 11:03 skrev {n} <{a}>:", "26. nov. 2026 kl. 11:03 skrev {n} <{a}>:", "Den 26.11.2026 11:03, skrev {n}:", "Fra|Sendt|Til|Emne", "torsdag 26. november 2026 11:03", "Sendt fra min iPhone"),
    "sv": ("Det fungerar här, tack.", "Den tors 26 nov. 2026 kl 11:03 skrev {n} <{a}>:", "26 nov. 2026 kl. 11:03 skrev {n} <{a}>:", "Den 2026-11-26 kl. 11:03, skrev {n}:", "Från|Skickat|Till|Ämne", "den 26 november 2026 11:03", "Skickat från min iPhone"),
    "fi": ("Täällä toimii, kiitos.", "to 26.11.2026 klo 11.03 {n} ({a}) kirjoitti:", "{n} <{a}> kirjoitti 26.11.2026 kello 11.03:", "{n} kirjoitti 26.11.2026 klo 11.03:", "Lähettäjä|Lähetetty|Vastaanottaja|Aihe", "torstai 26. marraskuuta 2026 11.03", "Lähetetty iPhonesta"),
    "pl": ("U mnie działa, dziękuję.", "czw., 26 lis 2026 o 11:03 {n} <{a}> napisał(a):", "Wiadomość napisana przez {n} <{a}> w dniu 26 lis 2026, o godz. 11:03:", "W dniu 26.11.2026 o 11:03, {n} pisze:", "Od|Wysłano|Do|Temat", "czwartek, 26 listopada 2026 11:03", "Wysłane z iPhone'a"),
    "cs": ("U mě to funguje, děkuji.", "čt 26. 11. 2026 v 11:03 odesílatel {n} <{a}> napsal:", "26. 11. 2026 v 11:03, {n} <{a}>:", "Dne 26. 11. 26 v 11:03 {n} napsal(a):", "Od|Odesláno|Komu|Předmět", "čtvrtek 26. listopadu 2026 11:03", "Odesláno z iPhonu"),
    "sk": ("U mňa to funguje, vďaka.", "št 26. 11. 2026 o 11:03 {n} <{a}> napísal(a):", "Dňa 26. 11. 2026 o 11:03, {n} <{a}> napísal:", "Dňa 26. 11. 2026 o 11:03 {n} napísal(a):", "Od|Odoslané|Komu|Predmet", "štvrtok 26. novembra 2026 11:03", "Odoslané z iPhonu"),
    "hu": ("Nálam működik, köszönöm.", "{n} <{a}> ezt írta (időpont: 2026. nov. 26., Cs, 11:03):", "{n} <{a}> írta (2026. nov. 26. dátummal, 11:03 időpontban):", "2026. 11. 26. 11:03 keltezéssel, {n} írta:", "Feladó|Elküldve|Címzett|Tárgy", "2026. november 26., csütörtök 11:03", "Az iPhone készülékemről küldve"),
    "ro": ("La mine merge, mulțumesc.", "În joi, 26 nov. 2026 la 11:03, {n} <{a}> a scris:", "Pe 26 nov. 2026, la 11:03, {n} <{a}> a scris:", "Pe 26.11.2026 11:03, {n} a scris:", "De la|Trimis|Către|Subiect", "joi, 26 noiembrie 2026 11:03", "Trimis de pe iPhone"),
    "el": ("Εδώ λειτουργεί, ευχαριστώ.", "Στις Πέμ, 26 Νοε 2026 στις 11:03 π.μ., ο/η {n} <{a}> έγραψε:", "Στις 26 Νοε 2026, στις 11:03, ο χρήστης {n} <{a}> έγραψε:", "Στις 26/11/2026 11:03 π.μ., ο/η {n} έγραψε:", "Από|Στάλθηκε|Προς|Θέμα", "Πέμπτη, 26 Νοεμβρίου 2026 11:03", "Στάλθηκε από το iPhone μου"),
    "ru": ("У меня работает, спасибо.", "чт, 26 нояб. 2026 г. в 11:03, {n} <{a}>:", "26 нояб. 2026 г., в 11:03, {n} <{a}> написал(а):", "26.11.2026 11:03, {n} пишет:", "От|Отправлено|Кому|Тема", "четверг, 26 ноября 2026 г. 11:03", "Отправлено с iPhone"),
    "uk": ("У мене працює, дякую.", "чт, 26 лист. 2026 р. о 11:03 {n} <{a}> пише:", "26 лист. 2026 р. о 11:03 {n} <{a}> написав(ла):", "26.11.26 11:03, {n} пише:", "Від|Надіслано|Кому|Тема", "четвер, 26 листопада 2026 р. 11:03", "Надіслано з iPhone"),
    "bg": ("При мен работи, благодаря.", "На чт, 26.11.2026 г. в 11:03 {n} <{a}> написа:", "На 26.11.2026 г., в 11:03, {n} <{a}> написа:", "На 26.11.26 г. в 11:03 ч., {n} написа:", "От|Изпратено|До|Относно", "26 ноември 2026 г. 11:03", "Изпратено от моя iPhone"),
    "hr": ("Kod mene radi, hvala.", "čet, 26. stu 2026. u 11:03 {n} <{a}> napisao je:", "{n} <{a}> je napisao 26. 11. 2026. u 11:03:", "{n} je napisao/la 26. 11. 2026. u 11:03:", "Šalje|Poslano|Prima|Predmet", "26. studenog 2026. 11:03", "Poslano s mog iPhonea"),
    "tr": ("Bende çalışıyor, teşekkürler.", "{n} <{a}>, 26 Kas 2026 Per, 11:03 tarihinde şunu yazdı:", "{n} <{a}> şunları yazdı (26 Kas 2026 11:03):", "26.11.2026 11:03 tarihinde {n} yazdı:", "Kimden|Gönderildi|Kime|Konu", "26 Kasım 2026 Perşembe 11:03", "iPhone'umdan gönderildi"),
    "ar": ("يعمل عندي، شكرا.", "في الخميس، 26 نوفمبر 2026 في 11:03 ص تمت كتابة ما يلي بواسطة ‪{n}‬‏ <{a}>:", "في 26 نوفمبر 2026، الساعة 11:03، كتب {n} <{a}>:", "في 26/11/2026 11:03، كتب {n}:", "من|تاريخ الإرسال|إلى|الموضوع", "26 نوفمبر 2026 11:03", "أرسلت من الـ iPhone"),
    "he": ("אצלי זה עובד, תודה.", "בתאריך יום ה׳, 26 בנוב׳ 2026 ב-11:03 מאת ‪{n}‬‏ <{a}>:", "ב-26 בנוב׳ 2026, בשעה 11:03, {n} <{a}> כתב/ה:", "בתאריך 26/11/2026 11:03, {n} כתב:", "מאת|נשלח|אל|נושא", "יום חמישי 26 נובמבר 2026 11:03", "נשלח מה-iPhone שלי"),
    "ja": ("こちらでは動きます。", "2026年11月26日(木) 11:03 {n} <{a}>:", "2026/11/26 11:03、{n} <{a}>のメール:", "On 2026/11/26 11:03, {n} wrote:", "差出人|送信日時|宛先|件名", "2026年11月26日 11:03", "iPhoneから送信"),
    "ko": ("여기서는 됩니다.", "2026년 11월 26일 (목) 오전 11:03, {n} <{a}>님이 작성:", "2026. 11. 26. 오전 11:03, {n} <{a}> 작성:", "2026-11-26 오전 11:03에 {n} 이(가) 쓴 글:", "보낸 사람|보낸 날짜|받는 사람|제목", "2026년 11월 26일 목요일 오전 11:03", "나의 iPhone에서 보냄"),
    "zh": ("我这里可以了。", "{n} <{a}> 于2026年11月26日周四 11:03写道：", "在 2026年11月26日，11:03，{n} <{a}> 写道：", "在 2026/11/26 11:03, {n} 写道:", "发件人|发送时间|收件人|主题", "2026年11月26日 11:03", "发自我的 iPhone"),
    "vi": ("Ở đây chạy được, cảm ơn.", "Vào Th 5, 26 thg 11, 2026 vào lúc 11:03 {n} <{a}> đã viết:", "Vào 26 thg 11, 2026, vào lúc 11:03, {n} <{a}> đã viết:", "Vào 26/11/2026 11:03, {n} đã viết:", "Từ|Đã gửi|Đến|Chủ đề", "26 Tháng Mười Một 2026 11:03", "Đã gửi từ iPhone của tôi"),
}

GMAIL, APPLE, THUNDERBIRD = 1, 2, 3

# name: what stands above the quote, whether it is marked with >, how the HTML marks it
CLIENTS = {
    "gmail": (GMAIL, True, '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{above}<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{quote}</blockquote></div>'),
    "gmail-app": (GMAIL, True, '<br><div class="gmail_quote"><div dir="ltr">{above}<br></div><blockquote class="gmail_quote">{quote}</blockquote></div>'),
    "apple-mail": (APPLE, True, '<div><br><blockquote type="cite"><div>{above}</div><br><div>{quote}</div></blockquote></div>'),
    "ios": (APPLE, True, '<div dir="ltr"><br><blockquote type="cite">{above}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">{quote}</div></blockquote>'),
    "thunderbird": (THUNDERBIRD, True, '<div class="moz-cite-prefix">{above}<br></div><blockquote type="cite" cite="mid:x@y">{quote}</blockquote>'),
    "k9": (GMAIL, True, '<br><br><div class="gmail_quote">{above}<blockquote class="gmail_quote">{quote}</blockquote></div>'),
    "fastmail": (GMAIL, True, '<div><br></div><div>{above}</div><blockquote type="cite" id="qt">{quote}</blockquote>'),
    "evolution": (GMAIL, True, '<div>{above}</div><blockquote type="cite" style="margin:0 0 0 .8ex; border-left:2px #729fcf solid">{quote}</blockquote>'),
    "kmail": (GMAIL, True, '<p>{above}</p><blockquote>{quote}</blockquote>'),
    "mutt": (THUNDERBIRD, True, '<p>{above}</p><blockquote>{quote}</blockquote>'),
    "roundcube": (THUNDERBIRD, True, '<p id="reply-intro">{above}</p><blockquote type="cite" style="padding: 0 0.4em">{quote}</blockquote>'),
    "horde": (GMAIL, True, '<p>{above}</p><blockquote type="cite" class="email-quote">{quote}</blockquote>'),
    "spark": (GMAIL, True, '<div name="messageReplySection">{above}<br><blockquote style="border-left-color: grey">{quote}</blockquote></div>'),
    "superhuman": (GMAIL, True, '<br><div class="gmail_quote sh-quoted-content"><div>{above}</div><blockquote class="gmail_quote">{quote}</blockquote></div>'),
    "proton": (APPLE, True, '<div class="protonmail_quote">{above}<br><br><blockquote class="protonmail_quote" type="cite">{quote}</blockquote></div>'),
    "tuta": (APPLE, True, '<div>{above}</div><blockquote class="tutanota_quote">{quote}</blockquote>'),
    "yahoo": (APPLE, False, '<div id="yahoo_quoted_1" class="yahoo_quoted"><div>{above}</div><div><br></div><div>{quote}</div></div>'),
    "outlook-desktop": ("block", False, '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{above}</p></div>{quote}'),
    "outlook-web": ("ruled", False, '<div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">{above}</div>{quote}'),
    "outlook-ios": ("ruled", False, '<hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">{above}</div>{quote}'),
    "outlook-new": ("block", False, '<div id="mail-editor-reference-message-container"><div style="border-top: 1pt solid rgb(181, 196, 223)">{above}</div>{quote}</div>'),
    "outlook-mac": ("block", False, '<span id="OLK_SRC_BODY_SECTION"><div style="border-top: #b5c4df 1pt solid">{above}</div>{quote}</span>'),
    "samsung": ("original", False, '<div>-------- Original message --------</div><div>{above}</div><div><br></div>{quote}'),
    "zimbra": ("block", False, '<hr id="zwchr"><blockquote style="border-left:2px solid #1010FF">{above}<br><br>{quote}</blockquote>'),
}

PLACES = ("above", "above, telephone", "above, signature", "below", "above, two paragraphs", "above, code", "above, close")
SIGNATURE = "Ada Example\nExample Ltd."


def above_of(client, language):
    """What stands above the quote, as lines."""
    form, row = CLIENTS[client][0], LANGUAGES[language]
    if isinstance(form, int):
        return [row[form].format(n=NAME, a=ADDRESS)]
    labels = row[4].split("|")
    values = (f"{NAME} <{ADDRESS}>", row[5], "acme/rocket", SUBJECT)
    gap = " :" if language == "fr" else ":"
    block = [f"{label}{gap} {value}" for label, value in zip(labels, values)]
    return {"block": [], "ruled": ["_" * 32], "original": ["-------- Original message --------"]}[form] + block


def answer_of(language, place):
    row = LANGUAGES[language]
    if place == "above, two paragraphs":
        return f"{row[0]}\n\n{row[0]}\nv2.1"
    if place == "above, code":
        return f"{row[0]}\n\n    rocket --index\n    exit 0"
    return row[0]


def below_answer(language, place):
    return {"above, telephone": LANGUAGES[language][6], "above, signature": "-- \n" + SIGNATURE}.get(place)


def plain(client, language, place):
    marked = CLIENTS[client][1]
    quoted = SENT["text"].rstrip("\n").split("\n")
    quoted = [("> " + line).rstrip() if marked else line for line in quoted]
    quote = "\n".join(above_of(client, language)) + "\n" + ("" if marked and client != "gmail" else "\n") + "\n".join(quoted)
    answer, below = answer_of(language, place), below_answer(language, place)
    if place == "below":
        return f"{quote}\n\n{answer}\n"
    between = "\n" if place == "above, close" else "\n\n"
    return between.join([answer] + ([below] if below else []) + [quote]) + "\n"


def divs(text):
    return "".join(f"<div>{html.escape(line, quote=False).replace('    ', '&nbsp; &nbsp; ') or '<br>'}</div>" for line in text.split("\n"))


def in_html(client, language, place):
    quote = "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in PARAGRAPHS)
    quote += "<p>-- <br>" + "<br>".join(FOOTER[::2]) + "<br>Message ID: &lt;acme/rocket/issues/4@git.example.org&gt;</p>"
    lines = [line for line in above_of(client, language) if not line.startswith(("___", "---"))]
    above = "<br>".join(html.escape(line, quote=False) for line in lines)
    quoted = CLIENTS[client][2].format(above=above, quote=quote)
    answer, below = divs(answer_of(language, place)), below_answer(language, place)
    if below and place == "above, signature":
        answer += f'<div class="gmail_signature">{divs(below.split(chr(10), 1)[1])}</div>'
    elif below:
        answer += "<div><br></div>" + divs(below)
    parts = (quoted, f"<div><br></div>{answer}") if place == "below" else (f"{answer}<div><br></div>", quoted)
    return f"<html><body>{''.join(parts)}</body></html>"


def both(client, language, place):
    head = f"From: Ada <ada@example.net>\nTo: acme/rocket <r@example.org>\nSubject: Re: {SUBJECT}\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=B\n"
    part = "\n--B\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
    return head + part.format(kind="plain", text=plain(client, language, place)) + part.format(kind="html", text=in_html(client, language, place)) + "--B--\n"


KINDS = {"text": plain, "html": in_html, "eml": both}


def requests():
    for client in CLIENTS:
        for language in LANGUAGES:
            for place in PLACES:
                for kind, make in KINDS.items():
                    for known in (True, False):
                        request = {"id": f"{client} {language} {kind} {place}{', sent known' if known else ''}", "kind": kind,
                                   "input": make(client, language, place)}
                        yield dict(request, sent=SENT) if known else request, answer_of(language, place)


def words(text):
    return " ".join(text.replace("\u00a0", " ").split())


KNOWN = [
    (("yahoo cs", "above, close,"), "right below the answer: no verb, no mark and no empty line; a log's line looks the same"),
]


def explained(name):
    """A failure that is known, and why it is one."""
    return any(all(part in f"{name}," for part in parts) for parts, _why in KNOWN)


def main():
    every = list(requests())
    taken = every[(len(every) // 3) % STRIDE::STRIDE]
    done = subprocess.run([METROPLEX, "extract", "--jsonl"], text=True, capture_output=True, encoding="utf-8", timeout=1200,
                          input="".join(json.dumps(request) + "\n" for request, _ in taken))
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    wrong = [(request["id"], answer.get("output", answer)) for (request, expected), answer in zip(taken, answers)
             if words(answer.get("output") or "") != words(expected)]
    unlisted = [(name, output) for name, output in wrong if not explained(name)]
    for name, output in unlisted[:40]:
        print(f"   {name}: {output!r}")
    good = len(answers) == len(taken) and not unlisted and len(every) >= FEWEST
    print(f"   {len(taken)} of {len(every)} mails, {len(wrong)} wrong, {len(unlisted)} of them not listed")
    print(f"{'ok' if good else 'not ok'} what_the_person_wrote_is_left_in_every_client_and_language")
    return conclude(int(good), int(not good))


if __name__ == "__main__":
    check_names()
    sys.exit(main())
