#!/usr/bin/env bash
# The official image of Postgres 17, beside the Redis of this machine.
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
set_up "Postgres 17"
want_docker
container postgres 5432 -e POSTGRES_DB=subscriptions -e POSTGRES_PASSWORD=infra postgres:17
DATABASE_URL=postgres://postgres:infra@$address/subscriptions
until_true 60 "Postgres did not start" "$(postgres_bin)/psql" -X "$DATABASE_URL" -c 'SELECT 1'
version "Postgres $("$(postgres_bin)/psql" -X "$DATABASE_URL" -Atc 'SHOW server_version' |
    sed 's/ .*//')"
here_redis
probe
