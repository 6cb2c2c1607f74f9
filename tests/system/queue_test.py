#!/usr/bin/env python3
"""The notifier's queue, as an administrator sees and moves it: who is told and who is not, where to, in which order."""
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import check, contains, equal, main, test  # noqa: E402
from sending import Server, comment, later, rules  # noqa: E402


def show(site, event):
    """What `queue show` says of an event, by login."""
    rows = [json.loads(line) for line in site.notifier("queue", "show", "--json", event).splitlines()]
    return {row["login"]: row for row in rows}


def listed(site, *args):
    return [json.loads(line) for line in site.notifier("queue", "list", "--json", *args).splitlines()]


BOUNCE = """Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered
Message-ID: <bounce-{recipient}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1

--B
Content-Type: text/rfc822-headers

Message-ID: {about}
--B--
"""


def suppress(site, thread, login, address):
    """As if the opening post had bounced from there."""
    about = json.loads(site.metroplex("thread", "export", str(thread)))["comments"][0]["id"]
    to = site.address(thread, login, "--purpose", "bounce")
    site.set_config("limits", hard_bounces="1")
    site.deliver(BOUNCE.format(to=to, recipient=address, about=about).encode())
    site.metroplex("--once")
    contains(site.metroplex("user", "show", login), f"{address} (suppressed)")


def thread_of(site, *followers):
    """tim's thread, which these follow; its opening post has been told."""
    thread = site.thread("tim")
    for login in followers:
        site.metroplex("thread", "subscribe", str(thread), login)
    for event in site.events():
        site.notifier("queue", "drop", event)
    return thread


# --- Who is told, and where ------------------------------------------------------------------------


@test
def the_next_address_is_used_when_the_first_is_suppressed(site):
    site.user("tim")
    site.user("kate", "kate@one.example", "kate@two.example", "kate@three.example")
    thread = thread_of(site, "kate")
    for suppressed, used in (("kate@one.example", "kate@two.example"), ("kate@two.example", "kate@three.example")):
        suppress(site, thread, "kate", suppressed)
        with Server(site) as server:
            comment(site, thread, f"Not {suppressed}?\n")
            equal([row["address"] for row in listed(site)], [None])
            site.notifier("--once")
            equal(server.recipients(), {f"<{used}>": 1})
    contains(site.notifier("preview", str(thread), "0", "kate"), "X-GitHub-Recipient: kate")
    suppress(site, thread, "kate", "kate@three.example")
    with Server(site, *rules("RCPT tim@ 451 4.2.1 later")) as server:
        site.metroplex("thread", "subscribe", str(thread), "tim")
        site.user("una")
        site.metroplex("thread", "comment", str(thread), "--as", "una", "-", stdin="Nobody?\n")
        event = site.events()[0]
        site.notifier("--once")
        equal(server.recipients(), {})
        row = show(site, event)["kate"]
        equal((row["state"], row["address"]), ("dropped", None))
        contains(row["error"], "suppressed")
        contains(site.log("notifier.log"), f"Event {event}: account 2 is not told: the address is suppressed")


@test
def an_answer_goes_to_the_next_address_too(site):
    site.user("tim")
    site.user("kate", "kate@one.example", "kate@two.example")
    thread = thread_of(site, "kate")
    suppress(site, thread, "kate", "kate@one.example")
    site.deliver(site.mail("kate@two.example", site.address(thread, "kate"), "> x\n"))
    site.metroplex("--once")
    with Server(site) as server:
        site.notifier("--once")
        equal(server.recipients(), {"<kate@two.example>": 1})


@test
def the_address_is_looked_up_when_the_message_is_sent(site):
    site.user("tim")
    site.user("kate", "kate@old.example")
    thread = thread_of(site, "kate")
    comment(site, thread)
    event = site.events()[0]
    with Server(site, *rules("RCPT old 450 4.2.1 later")) as server:
        site.notifier("--once")
        row = show(site, event)["kate"]
        equal((row["state"], row["address"], row["error"]), ("retry", "kate@old.example", "450 4.2.1 later"))
        site.metroplex("user", "set", "kate", "--add-email", "kate@new.example", "--remove-email", "kate@old.example")
        equal(show(site, event)["kate"]["address"], "kate@old.example", "that of the attempt")
        site.notifier("queue", "retry", event)
        equal(show(site, event)["kate"]["address"], "kate@new.example", "that of the next one")
        site.notifier("--once")
        equal(server.recipients(), {"<kate@new.example>": 1})
    equal(listed(site), [])


