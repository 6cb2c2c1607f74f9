#!/usr/bin/env python3
"""From the octets of a mail to the text a person wrote: charsets, flowed text, parts, deception."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, check, contains, equal, main, test  # noqa: E402

HEAD = b"From: tim@example.org\r\nTo: %s\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def mail(body, type="text/plain; charset=utf-8", encoding="8bit", to=b"x@example.org"):
    return HEAD % to + f"Content-Type: {type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def parts(kind, *pieces, boundary="b1"):
    """A multipart of (headers, body) pieces."""
    line = b"--" + boundary.encode()
    inside = b"".join(line + b"\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in pieces)
    return HEAD % b"x@example.org" + f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode() + inside + line + b"--\r\n"


def extract(site, octets):
    path = os.path.join(site.dir, "mail")
    with open(path, "wb") as file:
        file.write(octets)
    answer = json.loads(site.run(METROPLEX, "extract", "--json", path, data=False).stdout)
    shown = site.run(METROPLEX, "extract", path, data=False).stdout
    equal(shown, answer["reply"] + "\n", "extract without --json")
    return answer


def explain(site, octets):
    path = os.path.join(site.dir, "mail")
    with open(path, "wb") as file:
        file.write(octets)
    return site.metroplex("explain", path)


@test
def flowed_text_is_joined_and_its_quotes_found(site):
    body = b"This is one line that \r\nwas broken softly.\r\n\r\nOn 4 Feb 2025, Ada wrote:\r\n> and so \r\n> was this.\r\n-- \r\nTim\r\n"
    answer = extract(site, mail(body, "text/plain; charset=us-ascii; format=flowed", "7bit"))
    equal(answer["reply"], "This is one line that was broken softly.", "flowed")
    contains(answer["elided"], "> and so was this.")
    body = "これは長い行 \r\nです。\r\n \r\nFrom は行頭です。\r\n".encode()
    answer = extract(site, mail(body, "text/plain; charset=utf-8; format=flowed; delsp=yes"))
    equal(answer["reply"], "これは長い行です。\n\nFrom は行頭です。", "DelSp")
    answer = extract(site, mail(b"One \r\ntwo.\r\n", "text/plain; charset=utf-8"))
    equal(answer["reply"], "One \ntwo.", "not flowed")


@test
def charsets_are_read_as_declared(site):
    text = {"iso-8859-1": "Grüße", "iso-8859-15": "5 €", "windows-1252": "“quoted”", "windows-1251": "Привет", "koi8-r": "Привет",
            "iso-8859-2": "Łódź", "iso-2022-jp": "直りました", "shift_jis": "直りました", "euc-jp": "直りました", "gb2312": "修好了",
            "gbk": "修好了", "big5": "修好了", "euc-kr": "고쳤습니다", "utf-16": "Grüße", "iso-8859-9": "Düzeldi", "windows-1255": "שלום"}
    for charset, word in text.items():
        encoding = "base64" if charset == "utf-16" else "8bit"
        octets = word.encode(charset)
        if encoding == "base64":
            import base64
            octets = base64.b64encode(octets)
        equal(extract(site, mail(octets + b"\r\n", f"text/plain; charset={charset}", encoding))["reply"], word, charset)


@test
def wrong_charsets_are_repaired_and_explained(site):
    user = site.user("tim")
    check(user, "an account")
    to = site.address(site.thread("tim"), "tim").encode()
    for type, octets, word, note in (
            ("text/plain; charset=utf-8", "Grüße, schön".encode("latin-1"), "Grüße, schön", "charset utf-8 read as windows-1252"),
            ("text/plain; charset=us-ascii", "Grüße".encode(), "Grüße", "charset us-ascii read as utf-8"),
            ("text/plain; charset=x-nonsense", "Grüße".encode(), "Grüße", "charset x-nonsense read as utf-8"),
            ("text/plain", "“so”".encode("windows-1252"), "“so”", "charset us-ascii read as windows-1252"),
            ("text/plain; charset=iso-8859-1", "5 €".encode("windows-1252"), "5 €", None)):
        octets = mail(octets + b"\r\n", type, to=to)
        equal(extract(site, octets)["reply"], word, type)
        told = explain(site, octets)
        contains(told, f"+ kept                 | {word}")
        if note:
            contains(told, "repaired     " + note)
        else:
            check("repaired" not in told, told)


@test
def what_deceives_the_eye_is_shown_or_gone(site):
    body = "pass\u200bword \u202etxt.exe\u202c \u2066x\u2069\x07\x00\x1b[31m red\u2028end\ufeff\r\n".encode()
    equal(extract(site, mail(body))["reply"], "password \\u{202E}txt.exe\\u{202C} \\u{2066}x\\u{2069}[31m red end", "plain")
    html = "<p>a \u202egpj.exe\u200b b&#8238;c&#0;&#7;</p>".encode()
    answer = extract(site, mail(html, "text/html; charset=utf-8"))
    contains(answer["reply"], "a \\u{202E}gpj.exe b\\u{202E}c")
    check("\x07" not in answer["reply"], answer["reply"])


@test
def characters_are_not_normalised(site):
    for word in ("cafe\u0301", "caf\u00e9", "\u212b", "ｆｕｌｌ", "👩\u200d💻"):
        equal(extract(site, mail(word.encode() + b"\r\n"))["reply"], word, ascii(word))


@test
def line_ends_of_any_kind_are_lines(site):
    for end in (b"\r\n", b"\n", b"\r"):
        octets = mail(b"One.\r\n\r\n> q\r\n").replace(b"\r\n", end)
        equal(extract(site, octets)["reply"], "One.", repr(end))


@test
def of_alternatives_the_plain_one_is_read_unless_it_is_a_stub(site):
    html = ("Content-Type: text/html; charset=utf-8", b"<p>It <b>works</b>.</p>")
    for plain, reply, part in ((b"It works.", "It works.", "plain"), (b"", "It **works**.", "html"), (b" \r\n", "It **works**.", "html"),
                               (b"Your mail client does not support HTML.", "It **works**.", "html")):
        answer = extract(site, parts("alternative", ("Content-Type: text/plain; charset=utf-8", plain), html))
        equal((answer["reply"], answer["part"]), (reply, part), plain)


@test
def signed_mails_are_unwrapped(site):
    site.user("tim")
    to = site.address(site.thread("tim"), "tim").encode()
    for protocol in ("pgp-signature", "pkcs7-signature"):
        octets = parts(f"signed; protocol=\"application/{protocol}\"; micalg=x", ("Content-Type: text/plain; charset=utf-8", b"It works.\r\n\r\n> q"),
                       (f"Content-Type: application/{protocol}; name=signature", b"-----BEGIN SIGNATURE-----"))
        equal(extract(site, octets)["reply"], "It works.", protocol)
        check("attachment" not in explain(site, octets.replace(b"x@example.org", to)), protocol)


@test
def a_message_within_is_not_the_reply(site):
    octets = parts("mixed", ("Content-Type: text/plain", b"See the mail attached."),
                   ("Content-Type: message/rfc822", b"From: ada@example.org\r\nSubject: old\r\n\r\nI wrote this."))
    equal(extract(site, octets)["reply"], "See the mail attached.", "reply")


@test
def tnef_is_named_as_unreadable(site):
    site.user("tim")
    thread = site.thread("tim")
    octets = parts("mixed", ("Content-Type: text/plain", b"See the file."), ("Content-Type: application/ms-tnef; name=winmail.dat", b"xx"))
    site.deliver(octets.replace(b"x@example.org", site.address(thread, "tim").encode()))
    site.metroplex("--once")
    contains(site.show(thread)["comments"][-1]["body"], "Not stored: winmail.dat (2 bytes): a TNEF container, which only Outlook reads")


main()
