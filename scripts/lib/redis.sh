# shellcheck shell=bash
# A private Redis, in the folder of state DIR, on a loopback port of its own. redis_up sets
# redis_url.

# appendfsync always: the api answers 202 for a job that only Redis knows; it must be on disk.
# The log is rewritten when it has grown to half a gigabyte: at the default of 64 MB a busy queue
# would have it rewritten every few seconds.
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
appendfsync always
save ""
auto-aof-rewrite-min-size 512mb
maxmemory-policy noeviction
CONF
}

redis_runs() { runs "$(cat "$1/redis/pid" 2>/dev/null || true)" "redis-server 127.0.0.1:$(cat "$1/redis.port")"; }

redis_answers() {
    [ "$(REDISCLI_AUTH=$2 "$(redis_bin)/redis-cli" -p "$1" ping 2>/dev/null)" = PONG ]
}

redis_up() {
    local dir=$1 port password tenths=0
    mkdir -p "$dir/redis" && chmod 700 "$dir/redis"
    password=$(secret_from "$dir/redis.password")
    if [ -f "$dir/redis.port" ] && redis_runs "$dir"; then
        port=$(cat "$dir/redis.port")
    else
        port=$(port_from "$dir/redis.port")
        rm -f "$dir/redis/pid"
        (umask 077 && redis_settings "$dir/redis" "$port" "$password" >"$dir/redis.conf")
        "$(redis_bin)/redis-server" "$dir/redis.conf" </dev/null >/dev/null
    fi
    # It answers only when it has read its log again, which takes as long as the log is.
    until redis_answers "$port" "$password"; do
        tenths=$((tenths + 1))
        if [ "$tenths" -gt 1200 ] || { [ "$tenths" -gt 30 ] && ! redis_runs "$dir"; }; then
            tail -n 20 "$dir/redis/log" >&2
            die "Redis did not start (the end of its log is above)"
        fi
        sleep 0.1
    done
    # With the name of its user: `redis-cli -u` takes an empty name for one.
    # shellcheck disable=SC2034 # for whoever called
    redis_url="redis://default:$password@127.0.0.1:$port"
}

redis_down() {
    [ -f "$1/redis.port" ] || return 0
    end "$(cat "$1/redis/pid" 2>/dev/null || true)" "redis-server 127.0.0.1:$(cat "$1/redis.port")" 60
}
