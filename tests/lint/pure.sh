#!/usr/bin/env bash
# pure.sh ARCHIVE FILE.c... - prove that the core is pure. Two proofs:
#
# 1. Every file compiles for wasm32 without a libc's headers (clang -ffreestanding -nostdlibinc).
# 2. The native objects, linked into one, ask for nothing but memcpy, memmove, memset, memcmp and
#    strlen (and what a compiler calls on its own account), and hold no writable data.
set -u
archive=$1
shift
allowed='^(memcpy|memmove|memset|memcmp|strlen)$|^(__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$|^__(u?div|u?mod|mul|ashl|ashr|lshr|popcount|clz|ctz)[dst]i[234]$'
found=0
work=$(mktemp -d "${TMPDIR:-/tmp}/weft-pure.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT

if command -v clang > /dev/null; then
    for file in "$@"; do
        clang --target=wasm32 -std=gnu11 -O1 -ffreestanding -nostdlibinc -Wall -Wextra -Werror \
            -Iinclude -Isrc -c "$file" -o "$work/wasm.o" || {
            echo "$file:1: pure: found code that needs more than a compiler; expected none"
            found=$((found + 1))
        }
    done
else
    echo "pure: no clang here, the freestanding build is not checked" >&2
fi

if [ $# != 0 ]; then
    ld -r -o "$work/core.o" --whole-archive "$archive" || found=$((found + 1))
    nm -u "$work/core.o" | awk '{ print $2 }' | grep -vE "$allowed" > "$work/undefined"
    while IFS= read -r symbol; do
        where=$(nm -A -u "$archive" 2> /dev/null | awk -v s="$symbol" '$NF == s { split($1, p, ":"); print p[2] }' |
            sort -u | tr '\n' ' ')
        echo "${archive}: pure: found a use of $symbol in ${where:-?}; expected nothing but mem* and strlen"
        found=$((found + 1))
    done < "$work/undefined"
    # Data that a program could write to. Constant tables of pointers are relocated once and then
    # read-only (.data.rel.ro), so they are not counted.
    objdump -t "$archive" | awk '
        /file format/ { file = $1; sub(/:$/, "", file) }
        {
            for (i = 2; i < NF; i++)
                if ($i ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $i !~ /^\.data\.rel\.ro/ &&
                    $NF != $i && $(i + 1) !~ /^0+$/)
                    print file ": pure: found writable global " $NF "; expected none"
        }' | sort -u > "$work/globals"
    cat "$work/globals"
    found=$((found + $(wc -l < "$work/globals")))
fi
if [ "$found" != 0 ]; then
    echo "pure: $found findings"
    exit 1
fi
echo "pure: $# files need no libc and hold no writable global"
