#!/usr/bin/env python3
"""Tools around the tracker: fsck, export and import, the on-comment hook, upkeep.

Each fault that fsck knows is planted by an ordinary clone, edit, commit and push, and must be named.
"""
import email.message
import email.utils
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import guests  # noqa: E402
from harness import HOST, METROPLEX, TOP, Site, check, contains, equal, main, path_of_id, test, wait_until  # noqa: E402

GIT = ["git", "-c", "user.name=Admin", "-c", "user.email=admin@example.org", "-c", "safe.directory=*"]


def small_tracker(site, comments=3):
    for login in ("tim", "ada"):
        site.user(login)
    site.metroplex("repository", "set", "acme/rocket", "--watch", "ada")
    thread = site.thread("tim")
    for i in range(comments):
        site.metroplex("thread", "comment", str(thread), "--as", "ada", "-", stdin=f"Comment {i + 1}.\n")
    return thread


def edit(site, change, repository="tracker.git"):
    """What an administrator does: clone, change files, commit, push."""
    clone = os.path.join(site.dir, "clone")
    shutil.rmtree(clone, ignore_errors=True)

    def git(*args):
        return subprocess.run([*GIT, *args], check=True, capture_output=True, text=True).stdout

    git("clone", "-q", os.path.join(site.data, repository), clone)
    change(clone)
    git("-C", clone, "add", "-A")
    git("-C", clone, "commit", "-q", "-m", "Edited by hand")
    git("-C", clone, "push", "-q")


def drop_events(site):
    for key in site.events():
        os.remove(os.path.join(site.data, "outbox/new", key))


def fsck(site, status=0):
    done = site.run(METROPLEX, "fsck", "--json", status=status)
    return [json.loads(line) for line in done.stdout.splitlines()]


def faults(site):
    """All faults as "code path"."""
    return [f"{f['fault']} {f['path']}" for f in fsck(site, 65)]


def write(clone, path, text, mode="w"):
    path = os.path.join(clone, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, mode) as f:
        f.write(text)


def replace(clone, path, old, new):
    with open(os.path.join(clone, path)) as f:
        text = f.read()
    contains(text, old)
    write(clone, path, text.replace(old, new))


def remove(clone, path):
    path = os.path.join(clone, path)
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


def rename(clone, old, new):
    os.makedirs(os.path.dirname(os.path.join(clone, new)), exist_ok=True)
    os.rename(os.path.join(clone, old), os.path.join(clone, new))


def received(clone, number, thread="threads/000/0/0/0/0/1"):
    """The file of a comment's KEY."""
    for directory, _, names in os.walk(os.path.join(clone, thread, "received")):
        for name in names:
            if name.endswith(f".{number}"):
                return os.path.relpath(os.path.join(directory, name), clone)
    raise AssertionError(f"no KEY of comment {number}")


def as_commit(clone, thread):
    """Makes a thread one about f00; the second is a copy of the first."""
    if thread != T:
        shutil.copytree(os.path.join(clone, T), os.path.join(clone, thread))
    else:
        replace(clone, thread + "/thread", "kind=issue", "kind=commit")
        write(clone, thread + "/thread", "object=f00\n", "a")


