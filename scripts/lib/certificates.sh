# shellcheck shell=bash
# Certificates of a private CA, for servers on this machine.

# certificates DIR: makes ca.pem, and server.pem with its key, which is for localhost. Servers
# refuse a key that others can read.
certificates() {
    local folder=$1
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=private CA" \
        -keyout "$folder/ca.key" -out "$folder/ca.pem"
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" \
        -keyout "$folder/server.key" -out "$folder/server.csr"
    openssl x509 -req -in "$folder/server.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
        -CAcreateserial -days 2 -out "$folder/server.pem" \
        -extfile <(printf 'subjectAltName=DNS:localhost\n')
    chmod 600 "$folder"/*.key
}

# tls_postgres DIR FOLDER: gives the certificate in FOLDER to the Postgres whose state is in DIR,
# and sets tls_options, to start it with. It runs as another user than root.
tls_postgres() {
    postgres_home "$1"
    cp "$2/server.pem" "$2/server.key" "$pg_home"
    [ "$(id -u)" != 0 ] || chown "$pg_user" "$pg_home"/server.*
    # shellcheck disable=SC2034 # for the caller
    tls_options=(-c ssl=on -c "ssl_cert_file=$pg_home/server.pem"
        -c "ssl_key_file=$pg_home/server.key")
}
