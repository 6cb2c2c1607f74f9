"""listed/ of a tracker, checked against the records that it is made of: by Git and this file alone."""
import calendar
import itertools
import os
import re
import subprocess
import time

GIT = ["git", "-c", "safe.directory=*", "-c", "core.commitGraph=false"]
RECORD = re.compile(r"threads/(\d{3})/(\d)/(\d)/(\d)/(\d)/(\d)/thread")
ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def git(path, *args, stdin=None):
    done = subprocess.run([*GIT, "-C", path, *args], input=stdin, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def tree(path, revision, *below):
    """{path: object} of all files."""
    out = git(path, "ls-tree", "-r", "-z", revision, *below) or b""
    entries = (entry.split("\t", 1) for entry in out.decode(errors="replace").split("\0") if entry)
    return {name: facts.split()[2] for facts, name in entries}


def contents(path, objects):
    out, texts, at = git(path, "cat-file", "--batch", stdin="".join(o + "\n" for o in objects).encode()) or b"", {}, 0
    while at < len(out):
        end = out.index(b"\n", at)
        name, _, length = out[at:end].split()
        texts[name.decode()] = out[end + 1:end + 1 + int(length)].decode(errors="replace")
        at = end + 2 + int(length)
    return texts


def unescape(value):
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[0]), value)


def field(text):
    """As it stands in a line, of texts without anything that is not shown as it is."""
    return "-" if text is None else r"\x2d" if text == "-" else text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def line_of(id, record):
    """(where, line) of a record's text; (None, None) if it is not listed."""
    group, facts, assignees = None, {}, []
    for text in record.splitlines():
        if text.startswith("["):
            group = text
        elif "=" in text and not text.startswith("#"):
            key, value = text.split("=", 1)
            if group == "[thread]":
                facts[key] = unescape(value)
            elif group == "[assignees]":
                assignees.append(f"{key}:{value}")
    if facts.get("unlisted") == "true":
        return None, None
    marks = ("l" if facts["locked"] == "true" else "") + ("m" if facts.get("merged") == "true" else "")
    created = calendar.timegm(time.strptime(facts["created"], "%Y-%m-%dT%H:%M:%SZ"))
    labels = " ".join(l for l in facts.get("labels", "").split(";") if l)
    fields = [str(id), facts["kind"], marks or "-", facts["repository"], str(created), facts["login"], field(facts.get("name")),
              field(facts.get("object")), field(facts.get("base")), labels or "-", " ".join(assignees) or "-", field(facts["title"])]
    return facts["state"] + "/" + facts["repository"].lower(), "\t".join(fields)


def ids_of(files):
    return {int("".join(m.groups())): o for m, o in ((RECORD.fullmatch(p), o) for p, o in files.items()) if m}


def steps_of(id):
    return f"{len(str(id))}{id}"


def pages_of(base, lines, depth=0):
    """{path: text} that lines (of ascending ids) make below a base."""
    if len(lines) <= 100:
        return {base: "".join(line + "\n" for _, line in lines)} if lines else {}
    made = {}
    for step, some in itertools.groupby(lines, lambda line: steps_of(line[0])[depth]):
        made.update(pages_of(f"{base}/{step}", list(some), depth + 1))
    return made


def faults(path):
    """What is wrong in the tracker.git at `path`: [] if listed/ has a true line for each thread, in the pages that these make."""
    of = git(path, "cat-file", "blob", "main:listed/of")
    if of is None:
        return []  # every thread is read then; that it is there is a test's business
    of, *names = of.decode().splitlines()
    there = [f"{name} {object}" for mode, kind, object, name in (entry.split() for entry in git(path, "ls-tree", "main", "listed/").decode()
                                                                 .replace("listed/", "").splitlines()) if name != "of"]
    if sorted(names) != sorted(there):
        return [f"listed: of says {names}, there are {there}"]
    lists, now = tree(path, "main", "listed/"), ids_of(tree(path, "main", "threads/"))
    if (git(path, "rev-parse", "main:threads") or b"").decode().strip() == of:
        then = now
    elif git(path, "cat-file", "-t", of) == b"tree\n":
        then = ids_of({"threads/" + name: o for name, o in tree(path, of).items()})
    else:
        return [f"listed: there is no tree {of}"]
    texts = contents(path, list(lists.values()) + list(then.values()))
    found = {name: texts[object] for name, object in lists.items() if name != "listed/of"}
    unreadable = {int(line) for name, text in found.items() if name.startswith("listed/unreadable/") for line in text.splitlines()}
    expected = {}
    for id in sorted(then):
        try:
            at, line = ("unreadable/ids", str(id)) if id in unreadable else line_of(id, texts[then[id]])
        except (KeyError, ValueError):
            at, line = "unreadable/ids", str(id)
        if at is not None:
            expected.setdefault(at, []).append((id, line))
    made = {}
    for at, lines in expected.items():
        made.update(pages_of("listed/" + at, lines))
    return [f"listed: {name} has {found.get(name)!r}, not {made.get(name)!r}" for name in sorted(set(found) | set(made))
            if found.get(name) != made.get(name)]


def check(data):
    """Fails if what a test left in its data directory is wrong."""
    path = os.path.join(data, "tracker.git")
    wrong = faults(path) if os.path.isdir(path) else []
    if wrong:
        raise AssertionError(f"{wrong[:3]}")
