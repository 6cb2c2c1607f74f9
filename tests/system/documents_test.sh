#!/usr/bin/env bash
# What the documents say is what there is: man pages, units, installed files.
#
# The tables are read from the sources: keys from lib/base/config_keys.c, gates from lib/policy/policy.c,
# commands from what --help prints.
set -uo pipefail
shopt -s lastpipe # what counts at the end of a pipe counts here
cd "$(dirname "$0")/../.."
. tests/lib/names.sh

metroplex=${METROPLEX:-$PWD/build/bin/metroplex}
notifier=${NOTIFIER:-$PWD/build/bin/notifier}
# As `make` alone calls it: object files note what they depend on under the name they were made by.
build=$(realpath --relative-base="$PWD" "$(dirname "$(dirname "$metroplex")")")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
skipped=0

ok() { echo "ok $1"; passed=$((passed + 1)); }
not_ok() { echo "not ok $1"; sed 's/^/    /'; failed=$((failed + 1)); }
skip() { echo "# left out: $1"; skipped=$((skipped + $2)); }

# NAME: passes if the standard input, the complaints, is empty.
nothing_wrong() {
    local complaints
    complaints=$(cat)
    if [[ -z $complaints ]]; then ok "$1"; else not_ok "$1" <<<"$complaints"; fi
}

# NAME ONE OTHER: two lists must hold the same lines, and some.
same() {
    { [[ -s $2 ]] || echo "nothing was found to compare"
      diff <(sort -u "$2") <(sort -u "$3") | sed -n 's/^</only in the program:/p; s/^>/only in the manual:/p'
    } | nothing_wrong "$1"
}

# --- Texts in the operator's language ---------------------------------------------------------------

# A sentence that was added, or changed a little, and not put into French. `make po` brings it into the catalogue.
if command -v xgettext >/dev/null; then
    make -s BUILD="$build" "$build/metroplex.pot"
    for catalogue in lib/po/*.po; do
        { msgcmp "$catalogue" "$build/metroplex.pot" 2>&1; msgfmt --check-format -o /dev/null "$catalogue" 2>&1; grep -n '^#~' "$catalogue"; } |
            nothing_wrong "$(basename "$catalogue" .po) has every text, and no other"
    done
fi

# --- Man pages ------------------------------------------------------------------------------------

lint_page() {
    # Which other manuals there are depends on the machine; those of ours are looked at here.
    mandoc -Tlint -Wstyle "$1" 2>/dev/null | grep -v 'referenced manual not found'
    sed -n 's/^\.Xr \([a-z.]*\) \([578]\).*/\1.\2/p' "$1" | grep -E '^(metroplex|notifier|tracker)' | sort -u |
        while read -r page; do [[ -e man/$page ]] || echo "$page does not exist"; done
}

# What PAGE says, each word, as TOOL shows it; groff's complaints go to standard error.
words_by() {
    if [[ $1 == groff ]]; then groff -mdoc -Tutf8 -ww -P-cbou "$2"; else mandoc -Tutf8 "$2" | sed 's/.\x08//g'; fi |
        sed '1d;$d' | tr -cd '[:alnum:]' | fold -w 60
}

# A macro that one of the two formatters knows and the other does not swallows what follows.
same_by_groff() {
    words_by groff "$1" 2>&1 >"$tmp/groff"
    words_by mandoc "$1" >"$tmp/mandoc"
    tr -d '\n' <"$tmp/groff" | grep -q "$(sed -n 's/^\.Sh //p' "$1" | tail -n 1 | tr -d ' ')" || echo "its last section is lost"
    diff "$tmp/groff" "$tmp/mandoc" | head -n 4
}

if command -v mandoc >/dev/null; then
    for page in man/*.[578]; do
        lint_page "$page" | nothing_wrong "${page#man/} is well formed"
        if command -v groff >/dev/null; then
            same_by_groff "$page" | nothing_wrong "${page#man/} says the same by groff and by mandoc"
        fi
    done
else
    skip "mandoc is not installed: no page was looked at" "$(ls man/*.[58] | wc -l)"
fi

# Each answer to Postfix, and what it stands for.
sed -n 's/^#define [A-Z_]* *"\(DUNNO\|[45][0-9][0-9] [^"]*\)"$/\1/p' metroplex/cmd_policy.c >"$tmp/answers"
{ [[ $(wc -l <"$tmp/answers") -ge 3 ]] || echo "they are not found in the program"
  mandoc -Tutf8 man/metroplex.8 | sed 's/.\x08//g' | tr -s ' \n' ' ' >"$tmp/page"
  while read -r answer; do grep -qF "$answer" "$tmp/page" || echo "$answer is not there"; done <"$tmp/answers"
} | nothing_wrong "metroplex(8) has every answer to Postfix"

# --- The configuration ----------------------------------------------------------------------------

sed -n '/^const MpConfigKey mp_config_keys\[\]/,/^};/s/^ *{"\([a-z]*\)", "\([a-z-]*\)",.*/[\1] \2/p' lib/base/config_keys.c >"$tmp/keys"
awk '/^\.Ss "\[/ { group = $2; gsub(/["\\&]/, "", group) }
     /^\.Sh/ { group = "" }
     group != "" && /^\.It Ic / { print group, $3 }' man/metroplex.conf.5 >"$tmp/keys.man"
