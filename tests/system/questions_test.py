#!/usr/bin/env python3
"""First mails of people who have no account, or did not prove who they are: whom we ask, how often, and what an answer does."""
import email.header
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from first_mail import at, days_ago, first_mail, ok_address, opens  # noqa: E402
from harness import HOST, METROPLEX, check, contains, equal, main, test  # noqa: E402
from several import check_all, hosts  # noqa: E402

UNPROVED = "spf=pass smtp.mailfrom={domain}"


def threads(site):
    return [json.loads(line) for line in site.metroplex("thread", "list", "--json").splitlines()]


def held(site):
    return site.listed("incoming-mail/held")


def take(site, octets):
    """What became of one mail."""
    name = site.deliver(octets)
    site.metroplex("--once")
    return site.reasons()[name]


def questions(site):
    """Sends what is to be sent; the questions so far."""
    site.notifier("--once")
    return [m for m in site.sent() if m["Reply-To"] and m["Reply-To"].startswith("ok+")]


def answer(site, question, sender=None, text="Yes.\n", **more):
    """What the one who was asked replies."""
    return first_mail(site, sender or question["Delivered-To"], to=question["Reply-To"], text=text,
                      headers=[("In-Reply-To", question["Message-ID"])], **more)


@test
def a_stranger_who_confirms_opens_a_thread(site):
    site.set_config("smtp", transport="maildir")
    site.user("kate")
    opens(site, who="anyone")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate")
    mail = first_mail(site, "Eve <eve@example.net>", message_id="<1@example.net>")
    name = site.deliver(mail)
    site.metroplex("--once")
    equal((site.reasons()[name], held(site), threads(site)), ("held", [name], []))
    site.metroplex("--once")
    question, = questions(site)
    equal(question["Delivered-To"], "eve@example.net")
    equal(take(site, answer(site, question)), "confirmed")
    equal(site.reasons()[name], "opened")
    thread = site.show(1)
    equal((thread["title"], thread["author"], thread["opening"]["body"]), ("Rocket does not start", "guest-2", "It fails.\n\nAlways.\n"))
    equal({s["login"]: s["reason"] for s in thread["subscribers"]}, {"guest-2": "author"})
    equal(held(site), [])
    equal(len(questions(site)), 1)
    equal(take(site, answer(site, question)), "duplicate")
    equal(take(site, mail), "duplicate")
    contains(site.metroplex("fsck"), " 0 faults")



SUBJECTS = [
    ("Rocket", "Rocket"), ("Re: Rocket 1.2 at 12:30", "Re: Rocket 1.2 at 12:30"), ("x" * 100, "x" * 77 + "\u2026"),
    ("Buy at https://evil.example/x now", "Buy at [\u2026] now"), ("www.evil.example", "[\u2026]"), ("see evil.example", "see [\u2026]"),
    ("see (evil\u3002example)", "see [\u2026]"), ("evil\uff0eexample!", "[\u2026]"), ("mail eve@evil.example", "mail [\u2026]"), ("eve\uff20evil", "[\u2026]"),
    ("mailto:eve", "[\u2026]"), ("tel:+123", "[\u2026]"), ("//evil", "[\u2026]"), ("a\u202eb \u200b", "a b"), ("@eve asks", "@eve asks"),
]


@test
def the_question_tells_whom_it_is_about_and_nothing_that_somebody_else_wrote(site):
    site.set_config("limits", domain_questions_per_hour="1000", open_questions="1000")
    opens(site, who="anyone", members=())
    for n, (subject, _) in enumerate(SUBJECTS):
        encoded = str(email.header.Header(subject, "utf-8", maxlinelen=2000)) if not subject.isascii() else subject
        site.deliver(first_mail(site, "Canary <eve@example.net>", text="Canary.\n", subject="S", message_id=f"<{n}@example.net>").replace(b"Subject: S\n", b"Subject: " + encoded.encode() + b"\n"))
    site.metroplex("--once")
    asked = {m["In-Reply-To"]: m for m in questions(site)}
    equal(len(asked), len(SUBJECTS))
    for n, (subject, shown) in enumerate(SUBJECTS):
        m = asked[f"<{n}@example.net>"]
        text = m.get_body(("plain",)).get_content()
        contains(text, f"> Subject: {shown}\n")
        check("Canary" not in m.as_string() and "evil" not in m.as_string(), subject)
        equal((m["Return-Path"], m["Auto-Submitted"], m["To"]), ("<>", "auto-replied", "eve@example.net"))
        equal(len(m["Reply-To"].split("@")[0]), 64)
        contains(text.replace("\n", " "), "can be read by everybody")


