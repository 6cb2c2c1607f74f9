#!/usr/bin/env python3
"""The page of settings, and the configuration that it changes: as an operator meets it."""
import json
import os
import platform
import pwd
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, NOTIFIER, check, contains, enter_namespace, equal, french, killat, main, test  # noqa: E402
from terminal import Terminal  # noqa: E402

CANARY = "kanarienvogel-7Q"


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, octets):
    with open(path, "wb") as f:
        f.write(octets)


def rows(site):
    return {row["key"]: row for row in map(json.loads, site.metroplex("settings", "--json").splitlines())}


def in_french(site, *args, status=0):
    done = subprocess.run([METROPLEX, *args, "--config", site.config], capture_output=True, text=True,
                          env=dict(os.environ, **french()))
    equal(done.returncode, status, done.stdout + done.stderr)
    return done.stdout


# --- The page


@test
def the_page_has_its_order_its_words_and_where_each_value_comes_from(site):
    page = site.metroplex("settings")
    words = ["Enable email", "Server address", "Port", "Domain", "Authentication", "Enforce TLS auth (recommended)",
             "No-reply email address", "Discard email addressed to the no-reply email address", "Support"]
    places = [page.index(f"\n  {word}") for word in words]
    equal(places, sorted(places))
    check(re.search(r"smtp\.port = 587 +default\n", page), page)
    check(re.search(r"instance\.hostname = git\.example\.org +file\n", page), page)
    check("\x1b" not in page, "no colour in a pipe")
    french = in_french(site, "settings")
    for word in ("Activer l’e-mail", "Adresse du serveur", "Domaine", "Authentification", "Adresse e-mail sans réponse",
                 "Ignorer les e-mails adressés à l’adresse e-mail sans réponse"):
        contains(french, word)
    equal(len(french.splitlines()), len(page.splitlines()), "line for line")
    equal(in_french(site, "settings", "--json"), site.metroplex("settings", "--json"), "for programs")


@test
def a_page_fits_a_terminal_of_80_columns_in_both_languages(site):
    site.metroplex("settings", "set", "instance.url=https://git.example.org/" + "a" * 90,
                   "smtp.support-address=https://help.example.org/a/b/c/d/e/f/g", "smtp.maildir=/" + "d" * 49)
    for language in ({}, french()):
        terminal = Terminal(METROPLEX, "settings", "--config", site.config, **language)
        seen = terminal.end()
        contains(seen, "\x1b[1m")
        plain = re.sub(r"\x1b\[\d*m", "", seen)
        for line in plain.splitlines():
            check(len(line) <= 80 or "a" * 90 in line, line)
        equal(terminal.status, 0)
    check("\x1b" not in Terminal(METROPLEX, "settings", "--config", site.config, NO_COLOR="1").end(), "NO_COLOR")


@test
def what_is_wrong_is_said_beside_it_and_no_secret_in_a_wrong_place(site):
    saved = open(site.config).read()
    site.set_config("smtp", port="smpt", password_file=CANARY, authentication="login", colour=CANARY)
    site.set_config("instance", url="\x1b[31mred")
    done = site.run(METROPLEX, "settings", status=78)
    for part in ("is not a number from 1 to 65535", "[smtp] colour", "is not an absolute path", "authentication needs it"):
        contains(done.stdout, part)
    check("\x1b" not in done.stdout, "a value moves no cursor")
    french = in_french(site, "settings", status=78)
    contains(french, "n’est pas un nombre de 1 à 65535")
    told = done.stdout + done.stderr + french + site.run(METROPLEX, "settings", "--json", status=78).stdout
    for args in (("get", "smtp.password-file"), ("get", "smtp.password"), ("set", f"smtp.password-file={CANARY}"),
                 ("set", f"smtp.password={CANARY}"), ("unset", "smtp.port"), ("secret", "smtp.password")):
        done = site.run(METROPLEX, "settings", *args, stdin="x\n", status=None)
        check(done.returncode in (64, 65, 78), f"{args}: {done.returncode}")
        told += done.stdout + done.stderr
    check(CANARY not in told, told)
    with open(site.config, "w") as f:
        f.write(saved)


