#!/usr/bin/env python3
"""What is pushed to a watched repository is told: what changed, once, and as text; a reply is a comment."""
import hashlib
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import tarfile
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, Site, check, check_names, contains, equal, killat, main, test, test_as_root  # noqa: E402
from repository import damage  # noqa: E402
from watched import Git, fsck, short, text_of, told, watched  # noqa: E402


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
    equal(told(site), [(f"[acme/rocket] main created: One ({one[:7]})", f"Created branch main at {short(one)}.")])
    equal(told(site), [])
    two = git.commit("Two")
    git.push()
    equal(told(site), [(f"[acme/rocket] main: Two ({two[:7]})", f"Pushed to main, which is at {short(two)} now.")])
    text = text_of(site.mails[0])
    contains(text, f"New commits: 1.\n\n- {short(two)} Two (Ann Dev)\n\nFiles: 1. Lines added: 1, removed: 1.\n\n- modified +1 -1 a\n")
    git("reset", "-q", "--hard", one)
    git.push()
    equal(told(site), [(f"[acme/rocket] main rewound: One ({one[:7]})", f"Rewound main from {short(two)} to {short(one)}.")])
    contains(text_of(site.mails[0]), f"Commits that it does not lead to any more: 1.\n\n- {short(two)} Two (Ann Dev)\n\n"
                                     "Files: 1. Lines added: 1, removed: 1.\n\n- modified +1 -1 a\n")
    git("reset", "-q", "--hard", two)
    git.push()  # the same as before, and again a push
    equal(told(site), [(f"[acme/rocket] main: Two ({two[:7]})", f"Pushed to main, which is at {short(two)} now.")])
    git.push("HEAD:refs/heads/topic/a")
    equal(told(site), [(f"[acme/rocket] topic/a created: Two ({two[:7]})", f"Created branch topic/a at {short(two)}.")])
    check("New commits" not in text_of(site.mails[0]), "a branch of commits that were there has no new ones")
    git.push(":refs/heads/topic/a")
    equal(told(site), [(f"[acme/rocket] topic/a deleted: Two ({two[:7]})", f"Deleted branch topic/a, which was at {short(two)}.")])
    git("tag", "light")
    git("tag", "-a", "-m", "The first\n\nwith *markup*", "v1", one)
    git.push("light", "v1")
    equal(told(site), [(f"[acme/rocket] tag light created: Two ({two[:7]})", f"Created tag light at {short(two)}."),
                       (f"[acme/rocket] tag v1 created: One ({one[:7]})", f"Created tag v1 at {short(one)}.")])
    contains("".join(text_of(m) for m in site.mails), "Tagged by Ann Dev:\n\n> The first")
    contains("".join(text_of(m) for m in site.mails), "> with *markup*")
    git("tag", "-f", "light", one)
    git.push("light")
    equal(told(site), [(f"[acme/rocket] tag light moved: One ({one[:7]})", f"Moved tag light from {short(two)} to {short(one)}.")])
    git.push(":light")
    equal(told(site), [(f"[acme/rocket] tag light deleted: One ({one[:7]})", f"Deleted tag light, which was at {short(one)}.")])
    equal(fsck(site), "0 faults")


@test
def what_is_pushed_once_the_policy_is_set_is_told(site):
    site.user("kate")
    git = Git(site)
    git.commit("Old")
    git.push("main")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--push-mail", "summary")
    new = git.commit("New")
    git.push("main")
    equal(told(site), [(f"[acme/rocket] main: New ({new[:7]})", f"Pushed to main, which is at {short(new)} now.")])
    git.commit("Newer")
    git.push("main")
    site.metroplex("repository", "set", "acme/rocket", "--push-diff", "100")
    equal(len(told(site)), 1, "what was pushed before it was set again")
    Git(site, "acme/other")
    site.metroplex("repository", "set", "acme/other", "--watch", "kate", "--push-mail", "summary")
    equal(fsck(site), "0 faults")


