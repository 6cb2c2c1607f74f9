#!/usr/bin/env python3
"""metroplex bundle and metroplex diagnostics: what leaves an installation for who helps."""
import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, NOTIFIER, Site, check, contains, equal, main, test  # noqa: E402

DAY = 86400


def used(site):
    """An installation with a comment by mail, a refused mail, what was sent, a conversation and Postfix's log."""
    site.set_config("smtp", transport="maildir", maildir=os.path.join(site.data, "sent"))
    site.user("tim"), site.user("kate")
    thread = site.thread("tim", body="Does it start? @kate\n")
    address = site.address(thread, "kate")
    site.deliver(site.mail("kate@example.org", address, message_id="<good@mail.example.org>"))
    site.deliver(site.mail("eve@example.org", address, message_id="<evil@mail.example.org>"))
    site.run(METROPLEX, "--once"), site.run(NOTIFIER, "--once")
    directory = os.path.join(site.data, "outbox/conversations")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "smtp.example.org_587.login"), "w") as f:
        f.write("2026-01-31T12:00:00Z (1) connection 1: login\n-> \"EHLO git.example.org\\r\\n\"\n<- \"535 5.7.8 no\\r\\n\"\nThe server is odd.\n")
    postfix = os.path.join(site.dir, "postfix")
    os.mkdir(postfix)
    with open(os.path.join(postfix, "main.cf"), "w") as f:
        f.write(f"maillog_file = {postfix}/mail.log\nmaillog_file_prefixes = {postfix}\nmyhostname = mx.example.org\n")
    os.utime(os.path.join(postfix, "main.cf"), (0, 0))
    stamp = time.strftime("%b %e %H:%M:%S")
    with open(os.path.join(postfix, "mail.log"), "w") as f:
        for queue_id, to in (("AAAAA1", address), ("BBBBB2", "private@elsewhere.example")):
            f.write(f"{stamp} mx postfix/smtpd[7]: {queue_id}: client=x[192.0.2.1]\n"
                    f"{stamp} mx postfix/virtual[7]: {queue_id}: to=<{to}>, status=sent (delivered to maildir)\n"
                    f"{stamp} mx postfix/qmgr[7]: {queue_id}: removed\n")
    os.environ["MAIL_CONFIG"] = postfix
    return address


def bundle(site, *options, status=0, name="bundle.tgz"):
    path = os.path.join(site.dir, name)
    return path, site.run(METROPLEX, "bundle", "--offline", *options, path, status=status)


def members(path):
    """Name below the one top directory: octets."""
    with tarfile.open(path, "r:gz") as archive:
        tops = {m.name.split("/")[0] for m in archive}
        equal(len(tops), 1, tops)
        check(all(m.isreg() and m.mode == 0o600 for m in archive), "only files, closed to others")
        return {m.name.split("/", 1)[1]: archive.extractfile(m).read() for m in archive}


@test
def all_that_helps_is_in_it(site):
    address = used(site)
    path, done = bundle(site)
    found = members(path)
    equal(sorted(n for n in found if "/" not in n), sorted(
        ["settings.txt", "versions.txt", "checks.txt", "status.txt", "postfix.txt", "ledger.txt", "queue.txt", "repositories.txt", "outcomes.tsv",
         "metroplex.log", "notifier.log", "mail.log", "NOTES.txt", "SHA256SUMS"]))
    text = {name: octets.decode() for name, octets in found.items()}
    contains(text["settings.txt"], f"instance.hostname = {HOST}\n")
    contains(text["settings.txt"], "smtp.password = (")
    check(re.search(r"^metroplex: \d", text["versions.txt"], re.M) and "libgit2: " in text["versions.txt"], text["versions.txt"])
    contains(text["checks.txt"], "ok       config/file  ")
    contains(text["status.txt"], HOST)
    contains(text["ledger.txt"], "mail.posted\t1")
    contains(text["queue.txt"], "new: 0 events")
    equal(text["repositories.txt"], "", "none has a policy")
    equal([line.split("\t")[2] for line in text["outcomes.tsv"].splitlines()], ["posted", "sender-mismatch"])
    contains(text["metroplex.log"], "Posted ")
    contains(text["notifier.log"], "notifier: sent <acme/rocket/issues/1-")
    contains(text["conversations/smtp.example.org_587.login"], '<- "535 5.7.8 no\\r\\n"\nThe server is odd.\n')
    contains(done.stdout, f"{path}: {len(found)} files, ")
    if os.path.exists("/usr/sbin/postconf"):
        contains(text["postfix.txt"], "myhostname = mx.example.org")
        equal(text["mail.log"].count("\n"), 3, text["mail.log"])
        contains(text["mail.log"], f"AAAAA1: to=<{re.sub('[0-9a-f]{40}', '***', address)}>")
    check(not [n for n in found if n.startswith("mails")], "mails are in it unasked")
    equal(os.stat(path).st_mode & 0o7777, 0o600)


