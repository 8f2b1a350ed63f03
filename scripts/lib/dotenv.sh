# shellcheck shell=bash
# `.env`, which compose reads, too.

# read_dotenv FILE: exports the variables of the file that the environment does not have.
read_dotenv() {
    local exports
    [ -f "$1" ] || return 0
    exports=$(perl scripts/lib/dotenv.pl <"$1") || die "$1 cannot be read" "see above"
    eval "$exports"
}