same "metroplex.conf(5) has every key" "$tmp/keys" "$tmp/keys.man"

# The default of KEY as the manual says it: every fallback of the table stands in the key's text.
tr '\n' ' ' <lib/base/config_keys.c | grep -oE '\{"[a-z]+", "[a-z-]+", +TYPE_[A-Z]+, +AT\([a-z_]+\), +("[^"]*"|NULL)' |
    sed -E 's/^\{"([a-z]+)", "([a-z-]+)",.*\), +"?([^"]*)"?$/\1 \2 \3/' |
    while read -r group key default; do
        text=$(awk -v g="[$group]" -v k="$key" '/^\.Ss "\[/ { group = $2; gsub(/["\\&]/, "", group) }
            /^\.It Ic / { key = $3 } group == g && key == k' man/metroplex.conf.5)
        case $default in
        '') want='default empty' ;;
        NULL) want='required' ;;
        *'{hostname}'*) want='hostname' ;;
        *) want=$default ;;
        esac
        grep -qF -- "$want" <<<"$text" || echo "[$group] $key: the manual does not say \"$want\""
    done | nothing_wrong "metroplex.conf(5) has every default"

# --- Commands -------------------------------------------------------------------------------------

# The first words of the indented lines above the options: "  add LOGIN …", "  close|reopen ID …".
commands() {
    "$@" --help 2>/dev/null | sed -n '/Options:$/q; s/^  \([a-z][a-z|]*\) .*/\1/p' | tr '|' '\n' |
        grep -vxE 'metroplex|notifier'
}

# PROGRAM: "thread open" for those with commands of their own, "init" for others.
all_commands() {
    local word words
    for word in $(commands "$1"); do
        words=$(commands "$1" "$word")
        if [[ -z $words ]]; then echo "$word"; else sed "s/^/$word /" <<<"$words"; fi
    done
}

# PAGE: the same from ".It Cm thread close | reopen Ar …".
documented_commands() {
    sed -n 's/^\.It Cm //p' "$1" | sed -E 's/ (Ar|Fl|Op|Oo) .*//; s/ (Fl|Ar).*//' | grep -vE '^(smtp|maildir)$' |
        while read -r first rest; do
            if [[ -z $rest ]]; then echo "$first"; else tr '|' '\n' <<<"$rest" | sed "s/ //g; s/^/$first /"; fi
        done
}

all_commands "$metroplex" >"$tmp/metroplex"
documented_commands man/metroplex.8 >"$tmp/metroplex.man"
same "metroplex(8) has every command" "$tmp/metroplex" "$tmp/metroplex.man"
all_commands "$notifier" >"$tmp/notifier"
documented_commands man/notifier.8 >"$tmp/notifier.man"
same "notifier(8) has every command" "$tmp/notifier" "$tmp/notifier.man"

# PROGRAM PAGE: long options of the program and of its commands that the page does not name.
missing_options() {
    { "$1" --once --help; all_commands "$1" | while read -r words; do "$1" $words --help; done; } 2>/dev/null |
        grep -oE '^  (-[a-z], )?--[a-z-]+' | sed 's/.*--//' | sort -u |
        while read -r option; do
            grep -qE -- "Fl -$option( |\$)" "$2" || echo "--$option is not in $2"
        done
}
missing_options "$metroplex" man/metroplex.8 | nothing_wrong "metroplex(8) has every option"
missing_options "$notifier" man/notifier.8 | nothing_wrong "notifier(8) has every option"

# --- Gates ----------------------------------------------------------------------------------------

