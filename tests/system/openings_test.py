#!/usr/bin/env python3
"""A first mail to a repository opens a thread: who may, with what proof, and once whatever happens."""
import email.header
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from first_mail import at, days_ago, first_mail, opens  # noqa: E402
from harness import HOST, METROPLEX, check, contains, equal, main, test  # noqa: E402


def threads(site):
    return [json.loads(line) for line in site.metroplex("thread", "list", "--json").splitlines()]


def take(site, octets):
    """What became of one mail."""
    name = site.deliver(octets)
    site.metroplex("--once")
    return site.reasons()[name]


@test
def a_member_s_first_mail_opens_a_thread(site):
    for login in ("kate", "tim", "ada"):
        site.user(login)
    opens(site)
    site.metroplex("repository", "set", "acme/rocket", "--watch", "tim")
    equal(take(site, first_mail(site, "kate@example.org", text="It fails. @ada?\n\n-- \nKate\n", message_id="<1@example.org>")), "opened")
    thread = site.show(1)
    equal({key: thread[key] for key in ("kind", "repository", "title", "state", "author")},
          {"kind": "issue", "repository": "acme/rocket", "title": "Rocket does not start", "state": "open", "author": "kate"})
    equal([(s["login"], s["reason"]) for s in thread["subscribers"]], [("kate", "author"), ("ada", "mention")])
    post = thread["opening"]
    equal((post["number"], post["author"], post["via"], post["body"], post["elided"], post["message_id"]),
          (0, "kate", "mail", "It fails. @ada?\n", "-- \nKate\n", "<1@example.org>"))
    equal(site.outcomes()[0][5:7], ["1", "-"])
    contains(site.log(), "Opened ")
    equal(len(site.events()), 1)
    site.notifier("--once")
    equal(sorted(m["X-GitHub-Recipient"] for m in site.sent()), ["ada", "tim"])
    check(all(m["Subject"] == "[acme/rocket] Rocket does not start (Issue #1)" for m in site.sent()), "as a thread that was opened by command")
    contains(site.git("log", "-1", "--format=%an <%ae> %s"), f"Kate Example <kate@users.noreply.{HOST}> acme/rocket#1: Rocket does not start")
    contains(site.metroplex("fsck"), " 0 faults")


# Who writes, and what becomes of it where off, members, known may: with proof, and without.
SENDERS = [
    ("kate@example.org", ("closed", "opened", "opened"), ("closed", "unproved", "unproved")),
    ("KATE@Example.ORG", ("closed", "opened", "opened"), ("closed", "unproved", "unproved")),
    ("tim@example.org", ("closed", "not-permitted", "opened"), ("closed", "not-permitted", "unproved")),
    ("gone@example.org", ("closed", "suspended", "suspended"), ("closed", "suspended", "suspended")),
    ("eve@example.net", ("closed", "unknown-sender", "unknown-sender"), ("closed", "unknown-sender", "unknown-sender")),
]


@test
def who_may_open_is_the_repository_s_to_say(site):
    for login in ("kate", "tim", "gone"):
        site.user(login)
    site.metroplex("user", "set", "gone", "--state", "suspended")
    opens(site, members=("kate", "gone"))
    for column, who in enumerate(("off", "members", "known")):
        site.metroplex("repository", "set", "acme/rocket", "--open", who)
        names = [(site.deliver(first_mail(site, sender, verdict=verdict)), sender, expected[column], len(verdict))
                 for sender, *both in SENDERS for verdict, expected in zip(("dkim=pass header.d={domain}", "spf=pass smtp.mailfrom={domain}"), both)]
        site.metroplex("--once")
        equal([site.reasons()[name] for name, *_ in names], [expected for _, _, expected, _ in names], f"{who}: {names}")
    equal(len(threads(site)), 5)
    equal({t["author"] for t in threads(site)}, {"kate", "tim"})


