#!/usr/bin/env bash
# The house: what deps.sh asks for and when, and what assets.sh makes of files.
. "$(dirname "$0")/../support/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/bare"

# Stubs that write down what they are asked; dpkg-query knows the packages named in $work/have.
stub() { { echo '#!/bin/sh' && cat; } > "$work/bin/$1" && chmod +x "$work/bin/$1"; }
stub dpkg-query << SH
for last; do :; done
grep -qx "\$last" "$work/have" && printf installed
SH
stub apt-get <<< "echo \"apt-get \$*\" >> $work/calls"
stub sudo <<< "echo \"sudo \$*\" >> $work/calls; \"\$@\""
stub id <<< "cat $work/uid"
deps() {
    : > "$work/calls"
    out=$(PATH=$work/bin:$PATH HOME=$work DEPS_DRY_RUN='' sh "$root/packaging/deps.sh" build 2>&1)
    status=$?
    calls=$(cat "$work/calls")
}
needs='libc6-dev libwebsockets-dev libwebsockets-evlib-uv libuv1-dev libjansson-dev libsqlite3-dev uuid-dev libssl-dev zlib1g-dev'

tr ' ' '\n' <<< "$needs" > "$work/have"
echo 1000 > "$work/uid"
deps
is "$status" 0 "deps: all there, exit 0"
is "$calls" "" "deps: all there, apt is not called"

grep -v libuv1-dev < <(tr ' ' '\n' <<< "$needs") > "$work/have"
deps
is "$status" 0 "deps: one missing, a user with sudo"
like "$calls" '^sudo .*apt-get install .* libuv1-dev$' "deps: installs it, and only it, through sudo"
echo 0 > "$work/uid"
deps
unlike "$calls" '^sudo' "deps: root needs no sudo"
like "$calls" '^apt-get install .* libuv1-dev$' "deps: root calls apt-get"

# Without sudo: a PATH of nothing but what the script calls.
for tool in sh dirname mkdir grep cat env gcc make pkg-config; do
    ln -s "$(command -v "$tool")" "$work/bare/$tool"
done
cp "$work/bin/dpkg-query" "$work/bin/id" "$work/bin/apt-get" "$work/bare/"
echo 1000 > "$work/uid"
: > "$work/calls"
out=$(PATH=$work/bare HOME=$work sh "$root/packaging/deps.sh" build 2>&1)
is "$?" 1 "deps: neither root nor sudo, exit 1"
like "$out" 'neither root nor sudo; ask for: .* libuv1-dev( |$)' "deps: says what is missing"
is "$(cat "$work/calls")" "" "deps: does not try"

mkdir -p "$work/a/web/page" "$work/a/web/dist/page" "$work/a/web/client" && cd "$work/a" || exit 1
seq 1000 > web/client/long.js
seq 1001 > web/dist/page/long-0A2B3C4D.js
printf '<p>\n' > web/dist/page/short.html
printf 'the source of the other' > web/page/short.html
: > web/dist/page/empty.css
cat > main.c << 'C'
#include "server/assets.h"

#include <stdio.h>
int main(void)
{
    for (size_t i = 0; i < weft_assets_count; i++) {
        const struct weft_asset *a = &weft_assets[i];
        printf("%s|%s|%s|%zu|%s|%d\n", a->path, a->mime, a->etag, a->len_bytes,
               a->gz != NULL ? "gz" : "plain", a->is_for_ever);
        FILE *file;
        if (a->data && a->len_bytes && (file = fopen("data", "wb"))) {
            fwrite(a->data, 1, a->len_bytes, file);
            fclose(file);
        }
        if (a->gz && (file = fopen("gz", "wb"))) {
            fwrite(a->gz, 1, a->gz_len_bytes, file);
            fclose(file);
        }
    }
    return 0;
}
C
make_assets() {
    sh "$root/packaging/assets.sh" out "$@" > assets.c &&
        gcc -I"$root/src" -Wall -Werror main.c assets.c -o show && ./show
}
out=$(make_assets web/dist/page/short.html web/client/long.js web/dist/page/empty.css \
    web/dist/page/long-0A2B3C4D.js 2>&1)
ok $? "assets: compiled" || sed 's/^/# /' <<< "$out"
sum=$(sha256sum < web/client/long.js | cut -c1-32)
like "$out" "^client/long.js\|text/javascript; charset=utf-8\|\"$sum\"\|3893\|gz\|0$" "assets: a script"
like "$out" '^page/long-0A2B3C4D.js\|text/javascript; charset=utf-8\|"[0-9a-f]{32}"\|3898\|gz\|1$' \
    "assets: a name with a hash is for ever"
like "$out" '^page/short.html\|text/html; charset=utf-8\|"[0-9a-f]{32}"\|4\|plain\|0$' "assets: a page, not compressed"
like "$out" '^page/empty.css\|text/css; charset=utf-8\|"[0-9a-f]{32}"\|0\|plain\|0$' "assets: an empty file"
is "$(cut -d'|' -f1 <<< "$out" | tr '\n' ' ')" \
    "client/long.js page/empty.css page/long-0A2B3C4D.js page/short.html " "assets: sorted by path"
cmp data web/dist/page/short.html
ok $? "assets: the bytes are those of the built file"
gzip -dc < gz | cmp - web/dist/page/long-0A2B3C4D.js
ok $? "assets: and so are the compressed ones"
out=$(make_assets 2>&1)
is "$?$out" 0 "assets: no file at all"
done_testing
