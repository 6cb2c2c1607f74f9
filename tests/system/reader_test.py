#!/usr/bin/env python3
"""Mail as its readers want it: their language, text alone, what they muted and are called back to."""
import json
import os
import re
import sys
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, check, contains, equal, main, test  # noqa: E402
from sending import later, queue  # noqa: E402

KATE = "kate@example.org"
REPORT = """Return-Path: <>
X-Original-To: {to}
Delivered-To: {to}
From: MAILER-DAEMON@example.org
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <report.{n}@example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It was not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; kate@example.org
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {id}

--b--
"""


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


def follows_in_batches(site, minutes=30):
    thread = conversation(site)
    equal(site.metroplex("user", "set", "kate", "--deliver", f"batch:{minutes}"), "kate: changed\n")
    return thread


def nothing_is_left(site):
    for queued in ("new", "retry", "hold", "failed", "tmp", "digests"):
        equal(site.listed(f"outbox/{queued}"), [], queued)
    equal(queue(site), [])


def fsck(site):
    return site.run(METROPLEX, "fsck").stdout


@test
def somebody_reads_french_and_no_html(site):
    thread = conversation(site)
    equal(site.metroplex("user", "set", "kate", "--language", "fr", "--format", "text"), "kate: changed\n")
    equal(site.metroplex("user", "set", "kate", "--format", "text"), "kate: nothing to change\n")
    shown = json.loads(site.metroplex("user", "show", "kate", "--json"))
    equal((shown["language"], shown["format"]), ("fr", "text"))
    contains(site.git("show", "HEAD:users/000/0/0/0/0/2", repository="accounts.git"), "format=text\n")
    say(site, thread, "It *works*.\n")
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    site.set_config("smtp", connections="1")  # two at once may overtake each other
    site.notifier("--once")
    comment, closed = mails_to(site)[-2:]
    for mail in (comment, closed):
        equal(mail.get_content_type(), "text/plain")
        contains(mail["Subject"], "Re: [acme/rocket]")
        equal(mail["X-GitHub-Reason"], "manual")
        contains(body(mail), "Vous recevez ce message parce que vous suivez cette discussion.\nPour ne plus rien recevoir\u00a0: ")
    check(body(comment).startswith("It *works*.\n"), body(comment))
    check(body(closed).startswith(f"#{thread} a été fermé.\n"), body(closed))
    # an answer to a mail, too
    site.deliver(site.mail(KATE, site.address(thread, "kate"), "> It says no.\n"))
    site.metroplex("--once")
    site.notifier("--once")
    equal(mails_to(site)[-1].get_content_type(), "text/plain")
    contains(body(mails_to(site)[-1]), "Ceci est une réponse automatique")
    site.metroplex("user", "set", "kate", "--format", "both")
    check("format" not in site.git("show", "HEAD:users/000/0/0/0/0/2", repository="accounts.git"), "it is what is so at first")
    equal(site.run(METROPLEX, "user", "set", "kate", "--format", "html", status=64).returncode, 64)


# --- Batches ----------------------------------------------------------------------------------------


@test
def a_burst_of_twenty_comments_is_one_mail(site):
    thread = follows_in_batches(site)
    before = len(mails_to(site))
    for n in range(20):
        say(site, thread, f"This is comment number {n}, of twenty.\n")
        if n % 7 == 0:
            site.notifier("--once")
    site.notifier("--once")
    equal(len(mails_to(site)), before, "nothing is told at once")
    rows = queue(site)
    equal([(row["login"], row["state"], row["attempts"]) for row in rows], [("kate", "later", 0)] * 20)
    equal(len({row["due"] for row in rows}), 1, "they wait for the same time")
    contains(fsck(site), "20 events")
    later(site)
    site.notifier("--once")
    mails = mails_to(site)[before:]
    equal(len(mails), 1)
    mail, text = mails[0], body(mails[0])
    at = [text.index(f"This is comment number {n}, of twenty.\n") for n in range(20)]
    equal(at, sorted(at), "in the order in which they were written")
    equal(text.count("Tim Example, 20"), 20)
    equal(mail["Reply-To"].split("<")[1].split("+")[0], "reply")
    equal(mail["Subject"], f"Re: [acme/rocket] Rocket does not start (Issue #{thread})")
    equal((mail["X-GitHub-Reason"], mail["X-GitHub-Sender"]), ("manual", "tim"))
    contains(mail["Message-ID"], f"/digest/2-")
    contains(mail["Message-ID"], "/1-20-")
    nothing_is_left(site)
    site.notifier("--once")
    equal(len(mails_to(site)), before + 1, "and it is not told again")


