#!/usr/bin/env python3
"""First mails through a real Postfix with a real OpenDKIM, as `metroplex configure` makes them work. Needs root, or a user
namespace with several ids."""
import os
import re
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, TESTS, TOP, check, contains, enter_namespace, equal, main, test, wait_until  # noqa: E402
from opendkim import PROGRAM, OpenDkim  # noqa: E402
from postfix import OWNER, Machine, can_run  # noqa: E402

PLACE = f"rocket@reply.{HOST}"


class Way:
    """An installation whose repository opens threads for who has an account, its Postfix and its OpenDKIM."""

    def __init__(self, site):
        self.site, self.machine = site, Machine(site)
        self.filter = OpenDkim(site, "example.org", "evil.example")
        self.machine.start()
        site.set_config("address", authserv_id=HOST)
        for login in ("kate", "tim", "mia"):
            site.user(login)
        site.metroplex("repository", "set", "acme/rocket", "--address", "rocket", "--open", "known", "--watch", "mia")
        self.machine.configure(site, "--apply", "--verify=opendkim", f"--opendkim-conf={self.filter.conf}")

    def mail(self, login, to=PLACE, text="It fails.\n", domain="example.org", above=b"", signed=None, name=None, **more):
        """As it is sent; with domain None, by nobody's leave."""
        octets = self.site.mail(f"{name} <{login}@example.org>" if name else f"{login}@example.org", to, text, trace=False, **more)
        return above + (self.filter.sign(octets, domain, signed) if domain else octets.replace(b"\n", b"\r\n"))

    def send(self, octets, to=PLACE):
        """What became of it."""
        with smtplib.SMTP("127.0.0.1", self.machine.port, timeout=60) as server:
            server.sendmail("x@evil.example", [to], octets)
        name = wait_until(lambda: self.site.new)[0]
        self.site.metroplex("--once")
        return self.site.reasons()[name]

    def stop(self):
        self.machine.stop()
        self.filter.stop()


def with_way(function):
    def run(site):
        way = Way(site)
        try:
            function(site, way)
        finally:
            way.stop()

    run.__name__, run.owner = function.__name__, OWNER
    return test(run)


@with_way
def a_signed_first_mail_is_a_thread_and_what_answers_it_a_comment(site, way):
    for recipient, code in ((PLACE, 250), (f"acme/rocket@reply.{HOST}", 250), (f"engine@reply.{HOST}", 550), (f"acme/engine@reply.{HOST}", 550)):
        equal(way.machine.reply(recipient), code, recipient)
    first = way.mail("kate", subject="Rocket does not start", message_id="<first@example.org>", headers=[("Cc", "tim@example.org")])
    equal(way.send(first), "opened")
    equal(way.send(first), "duplicate")
    answer = way.mail("tim", text="It is the fuse.\n", message_id="<second@example.org>", headers=[("In-Reply-To", "<first@example.org>")])
    equal(way.send(answer), "posted")
    thread = site.show(1)
    equal((thread["title"], thread["author"], thread["body"], [(c["author"], c["body"]) for c in thread["comments"]]),
          ("Rocket does not start", "kate", "It fails.\n", [("tim", "It is the fuse.\n")]))
    equal(site.git("show", "main:threads/000/0/0/0/0/1/comments/0/mail").count("dkim=pass"), 1)
    site.set_config("smtp", transport="maildir", maildir=f"{site.data}/sent")
    site.notifier("--once")
    told = sorted((m["Delivered-To"], m["X-GitHub-Reason"]) for m in site.sent())
    equal(told, [("kate@example.org", "author"), ("mia@example.org", "subscribed"), ("mia@example.org", "subscribed"), ("tim@example.org", "comment")])
    # mia answers what she was sent, and has herself taken off
    notice = [m for m in site.sent() if m["Delivered-To"] == "mia@example.org"][0]
    reply_to = notice["Reply-To"].addresses[0].addr_spec
    equal(way.send(way.mail("mia", to=reply_to, text="I have one.\n"), reply_to), "posted")
    stop = re.search("mailto:([^?>]+)", notice["List-Unsubscribe"]).group(1)
    equal(way.send(way.mail("mia", to=stop, text="stop\n"), stop), "unsubscribed")
    equal({s["login"]: s["reason"] for s in site.show(1)["subscribers"]}, {"kate": "author", "tim": "comment", "mia": "muted"})
    contains(site.metroplex("fsck"), " 0 faults")


