#!/usr/bin/env python3
"""A first mail to a repository opens a thread: who may, with what proof, and once whatever happens."""
import email.header
import json
import os
import shutil
import subprocess
import sys
import time
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from first_mail import AUTHSERV, at, days_ago, first_mail, opens  # noqa: E402
from harness import HOST, METROPLEX, check, contains, equal, killat, main, test, test_as_root  # noqa: E402
from several import check_all, hosts  # noqa: E402


UNPROVED = "spf=pass smtp.mailfrom={domain}"


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
    ("kate@example.org", ("closed", "opened", "opened"), ("closed", "held", "held")),
    ("KATE@Example.ORG", ("closed", "opened", "opened"), ("closed", "held", "held")),
    ("tim@example.org", ("closed", "not-permitted", "opened"), ("closed", "not-permitted", "held")),
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
    ("DKIM of another", {"verdict": "dkim=pass header.d=example.net"}, "held"),
    ("DKIM from below", {"verdict": "dkim=pass header.d=sub.example.org"}, "held"),
    ("DMARC by SPF alone", {"verdict": "dmarc=pass header.from=example.org; spf=pass smtp.mailfrom=example.org"}, "held"),
    ("SPF alone", {"verdict": "spf=pass smtp.mailfrom=example.org"}, "held"),
    ("DMARC failed", {"verdict": "dmarc=fail header.from=example.org; dkim=pass header.d=example.org"}, "held"),
    ("no field", {"verdict": ""}, "held"),
    ("a forged field further down", {"verdict": "", "headers": [("Authentication-Results", "mx.example.org; dkim=pass header.d=example.org")]}, "held"),
    ("another's id", {"verdict": "", "above": ["Authentication-Results: mx.example.net; dkim=pass header.d=example.org"]}, "held"),
    ("of last month", {"date": days_ago(30)}, "held"),
    ("of the day before yesterday", {"date": days_ago(2)}, "opened"),
    ("written to somebody else", {"to": "ada@example.net", "delivered": at()}, "held"),
    ("written to another address of ours", {"to": at("acme/rocket"), "delivered": at()}, "held"),
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
    equal(len(site.answer_events()), 3, "kate is asked at her own address, three times at most; nobody else hears of what may be forged")


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
def a_mail_that_is_sent_on_opens_with_what_it_says(site):
    site.user("kate")
    opens(site)
    forwarded = "-------- Forwarded Message --------\nSubject: Crash\nDate: Mon, 5 Oct 2026 10:00:00 +0200\nFrom: Ada <ada@example.net>\nTo: kate@example.org\n\nIt crashes.\n"
    for text, body in ((forwarded, "It crashes."), ("> It crashes.\n> Always.\n", "> It crashes.\n> Always."),
                       ("See below.\n\nOn Mon, 5 Oct 2026 at 10:00, Ada <ada@example.net> wrote:\n> It crashes.\n", "See below.")):
        equal(take(site, first_mail(site, "kate@example.org", text=text)), "opened", text)
        contains(site.show(len(threads(site)))["opening"]["body"], body)
    contains(site.show(3)["opening"]["elided"], "> It crashes.")
    check("ada@" not in json.dumps([site.show(n) for n in (1, 2, 3)]), "masked as ever")


@test
def a_command_in_a_first_mail_is_text_and_its_author_hears_so(site):
    site.user("kate"), site.user("tim")
    site.metroplex("user", "set", "tim", "--language", "fr")
    site.set_config("instance", url="https://git.example.org")
    opens(site, members=("kate", "tim"))
    equal(take(site, first_mail(site, "kate@example.org", text="/label bug\n\nIt fails.\n\n/close\n")), "opened")
    thread = site.show(1)
    equal((thread["opening"]["body"], thread["state"], thread["labels"]), ("/label bug\n\nIt fails.\n\n/close\n", "open", []))
    # nothing but commands is nothing written; and what may be forged is answered to nobody
    equal(take(site, first_mail(site, "tim@example.org", text="/lable bug\n/close\n")), "unknown-command")
    equal(take(site, first_mail(site, "kate@example.org", text="It fails.\n\n/close\n", verdict=UNPROVED)), "held")
    equal(take(site, first_mail(site, "kate@example.org", text="In /etc/fstab:\n\n/dev/sda /\n")), "opened")
    site.notifier("--once")
    said = [(m["To"].split("<")[-1].rstrip(">"), " ".join(m.get_body(("plain",)).get_content().split()))
            for m in site.sent() if m["Auto-Submitted"] == "auto-replied"]
    equal((len(threads(site)), sorted({to for to, _ in said})), (2, ["kate@example.org", "tim@example.org"]))
    (text,) = [text for to, text in said if to == "kate@example.org" and "opened a discussion" in text]  # beside the question
    for part in ("opened a discussion", "/label bug", "/close", "the first message of a discussion gives no commands; give it in an answer", "acme/rocket"):
        contains(text, part)
    equal(text.count("gives no commands"), 2)
    contains(text, "https://git.example.org/acme/rocket/issues/1")
    contains(dict(said)["tim@example.org"], "le premier message d\u2019une discussion ne donne pas de commandes")


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
    equal(take(site, first_mail(site, "kate@example.org", text="\n")), "empty")
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


