"""The promises, checked: what an installation must look like when all work is done.

One checker for every test that kills, starves or unplugs. It is given a site (harness.Site) and
what was Delivered to it, and returns what is wrong: a list of "CHECK: what", empty if all is well.
It reads the files and asks Git; of our own programs it believes nothing.
"""
import collections
import difflib
import email
import email.parser
import email.policy
import os
import re
import subprocess
from dataclasses import dataclass, field

import listed

FIELDS = 8  # of a line of outcomes
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")  # the first of them: two lines glued together have another
SERVER = "../remote/t.git"  # of a tracker that is shared, beside the data
GIT = ["git", "-c", "safe.directory=*", "-c", "core.commitGraph=false"]


@dataclass
class Mail:
    octets: bytes
    place: str  # success or failure
    reasons: tuple  # any of these
    comment: tuple = None  # the thread and body that it becomes


@dataclass
class Delivered:
    """What an installation was given, and what may have come of it."""

    mails: dict = field(default_factory=dict)  # name in new/: Mail
    comments: dict = field(default_factory=dict)  # thread: the bodies that must be there, once each
    maybe: dict = field(default_factory=dict)  # thread: those of commands that were killed
    opened: list = field(default_factory=list)  # the opening posts of first mails, each of one thread
    commits: int = 0  # of the tracker before; each comment adds one, and each of `changes`
    changes: int = 0
    maybe_changes: int = 0
    of_git: list = None  # what was told of watched repositories, when all of it is; None: nothing is watched
    is_reordered: bool = False  # what could not be read for a moment was told later than the rest, or without its files
    told_before: set = field(default_factory=set)  # KEYs that are not announced any more, or never are
    messages: dict = None  # notifier: {(recipient, Message-ID without its marks)}; None if none was to be sent
    is_complete: bool = True  # there is an installation; False if it is still to be made
    repeats: int = 0  # how many messages may be there twice: one for each time a notifier was killed


def git(site, repository, *args, stdin=None):
    """What Git says. Where the site remembers, the same repository is not asked the same twice."""
    key = (site.content_of(repository), args, stdin) if site.remembered is not None else None
    if key is not None and key in site.remembered:
        return site.remembered[key]
    done = subprocess.run([*GIT, "-C", os.path.join(site.data, repository), *args], input=stdin, capture_output=True)
    said = done.returncode, done.stdout, done.stderr.decode(errors="replace")
    if key is not None:
        site.remembered[key] = said
    return said


def read(path):
    with open(path, "rb") as f:
        return f.read()


def names(site, place):
    return sorted(os.listdir(os.path.join(site.data, place)))


# --- Mails -----------------------------------------------------------------------------------------


def base_of(name, known):
    """The name it was delivered under: its own, or without the suffix of a taken one."""
    return name if name in known else re.sub(r"\.\d+$", "", name)


def mails(site, given):
    for name in names(site, "mail/reply/new"):
        yield f"mail: {name} is still in new/"
    found = collections.defaultdict(list)
    for place in ("success", "failure", "held"):
        for name in names(site, "incoming-mail/" + place):
            base = base_of(name, given.mails)
            found[base].append(place)
            if base not in given.mails:
                yield f"mail: {place}/{name} was never delivered"
            elif read(os.path.join(site.data, "incoming-mail", place, name)) != given.mails[base].octets:
                yield f"mail: {place}/{name} was changed"
    for name, mail in given.mails.items():
        if found[name] != [mail.place]:
            yield f"mail: {name} is in {found[name]}, not once in {mail.place}/"


def outcomes_of(site):
    """The text of each month's file, by its name, the oldest first."""
    return {name: read(os.path.join(site.data, "incoming-mail", name)).decode(errors="replace")
            for name in sorted(names(site, "incoming-mail")) if name.startswith("outcomes-")}


def outcomes(site, given):
    last = {}
    for name, text in outcomes_of(site).items():
        if text and not text.endswith("\n"):
            yield f"outcomes: the last line of {name} has no end"
    for name, line in ((name, line) for name, text in outcomes_of(site).items() for line in text.splitlines()):
        fields = line.split("\t")
        if len(fields) != FIELDS or fields[1] not in ("success", "failure", "held") or not TIME.fullmatch(fields[0]):
            yield f"outcomes: not a line: {line!r}"
        elif name != f"outcomes-{fields[0][:7]}.tsv":
            yield f"outcomes: {name} has a line of another month: {line!r}"
        else:
            last[fields[4]] = fields
    for name, mail in given.mails.items():
        if name not in last:
            yield f"outcomes: no line for {name}"
        elif last[name][1] != mail.place or last[name][2] not in mail.reasons:
            yield f"outcomes: {name} is {last[name][1:3]}, expected {mail.place}, {mail.reasons}"


