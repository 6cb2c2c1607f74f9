#!/usr/bin/env python3
"""metroplex thread redact and user remove: what was said, and who, goes; what others rely on stays."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import several  # noqa: E402
from first_mail import first_mail, opens  # noqa: E402
from harness import HOST, METROPLEX, NOTIFIER, TOP, Site, check, contains, equal, killat, main, path_of_id, test, test_as_root  # noqa: E402

WORDS = "The password of the launch pad is Zq7-canary-Wx9."
CANARY = "Zq7-canary-Wx9"
PNG = b"\x89PNG\r\n\x1a\n" + b"canary-in-a-picture" + bytes(range(100))


def fsck(site, status=0):
    done = site.run(METROPLEX, "fsck", "--json", status=status)
    return [json.loads(line)["fault"] + " " + json.loads(line)["path"] for line in done.stdout.splitlines()]


def tip_has(site, *words):
    """The files of the tip in which any of these stands."""
    names = site.git("ls-tree", "-r", "-z", "--name-only", "main").split("\0")
    return [n for n in names if n and any(w in site.git("show", f"main:{n}") for w in words)]


def with_picture(octets):
    import email
    import email.policy
    message = email.message_from_bytes(octets, policy=email.policy.default)
    message.add_attachment(PNG, "image", "png", filename="canary-plan.png")
    return bytes(message)


def discussion(site):
    """A thread in which kate says too much, with a picture, and tim quotes her. The thread and kate's mail."""
    for login in ("tim", "kate", "ada"):
        site.user(login)
    site.set_config("smtp", transport="maildir")
    thread = site.thread("tim")
    site.metroplex("thread", "subscribe", str(thread), "ada")
    octets = with_picture(site.mail("kate@example.org", site.address(thread, "kate"), WORDS + "\nKeep it safe.\n",
                                    message_id="<secret@kates-laptop.example.org>"))
    site.deliver(octets)
    site.metroplex("--once")
    return thread, octets


def answer(site, thread, text):
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), text))
    site.metroplex("--once")


def redact(site, thread, number, *options, status=0):
    return site.run(METROPLEX, "thread", "redact", str(thread), str(number), *options, status=status)


@test
def what_was_said_goes_from_the_tip_and_number_and_message_id_stay(site):
    thread, _ = discussion(site)
    quote = "Oh dear.\n\nOn Sunday, Kate Example wrote:\n> The password of the launch\n> pad is Zq7-canary-Wx9.\n> Keep it safe.\n"
    answer(site, thread, quote)
    check(tip_has(site, CANARY), "it was there")
    before = site.metroplex("thread", "export", str(thread))
    done = redact(site, thread, 1)
    contains(done.stdout, f"acme/rocket#{thread}: comment 1 redacted")
    contains(done.stdout, "quoted it, and is gone as well: 2")
    equal(tip_has(site, CANARY, "Keep it safe", "canary-plan", "kates-laptop"), [], "files of the tip with her words")
    equal(len(site.git("ls-tree", "-r", "--name-only", "main", "message-ids").split()), 1, "Message-IDs: the answer's is left")
    shown = site.show(thread)["comments"]
    equal([c["number"] for c in shown], [1, 2], "numbers")
    equal((shown[0]["author"], shown[0]["body"], shown[0]["attachments"]), ("kate", "*redacted*\n", []), "what is left")
    check(re.fullmatch(r"\d{4}-.*Z", shown[0]["redacted"]), "when")
    equal(shown[1]["body"].strip(), "Oh dear.", "the answer")
    ids = [[c["id"] for c in json.loads(text)["comments"]] for text in (before, site.metroplex("thread", "export", str(thread)))]
    equal(ids[1], ids[0], "Message-IDs")
    key = json.loads(before)["comments"][1]["key"]
    check(key not in "".join(site.git("ls-tree", "-r", "--name-only", "main")), "its KEY is in the tracker")
    contains(site.git("ls-tree", "-r", "--name-only", "main", repository="accounts.git"), f"redacted/{key[:2]}/{key[2:]}")
    contains(redact(site, thread, 1).stdout, "comment 1 already redacted")
    site.git("fsck", "--strict")
    equal(fsck(site), [], "fsck")


@test
def its_mail_is_a_duplicate_for_ever_and_an_answer_to_it_is_a_comment(site):
    thread, octets = discussion(site)
    key = json.loads(site.metroplex("thread", "export", str(thread)))["comments"][1]["id"]
    redact(site, thread, 1)
    site.deliver(octets)
    site.metroplex("--once")
    equal(site.outcomes()[-1][2], "duplicate", "its mail, again")
    equal(len(site.show(thread)["comments"]), 1, "comments")
    site.deliver(site.mail("tim@example.org", site.address(thread, "tim"), "Who removed it?\n", headers=[("In-Reply-To", key)]))
    site.metroplex("--once")
    equal(site.show(thread)["comments"][1]["body"].strip(), "Who removed it?", "an answer to it")


@test
def the_opening_post_goes_with_its_title(site):
    thread, _ = discussion(site)
    other = site.thread("tim", title="About " + CANARY, body=WORDS + "\n")
    redact(site, other, 0)
    equal((site.show(other)["title"], site.show(other)["body"]), ("(redacted)", "*redacted*\n"), "what is left")
    site.metroplex("thread", "title", str(thread), "Of a zyzzyva in the engine", "--as", "tim")
    site.metroplex("thread", "title", str(thread), "Of an engine", "--as", "tim")
    redact(site, thread, 0, "--title", "A rocket")
    check("zyzzyva" not in "".join(site.git("show", f"main:{path}") for path in site.git("ls-tree", "-r", "--name-only", "main").splitlines() if "/events/" in path),
          "titles that it had before are gone from its events")
    equal(site.show(thread)["title"], "A rocket", "the title that was given")
    contains(redact(site, thread, 1, "--title", "x", status=64).stderr, "number 0")
    contains(redact(site, thread, 0, "--title", "Another").stdout, "its title stays as it is")
    equal(site.show(thread)["title"], "A rocket", "the title that was given")
    equal(fsck(site), [], "fsck")


