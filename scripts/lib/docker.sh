# shellcheck shell=bash
# Postgres and Redis from docker-compose.yml, for `make run` where a Docker engine runs.

docker_works() {
    command -v docker >/dev/null && docker compose version >/dev/null 2>&1 &&
        docker info >/dev/null 2>&1
}

# docker_up DIR SERVICE...: starts the services that do not run yet, and notes them in DIR.
docker_up() {
    local dir=$1 service running
    shift
    running=$(docker compose ps --services --status running)
    for service in "$@"; do
        printf '%s\n' "$running" | grep -qx "$service" || echo "$service" >>"$dir/docker"
    done
    docker compose up --detach --wait "$@" >&2 ||
        die "docker compose could not start: $*" "docker compose logs $*"
}

# docker_down DIR: stops the services that docker_up has started. Others go on.
docker_down() {
    [ -s "$1/docker" ] || return 0
    # shellcheck disable=SC2046 # a list of words
    docker compose stop $(sort -u "$1/docker") >&2 && rm "$1/docker"
}

# docker_address SERVICE PORT: prints the address of the port on this machine, as host:port.
docker_address() { docker compose port "$1" "$2"; }
