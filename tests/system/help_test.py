#!/usr/bin/env python3
"""What --help says of every command is true, and is what shells complete: the commands are found by asking."""
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, NOTIFIER, TOP, check, contains, equal, main, skip, test  # noqa: E402

PROGRAMS = {"metroplex": METROPLEX, "notifier": NOTIFIER}
COMMON = {"--help", "--config", "--data", "--version"}  # which every command takes, as the page says once
ENV = dict(os.environ, PATH=f"{os.path.dirname(METROPLEX)}:{os.path.dirname(NOTIFIER)}:{os.environ['PATH']}")


@functools.lru_cache(None)
def help_of(*words):
    done = subprocess.run([PROGRAMS[words[0]], *words[1:], "--help"], text=True, capture_output=True)
    equal((done.returncode, done.stderr), (0, ""), words)
    return done.stdout


def table(*words):
    """The words of a table of commands."""
    _, is_there, rows = help_of(*words).partition("\nCommands:\n")
    return re.findall(r"^  (\S+)", rows.split("\n\n")[0], re.M) if is_there else []


def leaves(*words):
    """Every command that is no table, with its words."""
    below = table(*words)
    return [leaf for word in below for leaf in leaves(*words, word)] if below else [words]


def commands():
    return [leaf for program in PROGRAMS for leaf in leaves(program)]


def with_runs():
    """And the programs themselves, whose options --once --help lists."""
    return commands() + [(program, "--once") for program in PROGRAMS]


def usage(*words):
    return help_of(*words).split("\n\n")[0].partition("[OPTION…]")[2]


def options(*words):
    """Each option, and its value as --help describes it; None for a flag."""
    found = re.findall(r"^  (?:-., )?(--[a-z-]+)(?:=(\S+))?", help_of(*words).split("\n\n", 1)[1], re.M)
    return {option: value or None for option, value in found}


def choices(*words):
    """The options that take one word of a list."""
    return {option: value.split("|") for option, value in options(*words).items() if value and re.fullmatch(r"[a-z0-9|-]+\|[a-z0-9|-]+", value)}


def run(*words):
    return subprocess.run([PROGRAMS[words[0]], *words[1:]], stdin=subprocess.DEVNULL, text=True, capture_output=True, errors="replace")


# --- What --help says, and what a wrong command line is told


@test
def every_option_stands_in_the_line_of_usage(site):
    missing = [(words, option) for words in with_runs() for option in options(*words)
               if option not in COMMON and not re.search(rf"(?<![\w-]){option}(?![\w-])", usage(*words))]
    check(not missing, missing)
    check(len(commands()) > 20, commands())


@test
def a_word_that_is_none_of_a_list_is_a_wrong_command_line(site):
    tried = 0
    for words in with_runs():
        for option, known in choices(*words).items():
            for word, shown in (("nosuchword", "nosuchword"), ("", "''"), (known[0].upper(), known[0].upper()), ("\x1b[31m", "\\e[31m")):
                done = run(*words, option, word)
                equal((done.returncode, done.stdout), (64, ""), (words, option, word))
                contains(done.stderr, f"{option}: {shown} is none of {', '.join(known)}\n")
                tried += 1
    check(tried >= 4 * 7, f"{tried} were tried")


@test
def what_is_wrong_is_told_once_with_the_commands_own_help(site):
    for words in with_runs():
        program, *command = [word for word in words if word != "--once"]
        name = "".join(f"{part}: " for part in [program, " ".join(command)] if part)
        takes_many = re.search("[A-Z]…", usage(*words))
        for wrong in (["--nosuch"], ["--\x1b[31m"], [] if takes_many else ["\x1b[31m"] * 9):
            done = run(*words, *(wrong or ["--nosuch"]))
            equal((done.returncode, done.stdout), (64, ""), (words, wrong))
            check(done.stderr.startswith(name) and ": :" not in done.stderr and f"{program}: {program}" not in done.stderr, done.stderr)
            check(done.stderr.endswith(f"\nTry '{' '.join([program, *command])} --help'.\n") and "\x1b" not in done.stderr, done.stderr)


# Commands whose help has an example, besides all those that have one anyway.
WITH_EXAMPLE = [("metroplex", *words.split()) for words in (
    "thread close", "thread reopen", "thread lock", "thread unlock", "thread title", "thread label", "thread unlabel", "thread assign", "thread unassign",
    "thread subscribe", "thread list", "thread redact", "user set", "user watch", "user remove", "pages")]


