#!/usr/bin/env python3
"""init, user, repository, thread and address, as at a shell: what they print, what they refuse."""
import fcntl
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from first_mail import ok_address  # noqa: E402
from harness import HOST, METROPLEX, NOTIFIER, TOP, check, contains, copy_programs, equal, main, test, wait_until  # noqa: E402

DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def refused(site, status, *args, stdin="", says=()):
    """The command fails with that status, prints nothing, and names the fault; what it said."""
    done = site.run(METROPLEX, *args, stdin=stdin, status=status)
    equal(done.stdout, "", f"{args}: standard output")
    check(done.stderr.startswith("metroplex: "), f"{args}: {done.stderr!r}")
    for words in [says] if isinstance(says, str) else says:
        contains(done.stderr, words)
    return done.stderr


def lines_of_json(text):
    return [json.loads(line) for line in text.splitlines()]


def tip(site, repository="tracker.git"):
    return site.git("rev-parse", "main", repository=repository).strip()


def everything_in(site, repository):
    """All that a clone would get: every object's content, and every name and message."""
    return site.git("cat-file", "--batch", "--batch-all-objects", repository=repository) + site.git(
        "log", "--all", "--format=fuller", "--stat", repository=repository)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def tree(path):
    """Every path below, with mode, size and time: what a second run must not change."""
    found = {}
    for folder, directories, files in os.walk(path):
        for name in directories + files:
            st = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (st.st_mode, st.st_size, st.st_mtime_ns)
    return found


# --- init


@test
def init_makes_what_is_missing_and_says_it(site):
    config = os.path.join(site.dir, "other/m.conf")
    data = os.path.join(site.dir, "other-data")
    out = site.run(METROPLEX, "init", "--config", config, "--hostname", "Git.Example.org", "--data", data, data=False).stdout
    made = [line[len("made "):] for line in out.splitlines() if line.startswith("made ")]
    equal(len(made), len(out.splitlines()), out)
    equal([p for p in made if not os.path.exists(p)], [], "said to be made, but missing")
    for name in ("mail/reply/tmp", "mail/reply/new", "mail/reply/cur", "incoming-mail/success", "incoming-mail/failure",
                 "outbox", "log", "tracker.git", "accounts.git", "sent/new"):
        check(os.path.join(data, name) in made, f"{name} is not named in {out}")
    for name in ("new", "tmp", "retry", "hold", "failed"):
        check(os.path.isdir(os.path.join(data, "outbox", name)), name)
    contains(open(config).read(), "hostname = git.example.org\n")


@test
def a_second_init_changes_nothing(site):
    site.metroplex("init")
    before = tree(site.dir)
    out = site.metroplex("init", "--hostname", HOST, "--data", site.data)
    equal(out, f"nothing to make: {site.config} and {site.data} are complete\n")
    equal(tree(site.dir), before, "something was touched")


@test
def init_mends_what_is_gone_and_leaves_the_rest(site):
    site.user("tim")
    keys = open(os.path.join(site.dir, "etc/address-keys")).read()
    shutil.rmtree(os.path.join(site.data, "mail/reply/new"))
    shutil.rmtree(os.path.join(site.data, "outbox/retry"))
    out = site.metroplex("init")
    equal(out.splitlines(), [f"made {site.data}/mail/reply/new", f"made {site.data}/outbox"])
    equal(open(os.path.join(site.dir, "etc/address-keys")).read(), keys, "the keys")
    equal(site.metroplex("user", "list").split()[1], "tim")


@test
def a_lost_key_is_made_anew_with_a_warning(site):
    os.unlink(os.path.join(site.dir, "etc/address-keys"))
    done = site.run(METROPLEX, "init")
    equal(done.stdout, f"made {site.dir}/etc/address-keys\n")
    contains(done.stderr, "no address that was sent before")


@test
def secrets_are_closed_to_others(site):
    keys = os.path.join(site.dir, "etc/address-keys")
    equal(mode(keys), 0o600)
    check(re.fullmatch(r"[0-9a-f]{64}\n", open(keys).read()), "one key, one line")
    equal(mode(os.path.join(site.data, "accounts.git")), 0o700)
    for name in ("", "mail", "incoming-mail", "log", "outbox"):
        equal(mode(os.path.join(site.data, name)) & 0o007, 0, name)
    os.chmod(keys, 0o644)
    refused(site, 78, "user", "list", says=[keys, "0644", "chmod 0600"])


@test
def init_refuses_what_it_cannot_do(site):
    fresh = os.path.join(site.dir, "fresh.conf")

    def init(*args, status):
        return site.run(METROPLEX, "init", "--config", fresh, *args, status=status, data=False).stderr

    contains(init(status=64), "--hostname is needed")
    contains(init("--hostname", "not a host", status=65), "'not a host' is not a host name")
    contains(init("--hostname", "a" * 250, status=65), "not a host name")
    contains(init("--hostname", HOST, "--data", site.dir + "/a\nb", status=65), "a\\nb")
    check(not os.path.exists(fresh), "a configuration was written in spite of it")
    contains(refused(site, 65, "init", "--hostname", "other.example"), f"hostname = {HOST}, not other.example")
    contains(refused(site, 65, "init", "--data", "/elsewhere"), f"data = {site.data}, not /elsewhere")
    with open(site.config, "a") as f:
        f.write("[tracker]\nnonsense = 1\n")
    refused(site, 78, "init", says=[site.config, "nonsense"])


@test
def init_makes_relative_paths_absolute(site):
    done = subprocess.run([METROPLEX, "init", "--config", "rel/m.conf", "--hostname", HOST, "--data", "rel/data"],
                          cwd=site.dir, text=True, capture_output=True)
    equal(done.returncode, 0, done.stderr)
    contains(open(os.path.join(site.dir, "rel/m.conf")).read(), f"data = {site.dir}/rel/data\n")
    elsewhere = site.run(METROPLEX, "user", "list", "--config", os.path.join(site.dir, "rel/m.conf"), data=False)
    equal(elsewhere.stdout, "")


@test
def init_survives_a_tight_umask_and_odd_names(site):
    odd = os.path.join(site.dir, "a b/c\\new;é")
    command = [METROPLEX, "init", "--config", odd + "/m.conf", "--hostname", HOST, "--data", odd + "/data"]
    done = subprocess.run(command, text=True, capture_output=True, preexec_fn=lambda: os.umask(0o077))
    equal(done.returncode, 0, done.stderr)
    equal(mode(odd), 0o755)
    equal(site.run(METROPLEX, "user", "add", "tim", "--name", "T", "--email", "t@example.org",
                   "--config", odd + "/m.conf", data=False).stdout, "1\n")


@test
def many_inits_at_once_make_one_installation(site):
    config, data = os.path.join(site.dir, "many/m.conf"), os.path.join(site.dir, "many-data")
    command = [METROPLEX, "init", "--config", config, "--hostname", HOST, "--data", data]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(8)]
    said = [p.communicate()[0] for p in running]
    equal([p.returncode for p in running], [0] * 8, said)
    for path in (config, os.path.join(site.dir, "many/address-keys"), data + "/tracker.git", data + "/accounts.git"):
        equal("".join(said).splitlines().count(f"made {path}"), 1, path)
    equal(sorted(os.listdir(site.dir + "/many")), ["address-keys", "m.conf"], "left over")


@test
def init_for_an_owner_leaves_nothing_to_root_but_the_configuration(site):
    if os.geteuid() != 0:
        refused(site, 65, "init", "--owner", "nobody", says="for root only")
        return
    owner = pwd.getpwnam("nobody")
    config, data = os.path.join(site.dir, "owned/m.conf"), os.path.join(site.dir, "owned-data/deep")
    arguments = ["init", "--config", config, "--hostname", HOST, "--data", data, "--owner", owner.pw_name]
    site.run(METROPLEX, *arguments, data=False)
    site.run(METROPLEX, "user", "add", "tim", "--name", "T", "--email", "t@example.org", "--config", config, data=False)
    strangers = [p for p in [data, *tree(data)] if os.lstat(p).st_uid != owner.pw_uid]
    equal(strangers, [])
    equal(os.stat(os.path.join(site.dir, "owned/address-keys")).st_uid, owner.pw_uid)
    equal(os.stat(config).st_uid, 0, "who reads it must not be able to write it")
    equal(mode(os.path.dirname(data)), 0o755, "the way there")
    private = os.path.join(site.dir, "root's.md")
    with open(private, "w") as f:
        f.write("A file that only root can read.\n")
    os.chmod(private, 0o600)
    equal(site.run(METROPLEX, "thread", "open", "--repository", "a/b", "--kind", "issue", "--title", "T", "--as", "tim", private,
                   "--config", config, data=False).stdout, "1\n")
    equal(site.run(METROPLEX, "thread", "comment", "1", "--as", "tim", private, "--config", config, data=False).stdout, "1\n")
    contains(site.run(METROPLEX, *arguments, data=False).stdout, "nothing to make")
    contains(refused(site, 78, "init", "--owner", "nobody"), "belongs to user 0")
    contains(refused(site, 65, "init", "--owner", "no-such-user"), "no-such-user")