def digits(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def line_of(clone):
    """That of thread 1 in the list of open ones, with its newline."""
    with open(os.path.join(clone, LISTED)) as f:
        return f.readline()


OF = "stale-index listed/of"  # of lists that somebody edited


def of(clone, threads, has_lists):
    """listed/of with another tree of threads, or the same, and with its lists or without."""
    path = os.path.join(clone, "listed/of")
    with open(path) as f:
        first, lists = f.read().split("\n", 1)
    write(clone, "listed/of", f"{threads or first}\n{lists if has_lists else ''}")


def paged(clone, step):
    """The page of open threads becomes a directory with one page, that of the threads whose ids have so many digits."""
    lines = line_of(clone)
    remove(clone, LISTED)
    write(clone, f"{LISTED}/{step}", lines)


def followed(what, pages, *expected):
    """A row: subscribers in these pages, by the last digits of their ids. Of a hundred and more two have an account."""
    def plant(clone):
        remove(clone, S)
        for page, ids in pages.items():
            write(clone, S + page, "".join(f"{n} manual\n" for n in ids))

    strangers = [f"no-user {S}{page}" for page, ids in pages.items() for n in ids if n > 2]
    return what, plant, [*expected, *strangers]


T = "threads/000/0/0/0/0/1"
S = T + "/subscribers"
LISTED = "listed/open/acme/rocket"
SPLIT = {f"/{digit}": [n for n in range(1, 121) if n % 10 == digit] for digit in range(10)}
MAILED = f"message-ids/{digits('<mailed@mail.example.org>')}.1"
INDEX = re.sub("^(..)(.{30}).*", r"commits/\1/\2", hashlib.sha256(b"acme/rocket f00").hexdigest())
OPENING = re.sub("^(..)(.{30}).*", r"openings/\1/\2", hashlib.sha256(b"big-rocket").hexdigest())
ABSENT = "a" * 32

# What is done to the tracker, and what fsck must say: every fault, and no other.
PLANTED = [
    ("a name of who is no guest", lambda c: replace(c, T + "/thread", "login=tim", "login=tim\nname=Tim"), ["malformed " + T + "/thread"]),
    ("a guest without a name", lambda c: replace(c, T + "/comments/1/mail", "login=ada", "login=guest-2"), ["malformed " + T + "/comments/1/mail"]),
    ("a guest with the name of an account", lambda c: replace(c, T + "/comments/1/mail", "login=ada", "login=guest-2\nname=Ada"), ["malformed " + T + "/comments/1/mail"]),
    ("a thread's facts do not parse", lambda c: replace(c, T + "/thread", "state=open", "state=ajar"), ["malformed " + T + "/thread"]),
    ("a thread without facts", lambda c: remove(c, T + "/thread"), ["missing " + T + "/thread"]),
    ("a label that is none", lambda c: replace(c, T + "/thread", "state=open", "state=open\nlabels=a b;"), ["malformed " + T + "/thread"]),
    ("a base of what is no pull request", lambda c: replace(c, T + "/thread", "state=open", "state=open\nbase=main"), ["malformed " + T + "/thread"]),
    ("a base that is no branch", lambda c: replace(c, T + "/thread", "kind=issue", "kind=pull\nobject=topic\nbase=../main"), ["malformed " + T + "/thread"]),
    ("a base without a head", lambda c: replace(c, T + "/thread", "kind=issue", "kind=pull\nbase=main"), ["malformed " + T + "/thread"]),
    ("a merged issue", lambda c: replace(c, T + "/thread", "state=open", "state=closed\nmerged=true"), ["malformed " + T + "/thread"]),
    ("a pull request that nobody looks after", lambda c: replace(c, T + "/thread", "kind=issue", "kind=pull\nobject=topic\nbase=main"), ["no-index " + T]),
    ("a pull request that is none", lambda c: write(c, "pulls/acme/rocket", "1 topic main - -\n99 topic main - -\n"), 2 * ["stale-index pulls/acme/rocket"]),
    ("pull requests that do not parse", lambda c: write(c, "pulls/acme/rocket", "1 topic ../main - -\n"), ["malformed pulls/acme/rocket"]),
    ("changes that do not parse", lambda c: (write(c, T + "/changes", "[changes]\nto=main\n"), replace(c, T + "/thread", "kind=issue", "kind=pull")), ["malformed " + T + "/changes"]),
    ("a line of no file", lambda c: replace(c, T + "/comments/2/mail", "date=", "line=3\ndate="), ["malformed " + T + "/comments/2/mail"]),
    ("a file that cannot be", lambda c: replace(c, T + "/comments/2/mail", "date=", "path=/etc\ndate="), ["malformed " + T + "/comments/2/mail"]),
    ("an assignee that does not exist", lambda c: write(c, T + "/thread", "\n[assignees]\n77=bob\n", "a"), ["no-user " + T + "/thread"]),
    ("an author that does not exist", lambda c: replace(c, T + "/thread", "author=1", "author=77"), ["no-user " + T + "/thread"]),
    ("a commit thread without a commit", lambda c: replace(c, T + "/thread", "kind=issue", "kind=commit"), ["malformed " + T + "/thread"]),
    ("a subscriber that does not exist", lambda c: write(c, T + "/subscribers", "9 manual\n", "a"), ["no-user " + T + "/subscribers"]),
    ("a subscriber twice", lambda c: write(c, T + "/subscribers", "1 manual\n", "a"), ["twice " + T + "/subscribers"]),
    ("subscribers that do not parse", lambda c: write(c, T + "/subscribers", "tim\n", "a"), ["malformed " + T + "/subscribers"]),
    followed("subscribers that should be split", {"": range(1, 102)}, f"page {S}"),
    followed("subscribers that should not be split", {"/1": [1], "/2": [2]}, f"page {S}"),
    followed("subscribers in pages", SPLIT),
    followed("no page of subscribers", {**SPLIT, "/x": []}, f"page {S}/x"),
    followed("a page of subscribers with other digits", {page: ids for page, ids in SPLIT.items() if page != "/2"} | {"/2/31": []},
             f"page {S}/2", f"page {S}/2/31"),
    followed("a subscriber whom nobody finds", {**SPLIT, "/2": [2, 12, 23]}, f"misplaced {S}/2", f"twice {S}/3"),
    ("a comment's facts do not parse", lambda c: replace(c, T + "/comments/2/mail", "date=", "dote="),
     ["malformed " + T + "/comments/2/mail"]),
    ("a comment's author does not exist", lambda c: replace(c, T + "/comments/2/mail", "author=2", "author=78"),
     ["no-user " + T + "/comments/2/mail"]),
    ("a comment without text", lambda c: remove(c, T + "/comments/2/comment.md"), ["missing " + T + "/comments/2/comment.md"]),
    ("a comment without facts", lambda c: remove(c, T + "/comments/2/mail"), ["missing " + T + "/comments/2/mail"]),
    ("a gap", lambda c: (remove(c, received(c, 2)), remove(c, T + "/comments/2")), ["gap " + T + "/comments/2"]),
    ("an opening post that is gone", lambda c: remove(c, T + "/comments/0"), ["gap " + T + "/comments/0"]),
    ("a comment in the wrong page", lambda c: rename(c, T + "/comments/2", T + "/comments/100-199/2"),
     ["misplaced " + T + "/comments/100-199/2"]),
    ("a number with a zero", lambda c: write(c, T + "/comments/07/comment.md", "x\n"), ["misplaced " + T + "/comments/07"]),
    ("a KEY that is gone", lambda c: remove(c, received(c, 3)), ["no-key " + T + "/comments/3"]),
    ("a KEY of a comment that is not there", lambda c: write(c, f"{T}/received/{ABSENT}.9", ""),
     [f"stale-key {T}/received/{ABSENT}.9"]),
    ("a second KEY of a comment", lambda c: write(c, f"{T}/received/{ABSENT}.3", ""), [f"stale-key {T}/received/{ABSENT}.3"]),
    ("a file that is no KEY", lambda c: write(c, T + "/received/notes", ""), ["malformed " + T + "/received/notes"]),
    ("a KEY in a page that nobody looks in", lambda c: write(c, f"{T}/received/b/{ABSENT}.0", ""),
     [f"misplaced {T}/received/b/{ABSENT}.0", f"page {T}/received"]),
    ("a page too large", lambda c: [write(c, f"{T}/received/{i:032x}.0", "") for i in range(20)], [f"page {T}/received"]),
    ("a page split for nothing", lambda c: [rename(c, received(c, n), os.path.join(T, "received", os.path.basename(received(c, n))[0],
                                                                                    os.path.basename(received(c, n)))) for n in range(4)],
     [f"page {T}/received"]),
    ("an attachment that is gone", lambda c: write(c, T + "/comments/1/mail", "\n[attachments]\n1.png=image/png;a.png;\n", "a"),
     ["missing " + T + "/comments/1/attachments/1.png"]),
    ("an attachment that nobody names", lambda c: write(c, T + "/comments/1/attachments/b.png", "x"),
     ["unnamed " + T + "/comments/1/attachments/b.png"]),
    ("a text that is not UTF-8", lambda c: open(os.path.join(c, T, "comments/1/comment.md"), "wb").write(b"\xff\xfe\n"),
     ["malformed " + T + "/comments/1/comment.md"]),
    ("a thread that no line is of", lambda c: replace(c, LISTED, line_of(c), ""), ["malformed " + LISTED, f"no-index {T}/thread", OF]),
    ("a line of no thread", lambda c: write(c, LISTED, line_of(c).replace("1", "77", 1), "a"), ["stale-index " + LISTED, OF]),
    ("a line of another repository", lambda c: write(c, "listed/open/acme/other", line_of(c).replace("1", "702", 1)), ["stale-index listed/open/acme/other", OF]),
    ("a line that says something else", lambda c: replace(c, LISTED, "\tRocket", "\tPocket"), ["stale-index " + LISTED, OF]),
    ("lines in the wrong list", lambda c: rename(c, LISTED, LISTED.replace("open", "closed")), [f"stale-index {LISTED.replace('open', 'closed')}", OF]),
    ("a line twice", lambda c: write(c, LISTED, line_of(c), "a"), ["malformed " + LISTED, OF]),
    ("a line in two lists", lambda c: write(c, LISTED.replace("open", "closed"), line_of(c)), ["stale-index " + LISTED.replace("open", "closed"), OF]),
    ("lines in a page of others", lambda c: paged(c, "2"), [f"malformed {LISTED}/2", f"no-index {T}/thread", f"malformed {LISTED}", OF]),
    ("pages of what would be one", lambda c: paged(c, "1"), [f"malformed {LISTED}", OF]),
    ("a page of too many lines", lambda c: write(c, LISTED, "".join(line_of(c).replace("1", str(id), 1) for id in range(900, 1000)), "a"), [*100 * ["stale-index " + LISTED], "malformed " + LISTED, OF]),
    ("a page without a line", lambda c: write(c, "listed/closed/acme/rocket", ""), ["malformed listed/closed/acme/rocket", OF]),
    ("a list of nothing", lambda c: write(c, "listed/of", "x\n"), ["malformed listed/of"]),
    ("a list of threads that are gone", lambda c: of(c, 39 * "0" + "1", True), [OF]),
    ("lists that are not named", lambda c: of(c, "", False), ["malformed listed/of"]),
    ("what is no list", lambda c: (write(c, "listed/notes", ""), write(c, "listed/open/notes", ""), write(c, "listed/unreadable/notes", "")), ["misplaced listed/notes", "misplaced listed/open/notes", "misplaced listed/unreadable/notes", OF]),
    ("a thread in the wrong place", lambda c: write(c, "threads/000/0/0/0/0/12/thread", "x"), ["misplaced threads/000/0/0/0/0/12"]),
    ("an import of a thread that is not there", lambda c: write(c, "imports/00/" + 30 * "0", "99\n"),
     ["stale-index imports/00/" + 30 * "0"]),
    ("an import of nothing", lambda c: write(c, "imports/00/" + 30 * "0", "x\n"), ["malformed imports/00/" + 30 * "0"]),
    ("two threads about one commit", lambda c: [as_commit(c, T), as_commit(c, T[:-1] + "2")], [f"twice {T[:-1]}2/thread"]),
    ("a commit that finds no thread", lambda c: [as_commit(c, T), write(c, INDEX[:10] + "/" + 30 * "0", "1\n")],
     [f"no-index {T}/thread", f"stale-index {INDEX[:10]}/" + 30 * "0"]),
    ("a commit of a thread that is not there", lambda c: write(c, INDEX, "99\n"), ["stale-index " + INDEX]),
    ("a commit of an issue", lambda c: write(c, INDEX, "1\n"), ["stale-index " + INDEX]),
    ("a commit of nothing", lambda c: write(c, INDEX, "x\n"), ["malformed " + INDEX]),
    ("a mail that finds no thread", lambda c: remove(c, "message-ids"), ["no-index " + T]),
    ("a mail that finds another thread", lambda c: rename(c, MAILED, MAILED + "7"), ["stale-index " + MAILED + "7"]),
    ("a mail that was never here", lambda c: write(c, f"message-ids/{ABSENT}.1", ""), [f"stale-index message-ids/{ABSENT}.1"]),
    ("a mail in a page that nobody looks in", lambda c: rename(c, MAILED, MAILED.replace("/", "/x/")), ["no-index " + T, "page message-ids/x"]),
    ("a file that is no mail", lambda c: write(c, "message-ids/notes", ""), ["malformed message-ids/notes"]),
    ("a short address that finds no repository", lambda c: write(c, "repositories/acme/rocket", "address=rocket\n", "a"),
     ["no-index repositories/acme/rocket"]),
    ("a short address of a repository that has none", lambda c: write(c, OPENING, "acme/rocket\n"), ["stale-index " + OPENING]),
    ("a short address of nothing", lambda c: write(c, OPENING, "rocket\n"), ["malformed " + OPENING]),
    ("two repositories with addresses that are taken for each other", lambda c: [
        write(c, "repositories/acme/rocket", "address=big.rocket\n", "a"), write(c, OPENING, "acme/rocket\n"),
        write(c, "repositories/acme/engine", "[repository]\nreply=on\naddress=big-rocket\n")], ["shared repositories/acme/engine"]),
    ("what was told of a repository does not parse", lambda c: write(c, "told/acme/rocket", "counter x\n"), ["malformed told/acme/rocket"]),
    ("what was told of a ref does not parse", lambda c: write(c, "told/acme/rocket", "counter 1\n12 refs/heads/main\n"), ["malformed told/acme/rocket"]),
    ("a push without its facts", lambda c: write(c, T + "/events/1", "[event]\nchange=pushed\ncomment=2\nauthor=0\nlogin=Ann\ndate=2026-01-01T00:00:00Z\nvia=push\nkey=00000000000000000000000000000000\n"), ["malformed " + T + "/events/1"]),
    ("pushes told in no known way", lambda c: write(c, "repositories/acme/rocket", "[repository]\nreply=on\npush-mail=loud\n"), ["malformed repositories/acme/rocket"]),
    ("an address that is reserved", lambda c: write(c, "repositories/acme/rocket", "address=postmaster\n", "a"),
     ["malformed repositories/acme/rocket"]),
    ("an opening that is none", lambda c: write(c, "repositories/acme/rocket", "open=always\n", "a"), ["malformed repositories/acme/rocket"]),
    ("a host that is no installation", lambda c: write(c, "hosts/mx1", "mine\n"), ["malformed hosts/mx1"]),
    ("a policy that does not parse", lambda c: replace(c, "repositories/acme/rocket", "reply=on", "reply=maybe"),
     ["malformed repositories/acme/rocket"]),
    ("a watcher that does not exist", lambda c: replace(c, "repositories/acme/rocket", "watchers=2;", "watchers=2;55;"),
     ["no-user repositories/acme/rocket"]),
]

U = "users/000/0/0/0/0/2"
G = "users/000/0/0/0/0/3"


def plant_guest(clone, **changes):
    guests.plant(clone, 3, "eve@example.net", is_indexed=False, **changes)


PLANTED_ACCOUNTS = [
    ("an account that does not parse", lambda c: replace(c, U, "state=active", "state=asleep"), ["malformed " + U]),
    ("a login that finds nobody", lambda c: remove(c, "logins/ada"), ["no-index logins/ada"]),
    ("a login of somebody else", lambda c: write(c, "logins/ada", "1\n"), ["shared logins/ada", "stale-index logins/ada"]),
    ("a login of nobody", lambda c: write(c, "logins/bob", "2\n"), ["stale-index logins/bob"]),
    ("a login of an account that is not there", lambda c: write(c, "logins/bob", "66\n"), ["no-user logins/bob"]),
    ("an index that is no number", lambda c: write(c, "logins/bob", "two\n"), ["malformed logins/bob"]),
    ("a confirmation of an account that is not there", lambda c: write(c, f"confirmed/aa/{30 * 'a'}", "66\n"), [f"no-user confirmed/aa/{30 * 'a'}"]),
    ("a confirmation of nobody", lambda c: write(c, f"confirmed/aa/{30 * 'a'}", "x\n"), [f"malformed confirmed/aa/{30 * 'a'}"]),
    ("a guest's state of an account", lambda c: replace(c, U, "state=active", "state=guest"), ["malformed " + U]),
    ("a guest's login of an account", lambda c: replace(c, U, "login=ada", "login=guest-2"), ["malformed " + U]),
    ("a guest with a login that is not its own", lambda c: plant_guest(c, login="guest-4"), ["malformed " + G]),
    ("a guest with the name of an account", lambda c: plant_guest(c, name="Tim Example"), ["malformed " + G]),
    ("a guest with two addresses", lambda c: plant_guest(c, emails="eve@example.net;eve@example.com;"), ["malformed " + G]),
    ("a guest without an address", lambda c: plant_guest(c, emails=""), ["malformed " + G]),
    ("a guest nobody proved, with an address", lambda c: plant_guest(c, state="unconfirmed"), ["malformed " + G]),
    ("a reason of who is not suspended", lambda c: plant_guest(c, state="guest\nreason=loop"), ["malformed " + G]),
    ("a reason that there is not", lambda c: plant_guest(c, state="suspended\nreason=haste"), ["malformed " + G]),
    ("a comment at once that is no mark", lambda c: plant_guest(c, state="guest\nhasty=yesterday;"), ["malformed " + G]),
    ("a former guest of an account that is not there", lambda c: plant_guest(c, state="former\naccount=66", emails=""), ["no-user " + G]),
    ("a former guest with an address", lambda c: plant_guest(c, state="former\naccount=1"), ["malformed " + G]),
    ("a former account", lambda c: replace(c, U, "state=active", "state=former\naccount=1"), ["malformed " + U]),
    ("a guest whose address finds nobody", lambda c: guests.plant(c, 3, "eve@example.net", is_indexed=False), ["no-index addresses/5a/359f2ccced725a7a859ba6cd7aba7f"]),
    ("an address that no account has", lambda c: write(c, "addresses/00/" + 30 * "1", "2\n"), ["stale-index addresses/00/" + 30 * "1"]),
    ("an address that finds nobody", lambda c: remove(c, "addresses"), ["no-index", "no-index"]),
]


def plant_all(site, planted, repository):
    thread = small_tracker(site)
    equal(thread, 1)
    site.deliver(site.mail("ada@example.org", site.address(thread, "ada"), "By mail.\n", message_id="<mailed@mail.example.org>"))
    site.metroplex("--once")
    equal(fsck(site), [], "a whole tracker")
    drop_events(site)
    path = os.path.join(site.data, repository)
    shutil.copytree(path, path + ".whole")
    for name, change, expected in planted:
        edit(site, change, repository)
        found = faults(site)
        if expected[0] != "no-index":
            equal(sorted(found), sorted(expected), name)
        else:
            equal(len(found), len(expected), name)
            check(all(f.startswith("no-index ") for f in found), f"{name}: {found}")
        shutil.rmtree(path)
        shutil.copytree(path + ".whole", path)
    equal(fsck(site), [], "a whole tracker again")


@test
def fsck_names_each_fault_of_the_tracker(site):
    plant_all(site, PLANTED, "tracker.git")


def shown(site, *args):
    """What `thread list` says, as JSON."""
    return [json.loads(line) for line in site.metroplex("thread", "list", "--json", *args).splitlines()]


def listed_titles(site, *args):
    return [thread["title"] for thread in shown(site, *args)]


@test
def what_somebody_edited_by_hand_is_listed_as_it_is(site):
    small_tracker(site)
    site.thread("tim")
    first = T + "/thread"
    site.metroplex("thread", "close", "2", "--as", "tim")
    equal(listed_titles(site, "--state", "open"), ["Rocket does not start"])
    edit(site, lambda c: (replace(c, first, "title=Rocket", "title=Pocket"), replace(c, first.replace("/1/", "/2/"), "state=closed", "state=open"),
                          replace(c, first.replace("/1/", "/2/"), "title=Rocket", "title=Socket")))
    before = site.git("rev-parse", "main:listed")
    equal(listed_titles(site, "--state", "open"), ["Pocket does not start", "Socket does not start"], "though no line says so")
    equal(listed_titles(site, "--state", "closed"), [])
    equal(fsck(site), [], "a list that is older than a record is none that is wrong")
    site.metroplex("thread", "label", "1", "bug", "--as", "tim")
    check(site.git("rev-parse", "main:listed") != before, "it was not brought up to date")
    contains(site.git("show", "main:" + LISTED), "Socket does not start")
    equal([t["labels"] for t in shown(site)], [["bug"], []])
    edit(site, lambda c: replace(c, T[:-1] + "2/thread", "state=open", "state=ajar"))
    contains(site.run(METROPLEX, "thread", "list", "--state", "closed", status=78).stderr, "threads/000/0/0/0/0/2/thread:5: [thread] state: neither open nor closed")
    site.metroplex("thread", "title", "1", "Docket", "--as", "tim")  # nobody else waits for it
    equal(site.git("show", "main:listed/unreadable/ids"), "2\n")
    contains(site.run(METROPLEX, "thread", "list", "--state", "closed", status=78).stderr, "neither open nor closed")
    edit(site, lambda c: replace(c, T[:-1] + "2/thread", "state=ajar", "state=closed"))
    equal(listed_titles(site, "--state", "open"), ["Docket"])
    equal(listed_titles(site), ["Docket", "Socket does not start"])
    edit(site, lambda c: remove(c, T[:-1] + "2"))
    equal(listed_titles(site), ["Docket"])


@test
def a_page_of_the_list_that_is_wrong_is_not_believed(site):
    small_tracker(site)
    site.thread("tim")
    site.metroplex("thread", "close", "2", "--as", "tim")
    edit(site, lambda c: write(c, LISTED, site.git("show", "main:" + LISTED.replace("open", "closed")), mode="a"))
    equal([(t["id"], t["state"]) for t in shown(site)], [(1, "open"), (2, "closed")], "though thread 2 stands in both lists")
    equal(len(listed_titles(site, "--state", "open")), 1, "though only the list of open ones is read")
    site.metroplex("thread", "label", "1", "bug", "--as", "tim")
    equal([len(listed_titles(site, "--state", state)) for state in ("open", "closed")], [1, 1])
    equal(fsck(site), [], "the next change has made it anew")


@test
def lists_of_many_repositories_are_one_in_the_order_of_ids(site):
    small_tracker(site)
    for id in range(2, 10):
        site.metroplex("thread", "open", "--repository", f"acme/{'abc'[id % 3]}", "--kind", "issue", "--title", f"T{id}", "--as", "tim", "-", stdin="Text.\n")
        if id % 2:
            site.metroplex("thread", "close", str(id), "--as", "tim")
    ids = lambda *args: [json.loads(line)["id"] for line in site.metroplex("thread", "list", "--json", *args).splitlines()]
    edit(site, lambda c: replace(c, T[:-1] + "4/thread", "repository=acme/b", "repository=acme/c"))
    for when in ("edited by hand", "and after the next change"):
        equal(ids(), list(range(1, 10)), when)
        equal(ids("--state", "closed"), [3, 5, 7, 9], when)
        equal(ids("--repository", "acme/b"), [7], when)
        equal(ids("--repository", "acme/c", "--state", "open"), [2, 4, 8], when)
        equal(ids("--repository", "acme/none"), [], when)
        site.metroplex("thread", "label", "1", "bug", "--as", "tim")
    equal(fsck(site), [])


@test
def repositories_of_odd_names_are_listed_each_for_itself(site):
    """In paths that every system can check out; "ids" is a name of ours beside them."""
    site.user("tim")
    names = ("acme/rocket", "Acme/Rocket", "ids/4", "ids/rocket", "acme/4", "acme/rocket")
    for name in names:
        site.metroplex("thread", "open", "--repository", name, "--kind", "issue", "--title", name, "--as", "tim", "-", stdin="x\n")
    equal(listed_titles(site), list(names))
    for name in set(names):
        equal(listed_titles(site, "--repository", name), [each for each in names if each == name])
    paths = site.git("ls-tree", "-r", "--name-only", "HEAD", "listed").splitlines()
    equal(paths, ["listed/of", *sorted("listed/open/" + name for name in {name.lower() for name in names})])
    equal(fsck(site), [])


@test
def a_page_of_the_list_that_is_wrong_spoils_no_other(site):
    """Behind it, what somebody edited by hand is listed as it is all the same."""
    small_tracker(site)
    for _ in range(101):
        site.thread("tim")
    retitled = lambda c, id: replace(c, f"threads/{path_of_id(id)}/thread", "title=Rocket", "title=Pocket")
    edit(site, lambda c: (retitled(c, 1), retitled(c, 102), write(c, LISTED + "/1", "7 is no line\n", mode="a")))
    equal([t["id"] for t in shown(site) if t["title"].startswith("Pocket")], [1, 102])
    site.metroplex("thread", "label", "2", "bug", "--as", "tim")
    equal(fsck(site), [])


@test
def who_is_removed_is_gone_from_each_line(site):
    small_tracker(site, comments=1)
    edit(site, lambda c: write(c, S, "2 cc\n", mode="a"))
    equal(faults(site), ["twice " + S])
    site.metroplex("user", "remove", "ada")
    equal(site.git("show", "main:" + S), "1 author\n")
    equal(fsck(site), [])


@test
def the_list_does_not_depend_on_what_it_was_made_of(site):
    small_tracker(site)
    site.thread("tim")
    edit(site, lambda c: replace(c, T + "/thread", "title=Rocket", "title=Pocket"))
    gone = site.git("rev-parse", site.git("show", "main:listed/of").split()[0] + ":000/0/0/0/0/1").strip()
    path = os.path.join(site.data, "tracker.git")
    packs = [name for name in os.listdir(path + "/objects/pack")]
    for name in packs:
        os.rename(f"{path}/objects/pack/{name}", f"{site.dir}/{name}")
    for name in packs:
        if name.endswith(".pack"):
            with open(f"{site.dir}/{name}", "rb") as pack:
                subprocess.run(["git", "-c", "safe.directory=*", "-C", path, "unpack-objects", "-q"], stdin=pack, check=True)
    os.remove(f"{path}/objects/{gone[:2]}/{gone[2:]}")
    equal(sorted(listed_titles(site)), ["Pocket does not start", "Rocket does not start"])
    site.metroplex("thread", "redact", "1", "0")
    equal(len(listed_titles(site)), 2)
    check("Pocket" not in site.git("show", "main:" + LISTED), "the title that was taken back is still listed")


@test
def a_list_that_was_removed_is_made_anew(site):
    small_tracker(site)
    site.thread("tim")
    site.metroplex("thread", "close", "2", "--as", "tim")
    whole, said = site.git("rev-parse", "main:listed"), site.metroplex("thread", "list")
    edit(site, lambda c: remove(c, "listed"))
    equal(site.metroplex("thread", "list"), said, "without an index")
    equal(fsck(site), [], "that is what tracker(5) says is to be done")
    site.metroplex("thread", "lock", "2", "--as", "tim")
    site.metroplex("thread", "unlock", "2", "--as", "tim")
    equal([line.split("\t")[:3] for line in site.git("show", "main:listed/closed/acme/rocket").splitlines()], [["2", "issue", "-"]])
    equal(site.metroplex("thread", "list"), said)
    check(site.git("rev-parse", "main:listed/open") == site.git("rev-parse", whole.strip() + ":open"), "the same lines in another way")


def is_current(site):
    """Whether no thread is to be compared by who lists them."""
    return site.git("show", "main:listed/of").split()[0] == site.git("rev-parse", "main:threads").strip()


def answer(site, thread, count):
    """By so many mails in one batch."""
    before = len(site.git("rev-list", "main").split())
    for i in range(count):
        site.deliver(site.mail("ada@example.org", site.address(thread, "ada"), f"Answer {i}.\n"))
    site.metroplex("--once")
    equal(len(site.git("rev-list", "main").split()), before + count, "each is a commit, and there is no other")


@test
def the_list_is_compared_with_few_comments_however_many_came(site):
    """The last commit of a large batch names the threads that it leaves, and some of small ones do: each would be in the way of a revert."""
    site.set_config("inbound", batch=32)
    thread = small_tracker(site)
    lists, states = site.git("rev-parse", "main:listed/open"), []
    answer(site, thread, 64)
    check(is_current(site), "after two batches of a run")
    while len(set(states)) < 2 and len(states) < 500:
        site.metroplex("thread", "comment", str(thread), "--as", "ada", "-", stdin=f"One more, {len(states)}.\n")
        states.append(is_current(site))
    equal(set(states), {True, False}, "of five hundred, some are and some are not")
    equal(site.git("rev-parse", "main:listed/open"), lists)
    n = len(site.git("rev-list", "main").split())
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    equal((len(site.git("rev-list", "main").split()), is_current(site)), (n + 1, True), "it is in the same commit")
    check(site.git("ls-tree", "main", "listed/open") == "", "closed, it is in another list")
    equal(site.git("fsck", "--strict"), "", "nothing is left behind")


@test
def what_somebody_edited_by_hand_stays_to_be_compared_whatever_is_said(site):
    """Until a thread changes, which writes it."""
    thread = small_tracker(site)
    other = site.thread("tim")
    record = f"threads/{path_of_id(other)}/thread"
    for name, change in (
            ("a record", lambda c: replace(c, record, "title=Rocket", "title=Pocket")),
            ("a page", lambda c: replace(c, LISTED, "Rocket", "Locket")),
            ("what it was made of", lambda c: write(c, "listed/of", "nothing\n")),
            ("a tree that is not there", lambda c: replace(c, "listed/of", site.git("rev-parse", "main:threads").strip(), "5" * 40)),
            ("all of it", lambda c: subprocess.run(["git", "-C", c, "rm", "-rq", "listed"], check=True))):
        edit(site, change)
        titles = [title.split()[0] for title in listed_titles(site)]
        equal(titles, ["Rocket", "Pocket"], name)
        before = site.git("ls-tree", "-r", "main", "listed")
        answer(site, thread, 32)
        equal((site.git("ls-tree", "-r", "main", "listed"), titles), (before, [title.split()[0] for title in listed_titles(site)]), name)
        site.metroplex("thread", "label", str(thread), name.replace(" ", "-"), "--as", "tim")
        equal((is_current(site), fsck(site)), (True, []), name)
        contains(site.git("show", "main:" + LISTED), "Pocket")


@test
def fsck_names_each_fault_of_an_event(site):
    small_tracker(site)
    site.metroplex("thread", "lock", "1", "--as", "tim")
    site.metroplex("thread", "label", "1", "bug", "--as", "ada")
    equal(fsck(site), [], "a whole tracker")
    drop_events(site)
    path = os.path.join(site.data, "tracker.git")
    shutil.copytree(path, path + ".whole")
    for change, expected in (
            (lambda c: replace(c, T + "/events/1", "change=locked", "change=looked"), ["malformed", "stale-key"]),
            (lambda c: replace(c, T + "/events/2", "labels=bug;", "labels=a b;"), ["malformed", "stale-key"]),
            (lambda c: replace(c, T + "/events/1", "author=1", "author=77"), ["no-user"]),
            (lambda c: remove(c, received(c, "e1")), ["no-key"]),
            (lambda c: remove(c, T + "/events/2"), ["stale-key"]),
            (lambda c: remove(c, T + "/events/1"), ["gap", "stale-key"]),
            (lambda c: write(c, T + "/events/one", "x"), ["misplaced"])):
        edit(site, change)
        found = [f["fault"] for f in fsck(site, 65)]
        equal(sorted(set(found)), sorted(f for f in expected if f in found), expected)
        check(expected[0] in found, f"{expected}: {found}")
        shutil.rmtree(path)
        shutil.copytree(path + ".whole", path)
    equal(fsck(site), [], "a whole tracker again")


@test
def an_edited_tracker_and_one_without_an_index_keep_one_thread_a_commit(site):
    small_tracker(site)
    edit(site, lambda c: as_commit(c, T))  # as it was before there was commits/
    equal(fsck(site), [], "an index is not demanded")

    def opens(object, status=0):
        return site.run(METROPLEX, "thread", "open", "--repository", "acme/rocket", "--kind", "commit", "--object", object, "--title", "T", "--as", "tim", stdin="x", status=status)

    contains(opens("f00", 65).stderr, "thread 1 is about f00")
    equal(opens("ba5").stdout, "2\n")
    equal(site.git("show", "main:" + INDEX).strip(), "1", "all that were there are in it")
    contains(opens("f00", 65).stderr, "thread 1 is about f00")
    edit(site, lambda c: replace(c, T + "/thread", "object=f00", "object=cafe"))
    equal([f["fault"] for f in fsck(site, 65)], ["no-index", "stale-index"])
    equal(opens("f00").stdout, "3\n", "the first is about something else by now")
    equal([f["fault"] for f in fsck(site, 65)], ["no-index"])
    found = fsck(site, 65)[0]
    id, path = re.search(r"write (\d+) into (\S+) in", found["mend"]).groups()
    edit(site, lambda c: write(c, path, id + "\n"))
    equal(fsck(site), [], "what it says mends it")


@test
def fsck_names_each_fault_of_the_accounts(site):
    plant_all(site, PLANTED_ACCOUNTS, "accounts.git")


@test
def fsck_finds_pages_in_order_where_there_are_many(site):
    thread = small_tracker(site, comments=0)
    for i in range(120):
        site.deliver(site.mail("ada@example.org", site.address(thread, "ada") if i == 0 else fsck.address, f"Reply {i}.\n"))
        if i == 0:
            fsck.address = site.address(thread, "ada")
    site.metroplex("--once")
    equal(fsck(site), [])
    contains(site.run(METROPLEX, "fsck").stdout, "121 comments, 121 KEYs")


def event(site, place, name, key, thread, kind="comment", actor=2, outbox="outbox"):
    """An event's file like one of ours, with other facts."""
    sample = os.path.join(site.data, "outbox/new", site.events()[0])
    with open(sample) as f:
        lines = [line.split("\t") for line in f.read().splitlines()]
    values = {"kind": kind, "event": kind, "thread": str(thread), "actor": str(actor), "key": key}
    text = "".join("\t".join([l[0], *([values[l[0]]] if l[0] in values else l[1:])]) + "\n" for l in lines)
    with open(os.path.join(site.data, outbox, place, name), "w") as f:
        f.write(text)


@test
def fsck_names_events_that_announce_nothing(site):
    small_tracker(site)
    whole = site.events()
    equal(len(whole), 4)
    for place, name in (("new", ABSENT), ("retry", f"1700000000.{ABSENT}"), ("hold", ABSENT), ("failed", ABSENT), ("tmp", ABSENT)):
        event(site, place, name, ABSENT, 1)
        equal(faults(site), [f"dangling {place}/{name}"])
        os.remove(os.path.join(site.data, "outbox", place, name))
    event(site, "new", ABSENT, ABSENT, 5)
    found = fsck(site, 65)
    equal([f["what"] for f in found], ["thread 5 does not exist"])
    contains(found[0]["mend"], f"notifier queue drop {ABSENT}")
    site.notifier("queue", "drop", ABSENT)
    equal(fsck(site), [])
    with open(os.path.join(site.data, "outbox/new", ABSENT), "w") as f:
        f.write("nonsense\n")
    equal(faults(site), [f"malformed new/{ABSENT}"])


def plant(site, path, text=""):
    path = os.path.join(site.data, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if text is None:
        os.mkdir(path)
    else:
        with open(path, "w") as f:
            f.write(text)


@test
def fsck_looks_at_all_that_waits_in_outbox_and_hook(site):
    site.set_config("inbound", on_comment="/bin/false")
    small_tracker(site)
    comment = next(n for n in site.listed("hook/new") if "kind\tcomment" in open(os.path.join(site.data, "hook/new", n)).read())
    for name in ("outbox", "hook"):
        shutil.copytree(os.path.join(site.data, name), os.path.join(site.dir, name + ".whole"))
    record = "answered/2026-01-31.2.empty.1"
    kept = [lambda o: plant(site, f"{o}/new/.hidden"), lambda o: plant(site, f"{o}/{record}", "0" * 64 + "\n"), lambda o: plant(site, f"{o}/lock")]
    planted = [
        (lambda o: plant(site, f"{o}/notes.txt"), ["misplaced notes.txt"]),
        (lambda o: plant(site, f"{o}/new/notes.txt"), ["misplaced new/notes.txt"]),
        (lambda o: plant(site, f"{o}/retry/{ABSENT}", "x"), [f"misplaced retry/{ABSENT}"]),
        (lambda o: plant(site, f"{o}/new/{ABSENT}", None), [f"misplaced new/{ABSENT}"]),
        (lambda o: plant(site, f"{o}/answered/yesterday", "0" * 64 + "\n"), ["misplaced answered/yesterday"]),
        (lambda o: plant(site, f"{o}/{record}", "nonsense\n"), [f"misplaced {record}"]),
        (lambda o: plant(site, f"{o}/hold/{ABSENT}", "nonsense\n"), [f"malformed hold/{ABSENT}"]),
        (lambda o: event(site, "new", ABSENT, ABSENT, 1, outbox=o), [f"dangling new/{ABSENT}"]),
        (lambda o: event(site, "tmp", ABSENT, ABSENT, 7, outbox=o), [f"dangling tmp/{ABSENT}"]),
        (lambda o: event(site, "retry", f"1700000000.{comment}", comment, 1, outbox=o), [f"twice retry/1700000000.{comment}"]),
        (lambda o: os.rename(os.path.join(site.data, o, "new", comment), os.path.join(site.data, o, "retry", f"4102444800.{comment}")), [f"late retry/4102444800.{comment}"]),
    ]
    for outbox in ("outbox", "hook"):
        for change, expected in [(k, []) for k in kept] + planted:
            change(outbox)
            found = fsck(site, 65 if expected else 0)
            equal([f"{f['fault']} {f['path']}" for f in found], expected, outbox)
            check(all(f["repository"] == outbox and f["mend"] for f in found), found)
            if found and found[0]["mend"].startswith(("rm ", "mv ")):
                subprocess.run(["sh", "-c", "cd $0 && " + found[0]["mend"], site.data], check=True)
                equal(fsck(site), [], "what it says mends it")
            for name in ("outbox", "hook"):
                shutil.rmtree(os.path.join(site.data, name))
                shutil.copytree(os.path.join(site.dir, name + ".whole"), os.path.join(site.data, name))
    site.set_config("inbound", on_comment="")
    plant(site, "hook/new/notes.txt")
    equal(faults(site), ["misplaced new/notes.txt"], "also where nobody is told of comments any more")
    shutil.rmtree(os.path.join(site.data, "hook/new"))
    equal([f["fault"] for f in fsck(site, 65)], ["missing"])
    shutil.rmtree(os.path.join(site.data, "hook"))
    equal(fsck(site), [])


@test
def fsck_says_for_people_what_where_and_how(site):
    small_tracker(site)
    drop_events(site)
    names = []
    edit(site, lambda c: (names.append(received(c, 3)), remove(c, received(c, 3))))
    done = site.run(METROPLEX, "fsck", status=65)
    contains(done.stdout, "tracker.git:" + T + "/comments/3: no-key: the KEY of comment 3")
    contains(done.stdout, "    mend: add an empty file " + names[0])
    contains(done.stdout, "2 accounts, 1 thread, 4 comments, 3 KEYs, 1 repository, 0 events: 1 fault (")


@test
def fsck_survives_a_damaged_object(site):
    small_tracker(site)
    blob = site.git("rev-parse", f"main:{T}/comments/2/mail").strip()
    drop_events(site)
    packs = os.path.join(site.data, "tracker.git/objects/pack")
    moved = os.path.join(site.dir, "packs")
    shutil.copytree(packs, moved)
    shutil.rmtree(packs)
    os.mkdir(packs)
    for name in os.listdir(moved):
        if name.endswith(".pack"):
            with open(os.path.join(moved, name), "rb") as f:
                subprocess.run([*GIT, "-C", os.path.join(site.data, "tracker.git"), "unpack-objects", "-q"], stdin=f, check=True)
    os.remove(os.path.join(site.data, "tracker.git/objects", blob[:2], blob[2:]))
    equal(faults(site), ["unreadable " + T + "/comments/2/mail"])


# --- Export and import ------------------------------------------------------------------------------

SENT = email.utils.formatdate(time.time() - 3600)[:-5] + "+0000"  # a day that is long gone would be taken for a wrong clock
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
MAIL_WITH_QUOTE = "My answer.\nFrom here on it works.\n>From there it did not.\n\n-- \nAda, ada@example.org\n"


def rich_thread(site):
    """A thread with all that a thread can have."""
    for login in ("tim", "ada", "eve"):
        site.user(login)
    thread = site.thread("tim", kind="pull", object="feature/x", title="Größe: ein Titel über mehr als ein Wort, "
                         "der so lang ist, dass er nicht in eine Zeile passt", body="Opening *post* by @eve.\nFrom the start.\n")
    message = email.message.EmailMessage()
    message["From"] = "ada@example.org"
    message["To"] = site.address(thread, "ada")
    message["Message-ID"] = "<one@mail.example.org>"
    message["Date"] = SENT
    message["Subject"] = "Re: x"
    message.set_content(MAIL_WITH_QUOTE)
    message.add_attachment(PNG, maintype="image", subtype="png", filename="a b.png")
    site.deliver(bytes(message))
    site.metroplex("--once")
    equal(site.failure, [])
    site.metroplex("thread", "comment", str(thread), "--as", "eve", "-", stdin="Zwei – mit Ümlaut.\n\n    From code\n>>From quoted\n")
    site.metroplex("thread", "subscribe", str(thread), "tim")
    site.metroplex("thread", "unsubscribe", str(thread), "eve")
    site.metroplex("thread", "lock", str(thread), "--as", "tim")
    site.metroplex("thread", "label", str(thread), "bug", "à-faire", "--as", "tim")
    site.metroplex("thread", "assign", str(thread), "ada", "--as", "tim")
    site.metroplex("thread", "unlabel", str(thread), "bug", "--as", "tim")
    site.metroplex("thread", "title", str(thread), "Größe: ein Titel, der so lang ist, dass er nicht in eine einzige Zeile eines Kopfes passt", "--as", "tim")
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    return thread


def exported(site, thread, form="json"):
    return site.metroplex("thread", "export", str(thread), "--format", form)


def imported(site, text, *args, status=0):
    return site.run(METROPLEX, "thread", "import", *args, "-", stdin=text, status=status)


def mailed(site):
    """The entries of message-ids/."""
    return [os.path.basename(p) for p in site.git("ls-tree", "-r", "--name-only", "main", "message-ids").splitlines()]


def comparable(text):
    """An export without what is another in another tracker: id, KEYs, Message-IDs of ours."""
    whole = json.loads(text)
    whole.pop("id")
    whole["subscribers"].sort(key=lambda s: s["login"])
    for comment in whole["comments"]:
        comment.pop("id")
        comment.pop("key")
    for event in whole["events"]:
        event.pop("key")
    return whole


def tip(site):
    return site.git("rev-parse", "main").strip()


class Other(Site):
    """A second installation, with other accounts before those that matter."""

    def __enter__(self):
        for login in ("zoe", "ada", "eve", "tim"):
            self.user(login)
        self.thread("zoe")
        drop_events(self)
        return self

    def __exit__(self, *_):
        self.remove()


@test
def json_goes_there_and_back_without_loss(site):
    thread = rich_thread(site)
    text = exported(site, thread)
    whole = json.loads(text)
    check(whole["comments"][1]["elided"], "nothing was elided")
    equal(len(whole["comments"][1]["attachments"]), 1)
    with Other() as other:
        equal(imported(other, text).stdout, "2 3 added 0 known\n")
        equal(comparable(exported(other, 2)), comparable(text))
        equal(other.events(), [])
        equal(fsck(other), [])
        equal(mailed(other), [digits("<one@mail.example.org>") + ".2"])
        before = tip(other)
        equal(imported(other, text).stdout, "2 0 added 3 known\n")
        equal(tip(other), before)
        other.metroplex("thread", "unlock", "2", "--as", "zoe")
        other.metroplex("thread", "comment", "2", "--as", "zoe", "-", stdin="One more there.\n")
        back = exported(other, 2)
        equal(imported(other, back).stdout, "2 0 added 4 known\n")


@test
def blanks_at_the_ends_of_lines_and_uuencoded_files_go_there_and_back(site):
    site.user("tim")
    thread = site.thread("tim", body="a  \nb \t\n\n  c \n")
    texts = ["one  \ntwo \t\n\n  three\n", "ends in blanks  \n", "and in a tab\t\n", "no line after it \u00a0", "    code  \n    more  \n", "-\n \n- \n"]
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="A file of old:\n\nbegin 644 x\n#0V%T\n`\nend\n")
    for text in texts:
        site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), text))
    site.metroplex("--once")
    equal(len(site.show(thread)["comments"]), 1 + len(texts))
    bodies = [c["body"] for c in json.loads(exported(site, thread))["comments"]]
    check(bodies[3].endswith("blanks  \n"), bodies[3])
    for form in ("json", "mbox"):
        with Other() as other:
            new = imported(other, exported(site, thread, form)).stdout.split()[0]
            equal([c["body"] for c in json.loads(exported(other, new))["comments"]], bodies, form)


