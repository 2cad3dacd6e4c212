-- Which transactions were over at which time: what retention means in transaction ids.
create table if not exists oosync.mark (
  at timestamptz primary key,
  -- Every transaction below it was over.
  oldest xid8 not null
);