@test
def its_hashes_are_those_of_its_files(site):
    used(site)
    path, _ = bundle(site, "--include-mail")
    found = members(path)
    sums = dict(reversed(line.split("  ", 1)) for line in found.pop("SHA256SUMS").decode().splitlines())
    equal(sums, {name: hashlib.sha256(octets).hexdigest() for name, octets in found.items()})
    subprocess.run(["tar", "xzf", path, "-C", site.dir], check=True)
    top = [n for n in os.listdir(site.dir) if n.startswith(f"metroplex-{HOST}-")]
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=os.path.join(site.dir, top[0]), check=True)


@test
def addresses_are_pseudonyms_unless_asked_for(site):
    address = used(site)
    mac = re.search("[0-9a-f]{40}", address).group(0)
    for options, hides in (((), True), (("--include-mail",), True), (("--unmasked",), False), (("--unmasked", "--include-mail"), False)):
        path, _ = bundle(site, "--force", *options)
        found = members(path)
        everything = b"\n".join(found.values())
        for word in (b"kate@example.org", b"eve@example.org", b"tim@example.org", b"good@mail.example.org"):
            equal(word in everything, not hides and b"kate" not in word or word in everything and not hides, f"{options}: {word}")
        check(mac.encode() not in everything, f"{options}: the MAC")
        equal(any(name.startswith("mails/") for name in found), "--include-mail" in options, options)
        if hides:
            ids = re.findall(rb"[0-9a-f]{10}@\*\*\*", found["metroplex.log"])
            check(set(ids) & set(re.findall(rb"[0-9a-f]{10}@\*\*\*", found["outcomes.tsv"])), "the same one is not the same")
        check(b"private@elsewhere" not in everything, "a mail that is none of ours")


@test
def a_mail_goes_in_without_what_lets_somebody_in(site):
    """Also where a client has broken the address, or sent its text in base64."""
    import base64
    import quopri
    address = used(site)
    mac = re.search("[0-9a-f]{40}", address).group(0)
    text = f"Write to {address} or kate@example.org, and the rest of a line that is long.\n"
    folder = os.path.join(site.data, "incoming-mail/failure")
    for name, encoding, body in (("plain.eml", "8bit", text.encode()), ("qp.eml", "quoted-printable", quopri.encodestring(text.encode())),
                                 ("base64.eml", "base64", base64.encodebytes(text.encode()))):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(b"From: eve@example.org\nContent-Type: text/plain\nContent-Transfer-Encoding: " + encoding.encode() + b"\n\n" + body)
    image = bytes(range(256)) * 40
    with open(os.path.join(folder, "image.eml"), "wb") as f:
        f.write(b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(image))
    found = members(bundle(site, "--include-mail")[0])
    for name in ("plain", "qp", "base64"):
        octets = found[f"mails/{name}.eml"]
        body = octets.split(b"\n\n", 1)[1]
        shown = {"plain": lambda b: b, "qp": quopri.decodestring, "base64": base64.b64decode}[name](body).decode()
        check(mac not in shown and "***" in shown, f"{name}: {shown}")
        contains(shown, "and the rest of a line that is long.")
    equal(base64.b64decode(found["mails/image.eml"].split(b"\n\n", 1)[1]), image, "an attachment")


