#!/usr/bin/env python3
"""Mails as real clients write them, answering a notification of ours: who decided what of them.

tests/fixtures/explain holds the mails, with @REPLY@ for the address to answer to, and beside each
what `metroplex explain` says of it. With EXPLAIN_WRITE set those are written anew, to be read
before they are committed.
"""
import difflib
import email
import email.policy
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, TOP, check, contains, equal, main, test  # noqa: E402

FIXTURES = os.path.join(TOP, "tests/fixtures/explain")
# Which gates there are and who is told of what they decide is no matter of these tests.
OTHERS = re.compile(r"^    \S+ +passed\n|(?<=success/);.*$", re.M)
COMMENT = """Building with GCC 13 stops in `lib/pack.c`, in the function that opens a pack.

Could you try with `PACK_RDONLY` and tell me

1. what `make` says,
2. which version of GCC it is?

Thanks!
"""
ENGLISH = "It builds with PACK_RDONLY here.\n\nmake says nothing at all, and the version is 13.2.0-7."
REPLIES = {
    "apple-mail": ENGLISH,
    "gmail": ENGLISH,
    "k9": ENGLISH,
    "mutt": """It goes through:

```
$ gcc --version | head -1
gcc (Debian 13.2.0-7) 13.2.0
$ make && make check
-- 154 passed
> done
```

Tim""",
    "outlook-desktop": """Hallo Ada,

mit PACK_RDONLY läuft es durch. make meldet nichts, die Version ist 13.2.0-7.

Viele Grüße
Tim""",
    "outlook-ios": ENGLISH,
    "outlook-web": ENGLISH,
    "proton": ENGLISH,
    "samsung": "Compila con PACK_RDONLY. make no dice nada y la versión es 13.2.0-7.",
    "thunderbird": """> Building with GCC 13 stops in `lib/pack.c`, in the function that opens a pack.
>
> Could you try with `PACK_RDONLY` and tell me
>
> 1. what `make` says,

Nothing at all, it goes through, and so do the tests, of which there are far too many to list them here.

> 2. which version of GCC it is?

13.2.0-7.""",
    "yahoo": "Ça compile avec PACK_RDONLY.\nmake ne dit rien, et la version est 13.2.0-7.",
}


def start(site):
    """The thread that the mails answer to, and the address that tim was given."""
    for login in ("tim", "ada"):
        site.user(login)
    thread = site.thread("tim", title="Build stops with GCC 13", body="It stops.\n")
    site.metroplex("thread", "comment", str(thread), "--as", "ada", "-", stdin=COMMENT)
    return thread, site.address(thread, "tim").encode()


def fixtures():
    paths = sorted(glob.glob(os.path.join(FIXTURES, "*.eml")))
    equal([os.path.basename(p)[:-4] for p in paths], sorted(REPLIES), "fixtures")
    return paths


def mails(site):
    """For each fixture its name and the path of the mail with the address put in."""
    thread, address = start(site)
    for path in fixtures():
        name = os.path.basename(path)
        with open(path, "rb") as file:
            octets = file.read().replace(b"@REPLY@", address)
        with open(os.path.join(site.dir, name), "wb") as file:
            file.write(octets)
        yield name[:-4], os.path.join(site.dir, name)


@test
def each_line_is_decided_by_the_rule_in_the_golden_file(site):
    wrong = []
    for name, path in mails(site):
        golden = os.path.join(FIXTURES, name + ".explain")
        found = OTHERS.sub("", site.metroplex("explain", path).replace(site.dir + "/", ""))
        if os.environ.get("EXPLAIN_WRITE"):
            with open(golden, "w", encoding="utf-8") as file:
                file.write(found)
        with open(golden, encoding="utf-8") as file:
            expected = file.read()
        wrong += difflib.unified_diff(expected.split("\n"), found.split("\n"), name, "found", n=1, lineterm="")
    check(not wrong, "\n" + "\n".join(wrong))


def notification(site):
    """The text that tim was sent, as a file."""
    octets = site.notifier("preview", "1", "1", "tim")
    message = email.message_from_string(octets, policy=email.policy.default)
    path = os.path.join(site.dir, "sent")
    with open(path, "w") as file:
        file.write(message.get_body(("plain",)).get_content())
    return path


def html_only(site, path):
    """The same mail without its plain text, or None if there is nothing else."""
    with open(path, "rb") as file:
        message = email.message_from_bytes(file.read())
    if not message.is_multipart():
        return None
    message.set_payload([part for part in message.get_payload() if part.get_content_subtype() == "html"])
    with open(path + ".html", "wb") as file:
        file.write(message.as_bytes())
    return path + ".html"


@test
def the_reply_is_right_of_text_and_html_with_the_sent_text_and_without(site):
    wrong = []
    for name, path in mails(site):
        for source in filter(None, (path, html_only(site, path))):
            for sent in ([], ["--sent", notification(site)]):
                done = site.run(METROPLEX, "extract", "--json", *sent, source, data=False)
                answer = json.loads(done.stdout)
                if answer["reply"] != REPLIES[name]:
                    wrong.append(f"{name}, {answer['part']}, {'sent known' if sent else 'alone'}: {answer['reply']!r}")
    check(not wrong, "\n" + "\n".join(wrong))


