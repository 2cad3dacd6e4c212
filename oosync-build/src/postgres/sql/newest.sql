-- Where the newest entry of a key in a bucket is, of those that compaction has been through. It is the index that
-- compaction needs, kept by compaction alone: writers do not pay for it.
create table if not exists oosync.newest (
  -- A hash of table, bucket and key; what it leads to is compared before anything is deleted.
  key bigint primary key,
  xid xid8 not null,
  seq bigint not null
);