@test
def a_branch_that_was_written_anew_and_pruned_is_not_new(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    one = git.commit("One")
    git.push("main")
    told(site)
    git("commit", "-q", "--amend", "-m", "Another")
    two = git("rev-parse", "HEAD")
    git.push("main")
    git("reflog", "expire", "--expire=now", "--all", cwd=git.bare)
    git("gc", "-q", "--prune=now", cwd=git.bare)
    equal(told(site), [(f"[acme/rocket] main: Another ({two[:7]})", f"Pushed to main, which is at {short(two)} now.")])
    contains(text_of(site.mails[0]), "New commits: 2+.\n")
    check(one not in text_of(site.mails[0]), "one")
    equal(fsck(site), "0 faults")


@test
def a_page_and_a_terminal_say_what_a_push_did(site):
    git = watched(site, "--push-mail", "summary")
    pages = os.path.join(site.dir, "pages")
    site.set_config("pages", directory=pages)
    one, two = git.commit("One"), git.commit("Two")
    git.push("HEAD", f"{one}:refs/heads/topic", f"{one}:refs/heads/back")
    told(site)
    git.push("HEAD:topic", "HEAD:back")
    told(site)
    git("tag", "light")
    git("tag", "-a", "-m", "The <b>first</b>\n\nwith \x1b[31mred", "v1")
    git.push(f"{one}:back", ":topic", "light", "v1")
    told(site)
    git("tag", "-f", "light", one)
    git.push("light", ":v1")
    told(site)
    site.metroplex("pages")
    threads = {t["object"]: t["id"] for t in (site.show(id) for id in (1, 2))}
    said = {"one": "", "two": ""}
    for name, commit in ("one", one), ("two", two):
        with open(os.path.join(pages, f"r/acme/rocket/{threads[commit]}.html")) as f:
            said[name] = f.read()
    a, b = (f"<code>{short(c)}</code>" for c in (one, two))
    for where, what in (("two", f"created the branch <bdi>main</bdi> ({b})"), ("two", f"updated the branch <bdi>topic</bdi> ({a} → {b})"),
                        ("one", f"rewound the branch <bdi>back</bdi> ({b} → {a})"), ("two", f"deleted the branch <bdi>topic</bdi> ({b})"),
                        ("two", f"created the tag <bdi>v1</bdi> ({b})"), ("one", f"moved the tag <bdi>light</bdi> ({b} → {a})"),
                        ("two", f"deleted the tag <bdi>v1</bdi> ({b})"),
                        ("two", '<blockquote class="event said" dir="auto">The &lt;b&gt;first&lt;/b&gt;\n\nwith ')):
        contains(said[where], what)
    shown = site.metroplex("thread", "show", str(threads[two]))
    contains(shown, f"pushed refs/heads/topic updated\n  {short(one)} -> {short(two)}\n")
    contains(shown, f"pushed refs/heads/topic deleted\n  {short(two)}\n")
    contains(shown, f"pushed refs/tags/v1 created\n  {short(two)}\nThe <b>first</b>\n")
    check("\x1b" not in shown + said["two"], "an escape sequence")


@test
def of_a_deleted_branch_it_is_told_what_is_lost(site):
    git = watched(site, "--push-mail", "summary")
    git.commit("Base")
    git("checkout", "-q", "-b", "topic")
    lost = git.commit("Only there", name="b")
    git.push("main", "topic", "topic:merged")
    told(site)
    git.push(":merged")
    told(site)
    check("no branch leads to" not in text_of(site.mails[0]), "topic has it yet")
    git.push(":topic")
    told(site)
    contains(text_of(site.mails[0]), f"Commits that no branch leads to any more: 1.\n\n- {short(lost)} Only there (Ann Dev)\n")


@test
def a_long_message_of_a_tag_is_cut_and_says_so(site):
    git = watched(site, "--push-mail", "summary")
    git.commit("Base")
    git.push()
    git("tag", "-a", "-F", "-", "v1", stdin=("Long\n\n" + "Größe " * 2000).encode())
    git.push("v1")
    told(site)
    text = "".join(text_of(m) for m in site.mails)
    contains(text, "> [...]")
    check(len(text) < 10000, "all of it")


@test
def there_and_back_between_two_looks_is_nothing(site):
    git = watched(site, "--push-mail", "summary")
    git("config", "receive.denyDeleteCurrent", "ignore", cwd=git.bare)
    one = git.commit("One")
    git.push()
    told(site)
    two = git.commit("Two")
    git.push()
    git("reset", "-q", "--hard", one)
    git.push()
    equal(told(site), [])
    git.push(":main")
    git.push("main")
    equal(told(site), [], "deleted, and made again")
    git.push(":main")
    git.push(f"{two}:refs/heads/main")
    equal([first for _, first in told(site)], [f"Pushed to main, which is at {short(two)} now."])
    git.push(":main")
    equal([first for _, first in told(site)], [f"Deleted branch main, which was at {short(two)}."])
    git.push(f"{two}:refs/heads/main")
    equal([first for _, first in told(site)], [f"Created branch main at {short(two)}."])


@test
def odd_refs_are_told_once_or_not_at_all(site):
    git = watched(site, "--push-mail", "summary")
    one, two = git.commit("One"), git.commit("Two")
    git.push()
    told(site)

    def makes(expected, *args, cwd=None):
        git(*args, cwd=cwd)
        equal([first for _, first in told(site)], expected, str(args))
        text = "".join(text_of(m) for m in site.mails)
        equal(told(site), [], str(args))
        return text

    def pushes(expected, *refs):
        return makes(expected, "push", "-q", "-f", "origin", *refs)

    git("tag", "-a", "-m", "Inner", "inner", one)
    git("tag", "-a", "-m", "Outer", "outer", "inner")
    contains(pushes([f"Created tag outer at {short(one)}."], "outer"), "> Outer")
    git("tag", "-f", "-a", "-m", "Another", "outer", one)
    contains(pushes([f"Created tag outer at {short(one)}."], "outer"), "> Another")
    git("tag", "tree", "HEAD^{tree}")
    git("tag", "-a", "-m", "A blob", "blob", "HEAD:a")
    pushes([], "tree", "blob")
    pushes([f"Created tag tree at {short(one)}."], f"{one}:refs/tags/tree")
    makes([], "symbolic-ref", "refs/heads/other-name", "refs/heads/main", cwd=git.bare)
    makes([], "symbolic-ref", "refs/heads/leads-nowhere", "refs/heads/nothing", cwd=git.bare)
    makes([], "symbolic-ref", "HEAD", "refs/heads/nowhere", cwd=git.bare)
    pushes([f"Created branch side at {short(two)}."], "HEAD:refs/heads/side")
    for head in (one, "ref: refs/tags/outer", "ref: refs/heads/main"):
        with open(os.path.join(git.bare, "HEAD"), "w") as f:
            f.write(head + "\n")
        equal(told(site), [], head)
    makes([f"Rewound side from {short(two)} to {short(one)}."], "update-ref", "refs/heads/side", one, cwd=git.bare)
    long = "/".join(["é" * 100] * 25)
    with open(os.path.join(git.bare, "packed-refs"), "a") as f:
        f.write(f"{two} refs/heads/{long}\n{two} refs/heads/a\n")
    os.makedirs(os.path.join(git.bare, "refs/heads/a"))
    for name, id in (("a/b", one), ("missing", "1" * 40), ("a.lock", one), ("a..b", one)):
        with open(os.path.join(git.bare, "refs/heads", name), "w") as f:
            f.write(id + "\n")
    equal(sorted(first.rsplit(" ", 1)[1] for _, first in told(site)), sorted([f"{short(two)}.", f"{short(one)}.", f"{short(two)}."]))
    check(all(len(line) <= 998 for m in site.mails for line in m.as_bytes().split(b"\n")), "a line of a mail is too long")
    equal(told(site), [])
    equal(fsck(site), "0 faults")


@test
def each_shape_of_a_change_is_shown(site):
    git = watched(site, "--push-mail", "commits")
    git.write("old name", "".join(f"line {i}\n" for i in range(30)))
    git.write("mode", "#!/bin/sh\n")
    git.commit("Base")
    git.push()
    told(site)
    raw = git.work.encode()
    for name, octets in ((b"binary", bytes(range(256))), (b"new\nline", b"x\n"), (b"gr\xf6\xdfe", b"gr\xfc\xdfe\n")):
        with open(os.path.join(raw, name), "wb") as f:
            f.write(octets)
    os.rename(os.path.join(git.work, "old name"), os.path.join(git.work, "new name"))
    os.chmod(os.path.join(git.work, "mode"), 0o755)
    os.symlink("a", os.path.join(git.work, "link"))
    git("add", "-A")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "-F", "-", stdin="Grüße\n\nüber alles\n".encode("latin-1"))
    git.push()
    equal([subject.split(" (")[0] for subject, _ in told(site)], ["[acme/rocket] Grüße"])
    text = text_of(site.mails[0])
    for part in ("    Grüße\n\n    über alles\n", "     -      - added    binary\n", "     0      0 modified mode\n", "added    gr\\xF6\\xDFe\n", "added    new\\nline\n",
                 "     0      0 renamed  new name <- old name\n", "Binary files differ\n", "+grüße\n", "old mode 100644\nnew mode 100755\n", "new file mode 120000\n",
                 f"+Subproject commit {'1' * 40}\n", "rename from old name\nrename to new name\n"):
        contains(text, part)
    for message, subject in ((b"broken \xff", "broken ÿ"), (b"", "commit ")):
        git("commit", "-q", "--allow-empty", "--allow-empty-message", "-F", "-", stdin=message)
        git.push()
        equal([s[:len("[acme/rocket] " + subject)] for s, _ in told(site)], ["[acme/rocket] " + subject])


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
def a_commit_has_a_page_and_stands_in_a_list_once_somebody_writes(site):
    git = watched(site, "--push-mail", "summary")
    directory = os.path.join(site.dir, "pages")
    site.set_config("pages", directory=directory, url="https://git.example.org/threads")
    git.commit("Fix <b>it</b>")
    git.push()
    told(site)
    site.metroplex("pages")

    def page(name):
        with open(os.path.join(directory, "r/acme/rocket", name)) as f:
            return f.read()

    contains(page("1.html"), "Fix &lt;b&gt;it&lt;/b&gt;")
    contains(page("1.html"), f"created the branch <bdi>main</bdi> (<code>{short(git('rev-parse', 'HEAD'))}</code>)")
    for name in ("index.html", "opened.html", "archive.html", "atom.xml", "titles.js"):
        check(not os.path.exists(os.path.join(directory, "r/acme/rocket", name)) or "Fix" not in page(name), name)
    site.metroplex("thread", "comment", "1", "--as", "kate", "-", stdin="Good.\n")
    site.metroplex("pages")
    for name in ("index.html", "opened.html", "atom.xml"):
        contains(page(name), "Fix &lt;b&gt;it&lt;/b&gt;")
    site.metroplex("pages", "--check")