@test
def what_happens_after_a_window_is_in_the_next(site):
    thread = follows_in_batches(site)
    say(site, thread, "First.\n")
    say(site, thread, "Second.\n")
    site.notifier("--once")
    later(site)
    site.notifier("--once")
    say(site, thread, "Third.\n")
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    site.notifier("--once")
    equal(len(queue(site)), 2)
    later(site)
    site.notifier("--once")
    one, two = mails_to(site)[-2:]
    check("First." in body(one) and "Second." in body(one) and "Third." not in body(one), body(one))
    check("Third." in body(two) and f"Closed #{thread}." in body(two), body(two))
    check(one["Message-ID"] != two["Message-ID"], one["Message-ID"])
    equal(one["In-Reply-To"], two["In-Reply-To"])
    nothing_is_left(site)


@test
def one_comment_alone_is_told_as_ever(site):
    thread = follows_in_batches(site)
    say(site, thread, "Alone.\n")
    site.notifier("--once")
    later(site)
    site.notifier("--once")
    mail = mails_to(site)[-1]
    check(body(mail).startswith("Alone.\n"), body(mail))
    contains(mail["Message-ID"], "/1-")
    check("/digest/" not in mail["Message-ID"], mail["Message-ID"])
    nothing_is_left(site)


@test
def who_is_mentioned_is_told_at_once(site):
    thread = follows_in_batches(site)
    say(site, thread, "For later.\n")
    say(site, thread, "Look, @kate!\n")
    say(site, thread, "For later, too.\n")
    site.notifier("--once")
    mail = mails_to(site)[-1]
    check(body(mail).startswith("Look, @kate!\n"), body(mail))
    equal(mail["X-GitHub-Reason"], "mention")
    equal(len(queue(site)), 2)
    later(site)
    site.notifier("--once")
    text = body(mails_to(site)[-1])
    check("For later.\n" in text and "For later, too.\n" in text and "Look" not in text, text)
    nothing_is_left(site)


@test
def who_muted_the_thread_and_is_mentioned_is_told_once(site):
    for deliver in ("immediate", "batch:30"):
        thread = conversation(site) if deliver == "immediate" else site.thread("tim")
        site.metroplex("user", "set", "kate", "--deliver", deliver)
        site.metroplex("thread", "subscribe", str(thread), "kate")
        site.notifier("--once")
        later(site)
        site.notifier("--once")
        site.metroplex("thread", "unsubscribe", str(thread), "kate")
        before = len(mails_to(site))
        for text in ("Not for her.\n", "But this is, @kate.\n", "Nor this.\n"):
            say(site, thread, text)
        site.notifier("--once")
        later(site)
        site.notifier("--once")
        site.notifier("--once")
        mails = mails_to(site)[before:]
        equal([body(m).split("\n")[0] for m in mails], ["But this is, @kate."], deliver)
        equal(mails[0]["X-GitHub-Reason"], "mention")
        contains(body(mails[0]), "because you were mentioned.")
        nothing_is_left(site)


@test
def who_opens_a_thread_can_call_whom_it_has_muted(site):
    """Not by the opening itself, which nobody can have muted, but by what is opened again."""
    thread = conversation(site)
    site.metroplex("thread", "unsubscribe", str(thread), "kate")
    before = len(mails_to(site))
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    site.metroplex("thread", "reopen", str(thread), "--as", "tim")
    other = site.thread("tim", body="See here, @kate.\n")
    site.notifier("--once")
    mails = mails_to(site)[before:]
    equal([body(m).split("\n")[0] for m in mails], ["See here, @kate."])
    equal(mails[0]["X-GitHub-Reason"], "mention")
    site.metroplex("thread", "unsubscribe", str(other), "kate")
    say(site, other, "More.\n")
    site.notifier("--once")
    equal(len(mails_to(site)), before + 1)


WORDS = ["The pump has been leaking since Tuesday, and nobody has looked at the gasket.",
         "Somebody should order three more of the long bolts before the next launch.",
         "The fuel gauge shows half although the tank was filled twice this morning."]


