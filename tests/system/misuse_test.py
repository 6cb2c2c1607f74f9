#!/usr/bin/env python3
"""Wrong things in hand: what is no file, what no option takes, what is spelt wrong. Each is refused at once, and named."""
import os
import pwd
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import HOST, METROPLEX, NOTIFIER, check, contains, copy_programs, equal, main, test  # noqa: E402


def told(site, status, *args, program=METROPLEX, **kw):
    """Ends with that status, prints nothing, and tells its fault in text that moves no cursor."""
    done = subprocess.run([program, *args], capture_output=True, timeout=60, stdin=subprocess.DEVNULL, cwd=site.dir, **kw)
    said = done.stderr.decode()  # all of it is UTF-8
    equal(done.returncode, status, f"{args}: {said}")
    equal(done.stdout, b"", args)
    check(said.startswith(os.path.basename(program) + ": "), said)
    equal([c for c in said if c != "\n" and not c.isprintable()], [], f"{args}: {said!r}")
    return said


def odd_files(site):
    """Paths that are no regular file of a sane size, by what is said of them."""
    fifo, large, empty = (os.path.join(site.dir, name) for name in ("fifo", "large", "loop"))
    os.mkfifo(fifo, 0o600)
    with open(large, "w") as f:
        f.truncate(2 * 1024 * 1024)
    os.chmod(large, 0o600)
    os.symlink(empty, empty)
    return {"/dev/full": "not a regular file", "/dev/zero": "not a regular file", fifo: "not a regular file", site.dir: "not a regular file",
            large: "larger than", empty: "Too many levels", "/nonexistent/\x1b[31m": "\\e[31m"}


@test
def a_configuration_is_a_regular_file(site):
    for path, why in odd_files(site).items():
        for program, command in ((METROPLEX, ["user", "list"]), (METROPLEX, ["--once"]), (NOTIFIER, ["--once"]), (METROPLEX, ["init", "--hostname", HOST])):
            if command[0] != "init" or os.path.exists(path):
                contains(told(site, 78, *command, "--config", path, program=program), why)
    link = os.path.join(site.dir, "link.conf")
    os.symlink(site.config, link)
    site.run(METROPLEX, "user", "list", "--config", link, data=False)


@test
def a_secret_is_a_regular_file(site):
    site.user("tim"), site.thread("tim")
    folder = os.path.join(site.dir, "folder")
    os.mkdir(folder, 0o700)
    secrets = [p for p in odd_files(site) if p.startswith(site.dir + "/")] + [folder]
    for path in secrets:
        site.set_config("address", keys=path)
        contains(told(site, 78, "address", "1", "tim", "--config", site.config), path)
    site.set_config("address", keys=os.path.join(site.dir, "etc/address-keys"))
    site.set_config("smtp", transport="smtp", address="127.0.0.1", authentication="plain", username="u", tls="none")
    for path in secrets:
        site.set_config("smtp", password_file=path)
        contains(told(site, 78, "--once", "--config", site.config, program=NOTIFIER), path)


@test
def who_cannot_read_a_secret_is_named_with_what_helps(site):
    """As root made it: closed, and of root."""
    if os.getuid() != 0:
        print("skipped: only root can make a file of another user")
        return
    site.user("tim"), site.thread("tim")
    keys = os.path.join(site.dir, "etc/address-keys")
    subprocess.run(["chown", "-R", "nobody", site.data], check=True)
    for path, command, program in ((keys, ["address", "1", "tim"], METROPLEX), (os.path.join(site.dir, "etc/pw"), ["--once"], NOTIFIER)):
        with open(path, "a"):
            os.chmod(path, 0o600)
        site.set_config("smtp", transport="smtp", authentication="plain", username="u", tls="none", password_file=path)
        said = told(site, 78, *command, "--config", site.config, program=program)
        for words in (path, "as user nobody", "chown nobody"):
            contains(said, words)
        os.chown(keys, pwd.getpwnam("nobody").pw_uid, -1)


@test
def a_placeholder_that_no_link_has_is_refused(site):
    bad = ("https://x/{repo}", "https://x/{nubmer}", "https://x/{}", "https://x/{number", "https://x/number}", "https://x/{{number}}", "https://x/{NUMBER}")
    good = ("https://x/{repository}", "https://{kind}.x/{number}?c={comment}#{number}", "https://x", "https://x/{number}{comment}")
    for link in bad:
        said = told(site, 65, "repository", "set", "a/b", "--link", link, "--config", site.config)
        contains(said, link), contains(said, "{repository}, {kind}, {number}, {comment}")
        site.set_config("instance", url=link)
        said = told(site, 78, "user", "list", "--config", site.config)
        contains(said, "[instance] url"), contains(said, link), contains(said, "{repository}, {kind}, {number}, {comment}")
        site.set_config("instance", url="")
    for link in good:
        site.metroplex("repository", "set", "a/b", "--link", link)
        site.set_config("instance", url=link)
        site.metroplex("user", "list")


