#!/usr/bin/env python3
"""metroplex check outbound, and the round trip of check inbound through a real Postfix: each station
that is broken is the one that is named."""
import contextlib
import glob
import os
import re
import shutil
import smtplib
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import postfix  # noqa: E402
from checks import enter, findings, is_nested, one, people, verdicts  # noqa: E402
from harness import HOST, LIB, METROPLEX, Site, check, contains, equal, main, test, wait_until  # noqa: E402

SECRET = "canary-of-a-password"


class Server:
    """smtp_server.py, and an installation that sends to it."""

    def __init__(self, site, *options, **settings):
        self.site, self.dir = site, os.path.join(site.dir, "server")
        shutil.rmtree(self.dir, ignore_errors=True)
        self.process = subprocess.Popen([sys.executable, os.path.join(LIB, "smtp_server.py"), "--dir", self.dir, "--with-stdin", *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = self.process.stdout.readline().strip()
        site.set_config("smtp", **{"transport": "smtp", "address": "localhost", "port": port, "tls": "none", **settings})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def rules(*all):
    return [word for rule in all for word in ("--rule", rule)]


def certificates(site):
    folder = os.path.join(site.dir, "certificates")
    subprocess.run([os.path.join(LIB, "certificates.sh"), folder], check=True, capture_output=True)
    os.chmod(folder, 0o755)
    for name in glob.glob(os.path.join(folder, "*")):
        os.chmod(name, 0o644)
    return folder


def soon(folder):
    """A certificate that is good for five days more."""
    key, request, made = (os.path.join(folder, name) for name in ("soon.key", "soon.csr", "soon.pem"))
    run = {"check": True, "capture_output": True, "cwd": folder}
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request,
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], **run)
    with open(os.path.join(folder, "soon.ext"), "w") as file:
        file.write("subjectAltName=DNS:localhost\n")
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "5", "-extfile", "soon.ext", "-out", made], **run)


def with_login(site):
    path = os.path.join(site.dir, "password")
    with open(path, "w") as file:
        file.write(SECRET + "\n")
    os.chmod(path, 0o600)
    return {"authentication": "login", "username": "robot", "password_file": path}


def tls(folder, name, kind="starttls"):
    return ["--tls", kind, "--cert", os.path.join(folder, name + ".pem"), "--key", os.path.join(folder, name + ".key")]


# --- outbound


@test
def a_maildir_is_no_way_to_come_back(site):
    site.user("tim")
    found = findings(site, "inbound", "--wait", "1", status=1)
    equal([(f["verdict"], f["found"]) for f in found], [("unknown", "no server is asked: transport = maildir")])
    contains(found[0]["advice"], "--local")
    equal(os.path.exists(os.path.join(site.data, "sent/new")) and os.listdir(os.path.join(site.data, "sent/new")) or [], [])


@test
def that_there_is_no_account_yet_is_one_finding_at_most(site):
    with Server(site):
        equal(one(site, "sender", "outbound", status=0)["verdict"], "ok")
        site.set_config("postfix", policy_service="true")  # it alone knows a good address from a bad one
        equal(one(site, "sender", "outbound", status=1)["verdict"], "unknown")
        for groups in ("inbound",), ("outbound", "inbound"), ("all",):
            said = [f for f in findings(site, *groups) if "no account" in f["found"]]
            equal([(f["verdict"], "user add" in f["advice"]) for f in said], [("unknown", True)], groups)
        os.rename(os.path.join(site.dir, "etc/address-keys"), os.path.join(site.dir, "etc/away"))
        contains(one(site, "sender", "outbound", status=1)["advice"], "check files")


