# shellcheck shell=bash
# PgBouncer before the Postgres of this machine, for `make infra`.

# pgbouncer_up MODE [LINE...]: sets DATABASE_URL to it.
pgbouncer_up() {
    local port
    port=$(port_from "$dir/pgbouncer.port")
    # shellcheck disable=SC2154 # set by the caller
    pgbouncer_settings "$port" "$@" >"$conf.ini"
    echo "\"postgres\" \"$pg_password\"" >"$conf.users"
    # It refuses to run as root.
    [ "$(id -u)" != 0 ] || chown "$pg_user" "$conf".*
    pgbouncer_start
    # shellcheck disable=SC2034 # for the caller
    DATABASE_URL=postgres://postgres:$pg_password@127.0.0.1:$port/subscriptions
    until_true 20 "PgBouncer did not start" is_taken "$port"
}

pgbouncer_settings() {
    cat <<CONF
[databases]
subscriptions = host=127.0.0.1 port=$pg_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $1
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $conf.users
pool_mode = $2
CONF
    [ $# = 2 ] || printf '%s\n' "${@:3}"
}

# The program of this machine, unless the set-up has another one. It is ended by its own pid file,
# because it may run as another user, and then is a child of what we have started.
pgbouncer_start() {
    printf 'pidfile = %s.pid\nlogfile = %s.log\n' "$conf" "$conf" >>"$conf.ini"
    as_postgres "$pgbouncer" -q -d "$conf.ini"
}

more_down() { [ -z "${conf:-}" ] || end "$(cat "$conf.pid" 2>/dev/null)" "$conf.ini" 10; }

pgbouncer_here() {
    pgbouncer=${INFRA_PGBOUNCER:-pgbouncer} conf=$pg_home/pgbouncer
    [ -n "${INFRA_PGBOUNCER:-}" ] || want pgbouncer
    version "$("$pgbouncer" --version | sed -n 1p)"
}

# Prepared statements pass through transaction mode from 1.21 on.
knows_statements() {
    local number=${versions##*PgBouncer }
    [ "${number%%.*}" -gt 1 ] || [ "$(echo "$number" | cut -d. -f2)" -ge 21 ]
}
