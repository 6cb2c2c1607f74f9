#!/usr/bin/env python3
"""metroplex check: what is right and what is wrong is told, each with what to do, and with the status
that monitoring expects."""
import base64
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from checks import enter, findings, is_nested, one, people, under_systemd, verdicts  # noqa: E402
from dns_server import DnsServer  # noqa: E402
from first_mail import opens  # noqa: E402
from harness import METROPLEX, Site, check, contains, equal, french, main, test  # noqa: E402

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
    (lambda s: (opens(s, members=()), s.set_config("address", authserv_id="")), "config", "senders", "failed", "all are held", "configure --verify opendkim"),
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
        contains(str(findings(other, "files")), "user nobody can write them")
        contains(str(findings(other, "config")), "only user root writes")
        new = os.path.join(other.data, "mail/reply/new")
        os.chown(new, 0, 0)
        finding = one(other, "directories", "files", status=2)
        contains(finding["found"], "Permission denied")
        contains(finding["advice"], "chown 65534:")
        os.chown(other.config, 65534, 65534)
        contains(one(other, "owner", "config", verdict="failed")["advice"], "chown root")
        os.chown(other.config, 12345, 0)
        contains(one(other, "owner", "config", verdict="failed")["found"], "user 12345, who could")
    finally:
        other.remove()


@test
def nobody_is_advised_to_give_the_data_to_root(unused):
    other = Site(owner="nobody" if os.getuid() == 0 else None)
    try:
        new, uid = os.path.join(other.data, "mail/reply/new"), os.stat(other.data).st_uid
        os.chmod(new, 0o500)
        done = subprocess.run([METROPLEX, "check", "--config", other.config, "files"], capture_output=True, text=True, timeout=60,
                              **({"user": uid, "group": uid, "extra_groups": []} if os.getuid() == 0 else {}))
        contains(" ".join(done.stdout.split()), f"chown {uid}:")
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
def how_the_last_run_ended_is_told_with_its_words(site):
    equal(one(site, "end", "timers")["verdict"], "unknown")
    site.metroplex("--once")
    site.notifier("--once")
    equal(one(site, "end", "timers")["verdict"], "ok")
    tip = os.path.join(site.data, "accounts.git/refs/heads/main")
    os.rename(tip, tip + ".away")
    site.deliver(site.mail("tim@example.org", f"reply+i-1-{'0' * 40}-1@reply.git.example.org"))
    site.run(METROPLEX, "--once", status=None)
    finding = one(site, "end", "timers", verdict="failed")
    contains(finding["found"], "status 78")
    contains(finding["found"], "accounts.git")
    contains(finding["advice"], "metroplex.log")
    os.rename(tip + ".away", tip)
    site.metroplex("--once")
    equal(one(site, "end", "timers")["verdict"], "ok")


