-- The keys that changed in any of these buckets between a snapshot and now; read under the rights of the caller.
-- Of a key that is only `gained`, the reader never had the row: who may not have it now is not told of it.
--
-- Its plans are made once a session, which is most of what a pull costs in which nothing has changed. They are pinned to
-- the index on bucket and transaction (`offset 0` keeps both conditions together): statistics of the log are older than
-- what is asked about.
create or replace function oosync.changes(since pg_snapshot, buckets text[])
returns table (tbl text, pk text[], gained boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set jit = off
as $oosync$
#variable_conflict use_column
declare
  -- Transactions that were open then and are over now, each as a range of ids, and all that began after them. Entries of
  -- those that are still open, prepared ones say, cannot be seen yet; they may be many.
  first xid8[] := array(
    select x from pg_snapshot_xip(changes.since) x except select pg_snapshot_xip(pg_current_snapshot())
  );
  last xid8[] := first || '18446744073709551615'::xid8;
begin
  first := first || pg_snapshot_xmax(changes.since);
  if not exists (select from oosync.unseen u where u.xid >= pg_snapshot_xmin(changes.since)) then
    return query
      select c.tbl, c.pk::text[], false from (
        select distinct c.tbl, c.pk
          from unnest(first, last) x (first, last), unnest(changes.buckets) b (bucket), lateral (
            select l.tbl, unnest(l.pks) as pk from oosync.change_log l
              where l.bucket = b.bucket and l.xid >= x.first and l.xid <= x.last offset 0
          ) c
      ) c;
    return;
  end if;
  return query
    -- Buckets whose log says more than their own changes, from when on; one may have come to another by the same way.
    with recursive unseen (bucket, tbl, since, gained) as (
      select b.bucket, u.tbl, u.since, u.bucket is not null and not u.bucket = any (changes.buckets)
        from unnest(first, last) x (first, last), oosync.unseen u,
          unnest(case when u.bucket is null then changes.buckets else array[u.bucket] end) b (bucket)
        where u.xid >= x.first and u.xid <= x.last and (u.reader = '*' or u.reader = any (changes.buckets))
      union
      select u.bucket, coalesce(n.tbl, u.tbl), u.since, n.gained
        from unseen n join oosync.unseen u on u.reader = n.bucket and u.xid >= n.since
        where u.bucket is not null
    ), changed (tbl, pk, gained) as (
      select c.tbl, c.pk, false
        from unnest(first, last) x (first, last), unnest(changes.buckets) b (bucket), lateral (
          select l.tbl, unnest(l.pks) as pk from oosync.change_log l
            where l.bucket = b.bucket and l.xid >= x.first and l.xid <= x.last offset 0
        ) c
      union all
      select c.tbl, c.pk, u.gained
        from (
          select u.bucket, u.tbl, u.gained, min(u.since::text::numeric)::text::xid8 as since
            from unseen u group by u.bucket, u.tbl, u.gained
        ) u, lateral (
          select l.tbl, unnest(l.pks) as pk from oosync.change_log l
            where l.bucket = u.bucket and l.xid >= u.since and (l.tbl = u.tbl or u.tbl is null) offset 0
        ) c
    )
    select c.tbl, c.pk::text[], bool_and(c.gained) from changed c group by c.tbl, c.pk;
end
$oosync$;