# Who writes, and whom we ask where members, known, anyone may: with proof, and without.
ASKED = [
    ("kate@example.org", (None, None, None), ("kate@example.org",) * 3),
    ("kate@example.com", (None, None, None), ("kate@example.org",) * 3),
    ("tim@example.org", (None, None, None), (None, "tim@example.org", "tim@example.org")),
    ("gone@example.org", (None, None, None), (None, None, None)),
    ("eve@example.net", (None, None, "eve@example.net"), (None, None, None)),
    ("eve@reply.git.example.org", (None, None, None), (None, None, None)),
    ("eve+x@example.net", (None, None, "eve+x@example.net"), (None, None, None)),
]


@test
def an_account_is_asked_at_its_own_address_and_a_stranger_only_with_a_proof(site):
    site.user("kate", "kate@example.org", "kate@example.com")
    for login in ("tim", "gone"):
        site.user(login)
    site.metroplex("user", "set", "gone", "--state", "suspended")
    opens(site, members=("kate",))
    site.set_config("limits", open_questions="100")
    wanted = {}
    for column, who in enumerate(("members", "known", "anyone")):
        site.metroplex("repository", "set", "acme/rocket", "--open", who)
        for sender, *both in ASKED:
            for verdict, expected in zip(("dkim=pass header.d={domain}", UNPROVED), both):
                mail = f"<{len(wanted)}@example.net>"
                wanted[mail] = (sender, who, verdict[:3], expected[column])
                take(site, first_mail(site, sender, verdict=verdict, message_id=mail, subject=f"Number {len(wanted)}"))
    asked = {m["In-Reply-To"]: m["Delivered-To"] for m in questions(site)}
    wrong = [(row, asked.get(mail)) for mail, row in wanted.items() if asked.get(mail) != row[3]]
    equal(wrong, [], "who was asked, and should not, or the other way")


@test
def an_account_confirms_from_whichever_address_it_has(site):
    site.user("kate", "kate@example.org", "kate@example.com")
    opens(site, members=("kate",))
    site.metroplex("user", "set", "kate", "--language", "fr")
    names = [site.deliver(first_mail(site, sender, verdict=UNPROVED, subject=sender)) for sender in ("kate@example.org", "kate@example.com")]
    site.metroplex("--once")
    for question, sender in zip(questions(site), ("Kate@Example.org", "kate@example.org")):
        contains(question.get_body(("plain",)).get_content(), "Si vous l\u2019avez \u00e9crit")
        equal(take(site, answer(site, question, sender)), "confirmed")
    equal([site.reasons()[name] for name in names], ["opened"] * 2)
    equal([t["author"] for t in threads(site)], ["kate"] * 2)
    equal(len(questions(site)), 2, "once")