sed -n '/^static const MpGate gates\[\]/,/^};/s/^ *{"\([a-z-]*\)".*/\1/p' lib/policy/policy.c | uniq >"$tmp/gates"
awk '/^\.Sh / { inside = $3 == "GATES" } inside && /^\.It Sy / { print $3 }' man/metroplex.8 >"$tmp/gates.man"
same "metroplex(8) has every reason code" "$tmp/gates" "$tmp/gates.man"
diff "$tmp/gates" "$tmp/gates.man" 2>&1 | nothing_wrong "metroplex(8) has the gates in their order"

# --- Checks ---------------------------------------------------------------------------------------

cat lib/check/check_*.c | tr '\n' ' ' | grep -oE '\{"[a-z]+", +"[a-z-]+", +N_\(' | sed -E 's/\{"([a-z]+)", +"([a-z-]+)".*/\1 \2/' >"$tmp/checks"
awk '/^\.Sh / { inside = $3 == "CHECKS" } inside && /^\.Ss / { group = $2 } inside && /^\.It Sy / { print group, $3 }' man/metroplex.8 >"$tmp/checks.man"
same "metroplex(8) has every check" "$tmp/checks" "$tmp/checks.man"

# --- Faults ---------------------------------------------------------------------------------------

cat lib/tracker/fsck/*.c lib/instance/fsck_outbox.c | tr '\n' ' ' |
    grep -oE '\b(mp_fsck_)?tell\( *[a-z>-]+, *"[a-z-]+"' | sed -E 's/.*"(.*)"/\1/' >"$tmp/faults"
awk '/^\.S[hs] / { inside = $2 == "Faults" } inside && /^\.It Cm / { for (i = 3; i <= NF; i++) print $i }' man/tracker.5 |
    grep -x '[a-z-]*' >"$tmp/faults.man"
same "tracker(5) has every fault" "$tmp/faults" "$tmp/faults.man"

# --- For those who change the source ---------------------------------------------------------------
#
# What lib/README.md and the like name is there: so a rename that leaves them behind is seen here. In
# `backticks`: a file by its name, a test as SUITE/what_holds, a function, a type, a target of make;
# and where it says `name` in `path`, there.
# Anywhere: a path below a folder of the source, in which CAPITALS and * stand for anything.

guides=(lib/README.md tests/README.md .github/CONTRIBUTING.md README.md)
source_files() { find lib metroplex notifier tests cron man -type f; }
source_files | grep -E '\.[ch]$' | xargs cat >"$tmp/source"
{ source_files; printf '%s\n' "${guides[@]}"; } | sed 's,.*/,,' >"$tmp/names"

quoted() { grep -oE '`[^`]+`' "$1" | tr -d '`'; }

is_path() { compgen -G "$1" >/dev/null || compgen -G "$(sed -E 's/[A-Z]{2,}/*/g' <<<"$1")" >/dev/null; }

paths_of() {
    grep -oE '(^|[^A-Za-z0-9_./*-])(\.github|cron|lib|man|metroplex|notifier|tests)/[A-Za-z0-9_./*-]*' "$1" |
        sed -E 's/^[^a-z.]//; s/[.,:]+$//'
    sed -nE 's/.*\]\(([^)#:]+)(#[^)]*)?\).*/\1/p' "$1" | while read -r link; do
        realpath -m --relative-to="$PWD" "$(dirname "$1")/$link"
    done
}

