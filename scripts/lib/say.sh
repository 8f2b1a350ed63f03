# shellcheck shell=bash
# Words to the person at the terminal. They go to stderr: stdout is for what a script was asked for.

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf '==> error: %s\n' "$1" >&2
    [ $# -eq 1 ] || printf '    %s\n' "${@:2}" >&2
    exit 1
}

# A command that fails unforeseen ends the script (set -e); this says which one it was. Not for
# `return`: whoever returns a failure has shown it.
set -E
trap 'case $BASH_COMMAND in return*) ;; *) say "error: ${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND" ;; esac' ERR