@test
def pages_that_are_behind_are_told(site):
    directory = os.path.join(site.dir, "pages")
    site.set_config("pages", directory=directory)
    contains(one(site, "pages", "timers", verdict="ok")["found"], "there are none")
    site.user("tim")
    site.thread("tim")
    site.run(METROPLEX, "pages")
    contains(one(site, "pages", "timers", verdict="ok")["found"], "shows what threads say")
    site.thread("tim")
    contains(one(site, "pages", "timers", verdict="ok")["found"], "does not yet show")
    tip = os.path.join(site.data, "tracker.git/refs/heads/main")
    set_age(tip, 400)
    finding = one(site, "pages", "timers", verdict="warning")
    contains(finding["found"], "6 minutes")
    contains(finding["advice"], "metroplex pages")
    site.run(METROPLEX, "pages")
    equal(one(site, "pages", "timers")["verdict"], "ok")
    old = subprocess.run(["git", "-c", "safe.directory=*", "-C", os.path.join(site.data, "tracker.git"), "commit-tree", "main^{tree}", "-p", "main", "-m", "x"],
                         env=dict(os.environ, **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a@b.example"), ("DATE", f"@{int(time.time()) - 400} +0000"))}),
                         capture_output=True, text=True, check=True).stdout.strip()
    site.git("update-ref", "refs/heads/main", old)
    site.thread("tim")
    contains(one(site, "pages", "timers", verdict="ok")["found"], "does not yet show")
    set_age(os.path.join(directory, ".built"), 400)
    finding = one(site, "pages", "timers", verdict="warning")  # though the branch moved just now, as it does all day
    contains(finding["found"], "not been brought up to the last change")
    site.run(METROPLEX, "pages")
    site.thread("tim")
    set_age(os.path.join(directory, ".built"), 400)
    contains(one(site, "pages", "timers", verdict="ok")["found"], "does not yet show")
    site.run(METROPLEX, "pages")
    set_age(tip, 400)
    with open(os.path.join(directory, ".built")) as f:
        built = f.read().split("\n")
    with open(os.path.join(directory, ".built"), "w") as f:
        f.write("\n".join([*built[:2], "-", ""]))  # a run that died while it wrote everything
    equal(one(site, "pages", "timers", verdict="warning")["verdict"], "warning")
    metroplex = under_systemd(METROPLEX, site.dir)
    if metroplex is None:
        print("# skipped: a systemd that is not there needs a namespace, which cannot be made here")
        return
    site.run(METROPLEX, "pages")
    with open(os.path.join(site.dir, "systemctl"), "w") as file:
        file.write(SYSTEMCTL % "metroplex-pages.path) echo LoadState=loaded; echo ActiveState=inactive; echo UnitFileState=disabled ;;")
    os.chmod(file.name, 0o755)
    found = [f for f in findings(site, "timers", env={"PATH": site.dir + ":" + os.environ["PATH"]}, program=metroplex) if f["check"] == "pages"]
    equal([f["verdict"] for f in found], ["ok", "warning", "ok"], f"{found}")
    contains(found[1]["advice"], "systemctl enable --now metroplex-pages.path")


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
    ("metroplex-prune.timer) echo LoadState=loaded; echo ActiveState=inactive; echo UnitFileState=disabled ;;", "warning", "metroplex-prune.timer is inactive",
     "systemctl enable --now metroplex-prune.timer"),
    ("metroplex-repack.timer) echo LoadState=not-found ;;", "warning", "metroplex-repack.timer is not there", "make install"),
    ("notifier.timer) echo Failed to connect to bus >&2; exit 1 ;;", "unknown", "Failed to connect to bus", "cron"),
]


@test
def units_that_are_off_are_told(site):
    metroplex = under_systemd(METROPLEX, site.dir)
    if metroplex is None:
        print("# skipped: a systemd that is not there needs a namespace, which cannot be made here")
        return
    env = {"PATH": site.dir + ":" + os.environ["PATH"]}
    program = os.path.join(site.dir, "systemctl")
    for lines, verdict, found, advice in UNITS:
        with open(program, "w") as file:
            file.write(SYSTEMCTL % lines)
        os.chmod(program, 0o755)
        finding = one(site, "starter", "timers", env=env, program=metroplex)
        equal(finding["verdict"], verdict, str(finding))
        contains(finding["found"], found)
        contains(finding["advice"] or "", advice)
    with open(program, "w") as file:
        file.write(SYSTEMCTL % "notifier.service) echo Result=exit-code; echo ExecMainStatus=78 ;;")
    finding = one(site, "end", "timers", env=env, program=metroplex, verdict="failed")
    contains(finding["found"], "status 78")
    contains(finding["advice"], "journalctl -u notifier.service")


def since_boot():
    return int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6)


