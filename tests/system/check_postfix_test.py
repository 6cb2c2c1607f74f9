#!/usr/bin/env python3
"""metroplex check postfix, against a real Postfix that metroplex configure has set up, on port 25 of a network of its own."""
import contextlib
import http.server
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import postfix  # noqa: E402
from checks import enter, findings, is_nested, people  # noqa: E402
from harness import HOST, LIB, METROPLEX, Site, check, contains, equal, main, test  # noqa: E402
from milter import Milter  # noqa: E402

SMTPD = "0.0.0.0:25 inet n - n - - smtpd\n"


@contextlib.contextmanager
def machine(smtpd=SMTPD, configured=True, account=True, **keys):
    site = Site(owner=postfix.OWNER)
    server = None
    try:
        if account:
            site.user("tim")
        folder = os.path.join(site.dir, "certificates")
        subprocess.run([os.path.join(LIB, "certificates.sh"), folder], check=True, capture_output=True)
        site.set_config("postfix", tls_certificate=folder + "/good.pem", tls_key=folder + "/good.key")
        if keys:
            site.set_config("smtp", **keys)
        server = postfix.Machine(site, drop=("smtpd_tls_cert_file", "smtpd_tls_key_file", "smtpd_tls_security_level"))
        server.write("master.cf", server.read("master.cf") + smtpd)
        server.start()
        if configured:
            server.configure(site, "--apply")
        yield site, server
    finally:
        if server is not None:
            server.stop()
        site.remove()


def look(site, server, *args, status=None):
    found = {}
    for finding in findings(site, "postfix", *args, status=status, env={"MAIL_CONFIG": server.etc}):
        found.setdefault(finding["check"], []).append(finding)
    return found


def can_run():
    if not postfix.can_run():
        print("# skipped: needs root and Postfix")
        return False
    return is_nested("port 25")


def told(found, name, verdict, text, advice=""):
    check(any(f["verdict"] == verdict and text in f["found"] and advice in (f["advice"] or "") for f in found[name]), f"{name}: {found[name]}")


@test
def forged_verdicts_that_opendkim_leaves_are_told(unused):
    if not can_run():
        return
    with machine() as (site, server):
        told(look(site, server), "verdicts", "ok", "no verdict is believed")
        site.set_config("address", authserv_id=HOST)
        told(look(site, server), "verdicts", "ok", "above the second Received")
        milter, conf = Milter(f"{HOST}; dkim=none"), os.path.join(site.dir, "opendkim.conf")

        def says(text):
            with open(conf, "w") as f:
                f.write(f"Mode v\nSocket inet:{milter.port}@127.0.0.1\n{text}")

        says("")
        server.configure(site, "--apply", "--verify=opendkim", f"--opendkim-conf={conf}")
        own = "metroplex settings set address.own-received=1"
        told(look(site, server), "verdicts", "warning", "OpenDKIM leaves verdicts that a client writes itself",
             f"{own}; and say in {conf}: RemoveARAll yes, RemoveARFrom {HOST}, AlwaysAddARHeader yes")
        for text, advice in ((f"removearall 1\nRemoveARFrom x.example, {HOST.upper()}\nAlwaysAddARHeader True\n", own),
                             (f"RemoveARAll yes\nRemoveARFrom .{HOST.split('.', 1)[1]}\n", f"{own}; and say in {conf}: AlwaysAddARHeader yes"),
                             ("RemoveARAll no\nRemoveARFrom refile:/etc/x\nAlwaysAddARHeader yes\n", f"{own}; and say in {conf}: RemoveARAll yes"),
                             ("RemoveARAll yes\nRemoveARFrom other.example\nAlwaysAddARHeader yes\n", f"{own}; and say in {conf}: RemoveARFrom {HOST}")):
            says(text)
            found = look(site, server)["verdicts"]
            equal([(f["verdict"], f["advice"]) for f in found], [("warning", advice)], text)
        site.set_config("address", own_received="1")
        told(look(site, server), "verdicts", "ok", "only verdicts above Received number 1 are believed")
        milter.stop()


@test
def a_postfix_that_is_set_up_is_well_but_for_what_it_lacks(unused):
    if not can_run():
        return
    with machine() as (site, server):
        found = look(site, server, status=1)
        told(found, "configured", "ok", "as the configuration says")
        told(found, "listening", "ok", "beyond this machine")
        told(found, "greeting", "ok", "220 ")
        told(found, "recipients", "ok", "a reply address is taken")
        told(found, "recipients", "ok", "an address that is none of ours is refused: 550")
        told(found, "starttls", "warning", "localhost", "tls-certificate")  # of nobody's authority, and not of this name
        told(found, "enforced", "ok", "not asked for")
        told(found, "mail-queue", "ok", "empty")
        told(found, "spool", "ok", server.dir + "/queue")
        told(found, "elsewhere", "unknown", "this host cannot see that", "--from-elsewhere")
        check("failed" not in {f["verdict"] for all in found.values() for f in all}, found)