@test
def a_reply_to_a_digest_is_trimmed_by_all_that_it_told(site):
    thread = follows_in_batches(site)
    for words in WORDS:
        say(site, thread, words + "\n")
    site.notifier("--once")
    later(site)
    site.notifier("--once")
    digest = mails_to(site)[-1]
    told = body(digest)
    references = f"In-Reply-To: {digest['Message-ID']}\nReferences: {digest['References']}\n {digest['Message-ID']}\n".encode()
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in told.splitlines())
    answers = {  # what somebody writes, and what of it is theirs; programs differ in how they quote
        "above, with marks": ("I will see to the gasket.\n\n" + quoted, "I will see to the gasket."),
        "above, without marks": ("I will bring the bolts.\n\n" + told, "I will bring the bolts."),
        "below two of them": (f"> {WORDS[0]}\nMended it.\n\n> {WORDS[2]}\nWrong gauge.\n",
                              f"> {WORDS[0]}\n\nMended it.\n\n> {WORDS[2]}\n\nWrong gauge."),
        "wrapped anew, without marks": ("Later today.\n\n" + "\n".join(textwrap.wrap(" ".join(WORDS), 60)) + "\n", "Later today."),
    }
    number = len(WORDS)
    for how, (text, theirs) in answers.items():
        site.deliver(references + site.mail(KATE, digest["Reply-To"].split("<")[1].strip(">"), text, subject=digest["Subject"], trace=False))
        site.metroplex("--once")
        number += 1
        comments = site.show(thread)["comments"]
        equal(comments[-1]["number"], number, how)
        posted = comments[-1]["body"].strip()
        flat = lambda words: re.sub(r"\s+", " ", words)
        equal(flat(posted), flat(theirs), how)


@test
def a_bounce_of_a_digest_counts(site):
    thread = follows_in_batches(site)
    site.set_config("limits", hard_bounces="1")
    say(site, thread, "One.\n"), say(site, thread, "Two.\n")
    site.notifier("--once")
    later(site)
    site.notifier("--once")
    digest = mails_to(site)[-1]
    forged = re.sub(r"/digest/\d+-", "/digest/1-", digest["Message-ID"])
    for id, suppressed in ((forged, False), (digest["Message-ID"], True)):
        site.deliver(REPORT.format(to=digest["Return-Path"].strip("<>"), id=id, n=suppressed).encode())
        site.metroplex("--once")
        bounces = json.loads(site.metroplex("user", "show", "kate", "--json"))["bounces"]
        equal([b["suppressed"] for b in bounces], [True] if suppressed else [], id)


AFTER = {  # what happens before the digest is due, and what the queue says then
    "muted": (lambda site, thread: site.metroplex("thread", "unsubscribe", str(thread), "kate"), "muted the thread"),
    "suspended": (lambda site, thread: site.metroplex("user", "set", "kate", "--state", "suspended"), "the account is not active"),
}


@test
def who_mutes_or_is_suspended_meanwhile_gets_no_digest(site):
    thread = conversation(site)
    for what, (change, why) in AFTER.items():
        site.metroplex("user", "set", "kate", "--deliver", "batch:30", "--state", "active")
        site.metroplex("thread", "subscribe", str(thread), "kate")
        before = len(mails_to(site))
        say(site, thread, "One.\n"), say(site, thread, "Two.\n")
        site.notifier("--once")
        change(site, thread)
        later(site)
        site.notifier("--once")
        equal(len(mails_to(site)), before, what)
        contains(site.log("notifier.log"), f"is not told: {why}")
        nothing_is_left(site)


@test
def a_batch_has_bounds(site):
    site.user("kate")
    for minutes in ("0", "1441", "-1", "x", "", "+5", "9" * 30):
        done = site.run(METROPLEX, "user", "set", "kate", f"--deliver=batch:{minutes}", status=65)
        contains(done.stderr, "neither immediate nor batch:MINUTES, of 1 to 1440")
    equal(site.run(METROPLEX, "user", "set", "kate", "--deliver", "daily", status=65).returncode, 65)
    for deliver in ("batch:1", "batch:1440"):
        site.metroplex("user", "set", "kate", "--deliver", deliver)
        equal(json.loads(site.metroplex("user", "show", "kate", "--json"))["deliver"], deliver)
        contains(site.metroplex("user", "show", "kate"), f"deliver {deliver}")
    contains(site.git("show", "HEAD:users/000/0/0/0/0/1", repository="accounts.git"), "batch=1440\n")
    site.metroplex("user", "set", "kate", "--deliver", "immediate")
    check("batch" not in site.git("show", "HEAD:users/000/0/0/0/0/1", repository="accounts.git"), "absent as at first")


if __name__ == "__main__":
    main()
