-- Remembers which transactions are over now.
create or replace function oosync.mark() returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $oosync$
  insert into oosync.mark (at, oldest) select clock_timestamp(), pg_snapshot_xmin(pg_current_snapshot())
    on conflict do nothing;
$oosync$;