# What is no proof of kate's word, and what is.
PROOFS = [
    ("DKIM of the domain", {}, "opened"),
    ("DMARC and DKIM", {"verdict": "dmarc=pass header.from=example.org; dkim=pass header.d=example.org"}, "opened"),
    ("DKIM of another", {"verdict": "dkim=pass header.d=example.net"}, "unproved"),
    ("DKIM from below", {"verdict": "dkim=pass header.d=sub.example.org"}, "unproved"),
    ("DMARC by SPF alone", {"verdict": "dmarc=pass header.from=example.org; spf=pass smtp.mailfrom=example.org"}, "unproved"),
    ("SPF alone", {"verdict": "spf=pass smtp.mailfrom=example.org"}, "unproved"),
    ("DMARC failed", {"verdict": "dmarc=fail header.from=example.org; dkim=pass header.d=example.org"}, "unproved"),
    ("no field", {"verdict": ""}, "unproved"),
    ("a forged field further down", {"verdict": "", "headers": [("Authentication-Results", "mx.example.org; dkim=pass header.d=example.org")]}, "unproved"),
    ("another's id", {"verdict": "", "above": ["Authentication-Results: mx.example.net; dkim=pass header.d=example.org"]}, "unproved"),
    ("of last month", {"date": days_ago(30)}, "unproved"),
    ("of the day before yesterday", {"date": days_ago(2)}, "opened"),
    ("written to somebody else", {"to": "ada@example.net", "delivered": at()}, "unproved"),
    ("written to another address of ours", {"to": at("acme/rocket"), "delivered": at()}, "unproved"),
    ("a copy", {"to": "ada@example.net", "headers": [("Cc", at())], "delivered": at()}, "opened"),
    ("without a delivery's word", {"to": f"Rocket <{at('Acme/Rocket')}>", "delivered": "ada@example.net"}, "opened"),
    ("an automatic answer", {"headers": [("Auto-Submitted", "auto-replied")]}, "auto-reply"),
    ("a list's", {"headers": [("List-Id", "<x.example.org>"), ("Precedence", "list")]}, "auto-reply"),
    ("our own", {"headers": [("X-Loop", "x")]}, "loop"),
]


@test
def only_a_proof_of_its_author_opens(site):
    site.user("kate")
    opens(site)
    names = [(site.deliver(first_mail(site, "kate@example.org", **how)), what, expected) for what, how, expected in PROOFS]
    site.metroplex("--once")
    for name, what, expected in names:
        equal(site.reasons()[name], expected, what)
    equal(len(threads(site)), sum(expected == "opened" for _, _, expected in PROOFS))
    equal(site.answer_events(), [], "nobody hears of what may be forged")


@test
def two_authors_or_none_are_nobody(site):
    site.user("kate"), site.user("tim")
    opens(site)
    mail = first_mail(site, "kate@example.org")
    for name in (site.deliver(mail.replace(b"From: kate@example.org\n", b"From: kate@example.org, tim@example.org\n")),
                 site.deliver(mail.replace(b"From: kate@example.org\n", b"From: kate@example.org\nFrom: tim@example.org\n")),
                 site.deliver(mail.replace(b"From: kate@example.org\n", b""))):
        site.metroplex("--once")
        equal(site.reasons()[name], "unknown-sender")
    equal(threads(site), [])


@test
def an_address_that_there_is_not_opens_nothing(site):
    site.user("kate")
    opens(site, address="big-rocket")
    for name in ("rocket", "big.rocket", "big_rocket", "acme/engine", "acme", "big-rocket+x", "big-rocket/x"):
        equal(take(site, first_mail(site, "kate@example.org", to=at(name))), "no-address", name)
    equal(take(site, first_mail(site, "kate@example.org", to=f"big-rocket@{HOST}")), "no-address")
    equal(take(site, first_mail(site, "kate@example.org", to=at("reply+i-1-" + "0" * 40 + "-1") + ", " + at("big-rocket"))), "bad-address")
    equal(threads(site), [])