@test
def no_command_works_without_an_installation(site):
    for args in (["user", "list"], ["thread", "show", "1"], ["address", "1", "tim"], ["repository", "show", "a/b"]):
        done = site.run(METROPLEX, *args, "--config", site.dir + "/none.conf", status=78, data=False)
        contains(done.stderr, "none.conf")
    shutil.rmtree(os.path.join(site.data, "tracker.git"))
    refused(site, 78, "thread", "list", says=["tracker.git", "metroplex init"])


# --- user


@test
def an_account_is_added_listed_and_shown(site):
    equal(site.metroplex("user", "add", "tim", "--name", "Tim Lake", "--email", "tim@example.org", "--email", "t@work.example"), "1\n")
    equal(site.metroplex("user", "add", "Kate-B", "--name", "Käte Busch", "--email", "kate@example.org"), "2\n")
    shown = json.loads(site.metroplex("user", "show", "TIM", "--json"))
    check(0 <= shown.pop("epoch") < 2**48, "a random epoch that JSON can hold")
    equal(shown,
          {"id": 1, "login": "tim", "name": "Tim Lake", "emails": ["tim@example.org", "t@work.example"], "state": "active", "language": None, "format": "both", "deliver": "immediate", "own_activity": False, "ignored": [], "bounces": []})
    equal([u["login"] for u in lines_of_json(site.metroplex("user", "list", "--json"))], ["tim", "Kate-B"])
    equal([line.split()[:4] for line in site.metroplex("user", "list").splitlines()],
          [["1", "tim", "active", "tim@example.org"], ["2", "Kate-B", "active", "kate@example.org"]])
    shown = site.metroplex("user", "show", "kate-b")
    contains(shown, "Kate-B (Käte Busch)")
    contains(shown, "kate@example.org (notifications go here)")
    contains(site.git("log", "--format=%an %s", repository="accounts.git"), "Metroplex Add Kate-B\n")


GOOD_ADDRESSES = {
    "tim@example.org": "tim@example.org",
    "Tim.O'Neil+x=y@EXAMPLE.Org": "Tim.O'Neil+x=y@example.org",
    "tim@bücher.example": "tim@xn--bcher-kva.example",
    "用户@例子.example": "用户@xn--fsqu00a.example",
    "a@localhost": "a@localhost",
}

BAD_ADDRESSES = [
    "", "tim", "@example.org", "tim@", "a@b", "tim@mx1", "a@b@c", "tim lake@example.org", "tim@exa mple.org", "<tim@example.org>",
    "tim@example..org", "tim@-x.org", "tim@example.org\n", "tim\x1b@example.org", "tim\u202e@example.org", '"tim"@example.org',
    "-tim@example.org", "tim,kate@example.org", "tim\u00a0lake@example.org", "a" * 65 + "@example.org",
    "a@" + ".".join(["b" * 60] * 5) + ".org", f"x@reply.{HOST}", f"x@NoReply.{HOST}", f"noreply@{HOST}", "tim@[127.0.0.1]",
    ".tim@example.org", "tim.@example.org", "tim..lake@example.org", ".@example.org",
]


@test
def mail_addresses_are_checked_and_brought_into_one_form(site):
    for i, (given, kept) in enumerate(GOOD_ADDRESSES.items()):
        site.metroplex("user", "add", f"good{i}", "--name", "N", "--email", given)
        equal(json.loads(site.metroplex("user", "show", f"good{i}", "--json"))["emails"], [kept], given)
    for given in BAD_ADDRESSES:
        said = refused(site, 65, "user", "add", "bad", "--name", "N", f"--email={given}", says="is not a mail address")
        equal(said.count("\n"), 1, f"{given!r} broke the line")
        check("\x1b" not in said and "\u202e" not in said, "shown raw")
    equal(len(site.metroplex("user", "list").splitlines()), len(GOOD_ADDRESSES))


@test
def logins_and_names_are_checked(site):
    for login in ("", "-x", "x-", "a--b", "a b", "ä", "a" * 40, "../x", "a\n"):
        refused(site, 65, "user", "add", "--name", "N", "--email", "n@example.org", "--", login, says="is not a login")
    for name in ("", " ", "two\nlines", "tab\tbed", "\x1b[31mred", "x" * 201, "rtl\u202e"):
        refused(site, 65, "user", "add", "tim", "--name", name, "--email", "n@example.org", says="is not a name")
    refused(site, 64, "user", "add", "tim", "--name", "N", says="--name and --email are needed")
    refused(site, 64, "user", "add", "--name", "N", "--email", "n@example.org")
    refused(site, 64, "user", "add", "tim", "--wrong")
    refused(site, 64, "user", says="one of these is needed: add, list, remove, revoke, set, show")
    refused(site, 64, "user", "ad\x1bd", says="no such command: ad\\ed")
    equal(site.metroplex("user", "list"), "")


@test
def a_login_or_address_belongs_to_one_account(site):
    site.user("tim", "tim@example.org")
    refused(site, 65, "user", "add", "TIM", "--name", "N", "--email", "n@example.org", says=["TIM", "another account"])
    refused(site, 65, "user", "add", "kate", "--name", "N", "--email", "tim@EXAMPLE.org", says=["tim@example.org", "another account"])
    site.user("kate")
    refused(site, 65, "user", "set", "kate", "--add-email", "tim@example.org", says="another account")
    refused(site, 65, "user", "set", "kate", "--login", "tim", says="another account")


@test
def what_is_set_changes_and_the_rest_stays(site):
    site.user("tim", "a@example.org", "b@example.org")

    def facts(login="tim"):
        return json.loads(site.metroplex("user", "show", login, "--json"))

    equal(site.metroplex("user", "set", "tim", "--name", "Tim O. Lake", "--add-email", "c@example.org"), "tim: changed\n")
    equal((facts()["name"], facts()["emails"]), ("Tim O. Lake", ["a@example.org", "b@example.org", "c@example.org"]))
    site.metroplex("user", "set", "tim", "--remove-email", "a@EXAMPLE.org", "--add-email", "b@EXAMPLE.org")
    equal(facts()["emails"], ["b@example.org", "c@example.org"])
    site.metroplex("user", "set", "tim", "--email", "d@example.org", "--email", "b@example.org")
    equal(facts()["emails"], ["d@example.org", "b@example.org"])
    site.metroplex("user", "set", "tim", "--state", "suspended", "--login", "timo")
    equal((facts("timo")["state"], facts("timo")["id"]), ("suspended", 1))
    refused(site, 65, "user", "show", "tim", says="no such user: tim")
    site.user("tim", "a@example.org")  # login and address are free again
    before = tip(site, "accounts.git")
    equal(site.metroplex("user", "set", "timo", "--state", "suspended"), "timo: nothing to change\n")
    refused(site, 65, "user", "set", "timo", "--remove-email", "a@example.org", says="not an address of timo")
    refused(site, 65, "user", "set", "timo", "--remove-email", "d@example.org", "--remove-email", "b@example.org", says="without an address")
    refused(site, 64, "user", "set", "timo", "--state", "asleep", says="none of active, suspended")
    refused(site, 64, "user", "set", "timo", says="nothing to set")
    refused(site, 65, "user", "set", "nobody", "--name", "N", says="no such user: nobody")
    equal(tip(site, "accounts.git"), before, "a refusal left a commit")


# --- address


@test
def an_address_is_made_and_verified(site):
    site.user("tim"), site.user("kate")
    site.thread("tim"), site.thread("tim", "commit", object="4b825dc642cb6eb9a060e54bf8d69288fbee4904")
    for thread, kind, purpose in ((1, "i", "reply"), (2, "c", "unsub"), (0, "i", "bounce")):
        address = site.address(thread, "kate", "--purpose", purpose)
        check(re.fullmatch(rf"{purpose}\+{kind}-{thread}-[0-9a-f]{{40}}-2@reply\.{re.escape(HOST)}", address), address)
        said = site.metroplex("address", "--verify", address.upper())
        fields = dict(line.split()[:2] for line in said.splitlines()[:-1])
        equal(fields, {"purpose": purpose, "kind": kind, "thread": str(thread), "user": "kate"})
        equal(said.splitlines()[-1], "valid")
    equal(site.address(1, "kate"), site.address(1, "KATE", "--purpose", "reply"))
    question = ok_address(site, "0123456789abcdef" * 2, "kate@example.org")
    equal(site.metroplex("address", "--verify", question.upper()).splitlines()[1:], ["key      " + "0123456789abcdef" * 2, "valid, from whom was asked"])
    said = refused(site, 65, "address", "--verify", question.replace("ok+01", "ok+10"), says="signature is wrong")
    check("-***@" in said, f"the MAC is shown: {said}")


@test
def an_address_that_does_not_verify_says_why(site):
    site.user("tim"), site.user("kate"), site.thread("tim")
    good = site.address(1, "kate")
    at = good.index("i-1-") + len("i-1-")
    wrong = good[:at] + ("1" if good[at] == "0" else "0") + good[at + 1:]
    ghost = site.address(1, "kate").replace("-2@", "-9@")
    for address, why in ((wrong, "signature is wrong"), (ghost, "no account has the id 9"), ("tim@example.org", "not of the form"),
                         (good.replace("i-1-", "i-7-"), "signature is wrong"), (good.replace("reply+", "unsub+"), "signature is wrong"),
                         (good.replace("i-1-", "c-1-"), "signature is wrong"), (good.replace(HOST, "evil.example"), "not of the form"), ("", "not of the form")):
        said = refused(site, 65, "address", "--verify", address, says=why)
        check(not re.search(r"[0-9a-f]{40}", said), f"the MAC is shown: {said}")
    equal(site.metroplex("user", "revoke", "kate").split(":")[0], "kate")
    refused(site, 65, "address", "--verify", good, says="revoked")
    check(site.address(1, "kate") != good, "revoking changes nothing")
    contains(site.metroplex("address", "--verify", site.address(1, "kate")), "valid")
    site.metroplex("user", "set", "kate", "--state", "suspended")
    contains(site.metroplex("address", "--verify", site.address(1, "kate")), "kate (suspended)")