# --- Changes


@test
def values_are_got_set_and_unset_and_nothing_else_changes(site):
    before = read(site.config)
    equal(site.metroplex("settings", "get", "smtp.port"), "587\n")
    said = site.metroplex("settings", "set", "smtp.port=465", "smtp.tls=implicit")
    contains(said, "smtp.port = 465")
    after = read(site.config)
    old, new = before.splitlines(), after.splitlines()
    equal([line for line in new if line not in old], [b"port = 465", b"tls = implicit"])
    equal([line for line in new if line in old], old, "the others, in their order")
    equal(new[new.index(b"port = 465") - 1], b"#port = 587", "below the example")
    equal(site.metroplex("settings", "get", "smtp.port"), "465\n")
    equal(rows(site)["smtp.port"]["origin"], "file")
    site.metroplex("settings", "unset", "smtp.port", "smtp.tls")
    equal(read(site.config), before, "byte for byte")
    contains(site.metroplex("settings", "unset", "smtp.port"), "Nothing to save")


@test
def a_change_says_what_has_to_be_applied(site):
    said = site.metroplex("settings", "set", "limits.mail-size=1000000")
    contains(said, "metroplex configure --apply")
    check("configure" not in site.metroplex("settings", "set", "smtp.port=25"), "the next run reads it")
    told = json.loads(site.metroplex("settings", "set", "smtp.enforce-tls=true", "smtp.port=26", "--json"))
    equal([(c["key"], c["was"], c["value"]) for c in told["changes"]],
          [("smtp.port", "25", "26"), ("smtp.enforce-tls", "false", "true")])
    equal(len(told["apply"]), 1)


@test
def all_is_saved_or_nothing(site):
    before = read(site.config)
    for status, args in ((65, ("smtp.port=465", "smtp.tls=maybe")), (65, ("smtp.port=465", "smtp.nonsense=1")),
                         (65, ("smtp.authentication=login",)), (65, ("smtp.port",)), (65, ("smtp.support-address=help",)),
                         (65, ("smtp.support-address-type=email", "smtp.support-address=https://help.example.org")),
                         (64, ())):
        done = site.run(METROPLEX, "settings", "set", *args, status=status)
        check(done.stderr and not done.stdout, done.stdout)
        equal(read(site.config), before)
    done = site.run(METROPLEX, "settings", "set", "smtp.port=x", "smtp.tls=y", status=65)
    check("smtp.port" in done.stderr and "smtp.tls" in done.stderr, "all that is wrong, at once")
    site.metroplex("settings", "set", "smtp.authentication=login", "smtp.username=postmaster")
    site.metroplex("settings", "set", "smtp.support-address-type=email", "smtp.support-address=help@example.org")


@test
def what_has_to_be_applied_is_done(site):
    path = dict(os.environ, MAIL_CONFIG="/nonexistent")

    def save(*args):
        return subprocess.run([METROPLEX, "settings", "set", *args, "--apply", "--config", site.config], capture_output=True, text=True, env=path)

    done = save("smtp.port=25")
    equal((done.returncode, done.stderr), (0, ""), "nothing but the next run")
    done = save("limits.mail-size=4096")
    contains(done.stdout, f"$ metroplex configure --apply --config {site.config}")
    equal(done.returncode, 78, "there is no such Postfix")
    equal(site.metroplex("settings", "get", "limits.mail-size"), "4096\n", "it is saved")
    done = save("limits.mail-size=4096")
    contains(done.stdout, "Nothing to save")
    equal(done.returncode, 78, "what has failed is tried again")
    shutil.rmtree(os.path.join(site.data, "log"))
    done = save(f"instance.log-directory={site.data}/other")
    contains(done.stdout, f"made {site.data}/other")
    equal(done.returncode, 0, done.stderr)
    done = save("limits.mail-size=4097", "--json")
    equal(json.loads(done.stdout)["apply"], [], "JSON alone")


