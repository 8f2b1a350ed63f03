#!/usr/bin/env bash
# Three Sentinels promote a replica of Redis after a `kill -9` of the master. HAProxy leads to the
# server that says it is the master.
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
. scripts/lib/failover.sh
set_up "Redis Sentinel, behind HAProxy"
here_postgres
here_redis
password=$(cat "$dir/redis.password")
master_port=$(cat "$dir/redis.port")

# A replica with the same password, so that either can become the other.
replica=$root/.data/throwaway.replica.$$
beside=replica
mkdir -p "$replica"
cp "$dir/redis.password" "$replica"
redis_cli CONFIG SET masterauth "$password" >>"$log"
redis_up "$replica" "replicaof 127.0.0.1 $master_port" "masterauth $password"
replica_port=$(cat "$replica/redis.port")

for n in 1 2 3; do
    port=$(port_from "$dir/sentinel-$n.port")
    mkdir "$dir/sentinel-$n"
    cat >"$dir/sentinel-$n.conf" <<CONF
port $port
bind 127.0.0.1
dir "$dir/sentinel-$n"
sentinel monitor commerce 127.0.0.1 $master_port 2
sentinel auth-pass commerce $password
sentinel down-after-milliseconds commerce 1000
sentinel failover-timeout commerce 5000
CONF
    "$(redis_bin)/redis-server" "$dir/sentinel-$n.conf" --sentinel </dev/null >>"$log" 2>&1 &
    processes="$processes $!:127.0.0.1:$port"
done

all_are_known() {
    [ "$("$(redis_bin)/redis-cli" -p "$port" sentinel ckquorum commerce)" = \
        "OK 3 usable Sentinels. Quorum and failover authorization can be reached" ] &&
        "$(redis_bin)/redis-cli" -p "$port" sentinel replicas commerce | grep -q "^$replica_port"
}
until_true 30 "the Sentinels do not find each other" all_are_known

haproxy_up "option tcp-check" "tcp-check send AUTH\\ $password\\r\\n" \
    "tcp-check expect string +OK" \
    "tcp-check send INFO\\ replication\\r\\n" "tcp-check expect string role:master" \
    "server one 127.0.0.1:$master_port check" "server two 127.0.0.1:$replica_port check"
REDIS_URL=${REDIS_URL/:$master_port/:$relay_port}

kill_master() { kill -KILL "$(redis_pid "$dir")"; }

programs_up
try_commands
try_failover kill_master
try_killed_worker
try_check
