#!/usr/bin/env python3
"""metroplex prune and metroplex failure: what was kept long enough goes, nothing else does, and what
was refused can be looked at."""
import datetime
import glob
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, check, contains, equal, main, test, wait_until  # noqa: E402

DAY = 86400


def keep(site, place, name, days, octets=b"Subject: x\n\nx\n"):
    path = os.path.join(site.data, "incoming-mail", place, name)
    with open(path, "wb") as file:
        file.write(octets)
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def outcome(days, name="a.mail", reason="empty"):
    when = datetime.datetime.fromtimestamp(time.time() - days * DAY, datetime.timezone.utc)
    return f"{when:%Y-%m-%dT%H:%M:%S.000Z}\tfailure\t{reason}\t<a@b>\t{name}\t-\t-\t0.100\n"


def files_of_outcomes(site):
    return sorted(glob.glob(os.path.join(site.data, "incoming-mail/outcomes*")))


def write_outcomes(site, *lines):
    """Each in the file of its month; what is no line, in that of the one before."""
    for path in files_of_outcomes(site):
        os.unlink(path)
    for line in lines:
        month = line[:7] if line[:4].isdigit() else month
        with open(os.path.join(site.data, f"incoming-mail/outcomes-{month}.tsv"), "a") as file:
            file.write(line)


def read_outcomes(site):
    return "".join(open(path).read() for path in files_of_outcomes(site) if path.endswith(".tsv"))


def pruned(site):
    return json.loads(site.metroplex("status", "--json", status=None))["pruned"]["ever"]


def fill(site):
    for place in ("success", "failure"):
        for days in (1, 20, 100):
            keep(site, place, f"{days}.mail", days)
    lines = [outcome(days) for days in (100, 20, 1)]
    write_outcomes(site, *lines)
    return lines


@test
def nothing_goes_unless_the_configuration_says_so(site):
    fill(site)
    site.metroplex("prune")
    equal((len(site.success), len(site.failure), len(site.outcomes())), (3, 3, 3))


@test
def each_goes_after_its_days_and_is_counted(site):
    lines = fill(site)
    site.set_config("inbound", keep_success="10", keep_failure="50", keep_outcomes="90")
    shown = site.metroplex("prune", "--dry-run")
    contains(shown, "success: 2 mails")
    equal((len(site.success), len(site.failure), len(site.outcomes()), site.log()), (3, 3, 3, ""))
    contains(site.metroplex("prune"), "failure: 1 mail (")
    equal((site.success, site.failure), (["1.mail"], ["1.mail", "20.mail"]))
    equal(read_outcomes(site), "".join(lines[1:]))
    equal(pruned(site), {"success": 2, "failure": 1, "outcomes": 1, "other": 0})
    contains(site.log(), "Pruned 2 mails of success, 1 of failure, 1 line of outcomes")
    site.metroplex("prune")
    equal(pruned(site)["success"], 2)


@test
def by_size_the_oldest_go_first_and_those_of_success_before_those_of_failure(site):
    for place in ("success", "failure"):
        for days in (1, 2, 3):
            keep(site, place, f"{days}.mail", days, b"x" * 1000)
    site.set_config("inbound", keep_size="4500")
    site.metroplex("prune")
    equal((site.success, site.failure), (["1.mail"], ["1.mail", "2.mail", "3.mail"]))
    site.set_config("inbound", keep_size="2999")
    site.metroplex("prune")
    equal((site.success, site.failure), ([], ["1.mail", "2.mail"]))


@test
def what_is_no_mail_stays(site):
    keep(site, "success", ".hidden", 100)
    os.mkdir(os.path.join(site.data, "incoming-mail/success/folder"))
    os.symlink("/etc/hostname", os.path.join(site.data, "incoming-mail/success/link"))
    site.set_config("inbound", keep_success="1")
    site.metroplex("prune")
    equal(site.success, [".hidden", "folder", "link"])


@test
def lines_that_are_torn_or_end_in_nothing_are_no_trouble(site):
    site.set_config("inbound", keep_outcomes="50")
    lines = [outcome(10), "nonsense\n", outcome(1)[:20]]
    write_outcomes(site, outcome(100), "torn\n", "\0\0\0\n", *lines)
    site.metroplex("prune")
    equal(read_outcomes(site), "".join(lines))
    write_outcomes(site, outcome(100), outcome(100))
    site.metroplex("prune")
    equal(files_of_outcomes(site), [])
    site.metroplex("prune")
    equal(files_of_outcomes(site), [], "made one")


