# shellcheck shell=bash
# Processes and ports. A process is ended by its id only, and only after a look at what runs under
# that id: after a reboot or a `kill -9`, a pid file may name somebody else's process.

# No `ps` on a bare Debian, no /proc on macOS.
command_of() {
    if [ -d /proc/self ]; then
        tr '\0' ' ' <"/proc/$1/cmdline"
    else
        ps -ww -o args= -p "$1"
    fi 2>/dev/null || true
}

# runs PID TEXT: is there such a process, with TEXT in its command line?
runs() {
    [ -n "$1" ] || return 1
    case "$(command_of "$1")" in *"$2"*) return 0 ;; *) return 1 ;; esac
}

# end PID TEXT SECONDS: asks it to stop, and makes it stop when it has not after SECONDS.
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

# The group of a long command in the foreground, while there is one.
attended_pid=

# attended COMMAND...: runs it so that a signal to this script is answered at once; bash would put
# its traps off until the end of a plain foreground command. Job control gives the command a group
# of its own, which end_attended can end with all its children.
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

# is_free HOST PORT: does nobody listen there?
is_free() {
    ! (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}

# The port remembered in FILE; a new one at first, and when somebody else has taken it since.
# Below 32768, so that no outgoing connection is given it while our server is down.
port_from() {
    local port
    port=$(cat "$1" 2>/dev/null || true)
    until [ -n "$port" ] && is_free 127.0.0.1 "$port"; do
        port=$((20000 + RANDOM % 12000))
    done
    echo "$port" >"$1"
    echo "$port"
}

# The secret kept in FILE, made at first: other users of this machine reach loopback ports too.
secret_from() {
    [ -s "$1" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$1")
    cat "$1"
}
