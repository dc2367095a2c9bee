#!/usr/bin/env bash
# run.sh [DIR [NAME...]] - run every benchmark of DIR (default build/release), or those named, and print
# their figures, in about three minutes. Nothing is asserted: figures of a shared machine are to be read, not to be passed.
# docs/performance.md says what they mean.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
WEFT_ROOT=$PWD
WEFT_BUILD=$(cd "${1:-build/release}" && pwd) || exit 1
[ $# = 0 ] || shift
WEFT_BIN=$WEFT_BUILD/weft
# The data lies beside the build, on its disk: a /tmp in memory has no fdatasync worth measuring.
WEFT_BENCH_DATA=$(mktemp -d "$WEFT_BUILD/bench-data.XXXXXX") || exit 1
trap 'rm -rf "$WEFT_BENCH_DATA"' EXIT
trap 'exit 130' INT TERM
export WEFT_ROOT WEFT_BUILD WEFT_BIN WEFT_BENCH_DATA
unset "${!WEFT_LIMIT_@}" "${!WEFT_RATE_@}" WEFT_SYNC WEFT_WORKERS WEFT_LOG_LEVEL # settings of the server under test

echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)," \
    "$(uname -srm), load $(cut -d' ' -f1-3 /proc/loadavg)"
echo "disk:    $(df --output=fstype,source "$WEFT_BENCH_DATA" | tail -1 | tr -s ' ')"
echo "commit:  $(git describe --always --dirty 2> /dev/null || echo unknown), $(date -u +%F)"
case $(stat -f -c %T "$WEFT_BENCH_DATA") in
tmpfs | ramfs) echo "note:    the data lies in memory here: fdatasync costs nothing" ;;
esac

status=0
run() {
    printf '\n== %s\n' "$1"
    # The longest takes a minute and a half; where it takes five something is wrong.
    timeout --kill-after=5 300 "$WEFT_BUILD/bench/$1" || status=1
}
if [ $# -gt 0 ]; then
    for name in "$@"; do run "$name"; done
    exit $status
fi
ordered='room_bench pieces_bench server_bench idle_bench'
for name in $ordered; do
    [ ! -x "$WEFT_BUILD/bench/$name" ] || run "$name"
done
for program in "$WEFT_BUILD"/bench/*; do
    name=${program##*/}
    # engine_bench answers questions; `make bench-engine` asks them. path_bench and workers_bench compare
    # servers and take minutes: by name only.
    case " $ordered engine_bench path_bench workers_bench " in *" $name "*) continue ;; esac
    [ ! -x "$program" ] || [ ! -f "tests/bench/$name.c" ] || run "$name"
done
exit $status
