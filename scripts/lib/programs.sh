# shellcheck shell=bash
# Our own two programs in the background: $programs is the folder they are in, $state the folder of
# the pid files, which outlive a killed `make run`.

pid_of() { cat "$state/$1.pid" 2>/dev/null || true; }

# start NAME: with NAME before each line of its log. It gets a process group of its own: a Ctrl-C
# of the terminal must not reach it beside our SIGTERM, or it would take the second signal for
# impatience. What adds the names is deaf to signals, and to a terminal that is gone: it goes on
# until the log's last line.
start() {
    local pipe=$state/$1.log
    rm -f "$pipe" && mkfifo "$pipe"
    (trap '' INT TERM HUP PIPE && exec perl -ne 'BEGIN { $| = 1; $n = shift } print "$n | $_"' \
        "$(printf %-6s "$1")" <"$pipe") &
    log_pids="${log_pids:-} $!"
    set -m
    "$state/bin/$1" </dev/null >"$pipe" 2>&1 &
    echo $! >"$state/$1.pid"
    set +m
}

# check_alive: ends this script when one of the two has ended. It has said why, in its log.
check_alive() {
    local name code
    for name in api worker; do
        kill -0 "$(pid_of "$name")" 2>/dev/null && continue
        wait "$(pid_of "$name")" && code=0 || code=$?
        die "$name has ended with code $code; its last words are above"
    done
}

# The api first: the requests that wait in it still get their results from the worker.
programs_down() {
    local name
    for name in api worker; do
        end "$(pid_of "$name")" run/bin/$name 40
        rm -f "$state/$name.pid" "$state/$name.log"
    done
    # shellcheck disable=SC2086 # a list of ids
    [ -z "${log_pids:-}" ] || wait $log_pids
}
