-- The epoch of this life of the database; drawn where there is none yet, which a read-only transaction cannot.
create or replace function oosync.current_epoch() returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $oosync$
declare
  found_id uuid;
begin
  select e.id into found_id from oosync.epoch e;
  if found_id is null then
    insert into oosync.epoch (id) values (gen_random_uuid()) on conflict do nothing;
    select e.id into found_id from oosync.epoch e;
  end if;
  return found_id;
end
$oosync$;