@test
def form_feeds_and_vertical_tabs_end_lines_of_commands_too(site):
    site.user("tim")
    thread = site.thread("tim", body="one\ftwo\vthree\n")
    equal(site.show(thread)["body"], "one\ntwo\nthree\n")


@test
def a_thread_imported_at_home_is_there_already(site):
    thread = rich_thread(site)
    for form in ("json", "mbox"):
        before = tip(site)
        equal(imported(site, exported(site, thread, form)).stdout, f"{thread} 0 added 3 known\n", form)
        equal(tip(site), before, form)


@test
def a_thread_that_grew_is_added_to(site):
    thread = small_tracker(site)
    with Other() as other:
        imported(other, exported(site, thread))
        site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="And a fourth.\n")
        equal(imported(other, exported(site, thread, "mbox"), "--announce").stdout, "2 1 added 4 known\n")
        equal(other.show(2)["comments"][3]["body"], "And a fourth.\n")
        equal(len(other.events()), 1)
        equal(fsck(other), [])


@test
def mbox_threads_and_keeps_every_line(site):
    import mailbox
    thread = rich_thread(site)
    text = exported(site, thread, "mbox")
    path = os.path.join(site.dir, "thread.mbox")
    with open(path, "w") as f:
        f.write(text)
    messages = list(mailbox.mbox(path))
    equal(len(messages), 3)
    ids = [c["id"] for c in json.loads(site.metroplex("thread", "export", str(thread)))["comments"]]
    equal([m["Message-ID"] for m in messages], ids)
    for found, form in zip(ids, ("", "/c1-[0-9a-f]{8}", "/c2-[0-9a-f]{8}")):
        check(re.fullmatch(f"<acme/rocket/pull/{thread}-[0-9a-f]{{8}}{form}@{HOST}>", found), found)
    equal([m["References"] for m in messages], [None] + [messages[0]["Message-ID"]] * 2)
    contains(messages[1]["From"], f"<ada@users.noreply.{HOST}>")
    equal(messages[1]["Date"], SENT)
    contains(text, "\n>From here on")
    contains(text, "\n>>>From quoted")
    with Other() as other:
        equal(imported(other, text).stdout, "2 3 added 0 known\n")
        old, new = site.show(thread), other.show(2)
        for name in ("kind", "repository", "title", "state", "locked", "object", "author", "created", "body"):
            equal(new[name], old[name], name)
        for a, b in zip(old["comments"], new["comments"]):
            equal([b[n] for n in ("author", "date", "body", "via")], [a[n] for n in ("author", "date", "body", "via")])
        equal(mailed(other), [digits("<one@mail.example.org>") + ".2"])
        before = tip(other)
        equal(imported(other, text).stdout, "2 0 added 3 known\n")
        equal(imported(other, exported(site, thread)).stdout, "2 0 added 3 known\n")
        equal(tip(other), before)


