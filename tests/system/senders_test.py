#!/usr/bin/env python3
"""Whose first mail opens a thread: every kind of sender with every verdict and every kind of mail, at every kind of repository.

Nobody gets in without a signature of their domain, and no mail goes to anybody whose domain did not sign, but for the question
to an account, at its own address, whether it wrote what is held.
MAILS (1,000) is how many forged mails are sent.
"""
import itertools
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import guests  # noqa: E402
from first_mail import AUTHSERV, at, days_ago, first_mail, opens  # noqa: E402
from harness import HOST, Site, check, equal, main, test  # noqa: E402

MAILS = int(os.environ.get("MAILS", "1000"))
REPOSITORIES = ("off", "members", "known", "anyone")
PEOPLE = ("member", "known", "suspended", "guest", "stranger")

# Name: (what the server says of an author of {d}, whose domain lies below {up}; whether that proves them)
VERDICTS = {
    "dmarc-with-dkim": ("dmarc=pass header.from={d}; dkim=pass header.d={d}", True),
    "dkim-equal": ("dkim=pass header.d={d}", True),
    "dkim-above": ("dkim=pass header.d={up}", True),
    "dmarc-without-dkim": ("dmarc=pass header.from={d}; spf=pass smtp.mailfrom={d}", False),
    "dkim-below": ("dkim=pass header.d=mail.{d}", False),
    "dkim-other": ("dkim=pass header.d=evil.example", False),
    "dkim-suffix": ("dkim=pass header.d=example", False),
    "spf-alone": ("spf=pass smtp.mailfrom={d}", False),
    "fail": ("dmarc=fail header.from={d}; dkim=fail header.d={d}; spf=fail smtp.mailfrom={d}", False),
    "dmarc-fail": ("dmarc=fail header.from={d}; dkim=pass header.d={d}", False),
    "none": ("dmarc=none; dkim=none; spf=none", False),
    "no-field": ("", False),
    "forged-below": ("", False),
    "forged-client": ("", False),
}
FORGED = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=%s; dkim=pass header.d=%s"

# Name: (fields, whether it may be a person's)
KINDS = {
    "plain": ([], True),
    "auto-submitted": ([("Auto-Submitted", "auto-replied")], False),
    "list": ([("List-Id", "<rockets.example.net>"), ("Precedence", "list")], False),
    "bounce": ([("X-Failed-Recipients", "x@example.net")], False),
    "own-loop": ([], False),
    "no-from": ([], False),
    "two-from": ([], False),
    "old-date": ([], False),
    "only-bcc": ([], False),
}


def domain_of(person, verdict):
    return f"at.{verdict}-{person}.example"


def address_of(person, verdict):
    return f"{person}@{domain_of(person, verdict)}"


def login_of(person, verdict):
    return f"{person}-{verdict}"


def mail(site, repository, person, verdict, kind):
    says, _ = VERDICTS[verdict]
    sender, domain = address_of(person, verdict), domain_of(person, verdict)
    says = says.format(d=domain, up=domain.split(".", 1)[1])
    fields = list(KINDS[kind][0])
    to = "friend@example.net" if kind == "only-bcc" else at(repository)
    octets = first_mail(site, sender, to=to, delivered=at(repository), verdict=says.replace("{", "").replace("}", "") if says else "",
                        date=days_ago(30) if kind == "old-date" else None, headers=fields,
                        subject=f"{repository} {person} {verdict} {kind}",
                        message_id=f"<acme/rocket/issues/1-{Site.count:08x}@{HOST}>" if kind == "own-loop" else None)
    forged = (FORGED % (domain, domain)).encode() + b"\n"
    if verdict == "forged-below":
        octets = octets.replace(b"From: ", forged + b"From: ", 1)
    if verdict == "forged-client":  # who is connected writes the field first, and then a Received
        octets = octets.replace(b"Received: from desk", forged + b"Received: from desk", 1)
    line = f"From: {sender}\n".encode()
    check(line in octets, octets)
    if kind == "no-from":
        octets = octets.replace(line, b"")
    if kind == "two-from":
        octets = octets.replace(line, line.rstrip() + b", friend@example.net\n")
    if kind == "bounce":
        octets = octets.replace(f"Return-Path: <{sender}>".encode(), b"Return-Path: <>").replace(
            b'Content-Type: text/plain; charset="utf-8"', b"Content-Type: multipart/report; report-type=delivery-status; boundary=b")
    return octets


def is_let_in(repository, person, verdict, kind):
    who = {"off": (), "members": ("member",), "known": ("member", "known"), "anyone": ("member", "known")}[repository]
    return person in who and VERDICTS[verdict][1] and KINDS[kind][1]


def is_asked(repository, person, verdict, kind):
    """A stranger who proved their domain, and a guest, for each mail anew; an account that did not prove it wrote a mail that may be a person's."""
    proved = VERDICTS[verdict][1] and KINDS[kind][1]
    who = {"off": (), "members": ("member",), "known": ("member", "known"), "anyone": ("member", "known")}[repository]
    if person in ("stranger", "guest"):
        return repository == "anyone" and proved
    return person in who and not proved and kind in ("plain", "old-date", "only-bcc")


def people(site):
    site.set_config("limits", answers_per_hour="100000", threads_per_hour="0", questions_per_hour="100000", open_questions="1000",
                    domain_questions_per_hour="1000")
    site.set_config("smtp", transport="maildir")
    for person, verdict in itertools.product(("member", "known", "suspended"), VERDICTS):
        site.user(login_of(person, verdict), address_of(person, verdict))
        if person == "suspended":
            site.metroplex("user", "set", login_of(person, verdict), "--state", "suspended")
    first = 3 * len(VERDICTS) + 1
    guests.make(site, *((first + i, address_of("guest", verdict)) for i, verdict in enumerate(VERDICTS)))
    members = [login_of("member", verdict) for verdict in VERDICTS]
    for repository in REPOSITORIES:
        opens(site, repository, repository=f"acme/{repository}", address=repository, members=members)


