#!/usr/bin/env bash
# docker-compose.yml with the image of scripts/Dockerfile, three workers, and passwords of its own.
. scripts/lib/infra.sh
set_up "docker-compose.yml, three workers"
want_docker
docker compose version >/dev/null 2>&1 || skip "no docker compose"

API_ADDR=127.0.0.1:$(port_from "$dir/api.port")
POSTGRES_PASSWORD=$(secret_from "$dir/postgres-secret")
REDIS_PASSWORD=$(secret_from "$dir/redis-secret")
export POSTGRES_PASSWORD REDIS_PASSWORD RATE_LIMIT_REQUESTS=0 RUST_LOG=warn
# No file of the checkout is read for settings, and the port is one that is free.
cat >"$dir/override.yml" <<YAML
services:
  api:
    image: ${INFRA_IMAGE:-infra-commerce}
    ports: !override ["$API_ADDR:8080"]
  worker:
    image: ${INFRA_IMAGE:-infra-commerce}
YAML
: >"$dir/env"

compose() {
    docker compose --project-name "infra-$$" --env-file "$dir/env" --progress quiet \
        --file docker-compose.yml --file "$dir/override.yml" "$@"
}

more_down() { compose down --volumes --timeout 20; }

workers_up() { compose up --detach --no-build --scale worker=3 --wait; }

if [ -z "${INFRA_IMAGE:-}" ]; then
    say "building the image"
    compose build api >>"$log" 2>&1 || skip "the image cannot be built: $(last_words)"
fi
workers_up >>"$log" 2>&1 || wrong "compose up: $(last_words)"
version "Docker $(docker version --format '{{.Server.Version}}')"
version "Compose $(docker compose version --short)"
version "Postgres $(compose exec -T postgres postgres --version | sed 's/[^0-9]*\([0-9.]*\).*/\1/')"
version "Redis $(compose exec -T redis redis-server --version | sed 's/.* v=\([0-9.]*\).*/\1/')"
key=$(compose exec -T api api keys create --client infra --scope write | sed -n 1p)

kill_worker() {
    docker kill --signal KILL "$(compose ps --quiet worker | sed -n 1p)" >>"$log"
}
start_worker() { workers_up >>"$log" 2>&1; }
check() { compose exec -T worker worker check; }

try_commands
try_killed_worker
try_check
note "all well"