FOREIGN = """From someone Tue Nov 24 20:00:00 2026
From: Ada <ada@example.org>
Message-ID: <first@list.example.org>
Date: Tue, 24 Nov 2026 20:00:00 +0000
Subject: A question

How does it work?

From other Tue Nov 24 21:00:00 2026
From: Stranger <s@elsewhere.example>
Message-ID: <second@list.example.org>
In-Reply-To: <first@list.example.org>
Subject: Re: A question
Date: Tue, 24 Nov 2026 21:00:00 +0000

Like this.

> How does it work?
"""


@test
def any_mbox_becomes_a_thread(site):
    site.user("ada")
    site.user("guest")
    before = tip(site)
    done = imported(site, FOREIGN, "--repository", "acme/rocket", status=65)
    contains(done.stderr, "line 9: no account of s@elsewhere.example here; --as LOGIN")
    equal(tip(site), before)
    contains(imported(site, FOREIGN, "--as", "guest", status=65).stderr, "line 1: no repository of the form owner/name")
    equal(imported(site, FOREIGN, "--as", "guest", "--repository", "acme/rocket").stdout, "1 2 added 0 known\n")
    shown = site.show(1)
    equal((shown["title"], shown["author"], shown["body"]), ("A question", "ada", "How does it work?\n"))
    equal((shown["comments"][0]["author"], shown["comments"][0]["via"]), ("guest", "import"))
    equal(shown["comments"][0]["message_id"], "<second@list.example.org>")
    check(digits("<second@list.example.org>") + ".1" in mailed(site), "an answer to it would not be found")
    contains(shown["comments"][0]["body"], "Like this.")
    before = tip(site)
    imported(site, FOREIGN, "--as", "guest", "--repository", "acme/rocket")
    equal(tip(site), before)
    equal(fsck(site), [])


