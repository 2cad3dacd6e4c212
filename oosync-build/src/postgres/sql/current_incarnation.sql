-- What this database is to devices; drawn anew where the rows of schema oosync came from elsewhere, by a dump or a
-- copy of the database, whose transaction ids are others. A read-only transaction cannot draw.
create or replace function oosync.current_incarnation() returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $oosync$
declare
  here text := (select s.system_identifier from pg_control_system() s) || '/'
    || (select d.oid from pg_database d where d.datname = current_database());
  drawn uuid;
begin
  select m.incarnation into drawn from oosync.meta m where m.home = here;
  if drawn is null then
    update oosync.meta set incarnation = gen_random_uuid(), home = here where home is distinct from here;
    -- Transaction ids of elsewhere mean nothing here: what they mark is forgotten.
    if found then
      delete from oosync.mark;
      update oosync.meta m set floor = pg_snapshot_xmax(s), seen = pg_snapshot_xmax(s), seen_at = now(), deduplicated = '0'
        from pg_current_snapshot() s;
      truncate oosync.change_log, oosync.unseen, oosync.newest, oosync.epoch, oosync.epochs;
    end if;
    select m.incarnation into drawn from oosync.meta m;
  end if;
  return drawn;
end
$oosync$;
