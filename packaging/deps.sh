#!/bin/sh
# deps.sh build|test|bench|loss|cov - install what building, testing, measuring weft against other
# libraries or other servers, or measuring what the tests cover, needs on Debian 12.
#
# Asks dpkg first: where everything is there, apt is not called and the network is not touched.
# Installs as root directly, else through sudo; where neither works it says what is missing.
# A tool that the machine has from elsewhere (node, cargo, a browser) is used as it is.
set -eu
cd "$(dirname "$0")/.."

what=${1:-build}
case $what in
build | test | bench | loss | cov) ;;
*)
    echo "usage: deps.sh build|test|bench|loss|cov" >&2
    exit 2
    ;;
esac

# DEPS_DRY_RUN=1 prints what would be installed and stops.
dry=${DEPS_DRY_RUN:-}
PATH=$PATH:$HOME/.cargo/bin
wanted=

has() { command -v "$1" > /dev/null 2>&1; }
installed() {
    case $(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null) in
    installed) return 0 ;;
    *) return 1 ;;
    esac
}
want() { for pkg in "$@"; do installed "$pkg" || wanted="$wanted $pkg"; done; }
want_tool() { # command package...: only where the command is not there at all
    has "$1" && return 0
    shift
    want "$@"
}

if ! has dpkg-query; then
    echo "deps: not a Debian system; see README.md for the list of what weft is built with" >&2
    exit 0
fi

want_tool make make
want_tool gcc gcc
want libc6-dev
want_tool pkg-config pkg-config
want libwebsockets-dev libwebsockets-evlib-uv libuv1-dev libjansson-dev libsqlite3-dev \
    uuid-dev libssl-dev zlib1g-dev

if [ "$what" = test ] || [ "$what" = cov ]; then
    want libcmocka-dev libfaketime
    want_tool clang clang
    want_tool g++ g++
    want_tool clang-format clang-format
    want_tool ld binutils
    want_tool git git
    want_tool curl curl
    want_tool nft nftables
    want ca-certificates
    want_tool node nodejs
    want_tool npm npm
    has google-chrome || want_tool chromium chromium
    # websocat is not in Debian 12 and its own cargo (0.66) is too old for the crates of today;
    # the toolchain Debian keeps current for browsers builds it.
    if ! has websocat && [ ! -x build/tools-cache/bin/websocat ] && ! has cargo; then
        want cargo-web
    fi
fi

if [ "$what" = bench ]; then
    want libcmocka-dev ca-certificates
    want_tool node nodejs
    want_tool npm npm
    # The peers written in Rust; as for websocat, Debian 12's own cargo is too old for them.
    has cargo || want cargo-web
fi

if [ "$what" = loss ]; then
    want ca-certificates postgresql
    want_tool node nodejs
    want_tool npm npm
    # better-sqlite3 is compiled.
    want_tool g++ g++
    want_tool python3 python3
    # The headers of Debian's own node, where that is the one.
    [ -e /usr/include/node/node_api.h ] || { has node && ! installed nodejs; } || want libnode-dev
    want_tool strace strace
fi

if [ "$what" = cov ]; then
    want_tool llvm-cov llvm
    # clang only recommends its own run-time, which counts.
    has clang && [ -e "$(clang -print-file-name=libclang_rt.profile-$(uname -m).a)" ] ||
        want libclang-rt-14-dev
fi

if [ -n "$wanted" ]; then
    echo "deps: missing:$wanted"
    [ -z "$dry" ] || exit 0
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif has sudo; then
        as_root=sudo
    else
        echo "deps: neither root nor sudo; ask for: apt-get install --no-install-recommends$wanted" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -q
    case $wanted in
    *cargo-web*) apt-cache show cargo-web > /dev/null 2>&1 ||
        wanted=$(echo "$wanted" | sed 's/cargo-web/cargo/') ;; # Debian 13: cargo is new enough
    esac
    # shellcheck disable=SC2086 # a list of words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $wanted
elif [ -n "$dry" ]; then
    echo "deps: nothing is missing"
fi
[ -z "$dry" ] || exit 0
[ "$what" = test ] || [ "$what" = cov ] || exit 0

# Node packages, exactly as the lock file has them, when they are absent or older than the lock.
for folder in tests/e2e web; do
    [ -f "$folder/package-lock.json" ] && has npm || continue
    if [ ! -f "$folder/node_modules/.package-lock.json" ] ||
        [ "$folder/package-lock.json" -nt "$folder/node_modules/.package-lock.json" ]; then
        echo "deps: node packages for $folder"
        (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts && touch node_modules/.package-lock.json) ||
            echo "deps: npm ci failed; tests that need the packages of $folder are skipped" >&2
    fi
done

# websocat, from cargo, into the build folder. Where it cannot be built, its tests say SKIP.
websocat_version=1.14.1
if ! has websocat && [ ! -x build/tools-cache/bin/websocat ] && has cargo; then
    echo "deps: building websocat $websocat_version with cargo"
    mkdir -p build/tools-cache
    cargo install websocat --version "$websocat_version" --locked --root build/tools-cache ||
        echo "deps: websocat could not be built; its tests are skipped" >&2
fi
