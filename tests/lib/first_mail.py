"""First mails: to a repository's address, with what a receiving server found of their sender."""
import email.utils
import hashlib
import hmac
import os
import time

from harness import HOST

AUTHSERV = "mx.example.org"


def opens(site, who="members", repository="acme/rocket", address="rocket", members=("kate",)):
    """A repository that opens threads by mail."""
    site.set_config("address", authserv_id=AUTHSERV)
    args = [word for login in members for word in ("--member", login)]
    site.metroplex("repository", "set", repository, "--address", address, "--open", who, *args)


def at(name="rocket"):
    return f"{name}@reply.{HOST}"


def results(sender, verdict="dkim=pass header.d={domain}"):
    return f"{AUTHSERV}; " + verdict.format(domain=sender.rsplit("@", 1)[-1].rstrip(">"))


def first_mail(site, sender, to=None, text="It fails.\n\nAlways.\n", subject="Rocket does not start", verdict="dkim=pass header.d={domain}",
               delivered=None, date=None, message_id=None, headers=(), above=()):
    """The octets of a mail as Postfix and a filter would have written them; verdict "" for none."""
    to = to or at()
    delivered = delivered or to.split(",")[0].strip()
    trace = [f"Return-Path: <{email.utils.parseaddr(sender)[1]}>", f"X-Original-To: {delivered}", f"Delivered-To: {delivered}"]
    trace += [f"Authentication-Results: {results(sender, verdict)}"] if verdict else []
    trace += list(above) + ["Received: from out.example.org by mx.example.org; " + email.utils.formatdate(), "Received: from desk by out.example.org"]
    extra = [("Date", date)] if date else []
    octets = site.mail(sender, to, text=text, subject=subject, message_id=message_id, headers=headers, trace=False)
    for _, value in extra:
        lines = octets.split(b"\n")
        octets = b"\n".join(b"Date: " + value.encode() if line.startswith(b"Date: ") else line for line in lines)
    return ("\n".join(trace) + "\n").encode() + octets


def days_ago(days):
    return email.utils.formatdate(time.time() - days * 86400)


def ok_address(site, key, sender):
    """The address by which `sender` confirms the held mail with this KEY."""
    with open(os.path.join(site.dir, "etc/address-keys"), encoding="ascii") as f:
        secret = [line.strip() for line in f if line.strip() and not line.startswith("#")][0].encode()
    text = f"metroplex-question-1\0ok\0{key}\0".encode()
    halves = (hmac.new(secret, one, hashlib.sha256).hexdigest()[:14] for one in (text, text + sender.lower().encode() + b"\0"))
    return at(f"ok+{key}-{''.join(halves)}")
