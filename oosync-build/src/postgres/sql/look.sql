-- All that a pull begins with: where the database is and what is visible, the user's buckets, from where a cursor goes on
-- and whether the log still reaches back to it, and what is known of the device; null where it is none of the user's.
--
-- As one function: Postgres plans what is in it once a session, which takes longer than the answer.
create or replace function oosync.look(
  client uuid, of_user text, since pg_snapshot, since_epoch uuid, since_lsn pg_lsn, since_incarnation uuid,
  since_timeline bigint
)
returns table (
  incarnation uuid, timeline bigint, epoch uuid, lsn pg_lsn, snapshot pg_snapshot, buckets text[], resumed pg_snapshot,
  known boolean, acknowledged bigint, last bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $oosync$
#variable_conflict use_column
begin
  return query
    select s.incarnation, s.timeline, s.epoch, s.lsn, pg_current_snapshot(),
      array(select b from oosync.buckets() b order by b collate "C"),
      r.since, oosync.is_known(r.since), c.acknowledged,
      (select coalesce(max(m.id), 0) from oosync.mutation m where m.client = c.id)
    from oosync.cursor_state() s
      left join oosync.client c on c.id = look.client and c.user_id = look.of_user
      -- A cursor of another database is none here, whatever its snapshot says.
      left join lateral oosync.resume(look.since, look.since_epoch, look.since_lsn) r (since)
        on s.incarnation = look.since_incarnation and s.timeline = look.since_timeline;
end
$oosync$;