@test
def an_address_is_refused_for_what_is_not_there(site):
    site.user("tim"), site.thread("tim")
    refused(site, 65, "address", "2", "tim", says="no such thread: 2")
    refused(site, 65, "address", "1", "kate", says="no such user: kate")
    refused(site, 65, "address", "one", "tim", says="one is not the id of a thread")
    refused(site, 64, "address", "1")
    refused(site, 64, "address")
    refused(site, 64, "address", "1", "tim", "--purpose", "spam", says="none of reply, unsub, bounce")
    refused(site, 64, "address", "1", "tim", "--verify", "x")


@test
def rotated_keys_verify_old_addresses_and_sign_with_the_first(site):
    site.user("tim"), site.thread("tim")
    keys, old = os.path.join(site.dir, "etc/address-keys"), site.address(1, "tim")
    before = open(keys).read()
    with open(keys, "w") as f:
        f.write("# new\n" + "b" * 64 + "\n" + before)
    check(site.address(1, "tim") != old, "the first key does not sign")
    contains(site.metroplex("address", "--verify", old), "valid")
    with open(keys, "w") as f:
        f.write("b" * 64 + "\n")
    refused(site, 65, "address", "--verify", old, says="a key that is gone")


# --- repository


@test
def a_repository_has_a_policy(site):
    site.user("tim"), site.user("kate")
    untold = {"push-mail": "off", "push-refs": None, "push-commits": 20, "push-diff": 32768}
    shown = lambda: {name: fact for name, fact in json.loads(site.metroplex("repository", "show", "acme/rocket", "--json")).items() if name != "watch"}
    equal(shown(),
          {"repository": "acme/rocket", "reply": "on", "members": [], "watchers": [], "link": None, "pages": "on",
           "open": "off", "short-address": None, "address": None, **untold})
    equal(site.metroplex("repository", "set", "acme/rocket", "--reply", "members", "--watch", "tim", "--watch", "kate", "--member", "KATE",
                         "--link", "https://x.example/{repository}/{kind}/{number}"), "acme/rocket: changed\n")
    equal(shown(),
          {"repository": "acme/rocket", "reply": "members", "members": ["kate"], "watchers": ["tim", "kate"],
           "link": "https://x.example/{repository}/{kind}/{number}", "pages": "on",
           "open": "off", "short-address": None, "address": None, **untold})
    text = site.metroplex("repository", "show", "acme/rocket")
    contains(text, "members  kate\n"), contains(text, "watchers tim, kate\n")
    before = tip(site)
    equal(site.metroplex("repository", "set", "acme/rocket", "--watch", "tim"), "acme/rocket: nothing to change\n")
    equal(tip(site), before)
    site.metroplex("repository", "set", "acme/rocket", "--unwatch", "tim", "--no-member", "kate", "--link", "")
    facts = json.loads(site.metroplex("repository", "show", "acme/rocket", "--json"))
    equal((facts["watchers"], facts["members"], facts["link"], facts["reply"]), (["kate"], [], None, "members"))
    contains(site.git("log", "-1", "--format=%an: %s"), "Metroplex: acme/rocket: policy")
    equal(site.events(), [], "a policy is announced to nobody")


@test
def a_repository_has_an_address_for_first_mails(site):
    site.set_config("address", authserv_id="mx.example.org")

    def facts(name="acme/rocket"):
        shown = json.loads(site.metroplex("repository", "show", name, "--json"))
        return shown["open"], shown["short-address"], shown["address"]

    contains(site.metroplex("repository", "set", "acme/rocket", "--open", "known"), "metroplex configure --apply")
    equal(facts(), ("known", None, f"acme/rocket@reply.{HOST}"))
    site.metroplex("repository", "set", "acme/rocket", "--address", "rocket", "--open", "members")
    equal(facts(), ("members", "rocket", f"rocket@reply.{HOST}"))
    contains(site.metroplex("repository", "show", "acme/rocket"), f"open     members\n  address  rocket@reply.{HOST}\n")
    refused(site, 65, "repository", "set", "acme/engine", "--address", "rocket", says="acme/rocket has the address rocket")
    site.metroplex("repository", "set", "acme/rocket", "--address", "big-rocket")
    for name in ("big-rocket", "big.rocket", "big_rocket"):
        refused(site, 65, "repository", "set", "acme/engine", "--address", name, says="acme/rocket has the address big-rocket")
    site.metroplex("repository", "set", "acme/rocket", "--address", "big.rocket")
    site.metroplex("repository", "set", "acme/engine", "--address", "rocket")
    long = "acme/" + 60 * "x"
    site.metroplex("repository", "set", long, "--open", "members")
    equal(facts(long), ("members", None, None), "more than a local part may have")
    listed = [json.loads(line) for line in site.metroplex("repository", "list", "--json").splitlines()]
    equal([(r["repository"], r["open"], r["short-address"]) for r in listed],
          [("acme/engine", "off", "rocket"), ("acme/rocket", "members", "big.rocket"), (long, "members", None)])
    contains(site.metroplex("repository", "list"), f"acme/rocket  reply on  open members  big.rocket@reply.{HOST}\n")
    site.metroplex("repository", "set", "acme/rocket", "--address", "", "--open", "off")
    equal(facts(), ("off", None, None))
    site.metroplex("repository", "set", "acme/engine", "--address", "big-rocket")
    equal(site.metroplex("repository", "set", "acme/engine", "--address", "big-rocket"), "acme/engine: nothing to change\n")
    contains(site.metroplex("fsck"), "3 repositories, 0 events: 0 faults")


@test
def no_repository_opens_itself_without_a_server_that_verifies(site):
    before = tip(site)
    for who in ("members", "known"):
        refused(site, 65, "repository", "set", "acme/rocket", "--open", who, says="metroplex configure --verify opendkim")
    equal(tip(site), before)
    site.metroplex("repository", "set", "acme/rocket", "--open", "off", "--address", "rocket")


@test
def a_bad_policy_changes_nothing(site):
    site.user("tim")
    before = tip(site)
    for args, why in ((["rocket", "--reply", "on"], "owner/name"), (["../x", "--reply", "on"], "owner/name"), (["a/b/c", "--reply", "on"], "owner/name"),
                      (["a/b", "--watch", "tim", "--watch", "kate"], "no such user: kate"),
                      (["a/b", "--link", "javascript:alert(1)"], "not an http"), (["a/b", "--link", "https://x/\n"], "not an http"),
                      (["a/b", "--link", "https://x/<b>"], "not an http"), (["a/b", "--address", "Rocket"], "other than lower-case"),
                      (["a/b", "--address", "a+b"], "other than lower-case"), (["a/b", "--address", "a\u00e4"], "other than lower-case"),
                      (["a/b", "--address", "-a"], "begins or ends"), (["a/b", "--address", "a."], "begins or ends"),
                      (["a/b", "--address", "a..b"], "two dots"), (["a/b", "--address", 65 * "a"], "64 characters"),
                      *((["a/b", "--address", name], "reserved") for name in
                        ("postmaster", "abuse", "www", "info", "reply", "bounce", "unsub", "ok", "noreply", "mention", "guest-17", "list-request"))):
        refused(site, 65, "repository", "set", *args, says=why)
    refused(site, 64, "repository", "set", "a/b", "--reply", "maybe", says="none of on, members, off")
    refused(site, 64, "repository", "set", "a/b", "--open", "always", says="none of off, members, known")
    refused(site, 64, "repository", "set", "a/b", says="nothing to set")
    refused(site, 65, "repository", "show", "a\x1bb", says="a\\eb")
    equal(tip(site), before)


# --- thread


