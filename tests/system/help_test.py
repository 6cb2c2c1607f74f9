#!/usr/bin/env python3
"""What --help says of every command is true: the commands are found by asking."""
import functools
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from harness import METROPLEX, NOTIFIER, check, contains, equal, main, test  # noqa: E402

PROGRAMS = {"metroplex": METROPLEX, "notifier": NOTIFIER}
COMMON = {"--help", "--config", "--data", "--version"}  # which every command takes, as the page says once


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


if __name__ == "__main__":
    main()