@test
def only_the_one_who_was_asked_can_answer(site):
    site.user("kate"), site.user("tim"), site.user("gone")
    opens(site, who="anyone")
    name = site.deliver(first_mail(site, "eve@example.net"))
    other = site.deliver(first_mail(site, "mallory@example.net"))
    of_kate = site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED))
    site.metroplex("--once")
    asked = {m["Delivered-To"]: m for m in questions(site)}
    question = asked["eve@example.net"]
    to = question["Reply-To"]
    flipped = to[:60] + ("0" if to[60] != "0" else "1") + to[61:]
    tries = [
        ("another person", answer(site, question, "mallory@example.net"), "bad-address"),
        ("an account", answer(site, question, "kate@example.org"), "bad-address"),
        ("two people", answer(site, question).replace(b"From: eve@example.net", b"From: eve@example.net, kate@example.org"), "bad-address"),
        ("nobody", answer(site, question).replace(b"From: eve@example.net\n", b""), "bad-address"),
        ("a forged address", first_mail(site, "eve@example.net", to=flipped), "bad-address"),
        ("another's question", first_mail(site, "eve@example.net", to=asked["mallory@example.net"]["Reply-To"]), "bad-address"),
        ("no signature", answer(site, question, verdict=UNPROVED), "sender-mismatch"),
        ("another's signature", answer(site, question, verdict="dkim=pass header.d=evil.example"), "sender-mismatch"),
        ("DMARC failed", answer(site, question, verdict="dmarc=fail header.from=example.net; dkim=pass header.d=example.net"), "sender-mismatch"),
        ("long ago", answer(site, question, date=days_ago(30)), "sender-mismatch"),
        ("not to us", first_mail(site, "eve@example.net", to="x@example.net", delivered=to), "sender-mismatch"),
        ("a vacation", answer(site, question, above=["Auto-Submitted: auto-replied"]), "auto-reply"),
        ("a list", answer(site, question, above=["List-Id: <x.example.net>"]), "auto-reply"),
        ("a bounce", answer(site, question).replace(b"Return-Path: <eve@example.net>", b"Return-Path: <>"), "auto-reply"),
        ("ourselves", answer(site, question, above=["X-Loop: x"]), "loop"),
        ("kate, unauthenticated", answer(site, asked["kate@example.org"], verdict="dmarc=fail header.from=example.org"), "sender-mismatch"),
        ("kate, who forged it", answer(site, asked["kate@example.org"], "tim@example.org"), "bad-address"),
    ]
    for what, octets, expected in tries:
        equal(take(site, octets), expected, what)
    equal((threads(site), sorted(held(site))), ([], sorted([name, other, of_kate])))
    equal(len(site.metroplex("user", "list").splitlines()), 3, "no guest was made")
    equal(take(site, answer(site, question, "EVE@Example.NET", text="")), "confirmed")
    equal((site.reasons()[name], len(held(site))), ("opened", 2))


NO = ("No.\n", "NO! I never wrote that.\n", "I did not write this.\n", "It wasn't me.\n", "I didn\u2019t.\n", "Non, ce n'est pas moi.\n", "Je n\u2019ai rien \u00e9crit.\n",
      "\n\n*Not* mine\n", "Stop!\n", "What is this spam?\n", "Non\u00a0!\n", "Non\u202f!\n", "\u201cNo\u201d\n", "No\u2026\n", "Non/No\n", "No\u2014never\n",
      "Hello,\n\nI did not write this.\n", "Bonjour,\n\nNon, ce n'est pas moi.\n", "Dear all,\n\nhi,\nno.\n",
      "No problem report was sent by me.\n", "No problem, but it was not me.\n", "No, yes I never did.\n", "Why did I not hear of it?\n", "Stop, no problem\n")
YES = ("", "Yes.\n", "ok\n", "Oui, c'est moi.\n", "I confirm, and note:\nthis does not matter.\n", "> no\n", "It is mine, nobody else's.\n", "\U0001f44d\n", "Hello,\n\nyes.\n\nI do not mind.\n",
       "No problem, yes\n", "Pas de souci\u00a0!\n", "Yes, why not?\n", "Hi, no worries, sure.\n", "Not a problem.\n")


@test
def who_says_no_confirms_nothing(site):
    site.user("kate")
    site.set_config("limits", open_questions="1000", domain_questions_per_hour="1000")
    opens(site, members=("kate",))
    names = [site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED, subject=f"Number {n}")) for n in range(len(YES))]
    site.metroplex("--once")
    asked = questions(site)
    quoted = "".join(f"> {line}\n" for line in asked[0].get_body(("plain",)).get_content().splitlines())
    for text in NO:
        equal(take(site, answer(site, asked[0], "kate@example.org", text=f"{text}\nOn Monday, git.example.org <noreply@{HOST}> wrote:\n{quoted}")), "declined", text)
    equal((threads(site), sorted(held(site))), ([], sorted(names)))
    for question, text in zip(asked, YES):
        equal(take(site, answer(site, question, "kate@example.org", text=f"{text}\nOn Monday, git.example.org <noreply@{HOST}> wrote:\n{quoted}")), "confirmed", text)
    equal((len(threads(site)), held(site)), (len(YES), []))


@test
def a_long_line_of_noes_that_mean_yes_holds_up_nobody(site):
    """It took minutes of the parent, which has no limit of time."""
    site.user("kate")
    opens(site, members=("kate",))
    site.deliver(first_mail(site, "kate@example.org", verdict=UNPROVED))
    site.metroplex("--once")
    name = site.deliver(answer(site, questions(site)[0], "kate@example.org", text="no doubt " * 50000 + "yes no\n"))
    subprocess.run([METROPLEX, "--config", site.config, "--once"], check=True, timeout=60)
    equal(site.reasons()[name], "declined")