# --- The tracker -----------------------------------------------------------------------------------


def tree_of(site, repository):
    """{path: object} of the branch's tip."""
    status, out, err = git(site, repository, "ls-tree", "-r", "-z", "main")
    if status != 0:
        raise ValueError(err.strip())
    entries = (entry.split("\t", 1) for entry in out.decode(errors="replace").split("\0") if entry)
    return {path: facts.split()[2] for facts, path in entries}


def contents(site, repository, objects):
    """{object: its text} of many, by one program."""
    _, out, _ = git(site, repository, "cat-file", "--batch", stdin="".join(o + "\n" for o in objects).encode())
    texts, at = {}, 0
    while at < len(out):
        end = out.index(b"\n", at)
        head = out[at:end].split()
        if len(head) != 3:
            raise ValueError(f"object {head}")
        length = int(head[2])
        texts[head[0].decode()] = out[end + 1:end + 1 + length].decode(errors="replace")
        at = end + 1 + length + 1
    return texts


@dataclass
class Thread:
    bodies: dict = field(default_factory=dict)  # number: the body's object, then its text
    keys: dict = field(default_factory=dict)  # KEY: number; 0 for the opening post and for events
    events: dict = field(default_factory=dict)  # number: its record's object, then its text
    event_keys: dict = field(default_factory=dict)  # number: KEY
    facts: str = ""  # the record's object, then its text


def threads_of(site, repository="tracker.git"):
    threads = collections.defaultdict(Thread)
    for path, name in tree_of(site, repository).items():
        found = re.match(r"threads/(\d{3}(?:/\d){5})/(comments/(?:\d+-\d+/)*(\d+)/comment\.md|received/(?:.*/)?([0-9a-f]{32})\.(e?)(\d+)|"
                         r"events/(?:\d+-\d+/)*(\d+)|thread)$", path)
        if not found:
            continue
        thread = threads[int(found[1].replace("/", ""))]
        if found[4]:
            thread.keys[found[4]] = 0 if found[5] else int(found[6])
            if found[5]:
                thread.event_keys[int(found[6])] = found[4]
        elif found[7]:
            thread.events[int(found[7])] = name
        elif found[3]:
            thread.bodies[int(found[3])] = name
        else:
            thread.facts = name
    texts = contents(site, repository, sorted({b for t in threads.values() for b in [*t.bodies.values(), *t.events.values(), *([t.facts] if t.facts else [])]}))
    for thread in threads.values():
        thread.bodies = {number: texts[name].strip() for number, name in thread.bodies.items()}
        thread.events = {number: texts[name] for number, name in thread.events.items()}
        thread.facts = texts.get(thread.facts, "")
    return threads


def redacted_in(site):
    """{KEY: thread} of what was redacted: its event may wait until a notifier drops it."""
    _, out, _ = git(site, "accounts.git", "grep", "^thread=", "main", "--", "redacted")
    lines = (line.split(":") for line in out.decode(errors="replace").splitlines())
    return {path[len("redacted/"):].replace("/", ""): int(fact[len("thread="):]) for _, path, fact in lines}


def comments(threads, given):
    """Each body once; a killed command's at most once; numbered without a gap; each with its KEY."""
    for id, thread in threads.items():
        found = collections.Counter(body for number, body in thread.bodies.items() if number > 0)
        must = set(given.comments.get(id, ()))
        for body in must - set(found):
            yield f"comment: {body!r} is missing in thread {id}"
        for body, count in found.items():
            if count > 1:
                yield f"comment: {body!r} is {count} times in thread {id}"
            if body not in must and body not in given.maybe.get(id, ()):
                yield f"comment: {body!r} in thread {id} is nobody's"
        if sorted(thread.bodies) != list(range(len(thread.bodies))):
            yield f"numbering: thread {id} has the comments {sorted(thread.bodies)}"
        indexed = sorted(number for number in thread.keys.values() if number > 0)
        if indexed != sorted(number for number in thread.bodies if number > 0):
            yield f"keys: thread {id} has KEYs of {indexed}, comments {sorted(thread.bodies)}"
    for id in set(given.comments) - set(threads):
        yield f"comment: thread {id} is missing"
    posts = collections.Counter(thread.bodies.get(0) for thread in threads.values())
    for body in given.opened:
        if posts[body] != 1:
            yield f"thread: {body!r} opened {posts[body]} threads, not one"