@test
def a_title_that_is_none_is_not_given_with_the_opening_post(site):
    site.user("tim")
    thread = site.thread("tim", title="About " + CANARY, body=WORDS + "\n")
    tip = site.git("rev-parse", "main")
    for title, why in (("", "--title: it is empty"), ("  ", "--title: it is empty"), ("a\nb", "is not one line"), ("\x1b[1m", "is not one line"),
                       ("x" * 257, "--title: longer than 256 characters")):
        for purge in ([], ["--purge"]):
            contains(redact(site, thread, 0, "--title", title, *purge, status=65).stderr, why)
    equal((site.git("rev-parse", "main"), site.show(thread)["title"]), (tip, "About " + CANARY), "nothing was done")
    redact(site, thread, 0, "--title", "Says  kate@example.org ")
    equal(site.show(thread)["title"], "Says ***@***", "as a title that is given otherwise")


@test
def what_is_not_there_is_refused(site):
    thread, _ = discussion(site)
    contains(redact(site, thread, 2, status=65).stderr, f"thread {thread} has no comment 2")
    contains(redact(site, 99, 1, status=65).stderr, "no such thread: 99")
    contains(redact(site, thread, "one", status=65).stderr, "not the number of a comment")


@test
def pages_feed_and_search_follow(site):
    thread, _ = discussion(site)
    other = site.thread("tim", title="About " + CANARY, body=WORDS + "\n")
    pages = os.path.join(site.dir, "pages")
    site.metroplex("pages", pages)

    def found():
        words = [CANARY.encode(), b"canary-in-a-picture", b"canary-plan"]
        held = []
        for folder, _, names in os.walk(pages):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    octets = f.read()
                held += [name for w in words if w in octets]
        return held

    check(len(found()) > 4, found())
    with open(os.path.join(pages, "r/acme/rocket/atom.xml")) as f:
        ids = sorted(re.findall("<id>.*?</id>", f.read()))
    redact(site, thread, 1)
    redact(site, other, 0)
    site.metroplex("pages", pages)
    equal(found(), [], "files of the pages with the words")
    with open(os.path.join(pages, "r/acme/rocket/atom.xml")) as f:
        text = f.read()
    equal(sorted(re.findall("<id>.*?</id>", text)), ids, "the feed's ids")
    contains(text, "This text was removed.")
    site.metroplex("pages", "--check", pages)


@test
def what_was_not_sent_yet_is_not_sent(site):
    thread, _ = discussion(site)
    check(len(site.events()) == 2, site.events())
    redact(site, thread, 1)
    site.notifier("--once")
    check(site.sent(), "the opening post was told")
    check(not any(CANARY in str(m) for m in site.sent()), "it was sent")
    equal(site.events(), [], "events that are left")
    equal(fsck(site), [], "fsck")


@test
def an_event_that_is_found_later_is_dropped(site):
    """As on another host, whose outbox the command does not see; and a digest tells nothing of it."""
    thread, _ = discussion(site)
    site.metroplex("user", "set", "ada", "--deliver", "batch:1")
    events = {}
    for key in site.events():
        with open(os.path.join(site.data, "outbox/new", key), "rb") as f:
            events[key] = f.read()
    redact(site, thread, 1)
    for key in events:
        with open(os.path.join(site.data, "outbox/new", key), "wb") as f:
            f.write(events[key])
    equal(fsck(site), [], "fsck of an outbox with its event")
    site.notifier("--once")
    check(not any(CANARY in str(m) for m in site.sent()), "it was sent")
    contains(site.log("notifier.log"), "is not told: it was redacted")


@test
def a_digest_says_that_it_was_removed(site):
    thread, _ = discussion(site)
    site.metroplex("user", "set", "ada", "--deliver", "batch:1", "--language", "fr")
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="And this stays.\n")
    site.notifier("--once")  # puts it off
    for folder in ("new", "retry"):
        for name in site.listed("outbox/" + folder):
            path = os.path.join(site.data, "outbox", folder, name)
            with open(path) as f:
                text = f.read()
            # both are due, as if the minute were over; what was read then is in memory of nobody
            text = re.sub(r"^(later\t\d+\t\d+\t)\d+", r"\g<1>1", text, flags=re.M)
            os.remove(path)
            with open(os.path.join(site.data, "outbox/new", name.split(".")[-1]), "w") as f:
                f.write(text)
    events = {name: open(os.path.join(site.data, "outbox/new", name)).read() for name in site.events()}
    redact(site, thread, 1)
    for name, text in events.items():
        with open(os.path.join(site.data, "outbox/new", name), "w") as f:
            f.write(text)
    site.notifier("--once")
    told = [str(m) for m in site.sent() if "ada@" in str(m["To"]) or "ada@" in str(m["Delivered-To"])]
    check(not any(CANARY in m for m in told), "it was sent")
    check(any("Ce texte a" in m and "And this stays" in m for m in told), f"{len(told)} messages: {told[-1] if told else ''}")


