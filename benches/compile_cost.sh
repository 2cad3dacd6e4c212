#!/usr/bin/env bash
# What generated code costs to compile, beside diesel's macros and derives on the same tables in the same run.
# Usage: benches/compile_cost.sh [RUNS [CASE...]]      (default: 3 runs of 100, 1000, and wide: one table of 1,600 columns)
# Needs GNU time as /usr/bin/time. Times are CPU seconds, user and system, of `cargo check` in the dev profile: of the
# crate with the code minus the same crate without it, dependencies built before. Medians; memory is the largest process.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
root=$PWD
runs=${1:-3}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 100 1000 wide
target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
work=$target/compile-cost
mkdir -p "$work"
export CARGO_TARGET_DIR=$work/target CARGO_INCREMENTAL=0
unset RUSTFLAGS OOSYNC_DATABASE_URL

# Tables as applications have them: `facts TABLES COLUMNS` and, of the same, `diesel TABLES COLUMNS`. Table 0 is the
# root; every other one refers to one before it, and belongs to its own user or to whom that one belongs to.
tables() {
    awk -v what="$1" -v tables="$2" -v columns="$3" '
    function type(name) { return "{\"schema\": \"pg_catalog\", \"name\": \"" name "\"}" }
    function column(name, json, sql, rust, null) {
        c++
        facts[c] = "{\"name\": \"" name "\", \"type\": " json "}"
        if (!null) sub(/}$/, ", \"not_null\": true}", facts[c])
        declared[c] = name " -> " (null ? "Nullable<" sql ">" : sql)
        field[c] = "pub " name ": " (null ? "Option<" rust ">" : rust)
    }
    function with_default(value) { sub(/}$/, ", \"default\": \"" value "\"}", facts[c]) }
    BEGIN {
        uuid = type("uuid"); text = type("text"); stamp = type("timestamptz")
        if (what == "facts") print "{\"format\": 1, \"schemas\": [\"public\"], \"tables\": ["
        for (t = 0; t < tables; t++) {
            c = 0; parent = int(t / 10)
            column("id", uuid, "Binary", "Vec<u8>", 0); with_default("gen_random_uuid()")
            if (t % 2 == 0) column("user_id", uuid, "Binary", "Vec<u8>", 0)
            else column("position", type("int4"), "Integer", "i32", 0)
            column("parent_id", uuid, "Binary", "Vec<u8>", t == 0)
            column("title", text, "Text", "String", 0)
            column("done", type("bool"), "Bool", "bool", 0); with_default("false")
            column("budget", "{\"schema\": \"pg_catalog\", \"name\": \"numeric\", \"precision\": 12, \"scale\": 2}", "Text", "String", 1)
            column("priority", "{\"schema\": \"public\", \"name\": \"priority\"}", "Text", "String", 0); with_default("\x27low\x27::public.priority")
            column("tags", "{\"schema\": \"pg_catalog\", \"name\": \"text\", \"dimensions\": 1}", "Text", "String", 1)
            column("details", type("jsonb"), "Text", "String", 1)
            column("due_on", type("date"), "Text", "String", 1)
            column("created_at", stamp, "Text", "String", 0); with_default("now()")
            column("updated_at", stamp, "Text", "String", 0); with_default("now()")
            while (c < columns) {
                if (c % 4 == 0) column("c" c, text, "Text", "String", 0)
                else if (c % 4 == 1) column("c" c, type("int8"), "BigInt", "i64", 1)
                else if (c % 4 == 2) column("c" c, type("float8"), "Double", "f64", 1)
                else column("c" c, stamp, "Text", "String", 1)
            }
            if (what == "facts") {
                printf "{\"schema\": \"public\", \"name\": \"table_%d\", \"kind\": \"table\", \"comment\": \"Table number %d\", \"columns\": [\n", t, t
                for (i = 1; i <= c; i++) print "  " facts[i] (i < c ? "," : "")
                printf "], \"primary_key\": {\"name\": \"table_%d_pkey\", \"columns\": [\"id\"]}, \"unique\": [], \"foreign_keys\": [", t
                if (t) printf "{\"name\": \"table_%d_parent_id_fkey\", \"columns\": [\"parent_id\"], \"references\": {\"schema\": \"public\", \"table\": \"table_%d\", \"columns\": [\"id\"]}, \"on_delete\": \"cascade\"}", t, parent
                printf "], \"checks\": [], \"indexes\": [{\"name\": \"table_%d_parent_id\", \"method\": \"btree\", \"columns\": [\"parent_id\"]}], \"policies\": []}%s\n", t, (t < tables - 1 ? "," : "")
            } else {
                printf "diesel::table! {\n    table_%d (id) {\n", t
                for (i = 1; i <= c; i++) print "        " declared[i] ","
                print "    }\n}"
                if (parent != t) printf "diesel::joinable!(table_%d -> table_%d (parent_id));\n", t, parent
                printf "#[derive(Debug, Clone, PartialEq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]\n"
                printf "#[diesel(table_name = table_%d)]\npub struct Table%d {\n", t, t
                for (i = 1; i <= c; i++) print "    " field[i] ","
                print "}"
            }
        }
        if (what == "facts") print "], \"enums\": [{\"schema\": \"public\", \"name\": \"priority\", \"labels\": [\"low\", \"high\"]}], \"domains\": [], \"composites\": [], \"ranges\": []}"
    }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# CPU seconds and MB of a command.
