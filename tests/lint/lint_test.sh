#!/usr/bin/env bash
# The tree passes the lint, and the lint finds what is planted in a small tree of its own.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

out=$(bash "$root/tests/lint/lint.sh" 2>&1)
status=$?
ok $status "the tree passes the lint" || sed 's/^/# /' <<< "$out"

fresh() { # a tree that passes
    rm -rf "$work/t"
    mkdir -p "$work/t"/{src/{base,text,ot,room,store,wire,net,server},include/weft,tests/lint}
    cd "$work/t" || exit 1
    cp "$root/.clang-format" .
    cp "$root/tests/lint/layers.txt" tests/lint/
    printf '/* malloc( is fine in prose */\n#include "base/pure.h"\n\n#include <stdint.h>\n' > src/base/ok.c
    printf '#include <weft/op.h>\n\n#include "text/rope.h"\n' > src/ot/ok.c
    printf '#include <jansson.h>\n\n#include "room/room.h"\n' > src/wire/ok.c
}
lint() { bash "$root/tests/lint/lint.sh" "$work/t" 2> /dev/null; }
planted() { # NAME FILE REGEX, the content on standard input
    fresh
    mkdir -p "$(dirname "$2")"
    cat > "$2"
    local out status
    out=$(lint)
    status=$?
    like "$out" "^$2:$3" "finds $1"
    is "$status" 1 "fails on $1"
}
passes() { # NAME FILE, the content on standard input
    fresh
    cat > "$2"
    local out
    out=$(lint)
    ok $? "accepts $1" || sed 's/^/# /' <<< "$out"
}

fresh
out=$(lint)
ok $? "accepts a clean tree" || sed 's/^/# /' <<< "$out"

planted "an include that points up" src/ot/up.c '1: include: found ot includes "room/room.h"' \
    <<< '#include "room/room.h"'
planted "an include that points sideways" src/net/side.c '1: include: found net includes "store/' \
    <<< '#include "store/store.h"'
planted "a store that knows operations" src/store/op.c '1: include: found store includes "weft/op.h"' \
    <<< '#include <weft/op.h>'
planted "a public header that nobody owns" include/weft/new.h '1: include: ' <<< 'int weft_new;'
planted "a folder without a layer" src/extra/x.c '1: include: found folder src/extra' <<< 'int x;'
planted "jansson outside wire" src/server/j.c '1: include: found <jansson.h> in server' \
    <<< '#include <jansson.h>'
planted "a libc header in the core" src/room/libc.c '1: include: found <string.h> in the pure room' \
    <<< '#include <string.h>'
planted "a name without its folder" src/room/bare.c '1: include: found "room.h"' \
    <<< '#include "room.h"'

# The calls are put together here, so that this file holds none of them.
for call in str{,n}cpy strcat sprintf vsprintf gets strtok atoi alloca; do
    [ $call != strncpy ] || continue
    planted "$call" src/server/call.c "3: banned-call: found $call\(\)" << C
void f(void)
{
    $call(x);
}
C
done
for call in malloc free printf time rand assert; do
    planted "$call in the core" src/text/call.c "3: banned-call: found $call\(\)" << C
void f(void)
{
    y = $call(x);
}
C
done
for call in sleep usleep nanosleep; do
    planted "$call in net" src/net/call.c "3: banned-call: found $call\(\)" << C
void f(void)
{
    $call(x);
}
C
done
passes "members, longer names, comments and strings" src/text/fine.c << 'C'
void f(void)
{
    alloc->free(x);
    port.malloc(3);
    rope_free(x);
    WEFT_ASSERT(x);
    _Static_assert(1, "no free() here");
    /* then printf(x) and
     * malloc(y) */
    g("free(x) \" malloc(y)"); // time(NULL)
}
C
passes "malloc at the edge" src/server/edge.c << 'C'
void *f(void)
{
    return malloc(3);
}
C

lines() { for ((i = 0; i < $1; i++)); do echo "$2"; done; }
body() { printf 'void long_one(void)\n{\n' && lines "$1" '    g();' && printf '}\n'; }
planted "a function of 71 lines" src/room/long.c '2: function-length: found 71 lines in long_one' \
    < <(body 69)
passes "a function of 70 lines" src/room/long.c < <(body 68)
planted "a file of 1001 lines" src/room/big.c '1: file-length: found 1001' < <(lines 1001 'int x;')
passes "a file of 1000 lines" src/room/big.c < <(lines 1000 'int x;')
planted "trailing white space" docs/a.md '1: white-space: ' <<< 'text '
planted "a missing end of line" docs/a.md '1: white-space: found no newline' < <(printf 'text')
planted "a registry host" docs/a.md '1: machine-path: ' <<< "https://registry"".npmjs.org/ws"
planted "a machine's path" docs/a.md '1: machine-path: ' <<< "see /ro""ot/notes"
passes "paths of every machine" docs.md <<< 'see /var/lib/weft and src/root/x'
passes "a long lock file" tests/package-lock.json < <(yes '{}' | head -2000)
planted "a lock file with addresses" tests/e2e/package-lock.json '1: lock-file: ' \
    <<< '"resolved": "https://example.org/a.tgz"'
planted "a broken script" packaging/x.sh '1: shell: ' <<< 'if then'

if command -v clang-format > /dev/null && clang-format --version | grep -q 'version 14\.'; then
    planted "unformatted code" src/room/form.c '1: format: ' <<< 'int   x;'
else
    skip "finds unformatted code" "no clang-format 14"
fi

plant_allow() { # ALLOW-LINE
    fresh
    body 69 > src/room/long.c
    printf '%s\n' "$1" > tests/lint/allow.txt
}
plant_allow 'function-length src/room/long.c long_one : a table of moves reads best in one piece'
out=$(lint)
ok $? "an exception with a reason is heard" || sed 's/^/# /' <<< "$out"
plant_allow 'function-length src/room/long.c long_one :'
like "$(lint)" 'allow.txt:1: allow: found no reason' "an exception needs a reason"
plant_allow 'function-length src/room/other.c : a table of moves'
out=$(lint)
like "$out" 'allow.txt:1: allow: found an exception that excuses nothing' "a stale exception is found"
like "$out" 'long.c:2: function-length' "an exception excuses only its own file"

done_testing
