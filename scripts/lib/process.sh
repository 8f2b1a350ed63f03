# shellcheck shell=bash
# Processes and ports. A process is ended by its id only, and only after a check of the program that
# runs under that id: after a reboot or a `kill -9`, a pid file may name another process.

# A bare Debian has no `ps`, and macOS has no /proc.
command_of() {
    if [ -d /proc/self ]; then
        tr '\0' ' ' <"/proc/$1/cmdline"
    else
        ps -ww -o args= -p "$1"
    fi 2>/dev/null || true
}

# runs PID TEXT: succeeds if there is a process with that id and TEXT in its command line.
runs() {
    [ -n "$1" ] || return 1
    case "$(command_of "$1")" in *"$2"*) return 0 ;; *) return 1 ;; esac
}

# end PID TEXT SECONDS: sends SIGTERM to the process, and SIGKILL if it still runs after SECONDS.
end() {
    local tenths=$(($3 * 10))
    runs "$1" "$2" || return 0
    kill -TERM "$1" 2>/dev/null || true
    while runs "$1" "$2"; do
        if [ "$tenths" -le 0 ]; then
            say "process $1 ($2) has not stopped after $3 s: killing it"
            kill -KILL "$1" 2>/dev/null || true
            return 0
        fi
        tenths=$((tenths - 1))
        sleep 0.1
    done
}

# The process group of the long command in the foreground; empty when there is none.
attended_pid=

# attended COMMAND...: runs the command so that the traps of this script run at once. For a plain
# foreground command, bash would run them only after its end. Job control gives the command a
# process group of its own, which end_attended can end with all its children.
attended() {
    local code=0
    set -m
    "$@" </dev/null &
    attended_pid=$!
    set +m
    wait "$attended_pid" || code=$?
    attended_pid=
    return "$code"
}

end_attended() {
    [ -n "$attended_pid" ] || return 0
    kill -TERM -- "-$attended_pid" 2>/dev/null || true
    wait "$attended_pid" 2>/dev/null || true
    attended_pid=
}

# is_free HOST PORT: succeeds if nothing listens there.
is_free() {
    ! (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}

# port_from FILE: prints the port that FILE holds. If there is none, or another program uses it, a
# new port is drawn and stored. It is below 32768, so that no outgoing connection gets it while the
# server is down.
port_from() {
    local port
    port=$(cat "$1" 2>/dev/null || true)
    until [ -n "$port" ] && is_free 127.0.0.1 "$port"; do
        port=$((20000 + RANDOM % 12000))
    done
    echo "$port" >"$1"
    echo "$port"
}

# secret_from FILE: prints the secret that FILE holds, and makes one if there is none. A secret is
# needed because other users of this machine can reach loopback ports, too.
secret_from() {
    [ -s "$1" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$1")
    cat "$1"
}
