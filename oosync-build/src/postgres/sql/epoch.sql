-- Empty after a crash, a promotion or a physical restore, which transaction ids do not always outlive.
create unlogged table if not exists oosync.epoch (
  only_row boolean primary key default true check (only_row),
  id uuid not null
);
