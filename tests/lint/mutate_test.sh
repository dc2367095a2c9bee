#!/usr/bin/env bash
# make mutate on a small tree: one mutant that its test catches, one that it misses, one that nobody
# could catch, one that never ends.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir -p src/{base,text,server} include/weft packaging tests/{unit,mutate}
cp "$root/Makefile" .
cp "$root/packaging/assets.sh" packaging/
cp "$root"/src/base/assert.[ch] src/base/
cp "$root"/include/weft/{api,panic}.h include/weft/
cp "$root/src/server/assets.h" src/server/
git init -q .

cat > src/text/clamp.h << 'C'
int clamp(int x, int low, int high);
C
cat > src/text/clamp.c << 'C'
#include "text/clamp.h"

#include "base/assert.h"

enum { UNUSED = 7 };

int clamp(int x, int low, int high)
{
    WEFT_ASSERT(low <= high);
    if (x < low)
        return low;
    if (x > high)
        return high;
    for (volatile int i = 0; i < 2;)
        i = i + 1;
    return x;
}
C
cat > tests/unit/clamp_test.c << 'C'
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/clamp.h"

static void clamps(void **state)
{
    (void)state;
    assert_int_equal(clamp(1, 3, 9), 3);
    assert_int_equal(clamp(5, 3, 9), 5);
#ifdef ABOVE
    assert_int_equal(clamp(11, 3, 9), 9);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clamps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
C
mutate() { MUTATE_VERBOSE=1 node "$root/tests/mutate/mutate.mjs" out "$@" 2>&1; }

out=$(mutate all 1 src/text)
is $? 1 "fails below 95 %" || sed 's/^/# /' <<< "$out"
like "$out" '^caught clamp_test src/text/clamp.c:10 if \(!\(x < low\)\)$' "catches what the test sees"
like "$out" '^caught clamp_test src/text/clamp.c:15 \(void\)0;$' "catches what never ends"
like "$out" '^survived  src/text/clamp.c:13$' "names what the test misses"
like "$out" '^    \+ return 0;$' "and how it was changed"
unlike "$out" 'WEFT_ASSERT|UNUSED' "leaves asserts and declarations alone"
unlike "$(cat src/text/clamp.c)" 'return 0' "leaves the tree alone"

# The gap closed by a test, and what nobody can tell apart listed with its reason.
sed -i '1i #define ABOVE' tests/unit/clamp_test.c
cat > tests/mutate/equivalent.txt << 'TXT'
src/text/clamp.c: clamp
- if (x < low)
+ if (x <= low)
  Where x is low, low is the answer.
src/text/clamp.c: clamp
- if (x > high)
+ if (x >= high)
  Where x is high, high is the answer.
src/text/clamp.c: clamp
- if (x > top)
+ if (x >= top)
  This line is no more.
TXT
out=$(mutate all 1 src/text/clamp.c:10 src/text/clamp.c:12 src/text/clamp.c:13)
is $? 0 "passes when the rest is caught" || sed 's/^/# /' <<< "$out"
like "$out" '^\| all \| 7 \| 0 \| 2 \| 2 \| 3 \| 0 \| 100.0 % \|$' "counts what is listed as equivalent apart"
unlike "$out" 'but caught' "takes the entries as they are"

out=$(mutate 3 1 src/text/clamp.c)
like "$out" '^mutate: 3 of [0-9]+ mutants of 1 files, seed 1$' "plays a sample"
like "$out" 'no longer there' "says which entries are stale"
like "$out" '^- if \(x > top\)$' "and names them"
done_testing