@test
def the_comment_is_the_reply(site):
    for name, path in mails(site):
        site.metroplex("--once", path)
        comment = site.show(1)["comments"][-1]
        equal(comment["body"].rstrip("\n"), REPLIES[name], name)
        check("Ada Example" in comment["elided"], f"{name}: {comment['elided']!r}")


WORKER_IS_LIMITED = "SANITIZED" not in os.environ  # in its address space


@test
def each_reason_is_named_once(site):
    """Several gates may have one: it is passed when all of them are."""
    site.user("tim")
    path = os.path.join(site.dir, "mail")
    for to, status in ((site.address(site.thread("tim"), "tim"), "commented"), (f"noreply@noreply.{HOST}", "no-reply-address")):
        with open(path, "wb") as f:
            f.write(site.mail("tim@example.org", to))
        told = site.metroplex("explain", path)
        gates = re.findall("^    (\\S+) +(passed|decides)", told.split("gates:")[1], re.M)
        equal(sorted({reason for reason, _ in gates}), sorted(reason for reason, _ in gates), "reasons")
        check("sender-mismatch" in dict(gates) or status == "no-reply-address", gates)
        equal(gates[-1][1], "decides", gates)
        contains(told, f"result: {gates[-1][0]}, ")


def bomb(site, sender, address):
    """Its parser dies of it: of the reply's lines, not of the mail's parts."""
    return site.mail(sender, address, "word\n") + b"\n" * 500000


def hostile(site, thread):
    """Mails of all fates in the order in which they come, by a name that says what they are."""
    to = site.address(thread, "tim")
    bounces, stop = (site.address(thread, "tim", "--purpose", p) for p in ("bounce", "unsub"))
    good = site.mail("tim@example.org", to, "Once.\n")
    report = ("\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n"
              "Final-Recipient: rfc822; tim@example.org\n\n--b--\n").encode()
    head = f"Return-Path: <>\nX-Original-To: {bounces}\nFrom: mailer-daemon@example.org\nTo: {bounces}\nMessage-ID: <b@example.org>\n"
    yield "a good one", good
    yield "the same again", good
    yield "a command", site.mail("tim@example.org", to, "/close\n")
    yield "a command that there is not", site.mail("tim@example.org", to, "/colse\n\nText.\n")
    yield "another of the same day", site.mail("tim@example.org", to, "/colse\n\nOther text.\n")
    yield "of somebody else", site.mail("ada@example.org", to)
    yield "empty", site.mail("tim@example.org", to, "\n")
    yield "too long", site.mail("tim@example.org", to, "word " * 40000)
    yield "too large", site.mail("tim@example.org", to, "x" * 76 + "\n") + b"x" * 26 * 1024 * 1024
    yield "no mail", b"nothing of the kind\n"
    if WORKER_IS_LIMITED:
        yield "its parser dies", bomb(site, "tim@example.org", to)
    yield "its parser would die if it came so far", bomb(site, "ada@example.org", to)
    yield "to a no-reply address", site.mail("tim@example.org", f"noreply@{HOST}")
    yield "to an address of no token", site.mail("tim@example.org", f"reply+i-1-{'a' * 40}-1@reply.{HOST}")
    yield "a bounce that does not count", (head + "Content-Type: multipart/report; boundary=b\n\n").encode() + report
    yield "a stop", site.mail("tim@example.org", stop)
    yield "and one after it", site.mail("tim@example.org", to, "Twice.\n")


@test
def a_run_does_what_was_explained(site):
    thread, _ = start(site)
    wrong, seen = [], set()
    for what, octets in hostile(site, thread):
        name = site.deliver(octets)
        path = f"{site.data}/mail/reply/new/{name}"
        told = site.metroplex("explain", path)
        result = re.search(r"  result: (\S+), .*, the mail would go to (\w+)/; (.*)", told)
        check(result and "  gates:\n" in told and re.search(rf"    {result[1]} +decides: ", told), f"{what}: {told}")
        answered, n = len(site.answer_events()), len(site.show(thread)["comments"])
        told_by_run = site.run(METROPLEX, "--once", "--dry-run").stderr
        would = re.findall(rf"Would be: (\w+) \S*{re.escape(name)}", told_by_run)
        site.metroplex("--once")
        did = re.findall(rf"\b(Posted|Obeyed|Accepted|Refused|Answered) \S*{re.escape(name)}", site.log())
        found = site.reasons()[name], "success" if name in site.success else "failure", len(site.answer_events()) > answered
        explained = result[1], result[2], "gets an answer" in result[3]
        posted = len(site.show(thread)["comments"]) > n
        if explained != found or would != did or posted != ("posted as a comment" in told):
            wrong.append(f"{what}: explained {explained}, found {found}; would {would}, did {did}")
        seen.add(found[0])
    equal(wrong, [])
    check({"too-large", "malformed", "duplicate", "bounce"} <= seen and len(seen) >= 12, seen)
    check("unparsable" in seen or not WORKER_IS_LIMITED, seen)


main()
