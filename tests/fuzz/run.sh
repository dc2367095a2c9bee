#!/usr/bin/env bash
# run.sh SECONDS - run every libFuzzer target of build/fuzz for so long. New inputs go to
# build/fuzz/corpus, never into the tree; a crash is kept in build/fuzz and named at the end.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
seconds=${1:-30} build=${2:-build} failed=0 count=0
for target in "$build"/fuzz/fuzz/*_fuzz; do
    name=${target##*/}
    [ -x "$target" ] && [ -f "tests/fuzz/$name.c" ] || continue
    count=$((count + 1))
    mkdir -p "$build/fuzz/corpus/$name" "$build/fuzz/crash"
    seeds=tests/fuzz/corpus/${name%_fuzz}
    [ -d "$seeds" ] || seeds=
    dict=tests/fuzz/${name%_fuzz}.dict
    echo "fuzz: $name for $seconds s"
    # shellcheck disable=SC2086 # seeds may be nothing
    "$target" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$build/fuzz/crash/$name-" ${dict:+$([ -f "$dict" ] && echo -dict="$dict")} \
        "$build/fuzz/corpus/$name" $seeds > "$build/fuzz/$name.log" 2>&1 || {
        failed=$((failed + 1))
        tail -60 "$build/fuzz/$name.log"
        echo "fuzz: $name FAILED, input in $build/fuzz/crash/"
    }
    grep -E 'number_of_executed_units|average_exec_per_sec' "$build/fuzz/$name.log" | sed 's/^/    /'
done
echo "fuzz: $count targets, $failed failed"
[ "$failed" = 0 ]
