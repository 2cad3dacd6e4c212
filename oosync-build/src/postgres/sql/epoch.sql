-- Empty after a crash, a promotion or a physical restore, which transaction ids do not always outlive.
create unlogged table if not exists oosync.epoch (
  only_row boolean primary key default true check (only_row),
  id uuid not null
);
-- When the server was started that drew it: the unlogged tables of one that was stopped are in its copies, too.
alter table oosync.epoch add column if not exists started timestamptz;
