create schema if not exists oosync;

-- One row: what this database is to devices.
create table if not exists oosync.meta (
  only_row boolean primary key default true check (only_row),
  -- The version of what is installed.
  format integer not null,
  -- Another database, or a copy of this one, has another.
  incarnation uuid not null default gen_random_uuid(),
  -- Where the incarnation was drawn: the cluster and the database. A restored dump is elsewhere.
  home text not null,
  -- Every change of a transaction below it may be forgotten: an older cursor starts anew.
  floor xid8 not null,
  -- Entries of transactions below it are the newest of their key and bucket.
  deduplicated xid8 not null default '0',
  -- The newest transaction id seen: after a restore the counter falls back behind it.
  seen xid8 not null,
  seen_at timestamptz not null default now(),
  -- What cursors are signed with.
  cursor_key bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
insert into oosync.meta (format, home, floor, seen)
  select 1, (select c.system_identifier from pg_control_system() c) || '/' || (select d.oid from pg_database d where d.datname = current_database()),
    pg_snapshot_xmin(s), pg_snapshot_xmax(s)
  from pg_current_snapshot() s
  on conflict do nothing;
