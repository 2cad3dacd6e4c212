-- Whether the log still has all that happened since: where it has not, the reader starts anew with a full copy.
-- To be asked in the snapshot in which `oosync.changes` is read.
create or replace function oosync.is_known(since pg_snapshot) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $oosync$
#variable_conflict use_column
begin
  return (
    select pg_snapshot_xmin(is_known.since) >= m.floor and not exists (
      -- A transaction with an older snapshot than the log reaches back to: what it could not see may be forgotten.
      select from oosync.unseen u
        where u.since < m.floor
          and (u.xid >= pg_snapshot_xmax(is_known.since) or u.xid = any (array(select pg_snapshot_xip(is_known.since))))
    ) from oosync.meta m
  );
end
$oosync$;
