#!/usr/bin/env bash
# cov.sh DIR - lines run per source file, from the .gcda files that a cov build left in DIR.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
dir=$(cd "$1" && pwd) || exit 1
find "$dir/obj/src" -name '*.gcda' -print0 | xargs -0 -r gcov -n -s "$PWD" -r 2> /dev/null | awk '
    /^File / { file = $2; gsub(/\x27/, "", file) }
    /^Lines executed:/ && file ~ /^src\/.*\.c$/ {
        percent = $2; sub(/executed:/, "", percent); sub(/%.*/, "", percent)
        lines = $NF
        printf "%6.1f%% of %4d  %s\n", percent, lines, file
        total += lines; run += lines * percent / 100
        file = ""
    }
    END { if (total) printf "%6.1f%% of %4d  all\n", run * 100 / total, total }' | sort -k4
