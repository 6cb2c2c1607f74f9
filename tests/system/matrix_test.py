#!/usr/bin/env python3
"""Every kind of token with every kind of sender and every verdict on it: who gets in, and who does not."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, check, equal, main, test  # noqa: E402

OTHER_KEY = "fedcba9876543210" * 4
ID = "mx.example.org"


def flip(address):
    mac = re.search(r"[0-9a-f]{40}", address).group(0)
    return address.replace(mac, mac[:-1] + ("0" if mac[-1] != "0" else "1"))


def tokens(site):
    """Name: (address, what becomes of it with a good sender, whose address it is)."""
    thread, other = site.thread("tim", title="One"), site.thread("tim", title="Two")
    keys = f"{site.dir}/etc/address-keys"
    with open(keys) as f:
        first = f.read()
    good_then = site.address(thread, "kate")  # with the key that is still there

    with open(keys, "w") as f:
        f.write(OTHER_KEY + "\n")
    gone = site.address(thread, "kate")  # with a key that nobody has any more
    with open(keys, "w") as f:
        f.write("0123456789abcdef" * 4 + "\n" + first)
    revoked = site.address(thread, "rita")
    site.metroplex("user", "revoke", "rita")

    good = site.address(thread, "kate")
    check(len({good, good_then, gone}) == 3, "three keys")
    number = re.search(r"-(\d+)@", good).group(1)
    return thread, {
        "right": (good, "posted"),
        "rotated key, still in the file": (good_then, "posted"),
        "case changed": (good.upper(), "posted"),
        "wrong thread": (good.replace(f"i-{thread}-", f"i-{other}-"), "bad-address"),
        "wrong kind": (good.replace("+i-", "+c-"), "bad-address"),
        "wrong user": (good.replace(f"-{number}@", "-1@"), "bad-address"),
        "wrong purpose, unsub": (good.replace("reply+", "unsub+"), "bad-address"),
        "wrong purpose, bounce": (good.replace("reply+", "bounce+"), "bad-address"),
        "another's, made for unsub": (site.address(thread, "kate", "--purpose", "unsub").replace("unsub+", "reply+"), "bad-address"),
        "one digit changed": (flip(good), "bad-address"),
        "revoked": (revoked, "bad-address"),
        "key gone": (gone, "bad-address"),
        "truncated": (good.replace(good.split("-")[2], good.split("-")[2][:39]), "no-address"),
        "another host's": (good.replace(HOST, "git.example.net"), "no-address"),
        "host as a prefix": (good + ".evil.example", "no-address"),
    }


# Name: (header fields without X, the author's domain as the receiving server saw it, is it the owner)
SENDERS = {
    "owner": ("From: kate@example.org", "example.org", True),
    "owner with a name": ("From: \"tim@example.org\" <kate@EXAMPLE.org> (tim@example.org)", "example.org", True),
    "other address of the owner": ("From: Kate <kate@work.example>", "work.example", True),
    "international address, as A-label": ("From: kate@xn--bcher-kva.example", "xn--bcher-kva.example", True),
    "international address, as U-label": ("From: kate@b\u00fccher.example", "xn--bcher-kva.example", True),
    "another Sender": ("From: kate@example.org\nSender: tim@example.org", "example.org", True),
    "other user": ("From: tim@example.org", "example.org", False),
    "nobody's": ("From: eve@evil.example", "evil.example", False),
    "owner only as Sender": ("From: tim@example.org\nSender: kate@example.org", "example.org", False),
    "owner only as Reply-To": ("From: eve@evil.example\nReply-To: kate@example.org", "evil.example", False),
    "two From": ("From: kate@example.org\nFrom: tim@example.org", "example.org", False),
    "two in one From": ("From: kate@example.org, eve@evil.example", "example.org", False),
    "two ways to read it": ("From: eve@evil.example <kate@example.org>", "example.org", False),
    "none": ("X-No: From", None, False),
    "empty": ("From:", None, False),
    "group": ("From: Friends: kate@example.org;", "example.org", False),
    "encoded-word look-alike": ("From: =?utf-8?q?kate=40example.org?= <eve@evil.example>", "evil.example", False),
    "encoded-word address": ("From: =?utf-8?q?kate=40example.org?=", "example.org", False),
    "homoglyph in the local part": ("From: k\u0430te@example.org", "example.org", False),
    "homoglyph in the domain": ("From: kate@ex\u0430mple.org", "xn--exmple-4nf.org", False),
    "plus-address": ("From: kate+git@example.org", "example.org", False),
    "case of the local part": ("From: Kate@example.org", "example.org", True),
    "name only": ("From: \"kate@example.org\" <eve@evil.example>", "evil.example", False),
}

FORGED = f"Authentication-Results: {ID}; dmarc=pass header.from=%s; dkim=pass header.d=%s"
# Name: (fields from the top, does the author pass)
RESULTS = {
    "absent": ([], False),
    "pass": ([FORGED], True),
    "fail": ([f"Authentication-Results: {ID}; dmarc=fail header.from=%s"], False),
    "pass forged below a fail": ([f"Authentication-Results: {ID} 1; dmarc=fail (p=none) header.from=%s", FORGED], False),
    "fail below a pass": ([FORGED, f"Authentication-Results: {ID}; dmarc=fail header.from=%s"], False),
    "pass forged below the second Received": (["Received: from b", "Received: from a", FORGED], False),
    "fail below the second Received": ([FORGED, "Received: from b", "Received: from a", f"Authentication-Results: {ID}; dmarc=fail header.from=%s"], True),
    "another server's verdicts": ([FORGED.replace(ID, "elsewhere.example")], False),
    "another server's fail above": (["Authentication-Results: elsewhere.example; dmarc=fail header.from=%s", FORGED], True),
    "neither DKIM nor SPF": ([f"Authentication-Results: {ID}; dmarc=none; dkim=none; spf=softfail smtp.mailfrom=%s"], False),
    "SPF aligned, and nothing else": ([f"Authentication-Results: {ID}; dkim=none; spf=pass smtp.mailfrom=x@%s"], False),
    "DKIM aligned": ([f"Authentication-Results: {ID}; dkim=pass header.d=%s"], True),
    "for another's domain": ([f"Authentication-Results: {ID}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example"], None),
}


def mail(number, sender, address, results):
    fields, domain, _ = sender
    head = [r.replace("%s", domain or "example.org") for r in results]
    text = "\n".join([f"Return-Path: <x@y.example>", f"X-Original-To: {address}", *head, fields, f"To: {address}",
                      "Subject: Re: Rocket", f"Message-ID: <{number}@matrix.example>", "",
                      f"Answer {number}", ""])
    return text.encode()


def expected(token_reason, sender, passes):
    if token_reason != "posted":
        return token_reason
    if passes is None:
        passes = sender[1] == "evil.example"
    return "posted" if sender[2] and passes else "sender-mismatch"


@test
def nobody_gets_in_who_should_not_and_nobody_stays_out_who_should_not(site):
    site.user("tim")
    site.user("kate", "kate@example.org", "kate@work.example", "kate@b\u00fccher.example")
    site.user("rita")
    site.set_config("address", authserv_id=f"first.example {ID}")
    thread, all_tokens = tokens(site)
    wanted, label = {}, {}
    for token, (address, reason) in all_tokens.items():
        for sender, facts in SENDERS.items():
            for results, (fields, passes) in RESULTS.items():
                number = len(wanted) + 1
                name = site.deliver(mail(number, facts, address, fields))
                wanted[name] = expected(reason, facts, passes)
                label[name] = f"{token} × {sender} × {results}"
    site.metroplex("--once")
    found = site.reasons()
    wrong_accepts = [n for n in wanted if found.get(n) == "posted" != wanted[n]]
    wrong_refusals = [n for n in wanted if found.get(n) != "posted" == wanted[n]]
    other = [n for n in wanted if found.get(n) != wanted[n]]
    posted = sum(1 for r in wanted.values() if r == "posted")
    print(f"# {len(wanted)} mails, {posted} to be posted: {len(wrong_accepts)} wrong accepts, {len(wrong_refusals)} wrong refusals")
    equal([f"{label[n]}: {found.get(n)}, not {wanted[n]}" for n in other], [])
    comments = site.show(thread)["comments"]
    equal(len(comments), posted)
    equal({c["author"] for c in comments}, {"kate"})
    # The verdicts stand beside the comments.
    facts = site.git("grep", "-h", "-e", "^dmarc=", "-e", "^dkim=", "main")
    equal(sorted(set(facts.split())), ["dkim=pass", "dmarc=pass"])


# --- What fields together say: every field by itself, and all pairs and positions of the telling ones ---

# What a field says by itself (with the id in place of ID), by the rule of metroplex.conf(5):
#   proof     DMARC or an aligned DKIM passed       fatal   DMARC failed, or the field cannot be read
#   bad       something else failed                 nothing no verdict
PROOF, FATAL, BAD, NOTHING = "proof", "fatal", "bad", "nothing"
FIELDS = [
    ("ID; dmarc=pass header.from=example.org", PROOF),
    ("ID; dmarc=pass (p=reject dis=none) header.from=EXAMPLE.org", PROOF),
    ("ID 1; dmarc=pass header.from=example.org", PROOF),
    ("id; DMARC=Pass", PROOF),
    ("(a (nested) comment; dmarc=fail) ID (x) 1 (y) ; dmarc (z) = pass (z)", PROOF),
    ('"ID"; dmarc=pass', PROOF),
    ("ID;\n\tdmarc=pass\n\t(p=none)\n header.from=example.org", PROOF),
    ("ID;\n\tdkim=pass (2048-bit key; unprotected) header.d=example.org header.i=@example.org header.b=\"q+/=\"", PROOF),
    ("ID; dkim=pass header.d=Example.ORG", PROOF),
    ("ID; dkim=pass header.i=kate@example.org", PROOF),
    ("ID; dkim=pass header.i=@mail.example.org header.d=example.org", PROOF),
    ("ID; dkim=pass header.d=evil.example; dkim=pass header.d=example.org", PROOF),
    ("ID; dkim=fail reason=\"signature; dkim=x\" header.d=evil.example; dkim=pass header.d=example.org", PROOF),
    ("ID; dmarc=none header.from=example.org; dkim=pass header.d=example.org", PROOF),
    ("ID; dmarc=temperror; dkim=pass header.d=example.org", PROOF),
    ("ID; spf=fail smtp.mailfrom=example.org; dkim=pass header.d=example.org", PROOF),
    ("ID; dmarc=fail (p=none dis=none) header.from=example.org", FATAL),
    ("ID 1; dmarc=fail header.from=example.org", FATAL),
    ("Id; spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org; dmarc=fail", FATAL),
    ("ID; dmarc=pass; dmarc=fail", FATAL),
    ("ID; dmarc=fail; dmarc=pass", FATAL),
    ("ID; dmarc=hardfail header.from=example.org", FATAL),
    ("ID; dmarc=pass header.from=evil.example", FATAL),
    ("ID; dmarc=pass header.from=mail.example.org", FATAL),
    ("ID; dmarc=pass header.from=example.org header.from=evil.example", FATAL),
    ("ID 2; dmarc=pass", FATAL),
    ("ID; dmarc/2=pass", FATAL),
    ("ID; dmarc=pass (never closed", FATAL),
    ('ID; dmarc=pass reason="never closed', FATAL),
    ("ID; dkim=pass header.d=mail.example.org", BAD),
    ("ID; dkim=pass header.i=@mail.example.org", BAD),
    ("ID; dkim=pass header.d=evil.example", BAD),
    ("ID; dkim=pass header.d=org", BAD),
    ("ID; dkim=pass header.d=ample.org", BAD),
    ("ID; dkim=pass header.d=example.org.evil.example", BAD),
    ("ID; dkim=pass header.d=example.org header.d=evil.example", BAD),
    ("ID; dkim=pass header.d=evil.example header.i=@example.org", BAD),
    ("ID; dkim=pass", BAD),
    ("ID; dkim=pass (header.d=example.org)", BAD),
    ('ID; dkim=pass reason="header.d=example.org"', BAD),
    ("ID; dkim=fail header.d=example.org", BAD),
    ("ID; dkim=policy header.d=example.org", BAD),
    ("ID; dmarc=none; dkim=fail header.d=example.org; spf=pass smtp.mailfrom=example.org", BAD),
    ("ID; spf=fail smtp.mailfrom=example.org", BAD),
    ("ID; spf=hardfail smtp.mailfrom=example.org", BAD),
    ("ID; dmarc=none; spf=softfail smtp.mailfrom=example.org", BAD),
    ("ID; spf=pass smtp.mailfrom=evil.example", BAD),
    ("ID", NOTHING), ("ID;", NOTHING), ("ID 1;", NOTHING), ("ID; none", NOTHING), ("ID 1; none", NOTHING), ("ID (dmarc=pass); none", NOTHING),
    ("ID; arc=pass", NOTHING), ("ID; arc=pass (i=1 dkim=pass dmarc=pass)", NOTHING),
    ("ID; auth=pass smtp.auth=kate@example.org", NOTHING),
    ("ID; iprev=pass policy.iprev=192.0.2.1; dkim-adsp=pass; x-dmarc=pass; dmarcx=pass", NOTHING),
    ("ID; dmarc=none header.from=example.org", NOTHING), ("ID; dmarc=permerror", NOTHING), ("ID; dmarc=nonsense", NOTHING),
    ("ID; dmarc", NOTHING), ("ID; dmarc=", NOTHING),
    ("ID; dkim=none", NOTHING), ("ID; dkim=temperror header.d=example.org", NOTHING), ("ID; dkim=neutral header.d=example.org", NOTHING),
    ("ID; spf=pass smtp.mailfrom=kate@example.org", NOTHING), ("ID; spf=pass smtp.mailfrom=mail.example.org", NOTHING), ("ID; spf=none smtp.mailfrom=example.org", NOTHING),
    ("ID; spf=neutral smtp.mailfrom=example.org; dkim=none; dmarc=none", NOTHING),
    # other ids: whatever they say is not said by ours
    ("ID.; dmarc=pass; dkim=pass header.d=example.org", NOTHING), ("xID; dmarc=pass", NOTHING), ("ID.evil.example; dmarc=fail", NOTHING),
    ("evil.example (ID; dmarc=pass", NOTHING), ("=?utf-8?q?ID;?= dmarc=pass", NOTHING), ('"ID; dmarc=pass"; none', NOTHING),
    ("dmarc=pass; ID", NOTHING), ("; ID; dmarc=pass", NOTHING), ("I\u0414; dmarc=pass", NOTHING), ("", NOTHING),
]
TELLING = [FIELDS[i] for i in (0, 7, 16, 29, 40, 51, 53, 66)]
FROM = "From: Kate <kate@example.org>"


def together(said):
    """What several fields say: a failure of DMARC is one wherever it stands, else a proof is enough."""
    return next((x for x in (FATAL, PROOF, BAD) if x in said), NOTHING)


def rows():
    """(what it is, fields from the top, what they say)"""
    for i in (ID, "first.example"):
        for text, says in FIELDS:
            yield (text, [f"Authentication-Results: {text.replace('ID', i).replace('id;', i.upper() + ';').replace('Id;', i.title() + ';')}"], says)
    for (one, says_one) in TELLING:
        for (two, says_two) in TELLING:
            a, b = (f"Authentication-Results: {t.replace('ID', i)}" for t, i in ((one, ID), (two, "first.example")))
            yield (f"{one} above {two}", [a, b], together([says_one, says_two]))
            yield (f"{one} above our Received, {two} below it", [a, "Received: from x by mx", b],
                   together([says_one, says_two if says_two in (FATAL, BAD) else NOTHING]))
            yield (f"{one} above the second Received, {two} below it", ["received: from y", a, "RECEIVED: from x\n\tby mx", b], says_one)
            yield (f"{one} below the second Received, {two} below the third", ["Received: y", "Received: x", a, "Received: w", b], NOTHING)
    for text, says in TELLING:  # what is no field of the name, and what is no Received
        field = f"Authentication-Results: {text.replace('ID', ID)}"
        for name in ("X-Received", "Received-SPF", "X-Authentication-Results", "ARC-Authentication-Results"):
            yield (f"{name} twice above {text}", [f"{name}: {ID}; dmarc=fail"] * 2 + [field], says)


def judge_rows(site, wanted_of):
    site.user("kate")
    thread = site.thread("kate")
    address = site.address(thread, "kate")
    wanted, label = {}, {}
    for number, (what, fields, says) in enumerate(rows()):
        text = "\n".join(["Return-Path: <kate@example.org>", f"X-Original-To: {address}", *fields, FROM, f"To: {address}", "Subject: Re: Rocket",
                          f"Message-ID: <{number}@rows.example>", "", f"Answer {number}", ""])
        name = site.deliver(text.encode())
        wanted[name], label[name] = wanted_of(says), f"{what} ({says})"
    site.metroplex("--once")
    found = site.reasons()
    equal([f"{label[n]}: {found.get(n)}, not {wanted[n]}" for n in wanted if found.get(n) != wanted[n]], [])
    print(f"# {len(wanted)} mails, {sum(1 for r in wanted.values() if r == 'posted')} posted")
    check(len(wanted) > 400, "a few hundred rows")


@test
def the_fields_of_trusted_ids_are_read_together_and_no_verdict_is_none(site):
    site.set_config("address", authserv_id=f"first.example {ID}")
    judge_rows(site, lambda says: "posted" if says == PROOF else "sender-mismatch")


@test
def who_asks_for_it_accepts_mail_without_a_verdict_and_none_that_failed(site):
    site.set_config("address", authserv_id=f"first.example {ID}", unauthenticated="accept")
    judge_rows(site, lambda says: "posted" if says in (PROOF, NOTHING) else "sender-mismatch")


@test
def a_pass_for_one_of_several_authors_is_none_for_all(site):
    site.user("kate", "kate@example.org", "kate@work.example")
    address = site.address(site.thread("kate"), "kate")
    site.set_config("address", authserv_id=ID)
    both = ["From: kate@example.org, kate@work.example", "From: kate@example.org\nFrom: kate@work.example"]
    for number, sender in enumerate(both):
        site.deliver(mail(number, (sender, "example.org", True), address, [FORGED]))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["sender-mismatch"] * 2)


@test
def a_domain_above_froms_may_sign_and_one_below_may_not(site):
    site.user("kate", "kate@mail.example.org", "kate@b\u00fccher.example")
    address = site.address(site.thread("kate"), "kate")
    site.set_config("address", authserv_id=ID)
    signed = [("mail.example.org", "example.org", True), ("mail.example.org", "mail.example.org", True), ("mail.example.org", "a.mail.example.org", False),
              ("mail.example.org", "org", False), ("mail.example.org", "ail.example.org", False), ("mail.example.org", "", False),
              ("b\u00fccher.example", "xn--bcher-kva.example", True), ("xn--bcher-kva.example", "B\u00dcCHER.example", True)]
    wanted = {site.deliver(mail(n, (f"From: kate@{domain}", domain, True), address, [f"Authentication-Results: {ID}; dkim=pass header.d={d}"])):
              "posted" if good else "sender-mismatch" for n, (domain, d, good) in enumerate(signed)}
    site.metroplex("--once")
    equal(site.reasons(), wanted)


@test
def explain_shows_the_verdicts(site):
    site.user("kate")
    address = site.address(site.thread("kate"), "kate")
    site.set_config("address", authserv_id=ID)
    name = site.deliver(mail(1, SENDERS["owner"], address, RESULTS["pass forged below a fail"][0]))
    text = site.metroplex("explain", f"{site.data}/mail/reply/new/{name}")
    check("not authenticated (dmarc=fail, dkim=pass)" in text, text)
    check(re.search("sender-mismatch +decides: the receiving server could not authenticate the sender: dmarc=fail", text), text)


@test
def a_list_of_ids_that_is_none_stops_the_run(site):
    for bad in ("a;b", "\"mx.example.org\"", "mx.example.org=1", "m\u00fc"):
        site.set_config("address", authserv_id=bad)
        done = subprocess.run([METROPLEX, "--config", site.config, "--once"], capture_output=True, text=True)
        equal(done.returncode, 78, bad)
        check("[address] authserv-id" in done.stderr, done.stderr)


@test
def with_token_the_address_alone_decides(site):
    site.user("kate")
    address = site.address(site.thread("kate"), "kate")
    site.set_config("address", authserv_id=ID, identity="token")
    site.deliver(mail(1, SENDERS["nobody's"], address, RESULTS["fail"][0]))
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["posted"])
    check("dmarc=fail" in site.git("grep", "-h", "dmarc", "main"), "the verdict is recorded all the same")


if __name__ == "__main__":
    main()
