# shellcheck shell=bash
# Programs in Python, from PyPI, each in a venv of its own.

# python_venv NAME REQUIREMENTS: makes .data/NAME, a venv with those packages. It is made anew when
# the file with the versions changes. A run that was broken off leaves no mark.
python_venv() {
    local venv=$PWD/.data/$1
    ! cmp -s "$2" "$venv/installed" || return 0
    has python3-venv || command -v apt-get >/dev/null ||
        die "no python3 with venv on this machine" "install Python 3: https://www.python.org"
    need python3-venv
    say "installing $1 from PyPI"
    rm -rf "$venv"
    attended python3 -m venv "$venv" || die "python3 cannot make a venv" "apt install python3-venv"
    attended "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 -r "$2" ||
        die "$1 could not be installed" "it comes from PyPI, which must be reachable"
    cp "$2" "$venv/installed"
}
