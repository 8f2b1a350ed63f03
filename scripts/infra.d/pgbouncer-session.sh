#!/usr/bin/env bash
# PgBouncer in session mode.
# short: yes
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
. scripts/lib/pgbouncer.sh
set_up "PgBouncer, session mode"
here_postgres
here_redis
pgbouncer_here
pgbouncer_up session
probe
