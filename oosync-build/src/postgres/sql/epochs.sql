-- Every epoch that this database has had.
create table if not exists oosync.epochs (
  number bigint generated always as identity primary key,
  id uuid not null unique,
  -- Every transaction of it has this id or a greater one.
  since xid8 not null,
  -- Whatever was on disk at the end of the epoch before had been written up to here or less.
  redo pg_lsn not null,
  at timestamptz not null default now()
);
