#!/usr/bin/env bash
# powercut.sh BUILD - makes the guest and cuts its power; see powercut.mjs. POWERCUTS=20 says how often.
# Where this machine cannot run it, it says so and is skipped.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
log=$build/powercut/guest.log
mkdir -p "$build/powercut"
status=0
bash "$here/power/guest.sh" "$build/weft" "$build/powercut" > "$log" 2>&1 || status=$?
if [ "$status" = 77 ]; then
    echo "1..0 # SKIP no power cuts on this machine: $(tail -1 "$log")"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
elif [ "$status" != 0 ]; then
    cat "$log"
    echo "powercut: the guest could not be made" >&2
    exit 1
fi
WEFT_BIN=$build/weft exec node "$here/powercut.mjs" "$build/powercut"
