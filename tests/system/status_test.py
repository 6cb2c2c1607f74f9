#!/usr/bin/env python3
"""metroplex status: what happened is counted and told, what waits is seen, and the exit status is that
of the thresholds."""
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from first_mail import first_mail, opens  # noqa: E402
from harness import METROPLEX, Site, check, contains, equal, french, main, test  # noqa: E402

ENGLISH, FRENCH = {"LANGUAGE": "", "LC_ALL": "C.UTF-8"}, french()


def status(site, *args, level=None, env=None):
    done = subprocess.run([METROPLEX, "status", "--config", site.config, *args], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(env or ENGLISH)))
    check(done.returncode == level if level is not None else done.returncode in (0, 1, 2), f"{done.returncode}: {done.stdout}{done.stderr}")
    equal(done.stderr, "")
    return done.stdout


def told(site, level=None):
    return json.loads(status(site, "--json", level=level))


def levels(site):
    """The worst level of each threshold."""
    worst = {}
    for finding in told(site)["findings"]:
        worst[finding["threshold"]] = max(worst.get(finding["threshold"], "ok"), finding["level"], key=["ok", "warning", "critical"].index)
    return worst


def hour(ago=0):
    """The ledger's name of an hour."""
    return datetime.datetime.fromtimestamp(time.time() - 3600 * ago, datetime.timezone.utc).strftime("%Y-%m-%dT%H")


def write_ledger(site, *lines):
    os.makedirs(os.path.join(site.data, "ledger"), exist_ok=True)
    with open(os.path.join(site.data, "ledger/counts"), "a") as file:
        file.writelines("\t".join(map(str, line)) + "\n" for line in lines)


def note_run(site, program, ago, code=0):
    os.makedirs(os.path.join(site.data, "ledger"), exist_ok=True)
    ended = int(time.time()) - ago
    numbers = [ended - 5, ended, code, ended if code == 0 else ended - 1000]
    with open(os.path.join(site.data, f"ledger/{program}.run"), "w") as file:
        file.write(" ".join(map(str, [*numbers, sum(numbers)])) + "\n")


def set_age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def healthy(site):
    """Both programs just ran, whatever the disk of this machine is like."""
    note_run(site, "metroplex", 10)
    note_run(site, "notifier", 10)
    site.set_config("status", space_warning="1", space_critical="1")


@test
def what_happened_is_counted(site):
    site.user("tim")
    site.user("ann")
    thread = site.thread("tim")
    site.deliver(site.mail("ann@example.org", site.address(thread, "ann")))
    site.deliver(site.mail("ann@example.org", "reply+nonsense@reply.git.example.org"))
    site.metroplex("--once")
    site.notifier("--once")
    check(site.sent(), "nothing was sent")
    site.set_config("status", space_warning="1", space_critical="1")
    all_of_it = told(site, level=0)
    for span in ("hour", "day", "month", "ever"):
        equal(all_of_it["mails"][span]["posted"], 1, span)
        equal(sum(all_of_it["mails"][span].values()), 2, span)
        equal(all_of_it["messages"][span]["sent"], len(site.sent()), span)
        equal(all_of_it["delivery"][span]["number"], 1, span)
        check(0 < all_of_it["delivery"][span]["median"] <= all_of_it["delivery"][span]["p99"], all_of_it["delivery"])
        equal(all_of_it["sending"][span]["number"], len(site.sent()), span)
    equal(all_of_it["kept"]["success"]["mails"], 1)
    equal(all_of_it["kept"]["failure"]["mails"], 1)
    equal(all_of_it["kept"]["held"]["mails"], 0)
    for program in ("metroplex", "notifier"):
        equal(all_of_it["runs"][program]["status"], 0)
        check(all_of_it["runs"][program]["succeeded"] is not None, program)
    equal(all_of_it["level"], "ok")


