#!/usr/bin/env bash
# pure.sh accepts a pure file and finds each planted impurity.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

pure() { # content of a core file on standard input
    rm -f core.a x.o
    cat > x.c
    gcc -std=gnu11 -O2 -fPIE -fstack-protector-strong -w -c x.c -o x.o && ar rcs core.a x.o &&
        bash "$root/tests/lint/pure.sh" core.a x.c 2>&1
}
finds() { # NAME REGEX
    local out status
    out=$(pure)
    status=$?
    like "$out" "$2" "finds $1"
    is "$status" 1 "fails on $1"
}

out=$(pure << 'C'
#include <stddef.h>
#include <stdint.h>
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
static const char *const names[] = {"one", "two"};
const char *name_of(int i);
const char *name_of(int i)
{
    return names[i & 1];
}
uint64_t pure_ratio(uint64_t a, uint64_t b, char *to, const char *from, size_t n);
uint64_t pure_ratio(uint64_t a, uint64_t b, char *to, const char *from, size_t n)
{
    char here[64];
    memcpy(here, from, n & 63);
    memcpy(to, here, n & 63);
    return a / b;
}
C
)
ok $? "accepts tables of constants, 64 bit division, memcpy" || sed 's/^/# /' <<< "$out"

if command -v clang > /dev/null; then
    finds "a libc header" 'x.c:1: pure: ' <<< '#include <stdio.h>'
    finds "an undeclared call" 'x.c:1: pure: ' << 'C'
int f(void);
int f(void)
{
    return getpid();
}
C
else
    skip "finds a libc header" "no clang"
fi
finds "a call that is declared by hand" 'found a use of malloc in x.o' << 'C'
void *malloc(unsigned long n);
void *f(void);
void *f(void)
{
    return malloc(3);
}
C
finds "a static counter" 'found writable global counter' << 'C'
int f(void);
int f(void)
{
    static int counter;
    return ++counter;
}
C
finds "an initialised global" 'found writable global level' << 'C'
int level = 3;
C
finds "a thread's own variable" 'found writable global mine' << 'C'
_Thread_local int mine;
C
done_testing