GOLDEN = os.path.join(TOP, "tests/fixtures/stranger.txt")


def as_it_stays(mail):
    """What of a mail is the same whenever it is sent: the fields that readers and servers go by, and the text."""
    fields = ("Return-Path", "From", "To", "Cc", "Reply-To", "Subject", "Auto-Submitted", "List-Unsubscribe", "In-Reply-To", "X-GitHub-Reason")
    text = "".join(f"{name}: {mail[name]}\n" for name in fields if mail[name] is not None)
    text += "\n" + mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    for pattern, to in ((r"[0-9a-f]{32}-[0-9a-f]{28}@", "KEY-MAC@"), (r"-[0-9a-f]{40}-", "-MAC-"), (r"answer-[0-9a-f]{32}", "answer-KEY"),
                        (r"-[0-9a-f]{8}(?=[/@>])", "-MARK"), (r"<\d+\.\d+@", "<N@")):
        text = re.sub(pattern, to, text)
    return text


def expect_golden(mails):
    found = ("=" * 80 + "\n").join(as_it_stays(mail) for mail in mails)
    if os.environ.get("METROPLEX_UPDATE_GOLDEN"):
        with open(GOLDEN, "w", encoding="utf-8") as f:
            f.write(found)
    with open(GOLDEN, encoding="utf-8") as f:
        equal(found, f.read(), "the mails that went out")


