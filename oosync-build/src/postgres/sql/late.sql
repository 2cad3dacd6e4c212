-- Rows whose parent was not there when they were written, until their transaction commits.
create table if not exists oosync.late (
  id bigint generated always as identity primary key,
  tbl text not null,
  pk text[] not null
);
