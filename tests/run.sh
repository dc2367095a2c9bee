#!/usr/bin/env bash
# run.sh [--build DIR] [--variant NAME] GROUP... - run test programs, read their TAP, count.
#
# Groups: unit, property, replay (fuzz corpora), lint, tools, web, e2e, or all. A path to one
# program or script is a group too. Programs are found by name:
#
#   unit property  DIR/NAME/tests/<group>/*_test        cmocka, one program per file
#   replay         DIR/NAME/tests/replay/*_fuzz         fuzz targets over their corpus
#   lint tools e2e web   tests/<group>/*_test.sh        scripts that print TAP
#                  tests/<group>/*.test.mjs, *_test.mjs   node's own test runner
#
# A program that crashes, exits non-zero, prints no plan, fewer results than planned or nothing at
# all counts as one failure more. The output of a failing program is shown in full. The last line
# is `N passed, N failed`, with `, N skipped` where some were; the exit status is 1 after a failure.
#
# Programs find: WEFT_BIN the server, WEFT_BUILD the variant's folder, WEFT_ROOT the tree,
# WEFT_TMP an empty folder of their own, PATH with websocat where there is one.
# TEST_TIMEOUT=seconds bounds one program (default 300; 900 under a sanitizer).
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
build=build variant=release groups=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2 && shift 2 ;;
    --variant) variant=$2 && shift 2 ;;
    all) groups+=(unit property replay lint tools web e2e) && shift ;;
    *) groups+=("$1") && shift ;;
    esac
done
case $build in /*) ;; *) build=$root/$build ;; esac
case $variant in asan | tsan | debug | cov) limit=900 ;; *) limit=300 ;; esac
limit=${TEST_TIMEOUT:-$limit}

export WEFT_ROOT=$root WEFT_BUILD=$build/$variant WEFT_BIN=$build/$variant/weft
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
PATH=$PATH:$root/build/tools-cache/bin:${HOME:-/}/.cargo/bin

work=$(mktemp -d "${TMPDIR:-/tmp}/weft-tests.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
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

# run_one NAME COMMAND... - one program: run, count, report.
run_one() {
    local name=$1 status start seconds p f s planned results why=()
    shift
    rm -rf "$work/tmp" && mkdir "$work/tmp"
    start=$EPOCHREALTIME
    WEFT_TMP=$work/tmp timeout -k 10 "$limit" "$@" > "$work/out" 2> "$work/err" < /dev/null
    status=$?
    seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
    read -r p f s planned results < <(count "$work/out")

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
    elif [ "$results" = 0 ] && ! grep -qi '^1\.\.0.*# *skip' "$work/out"; then
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
    if [ "$s" != 0 ]; then
        grep -iE '^ *(not )?ok.*# *(skip|todo)|^1\.\.0.*# *skip' "$work/out" | sed 's/^ */    /'
    fi
    if [ "$f" != 0 ]; then
        failures+=("$name${why[*]:+: $(printf '%s; ' "${why[@]}" | sed 's/; $//')}")
        printf -- '---- %s: output ----\n' "$name"
        cat "$work/out"
        if [ -s "$work/err" ]; then
            printf -- '---- %s: error output ----\n' "$name"
            cat "$work/err"
        fi
        printf -- '---- %s: end%s ----\n' "$name" "${why[*]:+ (${why[*]})}"
    fi
}

skip_one() { # NAME REASON
    printf '%-44s %5d passed, 1 skipped  (0.0 s)\n    %s\n' "$1" 0 "$2"
    skipped=$((skipped + 1))
}

run_path() {
    local path=$1 name=${1#"$build/$variant/"}
    name=${name#"$root"/}
    case $path in
    *.mjs | *.js)
        if ! command -v node > /dev/null; then
            skip_one "$name" "node is not installed"
        else
            run_one "$name" node --test-reporter=tap "$path"
        fi
        ;;
    *.sh) run_one "$name" bash "$path" ;;
    *) run_one "$name" "$path" ;;
    esac
}

shopt -s nullglob
for group in "${groups[@]}"; do
    case $group in
    */*) run_path "$group" ;;
    unit | property | replay)
        # Only what has a source now: a program left over from a removed test is not run.
        for path in "$build/$variant/tests/$group"/*_{test,fuzz}; do
            source=tests/${group/replay/fuzz}/${path##*/}.c
            [ -x "$path" ] && [ -f "$source" ] && run_path "$path"
        done
        ;;
    lint | tools | web | e2e)
        for path in tests/"$group"/*_test.sh tests/"$group"/*.test.mjs tests/"$group"/*_test.mjs; do
            run_path "$path"
        done
        ;;
    *)
        echo "run.sh: no group named $group" >&2
        failed=$((failed + 1))
        ;;
    esac
done

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