def value(record, key):
    found = re.search(rf"^{key}=(.*)$", record, re.M)
    return found[1] if found else ""


def changes(threads):
    """Each change is an event, once, with its KEY; and together they made the thread what it is."""
    for id, thread in threads.items():
        if sorted(thread.events) != list(range(1, len(thread.events) + 1)):
            yield f"numbering: thread {id} has the events {sorted(thread.events)}"
        if {number: value(text, "key") for number, text in thread.events.items()} != thread.event_keys:
            yield f"keys: thread {id} has KEYs of the events {sorted(thread.event_keys)}"
        states, labels = [], []
        for _, text in sorted(thread.events.items()):
            about = [label for label in value(text, "labels").split(";") if label]
            change = value(text, "change")
            states += [{"closed": "closed", "reopened": "open"}[change]] if change in ("closed", "reopened") else []
            if change == "labeled" and set(about) & set(labels):
                yield f"event: thread {id} got one of {about} twice"
            labels = labels + about if change == "labeled" else [one for one in labels if change != "unlabeled" or one not in about]
        if states and states[-1] != value(thread.facts, "state"):
            yield f"event: thread {id} is {value(thread.facts, 'state')}, its events say {states}"
        if sorted(labels) != sorted(one for one in value(thread.facts, "labels").split(";") if one):
            yield f"event: thread {id} has other labels than its events say: {labels}"


def story(site, threads):
    """What threads are, and what became of them, but for when and by what host; and what is remembered to have been told."""
    def lasting(record):
        return "\n".join(line for line in record.split("\n") if not re.match("(date|created|nonce|host)=", line))

    remembered = [path for path in tree_of(site, "tracker.git") if path.startswith(("told/", "pulls/"))]
    return sorted([(lasting(thread.facts), thread.bodies.get(0), tuple(lasting(text) for _, text in sorted(thread.events.items())))
                   for thread in threads.values()] +
                  [(path, git(site, "tracker.git", "show", f"main:{path}")[1].decode(errors="replace"), ()) for path in remembered])


def same_at_any_time(expected, found):
    """Each push, and each other event, once, whatever came first; of very many, those that are told may be others."""
    def pushes(story):
        return collections.Counter(tuple(value(text, key) for key in ("ref", "before", "after")) for _, _, texts in story for text in texts if value(text, "ref"))

    def others(story):
        return collections.Counter((value(facts, "title"), value(text, "change")) for facts, _, texts in story for text in texts if not value(text, "ref"))

    def remembered(story):
        return [(path, re.sub("^counter .*", "", text)) for path, text, _ in story if path.startswith(("told/", "pulls/"))]

    for what, some, all in (("pushed", pushes(expected), pushes(found)), ("done", others(expected), others(found))):
        is_of_many = what == "pushed" and any("\nothers=" in text for _, _, texts in expected for text in texts)
        for one in {**some, **all}:
            is_deletion = what == "pushed" and one[2] == ""  # of what cannot be read any more, nothing can be told
            if all[one] > 1 or all[one] != some[one] and not is_of_many and not is_deletion:
                yield f"git: {one} is {what} {all[one]} times"
    if remembered(expected) != remembered(found):
        yield f"git: remembered is {remembered(found)}"


def title_of(one):
    return value(one[0], "title") or one[0]