@test
def months_go_as_a_whole_and_one_is_cut(site):
    site.set_config("inbound", keep_outcomes="100")
    lines = [outcome(days - 0.5, f"{days}.mail") for days in range(400, 0, -1)]
    write_outcomes(site, *lines)
    foreign = [os.path.join(site.data, "incoming-mail", name) for name in ("outcomes-2001-01.tsv.gz", "outcomes-old.tsv", "outcomes.txt")]
    for path in foreign:
        open(path, "w").close()
    before = {path: os.stat(path).st_ino for path in files_of_outcomes(site)}
    contains(site.metroplex("prune", "--dry-run"), "outcomes: 300 lines")
    equal(len(site.outcomes()), 400)
    contains(site.metroplex("prune"), "outcomes: 300 lines")
    equal([fields[4] for fields in site.outcomes()], [f"{days}.mail" for days in range(100, 0, -1)])
    after = {path: os.stat(path).st_ino for path in files_of_outcomes(site) if path not in foreign}
    equal(len(after), len({line[:7] for line in lines[300:]}))
    equal(sum(before[path] != after[path] for path in after) <= 1, True, "only the first is written anew")
    check(all(os.path.exists(path) for path in foreign), "what is none of ours stays")


@test
def a_month_that_cannot_be_cut_keeps_no_other(site):
    site.set_config("inbound", keep_outcomes="100")
    write_outcomes(site, *(outcome(days - 0.5, f"{days}.mail") for days in range(400, 0, -1)))
    bad = sorted(files_of_outcomes(site))[2]
    os.rename(bad, bad + ".away")
    os.mkdir(bad)
    done = site.run(METROPLEX, "prune", status=78)
    contains(done.stderr, f"incoming-mail/{os.path.basename(bad)}: cannot read it: Is a directory")
    with open(bad + ".away") as f:
        contains(done.stdout, f"outcomes: {300 - len(f.readlines())} lines")
    os.rmdir(bad)
    equal([fields[4] for fields in site.outcomes()], [f"{days}.mail" for days in range(100, 0, -1)])