@test
def an_hour_a_day_and_a_month_are_told_apart(site):
    write_ledger(site, ("-", "mail.posted", 1000), (hour(31 * 24), "mail.posted", 100), (hour(29 * 24), "mail.posted", 10),
                 (hour(20), "mail.posted", 5), (hour(), "mail.posted", 2), (hour(), "mail.posted", 1),
                 (hour(), "mail.of-another-version", 7), (hour(), "nonsense", 9), (hour(), "delivery.1000", 9))
    mails = told(site)["mails"]
    equal([mails[span]["posted"] for span in ("hour", "day", "month", "ever")], [3, 8, 18, 1118])
    equal([mails[span]["other"] for span in ("hour", "ever")], [7, 7])


@test
def percentiles_are_those_of_the_buckets(site):
    write_ledger(site, (hour(), "delivery.20", 90), (hour(), "delivery.40", 8), (hour(), "delivery.60", 2))
    bounds = [0.01 * 2 ** (bucket / 4) for bucket in (20, 40, 60)]
    found = told(site)["delivery"]["hour"]
    equal(found["number"], 100)
    for name, bound in zip(("median", "p95", "p99"), bounds):
        check(abs(found[name] - bound) < 0.001 * bound + 0.001, f"{name}: {found[name]}, not {bound}")
    write_ledger(site, (hour(), "delivery.100", 1000))
    equal(told(site)["delivery"]["hour"]["median"], None)
    contains(status(site), "very long")


def waiting_mail(site, seconds):
    set_age(os.path.join(site.data, "mail/reply/new", site.deliver(b"Subject: x\n\nx\n")), seconds)


def waiting_event(site, seconds, queue="new"):
    """An event that was made so long ago."""
    if not site.events():
        site.user("tim")
        site.user("ann")
        site.thread("tim")
        site.metroplex("repository", "set", "acme/rocket", "--watch", "ann")
        site.thread("tim", title="Another")
    name = site.events()[0]
    path = os.path.join(site.data, "outbox/new", name)
    with open(path) as file:
        text = file.read()
    changed = re.sub(r"^created\t\d+$", f"created\t{int(time.time() - seconds)}", text, flags=re.M)
    check(changed != text, text)
    with open(path, "w") as file:
        file.write(changed)
    if queue != "new":
        os.rename(path, os.path.join(site.data, "outbox", queue, name if queue != "retry" else f"{int(time.time()) + 9999}.{name}"))


def slow(site, seconds):
    bucket = 0
    while 0.01 * 2 ** (bucket / 4) < seconds:
        bucket += 1
    write_ledger(site, (hour(), f"delivery.{bucket}", 10))


def never_ended(site, program, installed):
    """Of what was installed some seconds ago, this program has ended no run yet."""
    os.unlink(os.path.join(site.data, f"ledger/{program}.run"))
    set_age(os.path.join(site.data, "tracker.git/HEAD"), installed)


THRESHOLDS = [
    # the threshold, what is done, the level
    ("new-mail", lambda s: waiting_mail(s, 200), "ok"),
    ("new-mail", lambda s: waiting_mail(s, 400), "warning"),
    ("new-mail", lambda s: waiting_mail(s, 2000), "critical"),
    ("queue", lambda s: waiting_event(s, 1800), "ok"),
    ("queue", lambda s: waiting_event(s, 4000), "warning"),
    ("queue", lambda s: waiting_event(s, 4000, "retry"), "warning"),
    ("queue", lambda s: waiting_event(s, 90000, "retry"), "critical"),
    ("queue", lambda s: waiting_event(s, 90000, "hold"), "ok"),
    ("failed", lambda s: waiting_event(s, 10, "failed"), "warning"),
    ("failed", lambda s: (waiting_event(s, 10, "failed"), s.set_config("status", failed_critical="1")), "critical"),
    ("failed", lambda s: (waiting_event(s, 10, "failed"), s.set_config("status", failed_warning="0")), "ok"),
    ("run", lambda s: note_run(s, "metroplex", 200), "ok"),
    ("run", lambda s: note_run(s, "metroplex", 400), "warning"),
    ("run", lambda s: note_run(s, "notifier", 400), "warning"),
    ("run", lambda s: note_run(s, "notifier", 10, code=75), "warning"),
    ("run", lambda s: note_run(s, "notifier", 4000), "critical"),
    ("run", lambda s: never_ended(s, "metroplex", 200), "ok"),
    ("run", lambda s: never_ended(s, "metroplex", 400), "warning"),
    ("run", lambda s: never_ended(s, "notifier", 4000), "critical"),
    ("run", lambda s: (note_run(s, "notifier", 4000), s.set_config("smtp", enabled="false")), "ok"),
    ("delay", lambda s: slow(s, 100), "ok"),
    ("delay", lambda s: slow(s, 400), "warning"),
    ("delay", lambda s: slow(s, 4000), "critical"),
    ("space", lambda s: s.set_config("status", space_warning=str(2 ** 62)), "warning"),
    ("space", lambda s: s.set_config("status", space_critical=str(2 ** 62)), "critical"),
]


