-- Keys that a transaction could not see when it took them from a bucket, because its snapshot was older: whoever reads
-- `reader` answers what the log says of `bucket` (of every bucket of the reader, where that is null) since then.
create table if not exists oosync.unseen (
  xid xid8 not null default pg_current_xact_id(),
  reader text not null,
  bucket text,
  tbl text,
  -- The oldest transaction that was not over in the snapshot.
  since xid8 not null
);
create index if not exists unseen_xid on oosync.unseen (xid);
create index if not exists unseen_reader_xid on oosync.unseen (reader, xid);