@test
def keys_in_pages_keep_their_shape(site):
    site.user("tim")
    thread = site.thread("tim")
    for i in range(40):
        site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin=f"Comment number {i}.\n")
    for number in range(0, 41):
        redact(site, thread, number)
        if number % 5 == 0 or number > 20:
            equal(fsck(site), [], f"after {number}")
    site.git("fsck", "--strict")
    site.metroplex("thread", "comment", str(thread), "--as", "tim", "-", stdin="Once more.\n")
    equal(fsck(site), [], "after another comment")


@test
def what_is_exported_is_imported_without_its_words(site):
    thread, _ = discussion(site)
    answer(site, thread, "Thanks.\n")
    early = site.metroplex("thread", "export", str(thread))
    redact(site, thread, 1)
    redact(site, thread, 0, "--title", "A rocket")
    for format in ("json", "mbox"):
        late = site.metroplex("thread", "export", str(thread), "--format", format)
        check(CANARY not in late and "kates-laptop" not in late, late)
        equal(site.metroplex("thread", "import", "-", stdin=late).split()[1:], ["0", "added", "3", "known"], f"at home, {format}")
        other = Site()
        for login in ("tim", "kate", "ada"):
            other.user(login)
        there = other.metroplex("thread", "import", "-", stdin=late).split()
        equal(there[1:], ["3", "added", "0", "known"], f"elsewhere, {format}")
        check(other.show(there[0])["comments"][0].get("redacted"), "it is redacted there")
        equal(other.metroplex("thread", "import", "-", stdin=late).split()[1:], ["0", "added", "3", "known"], f"again, {format}")
        equal(fsck(other), [], "fsck there")
        other.remove()
    equal(site.metroplex("thread", "import", "-", stdin=early).split()[1:], ["0", "added", "3", "known"], "what was exported before")
    equal(tip_has(site, CANARY), [], "and nothing came back")


@test
def fsck_knows_what_is_half_redacted(site):
    thread, _ = discussion(site)
    before = site.git("rev-parse", "main").strip()
    redact(site, thread, 1)
    after = site.git("rev-parse", "main").strip()
    site.git("update-ref", "refs/heads/main", before)  # killed between the two repositories
    path = [p for p in site.git("ls-tree", "-r", "--name-only", "main", repository="accounts.git").split() if p.startswith("redacted/")][0]
    equal(fsck(site, 65), ["not-redacted " + path], "the words are there")
    contains(redact(site, thread, 1).stdout, "comment 1 redacted")
    equal(fsck(site), [], "done by the same command again")
    site.git("update-ref", "refs/heads/main", after)
    site.git("update-ref", "refs/heads/main", "main~1", repository="accounts.git")
    equal(fsck(site, 65), [f"no-key threads/{path_of_id(thread)}/comments/1"], "its KEY is nowhere")


# A person


@test
def an_account_goes_and_what_it_wrote_stays(site):
    thread, octets = discussion(site)
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate", "--member", "kate")
    address, waiting = site.address(thread, "kate"), site.events()
    last = site.user("zoe")
    done = site.metroplex("user", "remove", "kate")
    for part in ("kate: removed", "2 subscriptions", "void", "commits", "history of accounts.git"):
        contains(done, part)
    contains(site.run(METROPLEX, "user", "show", "kate", status=65).stderr, "no such user: kate")
    check("kate" not in site.metroplex("user", "list"), "she is listed")
    shown = site.show(thread)
    equal([c["author"] for c in shown["comments"]], ["kate"], "what she wrote")
    contains(shown["comments"][0]["body"], "launch pad")
    equal([s["login"] for s in shown["subscribers"]], ["tim", "ada"], "subscribers")
    shown = site.metroplex("repository", "show", "acme/rocket")
    check("kate" not in shown, shown)
    held = [site.git("show", f"main:{p}", repository="accounts.git") for p in
            site.git("ls-tree", "-r", "--name-only", "main", repository="accounts.git").split()]
    check(not any("kate@" in text or "Kate" in text for text in held), "an address or a name of hers")
    site.deliver(site.mail("kate@example.org", address, "I am still here.\n"))
    site.metroplex("--once")
    equal(site.outcomes()[-1][2], "bad-address", "her address")
    site.notifier("--once")
    check(waiting and not site.events(), "events")
    check(not any("kate@" in str(m["To"]) for m in site.sent()), "she was told")
    equal(fsck(site), [], "fsck")
    contains(site.run(METROPLEX, "user", "add", "kate", "--name", "K", "--email", "k@example.org", status=65).stderr, "belongs to another")
    equal(site.user("kate2", "kate@example.org"), last + 1, "an id is not given again, an address may be")
    site.metroplex("user", "remove", "kate2")
    equal(site.user("kate3", "kate@example.org"), last + 2, "not even the last one")


@test
def an_account_is_removed_again_after_a_kill(site):
    """Between the two repositories: she is told nothing, and the same command finishes it."""
    thread, _ = discussion(site)
    before = site.git("rev-parse", "main", repository="accounts.git").strip()
    site.metroplex("user", "remove", "kate")
    site.git("update-ref", "refs/heads/main", before, repository="accounts.git")
    contains(site.metroplex("user", "remove", "kate"), "0 subscriptions")
    equal(fsck(site), [], "fsck")


# --purge


def hidden_in(octets, words=(CANARY.encode(), b"canary-in-a-picture", b"Keep it safe")):
    """Also where a mail has it in base64 or quoted-printable."""
    import base64
    import quopri
    whole = [octets, quopri.decodestring(octets)]
    for block in re.findall(rb"(?:[A-Za-z0-9+/]{20,}={0,2}\r?\n?)+", octets):
        try:
            whole.append(base64.b64decode(re.sub(rb"\s", b"", block) + b"=="))
        except ValueError:
            pass
    return any(word in text for word in words for text in whole)