@test
def a_signed_reply_address_in_the_same_mail_wins(site):
    site.user("tim")
    opens(site, who="anyone", members=())
    thread = site.thread("tim")
    name = site.deliver(first_mail(site, "tim@example.org", verdict=UNPROVED))
    site.metroplex("--once")
    question, = questions(site)
    for both in (f"{question['Reply-To']}, {site.address(thread, 'tim')}", f"{site.address(thread, 'tim')}, {question['Reply-To']}"):
        equal(take(site, first_mail(site, "tim@example.org", to=both, delivered=question["Reply-To"], text=f"Yes {both[:2]}.\n")), "posted")
    equal(site.reasons()[name], "held")
    equal(take(site, first_mail(site, "tim@example.org", to=f"{at()}, {question['Reply-To']}")), "confirmed")


@test
def each_mail_is_confirmed_by_itself(site):
    opens(site, who="anyone", members=())
    for n in (1, 2):
        name = site.deliver(first_mail(site, "Eve <eve@example.net>", subject=f"Number {n}"))
        site.metroplex("--once")
        equal((site.reasons()[name], len(questions(site))), ("held", n))
        equal(take(site, answer(site, questions(site)[-1])), "confirmed")
        equal(site.reasons()[name], "opened")
    equal([(t["title"], t["author"]) for t in threads(site)], [("Number 1", "guest-1"), ("Number 2", "guest-1")])
    equal(take(site, first_mail(site, "eve@example.net", verdict=UNPROVED)), "held")
    equal(len(questions(site)), 2, "a guest's address may be forged, too")


@test
def so_many_questions_an_address_a_domain_and_an_hour(site):
    opens(site, who="anyone", members=())
    names = [site.deliver(first_mail(site, "eve@example.net", subject=f"Number {n}")) for n in range(5)]
    site.metroplex("--once")
    equal([site.reasons()[name] for name in names], ["held"] * 5)
    equal(len(questions(site)), 3, "open at one address")
    equal(site.log().count("as many questions to that address are open as may be"), 2)
    site.metroplex("--once")
    equal((len(questions(site)), site.log().count("Not asking")), (3, 2), "what waits is no news")
    first, second = questions(site)[:2]  # whichever was sent first
    take(site, answer(site, first))
    site.metroplex("--once")
    equal(len(questions(site)), 4, "asked once there is room")
    site.metroplex("held", "reject", names[int(re.search(r"Subject: Number (\d)", str(second)).group(1))])
    site.metroplex("--once")
    equal(len(questions(site)), 5)
    for n in range(12):
        site.deliver(first_mail(site, f"p{n}@host-{n}.mail.example.net", verdict="dkim=pass header.d=example.net"))
        site.deliver(first_mail(site, f"p{n}@host-{n}.co.uk"))
    site.metroplex("--once")
    by = [m["Delivered-To"] for m in questions(site)]
    equal((sum(a.endswith("example.net") for a in by), sum(a.endswith("co.uk") for a in by)), (10, 12), "of a registered domain")
    site.set_config("limits", questions_per_hour="25")
    for n in range(5):
        site.deliver(first_mail(site, f"q@other-{n}.example"))
    site.metroplex("--once")
    equal(len(questions(site)), 25, "in all")
    site.set_config("limits", questions_per_hour="0")
    take(site, first_mail(site, "q@another.example"))
    equal(len(questions(site)), 25)
    contains(site.metroplex("fsck"), " 0 faults")


@test
def an_answer_that_comes_too_late_makes_nobody_a_guest(site):
    opens(site, who="anyone", members=())
    names = [site.deliver(first_mail(site, f"{who}@example.net")) for who in ("eve", "ann")]
    site.metroplex("--once")
    asked = {m["Delivered-To"]: m for m in questions(site)}
    site.metroplex("held", "reject", names[0])
    old = f"{int(time.time()) - 15 * 86400}.V1I1M9.mx"
    os.rename(os.path.join(site.data, "incoming-mail/held", names[1]), os.path.join(site.data, "incoming-mail/held", old))
    site.metroplex("--once")
    equal((site.reasons()[names[0]], site.reasons()[old], held(site)), ("rejected", "unconfirmed", []))
    for question in asked.values():
        equal(take(site, answer(site, question)), "too-late")
    equal(take(site, first_mail(site, "eve@example.net", to=ok_address(site, "f" * 32, "eve@example.net"))), "too-late")
    equal((threads(site), site.metroplex("user", "list")), ([], ""))


