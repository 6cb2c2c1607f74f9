#!/bin/sh
# The demo works, twice in a row, and leaves nothing behind.
bin=$(dirname "${METROPLEX:-build/bin/metroplex}")
here=$(dirname "$0")
. "$here/../lib/names.sh"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0 failed=0
note() { # STATUS NAME
    if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "ok $2"; else
        failed=$((failed + 1)); echo "not ok $2"; tail -n 30 "$out"; fi
}
before=$(ls -d /tmp/metroplex-demo.* 2>/dev/null)
for run in first second; do
    "$here/../demo/demo.sh" "$bin" >"$out" 2>&1 </dev/null
    note $? "the $run run of the demo ends with status 0"
    grep -q '^Done: 2 comments posted, 1 forged address refused, 4 notifications sent on\.$' "$out"
    note $? "the $run run says what was done"
done
[ "$before" = "$(ls -d /tmp/metroplex-demo.* 2>/dev/null)" ]
note $? "nothing is left behind"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