def objects(path):
    """All objects of a repository, packed or loose, whoever refers to them."""
    env = dict(os.environ, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
    done = subprocess.run(["git", "-C", path, "cat-file", "--batch-all-objects", "--batch"], capture_output=True, env=env, check=True)
    return done.stdout


def found_in(*directories):
    """The files, and the repositories by their objects, in which her words stand."""
    found = []
    for directory in directories:
        for folder, folders, names in os.walk(directory):
            if "objects" in folders and "HEAD" in names and hidden_in(objects(folder)):
                found.append(folder)
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    if hidden_in(f.read()):
                        found.append(os.path.join(folder, name))
    return found


def much_said(site):
    """A discussion that left words in every place: quotes, refused mails and their answers, sent mail, pages."""
    thread, octets = discussion(site)
    pages = os.path.join(site.dir, "pages")
    site.set_config("pages", directory=pages)
    quote = "Oh dear.\n\nOn Sunday, Kate Example wrote:\n> The password of the launch\n> pad is Zq7-canary-Wx9.\n> Keep it safe.\n"
    answer(site, thread, quote)
    for who, text in (("kate", "/closs\n\n" + WORDS + "\n"), ("ada", "> " + WORDS + "\n"), ("kate", "Something else.\n")):
        site.deliver(site.mail(f"{who}@example.org", site.address(thread, who), text))
    site.metroplex("--once")
    site.notifier("--once")
    site.deliver(site.mail("ada@elsewhere.example.org", site.address(thread, "ada"), WORDS + "\n"))
    site.metroplex("--once")
    check(any(CANARY in open(os.path.join(site.data, "outbox/new", n)).read() for n in site.answer_events()), "an answer waits")
    other = site.thread("tim", title="Something else", body="Not at all.\n")
    site.metroplex("pages")
    check(len(found_in(site.data, pages)) > 10, found_in(site.data, pages))
    return thread, octets, other, pages


@test
def after_a_purge_nothing_has_the_words(site):
    thread, octets, other, pages = much_said(site)
    old = site.git("rev-parse", "main").strip()
    before = [c["id"] for c in json.loads(site.metroplex("thread", "export", str(thread)))["comments"]]
    done = redact(site, thread, 1, "--purge").stdout
    equal(found_in(site.data, pages), [], "with her words")
    for part in ("comment 1 purged", "files deleted", "not reached: clones"):
        contains(done, part)
    equal([c["id"] for c in json.loads(site.metroplex("thread", "export", str(thread)))["comments"]], before, "Message-IDs")
    shown = site.show(thread)["comments"]
    equal([c["body"].strip() for c in shown], ["*redacted*", "Oh dear.", "Something else."], "comments")
    lines = [line.split() for line in site.git("show", "main:rewrites").splitlines()]
    equal([old in line for line in lines], [False, True], "rewrites")
    contains(site.git("log", "--format=%s"), f"acme/rocket#{thread}: comment 1, redacted")
    site.git("fsck", "--strict", "--full")
    equal(fsck(site), [], "fsck")
    check(not os.path.exists(os.path.join(site.data, "purge")), "the record is there")
    site.deliver(octets)
    site.metroplex("--once")
    equal(site.outcomes()[-1][2], "duplicate", "its mail, again")
    for name in [n for n in site.success if n == site.outcomes()[-1][4]]:
        os.remove(os.path.join(site.data, "incoming-mail/success", name))
    equal(found_in(site.data, pages), [], "after that")
    contains(redact(site, thread, 1, "--purge", status=65).stderr, "purged before")
    site.metroplex("pages", "--check")
    equal(site.show(other)["body"].strip(), "Not at all.", "what others said")


@test
def what_was_redacted_before_is_purged_too(site):
    thread, _, _, pages = much_said(site)
    redact(site, thread, 1)
    check(found_in(site.data), "it is in the history")
    redact(site, thread, 1, "--purge")
    equal(found_in(site.data, pages), [], "with her words")
    equal(fsck(site), [], "fsck")


@test
def the_opening_post_is_purged_with_its_titles(site):
    site.user("tim")
    site.user("kate")
    thread = site.thread("tim", title="About " + CANARY, body="Something " + CANARY + " again.\n")
    site.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin="I see.\n")
    for title in ("Still about " + CANARY, "About something else"):
        site.metroplex("thread", "title", str(thread), title, "--as", "tim")
    redact(site, thread, 0, "--purge", "--title", "About a rocket")
    equal(found_in(site.data), [], "with the words")
    equal((site.show(thread)["title"], len(site.show(thread)["comments"])), ("About a rocket", 1), "what is left")
    site.git("fsck", "--strict")
    equal(fsck(site), [], "fsck")


def edit(site, path, change, message="By hand"):
    """A commit of an administrator, in a clone."""
    clone = os.path.join(site.dir, "clone")
    if not os.path.exists(clone):
        git("clone", "-q", os.path.join(site.data, "tracker.git"), clone)
    with open(os.path.join(clone, path)) as f:
        text = f.read()
    check(change(text) != text, "it changes nothing")
    with open(os.path.join(clone, path), "w") as f:
        f.write(change(text))
    git("commit", "-q", "-a", "-m", message, cwd=clone)
    git("push", "-q", "origin", "main", cwd=clone)


