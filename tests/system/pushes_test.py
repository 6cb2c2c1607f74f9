#!/usr/bin/env python3
"""What is pushed to a watched repository is told: what changed, once, and as text; a reply is a comment."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import Site, check, check_names, contains, equal, main, test  # noqa: E402

ENV = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="Ann Dev", GIT_AUTHOR_EMAIL="ann@example.org",
           GIT_COMMITTER_NAME="Ann Dev", GIT_COMMITTER_EMAIL="ann@example.org", GIT_AUTHOR_DATE="1700000000 +0000")


class Git:
    """acme/rocket.git below the root of a site, and a clone of it to push from."""

    def __init__(self, site, name="acme/rocket"):
        self.site, self.name = site, name
        self.root = os.path.join(site.dir, "git")
        self.bare = os.path.join(self.root, name + ".git")
        self.work = os.path.join(site.dir, "work-" + name.replace("/", "-"))
        self.clock = 1700000000
        os.makedirs(os.path.dirname(self.bare), exist_ok=True)
        site.set_config("repositories", root=self.root)
        self("init", "-q", "--bare", "-b", "main", self.bare, cwd="/")
        self("init", "-q", "-b", "main", self.work, cwd="/")
        self("remote", "add", "origin", self.bare)

    def __call__(self, *args, cwd=None, stdin=None):
        self.clock += 10
        env = dict(ENV, GIT_COMMITTER_DATE=f"{self.clock} +0000")
        done = subprocess.run(["git", *args], cwd=cwd or self.work, env=env, capture_output=True, input=stdin)
        check(done.returncode == 0, f"git {args}: {done.stderr}")
        return done.stdout.decode(errors="replace").strip()

    def write(self, name, text):
        with open(os.path.join(self.work, name), "w") as f:
            f.write(text)

    def commit(self, subject, name="a", text=None):
        self.write(name, text if text is not None else subject + "\n")
        self("add", "-A", ".")
        self("commit", "-q", "--allow-empty", "-m", subject)
        return self("rev-parse", "HEAD")

    def push(self, *args):
        self("push", "-q", "-f", "origin", *(args or ("HEAD",)))


def watched(site, *options, name="acme/rocket"):
    """A repository that kate watches, looked at for the first time."""
    site.user("kate")
    git = Git(site, name)
    site.metroplex("repository", "set", name, "--watch", "kate", *options)
    site.metroplex("--once")
    return git


def told(site):
    """The mails since the last time: subject, first line of the text."""
    site.metroplex("--once")
    site.notifier("--once")
    mails = site.sent()
    shutil.rmtree(os.path.join(site.data, "sent/new"))
    os.mkdir(os.path.join(site.data, "sent/new"))
    site.mails = mails
    return sorted((m["Subject"], text_of(m).split("\n")[0]) for m in mails)


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def short(commit):
    return commit[:12]


def fsck(site):
    return site.metroplex("fsck").strip().split(": ")[-1][:8]


@test
def the_first_look_remembers_and_tells_nothing(site):
    site.user("kate")
    git = Git(site)
    git.commit("Old")
    git.push()
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--push-mail", "commits")
    equal(told(site), [])
    contains(site.git("show", "main:told/acme/rocket"), "refs/heads/main")
    git.commit("New")
    git.push()
    equal([subject for subject, _ in told(site)], [f"[acme/rocket] New ({git('rev-parse', 'HEAD')[:7]})"])


@test
def each_shape_of_a_push_is_told_once(site):
    git = watched(site, "--push-mail", "summary")
    one = git.commit("One")
    git.push()
    equal(told(site), [(f"[acme/rocket] main: One ({one[:7]})", f"Created branch main at {short(one)}.")])
    equal(told(site), [])
    two = git.commit("Two")
    git.push()
    equal(told(site), [(f"[acme/rocket] main: Two ({two[:7]})", f"Pushed to main, which is at {short(two)} now.")])
    text = text_of(site.mails[0])
    contains(text, f"New commits: 1.\n\n- {short(two)} Two (Ann Dev)\n\nFiles: 1. Lines added: 1, removed: 1.\n\n- modified +1 -1 a\n")
    git("reset", "-q", "--hard", one)
    git.push()
    equal(told(site), [(f"[acme/rocket] main: One ({one[:7]})", f"Rewound main from {short(two)} to {short(one)}.")])
    contains(text_of(site.mails[0]), f"Commits that it does not lead to any more: 1.\n\n- {short(two)} Two (Ann Dev)\n")
    git("reset", "-q", "--hard", two)
    git.push()  # the same as before, and again a push
    equal(told(site), [(f"[acme/rocket] main: Two ({two[:7]})", f"Pushed to main, which is at {short(two)} now.")])
    git.push("HEAD:refs/heads/topic/a")
    equal(told(site), [(f"[acme/rocket] topic/a: Two ({two[:7]})", f"Created branch topic/a at {short(two)}.")])
    check("New commits" not in text_of(site.mails[0]), "a branch of commits that were there has no new ones")
    git.push(":refs/heads/topic/a")
    equal(told(site), [(f"[acme/rocket] topic/a: Two ({two[:7]})", f"Deleted branch topic/a, which was at {short(two)}.")])
    git("tag", "light")
    git("tag", "-a", "-m", "The first\n\nwith *markup*", "v1", one)
    git.push("light", "v1")
    equal(told(site), [(f"[acme/rocket] light: Two ({two[:7]})", f"Created tag light at {short(two)}."),
                       (f"[acme/rocket] v1: One ({one[:7]})", f"Created tag v1 at {short(one)}.")])
    contains("".join(text_of(m) for m in site.mails), "> with *markup*")
    git("tag", "-f", "light", one)
    git.push("light")
    equal(told(site), [(f"[acme/rocket] light: One ({one[:7]})", f"Moved tag light from {short(two)} to {short(one)}.")])
    git.push(":light")
    equal(told(site), [(f"[acme/rocket] light: One ({one[:7]})", f"Deleted tag light, which was at {short(one)}.")])
    equal(fsck(site), "0 faults")


@test
def there_and_back_between_two_looks_is_nothing(site):
    git = watched(site, "--push-mail", "summary")
    one = git.commit("One")
    git.push()
    told(site)
    git.commit("Two")
    git.push()
    git("reset", "-q", "--hard", one)
    git.push()
    equal(told(site), [])


@test
def a_merge_brings_what_the_branch_had_not(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    git("checkout", "-q", "-b", "topic")
    git.commit("On topic", name="b")
    git.push("topic")
    told(site)
    git("checkout", "-q", "main")
    git.commit("On main", name="c")
    git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    git.push("main")
    subjects = [re.sub(r" \(.*", "", subject) for subject, _ in told(site)]
    equal(subjects, ["[acme/rocket] Merge topic", "[acme/rocket] On main", "[acme/rocket] main: Merge topic"])
    summary = [text_of(m) for m in site.mails if " main: " in m["Subject"]][0]
    contains(summary, "New commits: 3.")
    contains(summary, "On topic")


@test
def commits_have_mails_of_their_own_and_one_alone_says_all(site):
    git = watched(site, "--push-mail", "commits", "--push-diff", "200")
    git.commit("Base")
    git.push()
    told(site)
    new = git.commit("Fix `it`\n\nSigned-off-by: Ann <ann@example.org>", text="".join(f"{i}\n" for i in range(100)))
    git.push()
    equal([s for s, _ in told(site)], [f"[acme/rocket] Fix `it` ({new[:7]})"])
    text = text_of(site.mails[0])
    contains(text, f"commit {new}\nRef:    refs/heads/main\nAuthor: Ann Dev\n")
    contains(text, "   100      1 modified a\n")
    contains(text, "```diff\ndiff --git a/a b/a\n")
    contains(text, "[...]\n```")
    contains(text, "Signed-off-by: Ann <***@***>")
    for i in range(3):
        git.commit(f"Part {i}", name=f"part{i}")
    git.push()
    equal([re.sub(r" \(.*", "", s) for s, _ in told(site)],
          [f"[acme/rocket] Part {i}" for i in range(3)] + ["[acme/rocket] main: Part 2"])
    site.metroplex("repository", "set", "acme/rocket", "--push-commits", "2")
    for i in range(3):
        git.commit(f"More {i}", name=f"more{i}")
    git.push()
    equal([re.sub(r" \(.*", "", s) for s, _ in told(site)], ["[acme/rocket] main: More 2"])


@test
def a_reply_is_a_comment_on_the_commit_and_lists_its_thread(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    told(site)
    new = git.commit("Fix it")
    git.push()
    told(site)
    equal(site.metroplex("thread", "list"), "")
    mail = site.mails[0]
    site.deliver(site.mail("kate@example.org", mail["Reply-To"].addresses[0].addr_spec, text="Looks good.\n", subject="Re: " + mail["Subject"]))
    site.metroplex("--once")
    listed = json.loads(site.metroplex("thread", "list", "--json"))
    equal((listed["kind"], listed["object"], listed["title"]), ("commit", new, "Fix it"))
    shown = site.show(listed["id"])
    equal([c["body"] for c in shown["comments"]], ["Looks good.\n"])
    check("unlisted" not in shown, shown)
    equal(fsck(site), "0 faults")


@test
def what_is_off_or_left_out_is_not_told(site):
    git = watched(site)
    git.commit("One")
    git.push()
    equal(told(site), [])
    site.metroplex("repository", "set", "acme/rocket", "--push-mail", "summary", "--push-refs", "refs/heads/ma* refs/tags/v*")
    git.commit("Two")
    git("tag", "other")
    git("tag", "v1")
    git.push("main", "main:side", "other", "v1")
    equal([first.split(" ")[:3] for _, first in told(site)], [["Pushed", "to", "main,"], ["Created", "tag", "v1"]])
    site.metroplex("repository", "set", "acme/rocket", "--push-refs", "")
    equal(told(site), [])  # it was found, and was not wanted then
    for option, value, said in (("--push-refs", "a[b", "not patterns"), ("--push-commits", "101", "no number"), ("--push-diff", "x", "no number")):
        contains(site.run(os.environ["METROPLEX"], "repository", "set", "acme/rocket", option, value, status=65).stderr, said)


@test
def a_repository_that_is_gone_is_no_repository_without_branches(site):
    git = watched(site, "--push-mail", "summary")
    git.commit("One")
    git.push()
    told(site)
    for spoil in (lambda: os.rename(git.bare, git.bare + ".away"), lambda: os.rename(git.root, git.root + ".away")):
        spoil()
        equal(told(site), [])
        for path in (git.bare, git.root):
            if os.path.exists(path + ".away"):
                os.rename(path + ".away", path)
        equal(told(site), [])
    os.rename(os.path.join(git.bare, "HEAD"), os.path.join(git.bare, "HEAD.away"))
    equal(told(site), [])
    os.rename(os.path.join(git.bare, "HEAD.away"), os.path.join(git.bare, "HEAD"))
    with open(os.path.join(git.bare, "refs/heads/main"), "w") as f:
        f.write("")  # as after a power cut: nobody can say where it is
    equal(told(site), [])
    shutil.rmtree(git.bare)
    git("init", "-q", "--bare", "-b", "main", git.bare, cwd="/")
    equal([first.split(",")[0] for _, first in told(site)], [])  # its commit cannot be read any more


@test
def very_many_branches_at_once_are_told_by_their_number(site):
    git = watched(site, "--push-mail", "summary")
    git.commit("One")
    git.push()
    told(site)
    id = git("rev-parse", "HEAD")
    with open(os.path.join(git.bare, "packed-refs"), "w") as f:
        f.writelines(f"{id} refs/heads/b{i:03}\n" for i in range(80))
    mails = told(site)
    equal(len(mails), 10)
    contains("".join(text_of(m) for m in site.mails), "Other branches and tags that changed: 70.")
    equal(told(site), [])
    with open(os.path.join(git.bare, "packed-refs"), "w") as f:
        f.writelines(f"{id} refs/heads/b{i:03}\n" for i in range(50))
    equal(len(told(site)), 30)
    equal(told(site), [])


@test
def nothing_of_a_repository_is_run_or_believed(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    told(site)
    marker = os.path.join(site.dir, "was-run")
    script = os.path.join(site.dir, "evil.sh")
    with open(script, "w") as f:
        f.write(f"#!/bin/sh\ntouch {marker}\n")
    os.chmod(script, 0o755)
    with open(os.path.join(git.bare, "config"), "a") as f:
        f.write(f"[core]\n\tfsmonitor = {script}\n\tattributesFile = {script}\n\tpager = {script}\n\thooksPath = {site.dir}\n[diff]\n\texternal = {script}\n"
                f"[diff \"x\"]\n\ttextconv = {script}\n\tcommand = {script}\n[filter \"x\"]\n\tsmudge = {script}\n\tclean = {script}\n[include]\n\tpath = /dev/zero\n")
    os.makedirs(os.path.join(git.bare, "info"), exist_ok=True)
    with open(os.path.join(git.bare, "info/attributes"), "w") as f:
        f.write("* diff=x filter=x -text binary\n")
    git.write(".gitattributes", "* diff=x filter=x binary\n")
    new = git.commit("Innocent", text="seen\n")
    config = os.path.join(git.bare, "config")
    os.rename(config, config + ".evil")  # git itself would run it
    git("init", "-q", "--bare", git.bare, cwd="/")
    git.push()
    os.rename(config + ".evil", config)
    for name in ("post-receive", "update", "reference-transaction"):
        shutil.copy(script, os.path.join(git.bare, "hooks", name))
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534", git.bare], check=True)
    equal([s for s, _ in told(site)], [f"[acme/rocket] Innocent ({new[:7]})"])
    contains(text_of(site.mails[0]), "+seen")  # no attribute made it binary
    check(not os.path.exists(marker), "something of the repository was run")


@test
def text_of_a_repository_is_only_text(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    told(site)
    evil = "\x1b]0;owned\x07\u202e\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script> @kate ```\n"
    name = "n\n<b>\x1b[31m\u202e\"`"
    tree = git("mktree", "-z", stdin=b"100644 blob " + git("hash-object", "-w", "--stdin", stdin=evil.encode()).encode() + b"\t" + name.encode() + b"\0")
    raw = (f"tree {tree}\nparent {git('rev-parse', 'HEAD')}\nauthor \x1b[31mEve\u202e <b>x</b>\r <e@x> 1 +0000\ncommitter E <e@x> 1 +0000\n\n{evil}").encode()
    new = git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
    git.push(f"{new}:refs/heads/x-<b>-`-é")
    told(site)
    check(site.mails, "nothing was told")
    bodies = "".join(part.get_content() for m in site.mails for part in m.walk() if part.get_content_maintype() == "text")
    heads = "".join(f"{k}: {v}\n" for m in site.mails for k, v in m.items())
    shown = site.metroplex("thread", "show", "2") + site.log() + site.log("notifier.log") + site.metroplex("thread", "show", "2", "--json")
    for where, text in (("bodies", bodies), ("heads", heads), ("terminal and log", shown)):
        for sign in ("\x1b", "\x07", "\u202e"):
            check(sign not in text, f"{where}: {sign!r}")
    for mail in site.mails:
        check(mail["Bcc"] is None, "a header was added")
        check("<script" not in mail.get_body(("html",)).get_content(), "markup in the HTML")
    equal(fsck(site), "0 faults")


@test
def mail_has_its_turn_in_a_huge_push(site):
    git = watched(site, "--push-mail", "summary")
    site.user("tim")
    thread = site.thread("tim")
    git.commit("Base")
    git.push()
    told(site)
    id = git("rev-parse", "HEAD")
    with open(os.path.join(git.bare, "packed-refs"), "w") as f:
        f.writelines(f"{id} refs/heads/b{i:03}\n" for i in range(45))
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim")))
    site.metroplex("--once")
    log = site.git("log", "--reverse", "--format=%s", "main")
    check(log.index("Thanks, that works") < log.index("pushed refs/heads/b000"), "mail went behind the push")
    batches = re.findall("acme/rocket: branches and tags", log)
    equal(len(batches), 2 + 5, "ten of a batch")


@test
def what_was_pushed_goes_there_and_back(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    git.commit("Two")
    git.commit("Three")
    git("tag", "-a", "-m", "A tag", "v1")
    git.push("main", "v1")
    told(site)
    for thread in ("1", "2", "3"):
        whole = json.loads(site.metroplex("thread", "export", thread))
        other = Site()
        try:
            other.metroplex("thread", "import", "-", stdin=json.dumps(whole))
            back = json.loads(other.metroplex("thread", "export", "1"))
            for key in ("title", "object", "unlisted"):
                equal(back.get(key), whole.get(key), key)
            equal([c["author"] for c in back["comments"]], ["Ann Dev"])
            for one, copy in zip(whole["events"], back["events"]):
                equal((copy["change"], copy["author"], copy["push"]), (one["change"], one["author"], one["push"]))
            equal(len(back["events"]), len(whole["events"]))
            equal(fsck(other), "0 faults")
        finally:
            other.remove()


if __name__ == "__main__":
    check_names()
    main()