@test
def a_thread_is_opened_answered_and_shown(site):
    site.user("tim"), site.user("kate")
    out = site.metroplex("thread", "open", "--repository", "acme/rocket", "--kind", "issue", "--title", "Rocket does not start",
                         "--as", "tim", "-", stdin="It says **no**.\r\nTwice.\n\n\n")
    equal(out, "1\n")
    path = os.path.join(site.dir, "comment.md")
    with open(path, "w") as f:
        f.write("Try the switch.")
    os.chmod(path, 0o600)
    equal(site.metroplex("thread", "comment", "1", "--as", "KATE", path), "1\n")
    equal(site.metroplex("thread", "comment", "1", "--as", "tim", stdin="Thanks.\n"), "2\n")
    thread = site.show(1)
    check(re.fullmatch(DATE, thread.pop("created")), "created")
    for comment in [thread["opening"], *thread["comments"]]:
        check(re.fullmatch(DATE, comment.pop("date")), "date")
    equal(thread, {
        "id": 1, "kind": "issue", "repository": "acme/rocket", "title": "Rocket does not start", "state": "open",
        "locked": False, "closed": None, "object": None, "author": "tim", "author_name": None, "body": "It says **no**.\nTwice.\n",
        "opening": {"number": 0, "author": "tim", "author_name": None, "via": "command", "body": "It says **no**.\nTwice.\n", "elided": None, "message_id": None, "attachments": []},
        "labels": [], "assignees": [], "events": [],
        "subscribers": [{"login": "tim", "reason": "author"}, {"login": "kate", "reason": "comment"}],
        "comments": [
            {"number": 1, "author": "kate", "author_name": None, "via": "command", "body": "Try the switch.\n", "elided": None, "message_id": None, "attachments": []},
            {"number": 2, "author": "tim", "author_name": None, "via": "command", "body": "Thanks.\n", "elided": None, "message_id": None, "attachments": []},
        ]})
    shown = site.metroplex("thread", "show", "1")
    contains(shown, "acme/rocket#1: Rocket does not start\nissue, open\nsubscribers: tim (author), kate (comment)\n")
    check(re.search(rf"^--- 1: kate, {DATE}, by command\nTry the switch\.$", shown, re.M), shown)
    equal(len(site.events()), 3, "one event a post")
    equal([line for line in site.git("log", "--format=%an <%ae> %s").splitlines()][:3], [
        f"Tim Example <tim@users.noreply.{HOST}> acme/rocket#1: Thanks.",
        f"Kate Example <kate@users.noreply.{HOST}> acme/rocket#1: Try the switch.",
        f"Tim Example <tim@users.noreply.{HOST}> acme/rocket#1: Rocket does not start"])
    site.git("fsck", "--strict"), site.git("fsck", "--strict", repository="accounts.git")