# SUITE NAME: a test of the unit suite, or of a suite of tests/system/.
is_test() {
    if [[ $1 == *_test ]]; then grep -qE "^def $2\(" tests/system/"$1".py; else grep -qhE "^Test\($1, $2[,)]" tests/unit/*.c; fi 2>/dev/null
}

for guide in "${guides[@]}"; do
    {
        paths_of "$guide" | sort -u | while read -r path; do is_path "$path" || is_test "${path%%/*}" "${path#*/}" || echo "there is no $path"; done
        quoted "$guide" | grep -xE '[a-z][A-Za-z0-9_-]*\.(c|h|py|sh|patch|txt|conf)' | sort -u | grep -vxE 'metroplex\.conf' |
            while read -r name; do grep -qxF -- "$name" "$tmp/names" || echo "there is no file $name"; done
        quoted "$guide" | grep -xE '[a-z_]+/[a-z0-9]+(_[a-z0-9]+){2,}' | sort -u |
            while IFS=/ read -r suite name; do is_test "$suite" "$name" || echo "there is no test $suite/$name"; done
        quoted "$guide" | grep -xE '[a-z]+_test' | sort -u | while read -r suite; do is_path "tests/system/$suite.*" || echo "there is no suite $suite"; done
        quoted "$guide" | grep -oE '^(mp_[a-z0-9_]+|Mp[A-Z][A-Za-z]+|MP_[A-Z0-9_]+)(\(\))?$' | tr -d '()' | sort -u |
            while read -r name; do grep -qwF -- "$name" "$tmp/source" || echo "there is no $name in the source"; done
        quoted "$guide" | grep -xE '[A-Za-z][A-Za-z0-9_]*\(\)' | tr -d '()' | sort -u |
            while read -r name; do grep -rqw --include='*.[ch]' --include='*.py' -- "$name" lib metroplex notifier tests || echo "there is no $name()"; done
        tr '\n' ' ' <"$guide" | grep -oE '`[A-Za-z_]+(\[\]|\(\))?`( and its neighbours)?,? +in +`[A-Za-z_./]+\.[a-z]+`' | tr -d '`()[]' | sort -u |
            while read -r name path; do path=${path##* }; grep -qwF -- "$name" "$path" || echo "$name is not in $path"; done
        tests/long/states.py --names >"$tmp/scenarios"
        grep -oE '`states\.py "[^"]+"`\*?' "$guide" | sed -E 's/^[^"]*//; s/`//' | sort -u | while read -r scenario; do
            grep -qxF -- "$(tr -d '"*' <<<"$scenario")" "$tmp/scenarios" || echo "there is no scenario $scenario"
            [[ $scenario != *\* ]] || grep -qE "^    .*${scenario%\*}," tests/system/states_test.py || echo "$scenario is not in the sample of states_test"
        done
        quoted "$guide" | sed -nE 's/^make ([a-z-]+).*/\1/p' | sort -u |
            while read -r target; do grep -qE "^\.PHONY:.* $target( |\$)|^$target:" Makefile || [[ $target == deps-* ]] || echo "there is no make $target"; done
        grep -oE '\b[A-Z_]{3,}\.md' "$guide" | sort -u | while read -r name; do grep -qxF -- "$name" "$tmp/names" || echo "there is no $name"; done
    } | nothing_wrong "$guide names what is there"
done