@test
def what_was_only_just_enabled_need_not_have_run(site):
    metroplex = under_systemd(METROPLEX, site.dir)
    if metroplex is None:
        print("# skipped: a systemd that is not there needs a namespace, which cannot be made here")
        return
    program = os.path.join(site.dir, "systemctl")
    env = {"PATH": site.dir + ":" + os.environ["PATH"]}
    timer = "echo LoadState=loaded; echo ActiveState=%s; echo UnitFileState=enabled; echo ActiveEnterTimestampMonotonic=%d; echo 'NextElapseUSecMonotonic=%s' ;;"
    never = "*.service) echo Result=success; echo ExecMainStatus=0; echo ExecMainExitTimestampMonotonic=0 ;;"

    def found(name, ago, until, active="active"):
        due = "infinity" if until is None else f"{(since_boot() / 1e6 + until) // 60:.0f}min {(since_boot() / 1e6 + until) % 60:.6f}s"
        with open(program, "w") as file:
            file.write(SYSTEMCTL % ("*.timer) " + timer % (active, max(1, since_boot() - ago * 1000000), due) + "\n" + never))
        os.chmod(program, 0o755)
        return one(site, name, "timers", env=env, program=metroplex)

    for name, runs in (("inbound-run", "metroplex"), ("outbound-run", "notifier")):
        finding = found(name, 2, 28)
        equal(finding["verdict"], "unknown")
        for part in (f"{runs}.timer was enabled", f"starts {runs} in 2"):
            contains(finding["found"], part)
        contains(found(name, 2, None)["found"], "within a minute")
        contains(found(name, 600, 28)["found"], "has never run")
        contains(found(name, 2, 28, active="inactive")["found"], "has never run")
    found("end", 2, 28)
    equal(set(verdicts(site, "timers", env=env, program=metroplex, status=0).values()), {"ok", "unknown"})
    check("ended well" not in str(findings(site, "timers", env=env, program=metroplex)), "nothing has ended")
    site.metroplex("--once")
    site.notifier("--once")
    for name, lock in (("inbound-run", "run.lock"), ("outbound-run", "outbox/lock")):
        set_age(os.path.join(site.data, lock), 86000)
        equal(found(name, 2, 28)["verdict"], "unknown")
        equal(found(name, 600, 28)["verdict"], "failed")


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
    contains(one(site, "notifications", "queue", status=0)["found"], "1 event ")
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
    equal(findings(site, "files", env=french()), findings(site, "files"))
    shown = people(site, "files", env=french()).stdout
    contains(shown, "Répertoires")
    contains(people(site, "files").stdout, "Directories")


@test
def one_is_not_several(site):
    """Of what is counted, in both languages."""
    def deliver():
        path = os.path.join(site.data, "mail/reply/new", site.deliver(b"Subject: x\n\nx\n"))
        os.utime(path, (time.time() - 600,) * 2)
    site.set_config("smtp", transport="maildir", maildir=os.path.join(site.data, "sent"))
    deliver()
    contains(people(site, "queue").stdout, "1 mail waits in new/")
    contains(people(site, "queue").stdout, "1 warning, 0 failed")
    shown = people(site, "queue", env=french()).stdout
    contains(shown, "1 courriel attend dans new/")
    contains(shown, "1 avertissement, 0 en échec")
    deliver()
    site.user("tim"), site.user("kate")
    site.thread("tim", body="Does it start? @kate\n")
    os.rename(os.path.join(site.data, "outbox/new", site.events()[0]), os.path.join(site.data, "outbox/failed", site.events()[0]))
    shown = people(site, "queue").stdout
    for text in ("2 mails wait in new/", "1 event has recipients who were given up", "2 warnings, 0 failed"):
        contains(shown, text)
    shown = people(site, "queue", env=french()).stdout
    for text in ("2 courriels attendent dans new/", "1 événement a des destinataires", "2 avertissements, 0 en échec"):
        contains(shown, text)


@test
def lines_fit_a_terminal_and_a_pipe_has_no_colour(site):
    for language in {}, french():
        shown = people(site, env=language).stdout
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


# --- dns

OURS = "203.0.113.10"  # given to the loopback of the suite's own network
OTHER = "198.51.100.7"
RIGHT = {
    "git.Z": {"A": [OURS], "TXT": [f"v=spf1 ip4:{OURS} -all"]},
    "reply.git.Z": {"A": [OURS], "MX": ["10 git.Z"], "TXT": ["something else", f"v=spf1 ip4:{OURS} -all"]},
    "noreply.git.Z": {"MX": ["10 git.Z"]},
    "_dmarc.Z": {"TXT": ["v=DMARC1; p=reject; rua=mailto:postmaster@Z"]},
    "10.113.0.203.in-addr.arpa": {"PTR": ["git.Z"]},
}
GONE = None


def zone(name, changes):
    """RIGHT for the domain NAME with some names changed; "Z" stands for it, also in the changes."""
    def put(value):
        return value.replace("Z", name) if isinstance(value, str) else [put(v) for v in value] if isinstance(value, list) else \
            {k: put(v) for k, v in value.items()} if isinstance(value, dict) else value
    made = dict(RIGHT)
    made.update(changes)
    return {put(owner): put(records) for owner, records in made.items() if records is not GONE}