@test
def a_commit_that_another_ref_brought_is_told_again_as_a_push(site):
    """Its own mail went with the other ref, or never: the push is told by itself."""
    git = watched(site, "--push-mail", "commits")
    git.commit("Base"), git.push(), told(site)
    one = git.commit("One")
    git("tag", "v1"), git.push("v1")
    equal(told(site), [(f"[acme/rocket] tag v1 created: One ({short(one)[:7]})", f"Created tag v1 at {short(one)}.")])
    git.push()
    equal([subject for subject, _ in told(site)], [f"[acme/rocket] main: One ({short(one)[:7]})"])
    two = git.commit("Two")
    git.push("HEAD:refs/heads/topic"), told(site)
    git.push(":topic"), told(site)
    git.push()
    equal([subject for subject, _ in told(site)], [f"[acme/rocket] main: Two ({short(two)[:7]})"])


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
        contains(site.run(METROPLEX, "repository", "set", "acme/rocket", option, value, status=65).stderr, said)


@test
def what_no_branch_or_tag_is_called_is_no_pattern(site):
    git = watched(site, "--push-mail", "summary")
    for patterns, instead in (("main", "main matches no branch and no tag; write refs/heads/main or refs/tags/main\n"), ("refs/heads/main v*", "v* matches no branch and no tag; write refs/heads/v* or refs/tags/v*\n"),
                              ("heads/main", "write refs/heads/main\n"), ("/tags/v1", "write refs/tags/v1\n"), ("refs/heads", "write refs/heads/*\n"), ("refs/tags/", "write refs/tags/*\n"),
                              ("refs/notes/*", "their names begin with refs/heads/ and refs/tags/\n"), ("refs/head/main", "their names begin with"), ("m*n", "write refs/heads/m*n"), ("refs/heads/a..b", "their names begin"), ("Refs/heads/x", "write refs/heads/Refs/heads/x")):
        contains(site.run(METROPLEX, "repository", "set", "acme/rocket", "--push-refs", patterns, status=65).stderr, instead)
    for pattern in ("*", "refs/*", "r*main", "*main", "refs/heads/gr\u00f6\u00dfe", "refs/heads/x@y", "refs/heads*"):
        site.metroplex("repository", "set", "acme/rocket", "--push-refs", pattern)
    site.metroplex("repository", "set", "acme/rocket", "--push-refs", "refs/heads/gr\u00f6\u00dfe")
    git.commit("One")
    git.push("main:gr\u00f6\u00dfe", "main")
    equal([first.split(" at ")[0] for _, first in told(site)], ["Created branch gr\u00f6\u00dfe"])
    equal(fsck(site), "0 faults")


def says(site, *options):
    """What repository set says on standard error, having done what it was told."""
    done = site.run(METROPLEX, "repository", "set", "acme/rocket", *options)
    contains(done.stdout, "acme/rocket: ")
    return done.stderr


def watched_check(site):
    findings = [json.loads(line) for line in site.run(METROPLEX, "check", "--json", "pushes", status=None).stdout.splitlines()]
    return [(f["verdict"], f["found"]) for f in findings if f["check"] == "watched"]


@test
def a_policy_for_pushes_that_tells_nothing_says_so(site):
    site.user("kate")
    equal(watched_check(site), [("ok", "no repository is watched: [repositories] root names no directory")])
    equal(says(site, "--watch", "kate", "--reply", "on"), "", "none is wanted")
    contains(says(site, "--push-mail", "summary"), f"no push to acme/rocket is told: [repositories] root in {site.config} names no directory\nmetroplex: metroplex settings set repositories.root=")
    equal(watched_check(site), [("warning", "1 repository is to tell of pushes, and [repositories] root names no directory")])
    git = Git(site)
    os.rename(git.bare, git.bare + ".away")
    contains(says(site, "--push-refs", "refs/heads/*"), f"no push to acme/rocket is told: {git.bare}: it is not there\n")
    equal(watched_check(site), [("warning", f"{git.bare}: it is not there")])
    os.mkdir(git.bare)
    contains(says(site, "--push-mail", "commits"), f"{git.bare}: it is no bare repository, or damaged\nmetroplex: git fsck, there\n")
    os.rmdir(git.bare)
    os.rename(git.bare + ".away", git.bare)
    equal((says(site, "--push-mail", "summary"), watched_check(site)), ("", [("ok", "1 repository is watched")]))
    git.commit("One")
    git.push()
    contains(says(site, "--push-refs", "refs/heads/mian refs/tags/*"), "no push to acme/rocket is told: none of its branches and tags is one of --push-refs now\n")
    equal(says(site, "--push-refs", "refs/heads/mian refs/heads/main"), "")
    contains(says(site, "--unwatch", "kate"), "no push to acme/rocket is told: nobody watches it\nmetroplex: --watch LOGIN")
    os.rename(git.bare, git.bare + ".away")
    equal(says(site, "--push-mail", "off"), "")
    equal(watched_check(site)[0][0], "warning", "none lies there")