@test
def a_file_with_a_fault_imports_nothing(site):
    thread = small_tracker(site)
    whole = json.loads(exported(site, thread))
    before = None

    def without(change):
        copy = json.loads(json.dumps(whole))
        change(copy)
        return json.dumps(copy)

    cases = [
        ("{\n\"format\": 1,\n nonsense", "line 2:12: "),
        ("{\"a\":" + "[" * 100000, "nested deeper"),
        ("\x7fELF", "line 1: not an mbox"),
        (without(lambda w: w.update(format="other")), "thread.format"),
        (without(lambda w: w.update(kind="song")), "thread.kind"),
        (without(lambda w: w.update(title="x" * 300)), "title"),
        (without(lambda w: w.update(comments=[])), "thread.comments"),
        (without(lambda w: w.update(comments={})), "thread.comments: not an array"),
        (without(lambda w: w["comments"].append(7)), "not an array of objects"),
        (without(lambda w: w["comments"][2].pop("body")), "comments[2].body: missing"),
        (without(lambda w: w["comments"][2].update(body=7)), "comments[2].body: not a string"),
        (without(lambda w: w["comments"][2].update(body="x" * 70000)), "comments[2]: the text has 70000 characters"),
        (without(lambda w: w["comments"][2].update(author="nobody")), "comments[2]: no account of nobody here"),
        (without(lambda w: w["comments"][2].update(id="<a b>")), "comments[2].id"),
        (without(lambda w: w["comments"][2].update(key="../../x")), "comments[2].key"),
        (without(lambda w: w["comments"][2].update(date="soon")), "comments[2].date"),
        (without(lambda w: w["comments"][2].update(attachments=[{"file": "../x", "name": "x", "type": "a/b", "data": ""}])), "comments[2].file: not a number"),
        (without(lambda w: w["comments"][2].update(attachments=[{"file": "1", "name": "x", "type": "a/b", "data": ""}] * 2)), "comments[2].file: there twice"),
        (without(lambda w: w["comments"][2].update(attachments=[{"name": "", "type": "a/b", "data": ""}])), "comments[2].name: empty"),
        (without(lambda w: w["comments"][2].update(attachments=[{"name": "x", "type": "a/b", "data": "A" * 15000000}])), "too long"),
    ]
    with Other() as other:
        before = tip(other)
        for text, word in cases:
            contains(imported(other, text, status=65).stderr, word)
            equal(tip(other), before, word)
        equal(other.events(), [])
        equal(os.listdir(os.path.join(other.data, "outbox/tmp")), [])


