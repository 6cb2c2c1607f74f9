#!/usr/bin/env bash
# Runs fuzz targets one after the other and counts: run.sh DIR SECONDS TARGET…
# Ends with 1 if one found a crash; the input that does it is left in DIR/found.
set -uo pipefail

dir=$1 seconds=$2 here=$(dirname "$0") total=0 failed=0
shift 2
mkdir -p "$dir/found"
for target in "$@"; do
    corpus=$dir/corpus/$target seeds=()
    mkdir -p "$corpus"
    for place in "$here/seeds/$target" "$here"/../fixtures/{mails,replies}; do
        [[ -d $place && ($place == *seeds* || $target == message) ]] && seeds+=("$place")
    done
    # the library's own tables are never freed: only what grows from input to input is a leak
    "$dir/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
        -artifact_prefix="$dir/found/$target-" "$corpus" ${seeds[@]+"${seeds[@]}"} >"$dir/$target.log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$target.log")
    total=$((total + ${runs:-0}))
    if [[ $status == 0 ]]; then
        printf '%-10s %10d executions\n' "$target" "$runs"
    else
        failed=1
        printf '%-10s FAILED after %s: see %s\n' "$target" "${runs:-?}" "$dir/$target.log"
    fi
done
printf '%-10s %10d executions\n' all "$total"
exit $failed