@test
def a_mail_opens_one_thread_however_often_it_comes(site):
    site.user("kate")
    opens(site)
    opens(site, repository="acme/engine", address="engine")
    mail = first_mail(site, "kate@example.org", message_id="<1@example.org>")
    equal(take(site, mail), "opened")
    equal(take(site, mail), "duplicate")
    equal(site.outcomes()[-1][5], "1", "of which thread")
    both = f"{at('engine')}, {at()}"
    first, second, third = (site.deliver(first_mail(site, "kate@example.org", to=both, delivered=delivered, message_id="<2@example.org>"))
                            for delivered in (at(), at("engine"), at()))
    site.metroplex("--once")
    reasons = site.reasons()
    equal(sorted(reasons[name] for name in (first, second, third)), ["duplicate", "duplicate", "opened"])
    equal([(t["repository"], t["id"]) for t in threads(site)], [("acme/rocket", 1), ("acme/engine", 2)], "the first in To")
    equal(len(site.events()), 2)
    site.metroplex("repository", "set", "acme/rocket", "--open", "off")
    equal(take(site, mail), "duplicate", "asked before what may have changed since")
    site.metroplex("repository", "set", "acme/engine", "--open", "off")
    site.metroplex("repository", "set", "acme/rocket", "--open", "members")
    equal(take(site, first_mail(site, "kate@example.org", to=both, delivered=at(), message_id="<3@example.org>")), "opened")
    equal(threads(site)[-1]["repository"], "acme/rocket", "the first that takes first mails")
    contains(site.metroplex("fsck"), " 0 faults")


@test
def what_was_redacted_opens_nothing_again(site):
    site.user("kate")
    opens(site)
    mail = first_mail(site, "kate@example.org", text="The password is canary.\n")
    equal(take(site, mail), "opened")
    site.metroplex("thread", "redact", "1", "0")
    check("canary" not in json.dumps(site.show(1)), "it is gone")
    equal(site.git("ls-tree", "-r", "--name-only", "main", "imports"), "", "no hash of its words confirms a guess")
    equal(take(site, mail), "duplicate")
    equal((len(threads(site)), site.outcomes()[-1][5]), (1, "1"))
    contains(site.metroplex("fsck"), " 0 faults")


@test
def a_signed_address_in_the_same_mail_wins(site):
    site.user("kate"), site.user("tim")
    opens(site)
    thread = site.thread("tim")
    equal(take(site, first_mail(site, "kate@example.org", to=f"{at()}, {site.address(thread, 'kate')}", delivered=at())), "posted")
    equal([t["id"] for t in threads(site)], [thread])


@test
def its_subject_is_the_title(site):
    site.user("kate")
    opens(site)
    long = "long " * 80
    cases = [
        ("Rocket", "Rocket"), ("  Rocket   fails  ", "Rocket fails"), ("", "It fails."), ("\u200b\u202e", "It fails."),
        ("a\u202eb", "a b"), ("=?utf-8?q?Na=C3=AFve_=F0=9F=9A=80?=", "Na\u00efve \U0001f680"), ("Mail ada@example.net", "Mail ***@***"),
        (long.strip(), long.strip()[:255] + "\u2026"), ("[x] <b> `y` ; #1", "[x] <b> `y` ; #1"),
    ]
    for subject, title in cases:
        mail = first_mail(site, "kate@example.org").replace(b"Subject: Rocket does not start", b"Subject: " + subject.encode())
        equal(take(site, mail), "opened", subject)
        equal(threads(site)[-1]["title"], title, subject)
    secret = site.address(1, "kate")
    equal(take(site, first_mail(site, "kate@example.org", subject="S").replace(b"Subject: S", b"Subject: see " + secret.encode())), "opened")
    check("reply+i-1-***-1" in threads(site)[-1]["title"] or "***@***" in threads(site)[-1]["title"], threads(site)[-1]["title"])
    contains(site.metroplex("fsck"), " 0 faults")


