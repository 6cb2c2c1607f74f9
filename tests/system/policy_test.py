#!/usr/bin/env python3
"""metroplex policy: asked directly, and by a real Postfix while the client waits."""
import fcntl
import os
import pwd
import re
import shutil
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from first_mail import ok_address  # noqa: E402
from harness import HOST, METROPLEX, Site, check, contains, copy_programs, enter_namespace, equal, main, skip, test, wait_until  # noqa: E402
from postfix import OWNER, Postfix, can_run  # noqa: E402

FORGED = "550 5.1.1 unknown or forged reply address"
CLOSED = "550 5.1.1 unknown address, or one that takes no mail"
KEY = "0123456789abcdef" * 4


def flip(address, at=-1):
    mac = re.search(r"[0-9a-f]{40}", address).group(0)
    other = list(mac)
    other[at] = "0" if mac[at] != "0" else "1"
    return address.replace(mac, "".join(other))


class Asked:
    """One process, many queries, as Postfix asks them."""

    def __init__(self, config):
        self.process = subprocess.Popen([METROPLEX, "policy", "--config", config], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def write(self, octets):
        self.process.stdin.write(octets)
        self.process.stdin.flush()

    def ask(self, recipient, extra=b""):
        self.write(b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.1\nrecipient="
                   + recipient.encode() + b"\n" + extra + b"\n")
        return self.read()

    def read(self):
        line = self.process.stdout.readline().decode()
        check(line.startswith("action="), line)
        equal(self.process.stdout.readline(), b"\n")
        return line[7:].rstrip("\n")

    def end(self):
        self.process.stdin.close()
        equal(self.process.wait(10), 0)


def keys_of(site):
    return os.path.join(site.dir, "etc/address-keys")


def set_keys(site, text):
    path = keys_of(site)
    with open(path + ".new", "w") as f:
        f.write(text)
    os.chmod(path + ".new", 0o600)
    os.rename(path + ".new", path)


@test
def a_recipient_is_refused_only_if_we_did_not_make_it(site):
    for login in ("tim", "kate", "eve"):
        site.user(login)
    thread = site.thread("tim")
    good = site.address(thread, "kate")
    eve = site.address(thread, "eve")
    site.metroplex("user", "set", "eve", "--state", "suspended")
    local = good.split("@")[0]
    site.set_config("smtp", noreply_address=f"noreply@reply.{HOST}")
    asked = Asked(site.config)
    cases = [
        (good, "DUNNO"),
        (good.upper(), "DUNNO"),
        (f'"{local}"@reply.{HOST}', "DUNNO"),
        (site.address(thread, "kate", "--purpose", "unsub"), "DUNNO"),
        (site.address(thread, "kate", "--purpose", "bounce"), "DUNNO"),
        (site.address(0, "kate"), "DUNNO"),
        (eve, "DUNNO"),
        (flip(good), FORGED),
        (flip(good, 0), FORGED),
        (good.replace("reply+", "unsub+"), FORGED),
        (good.replace(f"i-{thread}-", f"i-{thread + 1}-"), FORGED),
        (good.replace("-2@", "-1@"), FORGED),
        (good.replace("-2@", "-77@"), FORGED),
        (good.replace("-2@", "-99999999999999@"), FORGED),
        (f"reply@reply.{HOST}", CLOSED),
        (f"somebody@reply.{HOST}", CLOSED),
        (f"@reply.{HOST}", FORGED),
        (f"postmaster@reply.{HOST}", "DUNNO"),
        (f"abuse@reply.{HOST}", "DUNNO"),
        (f"Abuse@REPLY.{HOST}", "DUNNO"),
        (f"PostMaster@reply.{HOST}.", "DUNNO"),
        (f"abuse@noreply.{HOST}", "DUNNO"),
        (f"noreply@reply.{HOST}", "DUNNO"),
        (f"NOREPLY@reply.{HOST}", "DUNNO"),
        (f"abuses@reply.{HOST}", CLOSED),
        (f"abuse+x@reply.{HOST}", FORGED),
        (f"webmaster@reply.{HOST}", CLOSED),
        (f"nobody@reply.{HOST}.", CLOSED),
        (flip(good) + ".", FORGED),
        (good + ".", "DUNNO"),
        (site.address(thread, "kate", "--purpose", "bounce").upper(), "DUNNO"),
        (f"noreply@noreply.{HOST}", "DUNNO"),
        (f"kate@{HOST}", "DUNNO"),
        (f"{local}@reply.other.example", "DUNNO"),
        ("", "DUNNO"),
        ("kate", "DUNNO"),
    ]
    for recipient, expected in cases:
        equal(asked.ask(recipient), expected, recipient)
    asked.end()
    check(not re.search(r"[0-9a-f]{40}", site.log()), "no MAC in the log")
    equal(site.log().count(": 550"), sum(1 for _, e in cases if e.startswith("550")))


@test
def a_first_mail_is_taken_only_for_a_repository_that_opens_threads(site):
    site.set_config("address", authserv_id="mx.example.org")
    site.metroplex("repository", "set", "acme/Rocket", "--address", "rocket", "--open", "members")
    site.metroplex("repository", "set", "acme/engine", "--address", "big-engine", "--open", "off")
    asked_for = ok_address(site, "0" * 32, "kate@example.org")
    asked = Asked(site.config)
    cases = [
        (f"rocket@reply.{HOST}", "DUNNO"), (f"ROCKET@REPLY.{HOST}.", "DUNNO"), (f'"rocket"@reply.{HOST}', "DUNNO"),
        (f"acme/rocket@reply.{HOST}", "DUNNO"), (f"Acme/Rocket@reply.{HOST}", "DUNNO"),
        (f"rockt@reply.{HOST}", CLOSED), (f"acme/rockt@reply.{HOST}", CLOSED), (f"acme@reply.{HOST}", CLOSED),
        (f"acme/@reply.{HOST}", CLOSED), (f"/rocket@reply.{HOST}", CLOSED), (f"acme/rocket/x@reply.{HOST}", CLOSED),
        (f"../rocket@reply.{HOST}", CLOSED),
        (f"big-engine@reply.{HOST}", CLOSED), (f"acme/engine@reply.{HOST}", CLOSED),
        (asked_for, "DUNNO"), (asked_for.upper(), "DUNNO"), (asked_for.replace("ok+0", "ok+1"), FORGED), (asked_for.replace("ok+", "ok+0"), FORGED),
        (ok_address(site, "f" * 32, "x@example.net").replace("ok+f", "ok+0"), FORGED), (f"ok@reply.{HOST}", CLOSED),
        (f"rocket+x@reply.{HOST}", FORGED), (f"rocket@{HOST}", "DUNNO"), (f"guest-0@reply.{HOST}", CLOSED),
    ]
    for recipient, expected in cases:
        equal(asked.ask(recipient), expected, recipient)
    site.set_config("limits", threads_per_hour="2")
    site.metroplex("repository", "set", "acme/engine", "--open", "known")
    equal(asked.ask(f"big-engine@reply.{HOST}"), "DUNNO", "it notices what is opened")
    equal(asked.ask(f"big.engine@reply.{HOST}"), CLOSED, "what only looks like it is another")
    with open(os.path.join(site.data, "rate"), "w") as f:
        f.write("".join(f"{int(time.time())} 1 0\n" for _ in range(2)))
    equal(asked.ask(f"rocket@reply.{HOST}"), "450 4.7.1 too many mails for now; try again later")
    asked.end()


@test
def what_changes_is_noticed_by_a_process_that_goes_on(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    with open(keys_of(site)) as f:
        first = f.read()
    old = site.address(thread, "kate")
    asked = Asked(site.config)
    equal(asked.ask(old), "DUNNO")
    set_keys(site, KEY + "\n" + first)
    new = site.address(thread, "kate")
    check(new != old, "rotated")
    equal((asked.ask(new), asked.ask(old)), ("DUNNO", "DUNNO"), "rotated: both verify")
    set_keys(site, KEY + "\n")
    equal((asked.ask(new), asked.ask(old)), ("DUNNO", FORGED), "the old key is gone")
    site.metroplex("user", "revoke", "kate")
    equal(asked.ask(new), FORGED, "revoked")
    equal(asked.ask(site.address(thread, "kate")), "DUNNO", "made since")
    site.user("eve")
    equal(asked.ask(site.address(thread, "eve")), "DUNNO", "an account made since")
    log = os.path.join(site.data, "log/metroplex.log")
    os.rename(log, log + ".1")
    equal(asked.ask(old), FORGED)
    contains(site.log(), ": 550")  # logrotate moved it
    asked.end()


@test
def who_is_over_a_limit_is_told_to_come_again(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    kate, tim = site.address(thread, "kate"), site.address(thread, "tim")
    site.set_config("limits", comments_per_hour=2)
    asked = Asked(site.config)
    for number in range(2):
        equal(asked.ask(kate), "DUNNO", number)
        site.deliver(site.mail("kate@example.org", kate, f"Number {number}\n"))
        site.metroplex("--once")
    check(asked.ask(kate).startswith("450 4.7.1 "), "kate's third within the hour")
    equal(asked.ask(tim), "DUNNO", "it is another's limit")
    equal(asked.ask(site.address(thread, "kate", "--purpose", "unsub")), "DUNNO", "no comment comes of it")
    equal(asked.ask(flip(kate)), FORGED)
    site.set_config("limits", comments_per_hour=3)
    equal(asked.ask(kate), "DUNNO", "the configuration is read again")
    asked.end()


@test
def no_trouble_of_ours_refuses_anybody(site):
    site.user("tim")
    good = site.address(site.thread("tim"), "tim")
    bad = flip(good)
    with open(keys_of(site)) as f:
        keys = f.read()
    asked = Asked(site.config)
    equal(asked.ask(bad), FORGED)
    os.rename(keys_of(site), keys_of(site) + ".away")
    equal((asked.ask(good), asked.ask(bad)), ("DUNNO", "DUNNO"), "no keys")
    contains(site.log(), "policy: cannot look at")
    set_keys(site, "")
    equal(asked.ask(bad), "DUNNO", "an empty key file")
    set_keys(site, keys)
    os.chmod(keys_of(site), 0o644)
    equal(asked.ask(bad), "DUNNO", "a key file that others can read")
    os.chmod(keys_of(site), 0o600)
    equal((asked.ask(good), asked.ask(bad)), ("DUNNO", FORGED), "mended")
    os.rename(site.config, site.config + ".away")
    equal(asked.ask(bad), "DUNNO", "no configuration")
    os.rename(site.config + ".away", site.config)
    head = os.path.join(site.data, "accounts.git/refs")
    os.rename(head, head + ".away")
    equal(asked.ask(bad), "DUNNO", "no accounts")
    os.rename(head + ".away", head)
    equal((asked.ask(good), asked.ask(bad)), ("DUNNO", FORGED), "mended")
    asked.end()
    asked = Asked(os.path.join(site.dir, "nowhere.conf"))
    equal(asked.ask(bad), "DUNNO", "nothing is printed but answers, without any configuration too")
    asked.end()


@test
def a_request_beyond_the_limits_is_answered_and_the_next_is_whole(site):
    site.user("tim")
    bad = flip(site.address(site.thread("tim"), "tim"))
    asked = Asked(site.config)
    for extra in (b"x=" + b"y" * 100000 + b"\n", b"x=y\n" * 300, b"no equals sign\n", b"a=\0\n"):
        equal(asked.ask(bad, extra), "DUNNO", extra[:20])
        equal(asked.ask(bad), FORGED)
    asked.write(b"\n")
    equal(asked.read(), "DUNNO", "an empty request")
    whole = f"request=smtpd_access_policy\nrecipient={bad}\n\n".encode()
    asked.write(whole * 500)
    equal({asked.read() for _ in range(500)}, {FORGED}, "many at once")
    for octet in whole:
        asked.write(bytes([octet]))
    equal(asked.read(), FORGED, "octet by octet")
    asked.write(b"request=smtpd_access_policy\n")
    asked.end()


@test
def it_waits_for_no_lock(site):
    site.user("tim")
    good = site.address(site.thread("tim"), "tim")
    with open(os.path.join(site.data, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asked = Asked(site.config)
        start = time.monotonic()
        equal(asked.ask(good), "DUNNO")
        check(time.monotonic() - start < 5, "it waited")
        asked.end()


# --- Postfix asks


def with_policy(function):
    """A test with a Postfix that asks a copy of metroplex, which can be taken away."""

    def run(unused):
        site = Site(OWNER)
        postfix = None
        program, _ = copy_programs(site.dir)
        os.environ["POSTFIX_MASTER"] = ("metroplex-policy unix - n n - 10 spawn\n"
                                        f"  user={OWNER} argv={program} policy --config {site.config}")
        os.environ["POSTFIX_MAIN"] = ("smtpd_recipient_restrictions = reject_non_fqdn_recipient, reject_unlisted_recipient,\n"
                                      "  check_policy_service { unix:private/metroplex-policy, timeout=5s,\n"
                                      "    { default_action = 451 4.3.5 reply address check unavailable } }")
        try:
            postfix = Postfix(site)
            site.user("tim")
            site.user("kate")
            function(site, postfix, program)
        finally:
            if postfix:
                postfix.stop()
            del os.environ["POSTFIX_MASTER"], os.environ["POSTFIX_MAIN"]
            if not os.environ.get("KEEP"):
                site.remove()

    run.__name__ = function.__name__
    return test(run) if can_run() else skip(run)


def reply(postfix, site, recipient):
    """The server's answer to RCPT, and to the mail if there is one."""
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as server:
        server.ehlo("mail.example.org")
        server.mail("kate@example.org")
        code, text = server.rcpt(recipient)
        if code == 250:
            code, text = server.data(site.mail("kate@example.org", recipient, trace=False))
        return code, text.decode()


@with_policy
def a_forged_address_is_refused_while_the_client_waits(site, postfix, program):
    good = site.address(site.thread("tim"), "kate")
    start = time.monotonic()
    code, text = reply(postfix, site, flip(good))
    print(f"# refused in {1000 * (time.monotonic() - start):.1f} ms: {code} {text}")
    equal(code, 550)
    contains(text, "5.1.1")
    contains(text, "unknown or forged reply address")
    swaks = shutil.which("swaks")
    if swaks:
        done = subprocess.run([swaks, "--server", "127.0.0.1", "--port", str(postfix.port), "--from", "kate@example.org",
                               "--to", flip(good), "--timeout", "20"], capture_output=True, text=True)
        contains(done.stdout, "<** 550 5.1.1")
        equal(done.returncode, 24, done.stdout)
    equal(reply(postfix, site, good)[0], 250)
    wait_until(lambda: site.new)
    site.metroplex("--once")
    equal(list(site.reasons().values()), ["posted"])


def is_policy(pid, site):
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            words = f.read().split("\0")
        return "policy" in words and site.config in words
    except OSError:
        return False


@with_policy
def a_program_that_dies_or_is_missing_loses_no_mail(site, postfix, program):
    good = site.address(site.thread("tim"), "kate")
    equal(reply(postfix, site, good)[0], 250)
    os.rename(program, program + ".away")
    pids = [p for p in os.listdir("/proc") if p.isdigit() and is_policy(p, site)]
    check(pids, "it runs under spawn(8)")
    for pid in pids:
        os.kill(int(pid), 9)
    code, text = reply(postfix, site, good)
    equal((code, "4.3.5" in text), (451, True), text)
    equal(reply(postfix, site, flip(good))[0], 451)
    os.rename(program + ".away", program)
    wait_until(lambda: reply(postfix, site, good)[0] == 250, 30)
    equal(reply(postfix, site, flip(good))[0], 550)
    wait_until(lambda: len(site.new) == 2)
    site.metroplex("--once")
    equal(sorted(site.reasons().values()), ["posted", "posted"])


@with_policy
def a_rotated_key_is_noticed_between_two_clients(site, postfix, program):
    thread = site.thread("tim")
    old = site.address(thread, "kate")
    equal(reply(postfix, site, old)[0], 250)
    set_keys(site, KEY + "\n")
    os.chown(keys_of(site), pwd.getpwnam(OWNER).pw_uid, -1)
    equal(reply(postfix, site, old)[0], 550)
    equal(reply(postfix, site, site.address(thread, "kate"))[0], 250)


if __name__ == "__main__":
    enter_namespace()
    if not can_run():
        print("# left out: the three with a Postfix of one's own")
    main()
