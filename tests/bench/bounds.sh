#!/usr/bin/env bash
# bounds.sh DIR [CASE...] - the long forms of bounds and crowds: a line of memory against its bound for
# each load, and what others noticed. Figures are printed; a bound that is passed is a failure.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
WEFT_BUILD=$(cd "$1" && pwd) || exit 1
shift
WEFT_BIN=$WEFT_BUILD/weft
WEFT_BENCH_DATA=$(mktemp -d "$WEFT_BUILD/bench-data.XXXXXX") || exit 1
trap 'rm -rf "$WEFT_BENCH_DATA"' EXIT
trap 'exit 130' INT TERM
export WEFT_BIN WEFT_BENCH_DATA
unset "${!WEFT_LIMIT_@}" "${!WEFT_RATE_@}" WEFT_SYNC WEFT_LOG_LEVEL # settings of the server under test

echo "machine: $(nproc) cores, $(uname -srm), load $(cut -d' ' -f1-3 /proc/loadavg)"
status=0
for tool in bounds crowds; do
    printf '\n== %s\n' "$tool"
    "$WEFT_BUILD/tools/$tool" --long "$@" || status=1
done
exit $status
