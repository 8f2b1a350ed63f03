# shellcheck shell=bash
# Postgres and Redis for `make run`. The state is in DIR (.data/run).

. scripts/lib/say.sh
. scripts/lib/process.sh
. scripts/lib/machine.sh
. scripts/lib/postgres.sh
. scripts/lib/redis.sh
. scripts/lib/docker.sh

# services_up DIR: exports DATABASE_URL and REDIS_URL. It starts the service of each that is not
# set.
services_up() {
    local dir=$1 wanted=''
    [ -n "${DATABASE_URL:-}" ] || wanted="postgres"
    [ -n "${REDIS_URL:-}" ] || wanted="$wanted redis"
    # Where there is local data, local servers are used even if Docker runs now. Otherwise the data
    # would seem lost.
    # shellcheck disable=SC2086 # a list of words
    if [ -z "$wanted" ]; then
        say "services: DATABASE_URL and REDIS_URL, as given"
    elif [ ! -d "$dir/redis" ] && [ ! -e "$dir/postgres.password" ] && docker_works; then
        say "services: Docker ($wanted)"
        services_by_docker "$dir" $wanted
    else
        need $wanted
        say "services: local servers, data in $dir ($wanted)"
        services_by_hand "$dir" "$wanted"
    fi
    export DATABASE_URL REDIS_URL
    (
        umask 077
        printf 'export DATABASE_URL=%q REDIS_URL=%q\n' "$DATABASE_URL" "$REDIS_URL" >"$dir/env"
    )
}

services_by_docker() {
    docker_up "$@"
    local user
    user=postgres:$(password POSTGRES_PASSWORD)
    [ -n "${DATABASE_URL:-}" ] ||
        DATABASE_URL="postgres://$user@$(docker_address postgres 5432)/subscriptions"
    [ -n "${REDIS_URL:-}" ] ||
        REDIS_URL="redis://default:$(password REDIS_PASSWORD)@$(docker_address redis 6379)"
}

services_by_hand() {
    case $2 in *postgres*)
        postgres_up "$1"
        postgres_database subscriptions
        DATABASE_URL=$pg_url/subscriptions
        ;;
    esac
    case $2 in *redis*)
        redis_up "$1"
        REDIS_URL=$redis_url
        ;;
    esac
}

# services_down DIR: stops the services that services_up has started, also those of a killed run.
services_down() {
    redis_down "$1"
    [ ! -e "$1/postgres.password" ] || postgres_down "$1"
    docker_down "$1"
    rm -f "$1/env"
}
