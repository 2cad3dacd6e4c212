-- The snapshot from which a cursor goes on that was given out with an epoch and an lsn (`oosync.cursor_state`): its own,
-- or after a crash an older one, since transaction ids that were lost with it are used again. Null where the database
-- has not come from the state that the cursor is of: it was restored.
create or replace function oosync.resume(since pg_snapshot, epoch uuid, lsn pg_lsn) returns pg_snapshot
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $oosync$
declare
  mine bigint := (select e.number from oosync.epochs e where e.id = resume.epoch);
  lowest xid8;
  xmax xid8;
begin
  -- Further than the database has come: that of a machine whose memory was put back with its disk.
  if mine is null or lsn > pg_current_wal_flush_lsn()
    or exists (select from oosync.epochs e where e.number > mine and e.redo < lsn) then
    return null;
  end if;
  select e.since into lowest from oosync.epochs e where e.number > mine order by e.since limit 1;
  if lowest is null or lowest >= pg_snapshot_xmax(since) then
    return since;
  end if;
  xmax := lowest;
  return format('%s:%s:%s', least(pg_snapshot_xmin(since), xmax), xmax,
    (select string_agg(x::text, ',' order by x) from pg_snapshot_xip(since) x where x < xmax))::pg_snapshot;
end
$oosync$;
