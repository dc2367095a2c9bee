#!/usr/bin/env bash
# tests/run.sh reports what fails, crashes, hangs or says nothing. The programs here are scripts.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

run() { # the program's text on standard input
    { echo '#!/bin/sh' && cat; } > "$work/x_test"
    chmod +x "$work/x_test"
    out=$(bash "$root/tests/run.sh" "$work/x_test" 2>&1)
    status=$?
    last=$(tail -1 <<< "$out")
}
expect() { # NAME LAST-LINE STATUS [REGEX]
    is "$last" "$2" "$1: counted"
    is "$status" "$3" "$1: exit status"
    [ $# -lt 4 ] || like "$out" "$4" "$1: says why"
}

run <<< 'printf "1..2\nok 1 - a\nok 2\n"'
expect "passing" "2 passed, 0 failed" 0
unlike "$out" '^ok 1' "passing: output is not shown"

run <<< 'printf "1..2\nok 1 - a\nnot ok 2 - b\n# the reason\n"; echo "to stderr" >&2; exit 1'
expect "a failing test" "1 passed, 1 failed" 1 'the reason'
like "$out" '^to stderr' "a failing test: error output is shown"

run <<< 'printf "1..2\nok 1 - a\nnot ok 2 - b\n"'
expect "a failing test with exit 0" "1 passed, 1 failed" 1

run <<< 'printf "1..2\nok 1 - a\n"; kill -SEGV $$'
expect "a crash" "1 passed, 1 failed" 1 'signal 11'

run <<< 'printf "1..1\nok 1 - a\n"; kill -ABRT $$'
expect "a crash after the last test" "1 passed, 1 failed" 1 'signal 6'

run <<< 'printf "1..1\nok 1 - a\n"; exit 23'
expect "a sanitizer's exit status" "1 passed, 1 failed" 1 'exit status 23'

run <<< 'exit 0'
expect "an empty program" "0 passed, 1 failed" 1 'printed no plan'

run <<< 'printf "ok 1 - a\n"'
expect "no plan" "1 passed, 1 failed" 1 'printed no plan'

run <<< 'printf "1..0\n"'
expect "a program without a test" "0 passed, 1 failed" 1 'holds no test'

run <<< 'printf "1..3\nok 1\nok 2\n"'
expect "fewer results than planned" "2 passed, 1 failed" 1 'planned 3 tests, reported 2'

run <<< 'printf "1..2\nok 1 - a # SKIP no browser\nnot ok 2 # SKIP b\n"'
expect "skipped tests" "0 passed, 0 failed, 2 skipped" 0 'no browser'

run <<< 'printf "1..0 # SKIP no websocat\n"'
expect "a skipped program" "0 passed, 0 failed, 1 skipped" 0 'no websocat'

run <<< 'printf "1..1\nok 1\n1..2\nok 1\nok 2\n"'
expect "two groups in one program" "3 passed, 0 failed" 0

export TEST_TIMEOUT=1
run <<< 'printf "1..1\n"; exec sleep 60'
expect "a program that hangs" "0 passed, 1 failed" 1 'stopped after 1 seconds'
unset TEST_TIMEOUT

run <<< '[ -d "$WEFT_TMP" ] && [ -z "$(ls -A "$WEFT_TMP")" ] && printf "1..1\nok 1\n"; touch "$WEFT_TMP/left"'
expect "an empty folder of its own" "1 passed, 0 failed" 0

out=$(bash "$root/tests/run.sh" nonsense 2>&1)
is "$?" 1 "an unknown group fails"
like "$out" 'no group named nonsense' "an unknown group is named"

if command -v node > /dev/null; then
    mkdir "$work/n"
    cat > "$work/n/x.test.mjs" << 'JS'
import { describe, it, test } from 'node:test';
test('a', () => {});
describe('suite', () => {
  it('b', () => {});
  it.skip('c', () => {});
  it('d', () => { throw new Error('planted'); });
});
JS
    out=$(bash "$root/tests/run.sh" "$work/n/x.test.mjs" 2>&1)
    is "$(tail -1 <<< "$out")" "2 passed, 1 failed, 1 skipped" "node: the tests in suites are counted"
    like "$out" 'planted' "node: the error is shown"
    echo 'throw new Error("at load")' > "$work/n/x.test.mjs"
    out=$(bash "$root/tests/run.sh" "$work/n/x.test.mjs" 2>&1)
    like "$(tail -1 <<< "$out")" '^0 passed, [1-9]+ failed$' "node: a file that does not load fails"
    echo '' > "$work/n/x.test.mjs"
    out=$(bash "$root/tests/run.sh" "$work/n/x.test.mjs" 2>&1)
    like "$(tail -1 <<< "$out")" '^0 passed, [1-9]+ failed$' "node: a file without a test fails"
else
    skip "node's tests are counted" "node is not installed"
fi
done_testing