def held(site):
    return site.listed("incoming-mail/held")


@test
def what_is_held_is_listed_accepted_or_rejected(site):
    site.user("kate"), site.user("tim")
    opens(site)
    names = [site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED, subject=f"Number {n}", text=f"Text {n}.\n")) for n in range(3)]
    site.metroplex("--once")
    equal((held(site), site.new, threads(site)), (names, [], []))
    equal([line[1:3] for line in site.outcomes()], [["held", "held"]] * 3)
    listed = [json.loads(line) for line in site.metroplex("held", "list", "--json").splitlines()]
    equal([(m["file"], m["reason"], m["from"], m["subject"]) for m in listed], [(n, "held", "kate@example.org", f"Number {i}") for i, n in enumerate(names)])
    contains(site.metroplex("held", "show", names[0]), "metroplex held accept")
    contains(site.metroplex("held", "show", names[0]), "Text 0.")
    site.metroplex("--once")
    equal((held(site), len(site.outcomes())), (names, 3), "what still waits is no news")
    site.metroplex("held", "accept", names[1])
    equal([(t["title"], t["author"]) for t in threads(site)], [("Number 1", "kate")])
    equal((site.reasons()[names[1]], site.success), ("opened", [names[1]]))
    site.metroplex("held", "reject", os.path.join(site.data, "incoming-mail/held", names[0]))
    equal((site.reasons()[names[0]], site.failure, held(site)), ("rejected", [names[0]], [names[2]]))
    equal(len(site.events()), 1, "of the one that was accepted")
    contains(site.metroplex("fsck"), " 0 faults")


@test
def what_is_accepted_and_refused_all_the_same_says_so(site):
    site.user("kate")
    opens(site)
    name = site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED))
    site.metroplex("--once")
    site.metroplex("user", "set", "kate", "--state", "suspended")
    contains(site.run(METROPLEX, "held", "accept", name, status=65).stderr, "suspended")
    equal((held(site), site.failure), ([], [name]))
    strange = "1.V1I1M1.\x1b[31mmx"
    with open(os.path.join(site.data, "incoming-mail/held", strange), "wb") as f:
        f.write(first_mail(site, "nobody@example.org"))
    said = site.run(METROPLEX, "held", "accept", strange, status=65).stderr
    contains(said, "is no first mail of somebody who may write one")
    check("\x1b" not in said, "no name moves the cursor")


@test
def of_held_mails_all_that_are_named_are_settled_or_none(site):
    site.user("kate")
    opens(site)
    names = [site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED, subject=f"Number {n}", text=f"Text {n}.\n")) for n in range(4)]
    site.metroplex("--once")
    for word in ("accept", "reject"):
        for wrong, shown in (("nothing", "nothing"), ("", "''"), (".", "."), ("..", ".."), ("/", "/"), ("../a\x1bb", "../a\\eb")):
            equal(site.run(METROPLEX, "held", word, names[0], wrong, names[1], status=65).stderr, f"metroplex: no such file in held/: {shown}\n")
    equal((held(site), threads(site)), (names, []), "nothing was done")
    site.metroplex("held", "accept", names[0], names[1], names[0])
    site.metroplex("held", "reject", names[2], names[3], names[3])
    equal(([t["title"] for t in threads(site)], site.failure, held(site)), (["Number 0", "Number 1"], names[2:], []))