@test
def two_who_save_at_once_both_find_what_they_saved(site):
    keys = [f"limits.{key}" for key in ("header-fields", "nesting", "parts", "addresses", "comment", "attachments",
                                        "hard-bounces", "soft-bounces")]
    for value in ("31", "32", "33"):
        writers = [subprocess.Popen([METROPLEX, "settings", "set", f"{key}={value}", "--config", site.config],
                                    stdout=subprocess.DEVNULL) for key in keys]
        equal([writer.wait(60) for writer in writers], [0] * len(keys))
        found = rows(site)
        equal([found[key]["value"] for key in keys], [value] * len(keys))
    equal(sorted(os.listdir(os.path.dirname(site.config))), ["address-keys", "metroplex.conf"], "nothing is left over")


@test
def killed_at_any_system_call_the_old_file_is_there_or_the_new(site):
    if platform.machine() != "x86_64" or os.getuid() != 0:
        print("# skipped: kills need x86-64, and root or a namespace of one's own")
        return
    tool, password = killat(), os.path.join(os.path.dirname(site.config), "smtp-password")
    site.metroplex("settings", "secret", "smtp.password", stdin="first-password\n")
    old, seen = read(site.config), set()
    for args, path, states in ((("set", "smtp.port=465", "smtp.tls=implicit"), site.config, None),
                               (("secret", "smtp.password"), password, {b"first-password\n", b"second-password\n"})):
        for number in range(1, 400):
            before = read(path)
            done = subprocess.run([tool, "--begin", "metroplex.conf", "--kill", str(number), "--", METROPLEX, "settings", *args,
                                   "--config", site.config], input=b"second-password\n", capture_output=True)
            text = read(path)
            seen.add(text)
            if states is not None:
                check(text in states, f"{number}: {text!r}")
                equal(os.stat(path).st_mode & 0o777, 0o600, f"{number}")
            else:
                check(text == old or (b"\nport = 465\n" in text and b"\ntls = implicit\n" in text), f"{number}: {text}")
                site.metroplex("settings")
            write(path, before)
            if b"signal=9" not in done.stdout:
                break
        check(10 < number < 399, f"{number} calls")
        print(f"# {number} kills of {args[0]}")
    check(len(seen) == 4, "both the old and the new were seen")
    site.metroplex("settings", "set", "smtp.port=466")
    site.metroplex("settings", "secret", "smtp.password", stdin="x\n")
    equal(sorted(os.listdir(os.path.dirname(site.config))), ["address-keys", "metroplex.conf", "smtp-password"], "what the dead left")


@test
def a_full_disk_leaves_the_old_file(site):
    if shutil.which("strace") is None:
        print("# strace is missing: the faults are left out")
        return
    before = read(site.config)
    for call in ("write", "fdatasync", "fchmod", "renameat"):
        done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error=ENOSPC:when=1",
                               METROPLEX, "settings", "set", "smtp.port=465", "--config", site.config], capture_output=True, text=True)
        equal(done.returncode, 75, f"{call}: {done.stderr}")
        equal(read(site.config), before, call)
        equal(sorted(os.listdir(os.path.dirname(site.config))), ["address-keys", "metroplex.conf"])


# --- Who may


@test
def a_configuration_that_others_can_write_is_not_used(site):
    folder = os.path.dirname(site.config)
    for path, bad, good in ((site.config, 0o664, 0o644), (site.config, 0o646, 0o644), (folder, 0o775, 0o755), (folder, 0o777, 0o755),
                            (folder, 0o1777, 0o755)):
        os.chmod(path, bad)
        for command in (("settings",), ("settings", "set", "smtp.port=25"), ("settings", "unset", "smtp.port"), ("--once",),
                        ("settings", "secret", "smtp.password"), ("user", "list"), ("init",)):
            done = site.run(METROPLEX, *command, status=78)
            contains(done.stdout + done.stderr, f"{path} has mode {bad:04o}")
        contains(site.run(NOTIFIER, "--once", status=78).stderr, path)
        os.chmod(path, good)
    site.metroplex("--once")