# FILE, for each file of the source: names in its comments. A bare one is of its own folder, others say theirs.
{
    find lib metroplex notifier -name '*.[ch]' -o -name '*.inc' | sort | while read -r file; do
        grep -vE '^ *# *include' "$file" | grep -E '^ *\*|/\*|^ +[^;{}]*$' | sed 's,^.*/\*, ,' |
            grep -oE '(^|[^A-Za-z0-9_."@/])[a-z][a-z0-9_/]*\.[ch]\b' | sed 's,^[^a-z],,' | sort -u | while read -r name; do
            [[ -e ${file%/*}/$name || -e lib/$name || -e $name ]] || echo "$file: there is no ${file%/*}/$name"
        done
    done
} | nothing_wrong "comments of the source name files that are there"

# ROOM ROOM, one a line: who may include whom, by the test that holds it and by the table of lib/README.md.
sed -nE '/^ARROWS/,/^}/s/^ *"([a-z]+)": \{(.*)\},?$/\1 \2/p' tests/system/includes_test.py | tr -d '",' |
    while read -r room others; do [[ ! -d lib/$room ]] || printf "$room %s\n" $others; done >"$tmp/arrows"
for room in lib/*/; do [[ $room == lib/po/ ]] || grep -qF "| \`$room\` |" README.md || echo "no row for $room"; done | nothing_wrong "README.md has every room"
for room in lib/*/; do [[ $room == lib/base/ || $room == lib/po/ ]] || echo "$(basename "$room") base"; done >>"$tmp/arrows"
sed -nE 's/^\| `([a-z]+)` \|[^|]*\|([^|]*)\|.*/\1 \2/p' lib/README.md | tr -d , |
    while read -r room others; do [[ ! -d lib/$room ]] || printf "$room %s\n" $others; done | grep ' .' >"$tmp/arrows.said"
same "lib/README.md has the arrows of includes_test" "$tmp/arrows" "$tmp/arrows.said"

# --- What is installed for building and testing ---------------------------------------------------

# TARGET…: what tests/deps would do as root on a machine that has nothing, a line a command.
deps_of_nothing() {
    mkdir -p "$tmp/nothing"
    rm -f "$tmp/nothing/did"
    printf '#!/bin/sh\necho "$*" >>%s/did\n' "$tmp/nothing" >"$tmp/nothing/sudo"
    printf '#!/bin/sh\necho 1000\n' >"$tmp/nothing/id"
    printf '#!/bin/sh\n[ "$2" != openssh-server ] || echo /usr/lib/systemd/system/ssh.service\n' >"$tmp/nothing/dpkg"
    printf '#!/bin/sh\n' | tee "$tmp/nothing/dpkg-query" >"$tmp/nothing/systemctl"
    chmod 755 "$tmp"/nothing/*
    PATH=$tmp/nothing:$PATH tests/deps "$@" >/dev/null </dev/null
    cat "$tmp/nothing/did"
}

{
    for_building=$(deps_of_nothing | grep 'apt-get install')
    for package in build-essential libgmime-3.0-dev git; do
        [[ "$for_building " == *" $package "* ]] || echo "make deps does not bring $package"
    done
    grep -oE 'clang|ruby|notmuch|btrfs|xfsprogs|openssh|postfix|swaks|systemd|criterion' <<<"$for_building"
    deps_of_nothing lint | grep -oE 'ruby|postfix|openssh'
    deps_of_nothing demo | grep -oE 'clang-(format|tidy)|ruby|openssh'
} | nothing_wrong "make deps brings what building needs, and each target what it needs"

# The package is built with what `make deps` brings, and with nothing else.
diff <(deps_of_nothing | grep -oE '[a-z0-9.-]+-dev|gettext|pkg-config' | sort -u) \
    <(sed -n '/^Build-Depends/,/^Standards/p' .debian/control | grep -oE '[a-z0-9.-]+-dev|gettext|pkg-config' | sort -u) |
    nothing_wrong "the package is built with what make deps brings"

{
    deps_of_nothing check >"$tmp/did"
    sed -n '/^tee .*policy-rc.d/,/^rm .*policy-rc.d/p' "$tmp/did" | grep -q 'apt-get install' || echo "services may start"
    grep -q 'systemctl --quiet disable ssh.service' "$tmp/did" || echo "sshd stays enabled"
} | nothing_wrong "what tests need neither starts nor is enabled"

# --- Installation ---------------------------------------------------------------------------------

make_with() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s BUILD="$build" DESTDIR="$tmp/root" "$@"; }

make_with install >"$tmp/install.log" 2>&1 || cat "$tmp/install.log" >"$tmp/install.error"
{
    cat "$tmp/install.error" 2>/dev/null
    for file in usr/bin/metroplex usr/bin/notifier usr/share/man/man8/metroplex.8 usr/share/man/man8/notifier.8 \
        usr/share/man/man5/metroplex.conf.5 usr/share/man/man5/tracker.5 etc/cron.d/metroplex \
        etc/logrotate.d/metroplex usr/lib/sysusers.d/metroplex.conf usr/lib/tmpfiles.d/metroplex.conf \
        lib/systemd/system/{metroplex.service,metroplex.path,metroplex.timer,notifier.service,notifier.timer}; do
        [[ -f $tmp/root/$file ]] || echo "$file is missing"
    done
    for file in man/* cron/*/* */completion/*; do # some are changed on their way, none is forgotten
        name=${file##*/}
        case $file in
        *.bash | *.cron) name=${name%.*} ;;
        *.awk) continue ;; # a part of others
        *.logrotate) name=logrotate.d/metroplex ;;
        *.sysusers) name=sysusers.d/metroplex.conf ;;
        *.tmpfiles) name=tmpfiles.d/metroplex.conf ;;
        esac
        find "$tmp/root" -path "*/$name" 2>/dev/null | grep -q . || echo "$file is not installed"
    done
    find "$tmp/root" -type f -perm /022 -printf '%P can be written by others\n' 2>&1
    find "$tmp/root" -type f ! -path '*/bin/*' ! -path '*/libexec/*' -perm /111 -printf '%P is executable\n' 2>&1
    for program in metroplex notifier; do
        for file in bash-completion/completions/$program:bash fish/vendor_completions.d/$program.fish:fish; do
            sed -e '/^@help.awk@$/{r metroplex/completion/help.awk' -e 'd;}' "$program/completion/$program.${file#*:}" |
                cmp - "$tmp/root/usr/share/${file%:*}"
        done
    done 2>&1
    [[ $(grep -rl 'END {' "$tmp"/root/usr/share/{bash-completion,fish,zsh} | wc -l) = 3 ]] || echo "not each completion can read --help"
} | nothing_wrong "make install puts every file where it belongs"

