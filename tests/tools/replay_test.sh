#!/usr/bin/env bash
# weft-replay plays a trace and says what came out; what is no trace it names, with its line.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${WEFT_BUILD:-$root/build/release}/weft-replay
work=${WEFT_TMP:-$(mktemp -d)}
[ -x "$bin" ] || { echo "Bail out! no $bin: \`make tools\` builds it"; exit 1; }

replay() { # ARG...: the outcome in out, err and status
    out=$("$bin" "$@" 2> "$work/err")
    status=$?
    err=$(cat "$work/err")
}
plays() { # NAME TEXT ARG...: the file that NAME says on standard input becomes TEXT
    local name=$1 want
    want=$(printf "$2" | sha256sum | cut -d' ' -f1)
    shift 2
    cat > "$work/t.patches"
    replay "$@" "$work/t.patches"
    is "$status" 0 "$name: exit status"
    like "$out" "^ms=[0-9]+\.[0-9]{3} sha256=$want\$" "$name: the text that came out"
    is "$err" "" "$name: nothing else said"
    is "$(wc -l <<< "$out")" 1 "$name: one line"
}
refuses() { # NAME REGEX: a broken trace on standard input
    cat > "$work/t.patches"
    replay --repeat 2 "$work/t.patches"
    is "$status" 1 "$1: exit status"
    is "$out" "" "$1: no figure"
    like "$err" "^weft-replay: $work/t.patches:$2" "$1: says where and what"
}
misused() { # NAME REGEX ARG...
    local name=$1 regex=$2
    shift 2
    replay "$@"
    is "$status" 2 "$name: exit status"
    is "$out" "" "$name: no figure"
    like "$err" "^weft-replay: $regex" "$name: says what"
}

plays "inserts and deletes" 'Hallo, Welt!\n' << 'T'
0 0 "Hello"
5 0 " Welt!\n"
1 1 "a"
5 0 ","
1 0 ""
T
plays "one repeat" 'ab' --repeat 1 <<< '0 0 "ab"'
plays "an even number of repeats" 'ab' --repeat 4 <<< '0 0 "ab"'
plays "escapes, and positions in code points" '\\"\t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x01!' << 'T'
0 0 "\\\"\t\u00e4€\ud83d\ude00\u0001?"
7 1 "!"
T
plays "no edits" '' < /dev/null
plays "no line feed at the end" 'x' < <(printf '0 0 "x"')
plays "a deletion and an insertion in one patch" 'abXYef' < <(printf '0 0 "abcdef"\n2 2 "XY"\n')
# Enough text for many leaves: 2,000 lines typed, each third one taken away again.
awk 'BEGIN {
    for (i = 0; i < 2000; i++) printf "%d 0 \"line %04d: some words\\n\"\n", i * 22, i
    for (i = 1999; i >= 0; i--) if (i % 3 == 0) printf "%d 22 \"\"\n", i * 22
}' > "$work/long"
want=$(awk 'BEGIN { for (i = 0; i < 2000; i++) if (i % 3) printf "line %04d: some words\n", i }' |
    sha256sum | cut -d' ' -f1)
replay --repeat 3 "$work/long"
like "$out" " sha256=$want\$" "a text of many leaves"

refuses "a position past the end" '2: a position or length lies outside' < <(printf '0 0 "a"\n2 0 "b"\n')
refuses "a deletion past the end" '2: a position or length lies outside' < <(printf '0 0 "a"\n0 2 ""\n')
refuses "no string" '1: ' <<< '0 0'
refuses "no number" '1: expected: position deleted "inserted"' <<< 'x 0 "a"'
refuses "a negative number" '1: expected: position' <<< '-1 0 "a"'
refuses "a number too large" '1: expected: position' <<< '4294967296 0 "a"'
refuses "one number" '1: expected: position' <<< '0 "a"'
refuses "an empty line" '2: expected: position' < <(printf '0 0 "a"\n\n0 0 "b"\n')
refuses "a string without its end" '1: ' <<< '0 0 "a'
refuses "something behind the string" '1: ' <<< '0 0 "a" 7'
refuses "what is not a string" '1: the third field is not a string' <<< '0 0 7'
refuses "half a surrogate pair" '1: ' <<< '0 0 "\ud83d"'
refuses "a NUL" '1: text is not valid' <<< '0 0 "a\u0000"'
refuses "broken UTF-8" '1: ' < <(printf '0 0 "\xff"\n')
replay "$work/none"
is "$status" 1 "no such file: exit status"
like "$err" "^weft-replay: $work/none: No such file" "no such file: named"
replay "$work"
is "$status" 1 "a folder: exit status"
like "$err" "^weft-replay: $work: Is a directory" "a folder: named"
"$bin" --repeat 1 "$work/long" > /dev/full 2> /dev/null
is "$?" 1 "a full disk: exit status"

misused "no file" "no file"
misused "two files" "more than one file: b" a b
misused "an unknown flag" "unknown flag --fast" --fast a
misused "repeat without a number" "--repeat takes a number" a --repeat
misused "repeat 0" "--repeat takes a number.*not: 0" --repeat 0 a
misused "repeat x" "--repeat takes a number.*not: 3x" --repeat 3x a
misused "repeat -1" "--repeat takes a number.*not: -1" --repeat -1 a
misused "repeat above the limit" "--repeat takes a number" --repeat 100001 a
replay --help
is "$status" 0 "help: exit status"
like "$out" "^weft-replay \[--repeat N\] FILE" "help: usage"
done_testing
