#!/usr/bin/env bash
# Everything that must hold: formatting, lints, docs, each feature alone, all tests and doctests.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh

# Snapshots are compared, never written.
export INSTA_UPDATE=no
if [ -z "${OOSYNC_SCHEMA_CORPUS:-}" ] && [ -d ../shared/schemas ]; then
    export OOSYNC_SCHEMA_CORPUS=$PWD/../shared/schemas
fi

step() { printf '\n== %s\n' "$*"; }

step "formatting"
cargo fmt --all -- --check

step "lints, all together"
cargo clippy --workspace --all-targets --all-features -- -D warnings

step "each feature alone"
for features in "" derive codegen introspect verify cli; do
    cargo clippy -q -p oosync-build --no-default-features --features "$features" --all-targets -- -D warnings
done
for features in "" client derive diesel bigdecimal chrono jiff rust_decimal server daemon time; do
    cargo clippy -q -p oosync-runtime --no-default-features --features "$features" --all-targets -- -D warnings
done

step "what an app depends on"
# An app and its build script compile no Postgres client, no web server, no async runtime, no command line.
needed=$(cargo tree -q -p todo -e normal,build --prefix none)
if grep -E '^(tokio|postgres|tokio-postgres|axum|hyper|clap) ' <<<"$needed"; then
    echo "an app that syncs must not need these" >&2
    exit 1
fi

step "docs"
RUSTDOCFLAGS="-D warnings" cargo doc -q --workspace --all-features --no-deps

step "doctests"
cargo test -q --workspace --all-features --doc

step "demo"
demo=$(mktemp -d)
scripts/demo.sh "$demo" >"$demo/said" 2>&1 || { cat "$demo/said"; exit 1; }
rm -rf "$demo"

step "tests"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --all-features --no-fail-fast
else
    cargo test --workspace --all-features --no-fail-fast --lib --bins --tests
fi

step "encrypted files"
# SQLCipher replaces SQLite in whatever is built together with it: it has a workspace of its own. It needs OpenSSL.
if pkg-config --exists openssl 2>/dev/null; then
    cp Cargo.lock tests/fixtures/sqlcipher/
    # What both have in common is built once.
    cargo test -q --manifest-path tests/fixtures/sqlcipher/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}"
else
    echo "not tested, for want of OpenSSL's headers: apt-get install libssl-dev pkg-config"
fi

printf '\nall good\n'
