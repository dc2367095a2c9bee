# tap.sh - sourced by test scripts: ok, is, like, skip, and done_testing for the plan.
tap_count=0 tap_failed=0
ok() { # STATUS NAME: passed when STATUS is 0
    tap_count=$((tap_count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap_count - $2"
    else
        echo "not ok $tap_count - $2"
        tap_failed=$((tap_failed + 1))
        return 1
    fi
}
is() { # FOUND EXPECTED NAME
    [ "$1" = "$2" ]
    ok $? "$3" || { printf 'found:    %s\nexpected: %s\n' "$1" "$2" | sed 's/^/# /'; }
}
like() { # FOUND REGEX NAME: some line of FOUND matches
    grep -qE -- "$2" <<< "$1"
    ok $? "$3" || { printf 'found:    %s\nexpected a line like: %s\n' "$1" "$2" | sed 's/^/# /'; }
}
unlike() { # FOUND REGEX NAME: no line of FOUND matches
    ! grep -qE -- "$2" <<< "$1"
    ok $? "$3" || { printf 'found: %s\nexpected no line like: %s\n' "$1" "$2" | sed 's/^/# /'; }
}
skip() { # NAME REASON
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}
done_testing() {
    echo "1..$tap_count"
    [ "$tap_failed" = 0 ] || exit 1
}