{
    cron=$tmp/root/etc/cron.d/metroplex
    { echo '# ours'; cat "$cron"; } >"$tmp/edited"
    cp "$tmp/edited" "$cron"
    make_with install >"$tmp/install.log" 2>&1
    cmp "$tmp/edited" "$cron" 2>&1
    diff <(tail -n +2 "$tmp/edited") "$cron.dpkg-new" 2>&1
    grep -qF "$cron.dpkg-new" "$tmp/install.log" || echo "it does not say where the new one is"
    [[ ! -e $tmp/root/etc/logrotate.d/metroplex.dpkg-new ]] || echo "what nobody changed is there twice"
} | nothing_wrong "make install leaves what was changed in /etc"

if command -v systemd-analyze >/dev/null; then
    # The same units, for programs that are where they say.
    make_with PREFIX="$tmp/prefix" DESTDIR= SYSCONFDIR="$tmp/etc" UNITDIR="$tmp/units" install >/dev/null 2>&1
    SYSTEMD_UNIT_PATH=$tmp/units: systemd-analyze verify --man=no "$tmp"/units/* 2>&1 | grep -F "$tmp" |
        nothing_wrong "systemd takes the units"
    for unit in metroplex notifier metroplex-pages metroplex-prune metroplex-repack; do
        systemd-analyze security --offline=true --threshold=15 --no-pager "$tmp/units/$unit.service" >"$tmp/$unit.security" 2>&1 ||
            tail -n 1 "$tmp/$unit.security"
    done | nothing_wrong "systemd rates the exposure of the services at most 1.5"
else
    skip "systemd-analyze is not installed: no unit was looked at" 2
fi

# What the package's purge leaves in an /etc, /var and /srv of its own; $1 and $2 are set there, before it runs.
purge_with() {
    unshare --map-root-user --mount sh -ec 'for place in /etc /var /srv; do mount -t tmpfs none $place; done
        mkdir -p /etc/metroplex /srv/threads /var/log/mail-replies && echo key >/etc/metroplex/address-keys
        printf "%b" "$1" >/etc/metroplex/metroplex.conf; [ -z "$2" ] || mkdir "$2"
        sh .debian/postrm purge 2>&1; find /etc/metroplex /var/log 2>&1 -type f' sh "$1" "$2"
}

if unshare --map-root-user --mount mount -t tmpfs none /srv 2>/dev/null && [[ ! -e /data/user/tracker.git ]]; then
    {
        diff <(purge_with '[instance]\n data = /srv/threads\n' /srv/threads/tracker.git) - <<<"\
metroplex: the threads in /srv/threads and /etc/metroplex/address-keys are left; remove them by hand
/etc/metroplex/address-keys"
        purge_with '[instance]\ndata=/srv/threads\n' ''
        purge_with '' ''
    } | grep -v '^find: .*No such file' | nothing_wrong "purging the package leaves the keys of threads that are left, wherever these are"
else
    skip "no namespace can be made: nothing was purged" 1
fi

make_with uninstall >"$tmp/uninstall.log" 2>&1
{
    cmp "$tmp/edited" "$tmp/root/etc/cron.d/metroplex" 2>&1
    grep -qF "$tmp/root/etc/cron.d/metroplex was changed" "$tmp/uninstall.log" || echo "it does not say what it leaves"
    find "$tmp/root" ! -type d ! -path "$tmp/root/etc/cron.d/metroplex" -printf '%P is left\n'
} | nothing_wrong "make uninstall leaves what was changed in /etc, and nothing else"

mkdir -p "$tmp/root/usr/share/fish" && touch "$tmp/root/usr/share/fish/of-others"
make_with install >/dev/null 2>&1
rm "$tmp/root/etc/cron.d/metroplex"* && make_with install >/dev/null 2>&1 # nothing is changed any more
make_with uninstall >/dev/null 2>&1
diff <(printf '%s\n' root usr usr/share usr/share/fish usr/share/fish/of-others) <(cd "$tmp" && find root -printf '%P\n' | sed 's/^$/root/' | sort) 2>&1 |
    nothing_wrong "make uninstall removes all of it, and directories that nobody else has files in"

{
    make_with help >"$tmp/help"
    sed -n 's/^\.PHONY: //p' Makefile | tr ' ' '\n' | while read -r target; do
        grep -qE "^  make $target  *[^ ]" "$tmp/help" || echo "$target is not in it"
    done
} 2>&1 | nothing_wrong "make help has every target"

echo "$passed passed, $failed failed$( ((skipped)) && echo ", $skipped skipped")"
[[ $failed == 0 ]]