def of_git(site, threads, given):
    """All that happened in Git is told as it was, once."""
    if given.of_git is None:
        return
    if given.is_reordered:
        yield from same_at_any_time(given.of_git, story(site, threads))
        return
    lines = [[line for one in story for part in (one[0], one[1] or "", *one[2]) for line in (f"-- {title_of(one)}", *part.split("\n"))]
             for story in (given.of_git, story(site, threads))]
    differences = [line for line in difflib.unified_diff(*lines, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]
    if differences:
        yield f"git: is told otherwise (-: missing, +: too much): {differences[:12]}"


def history(site, threads, given):
    status, out, err = git(site, "tracker.git", "rev-list", "--count", "main")
    if status != 0:
        yield f"history: {err.strip()}"
        return
    found = int(out) - given.commits
    posted = sum(1 for t in threads.values() for number in t.bodies if number > 0)
    if given.commits and not given.is_reordered and not given.changes <= found - posted <= given.changes + given.maybe_changes:
        yield f"history: {found} commits for {posted} comments and {given.changes} changes"


def repositories(site):
    for repository in ("tracker.git", "accounts.git"):
        status, out, err = git(site, repository, "fsck", "--strict", "--no-dangling", "--no-progress")
        if status != 0 or b"error" in out or "error" in err:
            yield f"fsck: {repository}: {out.decode(errors='replace')}{err}"
        for directory, _, files in os.walk(os.path.join(site.data, repository)):
            for name in files:
                if name.endswith((".lock", ".tmp")) or name.startswith("tmp_"):
                    yield f"lock: {os.path.join(directory, name)[len(site.data) + 1:]} was left"


# --- The outbox ------------------------------------------------------------------------------------


def queue_files(site):
    """(KEY, path) of each file in the outbox's queues."""
    for queue in ("new", "retry", "hold", "failed"):
        for name in names(site, "outbox/" + queue):
            key = re.sub(r"^\d+\.", "", name) if queue == "retry" else name.split(".")[0]
            yield key, os.path.join(site.data, "outbox", queue, name)


def queued(site):
    return [key for key, _ in queue_files(site)]


def event_texts(site, threads):
    """Each event says whole what its name promises: its KEY, and the thread that has it; an answer, to whom."""
    thread_of = redacted_in(site) | {key: id for id, thread in threads.items() for key in thread.keys}
    for key, path in queue_files(site):
        lines = read(path).decode(errors="replace").split("\n")
        facts = [line.split("\t")[0] for line in lines[:-1]]
        is_whole = "answer" in facts if key.startswith("answer-") else f"thread\t{thread_of.get(key)}" in lines
        if key.startswith("digest-"):
            held = [line.split("\t")[1] for line in lines if line.startswith("holds\t")]
            is_whole = len(held) > 0 and all(f"thread\t{thread_of.get(k)}" in lines for k in held)
        if f"key\t{key}" not in lines or not is_whole or "host" not in facts:
            yield f"event: {key} says {lines}"


def mails_sent(site):
    """(recipient, Message-ID without its marks, octets) in the Maildir of transport = maildir."""
    folder = os.path.join(site.data, "sent/new")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        octets = read(os.path.join(folder, name))
        head = email.parser.BytesHeaderParser().parsebytes(octets.partition(b"\n\n")[0])
        yield head["Delivered-To"], re.sub(r"-[0-9a-f]{8}(?=[/@])", "", head["Message-ID"].strip()), octets


def sent(site):
    """Counts (recipient, Message-ID)."""
    return collections.Counter((to, id) for to, id, _ in mails_sent(site))


def told(site, threads):
    """Counts (recipient, Message-ID) of what each was told, once for each mail that says it: a digest says several."""
    found, seen = collections.Counter(), set()
    for to, id, octets in mails_sent(site):
        if (to, id) in seen:
            continue  # sent once more, which is counted elsewhere
        seen.add((to, id))
        place, is_digest, _ = id.partition("/digest/")
        if not is_digest:
            found[to, id] += 1
            continue
        message = email.message_from_bytes(octets, policy=email.policy.default)
        text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
        bodies = threads[int(re.search(r"(\d+)$", place)[1])].bodies
        for number, body in bodies.items():
            if f"UTC\n\n{body}" in text:
                mark = "" if number == 0 else f"/c{number}" if "/pull/" in place else f"/{number}"
                found[to, f"{place}{mark}@git.example.org>"] += 1
    return found


def recorded(site):
    """The records of answers; what a killed run was about to link begins with a dot."""
    return [name for name in names(site, "outbox/answered") if not name.startswith(".")]


def answers(site, waiting, all_wait):
    """An answer to a refused mail has a record, its moment of truth; and a record has its answer."""
    records = len(recorded(site))
    found = sum(1 for key in waiting if key.startswith("answer-"))
    if found > records or (all_wait and found < records):
        yield f"answer: {found} are queued, {records} are on record"


def events(site, threads, given):
    for name in names(site, "outbox/tmp"):
        yield f"staged: outbox/tmp/{name} was left"
    known = {key for thread in threads.values() for key in thread.keys}
    waiting = collections.Counter(queued(site))
    yield from answers(site, waiting, given.messages is None)
    for key, count in waiting.items():
        if key not in known and key not in redacted_in(site) and not key.startswith(("answer-", "digest-")):
            yield f"event: {key} announces nothing in the tracker"
        if count > 1:
            yield f"event: {key} is queued {count} times"
    yield from event_texts(site, threads)
    if given.messages is None:
        silent = known - set(waiting)
        if given.is_reordered:  # who told a commit's thread first is a matter of chance, and with it what of it was announced
            silent -= {key for thread in threads.values() if value(thread.facts, "kind") == "commit" for key in thread.keys}
        yield from (f"event: {key} was not announced" for key in sorted(silent - given.told_before))
        return
    for name in names(site, "outbox/digests"):
        yield f"digest: outbox/digests/{name} was left"
    found = told(site, threads)
    for message, count in found.items():
        if count > 1:
            yield f"message: {message} was told in {count} mails"
    for message in sorted(given.messages - set(found)):
        yield f"message: {message} was not sent"
    answered = [m for m in found if m[1].startswith("<answer-")]
    if len(answered) > len(recorded(site)):
        yield f"answer: {len(answered)} were sent, more than are on record"
    for message in sorted(set(found) - given.messages - set(answered)):
        yield f"message: {message} is for nobody"
    again = sum(count - 1 for count in sent(site).values())
    if again > given.repeats:
        yield f"message: {again} were sent again, at most {given.repeats} may be"
    for key in waiting:
        yield f"event: {key} was not finished"


# --- At any moment, with nobody at work ------------------------------------------------------------


def half_way(site, threads, given):
    """What a death may leave: nothing lost, and nothing done before what it follows from."""
    lines = "".join(outcomes_of(site).values())
    moved = {}
    for place in ("success", "failure", "held"):
        for name in names(site, "incoming-mail/" + place):
            moved[base_of(name, given.mails)] = os.path.join(site.data, "incoming-mail", place, name)
    for name, mail in given.mails.items():
        new = os.path.join(site.data, "mail/reply/new", name)
        at = new if os.path.exists(new) else moved.get(name)
        if at is None or read(at) != mail.octets:
            yield f"mail: {name} is lost"
        if name in moved and f"\t{name}\t" not in lines:
            yield f"outcomes: {name} was moved without a line"
        if name in moved and mail.comment is not None and mail.comment[1] not in threads[mail.comment[0]].bodies.values():
            yield f"comment: {name} is in success/, {mail.comment} is no comment"
    known = {key for thread in threads.values() for key in thread.keys}
    yield from answers(site, set(queued(site)), False)
    for key in queued(site):
        if key not in known and key not in redacted_in(site) and not key.startswith(("answer-", "digest-")):
            yield f"event: {key} was published, and announces nothing"
    yield from event_texts(site, threads)


def violations_half_way(site, given):
    """What is wrong with an installation whose run died, before the next one mends what it may mend."""
    try:
        threads = threads_of(site)
        if os.path.isdir(os.path.join(site.data, SERVER)):  # what it took is true, whether or not we have followed it yet
            threads = threads_of(site, SERVER)
    except (ValueError, KeyError) as why:
        return [f"tracker: cannot be read: {why}"]
    unfinished = Delivered(given.mails, {}, {id: {*given.comments.get(id, ()), *given.maybe.get(id, ())} for id in threads})
    return [*half_way(site, threads, given), *comments(threads, unfinished), *(site.pages.torn() if site.pages else [])]


# --- When all is done ------------------------------------------------------------------------------


def violations(site, given):
    """Everything that is wrong, as a list of lines."""
    found = [*mails(site, given), *outcomes(site, given), *repositories(site)]
    try:
        threads = threads_of(site)
    except (ValueError, KeyError) as why:
        return [*found, f"tracker: cannot be read: {why}"]
    found += [f"listed: {fault}" for fault in listed.faults(os.path.join(site.data, "tracker.git"))]
    return [*found, *comments(threads, given), *changes(threads), *of_git(site, threads, given), *history(site, threads, given), *events(site, threads, given), *(site.pages.other() if site.pages else [])]
