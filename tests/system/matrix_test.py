#!/usr/bin/env python3
"""Every kind of token with every kind of sender and every verdict on it: who gets in, and who does not."""
import re
import subprocess

from harness import HOST, METROPLEX, check, equal, main, test

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
    "case of the local part": ("From: Kate@example.org", "example.org", False),
    "name only": ("From: \"kate@example.org\" <eve@evil.example>", "evil.example", False),
}

FORGED = f"Authentication-Results: {ID}; dmarc=pass header.from=%s; dkim=pass header.d=%s"
# Name: (fields from the top, does the author pass)
RESULTS = {
    "absent": ([], True),
    "pass": ([FORGED], True),
    "fail": ([f"Authentication-Results: {ID}; dmarc=fail header.from=%s"], False),
    "pass forged below a fail": ([f"Authentication-Results: {ID} 1; dmarc=fail (p=none) header.from=%s", FORGED], False),
    "fail forged below a pass": ([FORGED, f"Authentication-Results: {ID}; dmarc=fail header.from=%s"], True),
    "another server's fail above": (["Authentication-Results: elsewhere.example; dmarc=fail header.from=%s"], True),
    "neither DKIM nor SPF": ([f"Authentication-Results: {ID}; dmarc=none; dkim=none; spf=softfail smtp.mailfrom=%s"], False),
    "SPF aligned": ([f"Authentication-Results: {ID}; dkim=none; spf=pass smtp.mailfrom=x@%s"], True),
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
    facts = site.git("grep", "-h", "-e", "^dmarc=", "-e", "^spf=", "main")
    equal(sorted(set(facts.split())), ["dmarc=pass", "spf=pass"])


@test
def explain_shows_the_verdicts(site):
    site.user("kate")
    address = site.address(site.thread("kate"), "kate")
    site.set_config("address", authserv_id=ID)
    name = site.deliver(mail(1, SENDERS["owner"], address, RESULTS["pass forged below a fail"][0]))
    text = site.metroplex("explain", f"{site.data}/mail/reply/new/{name}")
    check("not authenticated (dmarc=fail)" in text, text)
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