@test
def older_days_are_left_out_and_put_aside_logs_are_read(site):
    used(site)
    log = os.path.join(site.data, "log/metroplex.log")
    now = time.time()

    def line(days, text):
        return time.strftime("[%Y-%m-%dT%H:%M:%S.000 INFO (1) #] ", time.localtime(now - days * DAY)) + text + "\n"
    with gzip.open(log + ".2.gz", "wt") as f:
        f.write(line(30, "very old") + line(5, "five days old"))
    with open(log + ".1", "w") as f:
        f.write(line(4, "four days old"))
    os.utime(log + ".2.gz", (now - 5 * DAY,) * 2), os.utime(log + ".1", (now - 4 * DAY,) * 2)
    for days, expected in ((7, ["five days old", "four days old"]), (3, []), (60, ["very old", "five days old", "four days old"])):
        text = members(bundle(site, "--force", "--days", str(days))[0])["metroplex.log"].decode()
        equal([t for t in ("very old", "five days old", "four days old") if t in text], expected, days)
        equal(re.findall("very|five|four|Posted", text), [t.split()[0] for t in expected] + ["Posted"], "their order")
    for days in ("0", "-1", "4000", "x"):
        bundle(site, "--days", days, status=64)


@test
def of_very_many_put_aside_logs_the_newest_are_read(site):
    used(site)
    log, now = os.path.join(site.data, "log/metroplex.log"), time.time()
    for n in range(1, 131):
        with open(f"{log}.{n}", "w") as f:
            f.write(time.strftime("[%Y-%m-%dT%H:%M:%S.000 INFO (1) #] ", time.localtime(now - n * 60)) + f"part {n} of it\n")
        os.utime(f"{log}.{n}", (now - n * 60,) * 2)
    text = members(bundle(site)[0])["metroplex.log"].decode()
    equal(re.findall("part ([0-9]+) of it", text), [str(n) for n in range(99, 0, -1)])


@test
def a_file_that_is_there_stays_unless_asked_for(site):
    used(site)
    path = os.path.join(site.dir, "bundle.tgz")
    with open(path, "w") as f:
        f.write("mine")
    contains(bundle(site, status=65)[1].stderr, "is there already: --force replaces it")
    equal(open(path).read(), "mine")
    bundle(site, "--force")
    members(path)
    target = os.path.join(site.dir, "target")
    os.remove(path), os.symlink(target, path)
    bundle(site, status=65)
    contains(bundle(site, "--force", status=65)[1].stderr, "is not a regular file")
    check(not os.path.exists(target) and os.path.islink(path), "a link was followed or replaced")
    bundle(site, name="no/such/directory.tgz", status=78)
    equal([n for n in os.listdir(site.dir) if ".tmp" in n or "spool" in n], [], "left behind")


@test
def a_full_disk_leaves_nothing_half(site):
    used(site)
    done = subprocess.run(["sh", "-c", f"ulimit -f 4; exec '{METROPLEX}' bundle --offline --config '{site.config}' '{site.dir}/b.tgz'"],
                          capture_output=True, text=True)
    check(done.returncode != 0, done)
    check(not os.path.exists(os.path.join(site.dir, "b.tgz")), "half a bundle has the name of a whole one")


def has_files_without_a_name(directory):
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_RDWR, 0o600))
    except OSError:
        return False
    return True


@test
def killed_at_any_step_nothing_is_left_of_it(site):
    """The kernel kills who writes more than its limit, here at ever later octets of the archive."""
    used(site)
    if not has_files_without_a_name(site.dir):
        return print("# skipped: this file system has no files without a name")
    before, killed = sorted(os.listdir(site.dir)), 0
    for limit in range(1, 20):
        done = subprocess.run(["sh", "-c", f"ulimit -c 0; ulimit -f {limit}; exec '{METROPLEX}' bundle --offline --force --config '{site.config}' '{site.dir}/b.tgz'"],
                              capture_output=True)
        if done.returncode == 0:
            break
        killed += done.returncode == -signal.SIGXFSZ
        equal(sorted(os.listdir(site.dir)), before, f"limit {limit}")
    check(killed > 0, "none was killed")


