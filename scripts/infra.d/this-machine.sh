#!/usr/bin/env bash
# Postgres and Redis as this machine has them.
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
set_up "As this machine has them"
here_postgres
here_redis
probe