@test
def each_threshold_gives_its_level_and_the_exit_status(site):
    for name, done, level in THRESHOLDS:
        other = Site()
        try:
            healthy(other)
            done(other)
            found = levels(other)
            equal(found[name], level, f"{name}: {found}")
            equal({n for n, l in found.items() if l != "ok"}, {name} - ({name} if level == "ok" else set()), name)
            code = ["ok", "warning", "critical"].index(level)
            lines = status(other, level=code).splitlines()
            check(lines[0].endswith(": " + level), lines[0])
            equal(lines[1].startswith(" " + level), level != "ok", lines[1])
        finally:
            other.remove()


@test
def queues_are_told_by_state_and_age(site):
    waiting_event(site, 90000, "retry")
    waiting_event(site, 4000)
    waiting_mail(site, 50)
    found = told(site)
    retry, new = found["queue"]["retry"], found["queue"]["new"]
    equal((retry["events"], retry["over-an-hour"], retry["over-a-day"]), (1, 1, 1))
    equal((new["events"], new["over-an-hour"], new["over-a-day"]), (1, 1, 0))
    equal((found["queue"]["hold"]["events"], found["queue"]["hold"]["oldest"]), (0, None))
    age = time.time() - datetime.datetime.fromisoformat(retry["oldest"].replace("Z", "+00:00")).timestamp()
    check(90000 <= age < 90100, age)
    equal(found["new-mail"]["mails"], 1)


@test
def what_is_held_is_counted_too(site):
    site.user("kate")
    opens(site)
    site.deliver(first_mail(site, "kate@example.org", verdict=""))
    site.metroplex("--once")
    found = told(site)
    equal((found["kept"]["held"]["mails"], found["mails"]["hour"]["held"]), (1, 1))
    contains(site.run(METROPLEX, "status", "--prometheus", status=None).stdout, 'kept_mails{outcome="held"} 1')
    check(re.search(r"\n *held +1 ", site.run(METROPLEX, "status", status=None).stdout), "and in the text")


@test
def of_many_kept_mails_some_are_measured_and_the_rest_counted(site):
    """So that a look each minute does not take longer with each mail that is kept."""
    folder = os.path.join(site.data, "incoming-mail/success")
    for n in range(10003):
        with open(os.path.join(folder, f"{n}.x"), "w") as f:
            f.write("x" * 7)
        if n == 0:
            equal("more mail" in status(site) + status(site, "--html", "-"), False)
            equal(told(site)["kept"]["success"], {"mails": 1, "measured": 1, "octets": 7, "oldest": told(site)["kept"]["success"]["oldest"]})
    os.mkdir(os.path.join(folder, "none"))
    found = told(site)["kept"]["success"]
    equal((found["mails"], found["measured"], found["octets"]), (10003, 10000, 70000))
    found = samples(status(site, "--prometheus"))
    equal([found[f"metroplex_kept_{what}", "success"] for what in ("mails", "measured_mails", "bytes")], [10003, 10000, 70000])
    for shown in status(site), status(site, "--html", "-"):
        contains(" ".join(shown.split()), "success: size and oldest are without 3 more mails, which were only counted")
    contains(status(site, env=FRENCH), "sans 3 autres courriels")
    check(all(len(line) <= 80 for env in (ENGLISH, FRENCH) for line in status(site, env=env).splitlines()), "columns")