@test
def what_is_refused_is_told_to_who_proved_to_be_it(site):
    site.user("kate"), site.user("tim")
    opens(site)
    site.metroplex("user", "set", "kate", "--language", "fr")
    equal(take(site, first_mail(site, "tim@example.org", verdict="spf=pass smtp.mailfrom=example.org")), "not-permitted")
    equal(site.answer_events(), [])
    equal(take(site, first_mail(site, "tim@example.org")), "not-permitted")
    equal(take(site, first_mail(site, "kate@example.org", text="> nothing\n")), "empty")
    site.metroplex("repository", "set", "acme/rocket", "--open", "off")
    equal(take(site, first_mail(site, "kate@example.org")), "closed")
    site.notifier("--once")
    said = {m["To"].split("<")[-1].rstrip(">") + " " + str(email.header.make_header(email.header.decode_header(m["Subject"]))) for m in site.sent()}
    equal(len(site.sent()), 3)
    check(any("tim@example.org" in line and "acme/rocket opens discussions by mail for its members only" in line for line in said), said)
    check(any("kate@example.org" in line and "acme/rocket n\u2019ouvre aucune discussion" in line for line in said), said)
    check(all(m["Auto-Submitted"] == "auto-replied" for m in site.sent()), "RFC 3834")


@test
def so_many_threads_an_hour(site):
    site.user("kate"), site.user("tim")
    opens(site, who="known")
    site.set_config("limits", threads_per_hour="3", comments_per_hour="4")
    names = [site.deliver(first_mail(site, sender + "@example.org")) for sender in ("kate", "kate", "tim", "kate", "tim")]
    site.metroplex("--once")
    equal([site.reasons()[name] for name in names], ["opened"] * 3 + ["rate-limited"] * 2)
    equal(take(site, first_mail(site, "kate@example.org")), "rate-limited")
    contains(site.log(), "as many threads were opened by mail as an hour may bring")
    site.set_config("limits", threads_per_hour="0")
    equal(take(site, first_mail(site, "kate@example.org")), "opened")
    equal(take(site, site.mail("kate@example.org", site.address(1, "kate"), headers=[("Authentication-Results", "x")]).replace(
        b"Return-Path", b"Authentication-Results: mx.example.org; dkim=pass header.d=example.org\nReturn-Path", 1)), "posted")
    equal(take(site, first_mail(site, "kate@example.org")), "rate-limited", "of the account")


@test
def what_would_be_is_what_is_explained(site):
    site.user("kate"), site.user("tim")
    opens(site)
    good = site.deliver(first_mail(site, "kate@example.org"))
    bad = site.deliver(first_mail(site, "tim@example.org"))
    before = site.git("rev-parse", "main")
    said = site.metroplex("explain", *(os.path.join(site.data, "mail/reply/new", name) for name in (good, bad)))
    for part in ("a repository's", "a first mail to acme/rocket, from kate: proved", "opened            decides: a first mail to acme/rocket",
                 "result: opened, made a thread, the mail would go to success/", "result: not-permitted, filed"):
        contains(said, part)
    contains(site.run(METROPLEX, "--once", "--dry-run").stderr + site.log(), "a thread of acme/rocket, by kate")
    equal((site.git("rev-parse", "main"), threads(site)), (before, []))
    site.metroplex("--once")
    equal((site.reasons()[good], site.reasons()[bad]), ("opened", "not-permitted"))


@test
def a_damaged_policy_makes_only_its_own_mail_wait(site):
    site.user("kate")
    opens(site)
    opens(site, repository="acme/engine", address="engine")
    clone = os.path.join(site.dir, "clone")
    site.git("clone", "-q", site.data + "/tracker.git", clone)
    with open(os.path.join(clone, "repositories/acme/engine"), "a") as f:
        f.write("open=sometimes\n")
    site.run("git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "x", data=False)
    site.run("git", "-C", clone, "push", "-q", data=False)
    one = site.deliver(first_mail(site, "kate@example.org", to=at("engine")))
    two = site.deliver(first_mail(site, "kate@example.org"))
    site.metroplex("--once", status=78)
    equal((site.new, site.reasons().get(two)), ([one], "opened"))


if __name__ == "__main__":
    main()
