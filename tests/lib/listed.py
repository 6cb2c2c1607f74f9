"""listed/ of a tracker, checked against the records that it is made of: by Git and this file alone."""
import calendar
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
    """(list, line) of a record's text; (None, None) if it is not listed."""
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
    return facts["state"], "\t".join(fields)


def ids_of(files):
    return {int("".join(m.groups())): o for m, o in ((RECORD.fullmatch(p), o) for p, o in files.items()) if m}


def faults(path):
    """What is wrong in the tracker.git at `path`: [] if listed/ has a true line for each thread."""
    of = git(path, "cat-file", "blob", "main:listed/of")
    if of is None:
        return []  # every thread is read then; that it is there is a test's business
    of = of.decode().strip()
    lists, now = tree(path, "main", "listed/"), ids_of(tree(path, "main", "threads/"))
    if (git(path, "rev-parse", "main:threads") or b"").decode().strip() == of:
        then = now
    elif git(path, "cat-file", "-t", of) == b"tree\n":
        then = ids_of({"threads/" + name: o for name, o in tree(path, of).items()})
    else:
        return [f"listed: there is no tree {of}"]
    texts = contents(path, list(lists.values()) + list(now.values()))
    found, wrong = {}, []
    for name, object in lists.items():
        if name == "listed/of":
            continue
        _, state, *page = name.split("/")
        ids = []
        for line in texts[object].splitlines():
            ids.append(int(line.split("\t")[0]))
            found.setdefault(ids[-1], []).append((state, line))
        if ids != sorted(set(ids)) or not ids or any(id // 100 != int("".join(page)) for id in ids):
            wrong.append(f"listed: {name} has {ids}")
    for id in sorted(set(now) | set(found)):
        if now.get(id) != then.get(id):
            continue  # its record was edited since: it is read
        try:
            expected = [line_of(id, texts[now[id]])] if id in now else []
        except (KeyError, ValueError):
            expected = [("unreadable", str(id))]
        lines = found.get(id, [])
        if lines != [e for e in expected if e[0] is not None] and lines != [("unreadable", str(id))]:
            wrong.append(f"listed: thread {id} has {lines}, not {expected}")
    return wrong


def check(data):
    """Fails if what a test left in its data directory is wrong."""
    path = os.path.join(data, "tracker.git")
    wrong = faults(path) if os.path.isdir(path) else []
    if wrong:
        raise AssertionError(f"{wrong[:3]}")
