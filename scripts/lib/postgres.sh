# shellcheck shell=bash
# A private Postgres, in the folder of state DIR, on a loopback port of its own.
#
# postgres_up sets: pg_bin (programs), pg_home (data and log), pg_user (the user it runs as),
# pg_port, pg_password, and pg_url (without a database).

# Postgres refuses to run as root. Root runs it as another user, who may be unable to enter the
# checkout (for example under /root). Then the data is in /var/lib, and a file in DIR says where.
postgres_home() {
    local dir=$1
    pg_home=$(cat "$dir/postgres.outside" 2>/dev/null || echo "$dir/postgres")
    # shellcheck disable=SC2012 # macOS and Linux spell stat differently
    pg_user=$(ls -ld "$pg_home" 2>/dev/null | awk '{ print $3 }' || true)
    case $pg_user in
    '' | root) postgres_new_home "$dir" ;;
    "$(id -un)") ;;
    *)
        [ "$(id -u)" = 0 ] ||
            die "$pg_home belongs to $pg_user" "run make as that user, or: sudo make clean-data"
        ;;
    esac
}

postgres_new_home() {
    local dir=$1
    pg_user=$(id -un)
    if [ "$pg_user" = root ]; then
        pg_user=postgres
        id -u "$pg_user" >/dev/null 2>&1 || pg_user=nobody
        if ! as_postgres test -x "$dir"; then
            pg_home=$(mktemp -d /var/lib/subscription-commerce.XXXXXX)
            echo "$pg_home" >"$dir/postgres.outside"
        fi
    fi
    mkdir -p "$pg_home"
    chmod 700 "$pg_home"
    [ "$(id -u)" != 0 ] || chown "$pg_user" "$pg_home"
}

# The command runs in /, since that user may not be allowed to enter the current folder.
as_postgres() (
    cd /
    export LC_ALL=C
    if [ "$pg_user" = "$(id -un)" ]; then "$@"; else runuser -u "$pg_user" -- "$@"; fi
)

# The new cluster gets its name when it is complete, so that a killed initdb leaves no broken one.
postgres_init() {
    local locale=C.UTF-8
    [ "$(uname -s)" = Linux ] || locale=en_US.UTF-8
    # shellcheck disable=SC2016 # expanded by the inner shell
    printf '%s' "$pg_password" | as_postgres sh -c '
        umask 077 && rm -rf "$2.new" && cat >"$2.password" &&
        "$1/initdb" -D "$2.new" -U postgres --pwfile="$2.password" -A scram-sha-256 \
            -E UTF8 --locale="$3" >"$2.initdb.log" 2>&1 &&
        rm "$2.password" && mv "$2.new" "$2"' sh "$pg_bin" "$pg_home/data" "$locale" || {
        cat "$pg_home/data.initdb.log" >&2
        die "initdb failed (its words are above)"
    }
}

postgres_pid() { head -n 1 "$pg_home/data/postmaster.pid" 2>/dev/null || true; }

postgres_runs() { runs "$(postgres_pid)" "$pg_home/data"; }

# Deletes a stale pid file. Postgres does not start while a process with the id in that file exists,
# whatever the process is. The file is stale if that process is no Postgres (the machine was started
# again) or is a zombie. Postgres notices the living children of a killed server without the file.
drop_stale_pid() {
    local pid tenths=20
    pid=$(postgres_pid)
    [ -n "$pid" ] || return 0
    while [ "$tenths" -gt 0 ] && kill -0 "$pid" 2>/dev/null && [ -z "$(command_of "$pid")" ]; do
        tenths=$((tenths - 1))
        sleep 0.1
    done
    runs "$pid" postgres || rm -f "$pg_home/data/postmaster.pid"
}

# Checkpoints are rare, because after each one Postgres logs whole pages again. No setting here is
# less durable than the defaults.
postgres_start() {
    as_postgres "$pg_bin/pg_ctl" start -D "$pg_home/data" -l "$pg_home/log" -w -t 120 -s -o \
        "-h 127.0.0.1 -p $pg_port -c unix_socket_directories= -c max_connections=200 \
        -c shared_buffers=256MB -c max_wal_size=4GB -c checkpoint_timeout=15min $*"
}

# postgres_up DIR [OPTION...]: starts the server with options such as -c fsync=off.
postgres_up() {
    local dir=$1 major
    shift
    postgres_home "$dir"
    major=$(cat "$pg_home/data/PG_VERSION" 2>/dev/null || true)
    pg_bin=$(postgres_bin "$major") ||
        die "the data in $pg_home is of PostgreSQL $major, which is not on this machine" \
            "install that version, or start afresh: make clean-data"
    pg_password=$(secret_from "$dir/postgres.password")
    [ -n "$major" ] || postgres_init
    if postgres_runs; then
        pg_port=$(cat "$dir/postgres.port")
    else
        pg_port=$(port_from "$dir/postgres.port")
        drop_stale_pid
        # A second attempt, because the last children of a killed Postgres may still be ending.
        postgres_start "$@" 2>/dev/null || { sleep 2 && postgres_start "$@"; } || {
            tail -n 20 "$pg_home/log" >&2
            die "Postgres did not start (the end of its log is above)"
        }
    fi
    # shellcheck disable=SC2034 # for the caller
    pg_url="postgres://postgres:$pg_password@127.0.0.1:$pg_port"
}

# postgres_down DIR: stops it if it runs.
postgres_down() {
    postgres_home "$1"
    postgres_runs || return 0
    as_postgres "$(postgres_bin "$(cat "$pg_home/data/PG_VERSION")")/pg_ctl" stop \
        -D "$pg_home/data" -m fast -w -t 60 -s
}

# The password is passed in the environment, because other users can read a command line.
postgres_psql() {
    PGPASSWORD=$pg_password "$pg_bin/psql" -X -q -h 127.0.0.1 -p "$pg_port" -U postgres \
        -v ON_ERROR_STOP=1 "$@"
}

# postgres_database NAME: creates the database unless it exists.
postgres_database() {
    [ -n "$(postgres_psql -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = '$1'")" ] ||
        postgres_psql -d postgres -c "CREATE DATABASE $1"
}
