#!/usr/bin/env bash
# The official image of Redis 8, beside the Postgres of this machine.
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
set_up "Redis 8"
want_docker
here_postgres
container redis 6379 redis:8 redis-server --appendonly yes --appendfsync everysec \
    --save '' --requirepass infra
REDIS_URL=redis://default:infra@$address
until_true 60 "Redis 8 did not start" redis_cli ping
version "Redis $(redis_version)"
probe