# --- on-comment -------------------------------------------------------------------------------------

def hook(site, body, timeout=30):
    """Makes a program of these shell lines; it writes to DIR/got."""
    path = os.path.join(site.dir, "on-comment")
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + body.replace("GOT", os.path.join(site.dir, "got")))
    os.chmod(path, 0o755)
    site.set_config("inbound", on_comment=path, hook_timeout=timeout)


def got(site):
    try:
        with open(os.path.join(site.dir, "got")) as f:
            return [json.loads(line) for line in f]
    except FileNotFoundError:
        return []


def spooled(site, *places):
    return [n for p in places or ("tmp", "new", "retry", "hold", "failed") for n in os.listdir(os.path.join(site.data, "hook", p))]


def due_now(site):
    """Makes what waits for its next try due."""
    directory = os.path.join(site.data, "hook/retry")
    for name in os.listdir(directory):
        os.rename(os.path.join(directory, name), os.path.join(directory, "1." + name.split(".")[1]))


@test
def on_comment_gets_mails_and_commands(site):
    hook(site, "cat >>GOT\n")
    thread = small_tracker(site, comments=1)
    equal(len(spooled(site, "new")), 2)
    site.deliver(site.mail("ada@example.org", site.address(thread, "ada"), "By mail.\n"))
    site.metroplex("thread", "close", str(thread), "--as", "tim")
    site.metroplex("--once")
    lines = got(site)
    equal(sorted((l["thread"], l["number"], l["repository"], l["author"], l["via"]) for l in lines),
          [(1, 0, "acme/rocket", "tim", "command"), (1, 1, "acme/rocket", "ada", "command"), (1, 2, "acme/rocket", "ada", "mail")])
    by_mail = [l for l in lines if l["number"] == 2][0]
    shown = site.show(thread)["comments"][1]
    equal({k: by_mail[k] for k in shown}, shown)
    check(len(by_mail["key"]) == 32, by_mail["key"])
    equal(spooled(site), [])
    contains(site.log(), "3 comments, status 0 after")
    site.metroplex("--once")
    equal(len(got(site)), 3)


