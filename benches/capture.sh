#!/usr/bin/env bash
# What capture costs in Postgres, and what a pull costs there: starts a private server that waits for the disk, and
# prints a table. The same tables in a database with capture and in one without are written to in turn; medians.
# Usage: benches/capture.sh [PART…]      (default: all of: single bulk pull compact gain)
# Takes about 15 minutes and 8 GB under TMPDIR (/tmp), which must be on a disk for the figures of single rows to mean
# something. OOSYNC_BENCH_LOG=1000000 takes a smaller log than one of 10,000,000 entries, OOSYNC_BENCH_ROUNDS=3 fewer rounds.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run -q --release -p oosync-benches --bin capture-cost -- "$@"
