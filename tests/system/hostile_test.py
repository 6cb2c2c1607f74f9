#!/usr/bin/env python3
"""Names and lines that strangers send: each mail is posted or refused in bounded time, and the tracker stays one that
every Git takes: a clone, `git fsck --strict`, a remote that checks, and the nine good mails of the same batch.

A sample by default; HOSTILE=all for all of it.
"""
import email.message
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from git_server import Daemon  # noqa: E402
from harness import HOST, METROPLEX, check, contains, equal, main, test  # noqa: E402
from several import check_all, conversation, hosts  # noqa: E402

MIB = 1024 * 1024
WHOLE = os.environ.get("HOSTILE") == "all"
PATIENCE = int(os.environ.get("PATIENCE", "1"))
CPU = 10.0  # seconds of the parent for one mail: fifty times what it takes
STRICT = {"GIT_CONFIG_COUNT": "4", "GIT_CONFIG_KEY_0": "core.protectNTFS", "GIT_CONFIG_VALUE_0": "true", "GIT_CONFIG_KEY_1": "core.protectHFS",
          "GIT_CONFIG_VALUE_1": "true", "GIT_CONFIG_KEY_2": "transfer.fsckObjects", "GIT_CONFIG_VALUE_2": "true",
          "GIT_CONFIG_KEY_3": "safe.directory", "GIT_CONFIG_VALUE_3": "*"}

# --- Names ------------------------------------------------------------------------------------------

HFS = "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
DEVICES = ["con", "prn", "aux", "nul", "conin$", "conout$", "com\u00b9", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))]


def hostile_names():
    names = ["git~1", "GIT~1", ".git", ".GIT", ".git ", ".git.", ".git::$INDEX_ALLOCATION", ".git\\x", "..git", "git~2", ".gitmodules", "gitmod~1",
             "gi7eba~1", ".gitattributes", "gi7d29~1", ".gitignore", ".mailmap", "maba30~1", ".", "..", "...", "", " ", "\t", "/", "\\", "//", "a/", "/a",
             "../x", "../../.git/config", "..\\..\\x", ".git/hooks/post-checkout", "C:\\x", "x:y", "a.txt::$DATA", "a.lock", "main.lock", "a.", "a ", "a. .",
             "-rf", "--help", "~", "$HOME", "%00", "%2e%2e%2f", "a;b", "a;b;", ";", "=", "[x]", "](x)", "![](cid:a)", "<script>", "&amp;", "'", '"', "`id`",
             "a\r\nX-Evil: 1", "a\x00b", "a\x01b", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\u00ad", "\ufffe", "\U000e0041", "\u202egnp.exe", "\u0430.png",
             "A.png", "a.png", "a.PNG", "\u00e9.png", "e\u0301.png", "\u1e9e.png", "ss.png", "\u0130.png", "i.png", "\u6f22" * 100, "\u05d0" * 120 + ".png",
             "\U0001f600" * 80, "x" * 200, "x" * 255, "x" * 256, "x" * 5000, "a." * 400, "x" * 199 + "\u6f22", "1.png", "01.png", "2.png", "=?utf-8?q?=2Egit?=",
             "=?utf-8?b?LmdpdA==?=", "\udcff\udcfe", "\udce2\udc80", "mail", "comment.md", "elided.txt", "thread", "received", "attachments", "HEAD", "refs", "x.html",
             "x.svg", "x.exe", "x.lnk", "desktop.ini", "autorun.inf", ".htaccess", ".DS_Store", "Icon\r"]
    names += [".git"[:at] + c + ".git"[at:] for c in HFS for at in range(5)]
    names += [f"{device}{end}" for device in DEVICES for end in ("", ".txt")]
    return names


def attachment(name, content, raw):
    """A part whose name is in the octets of the mail as it is (raw), or in the form of RFC 2231."""
    octets = name.encode("utf-8", "surrogateescape")
    if raw:
        quoted = re.sub(rb'([\\"])', rb"\\\1", re.sub(rb"[\r\n\0]", b"", octets))
        form = b'Content-Disposition: attachment; filename="' + quoted + b'"'
    else:
        form = b"Content-Disposition: attachment; filename*=utf-8''" + b"".join(b"%%%02X" % o for o in octets)
    return b"--b\nContent-Type: image/png\n" + form + b"\n\n" + content.encode() + b"\n"