@test
def records_that_were_malformed_once_are_in_nobodys_way(site):
    """Edited by hand, and mended since; the words stood in the history all the time."""
    thread, _ = discussion(site)
    answer(site, thread, "Oh dear.\n\nOn Sunday, Kate Example wrote:\n> " + WORDS + "\n")
    site.metroplex("thread", "title", str(thread), "A zyzzyva", "--as", "tim")
    directory = f"threads/{path_of_id(thread)}/"
    for path in ("comments/0/mail", "comments/1/mail", "comments/2/mail", "events/1"):
        edit(site, directory + path, lambda text: text.replace("via=", "vja="))
    edit(site, directory + "thread", lambda text: "nonsense\n" + text)
    edit(site, directory + "thread", lambda text: text.replace("nonsense\n", "title = Qx7-title\n"))
    edit(site, directory + "thread", lambda text: text.replace("title = Qx7-title\n", ""))
    for path in ("comments/0/mail", "comments/1/mail", "comments/2/mail"):
        edit(site, directory + path, lambda text: text.replace("vja=", "via="))
    redact(site, thread, 1, "--purge")
    redact(site, thread, 0, "--title", "A rocket")
    check("zyzzyva" not in site.git("show", f"main:{directory}events/1"), "a title in an event that cannot be read")
    redact(site, thread, 0, "--purge")
    equal(found_in(site.data), [], "with her words")
    check(not hidden_in(objects(os.path.join(site.data, "tracker.git")), (b"zyzzyva", b"Qx7-title")), "titles")
    equal(fsck(site, 65), [f"malformed {directory}events/1"], "fsck: nobody mended that one")


@test
def few_letters_are_purged_as_well(site):
    """A password and nothing else, and a title that no run of words would find."""
    for login in ("tim", "kate"):
        site.user(login)
    thread = site.thread("tim", title="Qx7", body="Look.\n")
    site.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin="vZq8w\n")
    answer(site, thread, "Oh.\n\nOn Sunday, Kate Example wrote:\n> vZq8w\n")
    clone = os.path.join(site.dir, "clone")
    git("clone", "-q", os.path.join(site.data, "tracker.git"), clone)
    path = os.path.join(clone, f"threads/{path_of_id(thread)}/thread")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("title=Qx7", "title=Qy9"))
    git("commit", "-q", "-a", "-m", f"acme/rocket#{thread}: Qx7 is Qy9 now", cwd=clone)
    git("push", "-q", "origin", "main", cwd=clone)
    done = redact(site, thread, 1, "--purge").stdout
    contains(done, "1 file deleted")
    redact(site, thread, 0, "--purge")
    for word in (b"vZq8w", b"Qx7", b"Qy9"):
        check(word not in objects(os.path.join(site.data, "tracker.git")), word)
    contains(done, "quoted it, and is gone as well: 2")
    equal(fsck(site), [], "fsck")


@test
def a_few_words_that_anybody_writes_delete_nobody_elses_mail(site):
    """What they may be is named, and what is deleted as well."""
    for login in ("tim", "kate"):
        site.user(login)
    thread = site.thread("tim")
    own = site.deliver(site.mail("kate@example.org", site.address(thread, "kate"), "Thanks\n"))
    refused = {text: site.deliver(site.mail("tim@example.org", "reply@reply.git.example.org", text, message_id=f"<{i}@example.org>"))
               for i, text in enumerate(("Many Thanks for all!\n", "Thanks\n", "Something else.\n"))}
    of_thread = site.deliver(site.mail("eve@example.org", site.address(thread, "kate"), "No.\n\n> Thanks\n"))
    site.metroplex("--once")
    equal([site.reasons()[name] for name in (own, of_thread, *refused.values())], ["posted", "sender-mismatch", "no-address", "no-address", "no-address"])
    done = redact(site, thread, 1, "--purge").stdout
    for where, name in (("success", own), ("failure", of_thread)):
        contains(done, f"deleted: incoming-mail/{where}/{name}\n")
    contains(done, "\n2 files deleted;")
    for text, name in refused.items():
        path = os.path.join(site.data, "incoming-mail/failure", name)
        check(os.path.exists(path), text)
        equal(f"repeats it, in words that anybody writes, delete it if it does: {path}\n" in done, "hanks" in text, text)


@test
def a_first_mail_is_purged_with_its_subject_and_opens_nothing_again(site):
    for login in ("kate", "tim"):
        site.user(login)
    opens(site)
    octets = first_mail(site, "kate@example.org", text=WORDS + "\n", message_id="<1@example.org>")
    octets = re.sub(rb"(?m)^Subject: .*$", b"Subject: About " + CANARY.encode(), octets)
    site.deliver(octets)
    site.metroplex("--once")
    equal(site.outcomes()[-1][2], "opened", "a first mail")
    answer(site, 1, "Oh.\n\nOn Sunday, Kate Example wrote:\n> " + WORDS + "\n")
    check(len(found_in(site.data)) > 2, found_in(site.data))
    redact(site, 1, 0, "--purge")
    equal(found_in(site.data), [], "with the words")
    site.deliver(octets)
    site.metroplex("--once")
    equal(site.outcomes()[-1][2], "duplicate", "the mail, again")
    equal(fsck(site), [], "fsck")
    site.git("fsck", "--strict")