@test
def for_root_a_configuration_of_another_user_is_none(site):
    if os.getuid() != 0:
        print("# skipped: only root can give a file away")
        return
    nobody = pwd.getpwnam("nobody")
    for path in (site.config, os.path.dirname(site.config)):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
        for command in (("settings",), ("settings", "set", "smtp.port=25"), ("--once",)):
            done = site.run(METROPLEX, *command, status=78)
            contains(done.stdout + done.stderr, f"{path} belongs to user {nobody.pw_uid}")
        os.chown(path, 0, 0)


@test
def a_saved_file_keeps_its_owner_and_mode(site):
    os.chmod(site.config, 0o640)
    if os.getuid() == 0:
        os.chown(site.config, 0, pwd.getpwnam("nobody").pw_gid)
    before = os.stat(site.config)
    site.metroplex("settings", "set", "smtp.port=25")
    after = os.stat(site.config)
    equal((after.st_mode, after.st_uid, after.st_gid), (before.st_mode, before.st_uid, before.st_gid))
    link = os.path.join(os.path.dirname(site.config), "link.conf")
    os.symlink("metroplex.conf", link)
    site.run(METROPLEX, "settings", "set", "smtp.port=26", "--config", link, data=False)
    check(os.path.islink(link), "a link stays one")
    equal(site.metroplex("settings", "get", "smtp.port"), "26\n")


# --- The secret


@test
def a_password_comes_from_standard_input_and_goes_to_the_programs_alone(site):
    path = os.path.join(os.path.dirname(site.config), "smtp-password")
    said = site.metroplex("settings", "secret", "smtp.password", stdin=CANARY + "\n")
    equal(read(path).decode(), CANARY + "\n")
    equal(os.stat(path).st_mode & 0o7777, 0o600)
    equal(os.stat(path).st_uid, os.stat(site.data).st_uid)
    equal(site.metroplex("settings", "get", "smtp.password-file"), path + "\n", "it names the file")
    page = site.metroplex("settings")
    contains(page, "smtp.password = (set)")
    check(CANARY not in said + page + site.metroplex("settings", "--json"), "it is never shown")
    before = read(site.config)
    site.metroplex("settings", "secret", "smtp.password", stdin="another")
    equal(read(path), b"another\n")
    equal(read(site.config), before)
    for bad in ("", "\n", "two\nlines\n", "a\0b", "x" * 5000):
        done = site.run(METROPLEX, "settings", "secret", "smtp.password", stdin=bad, status=65)
        contains(done.stderr, "that is no password")
        equal(read(path), b"another\n")
    site.run(METROPLEX, "settings", "secret", "smtp.username", stdin="x", status=64)


@test
def a_password_replaces_nothing_but_a_file(site):
    path, target = os.path.join(site.dir, "there"), os.path.join(site.dir, "target")
    site.metroplex("settings", "set", f"smtp.password-file={path}")
    write(target, b"kept")
    for make, remove in ((os.mkfifo, os.unlink), (os.mkdir, os.rmdir), (lambda name: os.symlink(target, name), os.unlink)):
        make(path)
        os.chmod(path, 0o600)
        before, names = os.lstat(path), sorted(os.listdir(site.dir))
        done = site.run(METROPLEX, "settings", "secret", "smtp.password", stdin=CANARY, status=65)
        contains(done.stderr, "is not a regular file")
        equal((os.lstat(path).st_mode, os.lstat(path).st_ino), (before.st_mode, before.st_ino))
        equal(sorted(os.listdir(site.dir)), names)
        remove(path)
    equal(read(target), b"kept")
    site.metroplex("settings", "secret", "smtp.password", stdin=CANARY)
    equal(read(path).decode(), CANARY + "\n")


