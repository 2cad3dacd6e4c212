#!/usr/bin/env bash
# A day with oosync on a private Postgres: a schema becomes code, two devices work offline, meet, disagree and share.
# Everything but the devices' files is gone afterwards. `scripts/demo.sh FOLDER` keeps those files in FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
    scripts/setup.sh
    echo "demo: building (some minutes the first time, seconds from then on)"
    cargo build -q -p oosync-tests --no-default-features --bin with-postgres
    cargo build -q -p oosync-build --features cli --bin cargo-oosync
    cargo build -q -p oosync-runtime --features daemon --bin oosyncd
    cargo build -q -p todo --bin todo-sync
    target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    devices=${1:-$target/demo}
    mkdir -p "$devices"
    # Of an earlier demo.
    for device in phone laptop bobs; do rm -f "$devices/$device.db"{,-wal,-shm,-sync}; done
    devices=$(cd "$devices" && pwd)
    echo "demo: starting a private Postgres with the schema of examples/todo"
    PATH="$target/debug:$PATH" TODO_FOLDER=$devices exec "$target/debug/with-postgres" \
        --schema examples/todo/schema.sql "$PWD/scripts/demo.sh" inside
fi

root=$PWD
work=$(mktemp -d)
server=
live=
finish() {
    local code=$? process
    trap - EXIT
    for process in $live $server; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    [ "$code" = 0 ] || { [ ! -s "$work/oosyncd.log" ] || tail -n 5 "$work/oosyncd.log"; echo "demo: FAILED"; } >&2
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n%s\n' "$*"; }
chapter() { printf '\n\n=== %s\n' "$*"; }
show() { printf '\n$ %s\n' "$*"; "$@" 2>&1; }
# For what is meant to fail; anything else ends the demo.
show_failing() {
    local wanted=$1 code=0
    shift
    show "$@" || code=$?
    printf '(exit code %s)\n' "$code"
    [ "$code" = "$wanted" ]
}
sql() { psql -X -q -v ON_ERROR_STOP=1 -d "$OOSYNC_DATABASE_URL" "$@"; }
device() { # NAME USER COMMAND…: a program with a file of its own.
    local name=$1 user=$2
    shift 2
    printf '\n%s$' "$name"
    for word; do case $word in *' '*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac; done
    printf '\n'
    todo-sync --device "$name" --as "$user" "$@"
}
phone() { device phone alice "$@"; }
laptop() { device laptop alice "$@"; }
bobs() { device bobs bob "$@"; }
# What a device shows has this line, or the demo ends.
expect() {
    todo-sync --device "$1" --as "$2" "$3" >"$work/seen"
    grep -qF -- "$4" "$work/seen" || { echo "demo: “$4” was expected here" >&2; return 1; }
}
expect_not() {
    todo-sync --device "$1" --as "$2" "$3" >"$work/seen"
    ! grep -qF -- "$4" "$work/seen" || { echo "demo: “$4” was not expected here" >&2; return 1; }
}
on_the_server() {
    sql -At -c "select 'In Postgres: ' || (select count(*) from lists) || ' lists, ' || (select count(*) from todos) || ' todos'"
}
milliseconds() { sql -At -c "select (extract(epoch from clock_timestamp()) * 1000)::bigint"; }

chapter "1. The schema in Postgres is the only place where a schema is written"
cp Oosync.toml "$work"
mkdir "$work/src"
printf '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2024"\n' >"$work/Cargo.toml"
cd "$work"
say "A snapshot of it is checked in, one column a line; apps are built from that file, with no database in sight."
show cargo-oosync snapshot
cmp -s oosync.facts.json "$root/oosync.facts.json"
say "What is synced, to whom, and which rule says so:"
show cargo-oosync plan >plan
sed -n '/^ *[0-9]  public/p' plan | cut -c 1-150
say "And a row as the app has it:"
cargo-oosync expand todos >row
sed -n '/^pub struct Todo {/,/^}/p' row

chapter "2. The database learns to remember what changed for whom, and a server is started"
cd "$root"
show cargo-oosync migrate --apply >"$work/applied"
head -n 2 "$work/applied"
tail -n 1 "$work/applied"
sql -c "insert into users (id, email, name) values
        ('00000000-0000-4000-8000-0000000a11ce', 'alice@example.org', 'Alice'),
        ('00000000-0000-4000-8000-000000000b0b', 'bob@example.org', 'Bob')"
sql -c "insert into teams (id, owner_id, name) values
        ('00000000-0000-4000-8000-00000000fa17', '00000000-0000-4000-8000-0000000a11ce', 'Family')"
sql -c "insert into team_members (team_id, user_id) values
        ('00000000-0000-4000-8000-00000000fa17', '00000000-0000-4000-8000-000000000b0b')"
# The server is nobody special in Postgres: it is a role that owns nothing.
url=${OOSYNC_DATABASE_URL/\/\/*@/\/\/oosync_server@}
OOSYNC_DATABASE_URL=$url oosyncd --listen 127.0.0.1:0 --trust-header x-user --log-format json 2>"$work/oosyncd.log" &
server=$!
for _ in $(seq 200); do
    TODO_URL=$(sed -n 's/.*"message":"listening".*"url":"\([^"]*\)".*/\1/p' "$work/oosyncd.log")
    [ -z "$TODO_URL" ] || break
    kill -0 "$server"
    sleep 0.05
done
[ -n "$TODO_URL" ]
export TODO_URL
say "oosyncd listens on $TODO_URL. In Postgres are two people, Alice and Bob, who are the team “Family”."

chapter "3. Two devices of Alice's: each has a SQLite file, and needs no network to work"
phone add Garden 'Cut the hedge'
phone add Garden 'Plant bulbs'
phone list
on_the_server
say "There is a network: the phone sends what was written, once, and the laptop loads it."
phone sync
laptop sync
laptop list
on_the_server
expect laptop alice list '[ ] Plant bulbs'

chapter "4. Both work offline and change the same row"
phone rename 'Cut the hedge' 'Cut the hedge on Friday'
phone add Garden 'Buy seeds'
say "Some seconds later (two clocks that differ by less than two seconds count as the same):"
sleep 2.5
laptop rename 'Cut the hedge' 'Cut the hedge after the birds have left'
laptop 'done' 'Plant bulbs'
say "There is a network again, and the laptop is first. Both changed one title: the later one stands, and the phone is told."
laptop sync
phone sync
phone conflicts
expect phone alice conflicts '1 to settle'
expect phone alice conflicts 'theirs stands'
say "Neither is lost: Alice wants what she wrote on the phone. What only one side changed has merged by itself."
phone resolve mine
phone sync
laptop sync
laptop list
expect laptop alice list '[ ] Cut the hedge on Friday'
expect laptop alice list '[x] Plant bulbs'
expect laptop alice list '[ ] Buy seeds'
expect phone alice conflicts '0 to settle'

chapter "5. Alice shares the list with the family, and thinks better of it"
bobs sync
bobs list
expect bobs bob list '0 lists, 0 todos'
phone share Garden Family
phone sync
bobs sync
bobs list
expect bobs bob list 'Garden (shared)'
expect bobs bob list '1 lists, 3 todos'
say "Bob writes in it, too."
bobs add Garden 'Mow the lawn'
bobs sync
phone sync
expect phone alice list '[ ] Mow the lawn'
phone unshare Garden
phone sync
say "Row-level security in Postgres decided what Bob had; now the rows leave his device."
bobs sync
bobs list
expect bobs bob list '0 lists, 0 todos'

chapter "6. Live: the phone waits, the laptop writes"
printf '\nphone$ live 1\n'
todo-sync --device phone --as alice live 1 >"$work/live" 2>&1 &
live=$!
for _ in $(seq 600); do
    ! grep -q '^waiting' "$work/live" || break
    kill -0 "$live"
    sleep 0.05
done
laptop add Garden 'Water the tomatoes'
began=$(milliseconds)
laptop sync
wait "$live"
live=
ended=$(milliseconds)
sed '1,/^waiting/d' "$work/live"
say "The phone showed it $((ended - began)) ms after the laptop had begun to send it."
grep -qF '[ ] Water the tomatoes' "$work/live"

chapter "7. The schema moves on"
cd "$work"
say "Somebody changes the database. CI compares it with the checked-in file:"
change="alter table todos alter budget type numeric(14, 2); alter type priority add value 'urgent' after 'high'"
printf '\npsql$ %s\n' "$change"
sql -c "$change"
show_failing 1 cargo-oosync check
say "A typo in the config is an error at its place; it never means that everybody sees every row."
printf '[tables.todos]\nowner_column = "asignee_id"\n' >Oosync.toml
show_failing 4 cargo-oosync check --offline

chapter "That was everything"
say "The devices' files are ordinary SQLite, and still there:"
cd "$root"
ls -sh "$TODO_FOLDER"/*.db
say "Look into them, offline, with any SQLite program or with the example itself:"
printf "    sqlite3 %q 'select title, done from todos'\n" "$TODO_FOLDER/phone.db"
printf '    TODO_FOLDER=%q cargo run -p todo --bin todo-sync -- --device phone --as alice list\n' "$TODO_FOLDER"
say "The program of these devices is examples/todo/src/bin/todo-sync; README.md says how to use it with your schema."
