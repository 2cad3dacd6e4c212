#!/usr/bin/env bash
# Times a snapshot against `pg_dump --schema-only` of the same database, in turn, and prints medians.
# Usage: benches/introspection.sh [RUNS]      (default 9; 1,000 tables with 25,000 columns)
set -euo pipefail
export LC_ALL=C
[ -n "${EPOCHREALTIME:-}" ] || { echo "bash 5 or newer is needed" >&2; exit 2; }
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
    cargo build -q --release -p oosync-build --features cli --bin cargo-oosync
    cargo build -q -p oosync-tests --bin with-postgres
    target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    PATH="$target/release:$PATH" exec "$target/debug/with-postgres" "$PWD/benches/introspection.sh" inside "${1:-9}"
fi
runs=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Tables as applications have them: defaults, a foreign key, a unique key, a check, two indexes, comments.
psql -X -q -v ON_ERROR_STOP=1 -d "$OOSYNC_DATABASE_URL" <<'SQL'
set client_min_messages = warning;
create type mood as enum ('sad', 'ok', 'happy');
do $$
declare columns text;
begin
    select string_agg(format('c%s %s', i, case i % 5
        when 0 then 'text not null default ''x''' when 1 then 'numeric(12,2)' when 2 then 'timestamptz default now()'
        when 3 then 'jsonb' else 'mood' end), ', ') into columns from generate_series(1, 22) i;
    for t in 1..1000 loop
        execute format('create table t%s (id uuid primary key default gen_random_uuid(), parent_id uuid references t%s,
            code text not null unique check (code <> ''''), %s)', t, greatest(t - 1, 1), columns);
        execute format('create index on t%s (parent_id); create index on t%s (c2) where c1 > 0', t, t);
        execute format('comment on table t%s is ''Table number %s''', t, t);
    end loop;
end $$;
vacuum analyze;
SQL

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
timed() { local start=$EPOCHREALTIME; "$@" >/dev/null; awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'; }
snapshot() { rm -f "$work/facts.json"; cargo-oosync snapshot --facts "$work/facts.json"; }
dump() { pg_dump --schema-only -d "$OOSYNC_DATABASE_URL"; }

cd "$work"
snapshot && dump >/dev/null # not counted
for _ in $(seq "$runs"); do
    timed snapshot >>ours
    timed dump >>theirs
done
ours=$(median <ours) theirs=$(median <theirs)
echo "snapshot $ours s, pg_dump --schema-only $theirs s, ratio $(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }') (medians of $runs)"
