-- Which keys changed, for whom; never what they changed to, which is read as the reader may see it.
create table if not exists oosync.change_log (
  -- Per key, the order of commits: every entry is written while its row is locked.
  seq bigint generated always as identity,
  xid xid8 not null default pg_current_xact_id(),
  -- The table, as oosync writes it: public.todos.
  tbl text not null,
  -- user:<id>, <bucket>:<key>, or * for everyone.
  bucket text collate "C" not null,
  -- Primary keys, each as the text of an array of texts, with ISO dates in UTC and hexadecimal bytes. A statement that
  -- changes many rows of a bucket puts up to 32 of them into an entry: less to write, and less to index.
  pks text[] not null,
  -- One index for the order of transactions and for finding one entry: each index is work for every writer.
  primary key (xid, seq)
);
create index if not exists change_log_bucket_xid on oosync.change_log (bucket, xid);
-- Entries of earlier versions have one key each.
do $oosync$
begin
  if exists (
    select from pg_catalog.pg_attribute a
      where a.attrelid = 'oosync.change_log'::pg_catalog.regclass and a.attname = 'pk' and not a.attisdropped
  ) then
    alter table oosync.change_log alter column pk type text[] using array[pk::text];
    alter table oosync.change_log rename column pk to pks;
  end if;
end
$oosync$;
