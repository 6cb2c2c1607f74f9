#!/usr/bin/env python3
"""Answers a notification as a mail client would, and hands the answer to an SMTP server.

  reply.py --as gmail|outlook --from ADDRESS --text TEXT --port PORT [--forge] NOTIFICATION.eml

The answer goes to the notification's Reply-To; --forge changes one digit of its signature.
"""
import argparse
import email
import email.message
import email.policy
import email.utils
import html
import re
import smtplib


def gmail(mail, args, original, quoted):
    """Top-posted, attribution on one line, quoted with >, HTML beside it."""
    when = "On Mon, Nov 24, 2026 at 9:12 PM"
    author = original["From"].replace('"', "")
    quote = "\n".join("> " + line if line else ">" for line in quoted)
    mail.set_content(f"{args.text}\n\n{when} {author} wrote:\n\n{quote}\n", cte="7bit")
    mail.add_alternative(
        f'<div dir="ltr">{html.escape(args.text)}</div><br><div class="gmail_quote">'
        f'<div dir="ltr" class="gmail_attr">{when} {html.escape(author)} wrote:<br></div>'
        f'<blockquote class="gmail_quote">{"<br>".join(map(html.escape, quoted))}</blockquote></div>',
        subtype="html", cte="quoted-printable")


def outlook(mail, args, original, quoted):
    """Top-posted above a header block, the quote without any mark, in windows-1252."""
    block = [f"From: {original['From']}", "Sent: Monday, November 24, 2026 9:12 PM", f"To: {original['To']}",
             f"Subject: {original['Subject']}", ""]
    mail.set_content("\n".join([args.text, "", "________________________________", *block, *quoted, ""]),
                     charset="windows-1252", cte="quoted-printable")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--as", dest="client", choices=("gmail", "outlook"), required=True)
    parser.add_argument("--from", dest="sender", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--forge", action="store_true")
    parser.add_argument("notification")
    args = parser.parse_args()
    with open(args.notification, "rb") as f:
        original = email.message_from_binary_file(f, policy=email.policy.default)
    to = email.utils.parseaddr(original["Reply-To"])[1]
    if args.forge:
        mac = re.search("[0-9a-f]{40}", to).group(0)
        to = to.replace(mac, mac[:-1] + ("0" if mac[-1] != "0" else "1"))
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["From"] = args.sender
    mail["To"] = to
    mail["Subject"] = "Re: " + original["Subject"].removeprefix("Re: ")
    mail["Date"] = email.utils.formatdate(localtime=True)
    mail["Message-ID"] = email.utils.make_msgid(domain=args.sender.split("@")[1].rstrip(">"))
    mail["In-Reply-To"] = original["Message-ID"]
    mail["References"] = " ".join(filter(None, [original["References"], original["Message-ID"]]))
    quoted = original.get_body(("plain",)).get_content().rstrip().split("\n")
    (gmail if args.client == "gmail" else outlook)(mail, args, original, quoted)
    with smtplib.SMTP("127.0.0.1", args.port, timeout=20) as server:
        server.send_message(mail, email.utils.parseaddr(args.sender)[1], [to])


main()
