#!/usr/bin/env bash
# The rights of docs/OPERATIONS.md, word by word: a Redis user of an ACL, and in Postgres a role for
# migrations, one for workers and one for apis.
# short: yes
# shellcheck disable=SC2119 # options are optional
. scripts/lib/infra.sh
set_up "Least rights: Redis ACL, three Postgres roles"

password=$(secret_from "$dir/password")

# as ROLE: prints the URL of the database for the role.
as() { echo "postgres://$1:$password@127.0.0.1:$pg_port/subscriptions"; }

here_postgres
here_redis
from_docs before-the-migration | sed "s/'PASSWORD'/'$password'/" |
    postgres_psql -d subscriptions >>"$log" 2>&1 ||
    wrong "the SQL before the migration: $(last_words)"
DATABASE_URL=$(as commerce_owner) "$state/bin/worker" --redis-url "$REDIS_URL" migrate \
    >>"$log" 2>&1 || wrong "worker migrate: $(last_words)"
from_docs after-the-migration | PGPASSWORD=$password "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 \
    "$(as commerce_owner)" >>"$log" 2>&1 || wrong "the SQL after the migration: $(last_words)"

# One word a line or ten: the rule is one list of words.
rules=$(from_docs redis-acl | tr '\n' ' ' | sed "s/PASSWORD/$password/")
# The probe does not come by every script, so each command in them has to be allowed.
for command in $(grep -rhoiE "redis\.p?call\('[a-z]+" shared/queue/src/lua | sed "s/.*'//" |
    tr '[:upper:]' '[:lower:]' | sort -u); do
    case " $rules " in *" +$command "*) ;; *) wrong "the ACL lacks +$command" ;; esac
done
# shellcheck disable=SC2086 # a list of words, with patterns in it
(set -f && redis_cli ACL SETUSER $rules) >>"$log" 2>&1 || wrong "ACL SETUSER: $(last_words)"
admin_url=$REDIS_URL
REDIS_URL="redis://commerce:$password@${REDIS_URL#*@}"

# Keys are made by the owner of the tables; apis only read them.
KEYS_URL=$(as commerce_owner)
API_DATABASE_URL=$(as commerce_api)
DATABASE_URL=$(as commerce_worker)
probe

# Whatever was asked for in vain is too little in the rules, even if nothing failed by it.
REDIS_URL=$admin_url
denied=$(redis_cli ACL LOG 128 | grep -x -A1 object | grep -vx -e object -e -- | sort -u | xargs)
[ -z "$denied" ] || note "Redis refused: $denied"
denied=$(grep -o 'permission denied.*' "$pg_home/log" | sort -u | xargs) || true
[ -z "$denied" ] || note "Postgres refused: $denied"
