-- What a cursor has to say beside its snapshot and buckets, so that it is known for what it is after a crash, a
-- promotion or a restore: another incarnation or timeline is another database; of the rest, `oosync.resume` tells. Fails
-- on a standby, whose snapshots list no running transactions, and in a read-only transaction where there is no epoch yet
-- (`oosync.current_epoch` draws it).
create or replace function oosync.cursor_state()
returns table (incarnation uuid, timeline bigint, epoch uuid, lsn pg_lsn, floor xid8, xmax xid8)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $oosync$
begin
  return query
    select oosync.current_incarnation(),
      ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint,
      oosync.current_epoch(), pg_current_wal_flush_lsn(), m.floor, pg_snapshot_xmax(pg_current_snapshot())
    from oosync.meta m;
end
$oosync$;
