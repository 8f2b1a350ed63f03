#!/usr/bin/env bash
# PgBouncer of Debian 13, which is later than 1.21, in transaction mode.
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
. scripts/lib/pgbouncer.sh
set_up "PgBouncer of Debian 13, transaction mode"
want_docker

# It ends with its container.
more_down() { :; }

image=infra-pgbouncer
docker build --quiet --tag $image - >>"$log" 2>&1 <<DOCKERFILE || skip "the image cannot be built"
FROM debian:trixie-slim
RUN pgbouncer --version || (apt-get update && apt-get install --yes pgbouncer)
DOCKERFILE

here_postgres
here_redis
mkdir "$dir/pgbouncer"
conf=$dir/pgbouncer/pgbouncer

pgbouncer_start() {
    chmod 755 "$dir/pgbouncer"
    chmod 644 "$conf".*
    containers="$containers infra-pgbouncer-$$"
    docker run --detach --name "infra-pgbouncer-$$" --network host --user 65534 \
        --volume "$dir/pgbouncer:$dir/pgbouncer:ro" $image pgbouncer "$conf.ini" >>"$log"
}

version "$(docker run --rm $image pgbouncer --version | sed -n 1p)"
pgbouncer_up transaction "max_prepared_statements = 200"
probe
