-- The manifest that was registered last; no row where none was.
create or replace function oosync.current_manifest() returns setof oosync.manifest
language sql stable
set search_path = pg_catalog, pg_temp
as $oosync$
  select m.* from oosync.manifest m order by m.made_current_at desc, m.version desc limit 1
$oosync$;
