#!/usr/bin/env python3
"""metroplex check: what is right and what is wrong is told, each with what to do, and with the status
that monitoring expects."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, Site, check, contains, equal, main, test  # noqa: E402

NESTED = "CHECK_TEST_NESTED"


def enter():
    """A network and mounts of the suite's own: port 25, addresses and /run are then real and nobody else's."""
    if os.environ.get(NESTED):
        return
    os.environ[NESTED] = "none"
    user = ["--user", "--map-root-user", "--map-auto"] if os.getuid() != 0 else []
    shell = ["sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
    command = ["unshare", *user, "--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*command, "ip", "link", "set", "lo", "up"], stderr=subprocess.DEVNULL).returncode == 0:
        os.environ[NESTED] = "1"
        os.execvp("unshare", [*command, *shell, sys.executable, *sys.argv])


def is_nested(what):
    if os.environ[NESTED] != "1":
        print(f"# skipped: {what} needs namespaces, which cannot be made here")
    return os.environ[NESTED] == "1"


def findings(site, *args, env=None, status=None):
    done = subprocess.run([METROPLEX, "check", "--config", site.config, "--json", *args], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(env or {})))
    check(done.returncode in (0, 1, 2) if status is None else done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdicts(site, *args, **kw):
    """The worst verdict of each check."""
    worst = {}
    for finding in findings(site, *args, **kw):
        order = ["ok", "unknown", "warning", "failed"]
        worst[finding["check"]] = max(worst.get(finding["check"], "ok"), finding["verdict"], key=order.index)
    return worst


def one(site, name, *args, verdict=None, **kw):
    """The finding of a check that is not ok, or the first."""
    found = [f for f in findings(site, *args, **kw) if f["check"] == name]
    check(found, f"no finding of {name}")
    worse = [f for f in found if f["verdict"] == verdict] if verdict else [f for f in found if f["verdict"] != "ok"]
    return (worse or found)[0]


def people(site, *args, env=None):
    return subprocess.run([METROPLEX, "check", "--config", site.config, *args], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(env or {})))


@test
def a_new_installation_is_well_but_for_what_is_not_set(site):
    equal(set(verdicts(site, "files", status=0).values()), {"ok"})
    equal({n: v for n, v in verdicts(site, "config", status=1).items() if v != "ok"}, {"transport": "warning", "senders": "warning"})
    equal(set(verdicts(site, "queue", status=0).values()), {"ok"})


@test
def whatever_is_not_ok_says_what_was_expected_and_what_to_do(site):
    os.rmdir(os.path.join(site.data, "mail/reply/cur"))
    os.chmod(site.config, 0o666)
    for finding in findings(site):
        if finding["verdict"] == "ok":
            equal((finding["expected"], finding["advice"]), (None, None))
        else:
            check(finding["expected"] and finding["advice"], finding)


BROKEN = [
    # what is done, the check, its verdict, what was found, what to do
    (lambda s: s.set_config("smtp", port="0"), "config", "file", "failed", "port", "metroplex.conf(5)"),
    (lambda s: os.chmod(s.config, 0o664), "config", "owner", "failed", "0664", "chmod go-w"),
    (lambda s: os.chmod(os.path.dirname(s.config), 0o777), "config", "owner", "failed", "0777", "chmod go-w"),
    (lambda s: s.set_config("smtp", enabled="false"), "config", "enabled", "warning", "stays in new/", "enabled = true"),
    (lambda s: s.set_config("smtp", transport="smtp", address="smtp.example.org", tls="none"), "config", "tls", "warning", "clear text", "starttls"),
    (lambda s: s.set_config("smtp", transport="smtp", address="smtp.example.org", tls="none", authentication="plain", username="u"),
     "config", "tls", "failed", "password", "starttls"),
    (lambda s: s.set_config("address", identity="token"), "config", "senders", "warning", "whoever", "identity = strict"),
    (lambda s: os.rmdir(os.path.join(s.data, "incoming-mail/failure")), "files", "directories", "failed", "there is no", "metroplex init"),
    (lambda s: os.chmod(os.path.join(s.data, "incoming-mail/success"), 0o705), "files", "directories", "warning", "everybody", "chmod o="),
    (lambda s: os.chmod(os.path.join(s.dir, "etc/address-keys"), 0o644), "files", "keys", "failed", "others can read it", "metroplex init"),
    (lambda s: os.unlink(os.path.join(s.dir, "etc/address-keys")), "files", "keys", "failed", "No such file", "backup"),
    (lambda s: s.set_config("smtp", transport="smtp", authentication="plain", username="u", password_file=s.dir + "/none"),
     "files", "password", "failed", "none", "settings secret"),
    (lambda s: os.rename(os.path.join(s.data, "tracker.git/HEAD"), os.path.join(s.data, "tracker.git/HEAD.away")),
     "files", "repositories", "failed", "tracker.git", "metroplex fsck"),
]


@test
def each_fault_of_settings_and_files_is_told(site):
    for spoil, group, name, verdict, found, advice in BROKEN:
        other = Site()
        try:
            spoil(other)
            finding = one(other, name, group, status=2 if verdict == "failed" else 1)
            equal(finding["verdict"], verdict, f"{name}: {finding}")
            contains(finding["found"], found)
            contains(finding["advice"], advice)
        finally:
            other.remove()


@test
def an_empty_password_is_none(site):
    path = os.path.join(site.dir, "password")
    with open(path, "w") as file:
        file.write("\n")
    os.chmod(path, 0o600)
    site.set_config("smtp", transport="smtp", authentication="plain", username="u", password_file=path)
    contains(one(site, "password", "files", verdict="failed")["found"], "empty")
    with open(path, "w") as file:
        file.write("canary-of-a-password\n")
    equal(one(site, "password", "files")["verdict"], "ok")
    shown = people(site, "all").stdout + "".join(map(str, findings(site)))
    check("canary-of-a-password" not in shown, "the password is shown")


@test
def root_looks_with_the_eyes_of_the_programs(site):
    if os.getuid() != 0:
        print("# skipped: needs root")
        return
    other = Site(owner="nobody")
    try:
        equal(set(verdicts(other, "files").values()), {"ok"})
        new = os.path.join(other.data, "mail/reply/new")
        os.chown(new, 0, 0)
        finding = one(other, "directories", "files", status=2)
        contains(finding["found"], "Permission denied")
        contains(finding["advice"], "chown 65534:")
        os.chown(other.config, 65534, 65534)
        contains(one(other, "owner", "config", verdict="failed")["advice"], "chown root")
    finally:
        other.remove()


def set_age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


@test
def who_never_ran_or_runs_no_more_is_told(site):
    contains(one(site, "inbound-run", "timers", status=2)["found"], "never")
    contains(one(site, "outbound-run", "timers", status=2)["found"], "never")
    site.metroplex("--once")
    site.notifier("--once")
    found = verdicts(site, "timers")
    equal((found["inbound-run"], found["outbound-run"], found["end"]), ("ok", "ok", "ok"))
    set_age(os.path.join(site.data, "run.lock"), 400)
    set_age(os.path.join(site.data, "outbox/lock"), 3 * 86400)
    finding = one(site, "inbound-run", "timers", status=2)
    contains(finding["found"], "6 minutes")
    contains(finding["advice"], "metroplex --once")
    finding = one(site, "outbound-run", "timers", status=2)
    contains(finding["found"], "3 days")
    contains(finding["advice"], "notifier --once")


@test
def a_run_that_is_at_work_is_no_missing_run(site):
    import fcntl
    site.metroplex("--once")
    path = os.path.join(site.data, "run.lock")
    with open(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        set_age(path, 400)
        finding = one(site, "inbound-run", "timers")
        equal(finding["verdict"], "ok")
        contains(finding["found"], "at work")


@test
def an_error_at_the_end_of_the_log_is_told_until_a_run_succeeds(site):
    site.metroplex("--once")
    with open(os.path.join(site.data, "log/metroplex.log"), "a") as log:
        log.write("[2026-01-01T00:00:00.000 ERROR (17) #] no space is left for \x1b[31m\n")
    finding = one(site, "end", "timers", verdict="warning")
    contains(finding["found"], "no space is left")
    check("\x1b" not in people(site, "timers").stdout, "an escape sequence of a log is printed")
    site.user("tim")
    thread = site.thread("tim")
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim")))
    site.metroplex("--once")
    equal(one(site, "end", "timers")["verdict"], "ok")


SYSTEMCTL = """#!/bin/sh
for unit; do :; done
case $unit in
%s
*) echo LoadState=loaded; echo ActiveState=active; echo UnitFileState=enabled; echo Result=success; echo ExecMainStatus=0 ;;
esac
"""

UNITS = [
    ("", "ok", "", ""),
    ("notifier.timer) echo LoadState=not-found; echo ActiveState=inactive ;;", "failed", "notifier.timer is not there", "make install"),
    ("metroplex.path) echo LoadState=loaded; echo ActiveState=failed; echo UnitFileState=enabled ;;", "failed", "metroplex.path is failed",
     "systemctl enable --now metroplex.path"),
    ("metroplex.timer) echo LoadState=loaded; echo ActiveState=active; echo UnitFileState=disabled ;;", "warning", "next boot", "systemctl enable"),
    ("notifier.timer) echo Failed to connect to bus >&2; exit 1 ;;", "unknown", "Failed to connect to bus", "cron"),
]


@test
def units_that_are_off_are_told(site):
    if not is_nested("a systemd that is not there"):
        return
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    try:
        os.makedirs("/run/systemd/system")
        env = {"PATH": site.dir + ":" + os.environ["PATH"]}
        program = os.path.join(site.dir, "systemctl")
        for lines, verdict, found, advice in UNITS:
            with open(program, "w") as file:
                file.write(SYSTEMCTL % lines)
            os.chmod(program, 0o755)
            finding = one(site, "starter", "timers", env=env)
            equal(finding["verdict"], verdict, str(finding))
            contains(finding["found"], found)
            contains(finding["advice"] or "", advice)
        with open(program, "w") as file:
            file.write(SYSTEMCTL % "notifier.service) echo Result=exit-code; echo ExecMainStatus=78 ;;")
        finding = one(site, "end", "timers", env=env)
        contains(finding["found"], "status 78")
        contains(finding["advice"], "journalctl -u notifier.service")
    finally:
        subprocess.run(["umount", "/run"], check=True)


@test
def what_waits_too_long_is_told(site):
    name = site.deliver(site.mail("tim@example.org", "somebody@example.org"))
    path = os.path.join(site.data, "mail/reply/new", name)
    for age, verdict, status in (0, "ok", 0), (400, "warning", 1), (4000, "failed", 2):
        set_age(path, age)
        equal(one(site, "new-mail", "queue", status=status)["verdict"], verdict)
    contains(one(site, "new-mail", "queue")["advice"], "metroplex check timers")


def queue(site, *args):
    return site.notifier("queue", *args)


@test
def held_failed_and_suppressed_are_told(site):
    site.user("tim")
    site.user("ann")
    thread = site.thread("tim")
    site.metroplex("thread", "subscribe", str(thread), "ann")
    contains(one(site, "notifications", "queue", status=0)["found"], "1 events")
    key = site.events()[0]
    queue(site, "hold", key)
    finding = one(site, "held", "queue", status=1)
    contains(finding["advice"], "release")
    os.rename(os.path.join(site.data, "outbox/hold", key), os.path.join(site.data, "outbox/failed", key))
    contains(one(site, "failed", "queue", status=1)["advice"], "queue retry")


@test
def a_server_that_is_away_is_told_with_its_words(site):
    site.user("tim")
    site.user("ann")
    site.metroplex("thread", "subscribe", str(site.thread("tim")), "ann")
    site.set_config("smtp", transport="smtp", address="127.0.0.1", port="1", tls="none")
    site.notifier("--once", status=None)
    finding = one(site, "server", "queue", status=1)
    equal(finding["verdict"], "warning")
    contains(finding["found"], "away")
    contains(finding["advice"], "notifier test")


@test
def nothing_can_be_known_without_a_configuration(site):
    os.unlink(site.config)
    found = verdicts(site, "all", status=2)
    equal(found.pop("file"), "failed")
    equal(set(found.values()), {"unknown"})
    equal(verdicts(site, "queue", status=1), {"new-mail": "unknown"})


@test
def a_group_that_is_none_is_a_wrong_use(site):
    done = people(site, "mail")
    equal((done.returncode, done.stdout), (64, ""))
    contains(done.stderr, "config, files")


@test
def programs_read_english_and_people_their_language(site):
    french = {"LANGUAGE": "fr", "LC_ALL": "C.UTF-8"}
    equal(findings(site, "files", env=french), findings(site, "files"))
    shown = people(site, "files", env=french).stdout
    contains(shown, "Répertoires")
    contains(people(site, "files").stdout, "Directories")


@test
def lines_fit_a_terminal_and_a_pipe_has_no_colour(site):
    for language in "en", "fr":
        shown = people(site, env={"LANGUAGE": language, "LC_ALL": "C.UTF-8"}).stdout
        check("\x1b" not in shown, "colour in a pipe")
        for line in shown.splitlines():
            check(len(line) <= 80 or " " not in line.strip(), f"{len(line)} columns: {line}")


@test
def a_read_only_copy_is_enough_and_nothing_is_written(site):
    def snapshot():
        return {path: os.lstat(path).st_mtime_ns for folder, _, names in os.walk(site.dir) for path in (folder, *(os.path.join(folder, n) for n in names))}
    before = snapshot()
    people(site)
    equal(snapshot(), before)


if __name__ == "__main__":
    enter()
    main()