def watch_of(site, name="acme/rocket"):
    """What repository show says of pushes: the lines from "pushes" on, and the same for programs."""
    shown = site.metroplex("repository", "show", name)
    return shown[shown.index("  pushes "):].splitlines(), json.loads(site.metroplex("repository", "show", name, "--json"))["watch"]


@test
def why_a_push_is_not_told_can_be_asked(site):
    site.user("kate")
    lines, watch = watch_of(site)
    equal(lines, ["  pushes   off"], "it is about mail")
    equal(watch, {"path": None, "fault": f"[repositories] root in {site.config} names no directory", "looked-at": False, "refs": 0, "waiting": [], "left-out": [], "n-left-out": 0, "last-run": None})
    git = Git(site)
    git.commit("One")
    git.push()
    contains(watch_of(site)[0][1], f"  watched  no: {git.bare} has no policy, and no thread was opened in it; metroplex repository set")
    os.rename(git.bare, git.bare + ".away")
    site.metroplex("repository", "set", "acme/rocket", "--reply", "members")
    os.rename(git.bare + ".away", git.bare)
    equal(watch_of(site)[0][1:], [f"  watched  {git.bare}, from the next run on: what is there by then is not told", "  last run never"])
    site.metroplex("--once")
    lines, watch = watch_of(site)
    equal((lines[1], watch["looked-at"], watch["refs"], watch["fault"]), (f"  watched  {git.bare}: it is known where 1 branch or tag was", True, 1, None))
    one, two = git("rev-parse", "main"), git.commit("Two")
    git.push("main", "main:side")
    waiting = lambda: [line for line in watch_of(site)[0] if line.startswith("  waiting  ")]
    moves = [f"  waiting  refs/heads/main, {short(one)} to {short(two)}: ", f"  waiting  refs/heads/side, - to {short(two)}: "]
    equal(waiting(), [move + "pushes are off" for move in moves])
    site.metroplex("repository", "set", "acme/rocket", "--push-mail", "summary")
    equal(waiting(), [move + "nobody watches" for move in moves])
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--push-refs", "refs/heads/ma*")
    equal(waiting(), [moves[0] + "the next run tells of it", moves[1] + "push-refs leaves it out"])
    equal(watch_of(site)[1]["waiting"], [{"ref": "refs/heads/main", "before": one, "after": two, "left-out": False}, {"ref": "refs/heads/side", "before": None, "after": two, "left-out": True}])
    equal(len(told(site)), 1)
    lines, watch = watch_of(site)
    equal(waiting(), [])
    contains(lines, "  left out refs/heads/side"), equal((watch["left-out"], watch["n-left-out"]), (["refs/heads/side"], 1))
    check(lines[-1].startswith("  last run 20") and lines[-1].endswith("Z"), lines)
    git.push(*(f"main:b{i:02}" for i in range(15)))
    lines, watch = watch_of(site)
    contains(lines, "  waiting  and 5 more"), contains(lines, "  left out " + ", ".join(f"refs/heads/b{i:02}" for i in range(10)) + " and 6 more")
    equal((len(watch["waiting"]), len(watch["left-out"]), watch["n-left-out"]), (15, 10, 16))
    for spoil, why in ((lambda: os.rename(git.bare, git.bare + ".away"), "it is not there"), (lambda: os.mkdir(git.bare), "it is no bare repository, or damaged")):
        spoil()
        lines, watch = watch_of(site)
        contains(lines[1], f"  watched  no: {git.bare}: {why}; "), equal(watch["fault"], f"{git.bare}: {why}")
    site.run(METROPLEX, "--config", site.config, "--once", status=None)


@test
def status_says_what_the_last_run_could_not_read(site):
    status = lambda *options: site.run(METROPLEX, "status", "--config", site.config, *options, status=None).stdout
    equal(json.loads(status("--json"))["unread"], [])
    check("watched" not in status("--prometheus") and not [f for f in json.loads(status("--json"))["findings"] if f["threshold"] == "watched"], "nothing is watched")
    git = watched(site, "--push-mail", "summary")
    contains(status("--prometheus"), "metroplex_watched_unread 0\n")
    os.rename(git.bare, git.bare + ".away")
    site.metroplex("--once")
    found = json.loads(status("--json"))
    equal((found["level"], found["unread"]), ("warning", ["acme/rocket (missing)"]))
    contains([f["found"] for f in found["findings"]], "1 watched repository cannot be read: acme/rocket (missing)")
    contains(status(), "warning: 1 watched repository cannot be read: acme/rocket (missing)\n")
    contains(status("--prometheus"), "metroplex_watched_unread 1\n")
    contains(status("--html", "-"), "acme/rocket (missing)")
    os.rename(git.bare + ".away", git.bare)
    site.metroplex("--once")
    equal(json.loads(status("--json"))["unread"], [])


@test
def who_helps_sees_what_is_watched(site):
    git = watched(site, "--push-mail", "summary", "--push-refs", "refs/heads/main")
    git.commit("One")
    git.push("main", "main:side")
    said = f"acme/rocket: reply on, open off, pages on, push-mail summary, push-refs refs/heads/main, members 0, watchers 1\n    watched: {git.bare}, known 0, waiting 2, left out 1\n"
    contains(site.metroplex("diagnostics", "--offline"), f"=== Repositories\n{said}")
    path = os.path.join(site.dir, "b.tgz")
    site.metroplex("bundle", "--offline", path)
    with tarfile.open(path) as archive:
        member, = [m for m in archive if m.name.endswith("/repositories.txt")]
        equal(archive.extractfile(member).read().decode(), said)
    os.rename(git.bare, git.bare + ".away")
    contains(site.metroplex("diagnostics", "--offline"), f"    not watched: {git.bare}: it is not there\n")


