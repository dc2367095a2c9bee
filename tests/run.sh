#!/usr/bin/env bash
# run.sh [--build DIR] [--variant NAME] GROUP... - run test programs, read their TAP, count.
#
# Groups: sim (the simulator), unit, property, replay (fuzz corpora), lint, tools, web, e2e, fault, or
# all. A path to one program or script is a group too. Programs are found by name:
#
#   sim            DIR/NAME/tools/weft-sim              twice, each from its own seeds
#   unit property  DIR/NAME/tests/<group>/*_test        cmocka, one program per file
#   replay         DIR/NAME/tests/replay/*_fuzz         fuzz targets over their corpus
#   lint tools e2e web fault  tests/<group>/*_test.sh   scripts that print TAP
#                  tests/<group>/*.test.mjs, *_test.mjs   node's own test runner
#
# A program that crashes, exits non-zero, prints no plan, fewer results than planned or nothing at
# all counts as one failure more. The output of a failing program is shown in full. The last line
# is `N passed, N failed`, with `, N skipped` where some were; the exit status is 1 after a failure.
#
# Programs of sim, unit, property and replay and those given by path run TEST_JOBS at a time (default: one
# for each processor); the others run alone. Each result is printed whole and in the order of the
# names. A line `# proved: ...` of a program, what it counted, is shown whether it passed or not.
#
# Programs find: WEFT_BIN the server, WEFT_BUILD the variant's folder, WEFT_ROOT the tree,
# WEFT_TMP an empty folder of their own, PATH with websocat where there is one.
# TEST_TIMEOUT=seconds bounds one program (default 300; 900 under a sanitizer). WEFT_PERCENT says how
# much of its usual number of random cases a program plays: 10 where the build is a slow one.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
build=build variant=release groups=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2 && shift 2 ;;
    --variant) variant=$2 && shift 2 ;;
    all) groups+=(sim property unit replay lint tools web e2e fault) && shift ;;
    *) groups+=("$1") && shift ;;
    esac
done
case $build in /*) ;; *) build=$root/$build ;; esac
case $variant in asan | tsan | debug | cov) limit=900 ;; *) limit=300 ;; esac
limit=${TEST_TIMEOUT:-$limit}
case $variant in asan | tsan | debug | cov) export WEFT_PERCENT=${WEFT_PERCENT:-10} ;; esac
jobs=${TEST_JOBS:-$(nproc 2> /dev/null || echo 1)}

export WEFT_ROOT=$root WEFT_BUILD=$build/$variant WEFT_BIN=$build/$variant/weft
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
PATH=$PATH:$root/build/tools-cache/bin:${HOME:-/}/.cargo/bin

work=$(mktemp -d "${TMPDIR:-/tmp}/weft-tests.XXXXXX") || exit 1
trap 'running=$(jobs -p); [ -z "$running" ] || { kill $running; wait; } 2> /dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

passed=0 failed=0 skipped=0 failures=()

# count FILE - print "passed failed skipped planned results" of a TAP stream. Only lines that are not
# indented are read; for node's nested suites its closing `# pass 12` lines are taken instead.
count() {
    awk '
        /^1\.\.[0-9]+/ { split($0, plan, /[. ]+/); planned += plan[2]; plans++; next }
        /^(not )?ok([ \t]|$)/ {
            results++
            if (toupper($0) ~ /# *(SKIP|TODO)/) skipped++
            else if (/^ok/) passed++
            else failed++
        }
        /^# (pass|fail|cancelled|skipped|todo) [0-9]+$/ { node[$2] = $3; nodes++ }
        END {
            if (nodes == 5) {
                passed = node["pass"]
                failed = node["fail"] + node["cancelled"]
                skipped = node["skipped"] + node["todo"]
            }
            print passed + 0, failed + 0, skipped + 0, (plans ? planned : -1), results + 0
        }
    ' "$1"
}

# Programs get a number in the order they were found. Each is played in a folder of its own, $work/N,
# and told about once every program before it has been: what is printed does not depend on who was
# faster, and nothing of two programs is ever mixed.
names=() told=0 running=0

# play N COMMAND... - in the background: output, error output, status and time go to $work/N.
play() {
    local at=$work/$1 start=$EPOCHREALTIME status pid
    shift
    trap 'kill "$pid" 2> /dev/null; wait "$pid"; exit 143' TERM
    WEFT_TMP=$at/tmp timeout -k 10 "$limit" "$@" > "$at/out" 2> "$at/err" < /dev/null &
    pid=$!
    wait "$pid"
    status=$?
    awk -v a="$start" -v b="$EPOCHREALTIME" -v s="$status" \
        'BEGIN { printf "%d %.1f\n", s, b - a }' > "$at/end.part"
    mv "$at/end.part" "$at/end"
}

# tell N - count and print one program that has ended.
tell() {
    local at=$work/$1 name=${names[$1]} status seconds p f s planned results why=()
    if [ -f "$at/skip" ]; then
        printf '%-44s %5d passed, 1 skipped  (0.0 s)\n    %s\n' "$name" 0 "$(cat "$at/skip")"
        skipped=$((skipped + 1))
        return
    fi
    read -r status seconds < "$at/end"
    read -r p f s planned results < <(count "$at/out")

    if [ "$status" = 124 ] || [ "$status" = 137 ]; then
        why+=("stopped after $limit seconds")
    elif [ "$status" -gt 128 ]; then
        why+=("died of signal $((status - 128))")
    elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
        why+=("exit status $status although no test failed")
    fi
    if [ "$planned" -lt 0 ]; then
        why+=("printed no plan")
    elif [ "$planned" != "$results" ]; then
        why+=("planned $planned tests, reported $results")
    elif [ "$results" = 0 ] && ! grep -qi '^1\.\.0.*# *skip' "$at/out"; then
        why+=("holds no test")
    elif [ "$results" = 0 ]; then
        s=1
    fi
    # A program that broke is one failure, on top of those it counted itself.
    [ ${#why[@]} = 0 ] || f=$((f + 1))

    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    local line
    line=$(printf '%-44s %5d passed' "$name" "$p")
    [ "$f" = 0 ] || line+=", $f failed"
    [ "$s" = 0 ] || line+=", $s skipped"
    printf '%s  (%s s)\n' "$line" "$seconds"
    sed -n 's/^# proved: /    /p' "$at/out"
    if [ "$s" != 0 ]; then
        grep -iE '^ *(not )?ok.*# *(skip|todo)|^1\.\.0.*# *skip' "$at/out" | sed 's/^ */    /'
    fi
    if [ "$f" != 0 ]; then
        failures+=("$name${why[*]:+: $(printf '%s; ' "${why[@]}" | sed 's/; $//')}")
        printf -- '---- %s: output ----\n' "$name"
        cat "$at/out"
        if [ -s "$at/err" ]; then
            printf -- '---- %s: error output ----\n' "$name"
            cat "$at/err"
        fi
        printf -- '---- %s: end%s ----\n' "$name" "${why[*]:+ (${why[*]})}"
    fi
}

