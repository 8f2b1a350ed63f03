# shellcheck shell=bash
# A Postgres, and a Redis too if it is asked for, for one run of a script. Their folder is named
# after the script's process and is deleted with it, so that any number of runs can go on at once in
# one checkout.

. scripts/lib/say.sh
. scripts/lib/process.sh
. scripts/lib/machine.sh
. scripts/lib/postgres.sh
. scripts/lib/redis.sh

# throwaway_up [OPTION...]: options of the server. Without any it has fsync=off: each test creates a
# database, which is slow to put on disk, and no test asks what this server still knows after a power
# cut. `make run` has Postgres's defaults.
throwaway_up() {
    local dir=$PWD/.data/throwaway.$$
    sweep_throwaways
    mkdir -p "$dir"
    say "starting a Postgres for this run only"
    [ $# -gt 0 ] || set -- -c fsync=off
    postgres_up "$dir" "$@"
}

# throwaway_redis_up: a Redis beside it, as durable as that of `make run`.
throwaway_redis_up() {
    say "starting a Redis for this run only"
    redis_up "$PWD/.data/throwaway.$$"
}

# throwaway_down [DIR]: stops and deletes it.
throwaway_down() {
    local dir=${1:-$PWD/.data/throwaway.$$}
    [ -d "$dir" ] || return 0
    redis_down "$dir"
    if [ -e "$dir/postgres.password" ]; then
        postgres_down "$dir"
        rm -rf "$pg_home"
    fi
    rm -rf "$dir"
}

# Those whose script was killed.
sweep_throwaways() {
    local dir
    for dir in "$PWD"/.data/throwaway.*; do
        [ ! -d "$dir" ] || runs "${dir##*.}" scripts/ || throwaway_down "$dir"
    done
}
