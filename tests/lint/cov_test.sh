#!/usr/bin/env bash
# cov.mjs on a small tree: what it lists, what it leaves out, and when it fails.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v llvm-cov > /dev/null || ! command -v clang > /dev/null; then
    echo "1..0 # SKIP llvm-cov is not installed (make cov installs it)"
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir -p include/weft src/base src/text src/ot out/tests
cp "$root/src/base/assert.h" src/base/
cp "$root"/include/weft/{api,panic}.h include/weft/

cat > src/text/a.c << 'C'
#include "base/assert.h"
#define EITHER(a, b) ((a) || (b))
int a(int x, int y)
{
    WEFT_ASSERT(x >= 0 && y >= 0);
    if (x > LIMIT && y > 1)
        return 1;
    return EITHER(x == 1, y == 1) ? 2 : 3;
}
C
cat > src/ot/b.c << 'C'
int b(int x);
int b(int x) { return x > 0 ? 1 : 0; }
C
cat > panic.c << 'C'
#include "base/assert.h"
void weft_panic(const char *what, const char *file, int line) { (void)what, (void)file, (void)line; for (;;); }
C
play() { # LIMIT CALLS: one program that makes the calls, counted like `make cov` does
    printf 'int a(int x, int y); int b(int x);\nint main(void) { %s return 0; }\n' "$2" > main.c
    clang -DLIMIT="$1" -Iinclude -Isrc -fprofile-instr-generate -fcoverage-mapping \
        main.c panic.c src/text/a.c src/ot/b.c -o "out/tests/limit$1_test" 2> err &&
        LLVM_PROFILE_FILE="$work/out/profile/%m.profraw" "out/tests/limit$1_test"
}
report() { node "$root/tests/lint/cov.mjs" out src/text src/ot 2>&1; }

play 2 'a(3, 2); a(3, 1); a(1, 0); b(1);'
out=$(report)
is $? 1 "fails while a side of a branch is not taken"
like "$out" '^src/ot/b.c:2:23: never false$' "names the side of a simple condition"
like "$out" '^src/text/a.c:8:12: never false$' "a condition in a macro stands where the macro is used"
unlike "$out" 'assert.h|a.c:5' "an assert is no branch"
unlike "$out" 'a.c:6' "says nothing of conditions that were both"
like "$out" ' 50\.0% of +2 sides  src/ot/b.c' "counts sides"

# A second program brings what the first one left, with another limit.
play 7 'a(2, 2); a(0, 0); a(0, 1); b(0);'
out=$(report)
is $? 0 "passes when programs together take every side" || sed 's/^/# /' <<< "$out"
unlike "$out" 'never' "and lists nothing"

echo 'int c; ' > src/ot/c.c
out=$(report)
is $? 1 "fails when no program links a file"
like "$out" 'in no test program  src/ot/c.c' "names that file"
done_testing