@test
def a_stranger_without_a_proof_is_let_in_by_somebody_else_only(site):
    site.user("kate")
    opens(site, who="anyone")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate")
    mail = first_mail(site, "Eve <eve@example.net>", verdict=UNPROVED, text="It fails. @kate?\n")
    name = site.deliver(mail)
    site.metroplex("--once")
    site.metroplex("--once")
    equal((site.reasons()[name], questions(site)), ("held", []))
    contains(site.metroplex("held", "show", name), "metroplex held accept")
    site.metroplex("held", "accept", name)
    equal((site.reasons()[name], held(site)), ("opened", []))
    thread = site.show(1)
    equal((thread["author"], thread["subscribers"]), ("guest-2", []))
    contains(site.git("log", "-1", "--format=%an"), "Eve (unconfirmed)")
    question, = questions(site)
    equal(question["Delivered-To"], "eve@example.net")
    equal(take(site, mail), "duplicate")
    equal(take(site, answer(site, question, verdict=UNPROVED)), "sender-mismatch")
    equal(take(site, answer(site, question, "eve@example.net")), "confirmed")
    equal({s["login"]: s["reason"] for s in site.show(1)["subscribers"]}, {"guest-2": "author"})
    contains(site.metroplex("user", "show", "guest-2"), "Eve (guest)")
    equal(len(questions(site)), 1, "once")
    equal(take(site, answer(site, question)), "duplicate")
    contains(site.metroplex("fsck"), " 0 faults")


@test
def whoever_confirms_a_second_that_was_let_in_hears_of_it(site):
    site.user("tim")
    opens(site, who="anyone", members=("tim",))
    for n in range(2):
        name = site.deliver(first_mail(site, "Eve <eve@example.net>", verdict=UNPROVED, subject=f"Let in {n}"))
        site.metroplex("--once")
        site.metroplex("held", "accept", name)
    for question in sorted(questions(site), key=lambda asked: "Let in 1" in asked.as_string()):
        equal(take(site, answer(site, question, "eve@example.net")), "confirmed")
    first, second = site.show(1), site.show(2)
    equal((first["author"], second["author"]), ("guest-2", "guest-3"), "each was let in for itself")
    equal([{s["login"]: s["reason"] for s in t["subscribers"]} for t in (first, second)], [{"guest-2": "author"}, {"guest-2": "author"}])
    site.set_config("smtp", transport="maildir")
    site.metroplex("thread", "comment", "2", "--as", "tim", "-", stdin="Which version?\n")
    site.notifier("--once")
    equal([m["Delivered-To"] for m in site.sent() if "Which version" in m.as_string()], ["eve@example.net"])
    equal(site.metroplex("fsck", "--json"), "")


@test
def whoever_confirms_what_was_let_in_can_be_asked_again(site):
    opens(site, who="anyone", members=())
    for n in range(3):
        name = site.deliver(first_mail(site, "eve@example.net", verdict=UNPROVED, subject=f"Let in {n}"))
        site.metroplex("--once")
        site.metroplex("held", "accept", name)
    asked = questions(site)
    equal(len(asked), 3)
    for question in asked:
        equal(take(site, answer(site, question, "eve@example.net")), "confirmed")
    site.deliver(first_mail(site, "eve@example.net", subject="One more"))
    site.metroplex("--once")
    equal(len(questions(site)), 4)


@test
def an_answer_of_a_guest_that_nothing_proves_is_let_in_as_theirs(site):
    site.user("tim")
    opens(site, who="anyone", members=("tim",))
    take(site, first_mail(site, "Eve <eve@example.net>"))
    take(site, answer(site, questions(site)[0]))
    site.metroplex("thread", "comment", "1", "--as", "tim", stdin="Which version?\n")
    site.notifier("--once")
    told = [m for m in site.sent() if m["Delivered-To"] == "eve@example.net"][-1]
    name = site.deliver(first_mail(site, "Eve <eve@example.net>", verdict=UNPROVED, subject="Re: x", text="Seven.\n",
                                   headers=[("In-Reply-To", told["Message-ID"])]))
    site.set_config("inbound", answers_to_notifications="true")
    site.metroplex("--once")
    equal(held(site), [name])
    site.metroplex("held", "accept", name)
    equal((held(site), [(c["author"], c["body"].strip()) for c in site.show(1)["comments"]][-1]), ([], ("guest-2", "Seven.")))
    equal(len(site.metroplex("user", "list").splitlines()), 2, "nobody new")


