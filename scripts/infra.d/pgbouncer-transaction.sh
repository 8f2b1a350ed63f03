#!/usr/bin/env bash
# PgBouncer of this machine in transaction mode. Before 1.21 it mixes prepared statements up, and a
# start that refuses it is right.
# short: yes
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
. scripts/lib/pgbouncer.sh
set_up "PgBouncer, transaction mode"
here_postgres
here_redis
pgbouncer_here
if knows_statements; then
    pgbouncer_up transaction "max_prepared_statements = 200"
    probe
else
    pgbouncer_up transaction
    # A start that is refused ends both programs; whatever else they do is wrong.
    (programs_up) && wrong "the start is not refused"
    grep -qi 'pgbouncer' "$log" || wrong "the refusal does not name PgBouncer: $(last_words)"
    note "the start is refused and says why"
fi