@test
def what_is_held_is_decided_by_what_is_known_then(site):
    site.user("kate"), site.user("tim")
    opens(site)
    other = first_mail(site, "tim@example.org", verdict=UNPROVED)
    equal(take(site, other), "not-permitted", "who may not is not held")
    mail = first_mail(site, "kate@example.org", verdict=UNPROVED, message_id="<1@example.org>")
    name = site.deliver(mail)
    site.metroplex("--once")
    equal(site.reasons()[name], "held")
    equal(take(site, first_mail(site, "kate@example.org", message_id="<1@example.org>")), "opened", "it came again, with a proof")
    site.metroplex("--once")
    equal((site.reasons()[name], held(site)), ("duplicate", []))
    name = site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED))
    site.metroplex("--once")
    site.metroplex("repository", "set", "acme/rocket", "--open", "off")
    site.metroplex("--once")
    equal((site.reasons()[name], held(site)), ("closed", []))
    check("Answered" not in site.log(), "nobody hears of what may be forged")


@test
def what_nobody_confirms_is_refused_after_two_weeks(site):
    site.user("kate")
    opens(site)
    now = int(time.time())
    names = [site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED), f"{now - days * 86400}.V1I1M{days}.mx") for days in (15, 13)]
    site.metroplex("--once")
    equal((site.reasons()[names[0]], held(site)), ("unconfirmed", [names[1]]))
    old = f"{now - 15 * 86400}.V1I1M9.mx"
    os.rename(os.path.join(site.data, "incoming-mail/held", names[1]), os.path.join(site.data, "incoming-mail/held", old))
    site.metroplex("--once")
    equal((site.reasons()[old], held(site)), ("unconfirmed", []))


@test
def so_many_mails_are_held(site):
    site.user("kate", "kate@example.org", "kate@example.net")
    opens(site)
    names = [site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED)) for _ in range(22)]
    other = site.deliver(first_mail(site, "kate@example.net", verdict=UNPROVED))
    site.metroplex("--once")
    equal([site.reasons()[name] for name in names], ["held"] * 20 + ["held-full"] * 2)
    equal((site.reasons()[other], len(held(site))), ("held", 21))
    equal(take(site, first_mail(site, "kate@example.org", verdict=UNPROVED)), "held-full", "counted by the next run too")
    site.metroplex("held", "reject", names[0])
    equal(take(site, first_mail(site, "kate@example.org", verdict=UNPROVED)), "held")
    equal(take(site, first_mail(site, "kate@example.org")), "opened", "what is proved needs no room")


@test
def members_hear_once_a_day_what_is_held(site):
    for login in ("kate", "tim", "ann", "gone"):
        site.user(login)
    site.metroplex("user", "set", "tim", "--language", "fr")
    site.set_config("limits", questions_per_hour="0")
    opens(site, members=("kate", "tim", "gone"))
    opens(site, repository="acme/engine", address="engine", members=("tim",))
    site.metroplex("user", "set", "gone", "--state", "suspended")
    site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED, subject="See ada@example.net \u202e" + 100 * "x", text="Canary.\n"))
    site.deliver(first_mail(site, "tim@example.org", to=at("engine"), verdict=UNPROVED, subject="Second"))
    site.metroplex("--once")
    equal(site.answer_events(), [], "not before it waits")
    for _ in range(3):
        site.metroplex("--once")
    site.notifier("--once")
    said = {m["To"].split("<")[-1].rstrip(">"): m for m in site.sent()}
    equal(sorted(said), ["kate@example.org", "tim@example.org"])
    for to, lines in (("kate@example.org", ["> acme/rocket: ***@example.org: See ***@***"]),
                      ("tim@example.org", ["> acme/rocket: ***@example.org: See ***@***", "> acme/engine: ***@example.org: Second"])):
        text = said[to].get_body(("plain",)).get_content()
        for line in lines:
            contains(text, line)
        check("Canary" not in text and "kate@" not in text and "ada@" not in text and "\u202e" not in text, text)
        equal(text.count("***@example.org"), len(lines))
        equal(said[to]["Auto-Submitted"], "auto-generated")
    contains(said["tim@example.org"].get_body(("plain",)).get_content(), "Ce qui attend")
    site.metroplex("--once")
    equal(site.answer_events(), [])


