-- Remembers which transactions are over now, and how far their ids have come. To be called every few seconds or so.
create or replace function oosync.mark() returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $oosync$
begin
  -- After a crash, how far ids had come before is what a new epoch begins with.
  perform oosync.current_epoch();
  insert into oosync.mark (at, oldest) select clock_timestamp(), pg_snapshot_xmin(pg_current_snapshot())
    on conflict do nothing;
  update oosync.meta set seen = pg_snapshot_xmax(pg_current_snapshot()), seen_at = clock_timestamp()
    where seen < pg_snapshot_xmax(pg_current_snapshot());
end
$oosync$;
