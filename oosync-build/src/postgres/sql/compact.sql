-- Forgets what no cursor within `retention` needs, and of each key in each bucket all but the newest entry: about
-- `batch` entries are looked at, those of one transaction always together. Gives how many went, and whether all is
-- done; until it is, it is called again, each time in a transaction of its own.
create or replace function oosync.compact(retention interval, batch integer default 10000)
returns table (gone bigint, done boolean)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $oosync$
declare
  new_floor xid8;
  first xid8;
  until xid8;
  finished xid8;
  went bigint;
begin
  if batch is null or batch < 1 then
    raise exception 'a batch has at least one entry, not %', batch using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(8101991, 1);
  select m.oldest into new_floor from oosync.mark m where m.at <= now() - retention order by m.at desc limit 1;
  update oosync.meta set floor = new_floor where floor < new_floor;
  delete from oosync.mark where at < (select max(m.at) from oosync.mark m where m.at <= now() - retention);
  -- Of older marks one a minute is enough, and after a day one an hour: what goes a little later does no harm.
  delete from oosync.mark m where m.at < now() - interval '10 minutes' and exists (
    select from oosync.mark e where e.at < m.at
      and e.at >= date_trunc(case when m.at < now() - interval '1 day' then 'hour' else 'minute' end, m.at)
  );
  select m.floor, m.deduplicated into new_floor, first from oosync.meta m;

  with below as (
    delete from oosync.change_log c
      where (c.xid, c.seq) in (
        select c.xid, c.seq from oosync.change_log c where c.xid < new_floor order by c.xid limit batch
      )
      returning c.seq, hashtextextended(c.pk::text, hashtextextended(c.tbl, hashtextextended(c.bucket, 0))) as key
  ), forgotten as (
    delete from oosync.newest n using below b where n.key = b.key and n.seq = b.seq
  )
  select count(*) into gone from below;
  delete from oosync.unseen where xid < new_floor;
  if gone >= batch then
    done := false;
    return next;
    return;
  end if;

  -- In the order of transaction ids, up to the oldest one that is not over: nothing is added behind that.
  finished := pg_snapshot_xmin(pg_current_snapshot());
  first := greatest(first, new_floor);
  select c.xid into until from oosync.change_log c
    where c.xid >= first and c.xid < finished order by c.xid offset batch limit 1;
  if until = (select c.xid from oosync.change_log c where c.xid >= first and c.xid < finished order by c.xid limit 1) then
    -- One transaction alone has more.
    select c.xid into until from oosync.change_log c where c.xid > until and c.xid < finished order by c.xid limit 1;
  end if;
  done := until is null;
  until := coalesce(until, greatest(first, finished));
  -- Entries of one key and bucket are committed in the order of seq: whoever has not seen an older one has not seen
  -- the newest one either.
  with entry as materialized (
    select c.xid, c.seq, c.tbl, c.bucket, c.pk,
      hashtextextended(c.pk::text, hashtextextended(c.tbl, hashtextextended(c.bucket, 0))) as key,
      row_number() over (partition by c.tbl, c.pk, c.bucket order by c.seq desc) as age
    from oosync.change_log c where c.xid >= first and c.xid < until
  ), met as materialized (
    select case when e.seq < n.seq then e.xid else n.xid end as xid, least(e.seq, n.seq) as seq
      from entry e join oosync.newest n on n.key = e.key and n.seq <> e.seq
      join oosync.change_log o
        on o.xid = n.xid and o.seq = n.seq and o.tbl = e.tbl and o.bucket = e.bucket and o.pk = e.pk
      where e.age = 1
  ), older as (
    delete from oosync.change_log c
      where (c.xid, c.seq) in (
        select m.xid, m.seq from met m union all select e.xid, e.seq from entry e where e.age > 1
      )
      returning 1
  ), kept as (
    insert into oosync.newest as n (key, xid, seq)
      select distinct on (e.key) e.key, e.xid, e.seq from entry e order by e.key, e.seq desc
      on conflict (key) do update set xid = excluded.xid, seq = excluded.seq where n.seq < excluded.seq
  )
  select count(*) into went from older;
  update oosync.meta set deduplicated = until where deduplicated < until;
  gone := gone + went;
  return next;
end
$oosync$;
