#!/usr/bin/env bash
# Postgres with sslmode=verify-full and Redis by rediss://, both with certificates of a private CA.
# short: yes
. scripts/lib/infra.sh
set_up "TLS with a private CA"

# The servers refuse a key that others can read, and run as another user than root.
certificates() {
    local folder=$1
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=infra CA" \
        -keyout "$folder/ca.key" -out "$folder/ca.pem"
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" \
        -keyout "$folder/server.key" -out "$folder/server.csr"
    openssl x509 -req -in "$folder/server.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
        -CAcreateserial -days 2 -out "$folder/server.pem" \
        -extfile <(printf 'subjectAltName=DNS:localhost\n')
    chmod 600 "$folder"/*.key
}

certificates "$dir" >>"$log" 2>&1
postgres_home "$dir"
cp "$dir/server.pem" "$dir/server.key" "$pg_home"
[ "$(id -u)" != 0 ] || chown "$pg_user" "$pg_home"/server.*
here_postgres -c ssl=on -c "ssl_cert_file=$pg_home/server.pem" \
    -c "ssl_key_file=$pg_home/server.key"
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
