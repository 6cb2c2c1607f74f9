#!/bin/sh
# Plants bugs, one at a time, and shows that the suite finds each.
#
#   tests/long/planted.sh [WORD]      only those with WORD in their names
#
# A bug is tests/long/planted/NAME.patch; its second line says which part of the suite is to find it, and
# more such lines which others are (each must also be good without it: make check-long says so). A part
# that cannot be run on what is planted has found nothing. Built in a copy.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
caught=0 missed=0

planted() { ls "$top"/tests/long/planted/ | grep -F -- "$1" | grep '\.patch$'; }
[ -n "$(planted "${1:-.patch}")" ] || { echo "not ok $1: no bug has this in its name"; echo "0 passed, 1 failed"; exit 1; }

# Whether a part of the suite finds what is planted.
find_by() {
    # shellcheck disable=SC2086
    METROPLEX=$work/copy/build/bin/metroplex NOTIFIER=$work/copy/build/bin/notifier \
        "$work/copy/tests/long/"$1 >"$work/out" 2>&1
    if grep '^not ok' "$work/out" | grep -qv 'RuntimeError: no such operation'; then
        echo "ok $name: caught by $1:"
        sed -n 's/^    / # /p' "$work/out" | head -1 | cut -c1-140
        sed -n 's/^not ok \([a-z_]*: [A-Z].*\)/ # \1/p' "$work/out" | cut -c1-140
        caught=$((caught + 1))
    else
        say_missed "not caught by $1"
        tail -3 "$work/out"
    fi
}

say_missed() { echo "not ok $name: $1"; missed=$((missed + 1)); }

for patch in "$top"/tests/long/planted/*"${1:-}"*.patch; do
    name=$(basename "$patch" .patch)
    suites=$(sed -n 's/^Suite: //p' "$patch")
    [ -n "$suites" ] || { say_missed "does not say by what it is to be caught"; continue; }
    rm -rf "$work/copy" && mkdir "$work/copy"
    (cd "$top" && cp -a Makefile lib metroplex notifier tests "$work/copy/")
    cp -a "${BUILD:-$top/build}" "$work/copy/build"
    patch -s -p1 --fuzz=0 -d "$work/copy" <"$patch" || { say_missed "the patch does not apply"; continue; }
    make -s -C "$work/copy" BUILD=build all build/bin/killat >"$work/make" 2>&1 ||
        { say_missed "does not build"; tail -5 "$work/make"; continue; }
    while read -r suite; do
        find_by "$suite" </dev/null
    done <<EOF
$suites
EOF
done
echo "$caught passed, $missed failed"
[ "$missed" = 0 ]