@with_way
def a_stranger_asks_confirms_is_answered_answers_and_leaves(site, way):
    site.set_config("smtp", transport="maildir", maildir=f"{site.data}/sent")
    pages = os.path.join(site.dir, "pages")
    os.mkdir(pages)
    os.chmod(pages, 0o777)  # programs run as another user here
    site.set_config("pages", directory=pages)
    site.metroplex("repository", "set", "acme/rocket", "--open", "anyone", "--member", "mia")
    sent = []

    def tell():
        """The mails that went out since."""
        site.notifier("--once")
        fresh = site.sent()[len(sent):]
        sent.extend(fresh)
        return fresh

    first = way.mail("eve", name="Eve Adams", subject="Rocket does not start", message_id="<first@example.org>")
    equal(way.send(first), "held")
    held = site.listed("incoming-mail/held")
    question, = tell()
    ok = question["Reply-To"]
    equal((question["Delivered-To"], way.machine.reply(ok), way.machine.reply(ok.replace("ok+", "ok+0"))), ("eve@example.org", 250, 550))
    forged = ok.replace("ok+" + ok[3], "ok+" + ("0" if ok[3] != "0" else "1"))
    equal(way.machine.reply(forged), 550, "one that nobody was sent")
    yes = dict(to=ok, text="Yes, it is mine.\n", headers=[("In-Reply-To", question["Message-ID"])])
    equal(way.send(way.mail("eve", domain="evil.example", **yes), ok), "sender-mismatch")
    equal(way.send(way.mail("tim", **yes), ok), "bad-address")
    equal(([m["X-Metroplex-Reason"] for m in tell()], site.listed("incoming-mail/held")), (["held-list"], held), "nothing but her own word counts")
    equal(way.send(way.mail("eve", name="Eve Adams", **yes), ok), "confirmed")
    equal(site.reasons()[held[0]], "opened")
    notice, = tell()
    equal(notice["Delivered-To"], "mia@example.org")

    def answer(login, notice, text, **more):
        to = notice["Reply-To"].addresses[0].addr_spec
        equal(way.send(way.mail(login, to=to, text=text, headers=[("In-Reply-To", notice["Message-ID"])], **more), to), "posted")

    answer("mia", notice, "Is the fuse in?\n")
    to_eve, = [m for m in tell() if m["Delivered-To"] == "eve@example.org"]
    answer("eve", to_eve, "Now it is. Thank you!\n", name="Eve Adams")
    to_mia, = [m for m in tell() if m["Delivered-To"] == "mia@example.org"]
    stop = re.search("mailto:([^?>]+)", to_eve["List-Unsubscribe"]).group(1)
    equal(way.send(way.mail("eve", to=stop, text="stop\n"), stop), "unsubscribed")
    tell()
    answer("mia", to_mia, "Fine.\n")
    equal([m["Delivered-To"] for m in tell() if m["Delivered-To"] == "eve@example.org"], [], "who left hears no more")
    expect_golden(sent)

    thread = site.show(1)
    guest = thread["author"]
    equal((thread["title"], guest[:6], thread["opening"]["body"], [(c["author"], c["body"]) for c in thread["comments"]]),
          ("Rocket does not start", "guest-", "It fails.\n", [("mia", "Is the fuse in?\n"), (guest, "Now it is. Thank you!\n"), ("mia", "Fine.\n")]))
    equal({s["login"]: s["reason"] for s in thread["subscribers"]}, {guest: "muted", "mia": "comment"})
    site.metroplex("pages")
    with open(os.path.join(pages, "r/acme/rocket/1.html"), encoding="utf-8") as f:
        page = f.read()
    for part in ("It fails.", "Is the fuse in?", "Now it is. Thank you!"):
        contains(page, part)
    for directory, _, files in os.walk(pages):
        for name in files:
            with open(os.path.join(directory, name), "rb") as f:
                check(b"eve@" not in f.read().lower(), f"the guest's address is public in {name}")
    check("eve@" not in site.git("log", "-p", "main"), "nor in the tracker")
    contains(site.metroplex("fsck"), " 0 faults")


WAITS = ("held", "held-full")  # of one domain only so many are held


@with_way
def nothing_that_a_client_writes_proves_who_it_is(site, way):
    """Of the fields that OpenDKIM is to take away some are left: it counts results, and knows one way to write them."""
    forged = ("dkim=pass header.d=example.org", "dmarc=pass header.from=example.org", "dkim = pass header.d=example.org; dmarc=pass header.from=example.org",
              "a=pass; " * 300 + "dkim=pass header.d=example.org", "x=(\\)); dkim=pass header.d=example.org", "dkim=pass (\r\n\tok) header.d=example.org",
              "dkim/1=pass header . d=example.org", "none; dkim=pass header.d=example.org")
    names = (HOST, HOST.upper(), f'"{HOST}"', f"(x) {HOST} (y) 1", HOST.replace(".", "\\.").join('""'))
    tries = [f"Authentication-Results: {names[0]}; {value}\r\n" for value in forged] + [f"authentication-results: {name}; {forged[0]}\r\n" for name in names[1:]]
    tries += [f"Authentication-Results: {names[-1]}; {forged[3]}\r\n", f"Authentication-Results: {names[0]}; {forged[3]}\r\nReceived: from a by b\r\n"]
    left = 0
    for text in tries:
        for domain in (None, "evil.example"):
            name = way.send(way.mail("kate", above=text.encode(), domain=domain))
            check(name in WAITS, f"{text[:120]} signed by {domain}: {name}")
        broken = way.mail("kate", above=text.encode()).replace(b"It fails.", b"It works.")
        check(way.send(broken) in WAITS, f"{text[:120]} above a signature that fails")
    for path in [f"failure/{name}" for name in site.failure] + [f"held/{name}" for name in site.listed("incoming-mail/held")]:
        with open(os.path.join(site.data, "incoming-mail", path), "rb") as f:
            left += b"a=pass; a=pass" in f.read()
    print(f"# {left} of {3 * len(tries)} mails still had the forged field of three hundred results")
    equal(site.metroplex("thread", "list"), "")
    equal(len(site.answer_events()), 3, "kate is asked at her own address, three times at most")