@test
def a_server_that_takes_our_mail_is_well(site):
    folder = certificates(site)
    site.user("tim")
    for kind in "starttls", "implicit":
        options = [*tls(folder, "good", kind), "--auth", "PLAIN LOGIN", "--user", "robot", "--password", SECRET]
        with Server(site, *options, tls=kind, ca_file=folder + "/ca.pem", **with_login(site)) as server:
            found = {f["check"]: f for f in findings(site, "outbound", status=0)}
            contains(found["login"]["found"], "logged in as robot")
            contains(found["certificate"]["found"], "localhost")
            contains(found["offers"]["found"], "AUTH")
            contains(found["sender"]["found"], f"reply.{HOST}")
            check(not glob.glob(server.dir + "/*.eml"), "a mail was sent")
            check(SECRET not in str(found) and SECRET not in people(site, "outbound").stdout, "the password is shown")


@test
def why_a_server_does_not_take_it_is_told(site):
    site.user("tim")
    login = ["--auth", "PLAIN LOGIN", "--user", "robot", "--password", "another"]
    for options, settings, name, verdict, found, advice in (
            (rules("MAIL 550 5.7.1 Sender address rejected: not owned by user"), {}, "sender", "failed", "550 5.7.1", "smtp."),
            (rules("RCPT 554 5.7.1 Relay access denied"), {}, "sender", "failed", "Relay access denied", "smtp."),
            (rules("RCPT 451 4.7.1 Greylisted, try again in 5 minutes"), {}, "sender", "warning", "Greylisted", ""),
            (rules("CONNECT 554 5.7.1 no service for you"), {}, "login", "failed", "no service for you", ""),
            (login, with_login(site), "login", "failed", "535", "smtp.")):
        with Server(site, *options, **settings):
            finding = one(site, name, "outbound", status=2 if verdict == "failed" else 1)
            equal(finding["verdict"], verdict, str(finding))
            contains(finding["found"], found)
            contains(finding["advice"], advice)
            check(SECRET not in str(finding), "the password is shown")


@test
def a_port_where_nobody_listens_is_told(site):
    site.user("tim")
    site.set_config("smtp", transport="smtp", address="127.0.0.1", port="1", tls="none")
    finding = one(site, "login", "outbound", status=2)
    contains(finding["advice"], "smtp.port")
    equal(verdicts(site, "outbound"), {"login": "failed", "certificate": "ok", "offers": "unknown", "sender": "failed"})


@test
def a_certificate_is_looked_at(site):
    folder = certificates(site)
    soon(folder)
    for name, verdict, found in (("wrong-name", "failed", "localhost"), ("expired", "failed", "2020"), ("self-signed", "failed", "self"),
                                 ("soon", "warning", r"only [45] days more")):
        with Server(site, *tls(folder, name), tls="starttls", ca_file=folder + "/ca.pem"):
            finding = one(site, "certificate", "outbound", status=2 if verdict == "failed" else 1)
            equal(finding["verdict"], verdict, str(finding))
            check(re.search(found, finding["found"]), str(finding))  # in the second in which it was made it has five
            contains(finding["advice"], "certificate")
    with Server(site, tls="starttls"):
        equal(one(site, "certificate", "outbound", status=2)["verdict"], "unknown")


@test
def what_cannot_be_asked_is_unknown(site):
    equal(verdicts(site, "outbound", status=0)["login"], "unknown")
    site.set_config("postfix", policy_service="true")
    with Server(site):
        finding = one(site, "sender", "outbound", status=1)
        equal(finding["verdict"], "unknown")
        contains(finding["advice"], "user add")


# --- inbound


