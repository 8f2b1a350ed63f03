# shellcheck shell=bash
# Runs api and worker in the background. $programs is their folder, and $state is the folder of
# their pid files, which remain after a killed `make run`.

pid_of() { cat "$state/$1.pid" 2>/dev/null || true; }

# start NAME: starts the program, with NAME before each line of its log. The program has a process
# group of its own, so that Ctrl-C does not reach it beside the SIGTERM of this script: a second
# signal would end it at once. The process that adds the names ignores signals and a closed
# terminal, so that it prints the log to its last line.
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

# check_alive: ends this script when one of the two programs has ended. Its log says why.
check_alive() {
    local name code
    for name in api worker; do
        kill -0 "$(pid_of "$name")" 2>/dev/null && continue
        wait "$(pid_of "$name")" && code=0 || code=$?
        die "$name has ended with code $code; its last words are above"
    done
}

# The api is stopped first, so that requests that wait in it still get results from the worker.
programs_down() {
    local name
    for name in api worker; do
        end "$(pid_of "$name")" run/bin/$name 40
        rm -f "$state/$name.pid" "$state/$name.log"
    done
    # shellcheck disable=SC2086 # a list of ids
    [ -z "${log_pids:-}" ] || wait $log_pids
}
