-- The epoch of this life of the database; drawn where there is none yet, which a read-only transaction cannot.
create or replace function oosync.current_epoch() returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set synchronous_commit = on
as $oosync$
declare
  found_id uuid;
begin
  select e.id into found_id from oosync.epoch e;
  if found_id is null then
    perform pg_advisory_xact_lock(8101991, 4);
    insert into oosync.epoch (id) values (gen_random_uuid()) on conflict do nothing returning id into found_id;
    if found_id is not null then
      insert into oosync.epochs (id, since, redo)
        select found_id, m.seen, c.checkpoint_lsn from oosync.meta m, pg_control_checkpoint() c;
    end if;
    select e.id into found_id from oosync.epoch e;
  end if;
  return found_id;
end
$oosync$;