def head(address, *fields):
    Numbers.n += 1
    lines = ["Return-Path: <kate@example.org>", f"X-Original-To: {address}", "From: kate@example.org", f"To: {address}", "Subject: Re: Rocket",
             f"Message-ID: <{Numbers.n}.hostile@mail.example.org>", "MIME-Version: 1.0", *fields]
    return "\n".join(lines).encode() + b"\n"


class Numbers:
    n = 0


def mail_of_names(address, names):
    body = b"".join(attachment(name, f"{i} of {Numbers.n}", raw) for i, (name, raw) in enumerate(names))
    return head(address, "Content-Type: multipart/mixed; boundary=b") + b"\n--b\nContent-Type: text/plain\n\nSee the files.\n" + body + b"--b--\n"


def is_sound(site, where):
    """What anybody's Git says of the tracker: a checking clone with a checkout, and fsck."""
    clone = os.path.join(site.dir, "clone")
    done = subprocess.run(["git", "clone", "-q", "--no-local", os.path.join(site.data, "tracker.git"), clone], env={**os.environ, **STRICT}, text=True,
                          capture_output=True)
    equal((done.returncode, done.stderr), (0, ""), where)
    subprocess.run(["rm", "-r", clone], check=True)
    equal(re.findall("^(?:error|warning|fatal).*", site.git("fsck", "--strict"), re.M), [], where)


def nine_beside(site, address, culprit, place):
    """The culprit at that place among nine good mails of one batch; the outcomes of these."""
    names = []
    for i in range(10):
        if i == place:
            site.deliver(culprit)
        else:
            names.append(site.deliver(site.mail("kate@example.org", address, f"Good, number {Numbers.n}.{i}.\n")))
    return names