@test
def an_example_is_a_line_that_its_command_takes(site):
    """None is run: a fault of the command line, which is told before all else, has the status 64."""
    found = {words: re.findall(rf"xample:?\n? *({' '.join(words)}(?: .*)?)$", help_of(*words), re.M) for words in commands()}
    wanted = WITH_EXAMPLE + leaves("metroplex", "held") + leaves("metroplex", "repository")
    equal([words for words in wanted if not found[words]], [], "have no example")
    for words, lines in found.items():
        for line in lines:
            done = run(*shlex.split(re.split(" [<>]", line)[0]), "--config", os.path.join(site.dir, "none.conf"))
            check(done.returncode != 64, f"{line}: {done.stderr}")


@test
def every_status_stands_in_the_manual(site):
    """Those that the programs end with, but the worker's, and those of setup, which runs notifier."""
    shared = ["lib/cli", "lib/base", "lib/outbound", "lib/instance"]
    for program, also in (("metroplex", ["notifier/cmd_test.c"]), ("notifier", [])):
        text = ""
        for directory, _, files in (entry for top in [program, *shared] for entry in os.walk(os.path.join(TOP, top))):
            for name in files:
                if name.endswith(".c") and name != "main_worker.c":
                    with open(os.path.join(directory, name), encoding="utf-8") as f:
                        text += f.read()
        for name in also:
            with open(os.path.join(TOP, name), encoding="utf-8") as f:
                text += f.read()
        used = {getattr(os, name) for name in re.findall(r"\bEX_[A-Z]+\b", text)}
        with open(os.path.join(TOP, f"man/{program}.8"), encoding="utf-8") as f:
            table = re.search(r"^\.Sh EXIT STATUS\n(.*?)^\.Sh ", f.read(), re.M | re.S)[1]
        said = [int(number) for row in re.findall(r"^\.It ([0-9 ,]+)$", table, re.M) for number in re.findall("[0-9]+", row)]
        equal(sorted(used - set(said)), [], f"{program}: what its manual does not have")
        equal([number for number in said if number > 2 and number not in used], [], f"{program}: what it never ends with")
        equal(said, sorted(said), f"{program}: their order")


# --- What shells complete

BASH = """source "$COMPLETION/metroplex.bash"; compopt() { [[ $2 == nospace ]] || echo "($2)"; }
while IFS= read -r line; do
    read -ra COMP_WORDS <<<"${line//=/ = }"; [[ $line != *' ' ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=(); _metroplex; printf '%s\n' "${COMPREPLY[@]}"; echo .
done"""
ZSH = """compset() { : }; _files() { print "($1)" }; _users() { print root }; compadd() { shift; print -rl -- $* }
_describe() { print -rl -- ${${(P)2}%%:*} }
functions[_it]="$(<$COMPLETION/_metroplex)"
while IFS= read -r line; do
    words=(${(s: :)line}); [[ $line != *' ' ]] || words+=('')
    CURRENT=$#words; _it; print .
done"""
FISH = """source "$COMPLETION/metroplex.fish"
while read -l line; complete -C "$line" | string replace -r '\\t.*' ''; echo .; end"""
SHELLS = {"bash": ["bash", "-c", BASH], "zsh": ["zsh", "-f", "-c", ZSH], "fish": ["fish", "--no-config", "-c", FISH]}


def as_installed(site):
    """The completions with the one program that they share."""
    there = os.path.join(TOP, "metroplex/completion")
    with open(os.path.join(there, "help.awk")) as f:
        program = f.read()
    for name in ("_metroplex", "metroplex.bash", "metroplex.fish"):
        with open(os.path.join(there, name)) as f, open(os.path.join(site.dir, name), "w") as out:
            text = f.read()
            equal(text.count("\n@help.awk@\n"), 1, name)
            out.write(text.replace("@help.awk@\n", program))
    return site.dir


def in_every_shell(function):
    """One test a shell; `complete` gives what the shell offers for each line, of which the cursor is at the end."""
    for shell, command in SHELLS.items():
        def run(site, command=command):
            def complete(lines):
                done = subprocess.run(command, input="".join(f"{line}\n" for line in lines), text=True, capture_output=True, cwd=site.dir,
                                      env=dict(ENV, COMPLETION=as_installed(site), HOME=site.dir))
                equal(done.stderr, "")
                found = [set(part.split()) for part in done.stdout.split(".\n")[:-1]]
                equal(len(found), len(lines))
                return dict(zip(lines, found))
            function(site, complete)
        run.__name__ = f"{shell}_{function.__name__}"
        (test if shutil.which(shell) else skip)(run)