@test
def what_would_go_in_is_listed_and_nothing_written(site):
    used(site)
    before = sorted(os.listdir(site.dir))
    listed = site.metroplex("bundle", "--list", "--include-mail")
    names = [line.split()[0] for line in listed.splitlines() if not line.startswith("not seen")]
    found = members(bundle(site, "--include-mail")[0])
    equal(sorted(names), sorted({n if "/" not in n else n.split("/")[0] + "/" for n in found}))
    equal(sorted(os.listdir(site.dir)), sorted([*before, "bundle.tgz"]))
    for words in ([], ["--list", "x.tgz"]):
        contains(site.run(METROPLEX, "bundle", *words, status=64).stderr, "either FILE or --list")


@test
def who_has_a_broken_configuration_gets_one_as_well(site):
    used(site)
    site.set_config("smtp", port="many")
    path, done = bundle(site)
    found = members(path)
    contains(found["settings.txt"].decode(), "smtp.port = many")
    contains(found["NOTES.txt"].decode(), "not seen: settings: ")
    contains(done.stdout, "not seen: settings: ")
    contains(site.metroplex("diagnostics", "--offline"), "smtp.port = many")


@test
def diagnostics_are_one_text_that_a_terminal_can_trust(site):
    used(site)
    with open(os.path.join(site.data, "log/notifier.log"), "a") as f:
        f.write(time.strftime("[%Y-%m-%dT%H:%M:%S.000 WARN (1) #] ") + "odd \x1b[2J \u202e kate@example.org\n")
    text = site.metroplex("diagnostics", "--offline")
    for title in ("Versions", "Settings", "Checks", "Status", "Queue", "The last mails that were refused", "The last warnings of notifier"):
        contains(text, f"=== {title}\n")
    contains(text, "sender-mismatch")
    check("\x1b" not in text and "\u202e" not in text and "kate@example.org" not in text, text)
    contains(site.metroplex("diagnostics", "--offline", "--unmasked"), "kate@example.org")


@test
def root_looks_with_the_owners_eyes(unused):
    """Postfix's log is root's, and so is the place of the bundle; what the owner of the data cannot read, it cannot smuggle out."""
    if os.getuid() != 0:
        return print("# root_looks_with_the_owners_eyes: only root can")
    site = Site("nobody")
    try:
        used(site)
        log = os.path.join(site.dir, "postfix/mail.log")
        os.chown(log, 0, 0), os.chmod(log, 0o600)
        hidden, place = os.path.join(site.dir, "hidden"), os.path.join(site.dir, "place")
        os.mkdir(hidden, 0o700), os.mkdir(place, 0o700)
        with open(os.path.join(hidden, "root.txt"), "w") as f:
            f.write("only root's\n")
        os.chmod(os.path.join(hidden, "root.txt"), 0o600)
        folder = os.path.join(site.data, "outbox/conversations")
        shutil.rmtree(folder), os.symlink(hidden, folder)
        found = members(bundle(site, name="place/b.tgz")[0])
        check(b"only root's" not in b"".join(found.values()), "root's file is in it")
        if os.path.exists("/usr/sbin/postconf"):
            contains(found["mail.log"].decode(), "AAAAA1: to=<")
        contains(found["outcomes.tsv"].decode(), "sender-mismatch")
        equal(os.stat(os.path.join(place, "b.tgz")).st_uid, 0)
        check("only root's" not in site.metroplex("diagnostics", "--offline"), "diagnostics")
    finally:
        site.remove()


@test
def nothing_is_changed(site):
    used(site)
    bundle(site)

    def tree():
        return {os.path.join(d, n): os.stat(os.path.join(d, n)).st_mtime_ns for d, _, names in os.walk(site.data) for n in [*names, "."]}
    before = tree()
    bundle(site, "--force", "--include-mail"), site.metroplex("diagnostics", "--offline"), site.metroplex("bundle", "--list")
    equal(tree(), before)


if __name__ == "__main__":
    main()
