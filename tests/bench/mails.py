"""Replies as people's programs write them, the same ones each time: about five kilobytes each."""
import email.message
import email.utils
import os
import random

HOST = "git.example.org"
WORDS = """the rocket does not start when it rains and we should look at the valve of stage three again I think
that a patch in pump.c breaks older builds because its tests expect fuel first réservoir naïve Größe who can try
on their own machine before Friday please see log below otherwise everything looks fine to me thanks""".split()


def sentence(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randint(6, 16))]
    return " ".join(words).capitalize() + "."


def paragraph(rng, sentences):
    return " ".join(sentence(rng) for _ in range(sentences))


def wrapped(text, width=72, prefix=""):
    lines, line = [], prefix
    for word in text.split():
        if len(line) + len(word) + 1 > width and line != prefix:
            lines.append(line.rstrip())
            line = prefix
        line += word + " "
    return "\n".join([*lines, line.rstrip()])


def reply_text(rng):
    paragraphs = [wrapped(paragraph(rng, 3)) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.2:
        paragraphs.append("    int valve = open(\"/dev/pump\", O_RDWR);\n    if (valve < 0)\n        return -1;")
    return "\n\n".join(paragraphs)


def quoted(rng, prefix="> "):
    return f"\n{prefix.rstrip()}\n".join(wrapped(paragraph(rng, 3), prefix=prefix) for _ in range(4))


def html_of(text):
    return "".join(f"<div>{p.replace('<', '&lt;')}</div><div><br></div>" for p in text.split("\n\n"))


def gmail(rng, message):
    text, quote = reply_text(rng), quoted(rng)
    line = "On Mon, 3 Nov 2014 at 10:12, User 1 <noreply@git.example.org> wrote:"
    message.set_content(f"{text}\n\n{line}\n\n{quote}\n", cte="quoted-printable")
    message.add_alternative(f'<div dir="ltr">{html_of(text)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{line}<br></div>'
                            f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">{html_of(quote.replace("> ", ""))}</blockquote></div>',
                            subtype="html", cte="quoted-printable")


def thunderbird(rng, message):
    message.set_content(f"Am 03.11.14 um 10:12 schrieb User 1:\n{quoted(rng)}\n\n{reply_text(rng)}\n\n{quoted(rng)}\n\n{reply_text(rng)}\n\n-- \nUser\nAcme Rockets\n",
                        cte="8bit")


def outlook(rng, message):
    text, quote = reply_text(rng), quoted(rng, "")
    block = f"________________________________\nFrom: User 1 <noreply@{HOST}>\nSent: Monday, November 3, 2014 10:12 AM\nTo: acme/rocket\nSubject: Re: [acme/rocket] Rocket"
    message.set_content(f"{text}\n\nUser\nAcme Rockets Ltd\n\n{block}\n\n{quote}\n", cte="base64")
    message.add_alternative(f'<html><head><style>p.MsoNormal {{margin:0cm}}</style></head><body><div class="WordSection1">{html_of(text)}'
                            f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> User 1<br><b>Sent:</b> Monday</p></div>'
                            f"{html_of(quote)}</div></body></html>", subtype="html", cte="base64")


def phone(rng, message):
    message.set_content(f"{reply_text(rng)}\n\nSent from my iPhone\n\n> On 3 Nov 2014, at 10:12, User 1 <noreply@{HOST}> wrote:\n> \n{quoted(rng)}\n", cte="quoted-printable")


def list_reader(rng, message):
    message.set_content(f"On Mon, Nov 03, 2014 at 10:12:33AM +0000, User 1 with a rather long name\n<noreply@{HOST}> wrote:\n{quoted(rng)}\n\n{reply_text(rng)}\n",
                        cte="8bit")


CLIENTS = (gmail, gmail, outlook, phone, thunderbird, list_reader)


def trace(rng, sender, to):
    """What the way here puts on top of a mail."""
    key = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") for _ in range(340))
    signature = "\n        ".join(key[i:i + 60] for i in range(0, len(key), 60))
    return (f"Return-Path: <{sender}>\nX-Original-To: {to}\nDelivered-To: {to}\n"
            f"Received: from mail.example.org (mail.example.org [192.0.2.7])\n\tby reply.{HOST} (Postfix) with ESMTPS id 4C0FFEE\n\tfor <{to}>; Mon,  3 Nov 2014 10:15:00 +0000 (UTC)\n"
            f"Received: by mail.example.org with SMTP id k7so1234567wrv.12\n        for <{to}>;\n        Mon, 03 Nov 2014 10:14:58 +0000 (UTC)\n"
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=20140101;\n        h=to:subject:message-id:date:from:in-reply-to:references:mime-version;\n"
            f"        bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n        b={signature}\n")


def mail(n, thread, sender, to):
    """The octets of mail number n."""
    rng = random.Random(n)
    message = email.message.EmailMessage()
    message["MIME-Version"] = "1.0"
    message["References"] = message["In-Reply-To"] = f"<acme/rocket/issues/{thread}@{HOST}>"
    message["From"] = sender
    message["To"] = to
    message["Subject"] = f"Re: [acme/rocket] Rocket {thread} does not start (Issue #{thread})"
    message["Date"] = email.utils.formatdate(1700000000 + n)
    message["Message-ID"] = f"<bench.{n}@mail.example.org>"
    rng.choice(CLIENTS)(rng, message)
    return trace(rng, sender, to).encode() + bytes(message)


def write(directory, count, addresses):
    """`count` mails into a directory; addresses: (thread, user, address), taken in turn."""
    octets = 0
    for n in range(count):
        thread, user, address = addresses[n * 7 % len(addresses)]
        text = mail(n, thread, f"user{user}@example.org", address)
        with open(os.path.join(directory, f"{1700000000 + n}.V1I{n:x}M{n % 1000000:06d}.mx"), "wb") as f:
            f.write(text)
        octets += len(text)
    return octets