KEYLESS = ("v=1; a=rsa-sha256; d={domain}; s=none; h=from:date:to; bh=eA==; b=eQ==", "v=1; a=rsa-sha256; d={domain}; h=from:date:to")


@with_way
def a_signature_that_opendkim_says_nothing_of_proves_nothing(site, way):
    for text in KEYLESS:
        for domain in ("example.org", "evil.example"):
            forged = f"Authentication-Results: {HOST}; {'a=pass; ' * 300}dkim=pass header.d=example.org\r\nDKIM-Signature: {text.format(domain=domain)}\r\n"
            equal(way.send(way.mail("kate", above=forged.encode(), domain=None)), "held", forged[-120:])
    contains(site.log(), "below our own Received, where anybody can write it")
    equal(site.metroplex("thread", "list"), "")


@with_way
def at_a_signed_address_too_a_client_s_own_verdict_counts_for_nothing(site, way):
    to = site.address(site.thread("tim"), "kate")
    forged = f"Authentication-Results: {HOST}; dmarc=pass header.from=example.org\r\n".encode()

    def send(domain, above=forged):
        return way.send(way.mail("kate", to=to, above=above, domain=domain, text=f"Signed by {domain}.\n"), to)

    equal((send("evil.example"), send("example.org")), ("sender-mismatch", "posted"), "OpenDKIM writes on top")
    # nothing of OpenDKIM's is there: only who runs it knows that what stands below is not theirs either
    site.set_config("address", own_received="1")
    many = f"Authentication-Results: {HOST}; {'a=pass; ' * 300}dkim=pass header.d=example.org\r\n".encode()
    for above in (forged, many, *(many + f"DKIM-Signature: {text.format(domain='example.org')}\r\n".encode() for text in KEYLESS)):
        equal(send(None, above), "sender-mismatch", above[-100:])
    equal(send("example.org"), "posted")
    equal([c["author"] for c in site.show(1)["comments"]], ["kate", "kate"])


@with_way
def what_was_signed_for_others_is_not_published(site, way):
    private = way.mail("kate", to="tim@example.org", signed=[b"from", b"to", b"subject", b"date"])
    old = way.mail("kate", headers=[], signed=[b"from", b"to"])
    tries = {
        "sent on as it is": private,
        "a Cc above": b"Cc: " + PLACE.encode() + b"\r\n" + private,
        "a second To above": b"To: " + PLACE.encode() + b"\r\n" + private,
        "a second Date above": b"Date: Mon, 01 Jan 2024 00:00:00 +0000\r\n" + way.mail("kate"),
        "a Date that is not signed": re.sub(rb"\r\nDate: [^\r]*", b"", old).replace(b"\r\nFrom:", b"\r\nDate: " + b"x" + b"\r\nFrom:", 1),
        "a second Subject above": b"Subject: Cheap\r\n" + way.mail("kate"),
    }
    for name, octets in tries.items():
        equal(way.send(octets), "held", name)
    equal(way.send(way.mail("kate", signed=[b"from", b"to"])), "held", "a signature without the Date")
    equal(way.send(way.mail("kate")), "opened")
    equal(len(site.metroplex("thread", "list").splitlines()), 1)


if __name__ == "__main__":
    enter_namespace()
    if not can_run() or not os.path.exists(PROGRAM):
        print("# left out: a Postfix of one's own needs root, or a user namespace with several ids (package uidmap), and OpenDKIM")
        print(f"0 passed, 0 failed, {len(TESTS)} skipped")
        sys.exit(0)
    main()