@test
def what_became_of_a_commit_can_be_asked(site):
    git = watched(site, "--push-mail", "commits")
    one = git.commit("One")
    git.push()
    middle, two = git.commit("Middle"), git.commit("Two")
    equal(len(told(site)), 2)
    git.push("main")
    site.metroplex("--once")
    trace = lambda *what: [json.loads(line) for line in site.run(METROPLEX, "trace", "--json", "--config", site.config, *what, status=None).stdout.splitlines()]
    texts = lambda *what: [f["text"] for f in trace(*what)]
    for commit in (one, one[:7], short(one)):
        contains("\n".join(texts(commit)), "event 1 of acme/rocket#1, by Ann Dev, by push: pushed refs/heads/main created, KEY ")
        contains("\n".join(texts(commit)), "comment 0 of acme/rocket#1, by Ann Dev, by push")
        check([t for t in texts(commit) if "sent <acme/rocket/commit/" in t and "/event/" in t], "its mail")
    found = texts(middle)
    check(any("event 1 of acme/rocket#" in t and "pushed refs/heads/main updated" in t for t in found), found)
    check(any("kate" in t and "not tried yet" not in t for t in texts("--unmasked", two)) or any("not tried yet" in t for t in texts(two)), "who waits")
    key = re.search("/event/([0-9a-f]{32})@", "".join(os.popen(f"cat {site.data}/log/notifier.log")))[0]
    id = re.search(r"<acme/rocket/commit/[^>]*" + re.escape(key) + "[^>]*>", open(f"{site.data}/log/notifier.log").read())[0]
    contains("\n".join(texts(id)), "event 1 of acme/rocket#1, by Ann Dev, by push: pushed refs/heads/main created")
    done = site.run(METROPLEX, "trace", "--config", site.config, "0" * 40, status=65)
    contains(done.stderr, f"nothing is known of {'0' * 40}; metroplex repository show OWNER/NAME says what is told")


@test
def a_repository_without_a_policy_is_checked_once_it_was_looked_at(site):
    git = Git(site)
    site.user("kate")
    site.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "issue", "--title", "T", "--as", "kate", "-", stdin="x\n")
    equal(watched_check(site), [("ok", "1 repository is watched")])
    os.rename(git.bare, git.bare + ".away")
    equal(watched_check(site), [("warning", f"{git.bare}: it is not there")])


@test
def one_cannot_be_put_in_and_out_at_once(site):
    site.user("kate"), site.user("tim")
    for one, other in (("watch", "unwatch"), ("member", "no-member")):
        contains(site.run(METROPLEX, "repository", "set", "acme/rocket", f"--{one}", "tim", f"--{one}", "kate", f"--{other}", "KATE", status=65).stderr, f"--{one} and --{other} exclude each other: kate")
    equal(site.metroplex("repository", "list"), "")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--unwatch", "tim")


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
def what_cannot_be_watched_holds_up_no_mail(site):
    watched(site, "--push-mail", "summary")
    thread = site.thread("kate")
    broken = ("commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 0\n\nfrom refs/heads/main^0\n"
              "M 100644 inline repositories/acme/broken\ndata <<E\n[repository]\nreply=sometimes\nE\n")
    subprocess.run(["git", "-C", os.path.join(site.data, "tracker.git"), "-c", "safe.directory=*", "fast-import", "--quiet"], input=broken, text=True, check=True)
    name = site.deliver(site.mail("kate@example.org", site.address(thread, "kate"), "It works.\n"))
    done = site.run(METROPLEX, "--once", status=78)
    contains(done.stderr, "repositories/acme/broken")
    equal((site.new, site.success), ([], [name]))
    contains(site.log(), "What was pushed is not told by this run any more")


@test
def what_cannot_be_told_makes_no_commit_at_each_look(site):
    git = watched(site, "--push-mail", "summary")
    git.commit("One")
    git.push()
    told(site)
    git("commit", "-q", "--allow-empty", "-F", "-", stdin=os.urandom(40000).hex().encode())
    git.push()
    new = git("rev-parse", "HEAD")
    loose = os.path.join(git.bare, "objects", new[:2], new[2:])
    os.chmod(loose, 0o644)
    os.truncate(loose, os.path.getsize(loose) // 2)  # its header says that it is there
    told(site)
    before = site.git("rev-parse", "main")
    equal((told(site), told(site)), ([], []))
    equal(site.git("rev-parse", "main"), before)


@test
def the_log_says_once_why_something_cannot_be_told(site):
    git = watched(site, "--push-mail", "summary")
    git.commit("One")
    git.push()
    told(site)
    git("gc", "-q", cwd=git.bare)
    two = git.commit("Two")
    git.push("main", "main~1:refs/heads/side")
    path = os.path.join(git.bare, "objects", two[:2], two[2:])
    os.chmod(path, 0o600)
    with open(path, "rb") as f:
        whole = f.read()
    with open(path, "wb") as f:
        f.write(whole[:30] + b"damaged")
    equal([first.split(" at ")[0] for _, first in told(site)], ["Created branch side"], "the others are told")
    with open(os.path.join(git.bare, "refs/heads/second"), "w") as f:
        f.write(git("rev-parse", "main~1") + "\n")
    equal([first.split(" at ")[0] for _, first in told(site)], ["Created branch second"], "the others are told")
    equal(told(site), [])
    said = re.findall("WARN .*What happens in repository acme/rocket cannot be told: (.*)", site.log())
    equal([line.split(": ")[0] for line in said], ["refs/heads/main"], "once, and which")
    contains(said[0], two)
    with open(path, "wb") as f:
        f.write(whole)
    equal(len(told(site)), 1)
    contains(site.log(), "Repository acme/rocket can be read again")


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
def what_is_not_told_hides_nothing_and_counts_for_nothing(site):
    git = watched(site, "--push-mail", "summary", "--push-refs", "refs/tags/v* refs/heads/main")
    git.commit("One")
    git.push()
    told(site)
    id, blob = git("rev-parse", "HEAD"), git("hash-object", "-w", "--stdin", stdin=b"no commit\n", cwd=git.bare)

    def packed(*refs):
        with open(os.path.join(git.bare, "packed-refs"), "w") as f:
            f.writelines(f"{id} {ref}\n" for id, ref in sorted(refs, key=lambda ref: ref[1]))

    branches = [(id, f"refs/heads/b{i:03}") for i in range(80)]
    packed(*branches, (id, "refs/tags/v1"))
    equal([first for _, first in told(site)], [f"Created tag v1 at {short(id)}."])
    before = site.git("rev-parse", "main")
    equal((told(site), site.git("rev-parse", "main")), ([], before), "what was not told is remembered")
    packed((id, "refs/tags/v1"), *((id, f"refs/tags/v1.{i:03}") for i in range(60)))
    equal(len(told(site)), 10)
    contains("".join(text_of(m) for m in site.mails), "Other branches and tags that changed: 50.")
    site.metroplex("repository", "set", "acme/rocket", "--push-refs", "")
    packed(*((blob, f"refs/tags/b{i:03}") for i in range(80)), (id, "refs/tags/z1"), *((id, f"refs/tags/v1.{i:03}") for i in range(60)), (id, "refs/tags/v1"))
    equal([first for _, first in told(site)], [f"Created tag z1 at {short(id)}."])
    equal(len(re.findall("INFO .* leads to no commit", site.log())), 10)
    equal(told(site), [])


@test
def a_branch_that_is_left_out_takes_no_commits_from_others(site):
    git = watched(site, "--push-mail", "commits", "--push-refs", "refs/heads/next refs/heads/release/*")
    subjects = lambda: [subject.split(" (")[0] for subject, _ in told(site)]
    git.commit("One")
    git.push("main", "main:next")
    told(site)
    git.commit("Two")
    git.push("main:next", "main:a", "main:z")
    equal(subjects(), ["[acme/rocket] Two"], "others came with it")
    git.commit("Three")
    git.push("main", "main:release/1", "main:z")
    contains(subjects(), "[acme/rocket] Three")  # the default branch, which is left out, came with it
    git.commit("Four")
    git.push("main", "main:next", *(f"main:refs/heads/release/b{i:02}" for i in range(25)))
    found = subjects()
    equal((found.count("[acme/rocket] Four"), len(found)), (1, 27), "in several batches")
    before = site.git("rev-parse", "main")
    equal((told(site), site.git("rev-parse", "main")), ([], before), "what was left out is remembered")


@test
def a_damaged_branch_silences_no_other(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("One")
    git.push()
    git("checkout", "-q", "-b", "old")
    below, tip = git.commit("Old"), git.commit("Older branch's tip")
    git.push("old")
    git("checkout", "-q", "main")
    git.push("main:gone")
    told(site)
    for damaged in (tip, below):
        git.commit(f"Two beside {damaged}")
        git.push("main", "main:new-" + damaged, ":gone")
        mend = damage(git.bare, damaged)
        equal(sorted(first.split(" at ")[0].split(",")[0] for _, first in told(site)), ["Created branch new-" + damaged, "Deleted branch gone", "Pushed to main"])
        mend()
        git.push("main~1:refs/heads/gone")
        told(site)
    check("cannot be told" not in site.log(), "all of it was told")


@test
def a_damaged_history_that_both_share_is_no_news(site):
    git = watched(site, "--push-mail", "summary")
    ids = [git.commit(f"Commit {i}") for i in range(4)]
    git.push()
    told(site)
    git.commit("New")
    git.push()
    damage(git.bare, ids[1])
    equal([first.split(",")[0] for _, first in told(site)], ["Pushed to main"])
    check("cannot be told" not in site.log(), "it was told")


def forget_told(site, name):
    """Somebody takes away what was told of it, in the tracker itself."""
    clone = os.path.join(site.dir, "clone")
    subprocess.run(["git", "clone", "-q", os.path.join(site.data, "tracker.git"), clone], check=True)
    subprocess.run(["git", "rm", "-q", "told/" + name], cwd=clone, check=True)
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "Forget"], cwd=clone, check=True)
    subprocess.run(["git", "push", "-q", "origin", "HEAD:main"], cwd=clone, check=True)


