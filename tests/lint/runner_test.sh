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

# Several at once. Each waits until all are running and they end last one first: told in turn, whole.
together() { # JOBS
    rm -rf "$work/met" && mkdir "$work/met"
    out=$(TEST_JOBS=$1 MET=$work/met bash "$root/tests/run.sh" \
        "$work/p/a_test" "$work/p/b_test" "$work/p/c_test" 2> "$work/told")
    status=$?
    last=$(tail -1 <<< "$out")
}
mkdir "$work/p"
member() { # NAME BEFORE-IT-ENDS RESULT STATUS
    cat > "$work/p/$1_test" << SH
#!/bin/sh
echo "1..2"
echo "ok 1 - $1 begins"
echo "# proved: $1 counted"
touch "\$WEFT_TMP/$1"
echo \$\$ > "\$MET/$1.pid" && mv "\$MET/$1.pid" "\$MET/$1"
until $2; do :; done
[ "\$(ls "\$WEFT_TMP")" = $1 ] && echo "$3 2 - $1 ends"
touch "\$MET/$1.ended"
exit $4
SH
    chmod +x "$work/p/$1_test"
}
here='[ -e "$MET/a" ] && [ -e "$MET/b" ] && [ -e "$MET/c" ]'
member a "$here"' && [ -e "$MET/b.ended" ]' ok 0
member b "$here"' && [ -e "$MET/c.ended" ]' "not ok" 1
member c "$here" ok 0
together 3
expect "three at once, one fails" "5 passed, 1 failed" 1
is "$(sed -n 's|.*/p/\(._test\) .*|\1|p' <<< "$out" | tr '\n' ' ')" "a_test b_test c_test " \
    "three at once: told in the order they were named"
is "$(sed -n '/: output ----$/,/: end ----$/p' <<< "$out" | sed '1d;$d' | tr '\n' ';')" \
    "1..2;ok 1 - b begins;# proved: b counted;not ok 2 - b ends;" \
    "three at once: the output of the one that failed is whole and alone"
is "$(grep -c '^    [abc] counted$' <<< "$out")" 3 "three at once: what each counted is shown"
is "$(cat "$work/told")" "" "three at once: nothing on error output"

member a true ok 0
member b true "not ok" 1
member c true ok 0
together 1
expect "the same one by one" "5 passed, 1 failed" 1
member a true ok 0
member b 'kill -KILL $$' ok 0
together 2
expect "one of them is killed" "5 passed, 1 failed" 1 'stopped|signal'

# Interrupted, it leaves no program and no folder behind.
member a '[ -e "$MET/never" ]' ok 0
member b '[ -e "$MET/never" ]' ok 0
rm -rf "$work/met" && mkdir "$work/met" "$work/scratch"
TMPDIR=$work/scratch TEST_JOBS=2 MET=$work/met bash "$root/tests/run.sh" "$work/p/a_test" \
    "$work/p/b_test" > "$work/told" 2>&1 &
pid=$!
until [ -e "$work/met/a" ] && [ -e "$work/met/b" ]; do :; done
kill -TERM "$pid"
wait "$pid"
is "$?" 130 "interrupted: exit status"
is "$(ls "$work/scratch")" "" "interrupted: its folder is gone"
! kill -0 "$(cat "$work/met/a")" "$(cat "$work/met/b")" 2> /dev/null
ok $? "interrupted: its programs are gone"

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
