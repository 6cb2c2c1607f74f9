#!/usr/bin/env python3
"""Pull requests and comments on commits: what of Git they show, and what of it they are told."""
import email
import email.policy
import glob
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, TOP, Site, check, contains, equal, killat, main, test  # noqa: E402
from repository import Repository, damage  # noqa: E402

SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def opening(kind, *args):
    return ["thread", "open", "--repository", "acme/rocket", "--kind", kind, "--title", "T", "--as", "tim", *args, "-"]


def opens(site, kind, *args, body="It says no.\n"):
    return int(site.metroplex(*opening(kind, *args), stdin=body))


def refused(site, status, says, *args):
    done = site.run(METROPLEX, *args, stdin="x\n", status=status)
    equal(done.stdout, "")
    contains(done.stderr, says)


# --- Facts


@test
def a_pull_request_has_branches_and_a_comment_has_a_place(site):
    site.user("tim")
    pull = opens(site, "pull", "--base", "main", "--head", "topic/fuse")
    shown = site.show(pull)
    equal((shown["object"], shown["base"]), ("topic/fuse", "main"))
    contains(site.metroplex("thread", "show", str(pull)), "pull, open, topic/fuse into main\n")
    commit = opens(site, "commit", "--commit", SHA, "--path", "src/fuse box.c", "--line", "12")
    equal(site.metroplex("thread", "comment", str(commit), "--as", "tim", "--path", "README", "-", stdin="All of it.\n"), "1\n")
    shown = site.show(commit)
    equal((shown["opening"]["path"], shown["opening"]["line"]), ("src/fuse box.c", 12))
    equal([(c["path"], "line" in c) for c in shown["comments"]], [("README", False)])
    contains(site.metroplex("thread", "show", str(commit)), "[src/fuse box.c, line 12]\nIt says no.\n")
    equal(site.metroplex("fsck", "--json"), "")


@test
def what_cannot_be_a_branch_or_a_place_is_refused(site):
    site.user("tim")
    issue = site.thread("tim")
    for base in ("../main", "a..b", "main~1", "x.lock", ".hidden", "a//b", "/a", "a/", "-x", "a b"):
        refused(site, 65, "--base: ", *opening("pull", f"--base={base}", "--head", "topic"))
        refused(site, 65, "", *opening("pull", "--base", "main", f"--head={base}"))
    refused(site, 65, "are the same branch", *opening("pull", "--base", "main", "--head", "main"))
    refused(site, 64, "with --head BRANCH", *opening("pull", "--base", "main"))
    refused(site, 64, "with --head BRANCH", *opening("commit", "--base", "main", "--commit", SHA))
    refused(site, 64, "are for a commit", *opening("pull", "--head", "topic", "--path", "a"))
    for path in ("/etc/passwd", "", "a\nb", "a\x1bb"):
        refused(site, 65, "--path: ", *opening("commit", "--commit", SHA, f"--path={path}"))
    for line in ("0", "-1", "1x", "100000000", ""):
        refused(site, 65, "--line: ", *opening("commit", "--commit", SHA, "--path", "a", f"--line={line}"))
    refused(site, 65, "--line needs --path", *opening("commit", "--commit", SHA, "--line", "1"))
    refused(site, 65, "is not about a commit", "thread", "comment", str(issue), "--as", "tim", "--path", "a", "-")
    equal(len(site.metroplex("thread", "list").splitlines()), 1)


@test
def facts_of_git_go_to_another_tracker_and_back(site):
    site.user("tim")
    pull = opens(site, "pull", "--base", "main", "--head", "topic")
    commit = opens(site, "commit", "--commit", SHA, "--path", "größe.c", "--line", "12")
    for form in ("json", "mbox"):
        other = Site()
        try:
            other.user("tim")
            for thread in (pull, commit):
                text = site.metroplex("thread", "export", str(thread), "--format", form)
                new = other.metroplex("thread", "import", "-", stdin=text).split()[0]
                here, there = site.show(thread), other.show(new)
                equal(there.get("base"), here.get("base"), form)
                equal([there["opening"].get(k) for k in ("path", "line")], [here["opening"].get(k) for k in ("path", "line")], form)
            equal(other.metroplex("fsck", "--json"), "")
        finally:
            other.remove()


@test
def a_file_with_other_facts_is_refused(site):
    site.user("tim")
    for kind, args, change, says in (
            ("pull", ("--base", "main", "--head", "topic"), {"base": "a..b"}, "object or base does not fit"),
            ("pull", ("--base", "main", "--head", "topic"), {"kind": "issue", "object": None}, "object or base does not fit"),
            ("commit", ("--commit", SHA, "--path", "a", "--line", "1"), {"path": "/a"}, "not the path of a file"),
            ("commit", ("--commit", SHA[:9], "--path", "a", "--line", "1"), {"line": -1}, "not the number of a line")):
        whole = json.loads(site.metroplex("thread", "export", str(opens(site, kind, *args))))
        place = whole["comments"][0]
        (place if "path" in place else whole).update(change)
        whole["id"], place["id"] = 99, "<other@mail.example.org>"
        refused_file = site.run(METROPLEX, "thread", "import", "-", stdin=json.dumps(whole), status=65)
        contains(refused_file.stderr, says)


# --- In a repository


def changes(site, thread):
    return [e["change"] for e in site.show(thread)["events"]]


def branches(site):
    """main with one commit, topic with two more; a pull request of it."""
    repository = Repository(site)
    repository.commit("Begin", push="main")
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit("Add a fuse")
    repository.commit("Make it thicker\n\nIt melted.", push="topic")
    site.user("tim"), site.user("kate")
    pull = opens(site, "pull", "--base", "main", "--head", "topic")
    site.metroplex("thread", "subscribe", str(pull), "kate")
    return repository, pull


@test
def a_pull_request_has_its_commits_files_and_diff(site):
    repository, pull = branches(site)
    found = site.show(pull)["changes"]
    equal((found["from"], found["to"]), (repository.git("rev-parse", "main"), repository.git("rev-parse", "topic")))
    equal([(c["subject"], c["author"]) for c in found["commits"]], [("Make it thicker", "Ada Wright"), ("Add a fuse", "Ada Wright")])
    equal((found["n_commits"], found["added"], found["removed"], found["diff_cut"], found["more_files"]), (2, 4, 0, False, False))
    equal(found["files"], [{"path": "fuse.c", "old_path": None, "change": "modified", "binary": False, "added": 4, "removed": 0, "patch": found["diff"]}])
    equal(found["diff"].split("\n")[0], "diff --git a/fuse.c b/fuse.c")
    contains(found["diff"], "+Add a fuse\n+Make it thicker\n")
    shown = site.metroplex("thread", "show", str(pull))
    contains(shown, "2 commits, 1 file, +4 -0\n"), contains(shown, " Add a fuse (Ada Wright)\n"), contains(shown, "  fuse.c: modified, +4 -0\n")
    equal(site.metroplex("fsck", "--json"), "")


# --- What a program is given, whole: every member and its type; a name that ends in ? is not always there

ID, DATE, TEXT, MAYBE, NUMBER, FLAG = "[0-9a-f]{40}", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str, (str, type(None)), int, bool
COMMIT = {"id": ID, "author": TEXT, "date": DATE, "subject": TEXT, "thread?": NUMBER}
COMMENT = {"number": NUMBER, "author": TEXT, "author_name": MAYBE, "date": DATE, "via": "mail|command|import|push", "redacted?": DATE, "path?": TEXT, "line?": NUMBER, "lines?": TEXT,
           "body": TEXT, "elided": MAYBE, "message_id": MAYBE, "attachments": [{"file": TEXT, "name": MAYBE, "type": TEXT, "size": NUMBER}]}
PUSH = {"ref": TEXT, "deed": "created|updated|rewound|deleted", "before": MAYBE, "after": MAYBE, "n-added": NUMBER, "n-removed": NUMBER, "unsure": FLAG, "added": [dict(COMMIT, date=None)],
        "removed": [dict(COMMIT, date=None)], "files": [TEXT], "n-files": NUMBER, "lines-added": NUMBER, "lines-removed": NUMBER, "uncounted": NUMBER, "more-files": FLAG, "message": MAYBE, "tagger": MAYBE, "others": NUMBER}
EVENTS = {"closed": {"source?": TEXT, "commits?": [COMMIT]}, "reopened": {}, "locked": {}, "unlocked": {}, "renamed": {"was": TEXT, "title": TEXT}, "labeled": {"labels": [TEXT]}, "unlabeled": {"labels": [TEXT]},
          "assigned": {"assignees": [TEXT]}, "unassigned": {"assignees": [TEXT]}, "head-pushed": {"from": ID, "to": ID, "added": NUMBER, "removed": NUMBER, "commits?": [COMMIT]},
          "merged": {"from": ID, "to": ID}, "head-deleted": {"from": ID}, "referenced": {"source": TEXT, "commits": [COMMIT]}, "pushed": {"push": PUSH}}
