# shellcheck shell=bash
# Postgres and Redis from docker-compose.yml, for `make run` where a Docker engine runs.

docker_works() {
    command -v docker >/dev/null && docker compose version >/dev/null 2>&1 &&
        docker info >/dev/null 2>&1
}

# Writes a password into .env for each service whose password .env does not have.
make_passwords() {
    local name
    for name in POSTGRES_PASSWORD REDIS_PASSWORD; do
        ! grep -qs "^$name=." .env || continue
        (
            umask 077
            printf '%s=%s\n' "$name" "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" >>.env
        )
    done
}

# password NAME: prints that password: the one of the environment, or else that of .env.
password() {
    local value=${!1:-}
    [ -n "$value" ] || value=$(sed -n "s/^$1=//p" .env | tail -n 1)
    echo "$value"
}

# docker_up DIR SERVICE...: starts the services that do not run yet, and notes them in DIR.
docker_up() {
    local dir=$1 service running
    shift
    make_passwords
    # Compose publishes the ports of the api only. The programs of `make run` are outside.
    export COMPOSE_FILE=docker-compose.yml:scripts/compose.local.yml
    running=$(docker compose ps --services --status running)
    for service in "$@"; do
        printf '%s\n' "$running" | grep -qx "$service" || echo "$service" >>"$dir/docker"
    done
    docker compose up --detach --wait "$@" >&2 ||
        die "docker compose could not start: $*" "docker compose logs $*"
    case " $* " in *' postgres '*) docker_postgres_password ;; esac
}

# Postgres takes a password from its environment only when its data is made. Data of before 0.4.0
# has another one.
docker_postgres_password() {
    local value
    value=$(password POSTGRES_PASSWORD)
    docker compose exec -T postgres psql -U postgres -q -v password="$value" \
        <<<"ALTER ROLE postgres PASSWORD :'password'" >&2
}

# docker_down DIR: stops the services that docker_up has started. Others go on.
docker_down() {
    [ -s "$1/docker" ] || return 0
    # shellcheck disable=SC2046 # a list of words
    docker compose stop $(sort -u "$1/docker") >&2 && rm "$1/docker"
}

# docker_address SERVICE PORT: prints the address of the port on this machine, as host:port.
docker_address() { docker compose port "$1" "$2"; }