def value_of(word):
    """fish offers the whole of --option=value, the others what stands behind the sign."""
    return word.rpartition("=")[2]


def all_equal(found, expected):
    wrong = [f"{line!r}: found {sorted(found[line])}, expected {sorted(words)}" for line, words in expected.items() if found[line] != words]
    check(not wrong, "\n".join(wrong))


@in_every_shell
def completes_the_commands_and_options_of_help(site, complete):
    expected = {f"{program} ": set(table(program)) for program in PROGRAMS}
    for program in PROGRAMS:
        expected.update({f"{program} {word} ": set(table(program, word)) for word in table(program) if table(program, word)})
    for words in commands() + [(program,) for program in PROGRAMS]:
        known = options(*words, *([] if len(words) > 1 else ["--once"]))
        expected[f"{' '.join(words)} -"] = {option + ("=" if value else "") for option, value in known.items()}
    check(len(expected) > 25, expected)
    all_equal(complete(expected), expected)


@in_every_shell
def offers_the_words_of_a_list(site, complete):
    expected = {}
    for words in with_runs():
        for option, known in choices(*words).items():
            expected[f"{' '.join(words)} {option} "] = set(known)
            expected[f"{' '.join(words)} {option}="] = set(known)
    check(len(expected) >= 14, expected)
    all_equal({line: {value_of(word) for word in found} for line, found in complete(expected).items()}, expected)


@in_every_shell
def takes_no_word_behind_a_flag_for_its_value(site, complete):
    """What is offered first is the same with all flags of the command before it."""
    site.user("tim"), site.thread("tim")
    pairs = {}
    for words in commands():
        flags = [option for option, value in options(*words).items() if not value and option not in COMMON]
        plain = f"{' '.join(words)} --config={site.config} "
        pairs[plain] = plain + "".join(f"{flag} " for flag in flags)
    found = complete([*pairs, *pairs.values()])
    all_equal({plain: found[flagged] for plain, flagged in pairs.items()}, {plain: found[plain] for plain in pairs})


@in_every_shell
def offers_what_may_stand_there(site, complete):
    site.user("tim"), site.user("kate"), site.thread("tim", body="Look! @kate\n"), site.thread("tim")
    threads, logins, events, file = {"1", "2"}, {"tim", "kate"}, set(site.events()), {"a-file"}
    keys = set(re.findall(r'^{"key":"([^"]+)"', site.metroplex("settings", "--json"), re.M))
    os.mkdir(os.path.join(site.dir, "only"))
    open(os.path.join(site.dir, "only/a-file"), "w").close()
    config = f"--config={site.config}"
    expected = {
        f"metroplex thread {config} comment ": threads, f"metroplex thread --config {site.config} export ": threads,
        f"metroplex --config {site.config} thread show --json ": threads, f"metroplex address {config} ": threads,
        f"metroplex thread subscribe {config} 1 ": logins, f"metroplex address {config} 1 ": logins,
        f"metroplex thread assign {config} 1 ": logins, f"metroplex thread unassign {config} 1 kate ": logins, f"metroplex thread list {config} --assignee ": logins,
        f"metroplex thread comment 1 {config} --as ": logins, f"metroplex thread comment 1 {config} --as=": logins,
        f"metroplex user set {config} ": logins, f"metroplex repository set {config} ": {"acme/rocket"},
        f"metroplex thread list {config} --repository ": {"acme/rocket"}, f"metroplex thread open {config} --title ": set(),
        f"notifier queue hold {config} ": events, f"notifier queue drop {config} x y ": events, f"notifier queue show {config} ": events,
        f"notifier preview {config} ": threads, f"notifier preview {config} 1 ": set(), f"notifier preview {config} 1 0 ": logins,
        f"metroplex user show {config} tim ": set(), "metroplex init --owner roo": {"root"},
        f"metroplex settings {config} get ": keys, f"metroplex settings unset {config} smtp.port ": keys,
        f"metroplex settings secret {config} ": {"smtp.password"},
        "metroplex check queue ": {*re.search(r"^Groups: (.*)\.$", help_of("metroplex", "check"), re.M)[1].split(", "), "all"},
    }
    files = ["metroplex extract --sent only/", "metroplex thread comment 1 only/", "metroplex --once only/", "metroplex user list --config only/"]
    found = complete([*expected, *files])
    all_equal({line: {value_of(word) for word in found[line]} for line in expected}, expected)
    for line in files:
        check(found[line] & {"(default)", "()", "only/a-file"}, f"{line}: {found[line]}")


if __name__ == "__main__":
    main()
