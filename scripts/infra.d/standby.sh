#!/usr/bin/env bash
# A synchronous standby of Postgres is promoted after a `kill -9` of the primary. HAProxy leads to
# the first server that takes connections, and that is the standby before it is promoted, too.
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
. scripts/lib/failover.sh
set_up "Postgres standby promoted, behind HAProxy"
here_postgres
here_redis
second_postgres
postgres_psql -d postgres -c "ALTER SYSTEM SET synchronous_standby_names = 'standby'"
postgres_psql -d postgres -c "SELECT pg_reload_conf()" >/dev/null
haproxy_up "option tcp-check" "server primary 127.0.0.1:$pg_port check" \
    "server standby 127.0.0.1:$standby_port check backup"
DATABASE_URL=${DATABASE_URL/:$pg_port/:$relay_port}

promote() {
    kill -KILL "$(postgres_pid)"
    as_postgres "$pg_bin/pg_ctl" promote -D "$standby_home/data" -s
}

programs_up
try_commands
try_failover promote
try_killed_worker
try_check