@test
def all_kinds_share_one_count(site):
    site.user("tim")
    equal([site.thread("tim"), site.thread("tim", "pull"), site.thread("tim", "pull", object="fix-fuse"),
           site.thread("tim", "commit", object="4b825dc642cb6eb9a060e54bf8d69288fbee4904")], [1, 2, 3, 4])
    equal([t["object"] for t in lines_of_json(site.metroplex("thread", "list", "--json"))],
          [None, None, "fix-fuse", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"])


@test
def a_commit_has_one_thread_in_its_repository(site):
    site.user("tim")
    sha = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    site.thread("tim")
    equal(site.thread("tim", "commit", object=sha), 2)
    before = tip(site), site.events()

    def again(*args, says=f"thread 2 is about {sha} of acme/rocket already: metroplex thread comment 2\n"):
        refused(site, 65, "thread", "open", "--repository", "acme/rocket", "--kind", "commit", "--object", sha, "--title", "Again", "--as", "tim", *args, stdin="x", says=[says])

    again()
    again("--key", "of a new build")
    equal((tip(site), site.events(), site.listed("outbox/tmp")), (*before, []))
    equal([site.thread("tim", "commit", object=sha, repository="acme/other"), site.thread("tim", "commit", object=sha[:12]), site.thread("tim", "pull", object=sha)], [3, 4, 5])
    command = [METROPLEX, "thread", "open", "--config", site.config, "--repository", "acme/rocket", "--kind", "commit", "--object", "f00", "--title", "T", "--as", "tim", "-"]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    for process in running:
        process.stdin.write("x"), process.stdin.close()
    equal(sorted(p.stdout.read() for p in running), [""] * 7 + ["6\n"], "of many at once")
    for process in running:
        process.wait()
    equal(site.metroplex("fsck", "--json"), "")


@test
def threads_are_listed_by_repository_and_state(site):
    site.user("tim")
    for title, repository in (("One", "acme/rocket"), ("Two", "acme/sled"), ("Three", "acme/rocket")):
        site.thread("tim", title=title, repository=repository)
    site.metroplex("thread", "close", "3", "--as", "tim")

    def titles(*args):
        found = lines_of_json(site.metroplex("thread", "list", "--json", *args))
        equal(len(found), len(site.metroplex("thread", "list", *args).splitlines()), args)
        return [t["title"] for t in found]

    equal(titles(), ["One", "Two", "Three"])
    equal(titles("--repository", "acme/rocket"), ["One", "Three"])
    equal(titles("--state", "closed"), ["Three"])
    equal(titles("--state", "open", "--repository", "acme/rocket"), ["One"])
    equal(titles("--repository", "no/where"), [])
    equal(set(lines_of_json(site.metroplex("thread", "list", "--json"))[0]),
          {"id", "kind", "repository", "title", "state", "locked", "object", "author", "author_name", "created", "labels", "assignees"})
    refused(site, 64, "thread", "list", "--state", "ajar", says="none of open, closed")


@test
def a_state_changes_once_and_says_so(site):
    site.user("tim"), site.user("kate"), site.thread("tim")
    for verb, done, key, value, events in (("close", "closed", "state", "closed", 1), ("reopen", "open", "state", "open", 1),
                                           ("lock", "locked", "locked", True, 1), ("unlock", "unlocked", "locked", False, 1)):
        before = len(site.events())
        equal(site.metroplex("thread", verb, "1", "--as", "kate"), f"acme/rocket#1: {done}\n")
        equal(site.show(1)[key], value, verb)
        equal(len(site.events()) - before, events, f"events of {verb}")
        at = tip(site)
        equal(site.metroplex("thread", verb, "1", "--as", "kate"), f"acme/rocket#1: already {done}\n")
        equal((tip(site), len(site.events()) - before), (at, events), f"{verb} twice")
        refused(site, 64, "thread", verb, "1", says="--as is needed")
        refused(site, 65, "thread", verb, "9", "--as", "tim", says="no such thread: 9")
        refused(site, 65, "thread", verb, "1", "--as", "nobody", says="no such user: nobody")
    equal(site.git("log", "-4", "--format=%an %s").splitlines(), [
        "Kate Example acme/rocket#1: unlocked", "Kate Example acme/rocket#1: locked",
        "Kate Example acme/rocket#1: reopened", "Kate Example acme/rocket#1: closed"])
    kinds = [open(os.path.join(site.data, "outbox/new", name)).read() for name in site.events()]
    equal(sorted(word for text in kinds for word in ("opened", "closed", "reopened", "locked", "unlocked") if re.search(rf"\b{word}\b", text)),
          ["closed", "locked", "opened", "reopened", "unlocked"])


@test
def labels_assignees_and_title_are_facts_and_each_change_is_an_event(site):
    site.user("tim"), site.user("kate"), site.user("eve"), site.thread("tim"), site.thread("tim", title="Another")
    site.metroplex("user", "set", "eve", "--state", "suspended")

    def run(*args):
        return site.metroplex("thread", args[0], "1", "--as", "tim", "--", *args[1:])

    equal(run("label", "bug", "Help-wanted", "BUG"), "acme/rocket#1: labeled bug; Help-wanted\n")
    equal(run("label", "Bug"), "acme/rocket#1: already labeled\n")
    equal(run("label", "à-faire"), "acme/rocket#1: labeled à-faire\n")
    equal(run("unlabel", "help-WANTED"), "acme/rocket#1: unlabeled Help-wanted\n")
    equal(run("assign", "@kate", "TIM"), "acme/rocket#1: assigned kate; tim\n")
    equal(run("unassign", "tim"), "acme/rocket#1: unassigned tim\n")
    site.metroplex("thread", "comment", "1", "--as", "kate", stdin="I see to it.\n")
    equal(run("title", "Rocket *does not* start, says a@b.example"), "acme/rocket#1: renamed\n")
    shown = site.show(1)
    equal((shown["labels"], shown["assignees"], shown["title"]), (["bug", "à-faire"], ["kate"], "Rocket *does not* start, says ***@***"))
    equal({s["login"]: s["reason"] for s in shown["subscribers"]}["kate"], "assign", "who is assigned is told from then on")
    equal([(e["number"], e["change"], e["author"], e["comment"], e.get("labels", e.get("assignees", e.get("was")))) for e in shown["events"]],
          [(1, "labeled", "tim", 0, ["bug", "Help-wanted"]), (2, "labeled", "tim", 0, ["à-faire"]), (3, "unlabeled", "tim", 0, ["Help-wanted"]),
           (4, "assigned", "tim", 0, ["kate", "tim"]), (5, "unassigned", "tim", 0, ["tim"]), (6, "renamed", "tim", 1, "Rocket does not start")])
    text = site.metroplex("thread", "show", "1")
    check(text.index("labeled bug") < text.index("I see to it") < text.index(": renamed"), text)
    contains(text, "\nlabels: bug, à-faire\nassigned to: kate\n")
    titles = lambda *args: [t["id"] for t in lines_of_json(site.metroplex("thread", "list", "--json", *args))]
    equal((titles("--label", "BUG"), titles("--label", "Help-wanted"), titles("--assignee", "kate"), titles("--assignee", "tim")), ([1], [], [1], []))
    contains(site.metroplex("thread", "list"), "says ***@*** [bug, à-faire]\n")
    at = tip(site)
    for args, says in ((("label", "two words"), "is no label"), (("label", "<b>"), "is no label"), (("label", "x" * 51), "is no label"), (("label", "a\u202eb"), "is no label"),
                       (("unlabel", "none"), "has no label none"), (("assign", "nobody"), "nobody is no active account"), (("assign", "eve"), "eve is no active account"),
                       (("unassign", "tim"), "is not assigned to tim"), (("title", "a\nb"), "is not one line"), (("title", "x" * 257), "256"), (("title", " "), "TITLE: it is empty"), (("title", ""), "TITLE: it is empty"), (("title", "a\x1bb"), "TITLE: a\\eb is not one line"),
                       (("label", *[f"l{i}" for i in range(19)]), "at most 20 labels")):
        refused(site, 65, "thread", args[0], "1", "--as", "tim", "--", *args[1:], says=says)
    for label in ("", "a b", "\udcff"):
        refused(site, 65, "thread", "list", "--label", label, says="is no label: at most")
    refused(site, 64, "thread", "label", "1", "--as", "tim")
    equal(tip(site), at, "nothing came of it")
    equal(run("unlabel"), "acme/rocket#1: unlabeled bug; à-faire\n")
    equal(run("unassign"), "acme/rocket#1: unassigned kate\n")
    equal(run("unassign"), "acme/rocket#1: already unassigned\n")
    site.git("fsck", "--strict")
    equal(site.metroplex("fsck").count("\n"), 1, "nothing is found")
    site.notifier("--once")
    subjects = [m["Subject"] for m in site.sent() if "kate" in m["X-GitHub-Recipient"]]
    check(len(subjects) > 3, subjects)
    told = [m for m in site.sent() if "Assigned #1 to @kate, @tim." in m.get_body(("plain",)).get_content()]
    equal([(m["X-GitHub-Reason"], m["X-GitHub-Recipient"]) for m in told], [("assign", "kate")])


@test
def who_was_suspended_or_removed_can_be_unassigned_by_name(site):
    site.user("tim"), site.user("kate"), site.user("eve"), site.user("ada"), site.thread("tim")

    def run(*args):
        return site.metroplex("thread", args[0], "1", "--as", "tim", *args[1:])

    run("assign", "kate", "eve", "ada")
    site.metroplex("user", "set", "eve", "--login", "eva", "--state", "suspended")
    site.metroplex("user", "remove", "ada")
    for login in ("eva", "ada"):
        refused(site, 65, "thread", "assign", "1", login, "--as", "tim", says=f"{login} is no active account")
    refused(site, 65, "thread", "unassign", "1", "nobody", "--as", "tim", says="nobody is no active account")
    equal(run("unassign", "eva"), "acme/rocket#1: unassigned eve\n")
    equal(run("unassign", "@ada"), "acme/rocket#1: unassigned ada\n")
    refused(site, 65, "thread", "unassign", "1", "ada", "--as", "tim", says="ada is no active account")
    equal(site.show(1)["assignees"], ["kate"])
    contains(site.metroplex("fsck"), " 0 faults")


@test
def who_watches_hears_all_who_ignores_nothing_and_who_wants_to_their_own(site):
    for login in ("tim", "kate", "eve"):
        site.user(login)

    def told(thread, text):
        before = len(site.sent())
        site.metroplex("thread", "comment", str(thread), "--as", "tim", stdin=text)
        site.notifier("--once")
        return sorted((m["X-GitHub-Recipient"], m["X-GitHub-Reason"]) for m in site.sent()[before:])

    def watch(login, mode, already=""):
        equal(site.metroplex("user", "watch", login, "acme/rocket", "--mode", mode), f"{login}: {already}{mode} of acme/rocket\n")

    thread = site.thread("tim")
    site.notifier("--once")
    site.metroplex("thread", "comment", str(thread), "--as", "eve", stdin="I take part.\n")
    site.notifier("--once")
    equal(told(thread, "One.\n"), [("eve", "comment")])
    watch("kate", "all")
    watch("kate", "all", "already ")
    equal(told(thread, "Two.\n"), [("eve", "comment"), ("kate", "subscribed")])
    watch("eve", "ignore")
    watch("eve", "ignore", "already ")
    equal(told(thread, "Three, @eve.\n"), [("kate", "subscribed")], "who ignores hears nothing, mentioned or not")
    other = site.thread("tim", repository="acme/sled")
    site.metroplex("thread", "subscribe", str(other), "eve")
    site.notifier("--once")
    equal(told(other, "Elsewhere.\n"), [("eve", "manual")], "of another repository they hear")
    equal(json.loads(site.metroplex("user", "show", "eve", "--json"))["ignored"], ["acme/rocket"])
    check("ignored" not in site.git("show", "main:repositories/acme/rocket"), "who ignores is in no public file")
    watch("kate", "ignore")
    equal(told(thread, "Four.\n"), [])
    equal(json.loads(site.metroplex("repository", "show", "acme/rocket", "--json"))["watchers"], [], "one or the other")
    for login in ("kate", "eve"):
        watch(login, "participating")
    equal(told(thread, "Five.\n"), [("eve", "comment")])
    site.metroplex("user", "set", "tim", "--own-activity", "on")
    equal(told(thread, "Six.\n"), [("eve", "comment"), ("tim", "your_activity")])
    site.metroplex("thread", "mute", str(thread), "tim")
    equal(told(thread, "Seven.\n"), [("eve", "comment")], "who muted the thread hears nothing of it")
    site.metroplex("thread", "subscribe", str(thread), "tim")
    site.metroplex("user", "set", "tim", "--own-activity", "off")
    equal(told(thread, "Eight.\n"), [("eve", "comment")])
    refused(site, 64, "user", "watch", "tim", "acme/rocket", says="--mode is needed")
    refused(site, 65, "user", "watch", "tim", "acme", "--mode", "all", says="owner/name")
    refused(site, 65, "user", "watch", "nobody", "acme/rocket", "--mode", "all", says="no such user")
    equal(site.metroplex("fsck").count("\n"), 1)


@test
def a_locked_thread_is_open_to_members_only(site):
    site.user("tim"), site.user("kate"), site.thread("tim")
    site.metroplex("repository", "set", "acme/rocket", "--member", "kate")
    site.metroplex("thread", "lock", "1", "--as", "kate")
    refused(site, 65, "thread", "comment", "1", "--as", "tim", stdin="x", says=["locked", "tim is no member of acme/rocket"])
    equal(site.metroplex("thread", "comment", "1", "--as", "kate", stdin="x"), "1\n")
    site.metroplex("thread", "close", "1", "--as", "kate")
    site.metroplex("thread", "unlock", "1", "--as", "kate")
    equal(site.metroplex("thread", "comment", "1", "--as", "tim", stdin="a closed thread still takes comments"), "2\n")


@test
def who_subscribes_follows_and_who_unsubscribes_is_muted(site):
    site.user("tim"), site.user("kate"), site.thread("tim")

    def subscribers():
        return [(s["login"], s["reason"]) for s in site.show(1)["subscribers"]]

    equal(site.metroplex("thread", "subscribe", "1", "kate"), "acme/rocket#1: followed by kate\n")
    equal(subscribers(), [("tim", "author"), ("kate", "manual")])
    at = tip(site)
    equal(site.metroplex("thread", "subscribe", "1", "kate"), "acme/rocket#1: already followed by kate\n")
    equal(site.metroplex("thread", "subscribe", "1", "tim"), "acme/rocket#1: already followed by tim\n")
    equal((tip(site), subscribers()[0]), (at, ("tim", "author")), "the reason stays")
    equal(site.metroplex("thread", "unsubscribe", "1", "kate"), "acme/rocket#1: muted by kate\n")
    equal(subscribers(), [("tim", "author"), ("kate", "muted")])
    site.metroplex("thread", "comment", "1", "--as", "tim", stdin="@kate, do you hear?")
    equal(subscribers()[1], ("kate", "muted"), "a mention does not wake who muted")
    site.metroplex("thread", "comment", "1", "--as", "tim", stdin="Nobody is called.")
    site.notifier("--once")
    told = [(m["Delivered-To"], m["X-GitHub-Reason"], m.get_payload(0).get_payload().split("\n")[0]) for m in site.sent()]
    equal(told, [("kate@example.org", "mention", "@kate, do you hear?")], "but it reaches her, once")
    site.metroplex("thread", "subscribe", "1", "kate")
    equal(subscribers()[1], ("kate", "manual"))
    equal(site.events(), [], "a subscription is announced to nobody")
    refused(site, 65, "thread", "subscribe", "1", "nobody", says="no such user: nobody")
    refused(site, 65, "thread", "subscribe", "2", "kate", says="no such thread: 2")
    refused(site, 64, "thread", "subscribe", "1")


MENTIONS = [
    ("@kate", "kate"), ("hello @kate.", "kate"), ("(@kate)", "kate"), ("@KATE, @jo-b!", "kate jo-b"), ("**@kate**", "kate"), ("> @kate", "kate"),
    ("- @kate\n- @jo-b", "kate jo-b"), ("你好@kate", "kate"), ("@kate...", "kate"), ("@kate @kate @Kate", "kate"), ("| a |\n|---|\n| @kate |", "kate"),
    ("`@kate`", ""), ("```\n@kate\n```", ""), ("    @kate", ""), ("~~~ c\n@kate\n~~~\n@jo-b", "jo-b"), ("kate@kate.example", ""), ("x@kate", ""),
    ("x_@kate", ""), ("@kate/team", ""), ("@kate.example.org", ""), ("@kate@social.example", ""), ("@katex", ""), ("@kate_", ""), ("@nobody", ""),
    ("[@kate](https://x.example)", ""), ("https://x.example/@kate", ""), ("@", ""), ("@-kate", ""), ("@@kate", ""), ("<kate@kate.example>", ""),
    ("@suspended", ""), ("``x ` @kate`` @jo-b", "jo-b"), ("@kate-", ""),
]


@test
def mentions_subscribe_whom_github_would_call(site):
    for login in ("tim", "kate", "jo-b", "suspended"):
        site.user(login)
    site.metroplex("user", "set", "suspended", "--state", "suspended")
    for body, expected in MENTIONS:
        thread = site.thread("tim", body=body)
        found = [s["login"] for s in site.show(thread)["subscribers"] if s["reason"] == "mention"]
        equal(" ".join(found), expected, repr(body))


@test
def a_comment_calls_at_most_fifty(site):
    site.user("tim")
    for i in range(52):
        site.user(f"u{i}")
    thread = site.thread("tim", body=" ".join(f"@u{i}" for i in range(52)))
    equal([s["login"] for s in site.show(thread)["subscribers"]], ["tim"] + [f"u{i}" for i in range(50)])
    thread = site.thread("tim", body="@u0 " * 60 + "@u1")
    equal([s["login"] for s in site.show(thread)["subscribers"]], ["tim", "u0", "u1"], "the same name counts once")


@test
def a_post_that_cannot_be_is_refused_and_leaves_nothing(site):
    site.user("tim"), site.thread("tim"), site.user("gone")
    site.metroplex("user", "set", "gone", "--state", "suspended")
    before = (tip(site), site.events())
    site.set_config("limits", comment="100")
    good = {"--repository": "acme/rocket", "--kind": "issue", "--title": "T", "--as": "tim"}

    def opening(**change):
        options = dict(good, **{f"--{k}": v for k, v in change.items()})
        return ["thread", "open", *[f"{k}={v}" for k, v in options.items() if v is not None]]

    for change, why in (({"repository": "rocket"}, "owner/name"), ({"repository": ""}, "'' does not"), ({"kind": "pull", "object": "a b"}, "not a revision"), ({"title": " \n"}, "empty"),
                        ({"title": "t" * 257}, "longer than 256"), ({"as": "nobody"}, "no such user: nobody"), ({"as": "gone"}, "suspended"),
                        ({"title": "\udcff"}, "not UTF-8")):
        refused(site, 65, *opening(**change), stdin="text", says=why)
    for change, why in (({"kind": "riddle"}, "none of issue, pull, commit"), ({"kind": "commit"}, "needs --commit"), ({"object": "main"}, "an issue has none")):
        refused(site, 64, *opening(**change), stdin="text", says=why)
    for missing in ("repository", "kind", "title", "as"):
        refused(site, 64, *opening(**{missing: None}), stdin="text", says=f"--{missing}")
    comment = ["thread", "comment", "1", "--as", "tim"]
    for text, why in (("", "the text is empty"), (" \n\t\u00a0\n", "the text is empty"), ("\u200b", "the text is empty"), ("x" * 101, "has 101 characters, at most 100"),
                      ("é" * 101, "101 characters"), ("a\0b", "not UTF-8"), ("\udcff", "not UTF-8")):
        done = subprocess.run([METROPLEX, *comment, "--config", site.config], input=text.encode(errors="surrogateescape"), capture_output=True)
        equal((done.returncode, done.stdout), (65, b""), repr(text))
        contains(done.stderr.decode(), why), contains(done.stderr.decode(), "standard input")
    refused(site, 65, *comment, site.dir + "/none.md", says=["none.md", "No such file"])
    refused(site, 65, "thread", "comment", "2", "--as", "tim", stdin="x", says="no such thread: 2")
    for id in ("0", "-1", "1x", "999999999", "+1", ""):
        refused(site, 65, "thread", "comment", "--as", "tim", "--", id, stdin="x", says="not the id of a thread")
    refused(site, 65, "thread", "show", "2", says="no such thread: 2")
    refused(site, 64, "thread", "comment", "1", stdin="x", says="--as is needed")
    refused(site, 64, *comment, "a", "b", stdin="x")
    refused(site, 64, "thread", says="assign, close, comment, export, import, label, list, lock, mute, open, redact, reopen, show, subscribe, title, unassign, unlabel, unlock, unsubscribe")
    equal((tip(site), site.events()), before, "something was left")
    equal(site.metroplex(*comment, stdin="é" * 100), "1\n")


@test
def titles_are_one_line_and_nothing_deceives(site):
    site.user("tim")
    for title in ("Two\nlines", "Two\r", "tab\tbed", "\x1b[31mred", "rtl\u202e", "\u200bnothing"):
        refused(site, 65, "thread", "open", "--repository", "a/b", "--kind", "issue", "--title", title, "--as", "tim", "-", stdin="x", says="--title: ")
    thread = site.thread("tim", title="  One line  and C:\\x ", body="red \x1b[31m bidi \u202e tab\t\u200bend\rlast\n")
    facts = site.show(thread)
    equal(facts["title"], "One line and C:\\x")
    equal(facts["body"], "red [31m bidi \\u{202E} tab\tend\nlast\n")
    contains(site.metroplex("thread", "list"), "One line and C:\\\\x\n")


@test
def an_edited_tracker_cannot_move_the_cursor(site):
    """A title by `git push` may hold anything; the table still has one line a thread."""
    site.user("tim"), site.thread("tim")
    work = os.path.join(site.dir, "work")
    script = f"""git clone -q {site.data}/tracker.git {work} && cd {work} &&
    printf 'x\\033[2J\\n' > threads/000/0/0/0/0/1/comments/0/comment.md &&
    sed -i 's/^title=.*/title=a\\\\nb\\x1b[2Jc/' threads/000/0/0/0/0/1/thread &&
    git -c user.name=a -c user.email=a@example.org commit -qam edit && git push -q origin HEAD:main"""
    env = dict(os.environ, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
    subprocess.run(["sh", "-c", script], check=True, env=env)
    equal(len(site.metroplex("thread", "list").splitlines()), 1)
    contains(site.metroplex("thread", "list"), "a\\nb\\e[2Jc")
    contains(site.metroplex("thread", "show", "1"), "x\x1b[2J\n")  # a pipe gets it as it is
    terminal = subprocess.run(["script", "-qec", f"{METROPLEX} thread show 1 --config {site.config}", "/dev/null"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    contains(terminal, "x\\e[2J")
    check("\x1b[2J" not in terminal, "a comment cleared the screen")


@test
def the_tracker_holds_nothing_private(site):
    site.user("tim", "tim@private.example"), site.user("kate", "kate@secret.example")
    thread = site.thread("tim")
    address = site.address(thread, "kate")
    mac = address.split("-")[2]
    site.metroplex("thread", "comment", "1", "--as", "kate", stdin=f"Write to {address}, or someone@elsewhere.example.\n")
    site.thread("tim", title=f"Ask {address} or x@elsewhere.example")
    site.metroplex("thread", "subscribe", "1", "kate"), site.metroplex("user", "revoke", "kate")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "kate")
    public = everything_in(site, "tracker.git")
    key = open(os.path.join(site.dir, "etc/address-keys")).read().strip()
    for secret in ("private.example", "secret.example", "elsewhere.example", mac, key):
        check(secret not in public, f"{secret} is in the tracker")
    contains(site.show(1)["comments"][0]["body"], f"reply+i-1-***-2@reply.{HOST}")
    check(mac not in everything_in(site, "accounts.git") and key not in everything_in(site, "accounts.git"), "in accounts.git")
    check(mac not in site.log() and key not in site.log(), "in the log")


@test
def addresses_of_people_stay_where_a_setting_says_so(site):
    site.user("tim")
    site.set_config("tracker", mask_addresses="false")
    address = site.address(0, "tim")
    thread = site.thread("tim", body=f"someone@elsewhere.example {address}")
    equal(site.show(thread)["body"], f"someone@elsewhere.example reply+i-0-***-1@reply.{HOST}\n")


@test
def a_command_waits_for_the_run_that_has_the_lock(site):
    site.user("tim"), site.thread("tim")
    with open(os.path.join(site.data, "lock"), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        comment = subprocess.Popen([METROPLEX, "thread", "comment", "1", "--as", "tim", "--config", site.config],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        comment.stdin.write("x\n"), comment.stdin.close()
        inode = os.fstat(lock.fileno()).st_ino
        wait_until(lambda: re.search(rf"-> FLOCK .* {comment.pid} \S*:{inode} ", open("/proc/locks").read()))
        equal(site.show(1)["comments"], [], "reading waits for nobody, and nothing is written yet")
    equal(comment.stdout.read(), "1\n")
    equal(comment.wait(), 0)


@test
def many_at_once_all_get_their_numbers(site):
    site.user("tim"), site.thread("tim")
    command = [METROPLEX, "thread", "comment", "1", "--as", "tim", "--config", site.config]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(12)]
    for i, process in enumerate(running):
        process.stdin.write(f"comment {i}\n"), process.stdin.close()
    equal(sorted(int(p.stdout.read()) for p in running), list(range(1, 13)))
    equal(sorted(c["body"] for c in site.show(1)["comments"]), sorted(f"comment {i}\n" for i in range(12)))
    equal(len(site.events()), 13)


@test
def a_command_finishes_what_a_dead_run_left(site):
    site.user("tim"), site.thread("tim")
    event = site.events()[0]
    os.rename(os.path.join(site.data, "outbox/new", event), os.path.join(site.data, "outbox/tmp", event))
    site.metroplex("thread", "comment", "1", "--as", "tim", stdin="x")
    check(event in site.events(), "the event of the dead run is not announced")
    equal(site.listed("outbox/tmp"), [])


@test
def the_same_text_twice_is_two_comments(site):
    """Mail arrives twice by accident; a command is given twice on purpose."""
    site.user("tim"), site.thread("tim")
    equal([site.metroplex("thread", "comment", "1", "--as", "tim", stdin="+1") for _ in range(2)], ["1\n", "2\n"])


OPEN = ("thread", "open", "--repository", "acme/rocket", "--kind", "issue", "--title", "T")


@test
def the_same_key_twice_is_one_comment_and_one_thread(site):
    site.user("tim"), site.user("kate"), site.thread("tim"), site.thread("tim")

    def comment(thread, login, key, text):
        done = site.run(METROPLEX, "thread", "comment", str(thread), "--as", login, "--key", key, stdin=text)
        return done.stdout.strip(), done.stderr.strip()

    noted = "metroplex: nothing posted: comment 1 has this --key"
    equal(comment(1, "tim", "build 7", "It failed.\n"), ("1", ""))
    before = tip(site), site.events()
    equal(comment(1, "tim", "build 7", "It failed.\n"), ("1", noted))
    equal(comment(1, "tim", "build 7", "Other words.\n"), ("1", noted), "the key decides, and what is left out is told")
    site.metroplex("thread", "lock", "1", "--as", "tim")
    site.metroplex("repository", "set", "acme/rocket", "--reply", "members")
    equal(comment(1, "tim", "build 7", "It failed.\n"), ("1", noted), "also where it could not be posted any more")
    refused(site, 65, "thread", "comment", "1", "--as", "kate", "--key", "build 7", stdin="x", says=["locked"])
    site.metroplex("thread", "unlock", "1", "--as", "tim")
    equal([comment(1, "kate", "build 7", "x"), comment(2, "tim", "build 7", "x"), comment(1, "tim", "build 8", "x")], [("2", ""), ("1", ""), ("3", "")])
    check(before[0] != tip(site) and len(site.events()) == len(before[1]) + 5, "one event a comment, and of lock and unlock")
    equal(site.metroplex(*OPEN, "--as", "tim", "--key", "build 7", stdin="x"), "3\n")
    before = tip(site), site.events()
    done = site.run(METROPLEX, *OPEN, "--as", "tim", "--key", "build 7", stdin="x")
    equal((done.stdout, done.stderr), ("3\n", "metroplex: nothing posted: thread 3 has this --key\n"))
    equal((tip(site), site.events()), before)
    equal(site.metroplex(*OPEN, "--as", "kate", "--key", "build 7", stdin="x"), "4\n")
    equal(site.metroplex(*OPEN, "--as", "tim", "--key", "8", stdin="x"), "5\n")
    for key in ("", "k" * 257):
        for command in (OPEN, ("thread", "comment", "1")):
            refused(site, 65, *command, "--as", "tim", "--key", key, stdin="x", says=["--key"])
    equal(site.metroplex("fsck", "--json"), "")


@test
def a_command_with_a_key_is_repeated_until_it_succeeds_and_posts_once(site):
    """Killed, or out of space, at every step of staging, committing and publishing."""
    if subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode != 0:
        print("# strace is missing: the faults are left out")
        return
    site.user("tim"), site.thread("tim")
    comment = ("thread", "comment", "1")
    tried = between = 0
    for fault in ("signal=KILL", "error=ENOSPC"):
        for call in ("linkat", "renameat", "renameat2", "fdatasync", "fsync"):
            for command in (comment, OPEN):
                for when in range(1, 9):
                    tried += 1
                    before = tip(site)
                    whole = [METROPLEX, *command, "--config", site.config, "--as", "tim", "--key", str(tried), "-"]
                    done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}", *whole],
                                          input="x", text=True, capture_output=True)
                    between += tip(site) != before and bool(site.listed("outbox/tmp"))
                    result = site.metroplex(*command, "--as", "tim", "--key", str(tried), "-", stdin="x")
                    check(done.returncode != 0 or done.stdout == result, f"{call} {when}: {done.stdout} and then {result}")
                    if done.returncode == 0 and when > 1:
                        break
    comments, threads = site.show(1)["comments"], lines_of_json(site.metroplex("thread", "list", "--json"))
    equal((len(comments) + len(threads) - 1, len(site.events()) - 1), (tried, tried), "one each, and each announced once")
    equal(site.listed("outbox/tmp"), [])
    equal(site.metroplex("fsck", "--json"), "")
    print(f"# {tried} commands, {between} of them died between commit and announcement")
    check(between >= 8, f"the faults fell where they should: {between}")


# --- all of them


@test
def every_command_answers_help_and_version_without_an_installation(site):
    table = {"user": ["add", "list", "show", "set", "revoke"], "repository": ["set", "show"],
             "thread": ["open", "comment", "show", "list", "close", "reopen", "lock", "unlock", "subscribe", "unsubscribe"],
             "settings": ["get", "set", "unset", "secret"], "init": [], "address": [], "pages": []}
    for command, verbs in table.items():
        for words in [[command]] + [[command, verb] for verb in verbs]:
            shown = site.run(METROPLEX, *words, "--help", data=False).stdout
            contains(shown, "Usage:")
            contains(shown, " ".join(words))
            if not verbs or len(words) == 2:
                for option in ("--config", "--data", "--version"):
                    contains(shown, option)
            check(re.fullmatch(r"metroplex \d+\.\d+\.\d+\n", site.run(METROPLEX, *words, "--version", data=False).stdout), words)


@test
def options_may_stand_anywhere(site):
    site.user("tim")
    for words in (["--config", site.config, "user", "list"], ["user", "--config", site.config, "list"], ["user", "list", "--config", site.config],
                  [f"--config={site.config}", "user", "list"], ["user", f"--config={site.config}", f"--data={site.data}", "list"]):
        contains(site.run(METROPLEX, *words, data=False).stdout, "tim")
    moved = os.path.join(site.dir, "moved")
    os.rename(site.data, moved)
    site.set_config("instance", log_directory=os.path.join(moved, "log"))
    contains(site.run(METROPLEX, "user", "list", "--config", site.config, "--data", moved, data=False).stdout, "tim")


@test
def text_beyond_ascii_needs_no_locale(site):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    site.user("tim")
    done = subprocess.run([METROPLEX, "thread", "open", "--config", site.config, "--repository", "a/b", "--kind", "issue", "--title", "Größe 尺寸", "--as", "tim"],
                          input="Käse\n", text=True, capture_output=True, env=dict(env, LC_ALL="C"), encoding="utf-8")
    equal(done.stdout, "1\n", done.stderr)
    equal((site.show(1)["title"], site.show(1)["body"]), ("Größe 尺寸", "Käse\n"))


def printing_commands(site):
    """Every command of both programs that prints something and succeeds, with its words and input."""
    site.user("tim"), site.user("kate"), site.thread("tim", body="Look! @kate\n")
    site.metroplex("repository", "set", "acme/rocket", "--watch", "tim")
    key = site.events()[0]
    mail = os.path.join(site.dir, "mail.eml")
    with open(mail, "wb") as f:
        f.write(site.mail("kate@example.org", site.address(1, "kate")))
    with open(os.path.join(site.dir, "thread.mbox"), "w") as f:
        f.write(site.metroplex("thread", "export", "1"))
    comment = ["thread", "comment", "1", "--as", "tim", "-"]
    opened = ["thread", "open", "--repository", "a/b", "--kind", "issue", "--title", "x", "--as", "tim", "-"]
    for words in (["user", "list"], ["user", "list", "--json"], ["user", "show", "tim"], ["user", "show", "tim", "--json"],
                  ["user", "add", "eve", "--name", "Eve", "--email", "eve@example.org"], ["user", "revoke", "kate"],
                  ["repository", "show", "acme/rocket"], ["repository", "show", "acme/rocket", "--json"],
                  ["thread", "list"], ["thread", "list", "--json"], ["thread", "show", "1"], ["thread", "show", "1", "--json"],
                  ["thread", "export", "1"], ["thread", "export", "1", "--format", "mbox"], opened, comment,
                  ["thread", "import", os.path.join(site.dir, "thread.mbox")],
                  ["thread", "close", "1", "--as", "tim"], ["address", "1", "tim"], ["address", "--verify", site.address(1, "tim")],
                  ["settings"], ["settings", "--json"], ["settings", "get", "smtp.port"], ["settings", "set", "smtp.port=25"],
                  ["settings", "unset", "smtp.port", "--json"], ["settings", "secret", "smtp.password"],
                  ["fsck"], ["fsck", "--json"], ["explain", mail], ["extract", mail], ["extract", "--json", mail]):
        yield METROPLEX, words, "Hello.\n"
    yield METROPLEX, ["extract", "--jsonl"], json.dumps({"body": "Hello.\n"}) + "\n"
    yield METROPLEX, ["policy"], "request=smtpd_access_policy\nrecipient=x@example.org\n\n"
    for words in (["queue", "list"], ["queue", "list", "--json"], ["queue", "show", key], ["queue", "show", "--json", key],
                  ["queue", "hold", key], ["queue", "release", key], ["preview", "1", "0", "kate"], ["test", "kate@example.org"]):
        yield NOTIFIER, words, ""
    for program, commands in ((METROPLEX, ("", "user", "thread", "repository", "extract")), (NOTIFIER, ("", "queue", "preview", "test"))):
        for command in commands:
            for option in ("--help", "--version"):
                yield program, [*command.split(), option], ""


@test
def a_full_disk_under_the_output_is_told(site):
    for program, words, stdin in printing_commands(site):
        where = [] if words[-1] in ("--help", "--version") or words[0] == "extract" else ["--config", site.config]
        if words[:2] != ["user", "add"]:  # which prints an id, and can be done once
            done = subprocess.run([program, *words, *where], input=stdin, capture_output=True, text=True)
            equal(done.returncode, 0, f"{words}: {done.stderr}")
            if not done.stdout:
                continue  # nothing is printed, so nothing is lost
        with open("/dev/full", "w") as full:
            done = subprocess.run([program, *words, *where], input=stdin, stdout=full, stderr=subprocess.PIPE, text=True)
        equal(done.returncode, 74, f"{words}: {done.stderr}")
        contains(done.stderr, "cannot write standard output: No space left on device")


@test
def every_table_of_commands_answers_alike(site):
    site.user("tim"), site.thread("tim")
    for program, commands in ((METROPLEX, ([], ["user"], ["thread"], ["repository"])), (NOTIFIER, ([], ["queue"]))):
        name = os.path.basename(program)
        for command in commands:
            shown = site.run(program, *command, "--help", data=False).stdout
            contains(shown, f"Usage: {' '.join([name, *command])}")
            contains(shown, "\nCommands:\n")
            for word in (["-h"], ["help"], ["--config", site.config, "-h"], ["--json", "--help"], [f"--data={site.data}", "help"]):
                equal(site.run(program, *command, *word, data=False).stdout, shown, (command, word))
            for word in (["--version"], ["--config", site.config, "--version"]):
                check(re.fullmatch(rf"{name} \d+\.\d+\.\d+\n", site.run(program, *command, *word, data=False).stdout), (command, word))
            done = site.run(program, *command, "frobnicate\x1b[31m", data=False, status=64)
            contains(done.stderr, f"{name}: {''.join(c + ': ' for c in command)}no such command: frobnicate")
            check("\x1b" not in done.stderr, done.stderr)
    for program, command, words in ((METROPLEX, "user", ["list"]), (METROPLEX, "thread", ["show", "1"]), (NOTIFIER, "queue", ["list"])):
        shown = site.run(program, command, *words, "--json", "--config", site.config, data=False).stdout
        json.loads(shown.splitlines()[0])
        for line in ([command, "--json", *words], ["--json", command, *words], [command, "--json", "--config", site.config, *words]):
            line = line if "--config" in line else ["--config", site.config, *line]
            equal(site.run(program, *line, data=False).stdout, shown, line)


@test
def what_changes_nothing_needs_nothing_that_can_be_written(site):
    """On a copy that belongs to somebody else, without a log and, where nothing is signed, without keys."""
    site.user("tim"), site.user("kate"), site.thread("tim", body="Look! @kate\n")
    key = site.events()[0]
    site.set_config("inbound", on_comment="/bin/true")  # its queue has not been made yet
    mail = os.path.join(site.dir, "mail.eml")
    with open(mail, "wb") as f:
        f.write(site.mail("kate@example.org", site.address(1, "kate")))
    keys = os.path.join(site.dir, "etc/address-keys")
    shutil.rmtree(os.path.join(site.data, "log"), ignore_errors=True)
    user = {"user": "nobody"} if os.getuid() == 0 else {}
    programs = dict(zip((METROPLEX, NOTIFIER), copy_programs(site.dir)))
    for directory, _, names in os.walk(site.data):
        os.chmod(directory, 0o555)
        for name in names:
            os.chmod(os.path.join(directory, name), 0o444)
    before = tree(site.data)
    cases = [(METROPLEX, words, signs) for words, signs in (
        (["user", "list"], 0), (["user", "show", "tim"], 0), (["thread", "list"], 0), (["thread", "show", "1"], 0), (["thread", "export", "1"], 0),
        (["repository", "show", "acme/rocket"], 0), (["fsck"], 0), (["trace", "1/0"], 0), (["bundle", "--list"], 0), (["diagnostics", "--offline"], 0), (["explain", mail], 1), (["address", "1", "kate"], 1), (["extract", mail], 0),
        (["--once", "--dry-run", mail], 1))]
    cases += [(NOTIFIER, ["queue", "list"], 0), (NOTIFIER, ["queue", "show", key], 0), (NOTIFIER, ["preview", "1", "0", "kate"], 1)]
    try:
        for program, words, signs in cases:
            if user:
                os.chown(keys, pwd.getpwnam("nobody").pw_uid if signs else 0, -1)
            elif not signs:
                os.rename(keys, keys + ".away")
            where = [] if words[0] == "extract" else ["--config", site.config]
            done = subprocess.run([programs[program], *words, *where], capture_output=True, text=True, **user)
            told = [line for line in done.stderr.splitlines() if "sandbox is not whole" not in line]  # as a sanitizer's is
            if "--dry-run" in words:
                equal(["processing <" in line or "Would be: Posted " in line for line in told], [True, True], told)
                told, done.stdout = [], told
            equal((done.returncode, told), (0, []), words)
            check(done.stdout, words)
            if not user and not signs:
                os.rename(keys + ".away", keys)
        equal(tree(site.data), before)
    finally:
        for directory, _, _ in os.walk(site.data):
            os.chmod(directory, 0o755)


@test
def what_becomes_of_a_named_file_is_told_under_one_name(site):
    path = os.path.join(site.dir, "mail")
    with open(path, "w") as f:
        f.write("x")
    for options in (["--dry-run", path], [path], [path + ".none"]):
        done = site.run(METROPLEX, "--once", *options, status=None)
        check(re.fullmatch("(metroplex: (?!metroplex:).+\n)+", done.stderr), f"{options}: {done.stderr}")


@test
def what_cannot_be_explained_is_told_once(site):
    for file in ("/nonexistent", site.dir):
        done = site.run(METROPLEX, "explain", file, status=None)
        check(done.returncode != 0, file)
        equal(len(done.stderr.splitlines()), 1, done.stderr)


@test
def where_people_find_help_is_checked(site):
    good = {"url": ["https://help.example.org", "http://h/a?b=c#d", "https://[2001:db8::1]:8443/x"], "email": ["help@example.org", ""]}
    bad = {"url": ["help", "help@example.org", "ftp://h/", "https://", "https:///x", "https://h:99999/", "javascript:alert(1)", "https://h/ x",
                   'https://h/"onclick=', "https://h/%zz"],
           "email": ["https://help.example.org", "help", "help@", "a b@example.org", "help@example.org, x@example.org", "mailto:help@example.org?cc=x"]}
    for kind, values in [*good.items(), *bad.items()]:
        for value in values:
            site.set_config("smtp", support_address=value, support_address_type=kind)
            done = site.run(METROPLEX, "user", "list", status=None)
            is_good = value in good[kind]
            equal(done.returncode, 0 if is_good else 78, f"{kind} {value}: {done.stderr}")
            check(is_good or "support-address" in done.stderr, done.stderr)


@test
def addresses_that_differ_in_case_are_one_unless_the_letter_is_asked_for(site):
    site.user("kate", "kate@example.org", "j\u00fcrgen@example.org")
    site.user("tim")
    for other in ("Kate@example.org", "KATE@EXAMPLE.ORG", "J\u00dcRGEN@example.org"):
        for command in (["add", "eve", "--name", "Eve", "--email", other], ["set", "tim", "--add-email", other]):
            done = site.run(METROPLEX, "user", *command, status=65)
            check("belongs to another account" in done.stderr, done.stderr)
    site.metroplex("user", "set", "kate", "--add-email", "Kate@example.org")
    equal(json.loads(site.metroplex("user", "show", "kate", "--json"))["emails"], ["kate@example.org", "j\u00fcrgen@example.org"], "the same is not added")
    site.set_config("address", address_case="sensitive")
    site.user("eve", "Kate@example.org")
    thread = site.thread("tim")
    posted = {login: site.deliver(site.mail(sender, site.address(thread, login))) for login, sender in (("kate", "kate@example.org"), ("eve", "Kate@example.org"))}
    refused = [site.deliver(site.mail(sender, site.address(thread, login))) for login, sender in (("eve", "kate@example.org"), ("kate", "KATE@example.org"), ("tim", "Tim@example.org"))]
    site.metroplex("--once")
    equal(site.reasons(), {**{n: "posted" for n in posted.values()}, **{n: "sender-mismatch" for n in refused}})
    equal([c["author"] for c in site.show(thread)["comments"]], ["kate", "eve"])
    equal(site.metroplex("fsck", "--json"), "")
    site.set_config("address", address_case="insensitive")
    faults = site.metroplex("fsck", status=65)
    equal(faults.count("shared"), 2, faults)
    site.metroplex("user", "revoke", "eve")
    site.metroplex("user", "set", "eve", "--add-email", "eve@example.org", "--remove-email", "Kate@example.org")
    site.metroplex("fsck")
    site.metroplex("user", "set", "kate", "--remove-email", "J\u00fcrgen@EXAMPLE.org")
    site.metroplex("user", "set", "eve", "--add-email", "J\u00dcrgen@example.org")
    site.metroplex("fsck")


if __name__ == "__main__":
    main()
