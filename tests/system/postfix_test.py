#!/usr/bin/env python3
"""Mail through a real Postfix: from SMTP to a comment. Needs root, or a user namespace with several ids."""
import os
import re
import signal
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import (HOST, METROPLEX, NOTIFIER, TESTS, TOP, check, check_names, contains, enter_namespace, equal, leave_out,  # noqa: E402
                     main, test, wait_until)
from postfix import OWNER, can_run, with_postfix  # noqa: E402


@with_postfix
def a_mail_of_5_kb_is_a_comment_within_two_seconds(site, postfix):
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    text = "It is the fuse.\n" * 320
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"])
    try:
        wait_until(lambda: os.path.exists(os.path.join(site.data, "run.lock")))
        postfix.send(site.mail("kate@example.org", address, text, trace=False), "kate@example.org", address)
        wait_until(lambda: site.success)
        # Counted by metroplex, from the microsecond in the file's name to the line of outcomes.
        seconds = float(site.outcomes()[0][7])
        print(f"# {seconds} s from delivery to comment")
        check(0 <= seconds < 2, f"{seconds} s")
    finally:
        run.send_signal(signal.SIGTERM)
        equal(run.wait(20), 0)
    equal(site.show(thread)["comments"][0]["body"].strip(), text.strip())
    path = rf"{site.data}/mail/reply/new/\d+\.V[0-9a-f]+I[0-9a-f]+M\d+\.\S+"
    stamp = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} "
    for line in (r"INFO \(\d+\) #\] metroplex: processing <\S+>", rf"DEBUG \(\d+\) #\] Matched {path}",
                 rf"DEBUG \(\d+\) #\] Moving {path} => {site.data}/incoming-mail/success"):
        check(re.search("^" + stamp + line + "$", site.log(), re.M), line)


@with_postfix
def what_postfix_delivers_is_owned_and_private(site, postfix):
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    postfix.send(site.mail("kate@example.org", address, trace=False), "kate@example.org", address)
    wait_until(lambda: site.new)
    site.metroplex("--once")
    equal(len(site.success), 1)
    import pwd
    owner = pwd.getpwnam(OWNER).pw_uid
    for directory, _, files in os.walk(site.data):
        for name in files:
            equal(os.stat(os.path.join(directory, name)).st_uid, owner, os.path.join(directory, name))


@with_postfix
def a_reply_to_all_is_one_comment_an_address_that_was_answered(site, postfix):
    """One mail to the addresses of two threads and to noreply@: a file a recipient, a comment a thread."""
    one, two = site.thread("tim", title="One"), site.thread("tim", title="Two")
    addresses = [site.address(one, "kate"), site.address(two, "kate")]
    octets = site.mail("kate@example.org", ", ".join(addresses), trace=False)
    postfix.send(octets, "kate@example.org", *addresses, f"noreply@noreply.{HOST}")
    wait_until(lambda: len(site.new) >= 3)
    site.metroplex("--once")
    for thread in (one, two):
        equal(len(site.show(thread)["comments"]), 1)
    equal(site.new, [])


@with_postfix
def postfix_refuses_what_has_not_our_form(site, postfix):
    thread = site.thread("tim")
    for bad, code in ((f"other@reply.{HOST}", 550), (f"reply@reply.{HOST}", 550), (f"x@{HOST}", 554), ("a@elsewhere.example", 554)):
        try:
            postfix.send(site.mail("kate@example.org", bad), "kate@example.org", bad)
            check(False, f"{bad} was taken")
        except smtplib.SMTPRecipientsRefused as refused:
            equal(refused.recipients[bad][0], code, bad)
    equal(site.new, [])
    check(thread, "")


@with_postfix
def a_conversation_goes_back_and_forth(site, postfix):
    """Notification, answer to its Reply-To, notification of the answer, answer to that."""
    thread = site.thread("tim", body="Does it start? @kate\n")
    site.notifier("--once")
    for turn, (who, text) in enumerate((("kate", "No."), ("tim", "And now?"), ("kate", "Yes!"))):
        mail = [m for m in site.sent() if m["X-GitHub-Recipient"] == who][-1]
        reply = mail["Reply-To"].addresses[0].addr_spec
        octets = site.mail(f"{who}@example.org", reply, text + "\n", trace=False,
                           headers=[("In-Reply-To", mail["Message-ID"]), ("References", mail["Message-ID"])])
        postfix.send(octets, f"{who}@example.org", reply)
        wait_until(lambda: site.new)
        site.metroplex("--once")
        equal(len(site.show(thread)["comments"]), turn + 1, site.log())
        site.notifier("--once")
        last = [m for m in site.sent() if m["X-GitHub-Sender"] == who][-1]
        check(last["Subject"].startswith("Re: [acme/rocket]"), last["Subject"])
        found = re.fullmatch(rf"(<acme/rocket/issues/{thread}-[0-9a-f]{{8}})/{turn + 1}-[0-9a-f]{{8}}@{HOST}>", last["Message-ID"])
        check(found, last["Message-ID"])
        equal(last["References"], f"{found.group(1)}@{HOST}>")
    equal([c["body"].strip() for c in site.show(thread)["comments"]], ["No.", "And now?", "Yes!"])


@with_postfix
def eight_senders_at_once_lose_nothing(site, postfix):
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    count = 80
    runs = [subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"])]
    try:
        from concurrent.futures import ThreadPoolExecutor
        mails = [site.mail("kate@example.org", address, f"Number {i}\n", trace=False) for i in range(count)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda m: postfix.send(m, "kate@example.org", address), mails))
        wait_until(lambda: len(site.success) == count, 60)
    finally:
        for run in runs:
            run.send_signal(signal.SIGTERM)
            run.wait(20)
    equal(sorted(c["body"].strip() for c in site.show(thread)["comments"]), sorted(f"Number {i}" for i in range(count)))


if __name__ == "__main__":
    check_names()
    enter_namespace()
    if not can_run():
        leave_out("a Postfix of one's own needs root, or a user namespace with several ids (package uidmap)", len(TESTS))
    main()