EVENT = {"number": NUMBER, "change": "|".join(EVENTS), "author": TEXT, "date": DATE, "via": TEXT, "key": "[0-9a-f]{32}", "comment": NUMBER}
THREAD = {"id": NUMBER, "kind": "issue|pull|commit", "repository": TEXT, "title": TEXT, "state": "open|closed", "locked": FLAG, "unlisted?": FLAG, "object": MAYBE, "author": TEXT, "author_name": MAYBE,
          "created": DATE, "labels": [TEXT], "assignees": [TEXT]}
SHOWN = {"closed": {"change": "closed|merged|head-deleted", "by": TEXT, "date": DATE, "via": TEXT, "event": NUMBER}, "opening": COMMENT, "body": TEXT,
         "subscribers": [{"login": MAYBE, "reason": TEXT}], "comments": [COMMENT], "events": [EVENT]}
FILE = {"path": TEXT, "old_path": MAYBE, "change": "added|deleted|modified|renamed", "binary": FLAG, "added": NUMBER, "removed": NUMBER, "patch": MAYBE}
CHANGES = {"from": MAYBE, "to": ID, "n_commits": NUMBER, "commits": [dict(COMMIT, body=TEXT)], "bodies_cut": FLAG, "files": [FILE], "more_files": FLAG, "added": NUMBER, "removed": NUMBER, "diff": TEXT, "diff_cut": FLAG}
PULL = {"base": TEXT, "merged": FLAG, "head_id": MAYBE, "base_id": MAYBE, "merge_base": MAYBE, "changes?": CHANGES}
SEEN = set()


def has_shape(found, shape, where="thread"):
    if isinstance(shape, list):
        check(isinstance(found, list), f"{where}: {found!r}")
        for i, element in enumerate(found):
            has_shape(element, shape[0], f"{where}[{i}]")
    elif isinstance(shape, dict):
        if shape is EVENT:
            shape = {**EVENT, **EVENTS[found["change"]]}
            SEEN.add(found["change"])
        wanted = {name.rstrip("?"): kind for name, kind in shape.items() if kind is not None}
        needed = {name for name, kind in shape.items() if kind is not None and not name.endswith("?")}
        equal(sorted(set(found) - set(wanted)), [], f"{where}: members that nobody knows")
        equal(sorted(needed - set(found)), [], f"{where}: members that are missing")
        for name in found:
            if not (name == "closed" and found[name] is None):
                has_shape(found[name], wanted[name], f"{where}.{name}")
    elif isinstance(shape, str):
        check(isinstance(found, str) and re.fullmatch(shape, found), f"{where}: {found!r} is no {shape}")
    else:
        check(isinstance(found, shape) and isinstance(found, bool) == (shape is bool), f"{where}: {found!r} is no {shape}")


def names_in(shape):
    for name, kind in shape.items() if isinstance(shape, dict) else []:
        yield name.rstrip("?")
        yield from names_in(kind[0] if isinstance(kind, list) else kind)


@test
def a_program_has_all_that_it_needs_to_draw_one(site):
    repository, pull = branches(site)
    issue = site.thread("tim")
    repository.commit("Move it\n\nIt stood in the way.\n\nSigned-off-by: Ada <ada@example.org>", path="a b.c", text="x\n" * 30)
    repository.git("mv", "a b.c", "c.c")
    with open(os.path.join(repository.work, "binary"), "wb") as file:
        file.write(bytes(range(256)))
    repository.commit("Rename it", path="new.c", push="topic")
    site.metroplex("--once")
    head, base = repository.git("rev-parse", "topic"), repository.git("rev-parse", "main")
    found = site.show(pull)
    has_shape(found, {**THREAD, **SHOWN, **PULL})
    equal((found["head_id"], found["base_id"], found["merge_base"], found["closed"], found["merged"]), (head, base, base, None, False))
    changes = found["changes"]
    equal([(c["subject"], c["body"]) for c in changes["commits"]], [("Rename it", ""), ("Move it", "It stood in the way.\n\nSigned-off-by: Ada <***@***>\n"), ("Make it thicker", "It melted.\n"), ("Add a fuse", "")])
    equal("".join(f["patch"] for f in changes["files"]), changes["diff"])
    for file in changes["files"]:
        contains(file["patch"].split("\n")[0], f" b/{file['path']}")
    equal([(f["path"], f["change"], f["binary"]) for f in changes["files"]], [("binary", "added", True), ("c.c", "added", False), ("fuse.c", "modified", False), ("new.c", "added", False)])
    site.metroplex("thread", "comment", str(pull), "--as", "tim", "-", stdin="Well.\n")
    for command in (("label", "bug"), ("unlabel", "bug"), ("assign", "kate"), ("unassign", "kate"), ("title", "U"), ("lock",), ("unlock",), ("close",)):
        site.metroplex("thread", command[0], str(pull), *command[1:], "--as", "tim")
    found = site.show(pull)
    equal({k: v for k, v in found["closed"].items() if k != "date"}, {"change": "closed", "by": "tim", "via": "command", "event": 9})
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    site.metroplex("--once")
    equal(site.show(pull)["closed"], None)
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", f"Merge topic\n\nFixes #{issue}. See #{pull}.", "topic")
    repository.push("main")
    site.metroplex("--once")
    merged = site.show(pull)
    has_shape(merged, {**THREAD, **SHOWN, **PULL})
    equal((merged["head_id"], merged["base_id"], merged["merged"]), (head, repository.git("rev-parse", "main"), True))
    equal((merged["closed"]["change"], merged["closed"]["event"]), ("merged", merged["events"][-1]["number"] if merged["events"][-1]["change"] == "merged" else merged["closed"]["event"]))
    has_shape(site.show(issue), {**THREAD, **SHOWN})
    repository.git("checkout", "-q", "-b", "later")
    repository.commit("Later", push="later")
    gone = opens(site, "pull", "--base", "main", "--head", "later")
    repository.push(":later")
    site.metroplex("--once")
    has_shape(site.show(gone), {**THREAD, **SHOWN, **PULL})
    equal(site.show(gone)["closed"]["change"], "head-deleted")
    elsewhere = site.metroplex("thread", "open", "--repository", "acme/else", "--kind", "pull", "--title", "T", "--as", "tim", "--base", "main", "--head", "topic", "-", stdin="x").strip()
    has_shape(site.show(elsewhere), {**THREAD, **SHOWN, **PULL})
    site.metroplex("repository", "set", "acme/rocket", "--push-mail", "commits", "--watch", "kate")
    sha = repository.commit("Tell it", push="HEAD:main")
    site.metroplex("--once")
    told = next(t for t in range(int(elsewhere) + 1, 99) if site.show(t)["object"] == sha)
    site.metroplex("thread", "comment", str(told), "--as", "kate", "--path", "fuse.c", "--line", "1", "-", stdin="Why?\n")
    site.metroplex("thread", "redact", str(pull), "1")
    for thread in (told, pull):
        has_shape(site.show(thread), {**THREAD, **SHOWN, **(PULL if thread == pull else {})})
    equal((site.show(told)["object"], site.show(told)["comments"][0]["line"]), (sha, 1))
    for line in site.metroplex("thread", "list", "--json").splitlines():
        has_shape(json.loads(line), {**THREAD, "base?": TEXT, "merged?": FLAG})
    equal(sorted(set(EVENTS) - SEEN), [], "events that were not seen")
    equal(site.metroplex("fsck", "--json"), "")
    with open(os.path.join(TOP, "man/metroplex.8"), encoding="utf-8") as file:
        said = re.search(r"^\.Sh THREADS AS JSON\n(.*?)^\.Sh ", file.read(), re.M | re.S)[1]
    known = set(re.findall(r"\.Ql ([\w-]+)", said))
    every = set(names_in({**THREAD, **SHOWN, **PULL})) | {name for shape in EVENTS.values() for name in names_in(shape)}
    equal(sorted(every - known), [], "members that the manual does not have")
    equal(sorted(set(EVENTS) - set(re.findall(r"[a-z-]+", "".join(re.findall(r"^\.It Ql .*", said, re.M))))), [], "events that it does not have")


@test
def what_commits_say_is_bounded(site):
    repository, pull = branches(site)
    for i in range(30):
        repository.commit(f"Number {i}\n\n" + f"{i:099}\n" * 60)
    repository.push("topic")
    site.metroplex("--once")
    found = site.show(pull)["changes"]
    bodies = [c["body"] for c in found["commits"]]
    check(found["bodies_cut"] and max(map(len, bodies)) <= 4096 and 60000 < sum(map(len, bodies)) <= 65536, [len(b) for b in bodies])
    check(all(body == "" or body.endswith("\n") for body in bodies), "half a line")
    equal((bodies[0], bodies[-1]), (f"{29:099}\n" * 40, ""))


