#!/usr/bin/env bash
# Takes the snapshot of examples/todo/schema.sql again: run it after a change of that schema.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run -q -p oosync-tests --bin with-postgres -- --schema examples/todo/schema.sql \
    cargo run -q -p oosync-build --features cli --bin cargo-oosync -- snapshot
