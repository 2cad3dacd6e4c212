-- Makes this the present manifest, and gives its version: that which it had, where it is known.
create or replace function oosync.register_manifest(hash text, tables jsonb) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $oosync$
declare
  known oosync.manifest;
  present oosync.manifest;
  moment timestamptz;
begin
  perform pg_advisory_xact_lock(8101991, 3);
  select m.* into present from oosync.manifest m order by m.made_current_at desc, m.version desc limit 1;
  if present.hash = register_manifest.hash and present.tables = register_manifest.tables then
    return present.version;
  end if;
  -- Clocks may go back; the order does not.
  moment := greatest(clock_timestamp(), present.made_current_at + interval '1 microsecond');
  insert into oosync.manifest as m (hash, made_current_at, tables)
    values (register_manifest.hash, moment, register_manifest.tables)
    on conflict on constraint manifest_hash_key do update
      set made_current_at = excluded.made_current_at, tables = excluded.tables
    returning m.* into known;
  return known.version;
end
$oosync$;