cost() { /usr/bin/time -o "$work/cost" -f '%U %S %M' "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; return 1; }; awk '{ print $1 + $2, $3 / 1024 }' "$work/cost"; }
# `measured FOLDER COMMAND [LIB]`: the median cost of a cargo command in a crate, with this lib.rs.
measured() {
    cp "$work/$1/$3" "$work/$1/src/lib.rs"
    : >"$work/costs"
    for _ in $(seq "$runs"); do
        touch "$work/$1/src/lib.rs"
        (cd "$work/$1" && cost cargo "$2" -q) >>"$work/costs"
    done
    echo "$(cut -d' ' -f1 "$work/costs" | median) $(cut -d' ' -f2 "$work/costs" | median)"
}
# CPU of `with` minus that of `without`, the memory of `with`.
added() {
    local without with
    without=$(measured "$1" "$2" without.rs)
    with=$(measured "$1" "$2" with.rs)
    awk -v a="$without" -v b="$with" 'BEGIN { split(a, x); split(b, y); printf "%.2f s, %.0f MB", y[1] - x[1], y[2] }'
}

crate() { # NAME: an empty crate; the rest of its manifest is standard input
    mkdir -p "$work/$1/src"
    : >"$work/$1/without.rs"
    : >>"$work/$1/src/lib.rs"
    { printf '[package]\nname = "cost-of-%s"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n' "$1"; cat; } >"$work/$1/Cargo.toml"
}

printf '%-6s  %-22s  %-22s  %-22s  %-22s\n' case 'build script' 'ours: check' 'ours: build' 'diesel: check'
for case in "$@"; do
    count=$case columns=12 features=32-column-tables
    [ "$case" = wide ] && count=1 columns=1600

    crate "oosync-$case" <<TOML
[dependencies]
oosync-runtime = { path = "$root/oosync-runtime" }

[build-dependencies]
oosync-build = { path = "$root/oosync-build" }
TOML
    ours=$work/oosync-$case
    [ -e "$ours/Cargo.lock" ] || cp "$root/Cargo.lock" "$ours/Cargo.lock"
    tables facts "$count" "$columns" >"$ours/oosync.facts.json"
    printf '[database]\nschemas = ["public"]\n' >"$ours/Oosync.toml"
    echo 'fn main() { oosync_build::compile(); }' >"$ours/build.rs"
    echo 'include!(concat!(env!("OUT_DIR"), "/oosync.rs"));' >"$ours/with.rs"
    (cd "$ours" && cargo check -q && cargo build -q)

    # The newest build script of this crate, run as cargo runs it, into an empty folder.
    script=$(ls -t "$CARGO_TARGET_DIR"/debug/build/cost-of-oosync-"$case"-*/build-script-build | head -1)
    : >"$work/scripts"
    for _ in $(seq "$runs"); do
        rm -rf "$work/out" && mkdir "$work/out"
        (cd "$ours" && CARGO_MANIFEST_DIR=$ours OUT_DIR=$work/out cost "$script") >>"$work/scripts"
    done
    script=$(awk -v a="$(cut -d' ' -f1 "$work/scripts" | median)" -v b="$(cut -d' ' -f2 "$work/scripts" | median)" 'BEGIN { printf "%.2f s, %.0f MB", a, b }')
    check=$(added "oosync-$case" check)
    build=$(added "oosync-$case" build)

    # Diesel has no tables of more than 128 columns.
    diesel=-
    if [ "$columns" -le 32 ] && [ -z "${WITHOUT_DIESEL:-}" ]; then
        crate "diesel-$case" <<TOML
[dependencies]
diesel = { version = "2.3", default-features = false, features = ["sqlite", "$features"] }
TOML
        { echo '#![recursion_limit = "512"]'; tables diesel "$count" "$columns"; } >"$work/diesel-$case/with.rs"
        (cd "$work/diesel-$case" && cargo check -q)
        diesel=$(added "diesel-$case" check) || diesel='does not end'
    fi
    printf '%-6s  %-22s  %-22s  %-22s  %-22s\n' "$case" "$script" "$check" "$build" "$diesel"
done
