-- Rows that were committed without their parent, by sessions for which foreign keys were not checked: whoever inserts
-- into the parent's table finds them here. Some may have gone since, or have a parent again.
create table if not exists oosync.orphan (
  tbl text not null,
  pk text[] not null
);
create index if not exists orphan_tbl on oosync.orphan (tbl);
-- Updated whenever others are added, so that an older snapshot that does not see them is told.
insert into oosync.orphan (tbl, pk) select '', '{}' where not exists (select from oosync.orphan o where o.tbl = '');
