#!/usr/bin/env bash
# lint.sh [TREE] - check the house rules; prints `file:line: rule: found; expected`.
#
# Rules: include (tests/lint/layers.txt), banned-call, function-length, file-length, white-space,
# machine-path (registry hosts, absolute paths of somebody's machine), lock-file, format
# (clang-format 14, the one of Debian 12: others format differently), shell (bash -n), allow.
# Exceptions: tests/lint/allow.txt. Exit status 1 when something was found.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=${1:-$here/../..}
cd "$tree" || exit 2
export LC_ALL=C
layers=tests/lint/layers.txt
allow=tests/lint/allow.txt
[ -f "$layers" ] || layers=$here/layers.txt
[ -f "$allow" ] || allow=/dev/null

work=$(mktemp -d "${TMPDIR:-/tmp}/weft-lint.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT

if git rev-parse --is-inside-work-tree > /dev/null 2>&1 &&
    [ "$(git rev-parse --show-toplevel)" = "$(pwd -P)" ]; then
    git ls-files -co --exclude-standard
else
    find . \( -name .git -o -name build -o -name node_modules -o -name weft-data \) -prune -o \
        -type f -print | sed 's|^\./||'
fi | sort -u | while IFS= read -r file; do
    [ -f "$file" ] && printf '%s\n' "$file"
done > "$work/all"
grep -E '\.[ch]$' "$work/all" > "$work/c"
# Text files: what holds no NUL byte (grep -I takes those as matching).
# Corpora are data, and dist is what a program wrote (tests of their own look into it).
grep -vE '^(tests/fuzz/corpus|web/dist|web/client/dist)/' "$work/all" | tr '\n' '\0' | xargs -0 -r grep -lIE '' > "$work/text"
lock='(^|/)(package-lock\.json|Cargo\.lock|yarn\.lock)$'
each() { tr '\n' '\0' < "$1" | xargs -0 -r "${@:2}"; }

# ---- C: includes, banned calls, lengths --------------------------------------------------------
# One pass that first takes comments and string contents away, so that prose is never code.
cat > "$work/c.awk" << 'AWK'
function say(line, rule, found, expected) {
    printf "%s:%d: %s: found %s; expected %s\n", FILENAME, line, rule, found, expected
}
function words_into(text, map, prefix,    n, i, list) {
    n = split(text, list, /[ \t]+/)
    for (i = 1; i <= n; i++)
        if (list[i] != "") map[prefix list[i]] = 1
}
FILENAME == layers_file {
    sub(/#.*/, "")
    if (NF == 0) next
    rest = $0
    sub(/^[^:]*:/, "", rest)
    if ($1 == "module") { modules[$2] = 1; may[$2, $2] = 1; words_into(rest, may, $2 SUBSEP) }
    else if ($1 == "pure") { sub(/^pure */, ""); words_into($0, pure, "") }
    else if ($1 == "pure_header") { sub(/^pure_header */, ""); words_into($0, pure_header, "") }
    else if ($1 == "header") owner[$2] = $4
    else if ($1 == "library") { libraries[$2] = rest; words_into(rest, may_use, $2 SUBSEP) }
    else { say(FNR, "layers", "\"" $1 "\"", "module, pure, pure_header, header or library"); }
    next
}
FNR == 1 {
    in_comment = 0
    in_function = 0
    module = ""
    if (FILENAME ~ /^src\/[^\/]+\//) {
        module = FILENAME
        sub(/^src\//, "", module)
        sub(/\/.*/, "", module)
    } else if (FILENAME ~ /^include\//) {
        key = FILENAME
        sub(/^include\//, "", key)
        module = owner[key]
        if (module == "")
            say(1, "include", "a public header that layers.txt does not know", "a `header` line")
    }
    if (module != "" && !(module in modules)) {
        say(1, "include", "folder src/" module " without a line in layers.txt", "a `module` line")
        module = ""
    }
}
# The code of a line: no comments, string and character contents emptied.
function code_of(s,    out, two, ch, quote) {
    out = ""
    while (s != "") {
        two = substr(s, 1, 2)
        ch = substr(s, 1, 1)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; s = substr(s, 3); out = out " " }
            else s = substr(s, 2)
        } else if (two == "/*") { in_comment = 1; s = substr(s, 3) }
        else if (two == "//") return out
        else if (ch == "\"" || ch == "'") {
            quote = ch
            s = substr(s, 2)
            while (s != "" && substr(s, 1, 1) != quote)
                s = substr(s, substr(s, 1, 1) == "\\" ? 3 : 2)
            s = substr(s, 2)
            out = out quote quote
        } else { out = out ch; s = substr(s, 2) }
    }
    return out
}
function check_include(raw,    name, angle, target, prefix, known) {
    if (!match(raw, /[<"][^>"]+[>"]/)) return
    angle = substr(raw, RSTART, 1) == "<"
    name = substr(raw, RSTART + 1, RLENGTH - 2)
    if (module == "") return
    if (angle && name !~ /^weft\//) {
        known = 0
        for (prefix in libraries)
            if (index(name, prefix) == 1) {
                known = 1
                if (!((prefix, module) in may_use))
                    say(FNR, "include", "<" name "> in " module, "it only in" libraries[prefix])
            }
        if (!known && (module in pure) && !(name in pure_header))
            say(FNR, "include", "<" name "> in the pure " module, "base/pure.h and no libc header")
        return
    }
    if (name ~ /^weft\//) {
        target = owner[name]
        if (target == "") {
            say(FNR, "include", name, "a header that layers.txt names")
            return
        }
    } else if (name ~ /\//) {
        target = name
        sub(/\/.*/, "", target)
    } else {
        say(FNR, "include", "\"" name "\"", "the path below src/, as in \"" module "/" name "\"")
        return
    }
    if (!(target in modules))
        say(FNR, "include", "\"" name "\"", "a folder that layers.txt names")
    else if (!((module, target) in may))
        say(FNR, "include", module " includes \"" name "\"", "only what layers.txt lets " module " know")
}
function check_calls(code, list, why,    n, i, names, pattern, rest, before) {
    n = split(list, names, " ")
    for (i = 1; i <= n; i++) {
        rest = code
        pattern = names[i] "[ \t]*\\("
        while (match(rest, pattern)) {
            before = RSTART > 1 ? substr(rest, 1, RSTART - 1) : ""
            # Not the tail of a longer name, and not a member: alloc->free(...) is a port.
            if (before !~ /[A-Za-z0-9_]$/ && before !~ /(->|\.)[ \t]*$/)
                say(FNR, "banned-call", names[i] "()", why)
            rest = substr(rest, RSTART + RLENGTH)
        }
    }
}
{
    was_comment = in_comment
    code = code_of($0)
    if (!was_comment && code ~ /^[ \t]*#[ \t]*include/)
        check_include($0)
    else if (FILENAME ~ /^(src|include)\//) {
        check_calls(code, "strcpy stpcpy strcat strncat strncpy sprintf vsprintf gets strtok atoi atol atof alloca", \
            "a call that knows the size (memcpy, snprintf) or reports errors (strtol)")
        if (module in pure)
            check_calls(code, "malloc calloc realloc free printf fprintf puts snprintf time clock clock_gettime rand random srand assert abort exit getenv", \
                "the allocator, the arguments or WEFT_ASSERT: the core is pure")
        if (module == "net" || module == "server")
            check_calls(code, "sleep usleep nanosleep uv_sleep system popen", \
                "a uv_timer: the loop never blocks")
    }
    # The format puts the brace of a function, and of nothing else, alone at the start of a line.
    if (!in_function && code ~ /^[A-Za-z_].*\(/ && match(code, /[A-Za-z_][A-Za-z0-9_]*\(/))
        name = substr(code, RSTART, RLENGTH - 1)
    if (code ~ /^\{[ \t]*$/) { in_function = 1; start = FNR }
    if (in_function && code ~ /^\}/) {
        in_function = 0
        if (FNR - start + 1 > 70)
            say(start, "function-length", (FNR - start + 1) " lines in " name "()", "at most 70")
    }
}
AWK
each "$work/c" awk -v layers_file="$layers" -f "$work/c.awk" "$layers" > "$work/found"

# ---- all text files ----------------------------------------------------------------------------
# Patterns are written so that they do not match themselves.
hosts='registry[.](npmjs|yarnpkg|npmmirror)|(index|static)[.]crates[.]io|pypi[.]org/simple|files[.]pythonhosted|proxy[.]golang[.]org|artifactory[.]|[-.]pkg[.]dev/'
paths='(^|[^A-Za-z0-9_.$}/-])/(wor[k]|roo[t]|tmp/brie[f]|User[s]/[a-z]+|hom[e]/[a-z]+)(/|$|["'"'"'`), ])'
grep -vE "$lock" "$work/text" > "$work/prose"
{
    each "$work/prose" awk 'FNR == 1 { if (lines > 1000) print name ":" lines; name = FILENAME } { lines = FNR }
        END { if (lines > 1000) print name ":" lines }' |
        sed 's/^\([^:]*\):\([0-9]*\)$/\1:1: file-length: found \2 lines; expected at most 1000/'
    each "$work/prose" grep -nE '[ 	]+$' /dev/null |
        sed 's/^\([^:]*:[0-9]*\):.*/\1: white-space: found trailing white space; expected none/'
    each "$work/prose" grep -nE "$hosts|$paths" /dev/null |
        sed 's/^\([^:]*:[0-9]*\):\(.*\)/\1: machine-path: found \2; expected no registry host and no path of one machine/'
    grep -E "$lock" "$work/text" > "$work/locks"
    each "$work/locks" grep -nE '"?resolved"?:? "?https?:|^source = |https?://[^"]*\.tgz' /dev/null |
        sed 's/^\([^:]*:[0-9]*\):.*/\1: lock-file: found an address; expected none (omit-lockfile-registry-resolved)/'
    while IFS= read -r file; do
        [ "$(tail -c1 "$file" | wc -l)" = 1 ] || [ ! -s "$file" ] ||
            echo "$file:1: white-space: found no newline at the end; expected one"
        case $file in
        *.sh | .ci/run) bash -n "$file" 2> "$work/sh" ||
            echo "$file:1: shell: found $(head -1 "$work/sh"); expected what bash -n accepts" ;;
        esac
    done < "$work/prose"
} >> "$work/found"

if command -v clang-format > /dev/null && clang-format --version | grep -q 'version 14\.'; then
    grep -E '^(src|include|tests)/' "$work/c" > "$work/formatted"
    [ -f .clang-format ] && each "$work/formatted" clang-format --dry-run 2>&1 |
        sed -n 's/^\([^:]*:[0-9]*\):[0-9]*: warning: code should be clang-formatted.*/\1: format: found other white space than clang-format; expected `make fmt`/p' |
        sort -u >> "$work/found"
else
    echo "lint: no clang-format 14 here, the format is not checked" >&2
fi

# ---- exceptions --------------------------------------------------------------------------------
awk -v allow_file="$allow" '
    FILENAME == allow_file {
        if ($0 ~ /^#/ || NF == 0) next
        head = $0
        reason = ""
        if (match($0, / : /)) { head = substr($0, 1, RSTART - 1); reason = substr($0, RSTART + 3) }
        n = split(head, part, /[ \t]+/)
        if (reason !~ /[a-z]/ || n < 2)
            printf "%s:%d: allow: found no reason; expected `rule path [name] : reason`\n", FILENAME, FNR
        rules[++count] = part[1]; files[count] = part[2]; names[count] = n > 2 ? part[3] : ""
        at[count] = FNR
        next
    }
    {
        file = $0; sub(/:.*/, "", file)
        rule = $2; sub(/:$/, "", rule)
        for (i = 1; i <= count; i++)
            if (rules[i] == rule && files[i] == file && (names[i] == "" || index($0, names[i]))) {
                used[i] = 1
                next
            }
        print
    }
    END {
        for (i = 1; i <= count; i++)
            if (!(i in used))
                printf "%s:%d: allow: found an exception that excuses nothing; expected it gone\n", \
                    allow_file, at[i]
    }
' "$allow" "$work/found" | sort -t: -k1,1 -k2,2n > "$work/left"

cat "$work/left"
count=$(wc -l < "$work/left")
echo "lint: $(wc -l < "$work/all") files, $((count)) findings"
[ "$count" = 0 ]
