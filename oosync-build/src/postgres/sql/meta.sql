create schema if not exists oosync;

-- One row: what this database is to devices.
create table if not exists oosync.meta (
  only_row boolean primary key default true check (only_row),
  -- The version of what is installed.
  format integer not null,
  -- Another database, or this one after a restore, has another.
  incarnation uuid not null default gen_random_uuid(),
  -- Every change of a transaction below it may be forgotten: an older cursor starts anew.
  floor xid8 not null,
  -- The newest transaction id seen: after a restore the counter falls back behind it.
  seen xid8 not null,
  seen_at timestamptz not null default now()
);
insert into oosync.meta (format, floor, seen)
  select 1, pg_snapshot_xmin(s), pg_snapshot_xmax(s) from pg_current_snapshot() s
  on conflict do nothing;

-- Which transactions were over at which time: what retention means in transaction ids.
create table if not exists oosync.mark (
  at timestamptz primary key,
  -- Every transaction below it was over.
  oldest xid8 not null
);
