#!/usr/bin/env bash
# PgBouncer in transaction mode.
# short: yes
. scripts/lib/infra.sh
. scripts/lib/pgbouncer.sh
set_up "PgBouncer, transaction mode"
here_postgres
here_redis
pgbouncer_up transaction
probe