@test
def who_repeats_it_is_named_and_left_refs_are_too(site):
    thread, _ = discussion(site)
    answer(site, thread, "What, the password of the launch pad is known?\n")
    site.git("tag", "before", "main")
    site.git("-c", "user.name=A", "-c", "user.email=a@example.org", "tag", "-a", "-m", "Before", "annotated", "main")
    site.git("update-ref", "refs/metroplex/lost/1", "main")
    with open(os.path.join(site.data, "log/metroplex.log"), "ab") as f:  # behind what a power cut left
        f.write(bytes(4096) + b"\nsomebody wrote " + CANARY.encode() + b" here\n")
    done = redact(site, thread, 1, "--purge").stdout
    keeps = "keeps it, delete it in tracker.git and purge again: refs/tags/"
    for part in ("these repeat it in their own words, look at them: 2", keeps + "before", keeps + "annotated", "repeats it, remove the lines: " + os.path.join(site.data, "log/metroplex.log")):
        contains(done, part)
    equal(site.git("for-each-ref", "--format=%(refname)").split(), ["refs/heads/main", "refs/tags/annotated", "refs/tags/before"], "refs")
    site.git("tag", "-d", "before")
    done = redact(site, thread, 1, "--purge").stdout
    equal((done.count("keeps it"), done.count("annotated")), (1, 1), "what keeps it now")
    site.git("tag", "-d", "annotated")
    check("keeps it" not in redact(site, thread, 1, "--purge").stdout, "nothing keeps it")
    check(not hidden_in(objects(os.path.join(site.data, "tracker.git")), (b"Keep it safe",)), "it is gone")
    contains(redact(site, thread, 1, "--purge", status=65).stderr, "purged before")


@test
def a_pack_that_is_kept_is_told(site):
    thread, _ = discussion(site)
    packs = os.path.join(site.data, "tracker.git/objects/pack")
    kept = [os.path.join(packs, name[:-5] + ".keep") for name in os.listdir(packs) if name.endswith(".pack")]
    for path in kept:
        open(path, "w").close()
    done = redact(site, thread, 1, "--purge").stdout
    for path in kept:
        contains(done, "keeps it, delete it in tracker.git and purge again: objects/pack/" + os.path.basename(path))
        os.remove(path)
    check("keeps it" not in redact(site, thread, 1, "--purge").stdout, "nothing keeps it")
    check(not hidden_in(objects(os.path.join(site.data, "tracker.git"))), "it is gone")