@test
def programs_read_english_and_people_their_language(site):
    healthy(site)
    note_run(site, "notifier", 4000)
    one, other = (json.loads(status(site, "--json", env=env)) for env in (ENGLISH, FRENCH))
    equal([f["level"] for f in one["findings"]], [f["level"] for f in other["findings"]])
    contains(str(other), "ended well")
    shown = status(site, env=FRENCH)
    contains(shown, "critique")
    contains(shown, "s'est bien terminé")
    contains(status(site), "critical")


@test
def lines_fit_a_terminal_and_hold_no_control(site):
    write_ledger(site, ("-", "mail.posted", 2 ** 40), ("-", "mail.sender-mismatch", 2 ** 40), ("-", "mail.\x1b[31m", 3))
    for env in ENGLISH, FRENCH:
        for line in status(site, env=env).splitlines():
            check(len(line) <= 80, f"{len(line)} columns: {line}")
            check(line == line.rstrip() and line.isprintable(), repr(line))


def snapshot(site):
    return {path: os.lstat(path).st_mtime_ns for folder, _, names in os.walk(site.dir) for path in (folder, *(os.path.join(folder, n) for n in names))}


@test
def nothing_is_written_and_a_copy_without_log_and_keys_is_enough(site):
    healthy(site)
    before = snapshot(site)
    for args in ([], ["--json"], ["--prometheus"], ["--html", "-"]):
        status(site, *args)
    equal(snapshot(site), before)
    shutil.rmtree(os.path.join(site.data, "log"))
    os.unlink(os.path.join(site.dir, "etc/address-keys"))
    os.system(f"chmod -R a-w {site.data}")
    status(site, level=0)
    os.system(f"chmod -R u+w {site.data}")


@test
def what_cannot_be_read_is_an_error_and_no_level(site):
    os.rename(os.path.join(site.data, "outbox"), os.path.join(site.data, "away"))
    done = site.run(METROPLEX, "status", status=None)
    check(done.returncode > 2 and done.stdout == "", done)
    contains(done.stderr, "outbox")


SAMPLE = re.compile(r'(metroplex_[a-z_]+?)(?:\{([a-z]+)="([A-Za-z0-9.+-]+)"\})? (\S+)')


