# shellcheck shell=bash
# The failover of a set-up of `make infra`, as a client sees it.

# haproxy_up LINE...: HAProxy with one listener on a port of its own, and sets relay_port.
# A connection to a server that is no longer the right one is closed.
haproxy_up() {
    want haproxy
    relay_port=$(port_from "$dir/haproxy.port")
    {
        cat <<CONF
defaults
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h
    timeout check 1s
    default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
listen relay
    bind 127.0.0.1:$relay_port
CONF
        printf '    %s\n' "$@"
    } >"$dir/haproxy.cfg"
    keep haproxy -db -f "$dir/haproxy.cfg"
    until_true 20 "HAProxy did not start: $(last_words)" is_taken "$relay_port"
    version "$(haproxy -v | sed -n '1s/.*version \([0-9.]*\).*/HAProxy \1/p')"
}

# try_failover COMMAND: runs the command while a client sends a command each tenth of a second, and
# asks afterwards whether all that was confirmed is still so.
try_failover() {
    local n=0 in_a_row=0 gap=0 ended=$((SECONDS + 60)) last now
    : >"$dir/confirmed"
    last=$(milliseconds)
    # Ten answers in a row end the outage.
    until [ "$n" -ge 60 ] && [ "$in_a_row" -ge 10 ]; do
        [ "$SECONDS" -lt "$ended" ] || wrong "no answers for a minute after the failover"
        n=$((n + 1)) in_a_row=$((in_a_row + 1))
        [ "$n" != 20 ] || "$1"
        post /users "infra-failover-$n" "{\"email\":\"failover-$n@example.com\"}" wait=2
        case $status in
        201)
            printf '%s %s\n' "$n" "$body" >>"$dir/confirmed"
            now=$(milliseconds)
            [ $((now - last)) -le "$gap" ] || gap=$((now - last))
            last=$now
            ;;
        202 | 503) in_a_row=0 ;;
        *) wrong "during the failover: $status ($(printf '%.200s' "$body"))" ;;
        esac
        sleep 0.1
    done
    try_confirmed
    note "$(tenths "$gap") s without an answer, $(wc -l <"$dir/confirmed") confirmed, none lost"
}

try_confirmed() {
    local n first
    while read -r n first; do
        post /users "infra-failover-$n" "{\"email\":\"failover-$n@example.com\"}"
        expect 201 "confirmed before the failover, asked again"
        [ "$body" = "$first" ] || wrong "confirmed as $first, and now it is $body"
    done <"$dir/confirmed"
}

milliseconds() { perl -MTime::HiRes=time -e 'printf "%d", time * 1000'; }

tenths() { printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# second_postgres NAME: a synchronous standby of the first one, on a port of its own.
second_postgres() {
    local primary_port=$pg_port primary_home=$pg_home other=$root/.data/throwaway.standby.$$
    beside="$beside standby"
    mkdir -p "$other"
    cp "$dir/postgres.password" "$other"
    postgres_home "$other"
    PGPASSWORD=$pg_password as_postgres "$pg_bin/pg_basebackup" -D "$pg_home/data" -R -X stream \
        -c fast -d "host=127.0.0.1 port=$primary_port user=postgres application_name=standby" \
        >>"$log" 2>&1 || wrong "pg_basebackup: $(last_words)"
    postgres_up "$other"
    # shellcheck disable=SC2034 # for the caller
    standby_port=$pg_port standby_home=$pg_home
    pg_port=$primary_port pg_home=$primary_home
}
