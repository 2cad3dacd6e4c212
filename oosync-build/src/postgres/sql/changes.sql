-- The keys that changed in any of these buckets between a snapshot and now; read under the rights of the caller.
-- Of a key that is only `gained`, the reader never had the row: who may not have it now is not told of it.
create or replace function oosync.changes(since pg_snapshot, buckets text[])
returns table (tbl text, pk text[], gained boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $oosync$
  with recent_unseen as (
    select distinct on (u.bucket, u.tbl) u.bucket, u.tbl, u.since from (
      select u.* from oosync.unseen u where u.xid >= pg_snapshot_xmax(changes.since)
      union all
      select u.* from oosync.unseen u where u.xid = any (array(select pg_snapshot_xip(changes.since)))
    ) u where u.reader = '*' or u.reader = any (buckets)
    order by u.bucket, u.tbl, u.since
  ), changed as (
    select c.tbl, c.pk, false as gained from oosync.change_log c
      where c.bucket = any (buckets) and c.xid >= pg_snapshot_xmax(changes.since)
    union all
    select c.tbl, c.pk, false from oosync.change_log c
      where c.bucket = any (buckets) and c.xid = any (array(select pg_snapshot_xip(changes.since)))
    union all
    select c.tbl, c.pk, not u.bucket = any (buckets)
      from recent_unseen u join oosync.change_log c
        on c.bucket = u.bucket and c.xid >= u.since and (c.tbl = u.tbl or u.tbl is null)
    union all
    select c.tbl, c.pk, false
      from recent_unseen u join oosync.change_log c
        on c.bucket = any (buckets) and c.xid >= u.since and (c.tbl = u.tbl or u.tbl is null)
      where u.bucket is null
  )
  select c.tbl, c.pk, bool_and(c.gained) from changed c group by c.tbl, c.pk
$oosync$;