def mails(site, login):
    """Subject and text of each mail to somebody that was sent since, in their order."""
    site.set_config("smtp", transport="maildir", maildir=site.data + "/sent")
    site.notifier("--once")
    found = []
    for path in sorted(glob.glob(site.data + "/sent/new/*")):
        with open(path, encoding="utf-8") as file:
            mail = email.message_from_file(file, policy=email.policy.default)
        if mail["X-Metroplex-Recipient"] == login:
            found.append((mail, mail.get_body(("plain",)).get_content().split("\n-- \n")[0], mail.get_body(("html",)).get_content()))
        os.remove(path)
    return found


def page(site, thread):
    directory = os.path.join(site.dir, "pages")
    site.metroplex("pages", directory)
    with open(f"{directory}/r/acme/rocket/{thread}.html", encoding="utf-8") as file:
        return file.read()


@test
def mails_and_pages_have_what_git_has(site):
    repository, pull = branches(site)
    opened, = mails(site, "kate")
    first, second = [repository.git("rev-parse", "--short=12", name) for name in ("topic~1", "topic")]
    equal(opened[1], f"""It says no.

From `topic` into `main`.

Commits: 2

    {second} Make it thicker (Ada Wright)
    {first} Add a fuse (Ada Wright)

Files: 1. Lines added: 4, removed: 0.

    M fuse.c +4 -0

   ```diff
   diff --git a/fuse.c b/fuse.c
   --- a/fuse.c
   +++ b/fuse.c
   @@ -1 +1,5 @@
    Begin
   +Add a fuse
   +Make it thicker
   +
   +It melted.
   ```
""")
    html = opened[0].get_body(("html",)).get_content()
    contains(html, '<code style="white-space:pre;overflow-wrap:normal" class="language-diff">diff --git a/fuse.c b/fuse.c\n')
    contains(html, "@@ -1 +1,5 @@\n Begin\n+Add a fuse\n")
    contains(html, f"white-space:pre-wrap;overflow-wrap:anywhere;"), contains(html, f"<code>{second} Make it thicker")
    contains(page(site, pull), f"<li><code>{first}</code> <bdi>Add a fuse</bdi> · <bdi>Ada Wright</bdi>")
    contains(page(site, pull), "<li>M <code>fuse.c</code> +4 −0</li>")
    contains(page(site, pull), "+Make it thicker\n+\n+It melted.\n</pre>")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    third = repository.commit("Paint it", push="topic")[:12]
    site.metroplex("--once")
    pushed, = mails(site, "kate")
    contains(site.metroplex("thread", "show", str(pull)), f", by git: head-pushed 1 commit, 1 taken back\n  {third} Paint it (Ada Wright)\n")
    equal(pushed[0]["Subject"], f"Re: [acme/rocket] T (PR #{pull})")
    check(str(pushed[0]["From"]).startswith('"acme/rocket" <') or str(pushed[0]["From"]).startswith("acme/rocket <"), pushed[0]["From"])
    equal(pushed[1], f"Commits added to #{pull}: 1. Commits taken back: 1.\n\n- {third} Paint it (Ada Wright)\n")
    contains(page(site, pull), "added commits: 1 · taken back: 1"), contains(page(site, pull), f"<li><code>{third}</code> <bdi>Paint it</bdi>")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic")
    repository.push("main")
    site.metroplex("--once")
    merged, = mails(site, "kate")
    equal((merged[1], merged[0]["X-GitHub-PullRequestStatus"]), (f"Merged #{pull} into `main`.\n", "merged"))
    contains(page(site, pull), 'merged this into <code>main</code>'), contains(page(site, pull), '">Merged</span>')


HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) \u202e @kate \x1b[31m `-- ` ada@example.org\r\nBcc: eve@example.org"


@test
def what_git_says_is_text_everywhere(site):
    repository, pull = branches(site)
    evil = {"GIT_AUTHOR_NAME": HOSTILE.replace("<", "").replace(">", "").split("\r")[0]}
    os.makedirs(repository.work, exist_ok=True)
    with open(os.path.join(repository.work, "<img src=x>\nBcc: eve"), "wb") as file:
        file.write(b"- \n" + HOSTILE.encode() + b"\n\xff\xfe\n")
    with open(os.path.join(repository.work, "binary"), "wb") as file:
        file.write(bytes(range(256)))
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", HOSTILE.replace("\r\n", "\n"), env=evil)
    repository.push("topic")
    site.metroplex("--once")
    second = opens(site, "pull", "--base", "main", "--head", "topic")
    site.metroplex("thread", "subscribe", str(second), "kate")
    for mail, text, html in mails(site, "kate"):
        equal(mail["Bcc"], None)
        for words in ("<script>", "<img src", "\x1b", "\u202e", "ada@example.org"):
            check(words not in html and (words.startswith("<") or words not in text), f"{words!r} in {html}")
        check("\n-- \n" not in text and "src=\"http" not in html, html)
    for thread in (pull, second):
        html = page(site, thread)
        for words in ("<script>alert", "<img src", "\x1b", "\u202e", "ada@example.org"):
            check(words not in html, f"{words!r} on the page")
        shown = site.metroplex("thread", "show", str(thread))
        check("\x1b" not in shown and "\u202e" not in shown and "\nBcc" not in shown, shown)
    found = site.show(second)["changes"]
    equal(sorted(f["path"] for f in found["files"]), ["<img src=x>\\nBcc: eve", "binary", "fuse.c"])
    equal([f["binary"] for f in sorted(found["files"], key=lambda f: f["path"])], [False, True, False])
    tracker = site.git("log", "--all", "-p", "--format=%an %ae %s")
    check("\x1b" not in tracker and "ada@example.org" not in tracker, "in the tracker")
    equal(site.metroplex("fsck", "--json"), "")


@test
def a_large_one_is_bounded(site):
    repository, pull = branches(site)
    stream = ["commit refs/heads/big\ncommitter A <a@example.org> 1790000000 +0000\ndata 5\nfirstfrom refs/heads/main\n"]
    stream = []
    for i in range(400):
        text = f"Commit number {i}"
        start = "from refs/heads/main^0\n" if i == 0 else ""
        body = "x" * 200
        stream.append(f"commit refs/heads/big\ncommitter A <a@example.org> {1790001000 + i} +0000\ndata {len(text)}\n{text}\n{start}M 644 inline f{i}\ndata {len(body)}\n{body}\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository.path, input="".join(stream), text=True, check=True)
    big = opens(site, "pull", "--base", "main", "--head", "big")
    found = site.show(big)["changes"]
    equal((found["n_commits"], len(found["commits"]), len(found["files"]), found["more_files"], found["diff_cut"]), (400, 250, 300, True, True))
    equal(found["commits"][0]["subject"], "Commit number 399")
    check(len(found["diff"]) <= 64 * 1024 and found["diff"].endswith("\n"), len(found["diff"]))
    site.metroplex("thread", "subscribe", str(big), "kate")
    text = [text for mail, text, html in mails(site, "kate") if f"#{big})" in mail["Subject"]][0]
    contains(text, "    and more: 350\n"), contains(text, "\nThe diff is longer; the rest is left out here.\n")


@test
def what_is_not_there_or_has_nothing_new_is_no_pull_request(site):
    repository, pull = branches(site)
    refused(site, 65, "--head: acme/rocket has no branch other", *opening("pull", "--base", "main", "--head", "other"))
    refused(site, 65, "--base: acme/rocket has no branch other", *opening("pull", "--base", "other", "--head", "topic"))
    refused(site, 65, "--head: main has nothing that topic has not", *opening("pull", "--base", "topic", "--head", "main"))
    equal(pull, 1)
    equal(int(site.metroplex("thread", "open", "--repository", "acme/else", "--kind", "pull", "--title", "T", "--as", "tim", "--base", "main", "--head", "topic", "-", stdin="x")), 2)
    site.metroplex("--once")
    equal(changes(site, 2), [])


@test
def what_a_thread_is_about_has_to_be_there_where_its_repository_is(site):
    repository, pull = branches(site)
    sha = repository.git("rev-parse", "topic")
    for commit in ("nobranch", "main~1", "HEAD^", sha[:6], "0" * 40, "main..topic", "v1"):
        refused(site, 65, f"--commit: {repository.path} has no branch, tag or commit {commit} (", *opening("commit", "--commit", commit))
        refused(site, 65, f"--object: {repository.path} has no branch, tag or commit {commit} (", *opening("commit", "--object", commit))
        refused(site, 65, f"--head: {repository.path} has no branch, tag or commit {commit} (", *opening("pull", "--head", commit))
    equal(len(site.metroplex("thread", "list").splitlines()), 1)
    equal([site.show(opens(site, "pull", option, "topic"))["object"] for option in ("--head", "--object")], ["topic", "topic"])
    equal([site.show(opens(site, "commit", "--commit", name))["object"] for name in ("topic", "HEAD")], [sha, repository.git("rev-parse", "main")])
    away = repository.path + ".away"
    os.rename(repository.path, away)
    for state, spoil in (("it is not there", lambda: None), ("it is no bare repository, or damaged", lambda: os.mkdir(repository.path))):
        spoil()
        for option, kind, args in (("--commit", "commit", ("--commit", state.split()[-1])), ("--head", "pull", ("--head", "x")), ("--head", "pull", ("--base", "main", "--head", "x"))):
            done = site.run(METROPLEX, *opening(kind, *args), stdin="x\n")
            equal(done.stderr, f"metroplex: {repository.path}: {state}; nobody looked whether {option} is there\n")
        done = site.run(METROPLEX, "thread", "comment", str(pull + 3), "--as", "tim", "--path", "a", "--line", "1", "-", stdin="x\n")
        equal(done.stderr, f"metroplex: {repository.path}: {state}; nobody looked whether --path is there\n")
        site.metroplex("thread", "close", str(int(site.metroplex("thread", "list").splitlines()[-1].split()[0])), "--as", "tim")
    site.set_config("repositories", root="")
    equal(site.run(METROPLEX, *opening("commit", "--commit", "anything"), stdin="x\n").stderr, "", "none is watched")


@test
def what_it_is_about_is_named_once_and_as_it_was_written(site):
    site.user("tim")
    for args in (("pull", "--head", "a", "--commit", "b"), ("pull", "--head", "a", "--object", "b"), ("commit", "--commit", "a", "--object", "b")):
        refused(site, 64, "--commit, --head and --object exclude each other", *opening(*args))
    for args, says in ((("pull", "--commit", "a"), "--commit is for --kind commit"), (("commit", "--head", "a"), "--head is for a pull request"), (("commit",), "--kind commit needs --commit REV"), (("issue", "--object", "a"), "--object: an issue has none")):
        refused(site, 64, says, *opening(*args))
    for option, kind in (("--commit", "commit"), ("--head", "pull"), ("--object", "pull")):
        refused(site, 65, f"{option}: ", *opening(kind, option, "a b"))
        refused(site, 65, "is not a revision", *opening(kind, option, "a b"))


@test
def a_pull_request_that_was_opened_before_is_that_one_whatever_became_of_it(site):
    repository, pull = branches(site)
    again = opening("pull", "--base", "main", "--head", "topic", "--key", "build 5")
    first = site.metroplex(*again, stdin="x\n")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "topic")
    repository.push("main")
    equal(site.metroplex(*again, stdin="x\n"), first, "merged")
    repository.push(":topic")
    equal(site.metroplex(*again, stdin="x\n"), first, "deleted")


@test
def pushes_a_merge_and_an_end_are_told_once(site):
    repository, pull = branches(site)
    site.metroplex("--once")
    equal(changes(site, pull), [], "nothing happened")
    old = repository.git("rev-parse", "topic")
    new = repository.commit("Paint it", push="topic")
    for _ in range(3):
        site.metroplex("--once")
    event, = site.show(pull)["events"]
    equal((event["change"], event["via"], event["author"], event["from"], event["to"], event["added"], event["removed"]),
          ("head-pushed", "git", "acme/rocket", old, new, 1, 0))
    equal([c["subject"] for c in event["commits"]], ["Paint it"])
    equal([c["subject"] for c in site.show(pull)["changes"]["commits"]], ["Paint it", "Make it thicker", "Add a fuse"])
    repository.git("reset", "-q", "--hard", "HEAD~2")
    repository.commit("Another way", push="topic")
    site.metroplex("--once")
    event = site.show(pull)["events"][-1]
    equal((event["change"], event["added"], event["removed"]), ("head-pushed", 1, 2))
    repository.git("checkout", "-q", "main")
    repository.commit("Meanwhile", path="other.c", push="main")
    site.metroplex("--once")
    equal(changes(site, pull), ["head-pushed", "head-pushed"], "a push to the base is none of it")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    repository.push("main", ":topic")
    for _ in range(3):
        site.metroplex("--once")
    shown = site.show(pull)
    equal((changes(site, pull), shown["state"], shown["merged"]), (["head-pushed", "head-pushed", "merged"], "closed", True))
    equal(shown["events"][-1]["to"], repository.git("rev-parse", "main"))
    equal(site.metroplex("fsck", "--json"), "")
    equal(len(site.events()), 1 + 3, "an event each")


@test
def a_branch_that_is_gone_closes_it_and_one_that_came_back_is_news(site):
    repository, pull = branches(site)
    repository.push(":topic")
    site.metroplex("--once"), site.metroplex("--once")
    shown = site.show(pull)
    equal((changes(site, pull), shown["state"], shown["merged"]), (["head-deleted"], "closed", False))
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    site.metroplex("--once")
    equal((changes(site, pull), site.show(pull)["state"]), (["head-deleted", "reopened"], "open"), "it is known that it is gone")
    repository.push("topic")
    site.metroplex("--once")
    repository.commit("Once more", push="topic")
    site.metroplex("--once")
    equal(changes(site, pull), ["head-deleted", "reopened", "head-pushed"])
    equal(site.metroplex("fsck", "--json"), "")


@test
def back_and_forth_is_told_each_time(site):
    repository, pull = branches(site)
    for turn in range(4):
        repository.push(("topic~1" if turn % 2 == 0 else "topic") + ":topic")
        site.metroplex("--once"), site.metroplex("--once")
    equal([(e["added"], e["removed"]) for e in site.show(pull)["events"]], [(0, 1), (1, 0), (0, 1), (1, 0)])
    repository.push("main:topic")
    site.metroplex("--once")
    shown = site.show(pull)
    equal((shown["state"], shown["events"][-1]["removed"], shown["changes"]["n_commits"]), ("open", 2, 0), "taken back, and not merged")


def once(site):
    site.metroplex("--once"), site.metroplex("--once")


def look(site, pull):
    once(site)
    return changes(site, pull), site.show(pull)["state"], site.show(pull)["merged"]


@test
def work_that_was_thrown_away_is_not_merged(site):
    repository, pull = branches(site)
    git = repository.git
    git("checkout", "-q", "main")
    repository.commit("Meanwhile", path="other.c", push="main")
    repository.push("main:topic")  # git reset --hard main; git push -f
    equal(look(site, pull), (["head-pushed"], "open", False))
    event = site.show(pull)["events"][-1]
    equal((event["added"], event["removed"], site.show(pull)["changes"]["n_commits"]), (0, 2, 0))
    repository.commit("Later", path="other.c", push="main")
    equal(look(site, pull), (["head-pushed"], "open", False), "it has nothing that could have been merged")
    repository.push("main:topic")
    equal(look(site, pull)[1:], ("open", False))
    git("checkout", "-q", "-B", "topic", "main")
    repository.commit("Begin again", push="topic")
    equal(look(site, pull)[1:], ("open", False))
    repository.push("topic:main")
    equal(look(site, pull)[1:], ("closed", True))
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    equal(look(site, pull)[1:], ("open", False), "opened again, whatever is in the base")
    git("checkout", "-q", "main"), git("reset", "-q", "--hard", "topic")
    repository.commit("Unrelated", path="other.c", push="main")
    equal(look(site, pull)[1:], ("open", False))
    repository.push(":topic")
    equal(look(site, pull)[1:], ("closed", False))
    equal(site.metroplex("fsck", "--json"), "")


def merge(repository):
    repository.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")


def squash(repository):
    repository.git("merge", "-q", "--squash", "topic"), repository.git("commit", "-q", "-m", "All of topic (#1)")


def rebase(repository):
    repository.git("rebase", "-q", "--onto", "main", "topic~2", "topic"), repository.git("checkout", "-q", "main"), repository.git("merge", "-q", "--ff-only", "topic")
    repository.git("branch", "-q", "rebased", "topic"), repository.git("branch", "-f", "topic", "origin/topic")


def pick(repository):
    repository.git("cherry-pick", "topic~1", "topic")


@test
def it_is_merged_however_its_work_came_into_the_base(site):
    site.user("tim")
    repository = Repository(site)
    git = repository.git
    repository.commit("Begin", push="main")
    for number, (how, after, is_merged) in enumerate((
            (merge, (), True), (squash, (), True), (rebase, (), True), (pick, (), True),
            (merge, (":topic",), True), (squash, (":topic",), True), (rebase, (":topic",), True),
            (rebase, ("rebased:topic",), True), (squash, ("main:topic",), True), (merge, ("main:topic",), True), (rebase, ("main:topic",), True),
            (lambda r: r.git("cherry-pick", "topic~1"), (), False), (lambda r: r.git("cherry-pick", "topic~1"), (":topic",), False),
            (lambda r: r.commit("fuse.c too"), (), False), (lambda r: r.commit("Unrelated", path="x"), ("main:topic",), False))):
        name = f"{getattr(how, '__name__', 'other')} {after}"
        git("checkout", "-q", "-B", "topic", "main")
        path = f"{number}.c"
        repository.commit("Add a fuse", path=path)
        repository.commit("Make it thicker", path=path, push="topic")
        git("fetch", "-q", "origin")
        pull = opens(site, "pull", "--base", "main", "--head", "topic")
        git("checkout", "-q", "main")
        repository.commit("Meanwhile", path="other.c")
        how(repository)
        repository.push("main", *after)
        equal(look(site, pull)[2], is_merged, name)
        if not is_merged and after == ():
            equal(site.show(pull)["state"], "open", name)
            site.metroplex("thread", "close", str(pull), "--as", "tim")
        subprocess.run(["git", "branch", "-D", "rebased"], cwd=repository.work, capture_output=True)
    equal(site.metroplex("fsck", "--json"), "")


@test
def commits_of_one_second_and_subject_are_merged_by_what_they_change(site):
    site.user("tim")
    repository = Repository(site)
    git, same = repository.git, {"GIT_AUTHOR_DATE": "1790009999 +0000"}

    def update(path, text):
        with open(os.path.join(repository.work, path), "w") as f:
            f.write(text)
        git("add", "-A"), git("commit", "-q", "-m", "Update", env=same)
    repository.commit("Begin", push="main")
    git("checkout", "-q", "-b", "topic")
    update("de.po", "a\n"), update("shared.po", "a\n" * 5), repository.push("topic")
    pull = opens(site, "pull", "--base", "main", "--head", "topic")
    git("checkout", "-q", "main")
    update("fr.po", "a\n"), update("shared.po", "b\n" * 9), repository.push("main")
    equal(look(site, pull), ([], "open", False), "other files, and another count of lines")
    git("checkout", "-q", "-b", "second", "topic")
    with open(os.path.join(repository.work, "de.po"), "w") as f:
        f.write("another way\nand longer\n")
    git("add", "-A"), git("commit", "-q", "--amend", "--no-edit"), repository.push("second")
    second = opens(site, "pull", "--base", "main", "--head", "second")
    git("checkout", "-q", "-B", "third", "main~2"), git("cherry-pick", "topic~1")
    repository.commit("Beside it", path="de.po"), repository.push("third")
    third = opens(site, "pull", "--base", "main", "--head", "third")
    once(site)
    git("checkout", "-q", "main"), git("cherry-pick", "topic~1"), repository.commit("On it", path="de.po"), repository.push("main")
    equal([look(site, p)[2] for p in (pull, second, third)], [False] * 3, "some of it")
    equal(site.metroplex("fsck", "--json"), "")


@test
def what_was_merged_before_anybody_looked_is_merged(site):
    repository, pull = branches(site)
    git = repository.git
    site.metroplex("thread", "close", str(pull), "--as", "tim")
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    git("checkout", "-q", "main"), repository.commit("Meanwhile", path="other.c"), merge(repository), repository.push("main")
    equal(look(site, pull)[1:], ("closed", True))
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    equal(look(site, pull)[1:], ("open", False), "it was told")
    git("checkout", "-q", "-B", "other", "main"), repository.commit("Work", path="w.c", push="other")
    gone = opens(site, "pull", "--base", "main", "--head", "other")
    site.metroplex("thread", "close", str(gone), "--as", "tim")
    repository.push("main:other"), git("checkout", "-q", "main"), repository.commit("Later", path="other.c", push="main")
    site.metroplex("thread", "reopen", str(gone), "--as", "tim")
    equal(look(site, gone)[1:], ("open", False), "its work was thrown away")
    away = repository.path + ".away"
    os.rename(repository.path, away)
    empty, full = [opens(site, "pull", "--base", "main", "--head", head) for head in ("empty", "full")]
    os.rename(away, repository.path)
    git("checkout", "-q", "-B", "full"), repository.commit("All", path="full.c", push="full")
    git("checkout", "-q", "main"), git("merge", "-q", "--no-ff", "-m", "Merge full", "full")
    repository.push("main", "main:empty")
    equal((look(site, empty)[1:], look(site, full)[1:]), (("open", False), ("closed", True)))
    equal(site.metroplex("fsck", "--json"), "")


@test
def commits_of_one_second_have_the_order_of_their_parents(site):
    site.user("tim")
    repository = Repository(site)
    git, same = repository.git, {"GIT_AUTHOR_DATE": "1790000000 +0000", "GIT_COMMITTER_DATE": "1790000000 +0000"}

    def commit(path):
        with open(os.path.join(repository.work, path), "w") as f:
            f.write(path)
        git("add", "-A"), git("commit", "-q", "-m", path, env=same)
    commit("begin"), git("checkout", "-q", "-b", "topic"), commit("work"), git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "Merge", "topic", env=same), repository.push("main", "topic")
    refused(site, 65, "has nothing that main has not", *opening("pull", "--base", "main", "--head", "topic"))
    found = site.show(opens(site, "pull", "--base", "topic", "--head", "main"))["changes"]
    equal((found["from"], found["files"]), (git("rev-parse", "topic"), []))