@test
def status_forgets_what_is_not_looked_at_any_more(site):
    unread = lambda: json.loads(site.run(METROPLEX, "status", "--config", site.config, "--json", status=None).stdout)["unread"]
    site.user("kate")
    for policy in ("off", "summary"):
        name = "acme/" + policy
        git = Git(site, name)
        site.metroplex("repository", "set", name, "--watch", "kate", "--push-mail", "summary")
        site.metroplex("--once")
        os.rename(git.bare, git.bare + ".away")
        site.metroplex("--once")
        equal(unread(), [name + " (missing)"])
        site.metroplex("repository", "set", name, "--push-mail", policy)
        forget_told(site, name)
        shutil.rmtree(os.path.join(site.dir, "clone"))
        site.metroplex("--once")
        equal(unread(), [], "nothing of it was ever told, and it is not there")
        os.rename(git.bare + ".away", git.bare)


@test
def what_is_told_stands_in_the_log(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("One")
    git.push()
    told(site)
    two = git.commit("Two")
    git.push("main", "main:side")
    told(site)
    git.push(":side")
    told(site)
    said = re.findall(r"INFO .*#\] Told acme/rocket: (.*)", site.log())
    equal(said, ["thread 1, opened for commit " + short(git("rev-parse", "HEAD~1")), "thread 1, pushed refs/heads/main created, by Ann Dev",
                 "thread 2, opened for commit " + short(two), "thread 2, pushed refs/heads/main updated, by Ann Dev",
                 "thread 2, pushed refs/heads/side created, by Ann Dev", "thread 2, pushed refs/heads/side deleted, by Ann Dev"])


@test
def ten_thousand_commits_are_one_mail(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    told(site)
    stream = ["reset refs/heads/main\nfrom refs/heads/main^0\n"]
    for i in range(10000):
        stream.append(f"commit refs/heads/main\ncommitter Ann <a@x> {1700001000 + i} +0000\ndata <<E\nCommit {i}\nE\nM 100644 inline f{i % 100}\ndata <<E\n{i}\nE\n")
    git("fast-import", "--quiet", cwd=git.bare, stdin="\n".join(stream).encode())
    mails = told(site)
    equal([re.sub(r" \(.*", "", subject) for subject, _ in mails], ["[acme/rocket] main: Commit 9999"])
    text = text_of(site.mails[0])
    contains(text, "New commits: 10000.\n")
    equal(text.count(" Commit "), 20)
    contains(text, "- and others\n\nFiles: 100. Lines added: 100, removed: 0.\n")
    equal(told(site), [])


def put_loose(git, id, kind, size, content):
    """An object that says what it likes of itself."""
    path = os.path.join(git.bare, "objects", id[:2], id[2:])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(zlib.compress(f"{kind} {size}".encode() + b"\0" + content))
    return id


def put_ref(git, name, id):
    with open(os.path.join(git.bare, "refs/heads", name), "w") as f:
        f.write(id + "\n")


def commit_of(git, tree, extra="", message="Costly\n"):
    raw = f"tree {tree}\n{extra}author A <a@x> 1700000000 +0000\ncommitter A <a@x> 1700000000 +0000\n\n{message}"
    return git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", cwd=git.bare, stdin=raw.encode())


def tree_of(git, *blobs):
    return git("mktree", "--missing", cwd=git.bare, stdin="".join(f"100644 blob {id}\tf{i}\n" for i, id in enumerate(blobs)).encode())


def number(n):
    """Pack and delta write them so: seven bits at a time, the lowest first."""
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def put_pack(git, objects):
    """A pack of (id, type, size, data, distance back to its base or None), and its index."""
    pack, places = bytearray(b"PACK" + struct.pack(">LL", 2, len(objects))), []
    for id, kind, size, data, base in objects:
        places.append((id, len(pack)))
        start = bytearray([kind << 4 | size & 15])
        for byte in number(size >> 4) if size > 15 else b"":
            start[-1] |= 128
            start.append(byte & 127)
        pack += start
        if base is not None:
            back = places[-1][1] - places[base][1]
            coded = [back & 127]
            while back > 127:
                back = (back >> 7) - 1
                coded.insert(0, back & 127 | 128)
            pack += bytes(coded)
        pack += zlib.compress(data)
    pack += hashlib.sha1(pack).digest()
    places.sort()
    index = bytearray(b"\377tOc" + struct.pack(">L", 2))
    index += b"".join(struct.pack(">L", sum(int(id[:2], 16) <= n for id, _ in places)) for n in range(256))
    index += b"".join(bytes.fromhex(id) for id, _ in places) + bytes(4 * len(places))
    index += b"".join(struct.pack(">L", place) for _, place in places) + pack[-20:]
    index += hashlib.sha1(index).digest()
    for name, octets in (("pack", pack), ("idx", index)):
        with open(os.path.join(git.bare, f"objects/pack/pack-{pack[-20:].hex()}.{name}"), "wb") as f:
            f.write(octets)


def same_again(size):
    """A delta that is all of its base."""
    copies = b"".join(b"\xff" + struct.pack("<L", at) + struct.pack("<L", min(size - at, 0xfffff0))[:3] for at in range(0, size, 0xfffff0))
    return number(size) + number(size) + copies


def grown(git):
    """A file of ten octets, and the gigabyte that it was made of."""
    size, chunk = 1 << 30, bytes(1 << 20)
    deflate = zlib.compressobj(1)
    base = b"".join(deflate.compress(chunk) for _ in range(size >> 20)) + deflate.flush()
    real, zlib.compress = zlib.compress, lambda data: base if data is chunk else real(data)
    delta = number(size) + number(10) + b"\x90\x0a"
    put_pack(git, [("a" * 40, 3, size, chunk, None), ("b" * 40, 6, len(delta), delta, 0)])
    zlib.compress = real
    return tree_of(git, "b" * 40)


def chained(git):
    """A file that is another eight megabytes in each of a thousand steps."""
    size = 8 << 20
    delta, last = same_again(size), number(size) + number(10) + b"\x90\x0a"
    ids = [hashlib.sha1(b"chain %d" % i).hexdigest() for i in range(1001)]
    put_pack(git, [(ids[0], 3, size, bytes(size), None)] + [(ids[i], 6, len(delta), delta, i - 1) for i in range(1, 1000)] + [(ids[1000], 6, len(last), last, 999)])
    return tree_of(git, ids[1000])


MEASURED = ("import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)")
COSTLY = {
    "a message of five megabytes": lambda git: commit_of(git, tree_of(git), message="Costly\n\n" + "x" * (5 << 20)),
    "one of forty": lambda git: commit_of(git, tree_of(git), message="Costly\n\n" + "x" * (40 << 20)),
    "a commit that says it has 4 GiB": lambda git: put_loose(git, "c" * 40, "commit", 1 << 32, b"tree"),
    "a file of 500 MB": lambda git: commit_of(git, tree_of(git, put_loose(git, "d" * 40, "blob", 500 << 20, b"x"))),
    "a file that says it has 4 GiB": lambda git: commit_of(git, tree_of(git, put_loose(git, "e" * 40, "blob", 1 << 32, b"x"))),
    "a file that was made of a gigabyte": lambda git: commit_of(git, grown(git)),
    "a chain of differences": lambda git: commit_of(git, chained(git)),
    "a tree of very many names": lambda git: commit_of(git, git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", cwd=git.bare,
                                                               stdin=b"".join(b"100644 f%07d\0" % i + bytes.fromhex("a" * 40) for i in range(1000000)))),
    "ten thousand parents": lambda git: commit_of(git, tree_of(git), "".join(f"parent {hashlib.sha1(b'%d' % i).hexdigest()}\n" for i in range(10000))),
}
SAID = {
    "a message of five megabytes": ("[...]",),
    "one of forty": ("New commits: 1+.", " [...]\n", "could not be read"),
    "a commit that says it has 4 GiB": ("New commits: 1+.", " [...]\n", "could not be read"),
    "a file of 500 MB": ("- added not-compared f0", "Binary, or too much to be compared: 1."),
    "a file that says it has 4 GiB": ("- added not-compared f0", "Files differ, and are too large to be shown"),
    "a file that was made of a gigabyte": ("- added not-compared f0",),
    "a chain of differences": ("- added not-compared f0",),
    "a tree of very many names": ("could not be read",),
    "ten thousand parents": ("New commits: 1+.",),
}


@test
def what_costs_too_much_is_told_without_it(site):
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    told(site)
    for n, (what, make) in enumerate(COSTLY.items()):
        id = make(git)
        put_ref(git, f"b{n}", id)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", MEASURED, METROPLEX, "--config", site.config, "--once"], capture_output=True, text=True)
        equal((done.returncode, done.stderr), (0, ""), what)
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime
        print(f"# {what}: {seconds:.2f} s of the processor, {int(done.stdout) >> 10} MiB")
        check(seconds < 30 and int(done.stdout) < 400 << 10, f"{what}: {seconds} s, {done.stdout} KiB")
        equal(len(told(site)), 1 if "1+" in SAID[what][0] else 2, what)  # nobody can say which commits are new
        for said in SAID[what]:
            contains("\n".join(text_of(m) for m in site.mails), said)
        contains(site.git("show", "main:told/acme/rocket"), id)
        equal(told(site), [], what)
    equal(fsck(site), "0 faults")


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


HIDDEN = "=?utf-8?q?=E2=80=AEgnp.exe=0D=0ABcc:=20eve=40example.org?="  # what a reader would decode
EVIL_SUBJECTS = (
    HIDDEN.encode(),
    b"a\rBcc: eve@example.org\rb",
    b"a\x00b\xc2\x9b31mc\xe2\x80\xa8d\xe2\x80\xaee\xff\xfe",
    b"a\x1b]8;;http://evil.example\x07b\xef\xbb\xbf\xf3\xa0\x81\x81",
    b"-- \x0c\x0b<img src=x onerror=alert(1)> {after} [x](javascript:alert(1))",
)
DECEPTIVE = [chr(c) for c in (*range(9), *range(11, 32), *range(0x7f, 0xa0), 0x2028, 0x2029, 0x202e, 0xfeff, 0xe0041)]


def check_shown(where, text):
    for sign in DECEPTIVE:
        check(sign not in text, f"{where}: {sign!r} in {text[max(0, text.find(sign) - 60):][:120]!r}")


@test
def whatever_a_commit_says_is_shown_and_hides_nothing(site):
    git = watched(site, "--push-mail", "commits")
    directory = os.path.join(site.dir, "pages")
    site.set_config("pages", directory=directory, url="https://git.example.org/threads")
    git.commit("Base")
    git.push("main", "main:topic", "main:base")
    told(site)
    mails, pulls = [], []
    for evil in EVIL_SUBJECTS:
        blob = git("hash-object", "-w", "--stdin", stdin=evil + b"\n")
        name = evil.replace(b"\0", b"\n").replace(b"/", b"|")
        tree = git("mktree", "-z", stdin=f"100644 blob {blob}\t".encode() + name + b"\0" + f"100644 blob {blob}\t.gitmodules".encode() + b"\0")
        raw = f"tree {tree}\nparent {git('rev-parse', 'HEAD')}\nauthor ".encode() + evil.replace(b"<", b"").replace(b">", b"") + b" <e@x> 1 +0000\ncommitter E <e@x> 1 +0000\n\n" + evil + b"\n"
        new = git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
        git("reset", "-q", "--soft", new)
        git("tag", "-f", "-a", "-F", "-", "v1", new, stdin=evil.replace(b"\0", b""))
        git.push(f"{new}:refs/heads/main", f"{new}:refs/heads/topic", "v1")
        if len(pulls) < 2:
            opened = site.metroplex("thread", "open", "--repository", "acme/rocket", "--as", "kate", "--kind", "pull", "--base", "base", "--head", "topic", "--title", "T", "-", stdin="x\n")
            pulls.append(int(opened))
        told(site)
        mails += site.mails
    check(len(mails) >= 3 * len(EVIL_SUBJECTS), "not all was told")
    for mail in mails:
        for key, value in mail.items():
            check_shown(key, str(value))
        equal((mail["Bcc"], len(mail.get_all("Subject")), len(mail.get_all("From"))), (None, 1, 1))
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                check_shown(part.get_content_type(), part.get_content())
        html = mail.get_body(("html",)).get_content()
        for sign in ("<img", "javascript:alert(1)\"", "<script"):
            check(sign not in html, f"{sign} in {html}")
        check("\n-- \n" not in text_of(mail).split("\n-- \nReply")[0], "a signature in the text")
    contains("".join(str(m["Subject"]) for m in mails), HIDDEN[:20])  # as it was typed
    check(any("Commits added to #" in text_of(m) for m in mails), "no mail of the pull request")
    site.metroplex("pages")
    pages = ""
    for root, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(root, name), encoding="utf-8", errors="surrogateescape", newline="") as f:
                pages += f.read() if name.endswith((".html", ".xml", ".js")) else ""
    for sign in ("<img src=x", "<script>alert", "href=\"javascript"):
        check(sign not in pages, sign)
    shown = [site.metroplex("thread", "list"), site.log(), site.log("notifier.log")]
    for thread in range(1, 4 + len(EVIL_SUBJECTS)):
        shown += [site.metroplex("thread", "show", str(thread)), site.metroplex("thread", "show", str(thread), "--json"), site.metroplex("thread", "export", str(thread))]
    for where, text in (("pages", pages), *((f"shown {i}", text) for i, text in enumerate(shown))):
        check_shown(where, text)
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


