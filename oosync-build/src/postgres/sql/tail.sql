-- The buckets that changed for readers between a snapshot and now, and which snapshot now is; since nothing, the
-- snapshot alone. Each server asks this many times a second while devices wait, whatever their number.
create or replace function oosync.tail(since pg_snapshot)
returns table (snapshot pg_snapshot, buckets text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- Its plan is made once a session. Plans do not know how few are new: both indexes begin with the transaction.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $oosync$
#variable_conflict use_column
begin
  return query
  -- What an open transaction writes is passed over once, and read once it is over.
  with over (xids) as materialized (
    select array(select pg_snapshot_xip(tail.since) except select pg_snapshot_xip(pg_current_snapshot()))
  )
  select pg_current_snapshot(), array(
    select c.bucket from oosync.change_log c
      where c.xid >= pg_snapshot_xmax(tail.since) and c.xid < pg_snapshot_xmax(pg_current_snapshot())
    union
    select c.bucket from oosync.change_log c where c.xid = any ((select o.xids from over o)::xid8[])
    union
    -- These answer for other buckets from now on.
    select u.reader from oosync.unseen u
      where u.xid >= pg_snapshot_xmax(tail.since) and u.xid < pg_snapshot_xmax(pg_current_snapshot())
    union
    select u.reader from oosync.unseen u where u.xid = any ((select o.xids from over o)::xid8[])
  );
end
$oosync$;