@test
def what_is_let_in_of_a_guest_is_not_the_guest_s(site):
    opens(site, who="anyone", members=())
    take(site, first_mail(site, "Eve <eve@example.net>"))
    take(site, answer(site, questions(site)[0]))
    name = site.deliver(first_mail(site, "Eve <eve@example.net>", verdict=UNPROVED, subject="Forged"))
    site.metroplex("--once")
    site.metroplex("held", "accept", name)
    equal([(t["title"], t["author"]) for t in threads(site)], [("Rocket does not start", "guest-1"), ("Forged", "guest-2")])
    equal(site.show(2)["subscribers"], [])


@test
def what_would_be_asked_and_what_an_answer_would_do_is_explained(site):
    opens(site, who="anyone", members=())
    mail = first_mail(site, "eve@example.net")
    path = os.path.join(site.dir, "mail")

    def explain(octets):
        with open(path, "wb") as f:
            f.write(octets)
        return site.metroplex("explain", path)

    said = explain(mail)
    for part in ("a first mail to acme/rocket, from nobody with an account: proved", "held              decides: its author has not confirmed it yet", "its author is asked whether they wrote it"):
        contains(said, part)
    name = site.deliver(mail)
    contains(site.run(METROPLEX, "--once", "--dry-run").stderr + site.log(), "Would be: Asked the author of")
    equal(questions(site), [])
    site.metroplex("--once")
    contains(explain(mail), "no answer, or none any more")
    said = explain(answer(site, questions(site)[0]))
    for part in ("confirms a held mail", "confirmed         decides: the author of a held mail says that it is theirs", "result: confirmed"):
        contains(said, part)
    check(not re.search("-[0-9a-f]{28}@", said), "the MAC is shown")
    equal(site.reasons()[name], "held", "nothing was done")


@test
def whoever_opens_to_anyone_needs_a_server_that_verifies(site):
    said = site.run(METROPLEX, "repository", "set", "acme/rocket", "--address", "rocket", "--open", "anyone", status=65).stderr
    for part in ("authserv-id", "metroplex configure --verify opendkim"):
        contains(said, part)
    opens(site, who="anyone", members=())
    equal(json.loads(site.metroplex("repository", "show", "--json", "acme/rocket"))["open"], "anyone")
    contains(site.metroplex("repository", "show", "acme/rocket"), "anyone (once they confirmed it)")
    contains(site.git("show", "main:repositories/acme/rocket"), "open=anyone")


@test
def the_answer_may_reach_another_host(site):
    """The host that has the answer writes who it is, the one that has the mail opens the thread, whatever dies between."""
    with hosts(site) as (remote, one, two):
        opens(one, who="anyone", members=())
        for host in (one, two):
            host.set_config("address", authserv_id="mx.example.org")
            host.set_config("smtp", transport="maildir")
        name = one.deliver(first_mail(one, "Eve <eve@example.net>"))
        one.metroplex("--once")
        question, = questions(one)
        said = answer(two, question, "Eve <eve@example.net>")
        confirmed = two.deliver(said)
        two.metroplex("--once")
        equal((two.reasons()[confirmed], threads(two)), ("confirmed", []))
        contains(two.git("log", "-1", "--format=%s", repository="accounts.git"), "Add guest-1, whose first mail was confirmed")
        one.metroplex("--once")
        equal((one.reasons()[name], held(one)), ("opened", []))
        two.metroplex("--once")
        equal([(t["title"], t["author"]) for t in threads(two)], [("Rocket does not start", "guest-1")])
        for host in (one, two):
            again = host.deliver(said)
            host.metroplex("--once")
            equal(host.reasons()[again], "duplicate", "the answer once more")
        again = two.deliver(first_mail(one, "Eve <eve@example.net>"))
        two.metroplex("--once")
        equal(two.reasons()[again], "held", "another mail is asked about again")
        equal(len(questions(two)), 1)
        check_all(remote, one, two)



if __name__ == "__main__":
    main()