@test
def a_value_cannot_move_the_cursor(site):
    for group, key, value in (("instance", "url", "https://x/\x1b[2J"), ("inbound", "linger", "1\x1b]0;x\x07"), ("inbound", "on-comment", "\u202e/x"),
                              ("smtp", "tls", "\x9b31m"), ("smtp", "support-address", "a\x1b@b"), ("smtp", "enabled", "\x1b[2Jtrue")):
        with open(site.config) as f:
            before = f.read()
        site.set_config(group, **{key: value})
        contains(told(site, 78, "user", "list", "--config", site.config), f"[{group}] {key}")
        with open(site.config, "w") as f:
            f.write(before)


@test
def a_run_takes_one_number_of_seconds_or_once(site):
    for program in (METROPLEX, NOTIFIER):
        for given in ("-1", "-2", "x", "1s", "", "99999999999", "\x1b[2J"):
            contains(told(site, 64, f"--for={given}", "--config", site.config, program=program), "not a number of seconds")
        for given in ("0", "1", "55"):
            contains(told(site, 64, "--for", given, "--once", "--config", site.config, program=program), "exclude each other")
        site.run(program, "--for", "0")


@test
def who_is_told_of_a_wrong_use_is_sent_to_the_help_of_that_command(site):
    for wrong in ("--for=x", "--for=-1", "--for=99999999999", "--check --all", "''"):
        said = told(site, 64, "pages", *shlex.split(wrong), "--config", site.config)
        contains(said, "metroplex: pages: ")
        contains(said, "Try 'metroplex pages --help'.")


@test
def a_thread_that_is_not_there_is_not_said_to_lack_a_comment(site):
    site.user("tim"), site.thread("tim")
    for thread, comment, why in ((1, 7, "thread 1 has no comment 7"), (9, 0, "no such thread: 9"), (9, 7, "no such thread: 9")):
        contains(told(site, 65, "preview", str(thread), str(comment), "tim", "--config", site.config, program=NOTIFIER), why)


@test
def a_mail_is_explained_that_is_in_no_file(site):
    site.user("tim"), site.user("kate"), site.thread("tim")
    mail = site.mail("kate@example.org", site.address(1, "kate"), "By pipe.\n").decode()
    said = site.metroplex("explain", "-", stdin=mail)
    for words in ("standard input\n", "result: posted", "| By pipe."):
        contains(said, words)
    equal(site.show(1)["comments"], [])
    site.set_config("limits", mail_size="2000")
    contains(site.run(METROPLEX, "explain", "-", stdin=mail + "x" * 2000, status=65).stderr, "standard input: larger than 2000")


@test
def who_cannot_read_a_mail_is_named(site):
    if os.getuid() != 0:
        print("skipped: only root becomes another user")
        return
    folder, path = os.path.join(site.dir, "root's"), os.path.join(site.dir, "root's/mail")
    os.mkdir(folder, 0o700)
    shutil.copy(site.config, path)
    for name in ("data", "etc/address-keys"):
        subprocess.run(["chown", "-R", "nobody", os.path.join(site.dir, name)], check=True)
    for command in (["explain", path], ["--once", path], ["--once", "--dry-run", path]):
        contains(told(site, 65, *command, "--config", site.config), f"cannot open {path} as user nobody: Permission denied")


@test
def a_directory_is_no_text(site):
    site.user("tim"), site.thread("tim")
    opened = ["thread", "open", "--repository", "a/b", "--kind", "issue", "--title", "T", "--as", "tim"]
    odd = os.path.join(site.dir, "\x1b[31m")
    os.mkdir(odd)
    for command in (opened, ["thread", "comment", "1", "--as", "tim"], ["thread", "import"], ["extract", f"--sent={site.config}"], ["extract", "--sent"]):
        for path, shown in ((site.dir, site.dir), (odd, "\\e[31m"), (odd + "/none", "\\e[31m/none")):
            contains(told(site, 65, *command, path, *([path] if command[-1] == "--sent" else []), "--config", site.config), shown + ": ")


