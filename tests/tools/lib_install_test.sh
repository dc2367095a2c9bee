#!/usr/bin/env bash
# `make install` into an empty place, the example compiled against what is there, `make uninstall`.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${WEFT_BUILD:-$root/build/release}
variant=${build##*/}
build=${build%/*}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# This script may itself have been started by make: of its flags only what was said about the build
# (CC=clang) is kept, so that nothing is built a second time, in another way.
case ${MAKEFLAGS:-} in
*' -- '*) export MAKEFLAGS=" -- ${MAKEFLAGS#* -- }" ;;
*) unset MAKEFLAGS ;;
esac
unset MFLAGS MAKELEVEL
quiet() { "$@" > "$work/log" 2>&1 || { sed 's/^/# /' "$work/log" && false; }; }
mk() { quiet make -C "$root" BUILD="$build" "$@"; }
files() { (cd "$1" && find . ! -type d | sort); }
strict='-std=c11 -Wall -Wextra -pedantic -Werror'

# --- a prefix of its own: the library alone ---
prefix=$work/here
mk install-lib PREFIX="$prefix"
ok $? "make install-lib"
unlike "$(files "$prefix")" '/bin/' "it brings nothing of the server"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
is "$(pkg-config --modversion weft)" \
    "$(sed -n 's/^#define WEFT_VERSION "\(.*\)"/\1/p' "$root/include/weft/version.h")" \
    "weft.pc has the version of the headers"
awk '/^```text$/ { on = 1; next } /^```$/ { on = 0 } on' "$root/docs/library.md" > expected
[ -s expected ]
ok $? "docs/library.md shows the output of the example"
example=$prefix/share/doc/weft/example.c
# shellcheck disable=SC2046,SC2086
compile() { # OUTPUT, then more arguments
    local out=$1
    shift
    quiet "${CC:-gcc}" $strict "$example" -o "$out" $(pkg-config --cflags weft) "$@"
}
# shellcheck disable=SC2046
compile shared $(pkg-config --libs weft)
ok $? "the example compiles against the shared library"
like "$(readelf -dW shared)" 'NEEDED.*libweft\.so' "and asks for it"
is "$(LD_LIBRARY_PATH=$prefix/lib ./shared; echo "status $?")" "$(cat expected; echo "status 0")" \
    "it prints what docs/library.md shows"
# shellcheck disable=SC2046
compile static -static $(pkg-config --libs --static weft)
ok $? "the example compiles against the static library"
is "$(./static; echo "status $?")" "$(cat expected; echo "status 0")" \
    "it prints what docs/library.md shows, without any shared library"
if command -v clang > /dev/null; then
    # shellcheck disable=SC2046
    CC=clang compile clang $(pkg-config --libs weft)
    ok $? "the example compiles with clang"
fi
if echo 'int use;' | g++ -x c++ -fsyntax-only - 2> /dev/null; then
    cat > use.cc << 'C'
#include <weft/weft.h>
#include <cstdio>
int main()
{
    weft_op op;
    weft_op_init(&op, weft_heap());
    int err = weft_op_from_json("[1,\"x\"]", 7, &op, nullptr);
    char json[16];
    std::printf("%d %.*s\n", err, (int)weft_op_to_json(&op, json, sizeof json), json);
    weft_op_done(&op);
    return 0;
}
C
    # shellcheck disable=SC2046
    quiet g++ -std=c++17 -Wall -Wextra -pedantic -Werror use.cc -o cc $(pkg-config --cflags --libs weft)
    is "$(LD_LIBRARY_PATH=$prefix/lib ./cc)" '0 [1,"x"]' "a C++ program links and runs"
else
    skip "a C++ program links and runs" "no g++"
fi
mk uninstall PREFIX="$prefix" && is "$(files "$prefix")" "" "make uninstall leaves no file"

# --- packaging: DESTDIR and a library folder elsewhere ---
target=install
[ "$variant" = release ] || target=install-lib # the server is not built twice for this
mk "$target" DESTDIR="$work/stage" PREFIX=/usr LIBDIR=/usr/lib/somewhere
ok $? "make $target DESTDIR= PREFIX= LIBDIR="
like "$(cat stage/usr/lib/somewhere/pkgconfig/weft.pc)" '^libdir=/usr/lib/somewhere$' \
    "weft.pc names the folder it will be in"
unlike "$(cat stage/usr/lib/somewhere/pkgconfig/weft.pc)" 'stage' "and not where it was staged"
is "$(files stage | grep -vE '^\./usr/(bin/weft|include/weft/[a-z_]+\.h|share/doc/weft/[^/]+|lib/somewhere/(libweft\.(a|so[.0-9]*)|pkgconfig/weft\.pc))$')" \
    "" "everything is where it belongs"
for so in stage/usr/lib/somewhere/libweft.so*; do
    [ -f "$so" ] # a link that leads nowhere is no file
    ok $? "${so##*/} leads to a file"
done
mk uninstall DESTDIR="$work/stage" PREFIX=/usr LIBDIR=/usr/lib/somewhere &&
    is "$(files stage)" "" "make uninstall leaves no file there either"
done_testing