@test
def a_first_day_without_an_account_leaves_nothing_unknown(unused):
    if not can_run():
        return
    with machine(account=False) as (site, server):
        told(look(site, server, status=1), "recipients", "ok", "a reply address is taken")


@test
def what_is_not_set_up_is_told(unused):
    if not can_run():
        return
    with machine(configured=False) as (site, server):
        found = look(site, server, status=2)
        told(found, "configured", "failed", "lines differ", "metroplex configure --apply")
        told(found, "recipients", "failed", "a reply address is refused", "metroplex configure --apply")
        told(found, "starttls", "warning", "not offered", "tls-certificate")
    with machine(smtpd="127.0.0.1:25 inet n - n - - smtpd\n") as (site, server):
        told(look(site, server, status=2), "listening", "failed", "only for this machine", "inet_interfaces")
        server.stop()
        found = look(site, server, status=2)
        told(found, "listening", "failed", "nothing listens", "systemctl start postfix")
        told(found, "greeting", "failed", "port 25", "log")
        for name in "starttls", "recipients":
            told(found, name, "unknown", "nobody answers", "Greeting")


@test
def enforced_encryption_is_seen(unused):
    if not can_run():
        return
    with machine(enforce_tls="true") as (site, server):
        found = look(site, server)
        told(found, "enforced", "ok", "530")
        told(found, "recipients", "ok", "a reply address is taken")
        subprocess.run(["postconf", "-c", server.etc, "-e", "smtpd_tls_security_level=may"], check=True, capture_output=True)
        server.postfix("reload")
        told(look(site, server, status=2), "enforced", "failed", "is taken: 250", "configure --apply")


@test
def a_mail_that_waits_too_long_is_told(unused):
    if not can_run():
        return
    with machine() as (site, server):
        told(look(site, server), "mail-queue", "ok", "empty")
        os.chmod(os.path.join(server.dir, "other"), 0)
        server.send(b"Subject: x\r\n\r\nx\r\n", "a@b.example", "kim@other.example")
        told(look(site, server), "mail-queue", "ok", "1 mail,")
        program = os.path.join(site.dir, "postqueue")
        with open(program, "w") as file:
            file.write(f"#!/bin/sh\necho '{{\"queue_name\": \"deferred\", \"arrival_time\": {int(time.time()) - 7300}}}'\n")
        os.chmod(program, 0o755)
        found = findings(site, "postfix", env={"MAIL_CONFIG": server.etc, "PATH": site.dir + ":" + os.environ["PATH"]})
        told({"mail-queue": [f for f in found if f["check"] == "mail-queue"]}, "mail-queue", "warning", "1 mail, the oldest for 2 hours", "postqueue -f")


class Probe(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        Probe.asked.append(self.path)
        self.send_response(200 if "good" in self.path else 504)
        self.end_headers()
        self.wfile.write(b"220 mx \x1b[31mESMTP\nmore\n" if "good" in self.path else b"timed out\n")

    def log_message(self, *unused):
        pass


@test
def a_probe_elsewhere_is_asked(site):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Probe) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"

        def elsewhere(url):
            return next(f for f in findings(site, "postfix", "--via", url) if f["check"] == "elsewhere")
        finding = elsewhere(base + "/good?host={host}&port={port}")
        equal(finding["verdict"], "ok")
        contains(finding["found"], "220 mx")
        equal(Probe.asked[-1], f"/good?host={HOST}&port=25")
        check("\x1b" not in people(site, "postfix", "--via", base + "/good").stdout, "an escape sequence of a probe is printed")
        finding = elsewhere(base + "/bad")
        equal(finding["verdict"], "failed")
        contains(finding["found"], "504 timed out")
        contains(finding["advice"], "firewall")
        server.shutdown()
    equal(elsewhere(base + "/good")["verdict"], "unknown")
    equal(people(site, "postfix", "--via", "file:///etc/passwd").returncode, 64)


@test
def what_to_run_elsewhere_is_printed_and_runs(site):
    lines = people(site, "--from-elsewhere")
    equal(lines.returncode, 0)
    contains(lines.stdout, f"nc -w 20 {HOST} 25")
    equal(subprocess.run(["sh", "-n"], input=lines.stdout, text=True).returncode, 0)


if __name__ == "__main__":
    enter()
    main()