@test
def it_waits_for_a_batch_in_hand(site):
    import fcntl
    fill(site)
    site.set_config("inbound", keep_success="10")
    with open(os.path.join(site.data, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen([METROPLEX, "prune", "--config", site.config], stdout=subprocess.DEVNULL)
        wait_until(lambda: "flock" in open(f"/proc/{process.pid}/wchan").read() or "lock" in open(f"/proc/{process.pid}/wchan").read()
                   or open(f"/proc/{process.pid}/stat").read().split()[2] == "S")
        equal(len(site.success), 3)
    equal(process.wait(60), 0)
    equal(len(site.success), 1)


@test
def killed_at_any_step_the_next_one_does_the_rest(site):
    """At each system call that changes a file or a directory, before it is done."""
    if subprocess.run(["strace", "-V"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        print("# skipped: needs strace")
        return
    site.set_config("inbound", keep_success="10", keep_failure="50", keep_outcomes="90")
    calls = {"unlinkat": 5, "renameat": 1, "fsync": 3, "flock": 2, "write": 4}
    killed = 0
    for call, most in calls.items():
        for n in range(1, most + 1):
            fill(site)
            lines = [outcome(days) for days in (100, 91, 89, 20, 1)]
            write_outcomes(site, *lines)
            done = subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={n}", METROPLEX, "prune", "--config", site.config],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            killed += done.returncode != 0
            check(read_outcomes(site) in ["".join(lines[i:]) for i in range(3)], f"{call} {n}: half a file")
            site.metroplex("prune")
            equal((site.success, site.failure), (["1.mail"], ["1.mail", "20.mail"]), f"{call} {n}")
            equal(read_outcomes(site), "".join(lines[2:]), f"{call} {n}")
    check(killed >= 10, f"only {killed} were killed")


@test
def what_was_removed_before_something_went_wrong_is_counted(site):
    if subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode != 0:
        return print("# skipped: needs strace")
    site.set_config("inbound", keep_success="10")
    for n in range(5):
        keep(site, "success", f"{n}.mail", 100 - n)
    done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=unlinkat:error=EIO:when=3", METROPLEX, "prune", "--config", site.config],
                          capture_output=True, text=True)
    check(done.returncode != 0 and "cannot remove success/2.mail" in done.stderr, done)
    equal((site.success, pruned(site)["success"]), (["2.mail", "3.mail", "4.mail"], 2))
    site.metroplex("prune")
    equal((site.success, pruned(site)["success"]), ([], 5))


@test
def the_ledger_becomes_short_and_no_sum_changes(site):
    os.makedirs(os.path.join(site.data, "ledger"))
    with open(os.path.join(site.data, "ledger/counts"), "w") as file:
        for hour in range(24 * 100):
            then = datetime.datetime.fromtimestamp(time.time() - hour * 3600, datetime.timezone.utc)
            file.write(f"{then:%Y-%m-%dT%H}\tmail.posted\t1\n" * 2)
    before = json.loads(site.metroplex("status", "--json", status=None))["mails"]
    site.metroplex("prune")
    with open(os.path.join(site.data, "ledger/counts")) as file:
        check(len(file.readlines()) <= 24 * 41 + 1, "not compacted")
    equal(json.loads(site.metroplex("status", "--json", status=None))["mails"], before)


# --- failure

ESCAPES = "\x1b[2J\x1b]0;title\x07\u202eevil"


def refuse(site):
    site.user("ann")
    name = site.deliver(site.mail("ann@example.org", "reply@reply.git.example.org", text=f"Hello {ESCAPES}\nMessage-ID: no\n",
                                  subject="=?utf-8?q?Re:_=1B[31mred?="))
    site.metroplex("--once")
    equal(site.failure, [name])
    return name


@test
def what_was_refused_is_listed_with_its_reason(site):
    equal(site.metroplex("failure", "list"), "")
    name = refuse(site)
    line = site.metroplex("failure", "list")
    for part in ("no-address", name, "ann@example.org"):
        contains(line, part)
    check(line.strip().isprintable() and line.count("\n") == 1, repr(line))
    found = json.loads(site.metroplex("failure", "list", "--json"))
    equal((found["file"], found["reason"], found["from"]), (name, "no-address", "ann@example.org"))
    equal(site.failure, [name])


@test
def one_is_shown_safely_with_what_tries_it_again(site):
    name = refuse(site)
    shown = site.metroplex("failure", "show", name)
    check(all(line.isprintable() for line in shown.splitlines()), repr(shown))
    contains(shown, "| Hello \\e[2J")
    contains(shown, "| Message-ID: no")
    command = shown.splitlines()[-1].partition(":")[2].strip()
    contains(command, "--once")
    again = subprocess.run(command.replace("metroplex", METROPLEX, 1), shell=True, capture_output=True, text=True)
    equal(again.returncode, 65, again.stderr)
    contains(again.stderr, "no-address")
    found = json.loads(site.metroplex("failure", "show", "--json", os.path.join(site.data, "incoming-mail/failure", name)))
    equal((found["reason"], found["fault"]), ("no-address", None))
    contains(found["text"], "Hello")


@test
def what_is_no_mail_or_not_there_is_told(site):
    keep(site, "failure", "empty.mail", 1, b"")
    contains(site.metroplex("failure", "show", "empty.mail"), "Unreadable malformed")
    contains(site.metroplex("failure", "list"), "empty.mail - -")
    done = site.run(METROPLEX, "failure", "show", "../../lock\x1b[31m", status=65)
    contains(done.stderr, "no such file in failure/: ../../lock\\e[31m")


@test
def both_read_a_copy_without_log_and_keys(site):
    name = refuse(site)
    os.unlink(os.path.join(site.dir, "etc/address-keys"))
    os.system(f"chmod -R a-w {site.data}")
    contains(site.metroplex("failure", "list"), name)
    contains(site.metroplex("prune", "--dry-run"), "success: 0")
    os.system(f"chmod -R u+w {site.data}")


if __name__ == "__main__":
    main()
