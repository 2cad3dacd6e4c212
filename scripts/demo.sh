#!/usr/bin/env bash
# Shows what oosync does so far, on a private Postgres that is gone afterwards: a schema becomes facts, the app
# is built against them with no database in sight, and a schema that moves on is noticed.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
    scripts/setup.sh
    echo "demo: building"
    cargo build -q -p oosync-tests --bin with-postgres
    cargo build -q -p oosync-build --features cli --bin cargo-oosync
    echo "demo: starting a private Postgres with the schema of examples/todo"
    target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    PATH="$target/debug:$PATH" exec "$target/debug/with-postgres" --schema examples/todo/schema.sql "$PWD/scripts/demo.sh" inside
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$PWD
schema=$root/examples/todo
mkdir -p "$work/src"
printf '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2024"\n' >"$work/Cargo.toml"
cd "$work"

show() { printf '\n$ %s\n' "$*"; "$@" 2>&1; }
# For what is meant to fail; anything else ends the demo.
show_failing() {
    local wanted=$1 code=0
    shift
    show "$@" || code=$?
    printf '\n(exit code %s)\n' "$code"
    [ "$code" = "$wanted" ]
}
change() {
    printf '\nSomebody changes the database: %s\n' "$1"
    psql -X -q -d "$OOSYNC_DATABASE_URL" -c "$1"
}

printf '\n1. One command takes the snapshot; the file is checked in.\n'
show cargo-oosync init
printf '\nOne column per line, so that git can merge it:\n\n'
sed -n '/"name": "todos"/,/^      \],/p' oosync.facts.json

printf '\n2. A few lines say what the schema cannot: who owns what. The plan shows what follows, and why.\n'
cp "$root/Oosync.toml" .
show cargo-oosync plan

printf '\n3. From then on no database is needed: this is a row as the app has it.\n'
printf '\n$ cargo oosync expand todos\n'
cargo-oosync expand todos | sed -n '/^pub struct Todo {/,/^}/p'
printf '\n$ cargo run -p todo\n'
(cd "$schema" && cargo run -q)

printf '\n4. CI compares the facts with the database.\n'
show cargo-oosync check
change "alter table todos alter budget type numeric(14, 2), alter title drop not null; alter type priority add value 'urgent' after 'high'"
show_failing 1 cargo-oosync check

printf '\n5. A typo in the config is an error at its place.\n'
printf '[tables.todos]\nowner_column = "asignee_id"\n' >Oosync.toml
cat Oosync.toml
show_failing 4 cargo-oosync check --offline

printf '\nThat was everything. Read README.md next, and try it on your own schema:\n'
printf '    OOSYNC_DATABASE_URL=postgres://localhost/app cargo run -p oosync-build --features cli -- init\n'