@test
def a_password_is_typed_without_echo(site):
    path = os.path.join(os.path.dirname(site.config), "smtp-password")
    terminal = Terminal(METROPLEX, "settings", "secret", "smtp.password", "--config", site.config)
    terminal.until(": ")
    check(not terminal.echoes(), "no echo")
    terminal.type(CANARY + "\n")
    seen = terminal.end()
    equal(terminal.status, 0, seen)
    check(CANARY not in seen, seen)
    equal(read(path).decode(), CANARY + "\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        terminal = Terminal(METROPLEX, "settings", "secret", "smtp.password", "--config", site.config)
        terminal.until(": ")
        if number == signal.SIGINT:
            terminal.type("half\x03")
        else:
            os.kill(terminal.pid, number)
        terminal.until("\n")
        check(terminal.echoes(), "the echo is back")
        terminal.end()
        equal(terminal.status, -number)
        equal(read(path).decode(), CANARY + "\n")


@test
def as_root_the_password_belongs_to_the_user_of_the_programs(site):
    if os.getuid() != 0:
        print("# skipped: only root can give a file away")
        return
    nobody = pwd.getpwnam("nobody")
    os.chown(site.data, nobody.pw_uid, nobody.pw_gid)
    site.metroplex("settings", "secret", "smtp.password", stdin="x\n")
    st = os.stat(os.path.join(os.path.dirname(site.config), "smtp-password"))
    equal((st.st_uid, st.st_gid, st.st_mode & 0o7777), (nobody.pw_uid, nobody.pw_gid, 0o600))


@test
def a_password_that_others_can_read_stops_all_even_where_it_is_not_needed(site):
    path = os.path.join(os.path.dirname(site.config), "smtp-password")
    site.metroplex("settings", "secret", "smtp.password", stdin=CANARY)
    for mode in (0o640, 0o604, 0o620):
        os.chmod(path, mode)
        for program, command in ((METROPLEX, ("--once",)), (NOTIFIER, ("--once",)), (METROPLEX, ("settings",))):
            done = site.run(program, *command, status=78)
            contains(done.stdout + done.stderr, f"{mode:04o}")
            check(CANARY not in done.stdout + done.stderr, done.stderr)
    os.chmod(path, 0o600)
    site.metroplex("--once")


@test
def a_key_that_takes_one_address_takes_no_list_of_them(site):
    saved = open(site.config).read()
    for key in ("noreply-address", "envelope-sender", "administrator"):
        for value in ("a@example.org,b@example.org", "a@@example.org", "a b@example.org", "a,b@example.org", ".a@example.org", "-a@example.org"):
            done = site.run(METROPLEX, "settings", "set", f"smtp.{key}={value}", status=65)
            contains(done.stderr, f'smtp.{key}: "{value}" is not a mail address')
    equal(open(site.config).read(), saved)
    site.metroplex("settings", "set", "smtp.administrator=o'brien+mail@example.org")


# --- What the keys do


@test
def from_to_and_cc_carry_the_domain_of_the_no_reply_address(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    for address, domain in (("noreply@git.example.org", "noreply.git.example.org"), ("git@mail.example.com", "noreply.mail.example.com"),
                            ("nobody@noreply.example.net", "noreply.example.net")):
        site.metroplex("settings", "set", f"smtp.noreply-address={address}")
        site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=f"From {address}.\n")
        site.notifier("--once")
        sent = [m for m in site.sent() if address in m["From"] and m["List-ID"]]  # and no answer to the mails below
        check(sent, address)
        for field in ("To", "Cc"):
            check(sent[-1][field].endswith(f"@{domain}>"), sent[-1][field])
        for recipient in (address, f"rocket@{domain}", "rocket@noreply.git.example.org"):
            name = site.deliver(site.mail("kate@example.org", recipient))
            site.metroplex("--once")
            equal(site.reasons()[name], "no-reply-address", recipient)
        site.run(METROPLEX, "user", "add", "x", "--name", "X", "--email", f"x@{domain}", status=65)


@test
def a_server_may_be_an_address(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    site.metroplex("settings", "set", "smtp.transport=smtp", "smtp.address=::1", "smtp.port=1", "smtp.tls=none")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="Look.\n")
    site.notifier("--once")
    contains(site.log("notifier.log"), "[::1]:1")


if __name__ == "__main__":
    enter_namespace()
    main()
