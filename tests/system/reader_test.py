#!/usr/bin/env python3
"""Mail as its readers want it: their language, text alone, what they muted and are called back to."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, check, contains, equal, main, test  # noqa: E402

KATE = "kate@example.org"


def conversation(site):
    """tim's thread, which kate follows."""
    for login in ("tim", "kate"):
        site.user(login)
    thread = site.thread("tim")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    site.notifier("--once")
    return thread


def say(site, thread, text, login="tim"):
    site.metroplex("thread", "comment", str(thread), "--as", login, stdin=text)


def mails_to(site, address=KATE):
    return [m for m in site.sent() if m["Delivered-To"] == address]


def body(mail):
    part = mail.get_body(("plain",))
    return part.get_content().replace("\r\n", "\n")


@test
def somebody_reads_french_and_no_html(site):
    thread = conversation(site)
    equal(site.metroplex("user", "set", "kate", "--language", "fr", "--format", "text"), "kate: changed\n")
    equal(site.metroplex("user", "set", "kate", "--format", "text"), "kate: nothing to change\n")
    shown = json.loads(site.metroplex("user", "show", "kate", "--json"))
    equal((shown["language"], shown["format"]), ("fr", "text"))
    contains(site.git("show", "HEAD:users/00/00/00/02", repository="accounts.git"), "format=text\n")
    say(site, thread, "It *works*.\n")
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    site.notifier("--once")
    comment, closed = mails_to(site)[-2:]
    for mail in (comment, closed):
        equal(mail.get_content_type(), "text/plain")
        contains(mail["Subject"], "Re: [acme/rocket]")
        equal(mail["X-GitHub-Reason"], "manual")
        contains(body(mail), "Vous recevez ce message parce que vous suivez cette discussion.\nPour ne plus rien recevoir : ")
    check(body(comment).startswith("It *works*.\n"), body(comment))
    check(body(closed).startswith(f"#{thread} a été fermé.\n"), body(closed))
    # an answer to a mail, too
    site.deliver(site.mail(KATE, site.address(thread, "kate"), "> It says no.\n"))
    site.metroplex("--once")
    site.notifier("--once")
    equal(mails_to(site)[-1].get_content_type(), "text/plain")
    contains(body(mails_to(site)[-1]), "Ceci est une réponse automatique")
    site.metroplex("user", "set", "kate", "--format", "both")
    check("format" not in site.git("show", "HEAD:users/00/00/00/02", repository="accounts.git"), "it is what is so at first")
    equal(site.run(METROPLEX, "user", "set", "kate", "--format", "html", status=64).returncode, 64)


if __name__ == "__main__":
    main()
