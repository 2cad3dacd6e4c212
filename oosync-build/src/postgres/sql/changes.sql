-- The keys that changed in any of these buckets between a snapshot and now; read under the rights of the caller.
-- Of a key that is only `gained`, the reader never had the row: who may not have it now is not told of it.
create or replace function oosync.changes(since pg_snapshot, buckets text[])
returns table (tbl text, pk text[], gained boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $oosync$
  -- Buckets whose log says more than their own changes, from when on; one may have come to another by the same way.
  with recursive unseen (bucket, tbl, since, gained) as (
    select b.bucket, u.tbl, u.since, u.bucket is not null and not u.bucket = any (buckets)
      from (
        select u.* from oosync.unseen u where u.xid >= pg_snapshot_xmax(changes.since)
        union all
        select u.* from oosync.unseen u where u.xid = any (array(select pg_snapshot_xip(changes.since)))
      ) u, unnest(case when u.bucket is null then buckets else array[u.bucket] end) b (bucket)
      where u.reader = '*' or u.reader = any (buckets)
    union
    select u.bucket, coalesce(n.tbl, u.tbl), u.since, n.gained
      from unseen n join oosync.unseen u on u.reader = n.bucket and u.xid >= n.since
      where u.bucket is not null
  ), changed (tbl, pk, gained) as (
    select c.tbl, c.pk, false from oosync.change_log c
      where c.bucket = any (buckets) and c.xid >= pg_snapshot_xmax(changes.since)
    union all
    select c.tbl, c.pk, false from oosync.change_log c
      where c.bucket = any (buckets) and c.xid = any (array(select pg_snapshot_xip(changes.since)))
    union all
    select c.tbl, c.pk, u.gained
      from (
        select u.bucket, u.tbl, u.gained, min(u.since::text::numeric)::text::xid8 as since
          from unseen u group by u.bucket, u.tbl, u.gained
      ) u join oosync.change_log c
        on c.bucket = u.bucket and c.xid >= u.since and (c.tbl = u.tbl or u.tbl is null)
  )
  select c.tbl, c.pk, bool_and(c.gained) from changed c group by c.tbl, c.pk
$oosync$;