def disturbed(site, n, *options):
    """A run to whose nth system call something is done; the line that says what."""
    command = [killat(), *(option.format(n=n) for option in options), "--", METROPLEX, "--config", site.config, "--once"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def calls_of_a_run(site):
    return int(re.search(r"calls=(\d+)", disturbed(site, 0, "--kill", "999999"))[1])


@test
def killed_or_failed_anywhere_each_push_is_told_once(site):
    if os.uname().machine != "x86_64":
        return
    git = watched(site, "--push-mail", "commits")
    git.commit("Base")
    git.push()
    site.metroplex("--once")
    git.commit("One")
    git.push()
    calls = calls_of_a_run(site)
    every = max(calls // int(os.environ.get("POINTS", "24")), 1)
    before = len(site.events())
    told_of = kills = 0
    for options in (("--kill", "{n}"), ("--fail", "{n}", "--error", "EIO"), ("--fail", "{n}", "--error", "ENOSPC")):
        for n in range(1 + told_of % every, calls, every):
            new = git.commit(f"Commit {told_of}")
            git.push()
            kills += "signal" in disturbed(site, n, *options)
            site.a_minute_later()
            site.metroplex("--once")
            told_of += 1
            equal(len(site.events()), before + told_of, f"{options} at {n}")
            contains(site.git("show", "main:told/acme/rocket"), new)
    print(f"# {kills} kills, {told_of} pushes, {calls} calls a run")
    check(kills > 10, "the kills fell")
    equal(len(site.git("ls-tree", "-r", "--name-only", "main", "commits/").split()), told_of + 2)
    equal(fsck(site), "0 faults")


@test_as_root
def a_ref_that_cannot_be_read_for_a_moment_is_neither_new_nor_gone(site):
    """At the first look it would be told as new by the second; later as deleted, then as new."""
    if os.uname().machine != "x86_64":
        return
    site.user("kate")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--push-mail", "summary")
    git = Git(site)
    git.commit("Base"), git.push("HEAD:refs/heads/main", "HEAD:refs/heads/frail")
    fresh, calls, tried = site.data + ".fresh", os.path.join(site.dir, "calls"), 0
    for when in ("first", "later"):
        if when == "later":
            site.metroplex("--once")
        shutil.copytree(site.data, fresh)
        disturbed(site, 0, "--list", calls)
        with open(calls) as f:
            lines = [line.rstrip("\n").split("\t") for line in f]
        for name, nth in [(name, [n for _, n, *_ in lines[:i + 1]].count(name)) for i, (_, name, _, path) in enumerate(lines) if path.endswith("frail")]:
            for error in ("EINTR", "EIO", "ENOMEM"):
                shutil.rmtree(site.data), shutil.copytree(fresh, site.data)
                disturbed(site, nth, "--call", name, "--fail", "{n}", "--error", error)
                site.metroplex("--once")
                equal(site.events(), [], f"{when} look, {name} fails with {error}")
                tried += 1
        shutil.rmtree(site.data), shutil.move(fresh, site.data)
    check(tried >= 12, tried)


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
