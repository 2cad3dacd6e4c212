-- Forgets what no cursor within `retention` needs, and of each key in each bucket all but the newest entry.
-- Gives the number of entries that went.
create or replace function oosync.compact(retention interval) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $oosync$
declare
  new_floor xid8;
  gone bigint;
  gone_above bigint;
begin
  perform pg_advisory_xact_lock(8101991, 1);
  select m.oldest into new_floor from oosync.mark m where m.at <= now() - retention order by m.at desc limit 1;
  update oosync.meta set floor = greatest(floor, new_floor) where new_floor > floor;
  select floor into new_floor from oosync.meta;
  delete from oosync.mark where at < (select max(m.at) from oosync.mark m where m.at <= now() - retention);
  delete from oosync.change_log where xid < new_floor;
  get diagnostics gone = row_count;
  delete from oosync.unseen where xid < new_floor;
  -- Entries of one key and bucket are committed in the order of seq: whoever has not seen an older one has not seen
  -- the newest one either.
  delete from oosync.change_log c using (
    select c.seq, row_number() over (partition by c.tbl, c.pk, c.bucket order by c.seq desc) as age
    from oosync.change_log c
  ) o where o.seq = c.seq and o.age > 1;
  get diagnostics gone_above = row_count;
  return gone + gone_above;
end
$oosync$;