@test
def what_it_would_change_follows_its_base(site):
    repository, pull = branches(site)
    once(site)
    repository.push("topic~1:main")
    equal(look(site, pull), ([], "open", False))
    found = site.show(pull)["changes"]
    equal(([c["subject"] for c in found["commits"]], found["from"]), (["Make it thicker"], repository.git("rev-parse", "topic~1")))
    check("Add a fuse</bdi>" not in page(site, pull), "the page has what is in the base")
    before = site.git("rev-parse", "main")
    once(site)
    equal(site.git("rev-parse", "main"), before)
    repository.push("main:main")  # back again
    once(site)
    equal(site.show(pull)["changes"]["n_commits"], 2)
    repository.git("checkout", "-q", "main")
    repository.commit("Beside it", path="other.c", push="main")
    once(site)
    equal(site.show(pull)["changes"]["n_commits"], 2)
    equal(site.metroplex("fsck", "--json"), "")


@test
def what_cannot_be_read_is_said_once(site):
    repository, pull = branches(site)
    new = repository.commit("Damaged", push="topic")
    tree = repository.git("rev-parse", "topic^{tree}")
    objects = os.path.join(repository.path, "objects")
    path = os.path.join(objects, tree[:2], tree[2:])
    os.chmod(path, 0o600)
    os.rename(path, path + ".away")
    with open(path, "wb") as file:
        file.write(b"nothing that inflates")
    for _ in range(3):
        site.metroplex("--once")
    equal(site.log().count(f"What became of acme/rocket#{pull} cannot be told"), 1)
    equal(changes(site, pull), [])
    os.rename(path + ".away", path)
    for _ in range(2):
        site.metroplex("--once")
    equal((site.log().count(f"What becomes of acme/rocket#{pull} can be told again"), changes(site, pull)), (1, ["head-pushed"]))
    equal(site.show(pull)["events"][0]["to"], new)


@test
def what_is_closed_is_not_unread_for_ever(site):
    repository, pull = branches(site)
    unread = lambda: json.loads(site.run(METROPLEX, "status", "--config", site.config, "--json", status=None).stdout)["unread"]
    once(site)
    repository.commit("Damaged", push="topic")
    tree = repository.git("rev-parse", "topic^{tree}")
    damage(repository.path, tree)
    site.metroplex("--once")
    equal(unread(), [f"acme/rocket#{pull} (unreadable)"])
    site.metroplex("thread", "close", str(pull), "--as", "tim")
    site.metroplex("--once")
    equal(unread(), [], "it was the only one of its repository")


def rings(site, pusher, *lines):
    """What a hook of ours says of a push."""
    spool = os.path.join(site.dir, "pushes")
    os.makedirs(spool, exist_ok=True)
    site.set_config("repositories", pushes=spool)
    with open(os.path.join(spool, f"acme,rocket,{os.geteuid()}"), "w") as file:
        file.write(f"pusher {pusher}\n" + "".join(f"{'0' * 40} {line}\n" for line in lines))


@test
def who_pushed_merged_and_closed(site):
    repository, pull = branches(site)
    issue, git = site.thread("tim"), repository.git
    once(site)
    head = repository.commit("Paint it", push="topic")
    rings(site, "kate", f"{head} refs/heads/topic")
    once(site)
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", f"Merge\n\nFixes #{issue}", "topic")
    repository.push("main", ":topic")
    rings(site, "kate", f"{git('rev-parse', 'main')} refs/heads/main", f"{'0' * 40} refs/heads/topic")
    once(site)
    equal([(e["change"], e["author"]) for e in site.show(pull)["events"]], [("head-pushed", "kate"), ("merged", "kate")])
    equal([(e["change"], e["author"]) for e in site.show(issue)["events"]], [("closed", "kate")])
    equal([mail["Subject"] for mail, _, _ in mails(site, "kate") if "Re:" in mail["Subject"]], [], "nobody is told of what they did")
    contains(site.log(), f"Told acme/rocket: thread {pull}, merged, by kate")
    contains(site.log(), f"Told acme/rocket: thread {issue}, closed by acme/rocket@{git('rev-parse', 'main')[:12]}, by kate")
    git("checkout", "-q", "-b", "second")
    repository.commit("Second", push="second")
    second = opens(site, "pull", "--base", "main", "--head", "second")
    repository.push(":second")
    rings(site, "Kate of the shop <kate@example.org>", f"{'0' * 40} refs/heads/second")
    once(site)
    event, = site.show(second)["events"]
    equal(event["change"], "head-deleted")
    check(event["author"].startswith("Kate of the shop") and "kate@example.org" not in event["author"], event["author"])
    equal(site.metroplex("fsck", "--json"), "")


