#!/usr/bin/env bash
# What syncing costs beside the limit that is measured in the same run: starts a private Postgres that waits for the disk,
# `oosyncd` as a process of its own, and prints a table of goal and figure; medians, in turn.
# Usage: benches/sync.sh [PART…]      (default all of: serve push wait load live crowd local)
# Takes about 10 minutes and 8 GB under TMPDIR (/tmp), which must be on a disk. OOSYNC_BENCH_ROWS=100000 loads fewer rows
# than 1,000,000, OOSYNC_BENCH_ROUNDS=3 takes fewer rounds than 5, OOSYNC_BENCH_DEVICES=10 has fewer devices than 50.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run -q --release -p oosync-benches --bin sync-cost -- "$@"