@test
def hostile_names_of_attachments_stay_names(site):
    names = [(name, raw) for name in hostile_names() for raw in (True, False)]
    check(len(hostile_names()) >= 200, f"{len(hostile_names())} names")
    with hosts(site, Daemon, count=1) as (remote, one):
        (thread,), (address,) = conversation(one)
        remote.git("config", "receive.fsckObjects", "true")
        random.Random(11).shuffle(names)
        one.set_config("limits", attachments="1000")
        one.set_config("inbound", batch="10")
        size = 1 if WHOLE else 40
        groups = [names[i:i + size] for i in range(0, len(names), size)]
        for i, group in enumerate(groups):
            good = nine_beside(one, address, mail_of_names(address, group), i % 10)
            one.metroplex("--once")
            equal((one.new, {one.reasons()[name] for name in good}), ([], {"posted"}), f"{group}")
            comment = next(c for c in reversed(one.show(thread)["comments"]) if c["attachments"])
            for entry in comment["attachments"]:
                check(re.fullmatch("[0-9]+[.]?[a-z0-9]*", entry["file"]), entry)
                check(len(entry["name"].encode()) <= 255 and not re.search("[\0-\x1f\x7f\u202a-\u202e\u2028]", entry["name"]), entry)
            if i % 20 == 0 or not WHOLE:
                is_sound(one, f"{group}")
        posted = sum(len(c["attachments"]) for c in one.show(thread)["comments"])
        print(f"# {len(names)} attachments with hostile names, {posted} stored, {len(groups)} batches", flush=True)
        check(posted >= len(names) * 9 // 10, "stored")
        shown = one.metroplex("thread", "show", str(thread))
        check(not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", shown), "escaped on the terminal")
        equal(one.run(METROPLEX, "fsck").stdout.count("refused"), 0, "metroplex fsck")
        exported = one.metroplex("thread", "export", str(thread))
        equal(one.run(METROPLEX, "thread", "import", "-", stdin=exported).stdout.split()[1], "0")
        is_sound(one, "in the end")
        check_all(remote, one)


@test
def names_go_there_and_back(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    site.deliver(mail_of_names(site.address(thread, "kate"), [("git~1", False), ("a;b=[1].png", False), ("\u6f22\u5b57.png", False)]))
    site.metroplex("--once")
    comment = site.show(thread)["comments"][0]
    equal([(a["file"], a["name"]) for a in comment["attachments"]], [("1.png", "git~1"), ("2.png", "a;b=[1].png"), ("3.png", "\u6f22\u5b57.png")])
    contains(comment["body"], "![a;b=\\[1\\].png](attachments/2.png)")
    exported = site.metroplex("thread", "export", str(thread)).replace(HOST, "other.example.net").replace(comment["key"] if "key" in comment else "\0", "\0")
    other = re.sub('"key" ?: ?"[0-9a-f]{32}"', '"key":null', exported)
    id = site.run(METROPLEX, "thread", "import", "-", stdin=other).stdout.split()[0]
    equal(site.show(int(id))["comments"][0]["attachments"], comment["attachments"])


# --- Repositories, accounts -------------------------------------------------------------------------


@test
def repositories_and_logins_are_paths_on_every_system(site):
    site.user("tim")
    for name in ("con/aux", "acme/nul.c", "acme/rocket.", "acme./rocket", "acme/x.lock", "acme/x.git", "acme/.git", "acme/git~1", "acme/" + "x" * 200,
                 "acme/COM1"):
        for command in (("repository", "set", name, "--reply", "off"), ("thread", "open", "--repository", name, "--kind", "issue", "--title", "T", "--as", "tim", "-")):
            check(site.run(METROPLEX, *command, stdin="x\n", status=None).returncode in (64, 65), command)
    site.metroplex("repository", "set", "acme/Rocket", "--reply", "off")
    contains(site.run(METROPLEX, "repository", "set", "acme/rocket", "--reply", "off", status=65).stderr, "Rocket already")
    contains(site.run(METROPLEX, "repository", "set", "ACME/x", "--reply", "off", status=65).stderr, "acme already")
    for login in ("con", "AUX", "com1", "nul"):
        site.user(login)
        equal(site.thread(login) > 0, True)
    contains(site.git("ls-tree", "--name-only", "main:logins", repository="accounts.git"), "aux-\n")
    equal(site.run(METROPLEX, "fsck").stdout.strip().count("\n"), 0)
    is_sound(site, "accounts")
    subprocess.run(["git", "-c", "core.protectNTFS=true", "clone", "-q", os.path.join(site.data, "accounts.git"), os.path.join(site.dir, "c")], check=True,
                   env={**os.environ, **STRICT})


# --- What fsck finds --------------------------------------------------------------------------------


def raw_git(site, *args, octets=b""):
    done = subprocess.run(["git", "-C", os.path.join(site.data, "tracker.git"), "-c", "user.name=A", "-c", "user.email=a@example.org", *args], input=octets,
                          capture_output=True, env={**os.environ, **STRICT})
    equal(done.returncode, 0, f"{args}: {done.stderr}")
    return done.stdout


def entries_of(octets):
    """(mode, name, id) of a tree object."""
    found = []
    while octets:
        mode, rest = octets.split(b" ", 1)
        name, rest = rest.split(b"\0", 1)
        found.append((mode, name, rest[:20]))
        octets = rest[20:]
    return found


def plant(site, path, new):
    """Commits entries into a directory of the tracker as no Git would, sorted unless `new` says otherwise."""
    parts = path.split("/") if path else []
    trees = [raw_git(site, "cat-file", "tree", "main:" + "/".join(parts[:i])) for i in range(len(parts) + 1)]
    id = None
    for depth in reversed(range(len(parts) + 1)):
        found = entries_of(trees[depth])
        if depth == len(parts):
            found = new(found)
        else:
            found = [(m, n, id if n == parts[depth].encode() else i) for m, n, i in found]
        octets = b"".join(m + b" " + n + b"\0" + i for m, n, i in found)
        id = bytes.fromhex(raw_git(site, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", octets=octets).decode().strip())
    commit = raw_git(site, "commit-tree", id.hex(), "-p", "main", "-m", "planted").decode().strip()
    raw_git(site, "update-ref", "refs/heads/main", commit)


def with_entry(name, mode=b"100644", id=None):
    def new(found):
        whole = found + [(mode, name, id or next(i for m, n, i in found if m == b"100644"))]
        return sorted(whole, key=lambda e: e[1] + (b"/" if e[0] == b"40000" else b""))
    return new


BAD_NAMES = [b"git~1", b".git", b".GIT", ".g\u200cit".encode(), ".gitmo\u200ddules".encode(), b".gitmodules", b"GI7EBA~1", b".git\\x", b"a\\b", b"a:b", b"a\x01",
             b"a.", b"a ", b"con", b"aux.txt", b"COM7.log", b"x" * 201, b"\xff", b"..", b".", "\ufeff.git".encode(), b"gitatt~1"]


@test
def fsck_finds_what_git_or_a_system_refuses(site):
    site.user("tim")
    thread = site.thread("tim")
    equal(thread, 1)
    start = site.git("rev-parse", "main").strip()

    def told():
        lines = [line for line in site.run(METROPLEX, "fsck", status=None).stdout.splitlines() if "refused" in line]
        raw_git(site, "update-ref", "refs/heads/main", start)
        return lines

    equal(told(), [])
    for place in ("", "threads/000/0/0/0/0/1/comments/0"):
        for name in BAD_NAMES:
            plant(site, place, with_entry(name))
            equal(len(told()), 1, f"{name} in {place!r}")
    for name in (b".gitignore", b".gitattributes", b".mailmap", b"notes.txt", "\u00e9.txt".encode()):
        plant(site, "", with_entry(name))
        equal(told(), [], f"{name}")
    for place, change in (("", lambda f: f[::-1]), ("", lambda f: [f[0], *f]), ("", with_entry(b"readme.MD")), ("", with_entry(b"x", b"100600")),
                          ("", with_entry(b"x", b"100644", bytes(20))), ("threads/000/0/0/0/0/1", with_entry(b"Subscribers")),
                          ("", lambda f: with_entry("\u00e9".encode())(with_entry("e\u0301".encode())(f)))):
        plant(site, place, change)
        check(len(told()) >= 1, f"{place}: {change}")


# --- Lines ------------------------------------------------------------------------------------------

UNITS = ["[", "![", "]", "<", ">", "![](cid:", "![](cid:a)", "![a](cid:b c) ", "[cid:", "[cid:a]", "[image: a.png]", "[image: ", "<a.png>", "(", ")", "@", "@kate ",
         "a@b.example ", "a@b.", "\"@", "reply+i-1-0123456789abcdef", "`", "*a_ ", "!", "a", " ", "\t", "\\", "&amp;", "https://x/", "|", "+", ".", "=?", "-- ",
         "\u200b", "\u6f22", "\u202e", "\x01", "\u0301"]
FIELDS = {"To": "a@b.example, ", "Cc": "(((", "From": "<@", "Subject": "@[<", "References": "<a@b> ", "In-Reply-To": "<acme/rocket/issues/1@git.example.org> ",
          "Authentication-Results": "git.example.org; dmarc=pass header.from=example.org; ", "Received": "from a by b; ", "Precedence": "a,;( ",
          "Auto-Submitted": "(no) ", "X-Auto-Response-Suppress": "a ,;", "Content-Disposition": "; a=b", "X-Original-To": "reply+i-1-0@reply.git.example.org, "}


def with_line(address, unit, size, quoted):
    line = (unit * (size // len(unit) + 1))[:size]
    text = f"Yes.\n\nOn Tue, Feb 4, 2025 at 11:03 AM Ada Example <ada@example.org> wrote:\n> {line}\n" if quoted else line + "\n"
    files = b"".join(b'--b\nContent-Type: image/png; name="a.png"\nContent-ID: <%s>\n\nx%d\n' % (b"abc"[i:i + 1], i) for i in range(3))
    return (head(address, "Content-Type: multipart/mixed; boundary=b") + b"\n--b\nContent-Type: text/plain; charset=utf-8\n\n"
            + text.encode() + files + b"--b--\n")


def with_field(address, name, unit, size):
    """As much of one field as the limits let through, and the whole of it."""
    fields = [f"{name}: " + "\n ".join([unit * (900 // len(unit))] * 66) for _ in range(max(1, size // 60000))]
    return head(address, *fields) + b"\nHello\n"


def run_of(site):
    """One run: the processor time of the parent alone, in seconds, its status."""
    process = subprocess.Popen([METROPLEX, "--config", site.config, "--once"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with open(f"/proc/{process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), process.wait()


def line_mails(address, noreply):
    mails = []
    for unit in UNITS:
        mails.append((f"a line of {unit!r}", lambda size, unit=unit: with_line(address, unit, size, False)))
        mails.append((f"a quoted line of {unit!r}", lambda size, unit=unit: with_line(address, unit, size, True)))
    for name, unit in FIELDS.items():
        mails.append((f"{name} of {unit!r}", lambda size, name=name, unit=unit: with_field(address, name, unit, size)))
    return mails


@test
def hostile_lines_and_fields_take_a_time_that_grows_as_they_do(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    site.set_config("inbound", batch="10")
    mails = line_mails(address, f"noreply@{HOST}")
    check(len(mails) >= 40, len(mails))
    if not WHOLE:
        mails = random.Random(os.getpid()).sample(mails, 12)
    slowest, steepest = (0, ""), (0, "")
    for i, (name, make) in enumerate(mails):
        used = []
        for size in (MIB // 4, 4 * MIB):
            good = nine_beside(site, address, make(size), i % 10)
            seconds, status = run_of(site)
            equal((status, site.new, {site.reasons()[n] for n in good}), (0, [], {"posted"}), name)
            used.append(seconds)
        check(used[1] < CPU, f"{name}: the parent took {used[1]:.2f} s for 4 MiB")
        # sixteen times the octets: quadratic work would be 256 times as much
        check(used[1] < 0.5 + 40 * max(used[0], 0.02), f"{name}: {used[0]:.2f} s for 256 KiB, {used[1]:.2f} s for 4 MiB")
        slowest = max(slowest, (used[1], name))
    print(f"# {len(mails)} lines and fields of 4 MiB beside nine mails: at most {slowest[0]:.2f} s of the parent ({slowest[1]})", flush=True)
    is_sound(site, "in the end")


@test
def references_to_one_picture_are_not_multiplied_before_they_are_refused(site):
    site.user("tim")
    site.user("kate")
    address = site.address(site.thread("tim"), "kate")
    site.deliver(head(address, "Content-Type: multipart/mixed; boundary=b") + b"\n--b\nContent-Type: text/plain\n\n" + b"![](cid:a)" * (4 * MIB // 10)
                 + b'\n--b\nContent-Type: image/png; name="' + b"[x]" * 85 + b'"\nContent-ID: <a>\n\nx\n--b--\n')
    process = subprocess.Popen([METROPLEX, "--config", site.config, "--once"])
    _, status, used = os.wait4(process.pid, 0)
    equal(status, 0)
    reason, = site.reasons().values()
    check(reason == "too-long" or (PATIENCE > 1 and reason == "unparsable"), f"{reason}; on a slow machine its time may be over")
    check(used.ru_maxrss < 200 * 1024, f"{used.ru_maxrss // 1024} MiB")


@test
def a_stranger_who_is_answered_costs_no_more(site):
    for i, unit in enumerate(UNITS if WHOLE else ["[", "![](cid:", "<", "@", "a@b."]):
        login = f"user{i}"
        site.user(login)
        line = (unit * (4 * MIB // len(unit)))
        site.deliver("\n".join([f"Return-Path: <{login}@example.org>", f"X-Original-To: noreply@{HOST}", f"From: {login}@example.org", f"To: noreply@{HOST}",
                                f"Message-ID: <{i}.stranger@mail.example.org>", "Content-Type: text/plain; charset=utf-8"]).encode() + b"\n\n" + line.encode() + b"\n")
        seconds, status = run_of(site)
        equal((status, site.new), (0, []), unit)
        check(seconds < CPU, f"{unit!r}: {seconds:.2f} s")


if __name__ == "__main__":
    main()
