#!/usr/bin/env bash
# libweft shows what include/weft/ declares and nothing else, needs nothing but libc, and its headers
# compile alone, in C11 and in C++17.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${WEFT_BUILD:-$root/build/release}
build=${build%/*}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1

# What the headers declare: they are preprocessed, so comments are gone; inline functions have a body.
for header in include/weft/*.h; do
    printf '#include <weft/%s>\n' "${header##*/}"
done > "$work/all.c"
gcc -std=c11 -Iinclude -E -P "$work/all.c" | tr '\n' ' ' | sed 's/static inline[^{]*{[^}]*}//g' |
    grep -oE '\bweft_[a-z0-9_]+ ?\(' | tr -d ' (' | sort -u > "$work/declared"
[ "$(wc -l < "$work/declared")" -gt 40 ]
ok $? "the headers declare functions" || sed 's/^/# /' "$work/declared"

nm -D --defined-only "$build/libweft.so" | awk '{ print $NF }' | sort -u > "$work/shared"
nm --defined-only --extern-only "$build/libweft.a" | awk 'NF == 3 { print $NF }' | sort -u \
    > "$work/static"
is "$(comm -3 "$work/declared" "$work/shared")" "" \
    "the shared library exports what is declared and nothing else"
is "$(comm -3 "$work/declared" "$work/static")" "" \
    "the static library defines what is declared and nothing else"
is "$(cat "$work/shared" "$work/static" | grep -v '^weft_')" "" "every name begins with weft_"

needed=$(readelf -dW "$build/libweft.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
like "$needed" '^libc\.' "the shared library needs libc"
unlike "$needed" '^(lib[^c]|libc[^.])' "and nothing else"
unlike "$(nm -u "$build/libweft.a" | awk 'NF == 2 { print $2 }')" \
    '^(__)?(v?f?printf|exit|abort|time|rand|getenv|pthread|errno)' "no stream, clock or exit is used"
number() { sed -n "s/^#define WEFT_VERSION_$1 //p" include/weft/version.h; }
version=$(number MAJOR).$(number MINOR).$(number PATCH)
abi=$(number MAJOR)
[ "$abi" != 0 ] || abi=0.$(number MINOR)
like "$(cat include/weft/version.h)" "^#define WEFT_VERSION \"$version\"" "the version says its numbers"
like "$(readelf -dW "$build/libweft.so")" "\(SONAME\).*\[libweft\.so\.$abi\]" \
    "the name that programs ask for is libweft.so.$abi"
is "$(readlink -f "$build/libweft.so")" "$(readlink -f "$build")/libweft.so.$version" \
    "libweft.so leads to libweft.so.$version"
# Calls between the library's own functions are direct: only weft_panic may go through the table.
is "$(objdump -R "$build/libweft.so" | grep -oE '\bweft_[a-z0-9_]+' | sort -u)" weft_panic \
    "no call of its own but weft_panic goes through the table"

strict='-Wall -Wextra -pedantic -Werror -fsyntax-only -Iinclude'
for header in include/weft/*.h; do
    name=${header#include/}
    printf '#include <%s>\n#include <%s>\nint use;\n' "$name" "$name" > "$work/one.c"
    # shellcheck disable=SC2086
    out=$(gcc -std=c11 -Wstrict-prototypes $strict "$work/one.c" 2>&1)
    is "$out" "" "$name compiles alone in C11"
    for cxx in g++ clang++; do
        if echo 'int use;' | "$cxx" -x c++ -fsyntax-only - 2> /dev/null; then
            # shellcheck disable=SC2086
            out=$("$cxx" -std=c++17 -x c++ $strict "$work/one.c" 2>&1)
            is "$out" "" "$name compiles alone in C++17 ($cxx)"
        else
            skip "$name compiles alone in C++17 ($cxx)" "no $cxx"
        fi
    done
done
unlike "$(nm "$build/libweft.a" | awk '$2 ~ /^[DBCG]$/i { print $3 }')" '[a-z]' \
    "the library has no writable global" || nm "$build/libweft.a" | awk '$2 ~ /^[DBCG]$/i' | sed 's/^/# /'

# A panic: silent death by default, the program's own words where it has some; both forms.
cat > "$work/panic.c" << 'C'
#include <stdio.h>
#include <stdlib.h>
#include <weft/weft.h>
#ifdef OWN
void weft_panic(const char *what, const char *file, int line)
{
    printf("own words: %s:%d: %s\n", file, line, what);
    fflush(stdout);
    _Exit(9);
}
#endif
int main(void)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    return weft_op_copy(&op, &op); /* a rule broken: the result is an input */
}
C
for form in "$build/libweft.a" "$build/libweft.so"; do
    gcc -std=c11 -Iinclude -DOWN "$work/panic.c" "$form" -Wl,-rpath,"$build" -o "$work/own" &&
        gcc -std=c11 -Iinclude "$work/panic.c" "$form" -Wl,-rpath,"$build" -o "$work/trap"
    out=$("$work/own")
    is "$?" 9 "${form##*/}: the program's own weft_panic is called"
    like "$out" '^own words: src/ot/[a-z_]+\.c:[0-9]+: ' "${form##*/}: and is told what and where"
    out=$({ "$work/trap"; echo "status $?"; } 2> "$work/err")
    like "$out" '^status (132|133|134)$' "${form##*/}: without one the process stops"
    unlike "$(grep -v 'lib_symbols_test' "$work/err")" . "${form##*/}: and writes nothing"
done
done_testing