def samples(text):
    """The text by the rules of format 0.0.4: HELP and TYPE once before the samples of a name, no time stamps, each series once."""
    check(text.endswith("\n"), "no end of line")
    types, found = {}, {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            check(name not in types, f"twice: {line}")
            types[name] = None
        elif line.startswith("# TYPE "):
            equal(line.split()[2], name)
            types[name] = line.split()[3]
        else:
            sample = SAMPLE.fullmatch(line)
            check(sample, line)
            series = re.sub(r"_(bucket|sum|count)$", "", sample[1]) if types[name] == "histogram" else sample[1]
            equal(series, name)
            check((sample[1], sample[3]) not in found, f"twice: {line}")
            found[sample[1], sample[3]] = float(sample[4])
    for name, kind in types.items():
        check(kind != "counter" or name.endswith("_total"), name)
        check(kind == "counter" or not name.endswith("_total"), name)
    return found


@test
def prometheus_reads_it_and_totals_never_go_down(site):
    write_ledger(site, (hour(900), "mail.posted", 5), (hour(), "mail.posted", 2), (hour(), "delivery.20", 3), (hour(), "delivery.100", 1),
                 (hour(), "delivery.ms", 4500), ("-", 'mail.a"} 1\\', 4))
    note_run(site, "metroplex", 10)
    waiting_mail(site, 50)
    found = samples(status(site, "--prometheus"))
    equal(found["metroplex_mails_total", "posted"], 7)
    equal(found["metroplex_mails_total", "other"], 4)
    equal(found["metroplex_delivery_seconds_bucket", "0.32"], 3)
    equal(found["metroplex_delivery_seconds_bucket", "+Inf"], 4)
    equal((found["metroplex_delivery_seconds_sum", None], found["metroplex_delivery_seconds_count", None]), (4.5, 4))
    equal(found["metroplex_new_mails", None], 1)
    check(0 <= time.time() - found["metroplex_run_end_timestamp_seconds", "metroplex"] - 10 < 100, found)
    check(("metroplex_run_end_timestamp_seconds", "notifier") not in found, "a run that never was")
    site.metroplex("prune")
    later = samples(status(site, "--prometheus", env=FRENCH))
    for key, value in found.items():
        check(value <= later[key] if key[0].endswith(("_total", "_count", "_bucket", "_sum")) else True, key)


@test
def a_file_is_replaced_as_a_whole(site):
    path = os.path.join(site.dir, "metroplex.prom")
    with open(path, "w") as file:
        file.write("before\n")
    inode = os.stat(path).st_ino
    equal(status(site, "--prometheus", path), "")
    with open(path) as file:
        check(samples(file.read()), "empty")
    check(os.stat(path).st_ino != inode and not os.path.exists(path + ".tmp"), "written in place")
    done = site.run(METROPLEX, "status", "--prometheus", os.path.join(site.dir, "none/x"), status=None)
    check(done.returncode > 2 and "none" in done.stderr, done)


@test
def what_is_no_file_is_not_replaced_by_one(site):
    """A device would be gone for the whole machine, if it is root who asks."""
    before = []
    for name, make in (("fifo", os.mkfifo), ("link", lambda p: os.symlink("/dev/null", p)), ("directory", os.mkdir)):
        make(os.path.join(site.dir, name)), before.append(name)
    there = sorted(os.listdir(site.dir))
    for name in before:
        path = os.path.join(site.dir, name)
        kind = os.lstat(path).st_mode
        for form in ("--html", "--prometheus"):
            contains(site.run(METROPLEX, "status", form, path, status=65).stderr, f"{name} is not a regular file")
        equal((os.lstat(path).st_mode, sorted(os.listdir(site.dir))), (kind, there), name)


@test
def the_page_asks_for_nothing_and_is_well_formed(site):
    import html.parser
    write_ledger(site, (hour(), "mail.posted", 3), (hour(50), "mail.empty", 3), (hour(2), "message.sent", 3))
    for env, word in ((ENGLISH, "Mails of the day"), (FRENCH, "Courriels du jour")):
        page = status(site, "--html", "-", env=env)
        contains(page, word)
        opened, seen = [], []

        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes):
                seen.append((tag, dict(attributes)))
                if tag not in ("meta", "link"):
                    opened.append(tag)

            def handle_startendtag(self, tag, attributes):
                seen.append((tag, dict(attributes)))

            def handle_endtag(self, tag):
                equal(opened.pop(), tag)

        Reader().feed(page)
        equal(opened, [])
        equal(sum(tag == "svg" for tag, _ in seen), 4)
        check(sum(tag == "rect" for tag, _ in seen) >= 5, "no bars")
        for tag, attributes in seen:
            check(tag not in ("script", "img", "iframe", "object"), tag)
            check(not any(name.startswith("on") or name == "src" or (name == "href" and value != "data:,") for name, value in attributes.items()), attributes)
        check("url(" not in page and "@import" not in page and "http" not in page, "a request")


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@test
def every_colour_has_contrast_in_both_schemes(site):
    page = status(site, "--html", "-")
    light, dark = re.findall(r":root\{([^}]*)\}", page)
    for scheme in light, dark:
        colours = dict(re.findall(r"--([a-z]+):(#[0-9a-f]{6})", scheme))
        ground = luminance(colours["bg"])
        for name in ("fg", "soft", "ok", "warning", "critical", "posted", "other", "refused", "sent", "unsent"):
            one = luminance(colours[name])
            ratio = (max(one, ground) + 0.05) / (min(one, ground) + 0.05)
            check(ratio >= 4.5, f"{name} {colours[name]}: {ratio:.2f}")


@test
def one_form_at_a_time(site):
    for words in (["--json", "--prometheus"], ["--html"], ["file"], ["--json", "file"]):
        site.run(METROPLEX, "status", *words, status=64)


if __name__ == "__main__":
    main()
