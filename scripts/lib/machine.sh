# shellcheck shell=bash
# Finds the programs that the scripts need, and installs those that are missing.

# Prints the folder with the programs of the newest PostgreSQL, or of major version $1. On Debian
# they are not on the PATH.
postgres_bin() {
    local folder major best=0 found=
    for folder in "$(dirname "$(command -v pg_ctl || echo /none/none)")" /usr/lib/postgresql/*/bin \
        /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        [ -x "$folder/pg_ctl" ] && [ -x "$folder/initdb" ] && [ -x "$folder/psql" ] || continue
        major=$("$folder/pg_ctl" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
        [ -z "${1:-}" ] || [ "$major" = "$1" ] || continue
        [ "$major" -le "$best" ] || { best=$major found=$folder; }
    done
    [ -n "$found" ] && echo "$found"
}

# Prints the folder with redis-server and redis-cli.
redis_bin() {
    local folder
    for folder in "$(dirname "$(command -v redis-server || echo /none/none)")" \
        /usr/bin /usr/local/bin /opt/homebrew/bin; do
        if [ -x "$folder/redis-server" ] && [ -x "$folder/redis-cli" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

# postgres_program NAME: prints the program NAME of the newest PostgreSQL, or the one on the PATH.
postgres_program() {
    local file
    file=$(postgres_bin)/$1
    [ -x "$file" ] || file=$(command -v "$1") || return 1
    echo "$file"
}

# has NAME: succeeds if NAME is installed.
has() {
    case $1 in
    postgres) postgres_bin >/dev/null ;;
    redis) redis_bin >/dev/null ;;
    pgbench) postgres_program pgbench >/dev/null ;;
    # Debian has a python3 without what makes a venv.
    python3-venv) python3 -c 'import ensurepip' >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# package_of NAME: prints the Debian package of NAME.
package_of() {
    case $1 in
    postgres) echo postgresql ;;
    redis) echo redis-server ;;
    # On Debian pgbench is in the package of the server.
    pgbench) echo postgresql ;;
    redis-benchmark) echo redis-tools ;;
    cc) echo gcc libc6-dev ;;
    *) echo "$1" ;;
    esac
}

# need NAME...: installs each of postgres, redis, cc and curl that is missing.
need() {
    local name missing='' packages=''
    for name in "$@"; do
        has "$name" || { missing="$missing $name" packages="$packages $(package_of "$name")"; }
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die_with_command "$missing"
    say "not on this machine:$missing; installing$packages by apt-get"
    # shellcheck disable=SC2086 # a list of words
    as_root bash scripts/apt-install $packages || die "apt-get could not install$packages"
    for name in $missing; do
        has "$name" || die "installed$packages, and still there is no $name"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        say "sudo may ask for your password"
        sudo "$@"
    else
        die "this needs root, and there is no sudo. Run as root: $*"
    fi
}

die_with_command() {
    local install
    case "$(uname -s)" in
    Darwin) install="brew install postgresql@16 redis" ;;
    *)
        install="the packages of your system, for example: "
        install+="dnf install postgresql-server redis curl gcc"
        ;;
    esac
    die "not on this machine:$1" "install: $install" \
        "or start Docker, or set DATABASE_URL and REDIS_URL to servers that you have"
}

# need_rust NAME...: checks for cargo and a C compiler, and for each NAME as `need` does.
need_rust() {
    command -v cargo >/dev/null || PATH="$PATH:${HOME:-/root}/.cargo/bin"
    command -v cargo >/dev/null ||
        die "no cargo on this machine" "install Rust: https://rustup.rs"
    need cc "$@"
}