@test
def a_commit_of_a_pull_request_leads_to_its_thread(site):
    repository, pull = branches(site)
    first, second = [repository.git("rev-parse", name) for name in ("topic~1", "topic")]
    thread = int(site.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "commit", "--commit", first, "--title", "It melts", "--as", "tim", "-",
                                stdin="Why?"))
    third = repository.commit("Paint it", push="topic")
    site.metroplex("--once")
    shown = site.metroplex("thread", "show", str(pull))
    contains(shown, f"  {first[:12]} Add a fuse (Ada Wright) #{thread}\n"), contains(shown, f"  {second[:12]} Make it thicker (Ada Wright)\n")
    equal([(c["id"], c.get("thread")) for c in site.show(pull)["changes"]["commits"]], [(third, None), (second, None), (first, thread)])
    contains(page(site, pull), f'<li><a href="{thread}.html"><code>{first[:12]}</code> <bdi>Add a fuse</bdi></a>')
    contains(page(site, pull), f"<li><code>{second[:12]}</code> <bdi>Make it thicker</bdi>")
    later = int(site.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "commit", "--commit", third, "--title", "Red?", "--as", "tim", "-",
                               stdin="Why?"))
    contains(site.metroplex("thread", "show", str(pull)), f"head-pushed 1 commit\n  {third[:12]} Paint it (Ada Wright) #{later}\n")
    equal(site.show(pull)["events"][0]["commits"][0]["thread"], later)
    refused(site, 65, "is not about a commit; each commit of a pull request has a thread of its own", "thread", "comment", str(pull), "--as", "tim", "--path", "fuse.c", "-")


@test
def who_hears_that_a_push_closes_a_thread_does_not_hear_that_it_names_it(site):
    repository, = watched(site)
    first, second, third = [site.thread("tim") for _ in range(3)]
    mails(site, "tim")
    repository.commit(f"See #{first}, and #{third}")
    repository.commit(f"Fixes #{first}")
    repository.commit(f"Closes #{second}\n\nAs #{first} said.")
    repository.commit(f"Again #{second}", push="main")
    site.metroplex("--once")
    equal([changes(site, t) for t in (first, second, third)], [["referenced", "closed", "referenced"], ["closed", "referenced"], ["referenced"]])
    equal([text.split("\n")[0] for _, text, _ in mails(site, "tim")],
          [f"Closed #{first} by a commit of acme/rocket:", f"Closed #{second} by a commit of acme/rocket:", f"A commit of acme/rocket names #{third}:"])
    repository.commit(f"See #{first}", push="main")
    site.metroplex("--once")
    equal([text.split("\n")[0] for _, text, _ in mails(site, "tim")], [f"A commit of acme/rocket names #{first}:"], "in another push")
    equal(site.metroplex("fsck", "--json"), "")


@test
def a_closed_one_is_not_looked_at(site):
    repository, pull = branches(site)
    site.metroplex("thread", "close", str(pull), "--as", "tim")
    repository.commit("Unseen", push="topic")
    site.metroplex("--once")
    equal(changes(site, pull), ["closed"])
    equal(site.metroplex("fsck", "--json"), "")
    site.metroplex("thread", "reopen", str(pull), "--as", "tim")
    site.metroplex("--once")
    equal((changes(site, pull), site.show(pull)["changes"]["n_commits"]), (["closed", "reopened"], 3))


# --- Commits that close


def watched(site, *names):
    """Repositories that are looked at, each with one commit that was seen."""
    site.user("tim"), site.user("kate")
    repositories = []
    for name in names or ("acme/rocket",):
        repository = Repository(site, name)
        repository.commit("Begin", push="main")
        site.metroplex("repository", "set", name, "--watch", "kate")
        repositories.append(repository)
    site.metroplex("--once")
    return repositories


@test
def a_commit_on_the_default_branch_closes_and_names(site):
    repository, = watched(site)
    issues = [site.thread("tim") for _ in range(5)]
    repository.git("checkout", "-q", "-b", "topic")
    sha = repository.commit("Better fuse\n\nFixes #1, closes: #2 and #3.\nSee acme/rocket#4, not acme/other#5 nor x#5.", push="topic")
    site.metroplex("--once")
    equal([changes(site, i) for i in issues], [[]] * 5, "not on the default branch")
    repository.push("topic:main")
    for _ in range(3):
        site.metroplex("--once")
    equal([changes(site, i) for i in issues], [["closed"], ["closed"], ["referenced"], ["referenced"], []])
    event, = site.show(1)["events"]
    equal((event["author"], event["via"], event["source"], [(c["id"], c["subject"]) for c in event["commits"]]),
          ("acme/rocket", "git", "acme/rocket", [(sha, "Better fuse")]))
    equal([site.show(i)["state"] for i in issues], ["closed", "closed", "open", "open", "open"])
    texts = [text for mail, text, html in mails(site, "tim") if "ommit" in text]
    check(f"Closed #1 by a commit of acme/rocket:\n\n- {sha[:12]} Better fuse (Ada Wright)\n" in texts, texts)
    check(f"A commit of acme/rocket names #3:\n\n- {sha[:12]} Better fuse (Ada Wright)\n" in texts, texts)
    contains(page(site, 1), "closed this by a commit · <bdi>acme/rocket</bdi>"), contains(page(site, 1), f"<code>{sha[:12]}</code> <bdi>Better fuse</bdi>")
    site.metroplex("thread", "reopen", "1", "--as", "tim")
    repository.push("topic~1:main")
    site.metroplex("--once")
    repository.push("topic:main")
    site.metroplex("--once")
    equal(changes(site, 1), ["closed", "reopened"], "a commit closes once")
    equal(site.metroplex("fsck", "--json"), "")


@test
def the_first_push_to_an_empty_repository_closes_as_well(site):
    repository = Repository(site)
    site.user("tim")
    issue = site.thread("tim")
    site.metroplex("--once")
    repository.commit(f"Begin\n\nFixes #{issue}", push="main")
    site.metroplex("--once"), site.metroplex("--once")
    equal(changes(site, issue), ["closed"])
    repository.push("main:elsewhere")
    subprocess.run(["git", "update-ref", "-d", "refs/heads/main"], cwd=repository.path, check=True)
    site.metroplex("--once")
    equal((changes(site, issue), site.metroplex("fsck", "--json")), (["closed"], ""))


@test
def a_default_branch_of_another_name_closes_nothing_anew(site):
    repository = Repository(site)
    site.user("tim")
    repository.commit("Begin")
    repository.commit("Old\n\nFixes #1", push="main")
    issue, later = site.thread("tim"), site.thread("tim")
    once(site)
    bare = lambda *args: subprocess.run(["git", *args], cwd=repository.path, check=True)  # noqa: E731
    bare("branch", "-m", "main", "trunk")  # and HEAD follows
    once(site)
    equal(changes(site, issue), [], "renamed")
    repository.git("checkout", "-q", "--orphan", "other")
    repository.commit("Another beginning", push="other")
    repository.git("checkout", "-q", "main")
    bare("symbolic-ref", "HEAD", "refs/heads/new")
    repository.commit(f"New\n\nFixes #{later}", push="main:new")
    once(site)
    equal((changes(site, issue), changes(site, later)), ([], ["closed"]), "only what is new in it")
    bare("update-ref", "-d", "refs/heads/new")
    once(site)
    repository.push("main:new")
    once(site)
    equal((changes(site, issue), changes(site, later)), ([], ["closed"]), "deleted, and made again")


@test
def a_default_branch_that_comes_late_closes(site):
    repository = Repository(site)
    site.user("tim")
    issue, old = site.thread("tim"), site.thread("tim")
    site.metroplex("--once")
    repository.commit(f"Work\n\nFixes #{issue}", push="main:topic")
    once(site)
    equal(changes(site, issue), [])
    repository.push("main")
    once(site)
    equal(changes(site, issue), ["closed"])
    other = Repository(site, "acme/late")
    other.commit(f"Old\n\nFixes acme/rocket#{old}", push="main:topic")
    site.metroplex("repository", "set", "acme/late", "--watch", "tim")
    once(site)
    other.push("main")
    once(site)
    equal(changes(site, old), [], "it was there before anybody looked")


@test
def a_default_branch_that_comes_with_another_closes(site):
    repository = Repository(site)
    site.user("tim")
    repository.commit("Begin", push="main:master")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "tim", "--push-mail", "off")
    site.metroplex("--once")
    issue = site.thread("tim")
    repository.commit(f"Fixes #{issue}")
    repository.push("main", "main:master")
    once(site)
    equal(changes(site, issue), ["closed"])