@test
def nobody_opens_a_thread_who_should_not_and_nobody_unsigned_hears_of_it(site):
    people(site)
    wanted = {}
    for one in itertools.product(REPOSITORIES, PEOPLE, VERDICTS, KINDS):
        wanted[site.deliver(mail(site, *one))] = one
    print(f"# {len(wanted)} mails")
    site.metroplex("--once")
    equal(len(site.new), 0)
    reasons = site.reasons()
    wrong = [(" ".join(one), reasons[name]) for name, one in wanted.items() if (reasons[name] == "opened") != is_let_in(*one)]
    equal(wrong, [], "mails that were taken and should not, or the other way")
    not_held = [(" ".join(one), reasons[name]) for name, one in wanted.items() if is_asked(*one) and reasons[name] != "held"]
    equal(not_held, [], "mails of whom we ask that are not held")
    threads = [json.loads(line) for line in site.metroplex("thread", "list", "--json").splitlines()]
    found = sorted((t["title"], t["author"], t["repository"]) for t in threads)
    right = sorted((" ".join(one), login_of(one[1], one[2]), f"acme/{one[0]}") for one in wanted.values() if is_let_in(*one))
    equal(found, right, "threads, their authors and repositories")
    site.notifier("--once")
    sent = site.sent()
    asked = sorted((m["Delivered-To"], str(m.get_body(("plain",)).get_content()).split("> Subject: ")[1].split("\n")[0]) for m in sent if m["Reply-To"])
    equal(asked, sorted((address_of(one[1], one[2]), " ".join(one)) for one in wanted.values() if is_asked(*one)), "who was asked, and of what")
    told = {m["Delivered-To"] for m in sent if not m["Reply-To"] and m["X-Metroplex-Reason"] != "held-list"}
    signed = {address_of(person, verdict) for person in PEOPLE for verdict in VERDICTS if VERDICTS[verdict][1]}
    equal(sorted(told - signed), [], "who got another mail, though their domain did not sign any")
    check(any(address.startswith("known@") for address in told), "whom a repository turns away hears of it, if they proved to be it")
    automatic = [" ".join(one) for one in wanted.values() if one[3] in ("auto-submitted", "list", "bounce", "own-loop")]
    answered = [m["Subject"] for m, text in zip(sent, map(str, sent)) if any(subject in text for subject in automatic)]
    equal(answered, [], "answers to what no person wrote")


@test
def forged_first_mails_have_no_answer(site):
    people(site)
    site.set_config("limits", open_questions="3")
    victims = [address_of(person, "dkim-equal") for person in PEOPLE]
    shapes = [dict(verdict="spf=pass smtp.mailfrom=evil.example"), dict(verdict="dkim=pass header.d=evil.example; dmarc=fail header.from={domain}"), dict(verdict=""),
              dict(verdict="dmarc=pass header.from={domain}; spf=pass smtp.mailfrom={domain}")]
    for i in range(MAILS):
        site.deliver(first_mail(site, victims[i % len(victims)], to=at(REPOSITORIES[i // 4 % 4]), subject=f"Forged {i}", **shapes[i % len(shapes)]))
    site.metroplex("--once")
    held = len(site.listed("incoming-mail/held"))
    equal((len(site.new), held, len(site.failure)), (0, 80, MAILS - 80), "held, of four domains")
    equal(site.metroplex("thread", "list"), "")
    site.notifier("--once")
    to = [m["Delivered-To"] for m in site.sent()]
    equal([one for one in to if one not in victims[:2]], [], "answers to forged mail")
    equal([to.count(one) for one in victims[:2]], [3, 3], "an account is asked at its own address, three times at most")
    check(all(m["Reply-To"] for m in site.sent()), "and gets nothing else")


@test
def signed_first_mails_of_one_domain_are_bounded(site):
    site.set_config("smtp", transport="maildir")
    opens(site, "anyone", repository="acme/anyone", address="anyone", members=())
    for i in range(MAILS):
        site.deliver(first_mail(site, f"s{i}@host{i % 50}.evil.example", to=at("anyone"), verdict="dkim=pass header.d=evil.example"))
    site.metroplex("--once")
    site.notifier("--once")
    equal((len(site.listed("incoming-mail/held")), len(site.failure)), (20, MAILS - 20), "held, of one registered domain")
    equal(len(site.sent()), 10, "asked within an hour")


@test
def a_victim_whom_others_sign_for_gets_nothing_or_three_questions(site):
    site.set_config("smtp", transport="maildir")
    site.user("kate", "kate@kate.example")
    opens(site, "anyone", repository="acme/anyone", address="anyone", members=())
    for i in range(100):
        for victim in ("stranger@victim.example", "kate@kate.example"):
            site.deliver(first_mail(site, victim, to=at("anyone"), verdict=f"dkim=pass header.d=evil{i}.example; dmarc=fail header.from={{domain}}", subject=f"Number {i}"))
            site.deliver(first_mail(site, f"x@evil{i}.example", to=f"{at('anyone')}, {victim}", delivered=at("anyone"), headers=[("Reply-To", victim), ("Sender", victim)]))
    site.metroplex("--once")
    site.notifier("--once")
    to = [m["Delivered-To"] for m in site.sent()]
    equal((to.count("stranger@victim.example"), to.count("kate@kate.example")), (0, 3))
    equal(len(to), 100, "and those whose domain did sign, as many as an hour may bring in all")


if __name__ == "__main__":
    main()