@test
def who_is_not_told_and_why_is_kept_with_the_event(site):
    for login in ("tim", "kate", "mute", "gone", "ada"):
        site.user(login)
    thread = thread_of(site, "kate", "mute", "gone", "ada")
    site.metroplex("thread", "unsubscribe", str(thread), "mute")
    site.metroplex("user", "set", "gone", "--state", "suspended")
    suppress(site, thread, "ada", "ada@example.org")
    comment(site, thread)
    event = site.events()[0]
    with Server(site, *rules("RCPT kate@ 450 4.2.1 later")):
        site.notifier("--once")
    rows = show(site, event)
    equal({login: (row["state"], row["error"]) for login, row in rows.items()},
          {"kate": ("retry", "450 4.2.1 later"), "tim": ("skipped", "wrote it"), "mute": ("skipped", "muted the thread"),
           "gone": ("dropped", "the account is not active"), "ada": ("dropped", "the address is suppressed: it bounced")})
    equal([row["login"] for row in listed(site)], ["kate"])
    trace = site.metroplex("trace", f"{thread}/1")
    for login, why in (("tim", "skipped: wrote it"), ("mute", "skipped: muted the thread"),
                       ("gone", "dropped: the account is not active"), ("ada", "dropped: the address is suppressed")):
        equal([line.split(">, ")[1][:len(why)] for line in trace.splitlines() if f"{event}: {login} <" in line], [why])
    log = site.log("notifier.log")
    contains(log, f"Event {event}: not told are account 1 (wrote it), account 3 (muted the thread)")
    with Server(site):
        later(site)
        site.notifier("--once")
    equal(listed(site), [])
    check(event in site.metroplex("trace", f"{thread}/1") and "not told are account 1" in site.metroplex("trace", f"{thread}/1"),
          "the log knows it when the event is done")


# --- Order -----------------------------------------------------------------------------------------


def same_moment(site, outbox="outbox"):
    """As if all had been announced in one second, on a file system that knows no less."""
    for name in site.listed(f"{outbox}/new"):
        path = os.path.join(site.data, outbox, "new", name)
        with open(path) as file:
            text = re.sub("created\t.*", "created\t1790000000", file.read())
        with open(path, "w") as file:
            file.write(text)
        os.utime(path, (1790000000, 1790000000))


def conversations(site, count):
    """Two threads, and what was written there turn about: (thread, comment) in their order."""
    threads = [thread_of(site, "kate") for _ in range(2)]
    for n in range(count):
        for thread in reversed(threads):
            comment(site, thread, f"Comment {n + 1}.\n")
    return [(thread, n + 1) for thread in threads for n in range(count)]


@test
def events_of_a_moment_go_out_by_thread_and_comment(site):
    for login in ("tim", "kate"):
        site.user(login)
    expected = conversations(site, 8)
    same_moment(site)
    with Server(site) as server:
        site.notifier("--once")
        messages = [open(path).read() for path in sorted(glob.glob(os.path.join(server.dir, "*.eml")))]
    found = [re.search(r"Message-ID: <acme/rocket/issues/(\d+)-[0-9a-f]+/(\d+)-", message) for message in messages]
    equal([tuple(map(int, f.groups())) for f in found], expected)


@test
def comments_go_out_in_their_order_whatever_the_clock_said(site):
    for login in ("tim", "kate"):
        site.user(login)
    expected = conversations(site, 6)
    for n, name in enumerate(reversed(sorted(site.events()))):
        path = os.path.join(site.data, "outbox/new", name)
        os.utime(path, (1790000000 + n, 1790000000 + n))
    with Server(site) as server:
        site.notifier("--once")
        messages = [open(path).read() for path in sorted(glob.glob(os.path.join(server.dir, "*.eml")))]
    for thread in {thread for thread, _ in expected}:
        numbers = [int(n) for m in messages for n in re.findall(rf"Message-ID: <acme/rocket/issues/{thread}-[0-9a-f]+/(\d+)-", m)]
        equal(numbers, [1, 2, 3, 4, 5, 6])


@test
def on_comment_is_told_by_thread_and_comment(site):
    for login in ("tim", "kate"):
        site.user(login)
    log, program = os.path.join(site.dir, "told"), os.path.join(site.dir, "program")
    with open(program, "w") as file:
        file.write(f"#!/bin/sh\ncat >>{log}\n")
    os.chmod(program, 0o755)
    site.set_config("inbound", on_comment=program)
    expected = conversations(site, 8)
    same_moment(site, "hook")
    site.metroplex("hook")
    told = [json.loads(line) for line in open(log)]
    equal([(t["thread"], t["number"]) for t in told if t["number"] > 0], expected)


if __name__ == "__main__":
    main()