@test
def what_is_written_anew_or_taken_back_closes_nothing(site):
    repository, = watched(site)
    git = repository.git
    issues = [site.thread("tim") for _ in range(4)]
    repository.commit(f"First\n\nFixes #{issues[0]}")
    repository.commit(f"Fixes #{issues[1]}: quiet", push="main")
    once(site)
    equal([changes(site, i) for i in issues], [["closed"], ["closed"], [], []])
    for issue in issues[:2]:
        site.metroplex("thread", "reopen", str(issue), "--as", "tim")
    git("filter-branch", "-f", "--index-filter", "git update-index --add --cacheinfo 100644,$(git hash-object -w --stdin </dev/null),empty", "main")
    repository.push("main")
    once(site)
    equal([changes(site, i) for i in issues], [["closed", "reopened"]] * 2 + [[], []], "other ids, the same work")
    git("revert", "--no-edit", "HEAD"), repository.push("main")
    once(site)
    equal([(changes(site, i)[-1], site.show(i)["state"]) for i in issues[:2]], [("reopened", "open"), ("referenced", "open")])
    git("revert", "--no-edit", "HEAD"), repository.push("main")
    once(site)
    equal(site.show(issues[1])["state"], "open")
    repository.commit(f"Revert \"Fixes #{issues[2]}\"\n\nThis reverts commit {git('rev-parse', 'HEAD')}.\n\nFixes #{issues[3]}", push="main")
    once(site)
    equal([changes(site, i) for i in issues[2:]], [["referenced"], ["closed"]], "what is written below is meant")
    for words in ("revert: closes #{}", "Revert(core): closes #{}", "revert!: closes #{}", 'Reapply "Closes #{}"'):
        issue = site.thread("tim")
        repository.commit(words.format(issue), push="main")
        once(site)
        equal(changes(site, issue), ["referenced"], words)
    issue = site.thread("tim")
    repository.commit(f"Reapply (closes #{issue}) what was lost", push="main")
    once(site)
    equal(changes(site, issue), ["closed"], "somebody's own words")
    equal(site.metroplex("fsck", "--json"), "")


@test
def a_history_that_is_written_anew_closes_nothing_of_before(site):
    repository = Repository(site)
    site.user("tim")
    for i in range(5):
        repository.commit(f"Old {i}\n\nFixes #1")
    repository.push("main")
    issue = site.thread("tim")
    once(site)
    repository.git("filter-branch", "-f", "--index-filter", "git update-index --add --cacheinfo 100644,$(git hash-object -w --stdin </dev/null),empty", "main")
    repository.push("main")
    once(site)
    equal(changes(site, issue), [])


def emptied(repository, *more):
    repository.git("filter-branch", "-f", "--index-filter", "git update-index --add --cacheinfo 100644,$(git hash-object -w --stdin </dev/null),empty", *more, "main")


@test
def what_was_replaced_or_pruned_closes_nothing(site):
    repository, = watched(site)
    bare = lambda *args: subprocess.run(["git", *args], cwd=repository.path, check=True, capture_output=True)  # noqa: E731
    for i in range(1, 4):
        repository.commit(f"Old\n\nFixes #{i}")
    repository.push("main")
    once(site)
    issues = [site.thread("tim") for _ in range(4)]
    emptied(repository), repository.push("main")
    bare("reflog", "expire", "--expire=now", "--all"), bare("gc", "-q", "--prune=now")
    once(site)
    equal([changes(site, i) for i in issues], [[]] * 4, "written anew, and pruned at once")
    contains(site.log(), "acme/rocket: what commits close there is not told: commit ")
    repository.commit(f"New\n\nFixes #{issues[3]}", push="main")
    once(site)
    equal([changes(site, i) for i in issues], [[]] * 3 + [["closed"]])
    shutil.rmtree(repository.path), shutil.rmtree(repository.work)
    other = Repository(site)
    for i in issues:
        other.commit(f"Another\n\nFixes #{i}")
    other.push("main")
    once(site)
    equal([changes(site, i) for i in issues], [[]] * 3 + [["closed"]], "another repository of that name")
    equal(site.metroplex("fsck", "--json"), "")


@test
def what_is_added_to_a_message_counts_and_what_it_said_does_not(site):
    repository, = watched(site)
    git = repository.git
    old = site.thread("tim")
    one, two, three = [site.thread("tim") for _ in range(3)]
    repository.commit("Better fuse", push="main")
    once(site)
    git("commit", "-q", "--amend", "-m", f"Better fuse\n\nFixes #{one}"), repository.push("main")
    once(site)
    equal(changes(site, one), ["closed"], "added")
    git("commit", "-q", "--amend", "-m", f"Better fuse\n\nFixes #{two}"), repository.push("main")
    once(site)
    equal((changes(site, one), changes(site, two)), (["closed"], ["closed"]), "another number")
    git("commit", "-q", "--amend", "-m", f"Better fuse\n\nSee #{three}. Fixes #{two}"), repository.push("main")
    once(site)
    equal((changes(site, two), changes(site, three)), (["closed"], ["referenced"]), "named beside it")
    other = Repository(site, "acme/other")
    other.commit("Begin"), other.commit(f"Long ago\n\nFixes acme/rocket#{old}", push="main")
    site.metroplex("repository", "set", "acme/other", "--watch", "kate")
    once(site)
    emptied(other, "--msg-filter", "cat; echo; echo Signed-off-by: Ada"), other.push("main")
    once(site)
    equal(changes(site, old), [], "a line was added that says nothing of it")
    equal(site.metroplex("fsck", "--json"), "")


@test
def a_commit_that_is_damaged_closes_once_it_can_be_read(site):
    repository, = watched(site)
    issue = site.thread("tim")
    sha = repository.commit(f"Work\n\nFixes #{issue}", push="main")
    mend = damage(repository.path, sha)
    once(site)
    mend()
    once(site)
    equal(changes(site, issue), ["closed"])


@test
def words_and_places_that_close(site):
    repository, = watched(site)
    closing = ["close #{}", "Closes #{}", "CLOSED #{}", "fix #{}", "Fixes: #{}", "fixed  #{}", "This resolves acme/rocket#{}.", "resolve\n#{}", "Resolved #{}, too", "(fixes #{})"]
    naming = ["Small fixes\n\n#{}", "fixes:\n \n#{}", "prefix #{}", "un-fixes #{}", "fixing #{}", "fixes#{} #{}", "Fixes the #{}", "fixes :#{}", "#{}"]
    threads = [site.thread("tim") for _ in closing + naming]
    for thread, words in zip(threads, closing + naming):
        repository.commit("Change\n\n" + words.format(thread, thread))
    repository.push("main")
    site.metroplex("--once")
    equal([changes(site, t) for t in threads], [["closed"]] * len(closing) + [["referenced"]] * len(naming))


@test
def other_repositories_close_by_their_owner_alone(site):
    ours, sibling, foreign = watched(site, "acme/rocket", "acme/other", "evil/rocket")
    ours.commit("Begin", push="main:x")
    first, second, pull = site.thread("tim"), site.thread("tim"), opens(site, "pull", "--head", "x")
    sibling.commit(f"Closes acme/rocket#{first}", push="main")
    foreign.commit(f"Closes acme/rocket#{second}. Closes #{second}.", push="main")
    ours.commit(f"Closes #{pull}, closes #99, closes #0, closes #99999999999", push="main")
    site.metroplex("--once")
    equal([changes(site, t) for t in (first, second, pull)], [["closed"], ["referenced"], ["referenced"]])
    equal(site.show(first)["events"][0]["source"], "acme/other")


@test
def a_push_that_names_very_many_is_bounded(site):
    repository, = watched(site)
    for _ in range(3):
        site.thread("tim")
    repository.commit("Fixes #1\n" + "\n".join(f"fixes #{i}" for i in range(1, 3000)))
    stream = "".join(f"commit refs/heads/main\ncommitter A <a@example.org> {1790001000 + i} +0000\ndata 9\nfixes #2{i % 10}\n{'from ' + repository.git('rev-parse', 'main') + chr(10) if i == 0 else ''}\n" for i in range(2000))
    repository.push("main")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository.path, input=stream, text=True, check=True)
    site.metroplex("--once")
    equal([changes(site, t) for t in (1, 2, 3)], [["closed"]] * 3)


@test
def references_that_are_read_are_bounded(site):
    repository, = watched(site)
    first, last = site.thread("tim"), site.thread("tim")
    base = repository.git("rev-parse", "main")

    def push(number, *messages):
        stream = "".join(f"commit refs/heads/many{number}\ncommitter A <a@example.org> {1790001000 + 100 * number + i} +0000\ndata {len(message)}\n{message}\n"
                         f"{'from ' + base + chr(10) if i == 0 else ''}\n" for i, message in enumerate(messages))
        subprocess.run(["git", "fast-import", "--quiet"], cwd=repository.work, input=stream, text=True, check=True)
        repository.push(f"many{number}:main")
        once(site)

    many = [f"Revert: {i}, see #0\n" + "@nobody " * 6000 for i in range(20)]
    push(1, f"Fixes #{first}", *many, f"Fixes #{last}")
    equal([changes(site, issue) for issue in (first, last)], [["closed"], []], "so many references were read before the last")
    contains(site.log(), "(of 100000 references)")
    push(2, *many, f"Fixes #{last}")
    contains(site.log(), "what commits close there is not told: too much was written anew")
    equal(changes(site, last), [])


