#!/usr/bin/env bash
# Takes the snapshots of the schemas of examples/todo and tests/derive again: run it after a change of one of them.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run -q -p oosync-tests --bin with-postgres -- --schema examples/todo/schema.sql \
    cargo run -q -p oosync-build --features cli --bin cargo-oosync -- snapshot
cargo run -q -p oosync-tests --bin with-postgres -- --schema tests/derive/schema.sql \
    cargo run -q -p oosync-build --features cli --bin cargo-oosync -- snapshot --config tests/derive/Oosync.toml
