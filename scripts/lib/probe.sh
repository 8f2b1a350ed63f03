# shellcheck shell=bash
# What `make infra` tries on every set-up: the promises of docs/API.md, one by one.

# post PATH KEY BODY [PREFER]: sends a command; sets status and body.
post() {
    local answer
    answer=$(ask "$1" -w '\n%{http_code}' -H "Idempotency-Key: $2" \
        -H 'Content-Type: application/json' -H "Prefer: ${4:-wait=10}" -d "$3") || true
    read_answer "$answer"
}

get() { read_answer "$(ask "$1" -w '\n%{http_code}' || true)"; }

ask() {
    # A proxy that the environment names must not be used for loopback.
    curl --noproxy '*' -sS --max-time 15 -H "Authorization: Bearer $key" \
        "http://$API_ADDR$1" "${@:2}" 2>>"$log"
}

read_answer() { status=${1##*$'\n'} body=${1%$'\n'*}; }

# expect STATUS WHAT: the answer before has that status.
expect() {
    [ "$status" = "$1" ] || wrong "$2: $status instead of $1 ($(printf '%.200s' "$body"))"
}

# member NAME: prints a number or a word of the answer.
member() { printf '%s' "$body" | sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p'; }

# With API keys, as in production. Rights are made by whom the set-up names as administrator.
programs_up() {
    API_ADDR=127.0.0.1:$(port_from "$dir/api.port")
    WORKER_ADDR=127.0.0.1:$(port_from "$dir/worker.port")
    export API_ADDR WORKER_ADDR DATABASE_URL REDIS_URL
    # A worker that is killed is missed after two seconds rather than fifteen.
    export API_AUTH=required RATE_LIMIT_REQUESTS=0 WORKER_ORPHAN_SECONDS=2 RUST_LOG=warn
    start_worker
    start_api
    await_start
    key=$(DATABASE_URL=${KEYS_URL:-$DATABASE_URL} "$state/bin/api" keys create --client infra \
        --scope write 2>>"$log" | sed -n 1p)
    [ -n "$key" ] || wrong "api keys create: $(last_words)"
}

start_api() { DATABASE_URL=${API_DATABASE_URL:-$DATABASE_URL} start api >>"$log" 2>&1; }
start_worker() { start worker >>"$log" 2>&1; }

is_healthy() { curl --noproxy '*' -sf --max-time 3 -o /dev/null "http://$1/health"; }

await_start() {
    local name deadline=$((SECONDS + 60))
    until is_healthy "$WORKER_ADDR" && is_healthy "$API_ADDR"; do
        for name in api worker; do
            kill -0 "$(pid_of "$name")" 2>/dev/null || wrong "$name ended: $(last_words)"
        done
        [ "$SECONDS" -lt "$deadline" ] || wrong "not healthy after a minute: $(last_words)"
        sleep 0.2
    done
}

last_words() { tail -n 1 "$log" | tr '|\n' '/ ' | cut -c 1-300; }

# probe: starts both programs and tries everything.
probe() {
    programs_up
    try_commands
    try_killed_worker
    try_check
    note "all well"
}

try_commands() {
    local first user
    post /users infra-ada '{"email":"ada@example.com"}'
    expect 201 "a user"
    user=$(member id)
    local subscribe="{\"user_id\":$user,\"plan\":\"monthly\",\"duration_months\":1}"
    post /subscribe infra-subscribe "$subscribe"
    expect 201 "a subscription"
    first=$body
    post /subscribe infra-subscribe "$subscribe"
    expect 201 "the same key again"
    [ "$body" = "$first" ] || wrong "the same key again has another answer: $body"
    post /subscribe infra-subscribe "{\"user_id\":$user,\"plan\":\"yearly\"}"
    expect 422 "the same key with another body"
    post /gift infra-gift \
        "{\"gifter_id\":$user,\"recipient_email\":\"grace@example.com\",\"duration_months\":3}"
    expect 201 "a gift"
    get "/subscriptions/$user"
    expect 200 "a read"
    case $body in *"$first"*) ;; *) wrong "the read lacks the subscription: $body" ;; esac
}

# Jobs are accepted before and after a `kill -9`, and a new worker finishes all of them.
try_killed_worker() {
    local n jobs='' job
    for n in $(seq 20); do
        post /users "infra-async-$n" "{\"email\":\"async-$n@example.com\"}" respond-async
        expect 202 "a command with Prefer: respond-async"
        jobs="$jobs $(member id)"
        [ "$n" != 10 ] || kill_worker
    done
    start_worker
    for job in $jobs; do
        until_true 30 "an accepted job is not done 30 s after the new worker: $job" succeeded "$job"
    done
}

kill_worker() {
    local pid
    pid=$(pid_of worker)
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
}

succeeded() {
    get "/jobs/$1"
    [ "$status" = 200 ] && [ "$(member status)" = succeeded ]
}

check() { "$state/bin/worker" check; }

# What is stored fits together.
try_check() {
    local words
    words=$(check 2>&1) ||
        wrong "worker check: $(printf '%s' "$words" | tail -n 2 | tr '|\n' '/ ')"
}