def looked_up(site, changes, *args, config=(), status=None):
    """What check dns finds in a zone: {check: [finding, …]}, all of them."""
    with_server = DnsServer(zone("zone.example", changes))
    try:
        site.set_config("instance", hostname="git.zone.example")
        site.set_config("smtp", domain="git.zone.example", noreply_address="noreply@git.zone.example", address="localhost")
        for group, keys in config:
            site.set_config(group, **keys)
        found = {}
        for finding in findings(site, "dns", "--dns", with_server.name, *args, status=status):
            found.setdefault(finding["check"], []).append(finding)
        found["asked"] = with_server.asked
        return found
    finally:
        with_server.stop()


def have_addresses():
    if not is_nested("a public address"):
        return False
    subprocess.run(["ip", "addr", "replace", f"{OURS}/32", "dev", "lo"], check=True)
    subprocess.run(["ip", "addr", "replace", "2001:db8::10/128", "dev", "lo"], check=True)
    return True


def with_ours_v6(changes):
    """The suite's network has an IPv6 address as well, from which mail may leave."""
    both = {"git.Z": {"A": [OURS], "TXT": [f"v=spf1 ip4:{OURS} ip6:2001:db8::10 -all"]},
            "reply.git.Z": {"A": [OURS], "MX": ["10 git.Z"], "TXT": [f"v=spf1 ip4:{OURS} ip6:2001:db8::10 -all"]},
            "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {"PTR": ["git.Z"]}}
    both["git.Z"]["AAAA"] = ["2001:db8::10"]
    both.update(changes)
    return both


SPF = f"v=spf1 ip4:{OURS} ip6:2001:db8::10 -all"
HOST = {"A": [OURS], "AAAA": ["2001:db8::10"], "TXT": [SPF]}


def reply(**changes):
    records = {"A": [OURS], "MX": ["10 git.Z"], "TXT": [SPF]}
    records.update(changes)
    return {kind: values for kind, values in records.items() if values is not GONE}


INCLUDES = {f"i{i}.Z": {"TXT": [f"v=spf1 include:i{i + 1}.Z ?all"]} for i in range(11)} | {"i11.Z": {"TXT": ["v=spf1 ?all"]}}

# What is in the zone, the check, its verdict, what is found, what to do
ZONES = [
    ("all is right", {}, "reply-mx", "ok", "10 git.zone.example (203.0.113.10, 2001:db8::10)", ""),
    ("nothing is there", {n: GONE for n in RIGHT}, "reply-mx", "failed", "NXDOMAIN", "Add to the zone: reply.git.zone.example. MX 10 git.zone.example."),
    ("nothing is there", {n: GONE for n in RIGHT}, "reply-address", "failed", "NXDOMAIN", f"Add to the zone: reply.git.zone.example. A {OURS}"),
    ("only a TXT record", {"reply.git.Z": {"TXT": [SPF]}}, "reply-address", "failed", "NODATA", "reply.git.zone.example. A"),
    ("only a TXT record", {"reply.git.Z": {"TXT": [SPF]}}, "reply-mx", "failed", "no mail can be sent there", "MX 10"),
    ("an MX and no address", {"reply.git.Z": reply(A=GONE)}, "reply-address", "warning", "NODATA", "A 203.0.113.10"),
    ("no MX", {"reply.git.Z": reply(MX=GONE)}, "reply-mx", "warning", "fall back to its address", "MX 10"),
    ("SERVFAIL", {"reply.git.Z": "SERVFAIL"}, "reply-mx", "unknown", "SERVFAIL", "dig +trace reply.git.zone.example"),
    ("SERVFAIL", {"reply.git.Z": "SERVFAIL"}, "reply-address", "unknown", "SERVFAIL", "DNSSEC"),
    ("SERVFAIL", {"reply.git.Z": "SERVFAIL"}, "spf-reply", "unknown", "SERVFAIL", "dig +trace"),
    ("REFUSED", {"reply.git.Z": "REFUSED"}, "reply-mx", "unknown", "REFUSED", "--dns SERVER"),
    ("silence", {"noreply.git.Z": "SILENT"}, "noreply-mx", "unknown", "no answer", "/etc/resolv.conf"),
    ("an answer that lies about its length", {"noreply.git.Z": "GARBAGE"}, "noreply-mx", "unknown", "cannot be read", "dig"),
    ("a name that points to itself", {"noreply.git.Z": "LOOP"}, "noreply-mx", "unknown", "cannot be read", "dig"),
    ("MX to a CNAME", {"reply.git.Z": reply(MX=["10 mail.Z"]), "mail.Z": {"CNAME": ["git.Z"]}}, "reply-mx", "failed", "RFC 2181",
     "Let the MX of reply.git.zone.example name git.zone.example"),
    ("MX without address", {"reply.git.Z": reply(MX=["10 mail.Z"]), "mail.Z": {"TXT": ["x"]}}, "reply-mx", "failed", "has no address (NODATA",
     "mail.zone.example. A"),
    ("MX to no name", {"reply.git.Z": reply(MX=["10 mail.Z"])}, "reply-mx", "failed", "has no address (NXDOMAIN", "mail.zone.example. A"),
    ("MX to an address", {"reply.git.Z": reply(MX=[f"10 {OURS}"])}, "reply-mx", "failed", "an address where a name belongs", "Mend the MX"),
    ("MX to nowhere", {"reply.git.Z": reply(MX=["0 ."])}, "reply-mx", "failed", "takes no mail", "Mend the MX"),
    ("MX whose target cannot be asked for", {"reply.git.Z": reply(MX=["10 mail.Z"]), "mail.Z": "SERVFAIL"}, "reply-mx", "unknown", "SERVFAIL", "dig"),
    ("two MX", {"reply.git.Z": reply(MX=["10 git.Z", "20 b.Z"]), "b.Z": {"A": [OTHER]}}, "reply-mx", "ok", "20 b.zone.example (198.51.100.7)", ""),
    ("two MX, one of them bad", {"reply.git.Z": reply(MX=["10 git.Z", "20 b.Z"])}, "reply-mx", "failed", "b.zone.example has no address", "b.zone.example. A"),
    ("MX elsewhere", {"reply.git.Z": reply(MX=["10 b.Z"]), "b.Z": {"A": [OTHER]}}, "reply-mx", "warning", "no address of this machine", f"make it {OURS}"),
    ("a foreign address", {"reply.git.Z": reply(A=[OTHER])}, "reply-address", "warning", "198.51.100.7: no address of this machine", OURS),
    ("a private address", {"reply.git.Z": reply(A=["192.168.1.2"])}, "reply-address", "failed", "nobody outside can reach", "from outside"),
    ("IPv6 only", {"reply.git.Z": reply(A=GONE, AAAA=["2001:db8::10"])}, "reply-address", "warning", "IPv6 only", "Add an A record"),
    ("MX to IPv6 only", {"git.Z": {"AAAA": ["2001:db8::10"], "TXT": [SPF]}}, "reply-mx", "warning", "IPv6 only", "Add an A record"),
    ("a CNAME", {"reply.git.Z": {"CNAME": ["git.Z"]}, "git.Z": HOST | {"MX": ["10 git.Z"]}}, "reply-address", "ok",
     "reply.git.zone.example is an alias of git.zone.example", ""),
    ("a wildcard", {"*.git.Z": {"A": [OURS]}, "reply.git.Z": GONE}, "wildcard", "ok", "*.git.zone.example gives every name an address", ""),
    ("a wildcard gives no MX", {"*.git.Z": {"A": [OURS]}, "reply.git.Z": GONE}, "reply-mx", "warning", "fall back", "MX 10"),
    ("a wildcard gives no SPF", {"*.git.Z": {"A": [OURS]}, "reply.git.Z": GONE}, "spf-reply", "failed", "a wildcard A gives none", "v=spf1 ip4:203.0.113.10"),
    ("no MX of noreply", {"noreply.git.Z": GONE}, "noreply-mx", "failed", "NXDOMAIN", "noreply.git.zone.example. MX 10 git.zone.example."),
    ("noreply to another name of ours", {"noreply.git.Z": {"MX": ["10 b.Z"]}, "b.Z": {"A": [OURS]}}, "noreply-mx", "ok", "another name than git", ""),
    ("SPF missing at reply.HOST", {"reply.git.Z": reply(TXT=GONE)}, "spf-reply", "failed", "nothing is inherited", "TXT \"v=spf1 ip4:203.0.113.10 -all\""),
    ("SPF twice", {"reply.git.Z": reply(TXT=[SPF, "v=spf1 -all"])}, "spf-reply", "failed", "2 SPF records", "one record"),
    ("SPF of another address", {"reply.git.Z": reply(TXT=[f"v=spf1 ip4:{OTHER} -all"])}, "spf-reply", "failed", "gets fail", "v=spf1"),
    ("SPF misspelt", {"reply.git.Z": reply(TXT=[f"v=spf1 ipv4:{OURS} -all"])}, "spf-reply", "failed", "ipv4:203.0.113.10 is wrong", "Mend that term"),
    ("SPF with a wrong network", {"reply.git.Z": reply(TXT=["v=spf1 ip4:203.0.113.0/33 -all"])}, "spf-reply", "failed", "/33 is wrong", "Mend"),
    ("SPF for everybody", {"reply.git.Z": reply(TXT=["v=spf1 +all"])}, "spf-reply", "warning", "everybody", "-all"),
    ("SPF by a and mx", {"reply.git.Z": reply(TXT=["v=spf1 a:git.Z mx -all"])}, "spf-reply", "ok", "lets", ""),
    ("SPF by include", {"reply.git.Z": reply(TXT=["v=spf1 include:git.Z ~all"])}, "spf-reply", "ok", "lets", ""),
    ("SPF by redirect", {"reply.git.Z": reply(TXT=["v=spf1 redirect=git.Z"])}, "spf-reply", "ok", "lets", ""),
    ("SPF by a network", {"reply.git.Z": reply(TXT=["v=spf1 ip4:203.0.113.8/29 ip6:2001:db8::/32 -all"])}, "spf-reply", "ok", "lets", ""),
    ("SPF that includes nothing", {"reply.git.Z": reply(TXT=["v=spf1 include:none.Z -all"])}, "spf-reply", "failed", "include:none.zone.example is wrong", "Mend"),
    ("SPF that includes itself", {"reply.git.Z": reply(TXT=["v=spf1 include:reply.git.Z -all"])}, "spf-reply", "failed", "wrong", "Mend"),
    ("too many look-ups", {"reply.git.Z": reply(TXT=["v=spf1 include:i0.Z -all"])} | INCLUDES, "spf-reply", "failed", "12 look-ups", "ip4:"),
    ("void look-ups", {"reply.git.Z": reply(TXT=["v=spf1 a:x.Z a:y.Z a:w.Z -all"])}, "spf-reply", "failed", "3 of the names", "gone"),
    ("SPF that depends on the mail", {"reply.git.Z": reply(TXT=["v=spf1 exists:%{i}.s.Z -all"])}, "spf-reply", "unknown", "depends on the mail", "v=spf1"),
    ("SPF longer than a datagram", {"reply.git.Z": reply(TXT=[SPF, "x" * 700])}, "spf-reply", "ok", "lets", ""),
    ("no SPF of HELO", {"git.Z": {"A": [OURS]}}, "spf-helo", "warning", "nothing is inherited", "git.zone.example. TXT"),
    ("no DMARC", {"_dmarc.Z": GONE}, "dmarc", "warning", "has none", "TXT \"v=DMARC1; p=none; rua=mailto:postmaster@git.zone.example\""),
    ("DMARC twice", {"_dmarc.git.Z": {"TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}}, "dmarc", "failed", "2 records", "one record"),
    ("DMARC without a policy", {"_dmarc.Z": {"TXT": ["v=DMARC1; rua=mailto:a@Z"]}}, "dmarc", "failed", "no policy", "Mend"),
    ("DMARC of the domain above", {}, "dmarc", "ok", "_dmarc.zone.example demands reject", ""),
    ("DMARC, for what is below", {"_dmarc.Z": {"TXT": ["v=DMARC1; p=reject; sp=none"]}}, "dmarc", "ok", "demands none", ""),
    ("DMARC that cannot be asked for", {"_dmarc.git.Z": "SERVFAIL"}, "dmarc", "unknown", "SERVFAIL", "dig"),
    ("DMARC that cannot be asked for", {"_dmarc.git.Z": "SERVFAIL"}, "alignment", "unknown", "SERVFAIL", "DMARC first"),
    ("SPF aligns", {}, "alignment", "ok", "SPF of reply.git.zone.example counts", ""),
    ("aspf=s", {"_dmarc.Z": {"TXT": ["v=DMARC1; p=reject; aspf=s"]}}, "alignment", "failed", "aspf=s of zone.example", "sign with DKIM"),
    ("aspf=s, nothing demanded", {"_dmarc.Z": {"TXT": ["v=DMARC1; p=none; aspf=s"]}}, "alignment", "warning", "only DKIM", "sign with DKIM"),
    ("DMARC that our mail would fail", {"reply.git.Z": reply(TXT=[f"v=spf1 ip4:{OTHER} -all"])}, "alignment", "failed",
     "SPF of reply.git.zone.example does not pass; DMARC of zone.example demands reject", "DKIM"),
    ("no policy, nothing to fail", {"_dmarc.Z": GONE}, "alignment", "ok", "no DMARC policy", ""),
    ("a reverse name", {}, "reverse", "ok", "and back", ""),
    ("no reverse name", {"10.113.0.203.in-addr.arpa": GONE}, "reverse", "failed", "203.0.113.10 has no reverse name (NXDOMAIN", "PTR"),
    ("a reverse name that does not lead back", {"10.113.0.203.in-addr.arpa": {"PTR": ["h.Z"]}, "h.Z": {"A": [OTHER]}}, "reverse", "warning",
     "has not that address", "PTR"),
]


@test
def each_zone_gets_its_verdict_and_what_to_do(site):
    if not have_addresses():
        return
    wrong = []
    for what, changes, name, verdict, found, advice in ZONES:
        told = looked_up(site, with_ours_v6(changes))[name]
        if not any(f["verdict"] == verdict and found in f["found"] and advice in (f["advice"] or "") for f in told):
            wrong.append(f"{what}: {name} is not {verdict}, with {found!r} and {advice!r}, but {told}")
    check(not wrong, "\n".join(wrong))


@test
def spf_is_that_of_the_envelope_senders_domain(site):
    if not have_addresses():
        return
    site.set_config("smtp", **{"envelope-sender": "mailer@Out.Z".replace("Z", "zone.example")})
    told = looked_up(site, with_ours_v6({"out.Z": {"TXT": [f"v=spf1 ip4:{OTHER} -all"]}}))
    equal([f["verdict"] for f in told["spf-reply"]], ["failed"])
    contains(told["spf-reply"][0]["found"], "out.zone.example: ")
    contains(told["alignment"][0]["found"], "SPF of out.zone.example")


@test
def a_zone_that_is_right_is_well_and_one_that_is_wrong_is_not(site):
    if not have_addresses():
        return
    told = looked_up(site, with_ours_v6({}), status=0)
    told.pop("asked")
    equal({f["verdict"] for checks in told.values() for f in checks}, {"ok", "unknown"})  # the selector is not known
    equal([f["check"] for checks in told.values() for f in checks if f["verdict"] == "unknown"], ["dkim"])
    looked_up(site, with_ours_v6({"_dmarc.Z": GONE}), status=1)
    looked_up(site, with_ours_v6({"noreply.git.Z": GONE}), status=2)


def key(octets):
    return base64.b64encode(bytes(octets)).decode()


DKIM = [
    ({"s1._domainkey.git.Z": {"TXT": [f"v=DKIM1; k=rsa; p={key(294)}"]}}, "ok", "a public key is there", ""),
    ({"s1._domainkey.git.Z": {"TXT": [f"p={key(162)}"]}}, "warning", "short", "2048"),
    ({"s1._domainkey.git.Z": {"TXT": [f"v=DKIM1; k=ed25519; p={key(32)}"]}}, "ok", "a public key is there", ""),
    ({"s1._domainkey.git.Z": {"TXT": [f"v=DKIM1; t=y; p={key(294)}"]}}, "warning", "tested", "t=y"),
    ({"s1._domainkey.git.Z": {"TXT": ["v=DKIM1; p="]}}, "failed", "revoked", "Publish"),
    ({"s1._domainkey.git.Z": {"CNAME": ["k.relay.example"]}, "k.relay.example": {"TXT": [f"v=DKIM1; p={key(294)}"]}}, "ok", "a public key is there", ""),
    ({}, "failed", "NXDOMAIN", "selector"),
    ({"s1._domainkey.git.Z": "REFUSED"}, "unknown", "REFUSED", "--dns"),
]


@test
def a_dkim_key_is_looked_at(site):
    if not have_addresses():
        return
    for changes, verdict, found, advice in DKIM:
        finding = looked_up(site, with_ours_v6(changes), "--selector", "s1")["dkim"][0]
        equal(finding["verdict"], verdict, str(finding))
        contains(finding["found"], found)
        contains(finding["advice"] or "", advice)
    strict = {"_dmarc.Z": {"TXT": ["v=DMARC1; p=reject; aspf=s"]}} | DKIM[0][0]
    contains(looked_up(site, with_ours_v6(strict), "--selector", "s1")["alignment"][0]["found"], "a DKIM key of git.zone.example is there")


@test
def from_in_another_domain_needs_dkim(site):
    if not have_addresses():
        return
    changes = with_ours_v6({"_dmarc.firm.example": {"TXT": ["v=DMARC1; p=quarantine"]}})
    config = [("smtp", {"noreply_address": "noreply@firm.example"})]
    finding = looked_up(site, changes, config=config)["alignment"][0]
    equal(finding["verdict"], "failed")
    contains(finding["found"], "From is of firm.example, the envelope of reply.git.zone.example")
    contains(finding["advice"], "sign with DKIM for firm.example")


@test
def of_a_server_elsewhere_the_addresses_are_not_known(site):
    if not have_addresses():
        return
    config = [("smtp", {"address": "smtp.relay.example"})]
    relay = {"smtp.relay.example": {"A": [OTHER]}}
    finding = looked_up(site, with_ours_v6(relay), config=config)["spf-reply"][0]
    equal(finding["verdict"], "unknown")
    contains(finding["found"], "may send from other addresses")
    contains(finding["advice"], "a:smtp.relay.example")
    told = looked_up(site, with_ours_v6(relay | {"reply.git.Z": reply(TXT=["v=spf1 a:smtp.relay.example -all"])}), config=config, status=0)
    equal(told["spf-reply"][0]["verdict"], "ok")
    contains(told["reverse"][0]["found"], "whose matter it is")


@test
def a_machine_behind_another_address_says_that_it_cannot_tell(site):
    if not is_nested("no public address"):
        return
    for address in f"{OURS}/32", "2001:db8::10/128":
        subprocess.run(["ip", "addr", "del", address, "dev", "lo"], stderr=subprocess.DEVNULL)
    told = looked_up(site, {}, status=0)
    for name in "reply-address", "reply-mx", "spf-reply", "reverse":
        equal(told[name][0]["verdict"], "unknown", name)
        check(told[name][0]["advice"], name)


@test
def a_server_that_says_nothing_is_given_up(site):
    told = looked_up(site, {"example": "SILENT", "zone.example": "SILENT"} | {n: "SILENT" for n in RIGHT} | {"*.git.Z": "SILENT"}, status=1)
    asked = told.pop("asked")
    verdicts_of = {f["verdict"] for name in ("reply-address", "wildcard", "reply-mx", "noreply-mx", "spf-reply", "dmarc") for f in told[name]}
    equal(verdicts_of, {"unknown"})
    check(len(asked) <= 8, f"{len(asked)} questions to a server that answers none: {asked}")


@test
def where_no_server_listens_nothing_is_known(site):
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for finding in findings(site, "dns", "--dns", f"127.0.0.1:{port}", status=1):
        if finding["check"] != "reverse":
            equal(finding["verdict"], "unknown", finding["check"])


@test
def text_of_the_dns_moves_no_cursor(site):
    server = DnsServer(zone("zone.example", {"_dmarc.git.Z": {"TXT": ["v=DMARC1; p=\x1b[31mred\u202e\u009b2J\U000e0041é"]}}))
    try:
        site.set_config("instance", hostname="git.zone.example")
        site.set_config("smtp", domain="git.zone.example", noreply_address="noreply@git.zone.example")
        shown = people(site, "dns", "--dns", server.name).stdout
        contains(shown, "\\e[31m")
        for text in shown, people(site, "dns", "--json", "--dns", server.name).stdout:
            check(not set("\x1b\u202e\u009b\U000e0041") & set(text), "text of the DNS is shown as it came")
            contains(text, "é")
        contains(one(site, "dmarc", "dns", "--dns", server.name)["found"], "red\u202e\u009b2J\U000e0041é")
    finally:
        server.stop()


@test
def options_that_are_wrong_are_a_wrong_use(site):
    for words in (["--dns", "nonsense"], ["--dns", "127.0.0.1:x"], ["--selector", "a b"], ["--selector", "../x"]):
        done = people(site, "dns", *words)
        equal((done.returncode, done.stdout), (64, ""), str(words))


if __name__ == "__main__":
    enter()
    main()
