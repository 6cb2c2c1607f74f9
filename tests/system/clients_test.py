#!/usr/bin/env python3
"""There and back: a notification, answered by programs that people have, through a real Postfix. Needs root, or a user
namespace with several ids."""
import os
import re
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import TESTS, check, check_names, enter_namespace, equal, leave_out, main, wait_until  # noqa: E402
from postfix import can_run, with_postfix  # noqa: E402
from terminal import Terminal  # noqa: E402

WROTE = "It is the fuse. Replace it,\nand try again."


def told(site):
    """The notification of an opened thread, as kate has it: its thread and its file in a Maildir of hers."""
    site.set_config("smtp", transport="maildir", maildir=f"{site.data}/sent")
    site.metroplex("thread", "subscribe", str(thread := site.thread("tim", body="It does not start.\n\n- fuel: full\n")), "kate")
    site.notifier("--once")
    (name,) = [n for n in site.listed("sent/new") if b"X-GitHub-Recipient: kate" in open(f"{site.data}/sent/new/{n}", "rb").read()]
    inbox = os.path.join(site.dir, "mail/inbox")
    for folder in ("new", "cur", "tmp"):
        os.makedirs(os.path.join(inbox, folder))
    path = os.path.join(inbox, "new", "1.1.mx")
    with open(f"{site.data}/sent/new/{name}", "rb") as source, open(path, "wb") as target:
        target.write(re.sub(rb"\A(?:(?:Return-Path|Delivered-To): .*\r?\n)+", b"", source.read()).replace(b"\r\n", b"\n"))
    return thread, path


def expect_comment(site, thread):
    """What kate wrote, and nothing of what her program put around it."""
    wait_until(lambda: site.new)
    site.metroplex("--once")
    comments = site.show(thread)["comments"]
    equal([(c["author"], c["body"].strip()) for c in comments], [("kate", WROTE)], str(site.outcomes()))


def field(path, name):
    """A field of a mail on one line."""
    with open(path) as file:
        head = re.sub(r"\n[ \t]+", " ", file.read().split("\n\n")[0])
    return re.search(rf"^{name}: (.*)$", head, re.M).group(1)


def reply_address(path):
    return re.search("<(.*)>", field(path, "Reply-To")).group(1)


def msmtp(postfix):
    return ["msmtp", "--host=127.0.0.1", f"--port={postfix.port}", "--tls=off", "--auth=off", "--file=/dev/null"]


def script(site, name, text):
    path = os.path.join(site.dir, name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, stat.S_IRWXU)
    return path


@with_postfix
def swaks_answers(site, postfix):
    thread, path = told(site)
    subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(postfix.port), "--helo", "client.example", "--from", "kate@example.org",
                    "--to", reply_address(path), "--header", f"Subject: Re: {field(path, 'Subject')}",
                    "--header", f"In-Reply-To: {field(path, 'Message-ID')}", "--body", WROTE, "--silent", "3"], check=True, timeout=60)
    expect_comment(site, thread)


@with_postfix
def msmtp_answers(site, postfix):
    thread, path = told(site)
    mail = (f"From: Kate <kate@example.org>\nTo: {field(path, 'Reply-To')}\nSubject: Re: {field(path, 'Subject')}\n"
            f"In-Reply-To: {field(path, 'Message-ID')}\n\n{WROTE}\n")
    subprocess.run([*msmtp(postfix), "--from=kate@example.org", "-t"], input=mail, text=True, check=True, timeout=60)
    expect_comment(site, thread)


@with_postfix
def notmuch_answers(site, postfix):
    """By what `notmuch reply` proposes: the fields, and the notification quoted."""
    thread, path = told(site)
    config = os.path.join(site.dir, "notmuch-config")
    with open(config, "w") as file:
        file.write(f"[database]\npath={site.dir}/mail\n[user]\nname=Kate\nprimary_email=kate@example.org\n[new]\ntags=inbox\n")
    env = dict(os.environ, NOTMUCH_CONFIG=config, HOME=site.dir)
    subprocess.run(["notmuch", "new", "--quiet"], env=env, check=True, timeout=60)
    proposed = subprocess.run(["notmuch", "reply", "--reply-to=sender", "*"], env=env, check=True, timeout=60, capture_output=True, text=True).stdout
    head, quote = proposed.split("\n\n", 1)
    check("> It does not start." in quote, proposed)
    subprocess.run([*msmtp(postfix), "--from=kate@example.org", "-t"], input=f"{head}\n\n{WROTE}\n\n{quote}", text=True, check=True, timeout=60)
    expect_comment(site, thread)


@with_postfix
def mutt_answers(site, postfix):
    thread, path = told(site)
    # mutt sees by another time of the file, in seconds, whether somebody wrote: a person takes longer than one
    editor = script(site, "editor", f"#!/bin/sh\n{{ printf '%s\\n\\n' '{WROTE}'; cat \"$1\"; }} >\"$1.new\" && touch -d '1 minute ago' \"$1.new\" && mv \"$1.new\" \"$1\"\n")
    rc = script(site, "muttrc", f"set mbox_type=Maildir\nset folder={site.dir}/mail\nset record=\nset from=kate@example.org\nset realname=Kate\n"
                f"set sendmail='{' '.join(msmtp(postfix))}'\nset use_envelope_from=yes\nset sendmail_wait=0\nset editor={editor}\nset fast_reply=yes\nset include=yes\n"
                "set edit_headers=no\nset reply_to=yes\nset wait_key=no\nset mail_check=0\nset postpone=no\nset metoo=no\n")
    mutt = Terminal("/usr/bin/mutt", "-n", "-F", rc, "-f", os.path.join(site.dir, "mail/inbox"), HOME=site.dir)
    mutt.until("Rocket")
    mutt.type("r")
    mutt.until("y:Send")
    mutt.type("y")
    mutt.until("Mail sent.")
    mutt.type("x")
    mutt.end()
    expect_comment(site, thread)


if __name__ == "__main__":
    check_names()
    enter_namespace()
    if not can_run():
        leave_out("a Postfix of one's own needs root, or a user namespace with several ids (package uidmap)", len(TESTS))
    main()