@test
def on_comment_outlives_a_thread_that_was_taken_away(site):
    hook(site, "cat >>GOT\n")
    first = small_tracker(site, comments=1)
    second = site.thread("tim")
    edit(site, lambda clone: os.remove(os.path.join(clone, f"threads/{path_of_id(first)}/thread")))
    site.metroplex("--once")
    equal([line["thread"] for line in got(site)], [second])
    equal(spooled(site), [])
    contains(site.log(), f"on-comment: thread {first} has no comment")


@test
def a_batch_goes_out_in_the_order_of_its_comments(site):
    hook(site, "cat >>GOT\n")
    site.set_config("smtp", connections="1")
    site.user("tim"), site.user("kate", "kate@example.org")
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    for i in range(40):
        site.deliver(site.mail("kate@example.org", address, f"This is number {i}.\n"))
    site.metroplex("--once")
    written = [c["body"] for c in site.show(thread)["comments"]]
    site.notifier("--once")
    sent = [m.get_payload(0).get_payload().split("\n")[0] + "\n" for m in site.sent() if m["Delivered-To"] == "tim@example.org"]
    equal(sent, written)
    equal([line["body"] for line in got(site)][1:], written, "to on-comment as well")


@test
def on_comment_that_fails_is_tried_again(site):
    hook(site, "echo 'no \\033[31m way' >&2\nhead -c 6000 /dev/zero | tr '\\0' x >&2\nexit 3\n")
    small_tracker(site, comments=1)
    site.metroplex("--once")
    equal(len(spooled(site, "retry")), 2)
    contains(site.log(), "status 3 after")
    line = [l for l in site.log().splitlines() if "status 3" in l][0]
    check(len(line) < 900 and "\033" not in line, line)
    site.metroplex("--once")
    equal(site.log().count("status 3"), 1, "not before it is due")
    due_now(site)
    hook(site, "cat >>GOT\n")
    site.metroplex("--once")
    equal(len(got(site)), 2)
    equal(spooled(site), [])


@test
def on_comment_that_hangs_is_killed_with_its_children(site):
    hook(site, "sleep 1000 &\necho $! >>GOT.pids\nsleep 1000\n", timeout=1)
    thread = small_tracker(site, comments=0)
    site.deliver(site.mail("ada@example.org", site.address(thread, "ada"), "By mail.\n"))
    site.metroplex("--once")
    equal(len(site.success), 1)
    contains(site.log(), "killed, its time was over after 1.")
    with open(os.path.join(site.dir, "got.pids")) as f:
        for pid in f.read().split():
            check(state_of(pid) in ("gone", "Z"), f"process {pid} is {state_of(pid)}")
    equal(len(spooled(site, "retry")), 2)