@test
def data_is_a_directory_of_the_option_and_no_fault_of_the_file(site):
    """From here, where it is relative; what is no path is refused in the option's name."""
    site.user("tim")
    for where in ("data", "./data", "../" + os.path.basename(site.dir) + "/data", site.data):
        done = subprocess.run([METROPLEX, "user", "list", "--config", site.config, "--data", where], capture_output=True, text=True, cwd=site.dir)
        equal((done.returncode, done.stderr), (0, ""), where)
        contains(done.stdout, "tim")
    for where in ("", "a\nb", "\x1b[31m", "\u202e"):
        said = told(site, 65, "user", "list", "--config", site.config, "--data", where)
        contains(said, "--data"), check(site.config not in said, said)
        told(site, 65, "init", "--hostname", HOST, "--config", os.path.join(site.dir, "no.conf"), "--data", where)
    check(not os.path.exists(os.path.join(site.dir, "no.conf")), "a configuration was written in spite of it")


@test
def what_the_command_line_said_cannot_move_the_cursor(site):
    bad = "\x1b[31m\u202e\x07"
    for program in (METROPLEX, NOTIFIER):
        for status, command in ((64, ["--" + bad]), (64, [bad]), (78, ["--once", "--config", "/" + bad]), (65, ["--once", "--data", "/" + bad])):
            told(site, status, *command, *([] if "--config" in command else ["--config", site.config]), program=program)
    for status, command in ((64, ["user", "list", "--" + bad]), (64, ["init", "--config", "/" + bad]), (65, ["thread", "list", "--repository", bad])):
        told(site, status, *command, *([] if "--config" in command else ["--config", site.config]))


@test
def what_init_makes_is_named_with_it(site):
    for name in ("outbox", "outbox/hold", "mail/reply/new", "incoming-mail", "incoming-mail/success", "incoming-mail/failure", "tracker.git", "accounts.git"):
        path = os.path.join(site.data, name)
        os.rename(path, path + ".away")
        told_by = [] if name.startswith(("mail", "incoming")) else [(METROPLEX, ["user", "add", "tim", "--name", "T", "--email", "t@example.org"])]
        for program, command in [*told_by, (METROPLEX, ["explain", site.config])]:
            said = told(site, 78, *command, "--config", site.config, program=program)
            contains(said, path), contains(said, "made by: metroplex init")
        os.rename(path + ".away", path)


@test
def a_repository_that_is_closed_is_not_said_to_be_none(site):
    program, _ = copy_programs(site.dir)
    user = {"user": "nobody"} if os.getuid() == 0 else {}
    for name in ("tracker.git", "accounts.git"):
        path = os.path.join(site.data, name)
        if user:
            subprocess.run(["chown", "-R", "nobody", site.data], check=True)
        os.chmod(path, 0)
        said = told(site, 78, "user", "list", "--config", site.config, program=program, **user)
        os.chmod(path, 0o700)
        contains(said, path), contains(said, "Permission denied")


@test
def a_flag_that_is_given_a_value_is_not_taken_for_given(site):
    for program, words in ((METROPLEX, ("thread", "redact", "1", "1", "--purge=no")), (METROPLEX, ("--once=no",)), (NOTIFIER, ("--once", "--dry-run=no")),
                           (METROPLEX, ("thread", "list", "--json="))):
        contains(told(site, 64, *words, program=program), f"{words[-1].split('=')[0]} takes no value")


@test
def an_address_is_taken_from_a_guest_for_something(site):
    site.user("kate")
    contains(told(site, 64, "user", "set", "kate", "--take-from", "guest-9", "--config", site.config), "--take-from needs --email or --add-email")


@test
def a_repository_is_owner_and_name(site):
    for name in ("nonsense", "a/b/c", "", "../x"):
        for command in (["thread", "list"], ["thread", "import", "/dev/null"]):
            contains(told(site, 65, *command, "--repository", name, "--config", site.config), "does not have the form owner/name")
    equal(site.metroplex("thread", "list", "--repository", "no/body"), "")


@test
def a_worker_that_cannot_be_executed_is_named_and_no_mail_is_lost(site):
    """As in a home directory that lets nobody in, which is root's."""
    program = copy_programs(site.dir)[0]
    site.user("tim")
    site.deliver(site.mail("tim@example.org", site.address(site.thread("tim"), "tim")))
    worker = os.path.join(site.dir, "libexec/metroplex/metroplex-worker")
    os.chmod(worker, 0o644)
    said = told(site, 75, "--config", site.config, "--once", program=program)
    equal(said, f"metroplex: the worker {worker} cannot be executed: Permission denied\n")
    equal(len(site.new), 1)
    os.chmod(worker, 0o755)
    site.metroplex("--once")
    equal((site.new, len(site.success)), ([], 1))


if __name__ == "__main__":
    main()