class Runs:
    """Runs of the program, one after the other, as a timer would start them."""

    def __init__(self, *options):
        self.options, self.stop = options, threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        while not self.stop.wait(0.1):
            subprocess.run([METROPLEX, "--once", *self.options], capture_output=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.stop.set()
        self.thread.join()


class Forwarder:
    """Hands what a relay took to port 25, as the relay itself would."""

    def __init__(self, folder):
        self.folder, self.stop = folder, threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        done = set()
        while not self.stop.wait(0.05):
            for path in set(glob.glob(os.path.join(self.folder, "*.eml"))) - done:
                done.add(path)
                with open(path, "rb") as mail, open(path.replace(".eml", ".envelope")) as file:
                    facts = dict(line.rstrip("\n").split("=", 1) for line in file)
                    with contextlib.suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", 25, timeout=10) as server:
                        server.sendmail(facts["from"], [facts["to"]], mail.read())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.stop.set()
        self.thread.join()


@contextlib.contextmanager
def station(main_lines=""):
    """An installation of nobody's with a Postfix on port 25."""
    site = Site(owner=postfix.OWNER)
    os.environ["POSTFIX_MASTER"] = "127.0.0.1:25 inet n - n - - smtpd"
    os.environ["POSTFIX_MAIN"] = main_lines.replace("SITE", site.dir)
    server = None
    try:
        with open(os.path.join(site.dir, "header_checks"), "w") as file:
            file.write("/^Authentication-Results:.*mx\\.example\\.org/ IGNORE\n")
        site.user("tim")
        server = postfix.Postfix(site)
        yield site, server
    finally:
        if server is not None:
            server.stop()
        site.remove()


def can_run():
    if not postfix.can_run():
        print("# skipped: needs root and Postfix")
        return False
    return is_nested("port 25")


def trip(site, server, *args, status=None, wait=3):
    return {f["check"]: f for f in findings(site, "inbound", "--wait", str(wait), *args, status=status,
                                            env={"MAIL_CONFIG": os.path.join(server.dir, "etc")})}


ORDER = ["taken", "logged", "delivered", "processed", "filed"]


def broken_at(found, name, text, advice):
    """The stations before it were passed, it was not, and of those behind it nothing is known."""
    at = ORDER.index(name)
    equal([found[n]["verdict"] for n in ORDER], ["ok"] * at + ["failed"] + ["unknown"] * (len(ORDER) - at - 1), str(found))
    contains(found[name]["found"], text)
    contains(found[name]["advice"], advice)


@test
def a_mail_goes_round_and_each_station_has_its_time(unused):
    if not can_run():
        return
    with station() as (site, server), Runs("--config", site.config):
        found = trip(site, server, "--local", status=0, wait=30)
        equal([found[n]["verdict"] for n in ORDER], ["ok"] * 5)
        for name in "taken", "logged", "filed":
            contains(found[name]["found"], " s")
        equal([fields[2] for fields in site.outcomes()], ["self-test"])
        equal(site.events(), [])
        with Server(site) as relay, Forwarder(relay.dir):
            found = trip(site, server, status=0, wait=30)
            equal([found[n]["verdict"] for n in ORDER], ["ok"] * 5)


@test
def what_breaks_on_the_way_to_postfix_is_named(unused):
    if not can_run():
        return
    with station() as (site, server), Runs("--config", site.config):
        with Server(site, *rules("RCPT 554 5.7.1 Relay access denied")) as relay, Forwarder(relay.dir):
            broken_at(trip(site, server, status=2), "taken", "Relay access denied", "metroplex check outbound")
        with Server(site):
            broken_at(trip(site, server, status=2), "logged", "it did not come here", "metroplex check dns")
        table = os.path.join(server.dir, "etc/virtual.regexp")
        os.rename(table, table + ".away")
        with open(table, "w") as file:
            file.write("/^nobody@/ reply/\n")
        subprocess.run(["postfix", "-c", os.path.join(server.dir, "etc"), "reload"], check=True, capture_output=True)
        wait_until(lambda: b"550" in rcpt(f"reply+i-0-{'0' * 40}-1@reply.{HOST}"))
        broken_at(trip(site, server, "--local", status=2), "taken", "User unknown", "metroplex configure --apply")
        with Server(site) as relay, Forwarder(relay.dir):
            broken_at(trip(site, server, status=2, wait=20), "logged", "turned it away", "metroplex configure --apply")
        server.stop()
        broken_at(trip(site, server, "--local", status=2), "taken", "does not answer on port 25", "systemctl start postfix")
        with Server(site) as relay, Forwarder(relay.dir):
            broken_at(trip(site, server, status=2), "logged", "does not listen on port 25", "systemctl start postfix")


def rcpt(address):
    with smtplib.SMTP("127.0.0.1", 25, timeout=10) as server:
        server.helo("test.example")
        server.mail("a@b.example")
        return str(server.rcpt(address)[0]).encode()


@test
def what_breaks_behind_postfix_is_named(unused):
    if not can_run():
        return
    with station() as (site, server):
        broken_at(trip(site, server, "--local", status=2), "processed", "no run began", "metroplex check timers")
        site.set_config("smtp", enabled="false")
        broken_at(trip(site, server, "--local", status=2), "processed", "enabled = false", "enabled = true")
        site.set_config("smtp", enabled="true")
        maildir = os.path.join(site.data, "mail/reply")
        for folder in maildir, maildir + "/tmp":
            os.chown(folder, 0, 0)
        broken_at(trip(site, server, "--local", status=2, wait=20), "delivered", "Postfix cannot write it", "metroplex check files")
        for folder in maildir, maildir + "/tmp":
            shutil.chown(folder, postfix.OWNER)
        other = os.path.join(site.dir, "etc/other")
        shutil.copy(site.config, other + ".conf")
        with open(other, "w") as file:
            file.write("k" * 40 + "\n")
        shutil.chown(other, postfix.OWNER)
        os.chmod(other, 0o600)
        with open(other + ".conf") as file:
            text = file.read()
        with open(other + ".conf", "w") as file:
            file.write(text.replace("/etc/address-keys", "/etc/other"))
        with Runs("--config", other + ".conf"):
            broken_at(trip(site, server, "--local", status=2, wait=20), "filed", "does not verify", "[address] keys")


@test
def a_program_that_fails_is_named_with_its_words(unused):
    if not can_run():
        return
    with station() as (site, server), Runs("--config", site.config):
        success = os.path.join(site.data, "incoming-mail/success")
        os.chmod(success, 0o500)
        found = trip(site, server, "--local", status=2)
        broken = [name for name in ORDER if found[name]["verdict"] == "failed"]
        equal(len(broken), 1, str(found))
        check(broken[0] in ("processed", "filed"), broken)
        contains(found[broken[0]]["found"], "Permission denied")


@test
def a_forged_verdict_that_stays_is_told(unused):
    if not can_run():
        return
    with station() as (site, server), Runs("--config", site.config):
        equal(trip(site, server, "--local", wait=30)["forged"]["verdict"], "ok")  # nothing is believed
        site.set_config("address", authserv_id="mx.example.org")
        found = trip(site, server, "--local", status=2, wait=30)["forged"]
        equal(found["verdict"], "failed")
        contains(found["found"], "mx.example.org")
        contains(found["advice"], "--verify opendkim")
        site.set_config("address", own_received="1")
        found = trip(site, server, "--local", status=0, wait=30)["forged"]
        equal((found["verdict"], found["found"]), ("ok", "a forged verdict of mx.example.org stands where none counts"))
    with station("header_checks = regexp:SITE/header_checks") as (site, server), Runs("--config", site.config):
        site.set_config("address", authserv_id="mx.example.org")
        equal(trip(site, server, "--local", status=0, wait=30)["forged"]["verdict"], "ok")


@test
def without_an_account_there_is_no_round_trip(site):
    found = {f["check"]: f["verdict"] for f in findings(site, "inbound", "--local", "--wait", "1", status=1)}
    equal(set(found.values()), {"unknown"})


@test
def a_mail_is_sent_only_where_the_group_is_named(site):
    site.user("tim")
    with Server(site) as server:
        findings(site)
        check(not glob.glob(server.dir + "/*.eml"), "a mail was sent without being asked for")
        findings(site, "inbound", "--wait", "1")
        equal(len(glob.glob(server.dir + "/*.eml")), 1)


if __name__ == "__main__":
    enter()
    main()
