#!/usr/bin/env bash
# The short forms of bounds and crowds: a server's memory under loads that mean no good, against its
# bound. Bytes are asserted, times only printed. `make bench-bounds` plays the long forms.
set -u
n=0
while IFS= read -r line; do
    case $line in
    'ok - '* | 'not ok - '*)
        n=$((n + 1))
        printf '%s\n' "${line/ - / $n - }"
        ;;
    *) printf '%s\n' "$line" ;;
    esac
done < <(
    for tool in bounds crowds; do
        "$WEFT_BUILD/tools/$tool" 2>&1 || echo "# $tool ended with $?"
    done
)
# Each case says one line: a tool that ends early is a failure.
echo "1..20"
[ "$n" = 20 ]
