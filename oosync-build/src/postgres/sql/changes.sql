-- The keys that changed in any of these buckets between a snapshot and now; read under the rights of the caller.
create or replace function oosync.changes(since pg_snapshot, buckets text[])
returns table (tbl text, pk text[])
language sql stable
set search_path = pg_catalog, pg_temp
as $oosync$
  select c.tbl, c.pk from oosync.change_log c
    where c.bucket = any (buckets) and c.xid >= pg_snapshot_xmax(since)
  union
  select c.tbl, c.pk from oosync.change_log c
    where c.bucket = any (buckets) and c.xid = any (array(select pg_snapshot_xip(since)))
$oosync$;
