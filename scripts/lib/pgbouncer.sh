# shellcheck shell=bash
# PgBouncer before the Postgres of this machine, for `make infra`.

# pgbouncer_up MODE: sets DATABASE_URL to it. The settings are those of docs/OPERATIONS.md.
pgbouncer_up() {
    local program=${INFRA_PGBOUNCER:-} conf=$pg_home/pgbouncer port
    [ -n "$program" ] || { want pgbouncer && program=pgbouncer; }
    port=$(port_from "$dir/pgbouncer.port")
    echo "\"postgres\" \"$pg_password\"" >"$conf.users"
    cat >"$conf.ini" <<CONF
[databases]
subscriptions = host=127.0.0.1 port=$pg_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $conf.users
pool_mode = $1
max_client_conn = 200
$(from_docs pgbouncer-settings)
CONF
    [ "$(id -u)" != 0 ] || chown "$pg_user" "$conf".*
    # It refuses to run as root. Releases before 1.21 do not know one of the settings.
    keep as_postgres "$program" -q "$conf.ini"
    # shellcheck disable=SC2034 # for the caller
    DATABASE_URL=postgres://postgres:$pg_password@127.0.0.1:$port/subscriptions
    until_true 20 "PgBouncer did not start: $(last_words)" is_taken "$port"
    version "$(as_postgres "$program" --version | sed -n 1p)"
}
