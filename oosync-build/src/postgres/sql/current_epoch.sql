-- The epoch of this life of the database; drawn where there is none yet, which a read-only transaction cannot. A server
-- that was stopped and started again begins one too: what it finds on disk may be a copy that somebody put there, whose
-- unlogged tables came along.
create or replace function oosync.current_epoch() returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set synchronous_commit = on
as $oosync$
declare
  found_id uuid;
begin
  select e.id into found_id from oosync.epoch e where e.started = pg_postmaster_start_time();
  if found_id is null then
    perform pg_advisory_xact_lock(8101991, 4);
    insert into oosync.epoch as e (id, started) values (gen_random_uuid(), pg_postmaster_start_time())
      on conflict (only_row) do update set id = excluded.id, started = excluded.started
        where e.started is distinct from excluded.started
      returning id into found_id;
    if found_id is not null then
      -- After a crash, the end of what was read of the log, which no later checkpoint changes: this may be a copy of a server
      -- that ran, which others have written to since it was put here. After a stop nobody needs to know as much: cursors of what
      -- the copied server did later are of an epoch that the copy does not have.
      insert into oosync.epochs (id, since, redo)
        select found_id, m.seen, coalesce(pg_last_wal_replay_lsn(), c.checkpoint_lsn)
        from oosync.meta m, pg_control_checkpoint() c;
    end if;
    select e.id into found_id from oosync.epoch e;
  end if;
  return found_id;
end
$oosync$;
