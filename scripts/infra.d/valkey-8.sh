#!/usr/bin/env bash
# The official image of Valkey 8, beside the Postgres of this machine.
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
set_up "Valkey 8"
want_docker
here_postgres
container valkey 6379 valkey/valkey:8 valkey-server --appendonly yes --appendfsync everysec \
    --save '' --requirepass infra
REDIS_URL=redis://default:infra@$address
until_true 60 "Valkey 8 did not start" redis_cli ping
version "$(redis_version)"
probe