def state_of(pid):
    """As ps(1) has it; "gone" if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "gone"


@test
def what_on_comment_leaves_running_ends_with_it(site):
    # in its group, in a session of its own, a child of such a child whose parent has ended, and deaf to SIGTERM
    hook(site, "trap '' TERM\nsleep 1000 & echo $! >>GOT.pids\nsetsid sh -c 'echo $$ >>GOT.pids; sleep 1000 & echo $! >>GOT.pids; wait' &\n"
               "setsid sh -c 'setsid sh -c \"echo \\$\\$ >>GOT.pids; exec sleep 1000\" & sleep 0.1' &\n"
               "while [ $(wc -l <GOT.pids) -lt 4 ]; do sleep 0.01; done\ncat >>GOT\n")
    small_tracker(site, comments=0)
    site.metroplex("--once")
    equal(len(got(site)), 1)
    with open(os.path.join(site.dir, "got.pids")) as f:
        pids = f.read().split()
    equal(len(pids), 4)
    equal([state for state in map(state_of, pids) if state not in ("gone", "Z")], [])
    equal(spooled(site), [])


@test
def mail_goes_on_while_on_comment_is_at_work(site):
    from harness import wait_until
    hook(site, "touch GOT.begun\nsleep 1000\n", timeout=20)
    thread = small_tracker(site, comments=0)
    address = site.address(thread, "ada")
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"])
    try:
        wait_until(lambda: os.path.exists(os.path.join(site.dir, "got.begun")))
        site.deliver(site.mail("ada@example.org", address, "Meanwhile.\n"))
        wait_until(lambda: len(site.success) == 1, 8)
        contains(site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="So am I.\n"), "2")
    finally:
        run.terminate()
        equal(run.wait(10), 0)
    equal(len(spooled(site, "new", "retry")), 3)


@test
def on_comment_inherits_nothing(site):
    hook(site, "ls -l /proc/self/fd >GOT.fds\nenv >GOT.env\npwd >>GOT.env\n")
    small_tracker(site, comments=0)
    os.environ["SECRET_OF_PARENT"] = "1"
    site.metroplex("--once")
    with open(os.path.join(site.dir, "got.fds")) as f:
        fds = f.read()
    check("lock" not in fds and "outbox" not in fds and ".git" not in fds, fds)
    with open(os.path.join(site.dir, "got.env")) as f:
        env = f.read()
    check("SECRET_OF_PARENT" not in env, env)
    contains(env, "PATH=/usr/local/bin:/usr/bin:/bin")


@test
def a_kill_between_commit_and_publication_loses_no_line(site):
    hook(site, "cat >>GOT\n")
    small_tracker(site, comments=1)
    for name in spooled(site, "new"):  # as if killed before the renames
        os.rename(os.path.join(site.data, "hook/new", name), os.path.join(site.data, "hook/tmp", name))
    event(site, "../hook/tmp", ABSENT, ABSENT, 1)  # and one whose commit was not made
    site.metroplex("--once")
    equal(len(got(site)), 2)
    equal(spooled(site), [])


@test
def on_comment_that_is_missing_holds_up_nothing(site):
    site.set_config("inbound", on_comment="/nonexistent/program")
    thread = small_tracker(site, comments=0)
    site.deliver(site.mail("ada@example.org", site.address(thread, "ada"), "By mail.\n"))
    site.metroplex("--once")
    equal(len(site.success), 1)
    equal(len(spooled(site, "retry")), 2)
    contains(site.log(), "/nonexistent/program: 2 comments, status 126")
    contains(site.log(), "cannot execute /nonexistent/program: No such file or directory")
    site.set_config("inbound", on_comment=site.dir)
    due_now(site)
    site.metroplex("--once")
    contains(site.log(), f"cannot execute {site.dir}: Permission denied")
    site.set_config("inbound", on_comment="relative")
    contains(site.run(METROPLEX, "--once", status=78).stderr, "[inbound] on-comment")


# --- Upkeep -----------------------------------------------------------------------------------------

@test
def upkeep_during_a_run_disturbs_nothing(site):
    thread = small_tracker(site, comments=0)
    address = site.address(thread, "ada")
    site.set_config("inbound", batch=4)
    for i in range(200):
        site.deliver(site.mail("ada@example.org", address, f"Reply number {i}.\n"))
    with open(os.path.join(TOP, "cron/systemd/metroplex-repack.service")) as f:
        commands = [line.split("tracker.git ")[1].split() for line in f if line.startswith("ExecStart=")]
    equal([c[0] for c in commands], ["repack", "commit-graph"])
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--once"])
    rounds = 0
    while run.poll() is None:
        for command in commands:
            site.git(*command)
        rounds += 1
    equal(run.returncode, 0)
    check(rounds >= 2, f"only {rounds} rounds")
    for command in commands:
        site.git(*command)
    equal(len(site.success), 200)
    equal(len(site.show(thread)["comments"]), 200)
    equal(site.git("fsck", "--strict", "--no-dangling").strip(), "")
    site.git("commit-graph", "verify", "--shallow")
    equal(fsck(site), [])
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="And after it.\n")
    equal(len(site.git("log", "--oneline", "main", "--", "threads/000/0/0/0/0/1/comments/200-299").splitlines()), 2)


def packs(site, repository):
    return sum(name.endswith(".pack") for name in site.listed(f"{repository}/objects/pack"))


@test
def a_run_makes_few_packs_of_fifty(site):
    thread = small_tracker(site, comments=0)
    for i in range(50):
        site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=f"Comment {i}.\n")
        site.metroplex("user", "set", "ada", "--name", f"Ada {i}")
    check(packs(site, "tracker.git") >= 50 and packs(site, "accounts.git") >= 50, "there are packs to be made fewer")
    drop_events(site)
    before = site.git("rev-list", "--objects", "--all"), site.git("rev-list", "--objects", "--all", repository="accounts.git")
    killed = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"])
    try:  # one that dies over it leaves nothing that matters
        wait_until(lambda: packs(site, "tracker.git") < 50 or any("tmp_" in n for n in site.listed("tracker.git/objects/pack")), 120)
    finally:
        killed.kill()
        killed.wait()
    # it may have died over removing them: then less than 50 are left, which is no reason to begin again
    most = {r: 10 if packs(site, r) >= 50 else 50 for r in ("tracker.git", "accounts.git")}
    site.deliver(site.mail("ada@example.org", site.address(thread, "ada"), "By mail.\n"))
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--for", "60"])
    try:
        wait_until(lambda: len(site.success) == 1, 120)
        wait_until(lambda: all(packs(site, r) < most[r] for r in most), 120)
    finally:
        run.terminate()
        equal(run.wait(20), 0)
    for repository in ("tracker.git", "accounts.git"):
        equal(site.git("fsck", "--strict", "--no-dangling", repository=repository).strip(), "")
    left = {line.split(" ")[0] for line in site.git("rev-list", "--objects", "--all").split("\n")}
    check({line.split(" ")[0] for line in before[0].split("\n")} <= left, "nothing is lost")
    equal(site.git("rev-list", "--objects", "--all", repository="accounts.git"), before[1])
    equal(len(site.show(thread)["comments"]), 51)
    equal(fsck(site), [])


def objects(site):
    return set(site.git("cat-file", "--batch-all-objects", "--batch-check").splitlines())


def large_pack(site):
    """One of two MiB that nobody names; its name."""
    path = os.path.join(site.data, "tracker.git")
    git = ["git", "-c", "safe.directory=*", "-C", path]
    blob = subprocess.run([*git, "hash-object", "-w", "--stdin"], input=os.urandom(1 << 21), capture_output=True, check=True).stdout
    name = subprocess.run([*git, "pack-objects", "-q", "objects/pack/pack"], input=blob, capture_output=True, check=True).stdout.decode().strip()
    subprocess.run([*git, "prune-packed", "-q"], check=True)
    for file in os.listdir(path + "/objects/pack"):
        os.chown(f"{path}/objects/pack/{file}", os.stat(path).st_uid, os.stat(path).st_gid)
    return f"pack-{name}.pack"


@test
def small_packs_are_joined_beside_a_large_one_and_a_kept_one(site):
    thread = small_tracker(site, comments=0)
    large = large_pack(site)
    add = lambda n: [site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=f"Comment {i}.\n") for i in range(n)]
    add(52)
    folder = os.path.join(site.data, "tracker.git/objects/pack")
    kept = next(name for name in site.listed("tracker.git/objects/pack") if name.endswith(".pack") and name != large)
    open(os.path.join(folder, kept[:-4] + "keep"), "w").close()
    before, stood = objects(site), os.stat(os.path.join(folder, large)).st_ino
    site.metroplex("repack")
    equal(packs(site, "tracker.git"), 3)
    left = site.listed("tracker.git/objects/pack")
    check(kept in left and large in left, "a pack went that was to stay")
    equal(os.stat(os.path.join(folder, large)).st_ino, stood)
    equal(objects(site), before)
    equal([name for name in left if "tmp" in name], [])
    equal(site.git("fsck", "--strict", "--no-dangling").strip(), "")
    add(50)
    site.metroplex("repack")
    check(packs(site, "tracker.git") <= 4, "the packs grow in number")
    check(before < objects(site), "objects are lost")
    equal((len(site.show(thread)["comments"]), fsck(site)), (102, []))


@test
def packs_become_few_while_mail_comes(site):
    """One run of many batches, in which nothing is waited for: there is more mail until some packs went."""
    thread = small_tracker(site, comments=0)
    address = site.address(thread, "ada")
    site.set_config("inbound", batch=1)

    def deliver(first, count):
        for i in range(first, first + count):
            site.deliver(site.mail("ada@example.org", address, f"Reply number {i}.\n"))
        return first + count

    given = deliver(0, 400)
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--once"])
    most, fell = 0, False
    while run.poll() is None and not fell:
        now, left = packs(site, "tracker.git"), len(site.new)
        fell, most = now < most and left > 0, max(now, most)
        if left < 200 and given < 1200:
            given = deliver(given, 100)
        time.sleep(0.01)
    check(fell, f"{most} packs, and none went")
    equal(run.wait(120), 0)
    equal((len(site.success), len(site.show(thread)["comments"]), fsck(site)), (given, given, []))


@test
def collection_under_the_lock_disturbs_no_run(site):
    """As tracker(5) says, and with the least patience that Git has for what nobody names."""
    thread = small_tracker(site, comments=0)
    address = site.address(thread, "ada")
    site.set_config("inbound", batch=4)
    for i in range(120):
        site.deliver(site.mail("ada@example.org", address, f"Reply number {i}.\n"))
    run = subprocess.Popen([METROPLEX, "--config", site.config, "--once"])
    rounds = 0
    while run.poll() is None:
        subprocess.run(["flock", os.path.join(site.data, "lock"), "git", "-C", os.path.join(site.data, "tracker.git"),
                        "gc", "--quiet", "--prune=now"], check=True)
        rounds += 1
    equal(run.returncode, 0)
    check(rounds >= 2, f"only {rounds} rounds")
    equal(len(site.success), 120)
    equal(len(site.show(thread)["comments"]), 120)
    equal(site.git("fsck", "--strict").strip(), "")
    equal(fsck(site), [])


if __name__ == "__main__":
    main()
