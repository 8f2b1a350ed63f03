# shellcheck shell=bash
# shellcheck disable=SC2034 # for the set-ups
# The frame of a set-up of `make infra`: a folder of its own, servers in it, one row of the table at
# the end, and everything ended.
#
# A set-up is a script that sources this, says `set_up TITLE`, starts servers, sets DATABASE_URL and
# REDIS_URL, and says `probe` (scripts/lib/probe.sh). It notes versions and what was seen by `note`.

set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/throwaway.sh
. scripts/lib/programs.sh
. scripts/lib/probe.sh
PATH="$PATH:/usr/sbin:/sbin"

# What the row says. A set-up that is not promised to work says `promised=no`.
versions='' seen='' promised=yes title=''
# Servers beside the first Postgres and the first Redis, by the names of their folders.
beside=''
# Other processes, each as its id and a word of its command line, and containers.
processes='' containers=''

# set_up TITLE: makes the folder, and sees to the end of everything.
set_up() {
    title=$1
    began=$SECONDS
    root=$PWD
    dir=$root/.data/throwaway.$$
    # `programs_down` knows programs by the end of this path.
    state=$dir/run
    log=$dir/log
    sweep_throwaways
    mkdir -p "$state"
    ln -sfn "${INFRA_BIN:?"start it by scripts/infra"}" "$state/bin"
    trap tear_down EXIT
    trap 'exit 130' INT TERM HUP
}

tear_down() {
    local code=$?
    trap '' INT TERM HUP
    trap - ERR
    set +e
    cd "$root" || exit
    [ "$code" != 0 ] && [ "$code" -lt 128 ] && [ "$promised" = yes ] && show_logs
    programs_down
    # What only this set-up has.
    [ "$(type -t more_down)" != function ] || more_down >>"$log" 2>&1
    local id
    for id in $processes; do end "${id%%:*}" "${id#*:}" 10; done
    # shellcheck disable=SC2086 # a list of words
    [ -z "$containers" ] || docker rm -fv $containers >/dev/null
    for id in $beside; do throwaway_down "$root/.data/throwaway.$id.$$"; done
    throwaway_down
    [ "$code" -ge 128 ] || print_row "$code"
    [ "$promised" = yes ] || exit 0
    exit "$code"
}

# Whatever the reason, the words of the programs say more than ours.
show_logs() {
    say "$title: what the programs said last:"
    tail -n 15 "$log" >&2
}

print_row() {
    [ "$1" = 0 ] || [ -n "$failure" ] || failure="something unexpected; see the messages"
    [ -z "$failure" ] || seen="${seen:+$seen; }**failed**: $failure"
    printf '| %s | %s | %s | %s |\n' "$title" "$versions" "${seen//|/\\|}" $((SECONDS - began))
}

note() { seen="${seen:+$seen; }$1"; }

version() { versions="${versions:+$versions, }$1"; }

# skip REASON: ends the set-up without a failure.
skip() {
    note "skipped: $1"
    exit 0
}

failure=''
wrong() {
    failure=$1
    exit 1
}

# want NAME...: as `need`, but skips the set-up where a program cannot be installed.
want() {
    local name
    for name in "$@"; do
        has "$name" || (need "$name") || skip "no $name on this machine"
    done
}

want_docker() {
    docker info >/dev/null 2>&1 || skip "no Docker engine"
}

# here_postgres [OPTION...]: the Postgres of this machine.
here_postgres() {
    postgres_up "$dir" "$@"
    postgres_database subscriptions
    DATABASE_URL=$pg_url/subscriptions
    version "Postgres $(postgres_version)"
}

# The number, without what a distribution adds.
postgres_version() { postgres_psql -d postgres -Atc 'SHOW server_version' | sed 's/ .*//'; }

# here_redis [LINE...]: the Redis of this machine, with more lines of its configuration.
here_redis() {
    redis_up "$dir" "$@"
    REDIS_URL=$redis_url
    version "Redis $(redis_version)"
}

# redis_cli ARGUMENT...: asks the Redis of the URL.
redis_cli() { "$(redis_bin)/redis-cli" --no-auth-warning -u "$REDIS_URL" "$@"; }

redis_version() {
    redis_cli info server | tr -d '\r' |
        sed -n -e 's/^valkey_version:/Valkey /p' -e 's/^redis_version://p' | tail -n 1
}

# Starts a server in the foreground of a process that tear_down ends.
# keep COMMAND...: the last word is one that no other process has.
keep() {
    "$@" </dev/null >>"$log" 2>&1 &
    processes="$processes $!:${*: -1}"
}

# until_true SECONDS WHAT COMMAND...: asks again and again.
until_true() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || wrong "$what"
        sleep 0.1
    done
}

is_taken() { ! is_free 127.0.0.1 "$1"; }

# from_docs WORD: prints the block of docs/OPERATIONS.md whose fence names the word.
from_docs() {
    awk -v fence="\`\`\`" -v word="$1" '
        $0 == fence { within = 0 }
        within
        index($0, fence) == 1 && index($0, word) { within = 1 }' docs/OPERATIONS.md
}

# container NAME PORT ARGUMENT...: runs an image, and sets the address of the port on this machine.
container() {
    local name=infra-$1-$$ port=$2
    shift 2
    containers="$containers $name"
    docker run --detach --name "$name" --publish "127.0.0.1::$port" "$@" >>"$log" 2>&1 ||
        skip "the image is not here and cannot be had: $(last_words)"
    address=$(docker port "$name" "$port" | sed -n 1p)
}
