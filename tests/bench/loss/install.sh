#!/bin/sh
# install.sh - the node packages of this folder, exactly as the lock file has them, when they are absent
# or older than the lock. What cannot be installed is left out by run.mjs, which says so.
set -u
cd "$(dirname "$0")" || exit 1

done=node_modules/.package-lock.json
if [ ! -f $done ] || [ package-lock.json -nt $done ]; then
    echo "bench-loss: node packages"
    npm ci --no-audit --no-fund --ignore-scripts && touch $done ||
        echo "bench-loss: npm ci failed" >&2
fi

# SQLite for node has to be compiled, for this version of node; with its headers where they are beside it.
loads() { node -e "new (require('better-sqlite3'))(':memory:')" 2> /dev/null; }
if [ -d node_modules/better-sqlite3 ] && ! loads; then
    prefix=$(dirname "$(dirname "$(node -p process.execPath)")")
    [ ! -f "$prefix/include/node/node_api.h" ] || export npm_config_nodedir="$prefix"
    echo "bench-loss: compiling better-sqlite3, which takes a few minutes"
    npm_config_build_from_source=true npm rebuild better-sqlite3 > node_modules/better-sqlite3.log 2>&1
    loads || echo "bench-loss: better-sqlite3 could not be compiled: $PWD/node_modules/better-sqlite3.log" >&2
fi