# Tells about every program that has ended and whose turn it is.
tell_ended() {
    while [ "$told" -lt ${#names[@]} ]; do
        [ -f "$work/$told/end" ] || [ -f "$work/$told/skip" ] || return 0
        tell "$told"
        rm -rf "${work:?}/$told"
        told=$((told + 1))
    done
}

# settle MOST - waits until at most MOST programs are running.
settle() {
    while [ "$running" -gt "$1" ]; do
        wait -n 2> /dev/null
        running=$((running - 1))
        tell_ended
    done
    if [ "$1" = 0 ]; then
        wait
        tell_ended
    fi
}

# start MOST NAME COMMAND... - runs a program beside MOST - 1 others.
start() {
    local most=$1 n=${#names[@]}
    names+=("$2")
    shift 2
    settle $((most - 1))
    mkdir -p "$work/$n/tmp"
    play "$n" "$@" &
    running=$((running + 1))
    [ "$most" -gt 1 ] || settle 0
}

skip_one() { # NAME REASON
    local n=${#names[@]}
    names+=("$1")
    mkdir "$work/$n"
    echo "$2" > "$work/$n/skip"
    tell_ended
}

run_path() { # MOST PATH
    local most=$1 path=$2 name=${2#"$build/$variant/"}
    name=${name#"$root"/}
    case $path in
    *.mjs | *.js)
        if ! command -v node > /dev/null; then
            skip_one "$name" "node is not installed"
        else
            start "$most" "$name" node --test-reporter=tap "$path"
        fi
        ;;
    *.sh) start "$most" "$name" bash "$path" ;;
    *) start "$most" "$name" "$path" ;;
    esac
}

shopt -s nullglob
for group in "${groups[@]}"; do
    case $group in
    */*) run_path "$jobs" "$group" ;;
    sim)
        for part in 1 2; do
            start "$jobs" "tools/weft-sim --part $part" "$build/$variant/tools/weft-sim" --tap --part $part
        done
        ;;
    unit | property | replay)
        # Only what has a source now: a program left over from a removed test is not run.
        for path in "$build/$variant/tests/$group"/*_{test,fuzz}; do
            source=tests/${group/replay/fuzz}/${path##*/}.c
            [ -x "$path" ] && [ -f "$source" ] && run_path "$jobs" "$path"
        done
        ;;
    lint | tools | web | e2e | fault)
        # These start servers and browsers and build things: one at a time.
        settle 0
        for path in tests/"$group"/*_test.sh tests/"$group"/*.test.mjs tests/"$group"/*_test.mjs; do
            run_path 1 "$path"
        done
        ;;
    *)
        echo "run.sh: no group named $group" >&2
        failed=$((failed + 1))
        ;;
    esac
done
settle 0
if [ "$told" != ${#names[@]} ]; then
    failures+=("${names[$told]}: it left no result behind")
    failed=$((failed + 1))
fi

if [ ${#failures[@]} != 0 ]; then
    printf '\nfailed:\n'
    printf '  %s\n' "${failures[@]}"
fi
if [ $((passed + failed + skipped)) = 0 ]; then
    echo "run.sh: no test was found" >&2
    failed=1
fi
printf '\n%d passed, %d failed' "$passed" "$failed"
[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
printf '\n'
[ "$failed" = 0 ]
