# shellcheck shell=bash
# A private Redis, in the folder of state DIR, on a loopback port of its own. redis_up sets
# redis_url.

# appendfsync everysec: nobody waits for its disk. A job whose 202 was sent is in Postgres, too.
# The log is rewritten when it has grown to half a gigabyte. At the default of 64 MB, Redis would
# rewrite it every few seconds under a busy queue.
# noeviction: a full Redis refuses new jobs rather than dropping old ones.
redis_settings() {
    cat <<CONF
bind 127.0.0.1
port $2
requirepass $3
daemonize yes
dir "$1"
pidfile "$1/pid"
logfile "$1/log"
appendonly yes
appendfsync everysec
save ""
auto-aof-rewrite-min-size 512mb
maxmemory-policy noeviction
CONF
}

redis_pid() { cat "$1/redis/pid" 2>/dev/null || true; }

# redis_title DIR: prints the command line of the server, as Redis sets it.
redis_title() { echo "redis-server 127.0.0.1:$(cat "$1/redis.port")"; }

redis_runs() { runs "$(redis_pid "$1")" "$(redis_title "$1")"; }

redis_answers() {
    [ "$(REDISCLI_AUTH=$2 "$(redis_bin)/redis-cli" -p "$1" ping 2>/dev/null)" = PONG ]
}

# redis_up DIR [LINE...]: starts the server with more lines of configuration.
redis_up() {
    local dir=$1 port password tenths=0
    shift
    mkdir -p "$dir/redis" && chmod 700 "$dir/redis"
    password=$(secret_from "$dir/redis.password")
    if [ -f "$dir/redis.port" ] && redis_runs "$dir"; then
        port=$(cat "$dir/redis.port")
    else
        port=$(port_from "$dir/redis.port")
        rm -f "$dir/redis/pid"
        (
            umask 077
            redis_settings "$dir/redis" "$port" "$password" >"$dir/redis.conf"
            [ $# = 0 ] || printf '%s\n' "$@" >>"$dir/redis.conf"
        )
        "$(redis_bin)/redis-server" "$dir/redis.conf" </dev/null >/dev/null
    fi
    # Redis answers only when it has read its log, which takes longer the longer the log is.
    until redis_answers "$port" "$password"; do
        tenths=$((tenths + 1))
        if [ "$tenths" -gt 1200 ] || { [ "$tenths" -gt 30 ] && ! redis_runs "$dir"; }; then
            tail -n 20 "$dir/redis/log" >&2
            die "Redis did not start (the end of its log is above)"
        fi
        sleep 0.1
    done
    # The URL names the user, because `redis-cli -u` would take an empty name for a user's name.
    # shellcheck disable=SC2034 # for the caller
    redis_url="redis://default:$password@127.0.0.1:$port"
}

redis_down() {
    [ -f "$1/redis.port" ] || return 0
    end "$(redis_pid "$1")" "$(redis_title "$1")" 60
}