@test
def what_still_waits_asks_the_remotes_once_a_run(site):
    fetches = os.path.join(site.dir, "fetches")
    os.mkdir(os.path.join(site.dir, "bin"))
    with open(os.path.join(site.dir, "bin/git"), "w") as f:
        f.write(f'#!/bin/sh\ncase " $* " in *" fetch "*) echo >>{fetches};; esac\nexec {shutil.which("git")} "$@"\n')
    os.chmod(f.name, 0o755)

    def fetched():
        """By a run that finds all as it left it."""
        for _ in range(3):
            open(fetches, "w").close()
            site.metroplex("--once")
        return os.path.getsize(fetches)

    with hosts(site), mock.patch.dict(os.environ, PATH=os.path.join(site.dir, "bin") + ":" + os.environ["PATH"]):
        site.user("kate")
        opens(site)
        idle = fetched()
        site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED))
        site.metroplex("--once")
        equal(len(held(site)), 1)
        waiting = fetched()
        check(0 < idle < waiting <= 2 * idle, f"{idle} fetches without, {waiting} with a mail that waits")
        equal(len(site.answer_events()), 2, "kate was told and asked before")


def held_by_both(one, two):
    """The names of a mail that came to two hosts."""
    one.user("kate")
    opens(one)
    two.set_config("address", authserv_id=AUTHSERV)
    both = first_mail(one, "kate@example.org", verdict=UNPROVED, message_id="<both@example.org>")
    names = [one.deliver(both), two.deliver(both)]
    for each in (one, two):
        each.metroplex("--once")
    equal((held(one), held(two)), (names[:1], names[1:]))
    return names


@test
def what_one_host_accepts_opens_once_wherever_it_lies(site):
    with hosts(site) as (remote, one, two):
        names = held_by_both(one, two)
        two.metroplex("held", "accept", names[1])
        one.metroplex("--once")
        equal((two.reasons()[names[1]], one.reasons()[names[0]], held(one), held(two)), ("opened", "duplicate", [], []))
        equal([t["author"] for t in threads(one)], ["kate"])
        check_all(remote, one, two)


@test_as_root
def who_accepts_and_dies_between_the_repositories_has_it_opened_by_the_other_host(site):
    """At every so many system calls of the command, from when accounts.git knows."""
    with hosts(site) as (remote, one, two):
        names = held_by_both(one, two)
        places, list = [remote.path(), remote.path("a.git"), one.data, two.data], os.path.join(two.dir, "calls")
        for place in places:
            shutil.copytree(place, place + ".copy", symlinks=True)

        def restore():
            for place in places:
                shutil.rmtree(place)
                shutil.copytree(place + ".copy", place, symlinks=True)

        command = [METROPLEX, "held", "--config", two.config, "accept", names[1]]
        subprocess.run([killat(), "--list", list, "--", *command], check=True, capture_output=True)
        with open(list) as f:
            calls = f.read().splitlines()
        known = max(i for i, line in enumerate(calls) if "accounts.git/refs/heads/main" in line and line.split("\t")[1].startswith("rename"))
        by_other = 0
        for number in range(known, len(calls) + 1, max(1, (len(calls) - known) // int(os.environ.get("KILLS", "9")))):
            restore()
            subprocess.run([killat(), "--kill", str(number), "--", *command], check=True, capture_output=True)
            what = f"killed at {number}: {calls[number - 1]}"
            two.a_minute_later()
            one.a_minute_later()
            one.metroplex("--once")
            by_other += one.reasons()[names[0]] == "opened"
            two.metroplex("--once")
            equal((held(one), held(two)), ([], []), what)
            check({one.reasons()[names[0]], two.reasons()[names[1]]} <= {"opened", "duplicate"}, what)
            equal([t["author"] for t in threads(one)], ["kate"], what)
            check_all(remote, one, two)
        print(f"# {by_other} kills were finished by the other host")
        check(by_other > 0, "no kill was between the two")


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
    waits = site.deliver(first_mail(site, "kate@example.org", to=at("engine"), verdict=UNPROVED))
    site.metroplex("--once")
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
    contains(site.run(METROPLEX, "held", "accept", waits, status=78).stderr, "open: none of")
    equal(held(site), [waits])


if __name__ == "__main__":
    main()
