# shellcheck shell=bash
# What `make run` has to show: plans and users of everybody (the client `local`), a test client
# `demo` whose time stands still, and commands to try with them. $state is the folder with the
# programs, and the api is at $API_ADDR.

# When the year of docs/TUTORIAL.md begins.
demo_begins=2026-01-01T00:00:00Z

# --noproxy: a proxy that the environment names must not be used for loopback.
ask() { curl --noproxy '*' -sS --max-time 40 "http://$API_ADDR$1" "${@:2}"; }

answers() { ask "$1" "${@:2}" -f -o /dev/null 2>/dev/null; }

# submit PATH KEY BODY: sends a command as everybody. The key is always the same, so a second run
# replays the first.
submit() {
    ask "$1" -H 'Content-Type: application/json' -H "Idempotency-Key: $2" -H 'Prefer: wait=30' \
        -d "$3"
}

# add_user NAME: makes the user and prints its id.
add_user() {
    local answer id
    answer=$(submit /users "demo-user-$1" "{\"email\":\"$1@example.com\"}")
    id=$(printf '%s' "$answer" | sed -n 's/.*"id": *\([0-9][0-9]*\).*/\1/p')
    [ -n "$id" ] || die "the demo user $1 could not be added" "$answer"
    echo "$id"
}

# demo_plans CLIENT [HEADER]: makes the plans of examples/plans.toml, unless they were made before:
# they may have been changed since.
demo_plans() {
    local said
    answers /plans/gold-monthly ${2:+-H "$2"} && return
    said=$("$state/bin/api" plans push examples/plans.toml --client "$1" 2>&1) ||
        die "the demo plans could not be made" "$said"
}

# Ada can pay, where no real money is taken.
demo_users() {
    local answer
    ada=$(add_user ada)
    grace=$(add_user grace)
    [ "$PAYMENTS" = simulated ] || return 0
    answer=$(submit /payment-methods demo-card-ada "{\"user_id\":$ada,\"token\":\"sim_ok\"}")
    case $answer in
    *'"last4"'*) ;;
    *) die "the demo user ada got no payment method" "$answer" ;;
    esac
}

# demo_client: makes the test client `demo`, unless there is one, and its plans. A key is shown
# once: it is kept in $state/demo.key for the next run, and another one is made when it is of no
# use, as with another database. A live client of that name is somebody's own, and left alone:
# $demo_key is empty then.
demo_client() {
    local known said
    demo_key=
    known=$("$state/bin/api" clients list | grep -F '  client demo  ') || known=
    case $known in
    '')
        said=$("$state/bin/api" clients create demo --test --at "$demo_begins" --rate 0/60 2>&1) ||
            die "the test client demo could not be made" "$said"
        ;;
    *'  a test client at '*) ;;
    *) return 0 ;;
    esac
    demo_key=$(cat "$state/demo.key" 2>/dev/null || true)
    if [ -z "$demo_key" ] || ! answers /test-clock -H "Authorization: Bearer $demo_key"; then
        demo_key=$("$state/bin/api" keys create --client demo --scope admin | sed -n 1p)
        rm -f "$state/demo.key"
        (umask 077 && printf '%s\n' "$demo_key" >"$state/demo.key")
    fi
    demo_plans demo "Authorization: Bearer $demo_key"
}

demo_up() {
    demo_plans local
    demo_users
    demo_client
}

explain() {
    local url=http://$API_ADDR json="-H 'Content-Type: application/json'" card='' gift
    local purchase="{\"user_id\":$ada,\"plan\":\"monthly\",\"duration_months\":1}"
    gift="\"gifter_id\":$ada,\"recipient_email\":\"grace@example.com\",\"duration_months\":3"
    if [ "$PAYMENTS" = simulated ]; then
        card=' with a card that takes no real money'
        gift="$gift,\"plan\":\"silver-monthly\""
    fi
    cat <<TEXT

It works: api on $url, worker on http://$WORKER_ADDR.
Two demo users are there: ada@example.com (id $ada)$card, and grace@example.com (id $grace).
In another terminal, try this:

  # Subscribe Ada. Do it twice: the second answer is a replay of the first.
  curl -iw '\n' $url/subscribe $json -H 'Idempotency-Key: demo-subscribe-ada' -d '$purchase'

  # Ada gives Grace three months; a new key each time, so a new gift each time.
  curl -iw '\n' $url/gift $json -H "Idempotency-Key: gift-\$RANDOM-\$(date +%s)" -d '{$gift}'

  # What Ada has, what the books say, and how everything is.
  curl -sw '\n' $url/subscriptions/$ada
  curl -sw '\n' $url/ledger/balances
  curl -sw '\n' $url/health

  # Another worker, whether what is stored is consistent, or a look into Postgres and Redis.
  (. "$state/env" && WORKER_ADDR=off "$state/bin/worker")
  (. "$state/env" && "$state/bin/worker" check)
  (. "$state/env" && psql "\$DATABASE_URL")
  (. "$state/env" && redis-cli -u "\$REDIS_URL")
TEXT
    [ -z "$demo_key" ] || cat <<TEXT

There is a test client, too, whose clock stands still until it is moved. docs/TUTORIAL.md plays a
year of a small business with it, in a minute. Its API key is also in $state/demo.key:

  curl -sw '\n' $url/test-clock -H 'Authorization: Bearer $demo_key'
TEXT
    cat <<TEXT

Logs of both follow; Ctrl-C stops everything, the data stays.

TEXT
}