@test
def a_notifier_at_work_is_not_disturbed(site):
    import fcntl
    thread, _ = discussion(site)
    with open(os.path.join(site.data, "outbox/lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        contains(redact(site, thread, 1, "--purge", status=75).stderr, "a notifier is at work")
    check(tip_has(site, CANARY), "nothing was changed")
    redact(site, thread, 1, "--purge")
    equal(fsck(site), [], "fsck")


@test_as_root
def a_purge_that_was_killed_is_finished_by_the_next_run(site):
    """At every so many of its system calls: from the record on, the next run does it; before, the command again."""
    thread, _, _, pages = much_said(site)
    copy, by_run, list = site.data + ".copy", 0, os.path.join(site.dir, "calls")
    shutil.copytree(site.data, copy, symlinks=True)
    command = [METROPLEX, "thread", "--config", site.config, "redact", str(thread), "1", "--purge"]

    def restore():
        shutil.rmtree(site.data)
        shutil.copytree(copy, site.data, symlinks=True)

    subprocess.run([killat(), "--list", list, "--", *command], check=True, capture_output=True)
    with open(list) as f:
        calls = f.read().splitlines()
    begin = next(i for i, line in enumerate(calls) if "purge" in line and "open" in line and "redact" not in line)
    every = max(1, (len(calls) - begin) // int(os.environ.get("KILLS", "9")))
    for number in [begin // 3, begin * 2 // 3, *range(begin - 2, len(calls) + 1, every)]:
        restore()
        subprocess.run([killat(), "--kill", str(number), "--", *command], check=True, capture_output=True)
        recorded = os.path.exists(os.path.join(site.data, "purge"))
        site.a_minute_later()
        site.metroplex("--once")
        check(not os.path.exists(os.path.join(site.data, "purge")), f"{number}: the record is there")
        by_run += recorded
        if not recorded:
            site.run(METROPLEX, "thread", "redact", str(thread), "1", "--purge", status=None)
        equal(found_in(site.data), [], f"killed at {number}: {calls[min(number, len(calls)) - 1]}")
        equal(fsck(site), [], f"killed at {number}")
        site.git("fsck", "--strict")
    print(f"# of {len(calls)} calls, {len(calls) - begin} from the record on; {by_run} kills were finished by the next run")
    check(by_run > 0, "no kill was behind the record")
    site.metroplex("pages")
    equal(found_in(pages), [], "pages")


@test
def a_held_mail_that_repeats_it_is_named(site):
    thread, _ = discussion(site)
    opens(site, "known")
    name = site.deliver(first_mail(site, "tim@example.org", verdict="", text="Is this true?\n\n> " + WORDS.replace("\n", "\n> ") + "\n"))
    other = site.deliver(first_mail(site, "tim@example.org", verdict="", text="Something else.\n"))
    site.metroplex("--once")
    path = os.path.join(site.data, "incoming-mail/held", name)
    done = redact(site, thread, 1, "--purge").stdout
    contains(done, f"repeats it, reject it, and delete its file: {path}\n")
    equal((found_in(site.data), other in done), ([path], False))
    site.metroplex("held", "reject", name)
    os.remove(os.path.join(site.data, "incoming-mail/failure", name))
    equal(found_in(site.data), [], "after that")
    equal(site.listed("incoming-mail/held"), [other])


@test
def the_history_of_accounts_may_begin_anew(site):
    """As the manual says: who was removed is nowhere in accounts.git then."""
    thread, _ = discussion(site)
    site.user("gone", "very.private@example.org")
    site.metroplex("user", "remove", "gone")
    path = os.path.join(site.data, "accounts.git")
    check(b"very.private" in objects(path), "in its history")
    manual = open(os.path.join(TOP, "man/metroplex.8")).read()
    commands = re.search(r"\$ cd /data/user/accounts.git\n(.*?)\.Ed", manual, re.S)[1].replace("\\e\n", "\\\n").replace("$ git", "git")
    env = dict(os.environ, GIT_CONFIG_COUNT="3", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*", GIT_CONFIG_KEY_1="user.name",
               GIT_CONFIG_VALUE_1="a", GIT_CONFIG_KEY_2="user.email", GIT_CONFIG_VALUE_2="a@b")
    subprocess.run(["sh", "-ec", commands], cwd=path, env=env, check=True, capture_output=True)
    check(b"very.private" not in objects(path), "it is there still")
    equal(fsck(site), [], "fsck")
    site.user("new")
    answer(site, thread, "And on it goes.\n")
    site.metroplex("--once")
    equal(site.show(thread)["comments"][-1]["body"].strip(), "And on it goes.")
    equal(fsck(site), [], "fsck")


# Several hosts


def git(*args, cwd=None, status=0):
    env = dict(os.environ, GIT_CONFIG_COUNT="3", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*", GIT_CONFIG_KEY_1="user.name",
               GIT_CONFIG_VALUE_1="Admin", GIT_CONFIG_KEY_2="user.email", GIT_CONFIG_VALUE_2="admin@example.org")
    done = subprocess.run(["git", *args], cwd=cwd, capture_output=True, text=True, env=env)
    if status is not None:
        check((done.returncode != 0) == bool(status), f"git {args}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def collect(remote):
    """What the server's administrator does: no program of ours runs there."""
    for args in (("reflog", "expire", "--expire=now", "--all"), ("repack", "-q", "-a", "-d"), ("prune", "--expire=now")):
        remote.git(*args)


@contextlib.contextmanager
def purged(one):
    """A remote, two hosts, an old clone, and the thread whose comment 1 the first host has purged."""
    for login in ("tim", "kate", "ada"):
        one.user(login)
    with several.hosts(one) as (remote, one, two):
        for site in (one, two):
            site.set_config("smtp", transport="maildir")
        thread = one.thread("tim")
        two.metroplex("--once")
        octets = with_picture(two.mail("kate@example.org", two.address(thread, "kate"), WORDS + "\nKeep it safe.\n"))
        two.deliver(octets)
        two.metroplex("--once")
        answer(one, thread, "Oh dear.\n\nOn Sunday, Kate Example wrote:\n> " + WORDS + "\n")
        two.metroplex("--once")
        clone = os.path.join(one.dir, "clone")
        git("clone", "-q", os.path.join(one.data, "tracker.git"), clone)
        redact(one, thread, 1, "--purge")
        yield remote, one, two, clone, thread, octets


@test
def a_second_host_follows(site):
    with purged(site) as (remote, one, two, _, thread, octets):
        equal(found_in(one.data), [], "on the host that purged")
        check(found_in(two.data), "the other one has it still")
        two.deliver(octets)
        two.deliver(two.mail("tim@example.org", two.address(thread, "tim"), "And this is new.\n"))
        two.metroplex("--once")
        equal(sorted(line[2] for line in two.outcomes()[-2:]), ["duplicate", "posted"], "its mail, again, and another")
        for name in [line[4] for line in two.outcomes() if line[2] == "duplicate"]:
            os.remove(os.path.join(two.data, "incoming-mail/success", name))
        equal(found_in(two.data), [], "on the host that followed")
        equal(two.git("for-each-ref", "--format=%(refname)").split(), ["refs/heads/main", "refs/metroplex/turn"], "refs")
        two.notifier("--once")
        check(not any(CANARY in str(m) for m in two.sent()), "it was sent")
        collect(remote)
        check(not hidden_in(objects(remote.path())), "the remote has it, collected")
        one.metroplex("--once")
        for each in (one, two):
            equal([c["body"].strip() for c in each.show(thread)["comments"]], ["*redacted*", "Oh dear.", "And this is new."], each.name)
            each.git("fsck", "--strict")
            equal(fsck(each), [], f"fsck of {each.name}")


@test
def a_host_that_slept_through_two_purges_follows_both(site):
    """The second was of a history that it never had."""
    for login in ("tim", "kate"):
        site.user(login)
    with several.hosts(site) as (_, one, two):
        first, second = one.thread("tim"), one.thread("tim", title="Another rocket")
        two.metroplex("--once")
        for thread, text in ((first, "Something else that she regrets.\n"), (second, WORDS + "\n")):
            two.deliver(two.mail("kate@example.org", two.address(thread, "kate"), text))
            two.metroplex("--once")
        one.metroplex("--once")
        for thread in (first, second):
            redact(one, thread, 1, "--purge")
        check(found_in(two.data), "the other one has it still")
        two.git("tag", "before", "main")
        two.metroplex("--once")
        contains(two.log(), "refs/tags/before of tracker.git keeps what was purged: delete it, and purge again")
        two.git("tag", "-d", "before")
        redact(two, second, 1, "--purge")
        equal((found_in(two.data), two.success), ([], []), "on the host that followed, and mails")
        equal(two.git("for-each-ref", "--format=%(refname)").split(), ["refs/heads/main", "refs/metroplex/turn"], "refs")
        equal(fsck(two), [], "fsck")


@test_as_root
def a_host_that_was_killed_while_it_followed_is_finished_by_the_next_run(site):
    with purged(site) as (_, one, two, clone, thread, _):
        copy, list = two.data + ".copy", os.path.join(two.dir, "calls")
        shutil.copytree(two.data, copy, symlinks=True)
        command = [METROPLEX, "--config", two.config, "--once"]
        subprocess.run([killat(), "--list", list, "--", *command], check=True, capture_output=True)
        with open(list) as f:
            calls = f.read().splitlines()
        begin = next(i for i, line in enumerate(calls) if "rewritten" in line)
        points = set(range(begin, len(calls), max(1, (len(calls) - begin) // int(os.environ.get("KILLS", "6")))))
        # with a lock on the ref that is made, and on the same one when it is deleted
        points |= {i + 2 for i, line in enumerate(calls) if "rewritten" in line and ".lock" in line and line.split()[1] in ("open", "openat")}
        for number in sorted(points):
            shutil.rmtree(two.data)
            shutil.copytree(copy, two.data, symlinks=True)
            subprocess.run([killat(), "--kill", str(number), "--", *command], check=True, capture_output=True)
            two.a_minute_later()
            two.metroplex("--once")
            what = f"killed at {number}: {calls[number - 1]}"
            equal(found_in(two.data), [], what)
            equal(two.git("for-each-ref", "--format=%(refname)").split(), ["refs/heads/main", "refs/metroplex/turn"], what)
            equal(fsck(two), [], what)
            two.git("fsck", "--strict")


@test
def an_accounts_server_that_refuses_is_to_be_mended(site):
    """Whatever it says of what is ours: nothing was done, and the command can be given again."""
    for login in ("tim", "kate"):
        site.user(login)
    with several.hosts(site) as (remote, one, _):
        thread = one.thread("tim", body=WORDS + "\n")
        hook = os.path.join(remote.path("a.git"), "hooks/pre-receive")
        with open(hook, "w") as f:
            f.write("#!/bin/sh\necho nobody may >&2\nexit 1\n")
        os.chmod(hook, 0o755)
        contains(redact(one, thread, 0, status=75).stderr, "nobody may")
        check(tip_has(one, CANARY), "it is there")
        os.remove(hook)
        redact(one, thread, 0)
        equal(tip_has(one, CANARY), [], "with the words")


@test
def an_old_clone_cannot_bring_it_back(site):
    """Pushed as it is, merged, or as another branch: by the hook; and where a server has none, no host follows."""
    with purged(site) as (remote, one, two, clone, thread, _):
        two.metroplex("--once")
        target, shared = os.path.join(one.data, "tracker.git"), remote.path()
        for there in (target, shared):
            if there == shared:
                shutil.copy(os.path.join(target, "hooks/update"), os.path.join(shared, "hooks/update"))
            contains(git("push", "--force", there, "main", cwd=clone, status=1), "was purged" if there == shared else "non-fast-forward")
            contains(git("push", there, "main:refs/heads/other", cwd=clone, status=1), "was purged")
            git("fetch", "-q", there, "main", cwd=clone)
            git("merge", "-q", "-s", "ours", "--allow-unrelated-histories", "FETCH_HEAD", cwd=clone)
            contains(git("push", there, "main", cwd=clone, status=1), "was purged")
            git("reset", "-q", "--hard", "HEAD^1", cwd=clone)
        os.remove(os.path.join(shared, "hooks/update"))
        before = two.git("rev-parse", "main")
        good = remote.git("rev-parse", "main").strip()
        git("push", "-q", "--force", shared, "main", cwd=clone)
        two.deliver(two.mail("tim@example.org", two.address(thread, "tim"), "It waits.\n"))
        contains(two.run(METROPLEX, "--once", status=78).stderr + two.log(), "commits again that were purged")
        equal((two.git("rev-parse", "main"), len(two.new)), (before, 1), "the branch, and the mail")
        remote.git("update-ref", "refs/heads/main", good)
        two.metroplex("--once")
        equal(two.new, [], "mail that waits")


@test
def a_purge_begun_on_an_older_tip_changes_nothing(site):
    """Another host posts between the record and the push; and a server that forbids it is told of."""
    for login in ("tim", "kate", "ada"):
        site.user(login)
    with several.hosts(site) as (remote, one, two):
        thread = one.thread("tim", body=WORDS + "\n")
        one.metroplex("thread", "comment", str(thread), "--as", "kate", "-", stdin=WORDS + "\n")
        shared = remote.path()
        remote.git("config", "receive.denyNonFastForwards", "true")
        contains(redact(one, thread, 1, "--purge", status=65).stderr, "receive.denyNonFastForwards")
        check(not os.path.exists(os.path.join(one.data, "purge")), "the record is there")
        remote.git("config", "receive.denyNonFastForwards", "false")
        hook = os.path.join(shared, "hooks/pre-receive")
        with open(hook, "w") as f:  # as if the other host were faster
            f.write("#!/bin/sh\nread old new name\nrm -f \"$0\"\nunset GIT_QUARANTINE_PATH\n"
                    "git update-ref refs/heads/main $(git commit-tree -p main -m Other main^{tree})\n")
        os.chmod(hook, 0o755)
        for key, value in (("user.name", "O"), ("user.email", "o@example.org")):
            remote.git("config", key, value)
        contains(redact(one, thread, 1, "--purge", status=75).stderr, "give the command again")
        check(not os.path.exists(os.path.join(one.data, "purge")), "the record is there")
        redact(one, thread, 1, "--purge")
        redact(one, thread, 0, "--purge")
        equal(found_in(one.data), [], "with the words")
        equal(fsck(one), [], "fsck")


main()
