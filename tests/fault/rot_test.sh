#!/usr/bin/env bash
# The sweep of tests/unit/rot_test.c in its long form: a data folder is damaged in tens of thousands of
# places. `make test` has run the short one already.
set -eu
if [ "${WEFT_FAULT:-}" != long ]; then
    echo "1..0 # SKIP the short form is a unit test; make fault runs the long one"
    exit 0
fi
WEFT_PERCENT=${WEFT_PERCENT:-10000} exec "$WEFT_BUILD/tests/unit/rot_test"
