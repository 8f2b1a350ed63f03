# shellcheck shell=bash
# Makes the demo users of `make run` at the api at $API_ADDR, and prints commands to try with them.

# --noproxy: a proxy that the environment names must not be used for loopback.
ask() { curl --noproxy '*' -sS --max-time 40 "http://$API_ADDR$1" "${@:2}"; }

answers() { ask "$1" -f -o /dev/null 2>/dev/null; }

# add_user NAME: makes the user and prints its id. The key is always the same, so a second run
# replays the first.
add_user() {
    local answer id
    answer=$(ask /users -H 'Content-Type: application/json' -H "Idempotency-Key: demo-user-$1" \
        -H 'Prefer: wait=30' -d "{\"email\":\"$1@example.com\"}")
    id=$(printf '%s' "$answer" | sed -n 's/.*"id": *\([0-9][0-9]*\).*/\1/p')
    [ -n "$id" ] || die "the demo user $1 could not be added" "$answer"
    echo "$id"
}

demo_users() {
    ada=$(add_user ada)
    grace=$(add_user grace)
}

explain() {
    local url=http://$API_ADDR json="-H 'Content-Type: application/json'"
    local purchase="{\"user_id\":$ada,\"plan\":\"monthly\",\"duration_months\":1}" gift
    gift="{\"gifter_id\":$ada,\"recipient_email\":\"grace@example.com\",\"duration_months\":3}"
    cat <<TEXT

It works: api on $url, worker on http://$WORKER_ADDR.
Two demo users are there: ada@example.com (id $ada) and grace@example.com (id $grace).
In another terminal, try this:

  # Subscribe Ada. Do it twice: the second answer is a replay of the first.
  curl -iw '\n' $url/subscribe $json -H 'Idempotency-Key: demo-subscribe-ada' -d '$purchase'

  # Ada gives Grace three months; a new key each time, so a new gift each time.
  curl -iw '\n' $url/gift $json -H "Idempotency-Key: gift-\$RANDOM-\$(date +%s)" -d '$gift'

  # What Ada has, and how everything is.
  curl -sw '\n' $url/subscriptions/$ada
  curl -sw '\n' $url/health

  # Another worker, or a look into Postgres and Redis.
  (. "$state/env" && WORKER_ADDR=off "$state/bin/worker")
  (. "$state/env" && psql "\$DATABASE_URL")
  (. "$state/env" && redis-cli -u "\$REDIS_URL")

Logs of both follow; Ctrl-C stops everything, the data stays.

TEXT
}
