#!/usr/bin/env bash
# Postgres with sslmode=verify-full and Redis by rediss://, both with certificates of a private CA.
# short: yes
. scripts/lib/infra.sh
. scripts/lib/certificates.sh
set_up "TLS with a private CA"

certificates "$dir" >>"$log" 2>&1
tls_postgres "$dir" "$dir"
here_postgres "${tls_options[@]}"
tls_port=$(port_from "$dir/tls.port")
here_redis "tls-port $tls_port" "tls-cert-file $dir/server.pem" \
    "tls-key-file $dir/server.key" "tls-auth-clients no"
# Who gets in without TLS is refused, so that nothing here can go round it.
echo "hostnossl all all all reject" >"$dir/hba"
cat "$pg_home/data/pg_hba.conf" >>"$dir/hba"
cat "$dir/hba" >"$pg_home/data/pg_hba.conf"
postgres_psql -d postgres -c 'SELECT pg_reload_conf()' >/dev/null

DATABASE_URL=${DATABASE_URL/127.0.0.1/localhost}
DATABASE_URL="$DATABASE_URL?sslmode=verify-full&sslrootcert=$dir/ca.pem"
REDIS_URL="rediss://default:$(cat "$dir/redis.password")@localhost:$tls_port"
# What the programs believe for Redis.
export SSL_CERT_FILE=$dir/ca.pem
version "$(openssl version | cut -d' ' -f1,2)"
probe
