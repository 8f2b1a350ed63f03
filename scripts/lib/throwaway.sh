# shellcheck shell=bash
# A Postgres, and on request a Redis, for one run of a script. Their folder is named after the
# script's process and is deleted at its end, so that any number of runs can go on at once in one
# checkout.

. scripts/lib/say.sh
. scripts/lib/process.sh
. scripts/lib/machine.sh
. scripts/lib/postgres.sh
. scripts/lib/redis.sh

# throwaway_up [OPTION...]: starts Postgres with these options, or with fsync=off if there are none:
# each test creates a database, which is slow to write to disk, and no test needs the data after a
# power cut. `make run` has Postgres's defaults.
throwaway_up() {
    local dir=$PWD/.data/throwaway.$$
    sweep_throwaways
    mkdir -p "$dir"
    say "starting a Postgres for this run only"
    [ $# -gt 0 ] || set -- -c fsync=off
    postgres_up "$dir" "$@"
}

# throwaway_redis_up: starts a Redis that is as durable as that of `make run`.
throwaway_redis_up() {
    say "starting a Redis for this run only"
    redis_up "$PWD/.data/throwaway.$$"
}

# throwaway_down [DIR]: stops the servers and deletes their folder.
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

# Stops and deletes the servers of scripts that were killed.
sweep_throwaways() {
    local dir
    for dir in "$PWD"/.data/throwaway.*; do
        [ ! -d "$dir" ] || runs "${dir##*.}" scripts/ || throwaway_down "$dir"
    done
}