@test
def where_a_branch_is_damaged_what_is_new_closes_nothing(site):
    repository = Repository(site)
    site.user("tim")
    repository.commit("Old\n\nFixes #1")
    sha = repository.commit("Newer")
    repository.commit("Newest", push="main:old")
    repository.git("checkout", "-q", "-b", "side", "main~2")
    repository.commit("Beside")
    issue = site.thread("tim")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "tim", "--push-mail", "off")
    site.metroplex("--once")
    repository.push("side:main")
    mend = damage(repository.path, sha)
    once(site)
    contains(site.log(), "what commits close there is not told: nobody can say which commits are new")
    mend()
    once(site)
    equal(changes(site, issue), [])


# --- Comments on a commit


@test
def a_comment_on_a_line_brings_the_lines_around_it(site):
    repository, = watched(site)
    text = "".join(f"line {i}\n" for i in range(1, 21)) + "x" * 300 + " ada@example.org\n"
    sha = repository.commit("Twenty", path="src/fuse.c", text=text, push="main")
    site.metroplex("thread", "list")
    thread = opens(site, "commit", "--commit", sha[:10], "--path", "src/fuse.c", "--line", "12", body="Why twelve?\n")
    site.metroplex("thread", "subscribe", str(thread), "kate")
    equal(site.show(thread)["object"], sha, "the whole id")
    for name in (sha, sha[:7], "main", "HEAD"):
        refused(site, 65, f"thread {thread} is about {sha} of acme/rocket already", *opening("commit", "--commit", name))
    around = "".join(f"{'*' if i == 12 else ' '} {i}  line {i}\n" for i in range(9, 16))
    equal(site.show(thread)["opening"]["lines"], around)
    mail, said, html = mails(site, "kate")[-1]
    equal(said, "    src/fuse.c, line 12\n\n" + "".join("    " + line + "\n" for line in around.splitlines()) + "\nWhy twelve?\n")
    contains(html, "* 12  line 12\n"), contains(page(site, thread), "<p><code>src/fuse.c</code>, line 12</p>\n<pre dir=\"ltr\" tabindex=\"0\">\n  9  line 9")
    site.deliver(site.mail("kate@example.org", site.address(thread, "kate"), "Since thirteen is unlucky.\n\n" + "".join(f"> {line}\n" for line in said.splitlines())))
    site.metroplex("--once")
    equal(site.show(thread)["comments"][-1]["body"], "Since thirteen is unlucky.\n")
    reply = site.mail("kate@example.org", site.address(thread, "kate"), "And odd.\n").decode()
    contains(site.run(METROPLEX, "explain", "--config", site.config, "-", stdin=reply).stdout, f"    reply of kate, thread {thread}, about commit {sha[:12]} of acme/rocket\n")
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "--path", "src/fuse.c", "--line", "1", "-", stdin="First.\n")
    equal(site.show(thread)["comments"][-1]["lines"], "* 1  line 1\n  2  line 2\n  3  line 3\n  4  line 4\n")
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "--path", "src/fuse.c", "--line", "21", "-", stdin="Last.\n")
    last = site.show(thread)["comments"][-1]["lines"]
    check(last.endswith("* 21  " + 200 * "x" + "…\n"), last)
    for args, says in ((("--path", "src/fuse.c", "--line", "22"), "has no line 22"), (("--path", "none.c"), "there is no file none.c in commit"), (("--path", "src"), "there is no file src in commit")):
        refused(site, 65, says, "thread", "comment", str(thread), "--as", "tim", *args, "-")
    refused(site, 65, "has no branch, tag or commit 0123456789 (", *opening("commit", "--commit", "0123456789", "--path", "a"))
    whole = site.metroplex("thread", "export", str(thread))
    other = Site()
    try:
        other.user("tim"), other.user("kate")
        equal(other.show(other.metroplex("thread", "import", "-", stdin=whole).split()[0])["opening"]["lines"], around)
    finally:
        other.remove()
    site.metroplex("thread", "redact", str(thread), "0")
    equal(site.show(thread)["opening"].get("lines"), None)
    equal(site.metroplex("fsck", "--json"), "")


# --- Whatever dies


@test
def killed_or_failing_at_any_call_each_is_told_once(site):
    """A push to a pull request, a merge and a commit that closes, in one run that is killed or whose call fails; the next finishes it."""
    repository, = watched(site)
    issue = site.thread("tim")
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit("One", push="topic")
    repository.git("checkout", "-q", "-b", "later")
    repository.commit("Two", push="later")
    pulls = [opens(site, "pull", "--base", "main", "--head", head) for head in ("topic", "later")]
    site.metroplex("--once"), mails(site, "tim")
    repository.commit("Three", push="later")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", f"Merge topic\n\nFixes #{issue}", "topic")
    repository.push("main")
    copy, calls = site.data + ".copy", os.path.join(site.dir, "calls")
    shutil.copytree(site.data, copy, symlinks=True)
    command = [METROPLEX, "--config", site.config, "--once"]
    subprocess.run([killat(), "--list", calls, "--", *command], check=True, capture_output=True)
    with open(calls) as file:
        calls = file.read().splitlines()
    begin = len(calls) - 200  # what was read of Git changes nothing
    finished = 0
    numbers = range(begin, len(calls) + 1, max(1, (len(calls) - begin) // int(os.environ.get("KILLS", "10"))))
    for number, fault in [(n, ["--kill", str(n)]) for n in numbers] + [(n + 5, ["--fail", str(n + 5), "--error", "EIO"]) for n in numbers]:
        shutil.rmtree(site.data)
        shutil.copytree(copy, site.data, symlinks=True)
        subprocess.run([killat(), *fault, "--", *command], check=True, capture_output=True)
        finished += changes(site, pulls[0]) == []
        site.a_minute_later()
        site.metroplex("--once"), site.metroplex("--once")
        what = f"{fault}: {calls[min(number, len(calls)) - 1]}"
        equal([changes(site, t) for t in (issue, *pulls)], [["closed"], ["merged"], ["head-pushed"]], what)
        equal(len(site.events()), 3, what)
        equal(site.metroplex("fsck", "--json"), "", what)
    print(f"# of {len(calls)} calls, the last {len(calls) - begin}; {finished} faults left all to the next run")
    check(finished > 0, "no kill was before the branch moved")


@test
def nothing_of_a_hostile_repository_is_run_or_believed(site):
    repository, pull = branches(site)
    proof = os.path.join(site.dir, "proof")
    script = f"#!/bin/sh\ntouch {proof}\n"
    for name in ("evil", "hooks/post-receive", "hooks/pre-receive"):
        with open(os.path.join(repository.path, name), "w") as file:
            file.write(script)
        os.chmod(os.path.join(repository.path, name), 0o755)
    with open(os.path.join(repository.path, "config"), "w") as file:
        file.write(f"[core]\nrepositoryformatversion = 0\nbare = true\nfsmonitor = {repository.path}/evil\nattributesFile = {repository.path}/attributes\n"
                   f'[diff]\nexternal = {repository.path}/evil\n[diff "evil"]\ntextconv = {repository.path}/evil\ncommand = {repository.path}/evil\n')
    for name in ("attributes", "info/attributes"):
        with open(os.path.join(repository.path, name), "w") as file:
            file.write("* diff=evil binary\n")
    os.remove(os.path.join(repository.path, "hooks/post-receive")), os.remove(os.path.join(repository.path, "hooks/pre-receive"))
    repository.commit("* diff=evil -text", path=".gitattributes", push="topic")
    site.metroplex("--once")
    equal(changes(site, pull), ["head-pushed"])
    contains(site.show(pull)["changes"]["diff"], "+Add a fuse\n")
    opens(site, "pull", "--base", "main", "--head", "topic")
    check(not os.path.exists(proof), "something of it was run")


@test
def a_repository_that_is_gone_empty_or_damaged_holds_up_nothing(site):
    repository, pull = branches(site)
    repository.commit("More", push="topic")
    away = repository.path + ".away"
    os.rename(repository.path, away)
    site.metroplex("--once")
    equal((changes(site, pull), site.show(pull)["changes"]["n_commits"]), ([], 2), "what was told is still shown")
    os.makedirs(repository.path)
    site.deliver(site.mail("kate@example.org", site.address(pull, "kate"), "Still here.\n"))
    site.metroplex("--once")
    equal((changes(site, pull), len(site.show(pull)["comments"])), ([], 1))
    os.rmdir(repository.path)
    os.rename(away, repository.path)
    objects = os.path.join(repository.path, "objects")
    os.rename(objects, objects + ".away")
    os.makedirs(objects)
    site.metroplex("--once")
    equal((changes(site, pull), site.show(pull)["state"]), ([], "open"))
    os.rmdir(objects)
    os.rename(objects + ".away", objects)
    site.metroplex("--once")
    equal(changes(site, pull), ["head-pushed"], "told once it can be read")


if __name__ == "__main__":
    main()
