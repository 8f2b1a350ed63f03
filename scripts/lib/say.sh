# shellcheck shell=bash
# Messages to the person at the terminal. They go to stderr, because stdout is for results.

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf '==> error: %s\n' "$1" >&2
    [ $# -eq 1 ] || printf '    %s\n' "${@:2}" >&2
    exit 1
}

# A command that fails unexpectedly ends the script (set -e). This prints which command it was,
# except for `return`, because a function that returns a failure has shown it.
report_failure() {
    case $2 in return*) ;; *) say "error: $1: $2" ;; esac
}
set -E
trap 'report_failure "${BASH_SOURCE[0]}:$LINENO" "$BASH_COMMAND"' ERR
